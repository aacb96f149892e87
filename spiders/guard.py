"""What stands between a spider and the network: robots.txt, and no way into private networks."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from scrapy.downloadermiddlewares.robotstxt import RobotsTxtMiddleware
from scrapy.exceptions import IgnoreRequest
from scrapy.utils.defer import maybe_deferred_to_future

from monitor.domain import Health
from spiders.addresses import host_of, is_private_address
from spiders.page import SourceError
from spiders.parse.text import shown

if TYPE_CHECKING:
    from typing import Self

    from scrapy import Request
    from scrapy.crawler import Crawler
    from scrapy.robotstxt import RobotParser
    from twisted.internet.base import ReactorBase

__all__ = ["PublicAddressesOnly", "SpokenRobots"]


class SpokenRobots(RobotsTxtMiddleware):
    """Scrapy's robots.txt, except that a refusal is told instead of ending in silence."""

    def process_request_2(self, rp: RobotParser | None, request: Request) -> None:
        """Raise ``SourceError`` where robots.txt forbids the request."""
        try:
            super().process_request_2(rp, request)
        except IgnoreRequest as refusal:
            raise SourceError(
                Health.FORBIDDEN,
                f"robots.txt of {host_of(request.url)} forbids {shown(request.url, 200)}: "
                "ask its operator for leave and then set robots: ignore, or remove this source",
            ) from refusal


class PublicAddressesOnly:
    """Refuses requests to private addresses, whether named by a redirect or by a name server.

    Hosts that the operator has configured are allowed wherever they are. A name is resolved here
    first; Scrapy's resolver keeps the answer, so the address checked is the one connected to.
    """

    def __init__(self, trusted_hosts: frozenset[str]) -> None:
        self._trusted_hosts = trusted_hosts

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        """Made by Scrapy, from the setting ``TRUSTED_HOSTS``."""
        return cls(frozenset(crawler.settings.getlist("TRUSTED_HOSTS")))

    async def process_request(self, request: Request) -> None:
        """Raise ``SourceError`` where the request leads into a private network."""
        host = host_of(request.url)
        if host in self._trusted_hosts:
            return
        address = host
        if not is_private_address(host) and not request.meta.get("proxy"):
            address = await _resolved(host)
        if is_private_address(address):
            origin = (request.meta.get("redirect_urls") or [request.url])[0]
            raise SourceError(
                Health.FORBIDDEN,
                f"{shown(origin, 200)} leads to {shown(host)} ({address}), which is not on the "
                "public internet: it was not followed; if it is yours, configure that address",
            )


async def _resolved(host: str) -> str:
    from twisted.internet import reactor  # the one that Scrapy has installed by then

    resolving = cast("ReactorBase", reactor).resolve(host)
    return cast(str, await maybe_deferred_to_future(resolving))

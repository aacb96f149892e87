"""How a spider asks for a page: a port that the crawl process fills with Scrapy."""

from __future__ import annotations

from collections.abc import Container, Mapping
from datetime import datetime
from typing import Protocol

import attrs

__all__ = ["Around", "Fetched", "Web"]


@attrs.frozen(kw_only=True)
class Fetched:
    """An answer: where it came from in the end, and when. Header names are in lower case."""

    url: str
    status: int
    headers: Mapping[str, str]
    body: bytes = attrs.field(repr=False)
    observed_at: datetime


class Web(Protocol):
    """Asks one address, politely; raises ``SourceError`` where there is no usable answer."""

    async def get(
        self,
        url: str,
        *,
        headers: Mapping[str, str] | None = None,
        accept: Container[int] = (),
    ) -> Fetched:
        """The answer, if its status is 200 or one of ``accept``."""
        ...

    async def post(
        self,
        url: str,
        *,
        body: bytes,
        headers: Mapping[str, str] | None = None,
    ) -> Fetched:
        """The answer to a login, if its status is 200; it is never sent on to another address."""
        ...


class Around:
    """A web around another one; what it does not do itself is left to that one."""

    def __init__(self, web: Web) -> None:
        self._web = web

    async def get(
        self,
        url: str,
        *,
        headers: Mapping[str, str] | None = None,
        accept: Container[int] = (),
    ) -> Fetched:
        """The answer of the web within."""
        return await self._web.get(url, headers=headers, accept=accept)

    async def post(
        self,
        url: str,
        *,
        body: bytes,
        headers: Mapping[str, str] | None = None,
    ) -> Fetched:
        """The answer of the web within."""
        return await self._web.post(url, body=body, headers=headers)

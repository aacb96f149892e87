"""The Graph API that Facebook, Instagram and Threads share: its lists, and its word for gone."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Container, Mapping
from typing import Any

import attrs

from monitor.domain import Health
from spiders.job import CrawlJob
from spiders.kind import SourceKind, Spider
from spiders.page import Page, SourceError
from spiders.parse.text import shown
from spiders.web import Fetched, Web

__all__ = ["graph_items", "telling_gone"]

_NOT_FOUND, _REFUSED = 404, 400
_NO_OBJECT, _NO_SUCH = 100, 33
_LISTS = ("comments", "replies")


def graph_items(data: Any) -> list[dict[str, Any]]:
    """The objects of an answer: a list, one, or several by their ids; and the comments in them.

    Each comment is told in which object it stands (``within``).
    """
    if isinstance(data, Mapping) and "data" not in data and "id" not in data:
        found = [v for k, v in data.items() if isinstance(v, Mapping) and v.get("id") == k]
        data = found or [data]
    elif isinstance(data, Mapping):
        data = data.get("data", [data])
    if not isinstance(data, list):
        raise TypeError("no list of objects")
    items: list[dict[str, Any]] = []
    waiting: list[tuple[Any, Any]] = [(one, None) for one in reversed(data)]
    while waiting and len(items) < 20_000:
        value, within = waiting.pop()
        item = {**value, "within": within} if isinstance(value, Mapping) else value
        items.append(item)
        if isinstance(value, Mapping):
            root = within or value.get("id")
            for name in _LISTS:
                below = value.get(name)
                below = below.get("data") if isinstance(below, Mapping) else None
                waiting.extend((one, root) for one in reversed(below or ()))
    return items


def telling_gone(kind: SourceKind) -> SourceKind:
    """The same kind, to which an object that is gone looks like a page that is not found.

    The API answers 400 with code 100, subcode 33, for what was deleted or hidden.
    """

    def spider(job: CrawlJob, options: Any) -> Spider:
        return _TellingGone(kind.spider(job, options))

    return attrs.evolve(kind, spider=spider)


@attrs.frozen
class _TellingGone:
    spider: Spider

    def queries(self) -> tuple[str, ...]:
        """What the spider follows."""
        return self.spider.queries()

    def discover(self, query: str, web: Web) -> AsyncIterator[Page]:
        """What the spider discovers."""
        return self.spider.discover(query, web)

    def refresh(self, web: Web) -> AsyncIterator[Page]:
        """What the spider sees again, and what is gone."""
        return self.spider.refresh(_Translating(web))


@attrs.frozen
class _Translating:
    web: Web

    async def get(
        self,
        url: str,
        *,
        headers: Mapping[str, str] | None = None,
        accept: Container[int] = (),
    ) -> Fetched:
        """The answer; 404 where the API says in its own way that there is no such object."""
        if _NOT_FOUND not in accept:
            return await self.web.get(url, headers=headers, accept=accept)
        fetched = await self.web.get(url, headers=headers, accept=(404, 410, _REFUSED))
        if fetched.status != _REFUSED:
            return fetched
        code, subcode, message = _error(fetched.body)
        if (code, subcode) == (_NO_OBJECT, _NO_SUCH):
            return attrs.evolve(fetched, status=_NOT_FOUND)
        raise SourceError(
            Health.UNAUTHORIZED if code in (10, 102, 190, 200) else Health.SERVER_ERROR,
            f"the interface refuses with code {code}: {shown(message, 200)}; "
            "check the token and its permissions",
        )


def _error(body: bytes) -> tuple[int | None, int | None, str]:
    try:
        error = json.loads(body)["error"]
        return error.get("code"), error.get("error_subcode"), str(error.get("message") or "")
    except (ValueError, LookupError, TypeError, AttributeError, RecursionError):
        return None, None, "an answer without a reason"

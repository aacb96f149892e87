"""Mastodon and every server that speaks its API: what ``spiders.mastodon`` reads."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

from spiders.kind import SourceKind
from spiders.mastodon import MastodonOptions, MastodonSpider
from spiders.page import Page
from spiders.parse.mastodon import parse_statuses
from spiders.web import Fetched

__all__ = ["SOURCE"]

_STATUSES = re.compile(
    r"/api/(v1/statuses(/[^/]+(/context)?)?|v1/timelines/(tag/[^/]+|public)|v1/trends/statuses"
    r"|v1/accounts/[^/]+/statuses|v2/search)/?"
)


def _asks(url: str) -> bool:
    return _STATUSES.fullmatch(urlsplit(url).path) is not None


def _read(answer: Fetched, *, source: str) -> Page:
    return parse_statuses(
        answer.body, source=source, url=answer.url, observed_at=answer.observed_at
    )


SOURCE = SourceKind(
    name="mastodon",
    options=MastodonOptions,
    spider=MastodonSpider,
    read=_read,
    asks=_asks,
    terms="The server's own rules, at /about on each server.",
    limits="300 requests in 5 minutes; search wants a token.",
    counters=("likes", "shares", "replies"),
    can_search=True,
    tells_deletions=True,
    needs="a token for search, and on some servers for timelines",
)

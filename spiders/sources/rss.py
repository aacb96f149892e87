"""RSS and Atom: what ``spiders.rss`` reads."""

from __future__ import annotations

from spiders.kind import SourceKind
from spiders.page import Page
from spiders.parse.rss import parse_feed
from spiders.rss import WHOLE_FEED, RssOptions, RssSpider
from spiders.web import Fetched

__all__ = ["SOURCE"]


def _read(answer: Fetched, *, source: str) -> Page:
    return parse_feed(
        answer.body,
        source=source,
        url=answer.url,
        content_type=answer.headers.get("content-type", ""),
        observed_at=answer.observed_at,
    )


SOURCE = SourceKind(
    name="rss",
    options=RssOptions,
    spider=RssSpider,
    read=_read,
    terms="Published for reading; the publisher's terms hold for what is kept.",
    limits="None stated in general; a feed shows its newest entries only.",
    counters=("replies",),
    can_search=False,
    batch=WHOLE_FEED,
)

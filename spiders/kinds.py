"""The kinds of source that there are, each with its terms and limits. A new kind is named here."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Mapping
from types import MappingProxyType
from typing import Annotated, Any, Protocol, TypeAlias

import attrs
from pydantic import Field

from spiders.hackernews import HackerNewsOptions, HackerNewsSpider
from spiders.job import CrawlJob
from spiders.mastodon import MastodonOptions, MastodonSpider
from spiders.page import Page
from spiders.rss import RssOptions, RssSpider
from spiders.web import Web

__all__ = ["KINDS", "SourceKind", "SourceOptions", "Spider", "spider_for"]

SourceOptions: TypeAlias = Annotated[
    RssOptions | MastodonOptions | HackerNewsOptions, Field(discriminator="kind")
]


class Spider(Protocol):
    """Where to look on one kind of source; what it finds there is read by ``spiders.parse``."""

    def queries(self) -> tuple[str, ...]:
        """What is followed, each with a cursor of its own."""
        ...

    def discover(self, query: str, web: Web) -> AsyncIterator[Page]:
        """New posts of one query; stops at the job's item limit or at what is known."""
        ...

    def refresh(self, web: Web) -> AsyncIterator[Page]:
        """The posts that the job wants to see again, or word that they are gone."""
        ...


@attrs.frozen(kw_only=True)
class SourceKind:
    """One kind of source: how it is configured and read, and what the operator agrees to."""

    name: str
    options: type[RssOptions] | type[MastodonOptions] | type[HackerNewsOptions]
    spider: Callable[[CrawlJob, Any], Spider]
    terms: str
    limits: str
    counters: tuple[str, ...]
    can_search: bool

    @property
    def robots(self) -> str:
        """What is done about robots.txt unless the source says otherwise."""
        return str(self.options.model_fields["robots"].default)


KINDS: Mapping[str, SourceKind] = MappingProxyType(
    {
        kind.name: kind
        for kind in (
            SourceKind(
                name="rss",
                options=RssOptions,
                spider=RssSpider,
                terms="Published for reading; the publisher's terms hold for what is kept.",
                limits="None stated in general; a feed shows its newest entries only.",
                counters=("replies",),
                can_search=False,
            ),
            SourceKind(
                name="mastodon",
                options=MastodonOptions,
                spider=MastodonSpider,
                terms="The server's own rules, at /about on each server.",
                limits="300 requests in 5 minutes; search wants a token.",
                counters=("likes", "shares", "replies"),
                can_search=True,
            ),
            SourceKind(
                name="hackernews",
                options=HackerNewsOptions,
                spider=HackerNewsSpider,
                terms="An open interface by Algolia for Hacker News; see hn.algolia.com/api.",
                limits="10,000 requests an hour; 1,000 hits a query.",
                counters=("likes", "replies"),
                can_search=True,
            ),
        )
    }
)


def spider_for(job: CrawlJob) -> Spider:
    """The spider that does a job."""
    return KINDS[job.source.kind].spider(job, job.source.options)

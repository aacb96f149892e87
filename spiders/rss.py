"""RSS and Atom: news, blogs, forums, WordPress comments, and what bridges turn into feeds."""

from __future__ import annotations

import hashlib
import json
from collections.abc import AsyncIterator
from datetime import datetime
from typing import Annotated, Literal
from urllib.parse import quote_plus

import attrs
from pydantic import Field

from monitor.domain import Observation
from spiders.job import CrawlJob
from spiders.options import Politeness, WebAddress
from spiders.page import Page, SourceError
from spiders.parse.article import article_text
from spiders.parse.rss import parse_feed
from spiders.web import Web

__all__ = ["WHOLE_FEED", "RssOptions", "RssSpider"]


_NOT_MODIFIED = 304
WHOLE_FEED = 1_000
"""How many known entries one reading of a feed looks at again: all that it still holds."""
_TEASER = 500
"""An entry of fewer characters is taken for a teaser."""
_MOST_COMPLETED = 30


class RssOptions(Politeness):
    """Feeds to read."""

    kind: Literal["rss"] = "rss"
    urls: Annotated[tuple[WebAddress, ...], Field(min_length=1)] = Field(
        description=(
            "The feeds' addresses. {query} in an address is replaced by each of the brand's "
            "names in turn, for feeds that are the result of a search."
        ),
    )

    fulltext: bool = Field(
        default=False,
        description=(
            "Whether an entry that is only a teaser is completed from the page that it links to. "
            "Each takes a request; at most 30 are completed of a feed in one crawl."
        ),
    )

    def addresses(self) -> tuple[str, ...]:
        """The addresses that the operator vouches for."""
        return self.urls


@attrs.frozen(kw_only=True)
class _Memory:
    """What the last crawl knew of a feed: its validators, and each entry's look and first sight.

    A feed that counts replies is kept without validators: WordPress's own change with its posts
    and not with their comments, and would hide every reply.
    """

    etag: str = ""
    modified: str = ""
    seen: dict[str, tuple[str, str]] = attrs.field(factory=dict)

    @classmethod
    def read(cls, cursor: str) -> _Memory:
        fields = json.loads(cursor)
        seen = {entry: (look, first) for entry, (look, first) in fields.pop("seen").items()}
        return cls(**fields, seen=seen)

    def written(self) -> str:
        return json.dumps(attrs.asdict(self), separators=(",", ":"))


@attrs.frozen
class RssSpider:
    """One query is one feed. Entries that have not changed since the last crawl are left out.

    A feed is a window on its newest entries: what is no longer in it has aged, not been deleted.
    Posts to refresh are brought with their counters from the same reading.
    """

    job: CrawlJob
    options: RssOptions

    def queries(self) -> tuple[str, ...]:
        """The addresses, with the terms filled in."""
        return tuple(
            dict.fromkeys(
                url.replace("{query}", quote_plus(term))
                for url in self.options.urls
                for term in (self.job.terms if "{query}" in url else ("",))
            )
        )

    async def discover(self, query: str, web: Web) -> AsyncIterator[Page]:
        """New and changed entries, and those to refresh."""
        cursor = self.job.cursors.get(query)
        memory = _Memory.read(cursor.value) if cursor else _Memory()
        answer = await web.get(query, headers=self._conditions(memory), accept=(_NOT_MODIFIED,))
        if answer.status == _NOT_MODIFIED:
            return
        page = parse_feed(
            answer.body,
            source=self.job.source.name,
            url=answer.url,
            content_type=answer.headers.get("content-type", ""),
            observed_at=answer.observed_at,
        )
        wanted = {key.native_id for key in self.job.refresh}
        seen: dict[str, tuple[str, str]] = {}
        brought: list[Observation] = []
        complete, completed = True, 0
        for observation in page.observations:
            entry, look = _digest(observation.post.key.native_id), _look(observation)
            old_look, first_seen = memory.seen.get(entry, ("", answer.observed_at.isoformat()))
            dated = _dated(observation, datetime.fromisoformat(first_seen))
            fresh = look != old_look and (cursor or dated.post.published_at >= self.job.since)
            if fresh or observation.post.key.native_id in wanted:
                if len(brought) == self.job.item_limit:
                    complete = False
                    continue
                if self.options.fulltext:
                    if completed == _MOST_COMPLETED:
                        complete = False  # the next crawl goes on with it
                        continue
                    dated, asked = await self._completed(dated, web)
                    completed += asked
                brought.append(dated)
            seen[entry] = (look, first_seen)
        counts = any(observation.snapshot for observation in page.observations)
        validated = complete and not counts
        memory = _Memory(
            etag=answer.headers.get("etag", "") if validated else "",
            modified=answer.headers.get("last-modified", "") if validated else "",
            seen=seen,
        )
        yield Page(observations=tuple(brought), cursor=memory.written(), skipped=page.skipped)

    async def refresh(self, web: Web) -> AsyncIterator[Page]:
        """Nothing beyond ``discover``: a feed cannot be asked for single entries."""
        return
        yield Page()

    async def _completed(self, entry: Observation, web: Web) -> tuple[Observation, int]:
        """The entry with the text of its article, where it has but a teaser; the requests made."""
        post = entry.post
        if post.url is None or len(post.text) >= _TEASER:
            return entry, 0
        try:
            page = await web.get(post.url)
        except SourceError:
            return entry, 1  # the teaser is better than nothing, and the feed itself is well
        article = article_text(page)
        if len(article) <= len(post.text):
            return entry, 1
        title = post.text.partition("\n")[0]
        text = article if article.startswith(title) else f"{title}\n{article}"
        return attrs.evolve(entry, post=attrs.evolve(post, text=text)), 1

    def _conditions(self, memory: _Memory) -> dict[str, str]:
        if self.job.refresh:
            return {}  # counters are wanted even where the entries have not changed
        conditions = {"If-None-Match": memory.etag, "If-Modified-Since": memory.modified}
        return {name: value for name, value in conditions.items() if value}


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def _look(observation: Observation) -> str:
    post, snapshot = observation.post, observation.snapshot
    return _digest(f"{post.text}\n{post.url}\n{snapshot and snapshot.replies}")


def _dated(observation: Observation, first_seen: datetime) -> Observation:
    """An entry without a date keeps the moment at which it was first seen."""
    post = observation.post
    if post.published_at < observation.observed_at:
        return observation
    return attrs.evolve(observation, post=attrs.evolve(post, published_at=first_seen))

"""Hacker News by Algolia's open search: stories and comments that name the brand."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Mapping
from typing import Literal
from urllib.parse import quote, urlencode

import attrs
from pydantic import Field, field_validator

from monitor.domain import Deletion, Observation
from spiders.job import CrawlJob
from spiders.options import Politeness, RobotsPolicy, WebAddress
from spiders.page import Page
from spiders.parse.answers import says_error
from spiders.parse.hackernews import parse_hits, parse_item
from spiders.web import Web

__all__ = ["HackerNewsOptions", "HackerNewsSpider"]

_MOST_HITS = 1_000
_OVERLAP_SECONDS = 600
_GONE = (404, 410)


class HackerNewsOptions(Politeness):
    """What to search on Hacker News."""

    kind: Literal["hackernews"] = "hackernews"
    api: WebAddress = Field(
        default="https://hn.algolia.com/api/v1", description="The address of the search interface."
    )
    comments: bool = Field(default=True, description="Whether to read comments beside stories.")
    robots: RobotsPolicy = Field(
        default="ignore",
        description=(
            "Whether robots.txt is obeyed. It is not by default: this is an interface that is "
            "published for programs, with limits of its own."
        ),
    )

    @field_validator("api")
    @classmethod
    def _without_slash(cls, api: str) -> str:
        return api.rstrip("/")

    def addresses(self) -> tuple[str, ...]:
        """The addresses that the operator vouches for."""
        return (self.api,)


@attrs.frozen(kw_only=True)
class _Memory:
    """The newest second that was seen, and the ids of the last minutes before it.

    The index gains items late and out of order, so each crawl looks at those minutes again.
    """

    newest: int
    seen: Mapping[str, int] = attrs.field(factory=dict)

    @classmethod
    def read(cls, cursor: str) -> _Memory:
        return cls(**json.loads(cursor))

    def with_posts(self, observations: tuple[Observation, ...]) -> _Memory:
        seen = dict(self.seen)
        for observation in observations:
            post = observation.post
            seen[post.key.native_id] = int(post.published_at.timestamp())
        newest = max([self.newest, *seen.values()])
        recent = {item: at for item, at in seen.items() if at >= newest - _OVERLAP_SECONDS}
        return _Memory(newest=newest, seen=recent)

    def written(self) -> str:
        return json.dumps(attrs.asdict(self), separators=(",", ":"))


@attrs.frozen
class HackerNewsSpider:
    """One query is one term, searched as a phrase, in slices of at most 1,000 hits."""

    job: CrawlJob
    options: HackerNewsOptions

    def queries(self) -> tuple[str, ...]:
        """The terms."""
        return tuple(dict.fromkeys(self.job.terms))

    async def discover(self, query: str, web: Web) -> AsyncIterator[Page]:
        """What was posted since the cursor, newest first."""
        cursor = self.job.cursors.get(query)
        if cursor:
            memory = _Memory.read(cursor.value)
            since = memory.newest - _OVERLAP_SECONDS
        else:
            since = int(self.job.since.timestamp())
            memory = _Memory(newest=since)
        known, until, brought = dict(memory.seen), None, 0
        while True:
            url = self._search(query, since, until)
            answer = await web.get(url)
            hits = parse_hits(
                answer.body,
                source=self.job.source.name,
                url=url,
                observed_at=answer.observed_at,
            )
            fresh = tuple(o for o in hits.page.observations if o.post.key.native_id not in known)[
                : self.job.item_limit - brought
            ]
            known.update((o.post.key.native_id, 0) for o in fresh)
            brought += len(fresh)
            memory = memory.with_posts(fresh)
            ends = (
                hits.total <= self._slice()
                or hits.oldest is None
                or hits.oldest == until
                or brought >= self.job.item_limit
            )
            yield Page(
                observations=fresh,
                cursor=memory.written() if ends else None,
                skipped=hits.page.skipped,
            )
            if ends:
                return
            until = hits.oldest

    async def refresh(self, web: Web) -> AsyncIterator[Page]:
        """The wanted items one by one, with their counters; deleted ones as deletions."""
        for key in self.job.refresh:
            url = f"{self.options.api}/items/{quote(key.native_id, safe='')}"
            answer = await web.get(url, accept=_GONE)
            if answer.status in _GONE:
                if says_error(answer.body):
                    yield Page(deletions=(Deletion(key=key, observed_at=answer.observed_at),))
                else:
                    yield Page(skipped=1)
                continue
            item = parse_item(
                answer.body,
                source=self.job.source.name,
                url=url,
                observed_at=answer.observed_at,
            )
            if isinstance(item, Deletion):
                yield Page(deletions=(item,))
            else:
                yield Page(observations=(item,))

    def _slice(self) -> int:
        return min(_MOST_HITS, self.job.item_limit)

    def _search(self, term: str, since: int, until: int | None) -> str:
        span = [f"created_at_i>={since}"]
        if until is not None:
            span.append(f"created_at_i<={until}")
        parameters = {
            "query": f'"{term.replace(chr(34), " ")}"',
            "tags": "(story,comment,poll)" if self.options.comments else "(story,poll)",
            "numericFilters": ",".join(span),
            "hitsPerPage": str(self._slice()),
            "advancedSyntax": "true",
            "typoTolerance": "false",
            "restrictSearchableAttributes": "title,story_text,comment_text,url",
        }
        return f"{self.options.api}/search_by_date?{urlencode(parameters)}"

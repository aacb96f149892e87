"""The spider of every declared source: asks, turns pages, remembers, keeps to limits."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import quote

import attrs

from monitor.domain import Deletion, Observation, PostKey
from spiders.job import CrawlJob
from spiders.kit.allowance import Allowance, Ledger
from spiders.kit.endpoint import Answer, Endpoint
from spiders.kit.memory import Memory, is_undated
from spiders.kit.refusals import GONE, Refusal, understood
from spiders.kit.templates import Ask, filled_header, secrets_of
from spiders.page import Page, SourceError
from spiders.parse.answers import says_error
from spiders.web import Fetched, Web

__all__ = ["KitSpider", "Plan"]

_REFRESH = "refresh"
_GONE = (404, 410)
_NEWEST = "newest"


@attrs.frozen(kw_only=True)
class Plan:
    """What a source asks: how posts are discovered, and how known ones are looked at again.

    ``queries`` are what is followed, from the job and the options; by default each of the brands'
    names where it ``searches``, else the source as a whole. Where posts cannot be asked for by
    their ids, ``relists`` has the lists read again. The first of the ``refusals`` that fits an
    error answer says what it means.
    """

    expected: str
    discover: Endpoint
    refresh: tuple[Endpoint, ...] = ()
    overlap: timedelta = timedelta(minutes=10)
    allowance: Allowance | None = None
    queries: Callable[[CrawlJob, Any], tuple[str, ...]] | None = None
    searches: bool = False
    relists: bool = False
    refusals: tuple[Refusal, ...] = ()

    @property
    def endpoints(self) -> tuple[Endpoint, ...]:
        """All that is asked."""
        return (self.discover, *self.refresh)


class KitSpider:
    """Follows a plan, with the options of one source, for one job."""

    def __init__(
        self,
        plan: Plan,
        job: CrawlJob,
        options: Any,
        *,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._plan = plan
        self._job = job
        self._options = options
        self._clock = clock
        self._memories = {q: Memory.read(cursor.value) for q, cursor in job.cursors.items()}
        self._ledger = Ledger(options, {q: memory.spent for q, memory in self._memories.items()})

    def queries(self) -> tuple[str, ...]:
        """The brands' names, or the plan's own queries, or the source as a whole."""
        if self._plan.queries:
            return tuple(dict.fromkeys(self._plan.queries(self._job, self._options)))
        return tuple(dict.fromkeys(self._job.terms)) if self._plan.searches else (_NEWEST,)

    async def discover(self, query: str, web: Web) -> AsyncIterator[Page]:
        """What was posted since the cursor, without what it knows."""
        endpoint, overlap = self._plan.discover, self._plan.overlap
        memory = before = self._memories.get(query) or Memory.since(self._job.since)
        begin = memory.begin(overlap) if query in self._memories else self._job.since
        limit, brought, turned = self._job.item_limit, 0, 0
        asked, address = endpoint.first_page, ""
        known: set[str] = set()
        while True:
            ask = Ask(
                options=self._options,
                query=query,
                since=begin,
                page=asked,
                limit=min(endpoint.page_size, limit),
            )
            try:
                fetched = await self._fetch(endpoint, ask, query, web, address=address)
                answer = self._read(endpoint, fetched, asked)
            except SourceError:
                if self._ledger.of(query):  # what it cost is known even so
                    yield Page(cursor=before.written(self._ledger.of(query)))
                raise
            turned += 1
            fresh = [
                o
                for o in answer.page.observations
                if o.post.published_at >= begin
                and o.post.key.native_id not in known
                and not before.knows(o.post.key.native_id)
            ][: limit - brought]
            gone = [d for d in answer.page.deletions if not before.knows_gone(d.key.native_id)]
            known.update(o.post.key.native_id for o in fresh)
            brought += len(fresh)
            memory = memory.with_page(fresh, gone, overlap)
            following = endpoint.following(answer)
            address = endpoint.following_address(answer) or ""
            ends = (
                (not address and following in (None, asked))
                or brought >= limit
                or turned >= endpoint.pages
                or (endpoint.newest_first and _is_past(answer.page, begin, before))
            )
            cursor = memory if ends else before if self._ledger.of(query) else None
            yield Page(
                observations=tuple(fresh),
                deletions=tuple(gone),
                cursor=cursor.written(self._ledger.of(query)) if cursor else None,
                skipped=answer.page.skipped,
            )
            if ends:
                return
            asked = following or asked

    async def refresh(self, web: Web) -> AsyncIterator[Page]:
        """The wanted posts in batches, with their counters; deleted ones as deletions."""
        wanted = [key.native_id for key in self._job.refresh]
        for endpoint in self._plan.refresh:
            ours = {asked: i for i in wanted if (asked := _wanted(endpoint, i))}
            wanted = [i for i in wanted if not _wanted(endpoint, i)]
            pairs = list(ours.items())
            for start in range(0, len(pairs), endpoint.batch):
                batch = dict(pairs[start : start + endpoint.batch])
                yield await self._again(endpoint, batch, web)
        if self._plan.relists:
            async for page in self._listed_again(set(wanted), web):
                yield page

    async def _listed_again(self, wanted: set[str], web: Web) -> AsyncIterator[Page]:
        """The wanted posts that the lists still show. What is not there may have aged."""
        endpoint = self._plan.discover
        for query in self.queries():
            asked, address = endpoint.first_page, ""
            for _turned in range(endpoint.pages):
                if not wanted:
                    return
                ask = Ask(options=self._options, query=query, page=asked, limit=endpoint.page_size)
                fetched = await self._fetch(endpoint, ask, _REFRESH, web, address=address)
                answer = self._read(endpoint, fetched, asked)
                found = [o for o in answer.page.observations if o.post.key.native_id in wanted]
                wanted -= {o.post.key.native_id for o in found}
                yield self._seen_again(attrs.evolve(answer.page, observations=tuple(found)))
                following = endpoint.following(answer)
                address = endpoint.following_address(answer) or ""
                if not address and following in (None, asked):
                    break
                asked = following or asked

    async def _again(self, endpoint: Endpoint, ids: Mapping[str, str], web: Web) -> Page:
        ask = Ask(options=self._options, ids=tuple(ids), limit=len(ids), joint=endpoint.joint)
        accept = _GONE if endpoint.batch == 1 else ()
        fetched = await self._fetch(endpoint, ask, _REFRESH, web, accept=accept)
        page = Page()
        missing = tuple(ids.values())
        if fetched.status not in _GONE:
            page = self._read(endpoint, fetched, "").page
            answered = {o.post.key.native_id for o in page.observations}
            answered |= {d.key.native_id for d in page.deletions}
            missing = tuple(i for i in missing if i not in answered)
            missing = missing if endpoint.missing_are_gone else ()
        elif not says_error(fetched.body):
            page, missing = Page(skipped=1), ()
        gone = tuple(
            Deletion(key=PostKey(self._job.source.name, i), observed_at=fetched.observed_at)
            for i in missing
        )
        return self._seen_again(attrs.evolve(page, deletions=(*page.deletions, *gone)))

    def _seen_again(self, page: Page) -> Page:
        """A page of known posts, with the cursor that says what they cost."""
        spent = self._ledger.of(_REFRESH)
        return attrs.evolve(
            page,
            observations=tuple(self._dated(o) for o in page.observations),
            cursor=Memory(newest=0).written(spent) if spent else None,
        )

    async def _fetch(
        self,
        endpoint: Endpoint,
        ask: Ask,
        query: str,
        web: Web,
        *,
        accept: tuple[int, ...] = (),
        address: str = "",
    ) -> Fetched:
        """One answer; its cost is entered first, and no secret gets into a message."""
        allowance = endpoint.allowance or self._plan.allowance
        if allowance:
            self._ledger.spend(query, allowance, endpoint.cost, self._clock())
        filled = {name: filled_header(text, ask) for name, text in endpoint.headers.items()}
        headers = {name: value for name, value in filled.items() if value}
        try:
            return await web.get(address or endpoint.address(ask), headers=headers, accept=accept)
        except SourceError as error:
            meant = understood(error, self._plan.refusals)
            if isinstance(meant, Fetched):
                if GONE in accept:
                    return meant
                meant = error
            raise self._without_secrets(meant) from None

    def _read(self, endpoint: Endpoint, fetched: Fetched, asked: str) -> Answer:
        try:
            return endpoint.read(
                fetched, source=self._job.source.name, expected=self._plan.expected, asked=asked
            )
        except SourceError as error:
            raise self._without_secrets(error) from None

    def _without_secrets(self, error: SourceError) -> SourceError:
        detail = error.detail
        for secret in secrets_of(self._options):
            for form in (secret, quote(secret, safe="")):
                detail = detail.replace(form, "***")
        return SourceError(error.health, detail, error.answer)

    def _dated(self, observation: Observation) -> Observation:
        """A post without a time of its own keeps the moment at which it was first seen."""
        post = observation.post
        for memory in self._memories.values():
            first_seen = memory.undated.get(post.key.native_id)
            if first_seen is not None and is_undated(observation):
                moment = datetime.fromtimestamp(first_seen, UTC)
                return attrs.evolve(observation, post=attrs.evolve(post, published_at=moment))
        return observation


def _is_past(page: Page, begin: datetime, before: Memory) -> bool:
    """Whether a page shows nothing but what is known or too old."""
    return bool(page.observations) and all(
        o.post.published_at < begin or before.knows(o.post.key.native_id) for o in page.observations
    )


def _wanted(endpoint: Endpoint, native_id: str) -> str:
    """What an endpoint asks for to see a post again; empty where the post is not its own."""
    if not endpoint.takes:
        return native_id
    found = re.fullmatch(endpoint.takes, native_id)
    if not found:
        return ""
    return found[1] if found.groups() else native_id

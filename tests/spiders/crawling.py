"""One crawl, with everything that it brought."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import timedelta

import attrs

from monitor.domain import (
    Cursor,
    Deletion,
    FaultyAnswer,
    Observation,
    PostKey,
    SourceHealth,
)
from spiders.crawl import crawl
from spiders.job import CrawlJob, SourceSpec
from spiders.kinds import SourceOptions
from tests.spiders.feeds import NOW

NAME = "here"


@attrs.frozen(kw_only=True)
class Crawled:
    observations: tuple[Observation, ...]
    deletions: tuple[Deletion, ...]
    cursors: tuple[Cursor, ...]
    health: SourceHealth
    faulty: tuple[FaultyAnswer, ...] = ()

    @property
    def ids(self) -> list[str]:
        return [o.post.key.native_id for o in self.observations]


def crawled(
    options: SourceOptions,
    *,
    after: Crawled | None = None,
    terms: tuple[str, ...] = (),
    refresh: tuple[str, ...] = (),
    item_limit: int = 1000,
    seconds: float = 30,
    stop: Callable[[], bool] = lambda: False,
    on_batch: Callable[[Sequence[Observation | Deletion]], None] = lambda _batch: None,
) -> Crawled:
    """Crawl; ``after`` is the crawl whose cursors were saved."""
    job = CrawlJob(
        source=SourceSpec(name=NAME, options=options),
        terms=terms,
        cursors={cursor.query: cursor for cursor in (after.cursors if after else ())},
        refresh=tuple(PostKey(source=NAME, native_id=i) for i in refresh),
        item_limit=item_limit,
        since=NOW - timedelta(days=1),
    )
    seen: list[Observation | Deletion] = []

    def take(batch: Sequence[Observation | Deletion]) -> None:
        seen.extend(batch)
        on_batch(batch)

    result = crawl(job, time_limit=timedelta(seconds=seconds), on_batch=take, stop=stop)
    return Crawled(
        observations=tuple(v for v in seen if isinstance(v, Observation)),
        deletions=tuple(v for v in seen if isinstance(v, Deletion)),
        cursors=result.cursors,
        health=result.health,
        faulty=result.faulty,
    )

"""watch: a source in trouble is told once, and again when it is well."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import attrs

from alerts.channels.receiver import Channel
from alerts.source_letter import source_letter
from monitor.domain import Delivery, Health, Level, SourceHealth, SourceTrouble
from monitor.gathering.health import LOOK_BACK, judge
from monitor.store.store import Store
from monitor.store.unit_of_work import UnitOfWork

__all__ = ["Watch"]


@attrs.frozen
class Watch:
    """Sources that were crawled since they were last looked at are judged by their crawls.

    What changed, and a message for each channel that carries alerts of level high, are written in
    one transaction. A source that left the configuration is in no trouble any more.
    """

    sources: Sequence[str]
    channels: Sequence[Channel]
    name: str = attrs.field(default="watch", init=False)
    batch: int = attrs.field(default=1_000, init=False)
    _judged: dict[str, SourceHealth] = attrs.field(factory=dict, init=False)

    def run(self, store: Store, now: datetime) -> int:
        """Judge every source that was crawled; how many changed."""
        with store.read() as work:
            crawled = {
                source: health
                for source, health in work.sources.last_health().items()
                if source in self.sources and self._judged.get(source) != health
            }
            changes = list(self._changes(crawled, work, now))
        if changes:
            with store.begin() as work:
                for trouble in changes:
                    work.sources.put_trouble(trouble)
                    if trouble.source in self.sources:
                        work.outbox.put(self._messages(trouble, now))
        self._judged.update(crawled)
        return len(changes)

    def _changes(
        self, crawled: dict[str, SourceHealth], work: UnitOfWork, now: datetime
    ) -> list[SourceTrouble]:
        troubled = work.sources.in_trouble()
        changes = [
            attrs.evolve(was, over_at=now)
            for source, was in sorted(troubled.items())
            if source not in self.sources
        ]
        for source, health in sorted(crawled.items()):
            was = troubled.get(source)
            crawls = work.sources.since(source, health.finished_at - LOOK_BACK)
            found = judge(crawls, was)
            if found is not None and was is None:
                changes.append(found)
            elif found is None and was is not None and _is_well(crawls):
                changes.append(attrs.evolve(was, over_at=health.finished_at))
        return changes

    def _messages(self, trouble: SourceTrouble, now: datetime) -> list[Delivery]:
        turn = "over" if trouble.over_at else "begun"
        at = trouble.noticed_at
        return [
            delivery
            for channel in self.channels
            if channel.options.min_level.rank <= Level.HIGH.rank
            for delivery in channel.write_letter(
                source_letter(trouble, channel.options.reader, now),
                key=f"source/{trouble.source}/{at:%Y%m%dT%H%M%S%f}/{turn}:{channel.options.name}",
                now=now,
            )
        ]


def _is_well(crawls: Sequence[SourceHealth]) -> bool:
    """Whether the last crawl went well: one failure that is too early to tell is not well."""
    return bool(crawls) and crawls[-1].health in (Health.OK, Health.EMPTY)

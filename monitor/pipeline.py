"""The way of one post, as one visible list.

gather -> match -> assess -> group -> respond -> forecast -> decide -> remind -> watch -> digest ->
route -> notify -> escalate -> update -> failover -> deliver

Gathering is what a crawl, an import or a replay does: it hands observations to the store. What
follows is `Pipeline.run`, called whenever something may be undone, live or in a replay alike.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

import attrs

from monitor.stages.stage import Stage
from monitor.store.store import Store

__all__ = ["Done", "Pipeline"]


@attrs.frozen
class Done:
    """How much one stage did."""

    stage: str
    count: int


def _never() -> bool:
    return False


@attrs.frozen
class Pipeline:
    """The stages in the order in which a post passes them."""

    stages: tuple[Stage, ...]

    def beginning_with(self, name: str) -> Pipeline:
        """The stages from the one of this name on; all of them where there is none."""
        names = [stage.name for stage in self.stages]
        return Pipeline(self.stages[names.index(name) :] if name in names else self.stages)

    def run(
        self, store: Store, now: datetime, stop: Callable[[], bool] = _never
    ) -> tuple[Done, ...]:
        """Let every stage do all that is undone as of ``now``; asks ``stop`` between two pieces."""
        return tuple(Done(stage.name, _all_of(stage, store, now, stop)) for stage in self.stages)


def _all_of(stage: Stage, store: Store, now: datetime, stop: Callable[[], bool]) -> int:
    total = 0
    while not stop():
        done = stage.run(store, now)
        total += done
        if done < stage.batch:
            break
    return total

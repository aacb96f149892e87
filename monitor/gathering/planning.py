"""The refresh plan of one configured source, from what is stored and what its kind allows."""

from __future__ import annotations

from datetime import datetime

from monitor.gathering.refresh import (
    MOST_WATCHED,
    STORY_FOR,
    YOUNG_FOR,
    Means,
    RefreshPlan,
    means,
    plan,
)
from monitor.store.unit_of_work import UnitOfWork
from spiders.job import SourceSpec
from spiders.kinds import KINDS
from spiders.page import SourceError

__all__ = ["plan_of"]


def plan_of(source: SourceSpec, work: UnitOfWork, now: datetime) -> RefreshPlan:
    """What of a source is looked at again ``now``; nothing where its kind cannot."""
    kind = KINDS[source.kind]
    try:
        budget = kind.budget(source.options)
    except SourceError:  # its key cannot be read, which the crawl itself will tell
        return plan((), Means(batch=kind.batch, now=0, a_day=0.0), now)
    given = means(
        batch=kind.batch,
        delay_seconds=source.options.delay_seconds,
        budget=budget,
        last_asked=work.refreshes.last_asked(source.name),
        now=now,
    )
    if not kind.can_refresh:
        return plan((), given, now)
    watched = work.refreshes.watched(
        source.name, young_from=now - YOUNG_FOR, story_from=now - STORY_FOR, limit=MOST_WATCHED
    )
    return plan(watched, given, now)

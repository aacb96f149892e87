"""When a story is called an incident, and when an incident is over. Plain functions over values.

A story forms from its first post. It is an incident once it was told by enough different people
within a day, or by one person whom very many hear, or keeps coming back for days; it closes when
nobody has told it for a while, and a closed one that is told again reopens.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta

import attrs

from monitor.domain import Incident, IncidentState

__all__ = ["LifecycleOptions", "Telling", "advance", "ended"]


@attrs.frozen(kw_only=True)
class LifecycleOptions:
    """From when on a story is an incident."""

    authors: int = 4
    """So many different people within ``within``."""
    within: timedelta = timedelta(hours=24)
    audience: int = 20_000
    """Or one complaining author with so many followers."""
    views: int = 5_000
    """Or so many views of its posts together."""
    days: int = 3
    """Or told on so many different days by ``authors`` people."""
    quiet: timedelta = timedelta(hours=72)
    """An incident closes when nobody has told it for so long."""


@attrs.frozen(kw_only=True)
class Telling:
    """How a story was told so far: who said it when, and how far it was heard."""

    told: Sequence[tuple[datetime, str]]
    """When each post was published, and by whom."""
    audience: int = 0
    """Followers of the complaining author who has most of them, where known."""
    views: int = 0
    """Views of all its posts together, where they are shown."""


def advance(
    incident: Incident, telling: Telling, now: datetime, options: LifecycleOptions
) -> Incident:
    """The incident in the state that it is in ``now``; the same value where nothing changes."""
    quiet = now - incident.last_post_at >= options.quiet
    if incident.state is IncidentState.OPEN and quiet:
        return attrs.evolve(incident, state=IncidentState.CLOSED, closed_at=now)
    if incident.state is IncidentState.CLOSED and not quiet:
        return attrs.evolve(incident, state=IncidentState.OPEN)
    if incident.state is IncidentState.FORMING and not quiet and _opens(telling, now, options):
        return attrs.evolve(incident, state=IncidentState.OPEN, opened_at=now)
    return incident


def ended(incident: Incident, now: datetime) -> Incident:
    """An incident of which no post is left: all were deleted, or went into another."""
    return attrs.evolve(
        incident,
        state=IncidentState.CLOSED,
        closed_at=incident.closed_at if incident.state is IncidentState.CLOSED else now,
        posts=0,
        authors=0,
        centroid=b"",
        terms=(),
    )


def _opens(telling: Telling, now: datetime, options: LifecycleOptions) -> bool:
    if telling.audience >= options.audience or telling.views >= options.views:
        return True
    recent: Collection[str] = {
        author for when, author in telling.told if now - when <= options.within
    }
    if len(recent) >= options.authors:
        return True
    days = {when.date() for when, _ in telling.told}
    everyone = {author for _, author in telling.told}
    return len(days) >= options.days and len(everyone) >= options.authors

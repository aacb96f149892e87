"""What alerts are about, as far as routes, silences and inhibition look at it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

from monitor.casework import Subject
from monitor.domain import Incident, Level
from monitor.store.unit_of_work import UnitOfWork

__all__ = ["subjects_of"]

_SOME = 0.2
"""A language or source counts in which this share of the posts is told: a stray post does not."""
_MAIN_TOUCHPOINT = 1 / 3
_FEWEST = 2
"""As in what an alert says: a third of the complaints name it, and two of them or all there are."""


def subjects_of(
    about: Sequence[tuple[Incident, Level]], regions: Mapping[str, str], work: UnitOfWork
) -> dict[str, Subject]:
    """The subject of each incident at a level, by the incident's id.

    ``regions`` holds the region of each source that has one.
    """
    names = {incident.id for incident, _ in about}
    touchpoints = work.makeup.touchpoints(names)
    languages, sources = work.makeup.languages(names), work.makeup.sources(names)
    found = {}
    for incident, level in about:
        in_sources = _told_in(sources.get(incident.id))
        found[incident.id] = Subject(
            incident=incident.id,
            brand=incident.brand,
            level=level,
            touchpoint=_main(touchpoints.get(incident.id)),
            languages=_told_in(languages.get(incident.id)),
            regions=frozenset(regions[source] for source in in_sources if source in regions),
            sources=in_sources,
        )
    return found


def _main(counted: Counter[str | None] | None) -> str | None:
    if not counted:
        return None
    complaints = counted.total()
    named = [(posts, place) for place, posts in counted.items() if place is not None]
    posts, place = max(named, default=(0, ""))
    told = posts >= min(_FEWEST, complaints) and posts >= _MAIN_TOUCHPOINT * complaints
    return place if named and told else None


def _told_in(counted: Counter[str | None] | None) -> frozenset[str]:
    if not counted:
        return frozenset()
    posts = counted.total()
    return frozenset(name for name, n in counted.items() if name and n >= _SOME * posts)

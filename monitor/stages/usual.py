"""What is usual for a brand, as far as it was watched."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import UTC, datetime, timedelta, tzinfo

import attrs

from monitor.domain import Brand
from monitor.incidents.campaign import Wording, wording
from monitor.incidents.own_posts import own_names
from monitor.store.unit_of_work import UnitOfWork
from monitor.virality.baseline import Baseline

__all__ = ["Habits", "Usual", "learn"]

_HISTORY = timedelta(days=28)
"""How far back a brand's usual volume is learned from."""
_SETTLED = timedelta(hours=3)
"""The latest hours are not yet usual: what happens in them is what is being judged."""
_BEGUN = 10
"""A brand counts as watched from its tenth complaint on: a stray post is not a collection."""
_KNOWN = timedelta(days=7)
"""Or where it was mentioned for so long: of a small brand ten complaints may take months."""
_OWN_WORDS = timedelta(days=7)
"""How long what a brand said itself is known again."""
_LASTS = timedelta(hours=1)


@attrs.frozen(kw_only=True)
class Usual:
    """What is usual for a brand, as learned at one moment."""

    baseline: Baseline | None
    watched_since: datetime | None
    own_words: tuple[Wording, ...]
    """What the brand said itself of late."""
    learned_at: datetime

    def holds(self, now: datetime) -> bool:
        """Whether it need not be learned again yet; a clock that was set back asks for it."""
        return timedelta(0) <= now - self.learned_at < _LASTS

    def expected(self, window: timedelta, now: datetime) -> float:
        """The complaints that are usual in the window that ends ``now``."""
        return self.baseline.expected(now - window, now) if self.baseline else 0.0

    def watched(self, now: datetime) -> timedelta:
        """How long the brand has been watched."""
        return max(now - self.watched_since, timedelta(0)) if self.watched_since else timedelta(0)


def learn(
    brand: str, own_names: Collection[str], zone: tzinfo, work: UnitOfWork, now: datetime
) -> Usual:
    """What is usual for a brand ``now``; the hours of its week are those of ``zone``."""
    times = work.mentions.times(brand, now - _HISTORY, now, grouped_only=True)
    since = _watched_since(brand, times, work, now)
    settled = now - _SETTLED
    baseline = (
        Baseline.fit(
            [time for time in times if time <= settled],
            since,
            settled,
            zone,
            _gaps(brand, since, settled, work),
        )
        if since is not None and since < settled
        else None
    )
    own = work.voices.said_by(brand, own_names, now - _OWN_WORDS)
    return Usual(
        baseline=baseline,
        watched_since=since,
        own_words=tuple(dict.fromkeys(wording(text) for text in own)),
        learned_at=now,
    )


def _gaps(
    brand: str, since: datetime, until: datetime, work: UnitOfWork
) -> list[tuple[datetime, datetime, float]]:
    """When a source was not heard, and its share of what is said about the brand.

    What came in afterwards, because the source still showed it, leaves no gap.
    """
    gaps = [
        (trouble.source, trouble.since, trouble.over_at or until)
        for trouble in work.sources.troubles(since, until)
    ]
    if not gaps:
        return []
    shares = work.mentions.shares_of_sources(brand, since, until)
    return [
        (begun, ended, shares[source])
        for source, begun, ended in gaps
        if source in shares and source not in work.mentions.shares_of_sources(brand, begun, ended)
    ]


def _watched_since(
    brand: str, complaints: Sequence[datetime], work: UnitOfWork, now: datetime
) -> datetime | None:
    """From when on what is heard of a brand is all that is said; ``None`` where that is unsure.

    What was published before it was first looked for was not heard in full: a first crawl and an
    import bring some of the past.
    """
    heard = work.voices.first_heard_at(brand)
    if heard is None:
        return None
    begun = [max(complaints[_BEGUN - 1], heard)] if len(complaints) >= _BEGUN else []
    mentioned = work.mentions.first_published_at(brand)
    if mentioned is not None:
        known = max(mentioned, heard, now - _HISTORY)
        if now - known >= _KNOWN:
            begun.append(known)
    return min(begun, default=None)


class Habits:
    """What is usual for each brand, learned again every hour."""

    def __init__(self, brands: Sequence[Brand] = (), zone: tzinfo = UTC) -> None:
        """The hours of a week at which more or less is usual are those of ``zone``."""
        self._brands = {brand.id: brand for brand in brands}
        self._zone = zone
        self._usual: dict[str, Usual] = {}

    def of(self, brand: str, work: UnitOfWork, now: datetime) -> Usual:
        """What is usual for a brand ``now``."""
        usual = self._usual.get(brand)
        if usual is None or not usual.holds(now):
            known = self._brands.get(brand)
            own = own_names(known) if known else frozenset()
            usual = self._usual[brand] = learn(brand, own, self._zone, work, now)
        return usual

"""What is usual for a brand at this hour of the week, and how surprising a count is against that.

>>> from datetime import UTC, datetime, timedelta
>>> monday = datetime(2026, 3, 2, tzinfo=UTC)
>>> times = [monday + timedelta(hours=hour) for hour in range(14 * 24) if 8 <= hour % 24 < 20]
>>> usual = Baseline.fit(times, monday, monday + timedelta(days=14), UTC)
>>> at_noon, at_night = monday + timedelta(days=14, hours=12), monday + timedelta(days=15, hours=2)
>>> usual.expected(at_noon, at_noon + timedelta(hours=3)) > 2
True
>>> usual.expected(at_night, at_night + timedelta(hours=3)) < 1
True
>>> usual.score(10, at_noon, at_noon + timedelta(hours=3)) > 3
True
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta, tzinfo

import attrs
import numpy as np
import numpy.typing as npt

__all__ = ["Baseline"]

_HOUR = 3600
_DAY, _WEEK = 24, 168
OVERALL_PRIOR_HOURS = 24.0
"""An hour of the day is held to the overall rate by this many hours' worth of it."""
DAILY_PRIOR_HOURS = 3.0
"""An hour of the week is held to its hour of the day by this many hours' worth of it."""
UNSEEN = 0.5
"""Mentions that are added to what was seen, so that nothing seen is not taken for never."""
TRIMMED = 0.05
"""The share of past hours that may have been incidents, while it is not known which."""
MOST = 5.0
"""What rose further than this many deviations was an incident: it does not make more usual."""
LEAST_DISPERSION = 0.05
"""Counts of people talking to each other vary more than independent ones, however calm the past."""

Floats = npt.NDArray[np.float64]


@attrs.frozen(kw_only=True, eq=False)
class Baseline:
    """A brand's usual rate of mentions by hour of the week, and how much counts vary about it."""

    history: timedelta
    """How long a past it has seen; its caller decides when that is too short to judge by."""
    dispersion: float
    """The variance of a count is its mean plus this times the mean squared."""
    zone: tzinfo
    rates: tuple[float, ...] = attrs.field(repr=False)
    """Mentions an hour, from Monday midnight in ``zone``."""

    @classmethod
    def fit(
        cls,
        times: Sequence[datetime],
        since: datetime,
        until: datetime,
        tz: tzinfo,
        gaps: Sequence[tuple[datetime, datetime, float]] = (),
    ) -> Baseline:
        """Learn from mentions in ``[since, until)``; those outside are not looked at.

        ``gaps`` are times from .. to in which a share of what is said could not be heard: silence
        there is not calm, so such an hour counts for so much less.

        While the past is short, each hour of the week is held to its hour of the day, and that to
        the overall rate. Hours are whole hours of UTC, placed in the week by the local time they
        begin at.
        """
        if until < since:
            raise ValueError(f"the past must end after it begins: {since} .. {until}")
        first, last = since.timestamp(), until.timestamp()
        stamps = np.fromiter((time.timestamp() for time in times), np.float64, len(times))
        stamps = stamps[(stamps >= first) & (stamps < last)]
        start = int(first // _HOUR)
        end = max(int(-(-last // _HOUR)), start) + 1
        edges: Floats = np.arange(start, end, dtype=np.float64) * _HOUR
        counts = np.bincount(
            (stamps // _HOUR).astype(np.int64) - start, minlength=len(edges) - 1
        ).astype(np.float64)
        exposure: Floats = np.diff(np.clip(edges, first, last)) / _HOUR * _heard(edges, gaps)
        slots = np.array([_slot(edge, tz) for edge in edges[:-1]], dtype=np.int64)
        _, expected = _rates(counts, exposure, slots)
        ordinary = _dispersion(counts, expected, TRIMMED)
        calm = np.minimum(counts, expected + MOST * _deviation(expected, ordinary))
        rates, expected = _rates(calm, exposure, slots)
        return cls(
            history=until - since,
            dispersion=_dispersion(calm, expected, trimmed=0.0),
            zone=tz,
            rates=tuple(rates.tolist()),
        )

    def expected(self, start: datetime, end: datetime) -> float:
        """How many mentions are usual from ``start`` to ``end``."""
        first, last = start.timestamp(), end.timestamp()
        if last < first:
            raise ValueError(f"a window must end after it begins: {start} .. {end}")
        total, at = 0.0, first
        while at < last:
            stop = min((at // _HOUR + 1) * _HOUR, last)
            total += self.rates[_slot(at // _HOUR * _HOUR, self.zone)] * (stop - at) / _HOUR
            at = stop
        return total

    def score(self, count: int, start: datetime, end: datetime) -> float:
        """How many standard deviations ``count`` lies above what is usual in the window.

        The deviation is that of a negative binomial count, and at least that of one mention: it
        ranks surprises. It is no probability, and what score is worth a person's time is set
        elsewhere, by how many alarms a week that would have made.
        """
        usual = self.expected(start, end)
        return (count - usual) / float(_deviation(np.array(usual), self.dispersion))


def _heard(edges: Floats, gaps: Sequence[tuple[datetime, datetime, float]]) -> Floats:
    """The share of each hour that could be heard."""
    unheard = np.zeros(len(edges) - 1)
    for begun, ended, share in gaps:
        inside = np.diff(np.clip(edges, begun.timestamp(), ended.timestamp())) / _HOUR
        unheard += inside * share
    heard: Floats = 1.0 - np.minimum(unheard, 1.0)
    return heard


def _deviation(expected: Floats, dispersion: float) -> Floats:
    """Of a negative binomial count, and at least that of one mention."""
    deviation: Floats = np.sqrt(np.maximum(expected, 1.0) + dispersion * expected**2)
    return deviation


def _slot(stamp: float, tz: tzinfo) -> int:
    local = datetime.fromtimestamp(stamp, UTC).astimezone(tz)
    return local.weekday() * _DAY + local.hour


def _rates(counts: Floats, exposure: Floats, slots: npt.NDArray[np.int64]) -> tuple[Floats, Floats]:
    """The rate of each hour of the week, and what each past hour looks like from the others.

    Leaving an hour out of its own expectation keeps a short past from looking calmer than it was.
    """
    overall = (counts.sum() + UNSEEN) / (exposure.sum() + 1.0)
    week_counts = np.bincount(slots, counts, _WEEK).astype(np.float64)
    week_hours = np.bincount(slots, exposure, _WEEK).astype(np.float64)
    day_counts = week_counts.reshape(7, _DAY).sum(axis=0)
    day_hours = week_hours.reshape(7, _DAY).sum(axis=0)

    def rate(week: Floats, weeks: Floats, day: Floats, days: Floats) -> Floats:
        daily = (day + OVERALL_PRIOR_HOURS * overall) / (days + OVERALL_PRIOR_HOURS)
        weekly: Floats = (week + DAILY_PRIOR_HOURS * daily) / (weeks + DAILY_PRIOR_HOURS)
        return weekly

    hours = slots % _DAY
    every_hour = np.arange(_WEEK) % _DAY
    others = rate(
        week_counts[slots] - counts,
        week_hours[slots] - exposure,
        day_counts[hours] - counts,
        day_hours[hours] - exposure,
    )
    rates = rate(week_counts, week_hours, day_counts[every_hour], day_hours[every_hour])
    return rates, others * exposure


def _dispersion(counts: Floats, expected: Floats, trimmed: float) -> float:
    """By moments over past hours, without the share of them that surprises most."""
    if not len(counts):
        return LEAST_DISPERSION
    surprise = np.abs(counts - expected) / _deviation(expected, LEAST_DISPERSION)
    ordinary = surprise <= np.quantile(surprise, 1 - trimmed)
    excess = ((counts - expected) ** 2 - expected)[ordinary].sum()
    return max(LEAST_DISPERSION, float(excess / (expected[ordinary] ** 2).sum()))

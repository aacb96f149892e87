"""How far an incident will have gone in an hour, six hours and a day, and how sure that is.

>>> from datetime import UTC, datetime, timedelta
>>> posted = datetime(2011, 6, 7, 22, 0, tzinfo=UTC)
>>> times = [posted + timedelta(minutes=5 * n) for n in range(13)]
>>> forecaster = Forecaster.load()
>>> hour, six_hours, day = forecaster.mentions("baggage", times, now=times[-1])
>>> hour.seen, hour.horizon == HORIZONS[0], hour.model
(13, True, 'growth-1/pooled')
>>> 13 <= hour.quantiles.median <= six_hours.quantiles.median <= day.quantiles.median
True
>>> early = forecaster.mentions("baggage", times, now=times[1])
>>> [forecast.quantiles for forecast in early]
[None, None, None]
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from datetime import datetime, timedelta
from importlib import resources
from math import ceil, exp, floor
from pathlib import Path

import attrs
from pydantic import BaseModel, ConfigDict, Field

from monitor.domain import Forecast, Quantiles, Quantity
from monitor.virality.growth import GrowthTable, GrowthTableError, Progress

__all__ = ["HORIZONS", "ForecastOptions", "Forecaster"]

HORIZONS: tuple[timedelta, ...] = (timedelta(hours=1), timedelta(hours=6), timedelta(hours=24))
"""How far ahead every forecast looks."""

FEWEST_POSTS = 3
"""With fewer posts than this there is nothing to say."""
YOUNG = timedelta(minutes=5)
FEWEST_POSTS_WHILE_YOUNG = 5
"""Before it is ``YOUNG`` an incident needs this many posts to be forecast."""
STALE = timedelta(hours=3)
"""A counter that was last read longer ago than this is not forecast."""
YOUNGEST = timedelta(minutes=1)
"""What is younger is taken as of this age: growth is measured against the age."""

_HOUR = timedelta(hours=1)
_NEARLY = 0.01


class ForecastOptions(BaseModel):
    """Which fitted growth the forecasts use."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    table: Path | None = Field(
        default=None, description="A growth table of your own; the shipped one where it is absent."
    )
    source: str = Field(
        default="pooled",
        description="A grid of the table: pooled, news, twitter or weibo in the shipped one.",
    )


@attrs.frozen(kw_only=True)
class Forecaster:
    """Forecasts from a fitted table of growth; the same posts always give the same forecasts."""

    table: GrowthTable = attrs.field(repr=False)
    source: str = "pooled"
    horizons: tuple[timedelta, ...] = HORIZONS

    def __attrs_post_init__(self) -> None:
        longest = timedelta(hours=self.table.strata.horizons[-1])
        if max(self.horizons) > longest:
            raise GrowthTableError(f"the growth table reaches {longest} ahead, not further")
        if self.source not in self.table.sources:
            known = ", ".join(sorted(self.table.sources))
            raise GrowthTableError(
                f"the growth table has no source {self.source!r}; choose one of {known}"
            )

    @classmethod
    def load(cls, table: Path | None = None, source: str = "pooled") -> Forecaster:
        """Read a table (the shipped one by default) and choose one of its sources."""
        if table is not None:
            return cls(table=GrowthTable.read(table), source=source)
        shipped = resources.files(__package__).joinpath("tables/growth-1.json")
        with resources.as_file(shipped) as path:
            return cls(table=GrowthTable.read(path), source=source)

    @property
    def model(self) -> str:
        """The name under which forecasts are saved and graded."""
        return f"growth-{self.table.version}/{self.source}"

    def mentions(self, incident: str, times: Sequence[datetime], now: datetime) -> list[Forecast]:
        """How many posts the incident will have; ``times`` are when its posts came, in any order.

        Posts from after ``now`` are not looked at.
        """
        past = sorted(time for time in times if time <= now)
        age = now - past[0] if past else timedelta()
        too_little = len(past) < FEWEST_POSTS or (
            age < YOUNG and len(past) < FEWEST_POSTS_WHILE_YOUNG
        )
        progress = None
        if not too_little:
            hours = [(time - past[0]) / _HOUR for time in past]
            progress = Progress(
                age=max(age, YOUNGEST) / _HOUR,
                seen=len(past),
                total_at=lambda reached: bisect_right(hours, reached),
            )
        return self._forecasts(incident, Quantity.MENTIONS, len(past), progress, timedelta(), now)

    def counter(
        self,
        incident: str,
        quantity: Quantity,
        series: Sequence[tuple[datetime, int]],
        started_at: datetime,
        now: datetime,
    ) -> list[Forecast]:
        """How far a public counter will have gone, summed over the incident's posts.

        ``series`` are its readings in any order; a hidden reading is absent from it. Growth is
        taken to be even between two readings and from ``started_at`` to the first. Where a counter
        falls (a post was deleted, a platform removed false views) the newest reading stands, and
        the fall counts as no growth. The growth itself was learned from posts, not from counters:
        on real view counters it is untested.
        """
        past = sorted((time, count) for time, count in series if started_at <= time <= now)
        moments = {time for time, _ in past}
        seen = past[-1][1] if past else 0
        if len(moments) < 2 or seen == 0 or now - past[-1][0] > STALE:
            return self._forecasts(incident, quantity, seen, None, timedelta(), now)
        read_at = past[-1][0]
        progress = Progress(
            age=max(read_at - started_at, YOUNGEST) / _HOUR,
            seen=seen,
            total_at=_Curve.of([((time - started_at) / _HOUR, count) for time, count in past]).at,
        )
        return self._forecasts(incident, quantity, seen, progress, now - read_at, now)

    def _forecasts(
        self,
        incident: str,
        quantity: Quantity,
        seen: int,
        progress: Progress | None,
        unread: timedelta,
        now: datetime,
    ) -> list[Forecast]:
        return [
            Forecast(
                incident=incident,
                quantity=quantity,
                horizon=horizon,
                made_at=now,
                seen=seen,
                model=self.model,
                quantiles=None if progress is None else self._totals(progress, horizon + unread),
            )
            for horizon in self.horizons
        ]

    def _totals(self, progress: Progress, horizon: timedelta) -> Quantiles:
        """Whole counts, the intervals widened to them; what is nearly whole is rounding."""
        levels = self.table.growth(self.source, progress, horizon / _HOUR)
        low90, low50, median, high50, high90 = (progress.seen * exp(level) for level in levels)
        return Quantiles(
            low90=float(floor(low90 + _NEARLY)),
            low50=float(floor(low50 + _NEARLY)),
            median=float(round(median)),
            high50=float(ceil(high50 - _NEARLY)),
            high90=float(ceil(high90 - _NEARLY)),
        )


@attrs.frozen(kw_only=True)
class _Curve:
    """A counter that never falls, drawn through its readings from nothing at hour 0."""

    hours: tuple[float, ...]
    totals: tuple[float, ...]

    @classmethod
    def of(cls, readings: Sequence[tuple[float, int]]) -> _Curve:
        """Rebuilt backwards from the newest reading by the rises between readings.

        >>> _Curve.of([(1.0, 500), (2.0, 1_000), (3.0, 400), (4.0, 450)]).totals
        (0.0, 0.0, 400.0, 400.0, 450.0)
        """
        totals = [float(readings[-1][1])]
        for (_, earlier), (_, later) in zip(readings[-2::-1], readings[:0:-1], strict=True):
            totals.append(max(0.0, totals[-1] - max(0, later - earlier)))
        hours = (0.0, *(hour for hour, _ in readings))
        return cls(hours=hours, totals=(0.0, *reversed(totals)))

    def at(self, hour: float) -> float:
        """The total at one hour, even growth assumed between readings."""
        right = bisect_right(self.hours, hour)
        if right in (0, len(self.hours)):
            return self.totals[max(right - 1, 0)]
        before, after = self.hours[right - 1], self.hours[right]
        low, high = self.totals[right - 1], self.totals[right]
        return low + (high - low) * (hour - before) / (after - before)

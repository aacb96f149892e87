"""How far an incident will have gone in an hour, six hours, a day and in the end, and how sure.

>>> from datetime import UTC, datetime, timedelta
>>> posted = datetime(2011, 6, 7, 22, 0, tzinfo=UTC)
>>> times = [posted + timedelta(minutes=5 * n) for n in range(13)]
>>> forecaster = Forecaster.load()
>>> hour, six_hours, day, finally_ = forecaster.mentions("baggage", times, now=times[-1])
>>> hour.seen, hour.horizon == HORIZONS[0], hour.model
(13, True, 'growth-2/any')
>>> 13 <= hour.quantiles.median <= six_hours.quantiles.median <= day.quantiles.median
True
>>> early = forecaster.mentions("baggage", times, now=times[1])
>>> [forecast.quantiles for forecast in early]
[None, None, None, None]
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta, tzinfo
from importlib import resources
from pathlib import Path

import attrs
import numpy as np

from monitor.domain import Forecast, Quantiles, Quantity
from monitor.virality.curve import Curve, Floats
from monitor.virality.explanation import Explanation
from monitor.virality.features import Circumstances, features, with_horizon
from monitor.virality.growth import ANY, VERSION, GrowthModel, GrowthModelError
from monitor.virality.recalibration import Recalibration

__all__ = ["FINAL", "HORIZONS", "Forecaster", "whole"]

FINAL = timedelta(days=7)
"""How far ahead an incident's final size is taken to lie."""
HORIZONS: tuple[timedelta, ...] = (
    timedelta(hours=1),
    timedelta(hours=6),
    timedelta(hours=24),
    FINAL,
)
"""How far ahead every forecast looks, in rising order."""

FEWEST_POSTS = 3
"""With fewer posts than this there is nothing to say, unless its author's audience is known."""
YOUNG = timedelta(minutes=5)
FEWEST_POSTS_WHILE_YOUNG = 5
"""Before it is ``YOUNG`` an incident needs this many posts to be forecast."""
STALE = timedelta(hours=3)
"""A counter that was last read longer ago than this is not forecast."""
YOUNGEST = timedelta(minutes=1)
"""What is younger is taken as of this age: growth is measured against the age."""

_COUNTERS = Recalibration(scale50=2.0, scale90=2.0)
"""No real counters could be learned from, so intervals of them are made twice as wide."""
_HOUR = timedelta(hours=1)
_NEARLY = 0.01


@attrs.frozen(kw_only=True)
class Forecaster:
    """Forecasts from fitted growth; the same posts always give the same forecasts."""

    growth: GrowthModel = attrs.field(repr=False)
    source: str = ANY
    zone: tzinfo = UTC
    """Where those live who tell the stories: growth depends on the hour of their day."""
    horizons: tuple[timedelta, ...] = HORIZONS
    own: Recalibration | None = None
    """What closed incidents of this installation taught; counters are forecast without it."""

    def __attrs_post_init__(self) -> None:
        if self.source not in self.growth.calibration:
            known = ", ".join(sorted(self.growth.calibration))
            raise GrowthModelError(
                f"the growth model knows no kind of story {self.source!r}; choose one of {known}"
            )

    @classmethod
    def load(cls, folder: Path | None = None, source: str = ANY, zone: tzinfo = UTC) -> Forecaster:
        """Read a growth model (the shipped one by default)."""
        if folder is not None:
            return cls(growth=GrowthModel.read(folder), source=source, zone=zone)
        shipped = resources.files(__package__).joinpath("models/growth")
        with resources.as_file(shipped) as path:
            return cls(growth=GrowthModel.read(path), source=source, zone=zone)

    @property
    def model(self) -> str:
        """The name under which forecasts are saved and graded."""
        return f"growth-{VERSION}/{self.source}"

    def mentions(
        self,
        incident: str,
        times: Sequence[datetime],
        now: datetime,
        audience: int | None = None,
    ) -> list[Forecast]:
        """How many posts the incident will have; ``times`` are when its posts came, in any order.

        Posts from after ``now`` are not looked at. Where ``audience`` tells the followers of who
        began it, the first post is enough to say something.
        """
        past = sorted(time for time in times if time <= now)
        row = self._row(past, now, audience)
        growth, model = None, self.model
        if row is not None:
            growth = self._growth(row, timedelta(), self.own or Recalibration())
            model += "+own" if self.own else ""
        return self._forecasts(incident, Quantity.MENTIONS, len(past), growth, model, now)

    def explain(
        self,
        times: Sequence[datetime],
        now: datetime,
        horizon: timedelta,
        audience: int | None = None,
    ) -> Explanation | None:
        """What makes the median of `mentions` what it is; ``None`` where nothing was said."""
        row = self._row(sorted(time for time in times if time <= now), now, audience)
        if row is None:
            return None
        return self.growth.explain(with_horizon(row, horizon / _HOUR), self.source)

    def _row(self, past: Sequence[datetime], now: datetime, audience: int | None) -> Floats | None:
        """The features of posts that came in this order; ``None`` where too little was seen."""
        age = now - past[0] if past else timedelta()
        fewest = FEWEST_POSTS_WHILE_YOUNG if age < YOUNG else FEWEST_POSTS
        if len(past) < fewest and not (past and audience and age >= YOUNG):
            return None
        curve = Curve.of_posts([(time - past[0]) / _HOUR for time in past])
        known = Circumstances(hour_of_day=self._hour_of_day(now), audience=audience)
        return features(curve, max(age, YOUNGEST) / _HOUR, known)

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
        on real view counters it is untested, and its intervals are twice as wide.
        """
        past = sorted((time, count) for time, count in series if started_at <= time <= now)
        moments = {time for time, _ in past}
        seen = past[-1][1] if past else 0
        growth = None
        if len(moments) > 1 and seen > 0 and now - past[-1][0] <= STALE:
            read_at = past[-1][0]
            curve = Curve.of_readings(
                [((time - started_at) / _HOUR, count) for time, count in past]
            )
            age = max(read_at - started_at, YOUNGEST) / _HOUR
            known = Circumstances(hour_of_day=self._hour_of_day(now))
            growth = self._growth(features(curve, age, known), now - read_at, _COUNTERS)
        return self._forecasts(incident, quantity, seen, growth, self.model, now)

    def _hour_of_day(self, now: datetime) -> float:
        local = now.astimezone(self.zone)
        return local.hour + local.minute / 60

    def _growth(self, row: Floats, unread: timedelta, correction: Recalibration) -> Floats:
        """Log growth at the five levels, a row a horizon; never less than at a shorter one."""
        rows = [with_horizon(row, (one + unread) / _HOUR) for one in self.horizons]
        growth = correction.apply(self.growth.growth(np.stack(rows), self.source))
        rising: Floats = np.maximum.accumulate(growth, axis=0)
        return rising

    def _forecasts(
        self,
        incident: str,
        quantity: Quantity,
        seen: int,
        growth: Floats | None,
        model: str,
        now: datetime,
    ) -> list[Forecast]:
        return [
            Forecast(
                incident=incident,
                quantity=quantity,
                horizon=horizon,
                made_at=now,
                seen=seen,
                model=model,
                quantiles=None if growth is None else whole(growth[place], seen),
            )
            for place, horizon in enumerate(self.horizons)
        ]


def whole(growth: Floats, seen: int) -> Quantiles:
    """Totals from five levels of log growth, the intervals widened to whole counts.

    What is nearly whole is rounding.
    """
    low90, low50, median, high50, high90 = seen * np.exp(growth)
    return Quantiles(
        low90=float(np.floor(low90 + _NEARLY)),
        low50=float(np.floor(low50 + _NEARLY)),
        median=float(np.round(median)),
        high50=float(np.ceil(high50 - _NEARLY)),
        high90=float(np.ceil(high90 - _NEARLY)),
    )

"""The course of an incident as a drawing: what was seen, what was forecast, who was told when.

Only geometry comes out of here, in the units of a drawing that is :data:`WIDTH` wide; the page's
template makes SVG of it. Nothing of a stranger's text gets into a drawing.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from datetime import datetime, time, timedelta, tzinfo
from itertools import pairwise

import attrs

from monitor.domain import Alert, Forecast, Quantiles, Quantity
from monitor.replay import Course

__all__ = ["HEIGHT", "WIDTH", "Chart", "Tick", "ahead_chart", "course_chart", "foretold_at_alert"]

WIDTH, HEIGHT = 640, 280
_LEFT, _RIGHT, _TOP, _BOTTOM = 46, 10, 16, 36
_MOST_POINTS = 400
_MOST_TICKS = 5
_HEADROOM = 1.06
_HIGHEST = 2.5
"""A band that reaches further than so many times what came is cut off there."""
_FURTHEST = timedelta(hours=24)
"""What is forecast beyond this would leave no room for what came."""
_FEWEST_AHEAD = 4
_STEPS = (
    *(timedelta(minutes=minutes) for minutes in (1, 5, 10, 30)),
    *(timedelta(hours=hours) for hours in (1, 2, 3, 6, 12)),
    *(timedelta(days=days) for days in (1, 2, 7, 14, 30, 90, 365)),
)


@attrs.frozen
class Tick:
    """A place on an axis and what stands there, on one line or two."""

    at: float
    lines: tuple[str, ...]


@attrs.frozen(kw_only=True)
class Mark:
    """An alert: where it stands, and its level."""

    at: float
    level: str


@attrs.frozen(kw_only=True)
class Chart:
    """A drawing: each line and band as the points of an SVG ``polyline`` or ``polygon``."""

    quantity: Quantity
    line: str
    likely: str = ""
    possible: str = ""
    expected: str = ""
    half: float | None = None
    alerts: tuple[Mark, ...] = ()
    hours: tuple[Tick, ...] = ()
    counts: tuple[Tick, ...] = ()
    cut: bool = False
    """Whether the band goes on above the drawing."""


def foretold_at_alert(course: Course, quantity: Quantity) -> tuple[Forecast, ...]:
    """The forecasts as they stood when the incident was first told of, by horizon.

    Where none had a number by then, or nobody was told, the first that had one.
    """
    said = [f for f in course.forecasts if f.quantity is quantity and f.quantiles is not None]
    if not said:
        return ()
    told_at = min((alert.raised_at for alert in course.alerts), default=None)
    by_then = [f.made_at for f in said if told_at is not None and f.made_at <= told_at]
    made_at = max(by_then) if by_then else min(f.made_at for f in said)
    fan = (forecast for forecast in said if forecast.made_at == made_at)
    return tuple(sorted(fan, key=lambda forecast: forecast.horizon))


def course_chart(
    course: Course, quantity: Quantity, zone: tzinfo, alerts: Sequence[Alert] | None = None
) -> Chart | None:
    """The running total with its alerts, half of it, and the forecast of the first alert.

    ``None`` where there are not two moments to draw between.
    """
    totals = _totals(course, quantity)
    fan = foretold_at_alert(course, quantity)
    bands = [(fan[0].made_at, _exactly(fan[0].seen))] if fan else []
    bands += [
        (f.made_at + f.horizon, f.quantiles)
        for f in fan
        if f.quantiles is not None and f.horizon <= _FURTHEST
    ]
    told = course.alerts if alerts is None else alerts
    moments = [*(at for at, _ in totals), *(at for at, _ in bands)]
    half_at = course.half_at if quantity is Quantity.MENTIONS else None
    return _drawn(
        quantity, totals, bands, [*moments, *(one.raised_at for one in told)], zone, told, half_at
    )


def ahead_chart(
    course: Course, quantity: Quantity, horizon: timedelta, zone: tzinfo
) -> Chart | None:
    """Every forecast so far ahead, drawn at the time for which it was made, against what came.

    ``None`` where fewer than four came due.
    """
    due = [
        (f.made_at + f.horizon, f.quantiles)
        for f in course.forecasts
        if f.quantity is quantity
        and f.horizon == horizon
        and f.outcome is not None
        and f.quantiles is not None
    ]
    if len(due) < _FEWEST_AHEAD:
        return None
    totals = _totals(course, quantity)
    last = max(due[-1][0], totals[-1][0])
    shown = [*totals, (last, totals[-1][1])]
    return _drawn(quantity, shown, due, [at for at, _ in (*totals, *due)], zone, (), None)


def _totals(course: Course, quantity: Quantity) -> list[tuple[datetime, float]]:
    if quantity is Quantity.MENTIONS:
        return [(at, float(count)) for count, (at, _) in enumerate(course.posts, start=1)]
    return [(at, float(total)) for at, total in course.counters.get(quantity, ())]


def _exactly(count: float) -> Quantiles:
    return Quantiles(low90=count, low50=count, median=count, high50=count, high90=count)


def _drawn(
    quantity: Quantity,
    totals: Sequence[tuple[datetime, float]],
    bands: Sequence[tuple[datetime, Quantiles]],
    moments: Sequence[datetime],
    zone: tzinfo,
    alerts: Sequence[Alert],
    half_at: datetime | None,
) -> Chart | None:
    if not totals or min(moments) == max(moments):
        return None
    came = max(total for _, total in totals)
    reach = max((said.high90 for _, said in bands), default=0.0)
    middle = max((said.median for _, said in bands), default=0.0)
    top = min(reach, _HIGHEST * max(came, middle))
    plan = _Plan(min(moments), max(moments), max(came, top, 1.0) * _HEADROOM)
    outline: dict[str, str] = {}
    if len(bands) > 1:
        outline = {
            "possible": plan.band([(at, said.low90, said.high90) for at, said in bands]),
            "likely": plan.band([(at, said.low50, said.high50) for at, said in bands]),
            "expected": plan.points([(at, said.median) for at, said in bands]),
        }
    return Chart(
        quantity=quantity,
        line=plan.points(_steps(_thinned(totals))),
        half=None if half_at is None else plan.x(half_at),
        alerts=tuple(Mark(at=plan.x(alert.raised_at), level=alert.level.value) for alert in alerts),
        hours=tuple(Tick(plan.x(at), lines) for at, lines in _moments(plan.first, plan.last, zone)),
        counts=tuple(Tick(plan.y(count), (_grouped(count),)) for count in _round_counts(plan.top)),
        cut=reach > plan.top,
        **outline,
    )


@attrs.frozen
class _Plan:
    """Where moments and counts stand in the drawing; what is above its top stands at the top."""

    first: datetime
    last: datetime
    top: float

    def x(self, moment: datetime) -> float:
        share = (moment - self.first) / (self.last - self.first)
        return round(_LEFT + share * (WIDTH - _LEFT - _RIGHT), 1)

    def y(self, count: float) -> float:
        share = min(count, self.top) / self.top
        return round(HEIGHT - _BOTTOM - share * (HEIGHT - _TOP - _BOTTOM), 1)

    def points(self, places: Sequence[tuple[datetime, float]]) -> str:
        return " ".join(f"{self.x(at):g},{self.y(count):g}" for at, count in places)

    def band(self, places: Sequence[tuple[datetime, float, float]]) -> str:
        above = [(at, high) for at, _, high in places]
        below = [(at, low) for at, low, _ in reversed(places)]
        return self.points([*above, *below])


def _thinned(totals: Sequence[tuple[datetime, float]]) -> list[tuple[datetime, float]]:
    """No more points than can be seen; the first and the last stay."""
    if len(totals) <= _MOST_POINTS:
        return list(totals)
    step = (len(totals) - 1) / (_MOST_POINTS - 1)
    return [totals[round(number * step)] for number in range(_MOST_POINTS)]


def _steps(totals: Sequence[tuple[datetime, float]]) -> list[tuple[datetime, float]]:
    """A count stays what it was until the next post."""
    corners = [totals[0]]
    for (_, before), (at, after) in pairwise(totals):
        corners += [(at, before), (at, after)]
    return corners


def _moments(
    first: datetime, last: datetime, zone: tzinfo
) -> list[tuple[datetime, tuple[str, ...]]]:
    """Round moments on the reader's clock; the date stands where it changes."""
    span = last - first
    step = next((step for step in _STEPS if span / step <= _MOST_TICKS), _STEPS[-1])
    local = first.astimezone(zone)
    tick = datetime.combine(local.date(), time.min, zone)
    ticks = []
    dated = None
    while tick <= last:
        if tick >= first:
            clock = () if step >= timedelta(days=1) else (f"{tick:%H:%M}",)
            date = () if tick.date() == dated else (f"{tick:%m-%d}",)
            ticks.append((tick, (*clock, *date)))
            dated = tick.date()
        tick += step
    return ticks


def _round_counts(top: float) -> list[float]:
    """Three to five round counts from nothing up."""
    steps = [size * 10**power for power in range(10) for size in (1, 2, 5)]
    step = steps[min(bisect_left(steps, top / 4), len(steps) - 1)]
    marks = [number * float(step) for number in range(6)]
    return marks[: bisect_right(marks, top)]


def _grouped(count: float) -> str:
    """Digits in groups of three, parted by a thin space as no locale objects to."""
    return f"{count:,.0f}".replace(",", "\u2009")

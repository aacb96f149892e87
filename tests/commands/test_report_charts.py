"""Drawings of incidents: everything stays in the drawing, and nothing is said too early."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC
from zoneinfo import ZoneInfo

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.commands.report_charts import (
    HEIGHT,
    WIDTH,
    Chart,
    ahead_chart,
    course_chart,
    foretold_at_alert,
)
from monitor.domain import Forecast, Level, Quantiles, Quantity
from monitor.replay import Course
from tests.test_backtest import HOUR, course, forecast


def chart(of: Course) -> Chart:
    drawn = course_chart(of, Quantity.MENTIONS, UTC)
    assert drawn is not None
    return drawn


def places(points: str) -> list[tuple[float, float]]:
    return [(float(x), float(y)) for x, y in (pair.split(",") for pair in points.split())]


def fan(made: float, *horizons: float) -> list[Forecast]:
    return [
        attrs.evolve(forecast(made, 2 * ahead, 30 * ahead, None), horizon=HOUR * ahead)
        for ahead in horizons
    ]


@given(
    hours=st.lists(st.integers(0, 9000), min_size=2, max_size=900, unique=True).map(sorted),
    told=st.lists(st.integers(0, 9000), max_size=3),
    ahead=st.lists(st.sampled_from([1.0, 6.0, 24.0, 168.0]), unique=True),
)
def test_everything_stays_in_the_drawing(
    hours: Sequence[float], told: Sequence[float], ahead: Sequence[float]
) -> None:
    drawn = chart(
        course("bags", hours, *((at, Level.HIGH) for at in told), forecasts=fan(hours[0], *ahead))
    )
    marks = [(mark.at, 20.0) for mark in drawn.alerts]
    for points in (drawn.line, drawn.possible, drawn.likely, drawn.expected):
        marks += places(points)
    assert all(0 <= x <= WIDTH and 0 <= y <= HEIGHT for x, y in marks)
    seen = [y for _, y in places(drawn.line)]
    assert seen == sorted(seen, reverse=True), "a running total of posts never falls"


def test_the_forecast_that_is_drawn_is_the_one_of_the_first_alert() -> None:
    made = [*fan(1, 1, 6), *fan(3, 1, 6), *fan(9, 1, 6)]
    told = course("bags", range(12), (4, Level.WATCH), (10, Level.HIGH), forecasts=made)
    assert list(foretold_at_alert(told, Quantity.MENTIONS)) == made[2:4]
    early = course("bags", range(12), (0.5, Level.WATCH), forecasts=made)
    assert list(foretold_at_alert(early, Quantity.MENTIONS)) == made[:2]
    assert foretold_at_alert(early, Quantity.VIEWS) == ()


def test_what_is_forecast_for_a_week_does_not_squeeze_what_came() -> None:
    day, week = (
        chart(course("bags", range(12), (4, Level.HIGH), forecasts=fan(3, 1, *more)))
        for more in ((24,), (24, 168))
    )
    assert day == week


def test_a_band_that_reaches_far_beyond_what_came_is_cut_and_said_to_be() -> None:
    said = Quantiles(low90=3, low50=3, median=4, high50=9, high90=900)
    wide = [attrs.evolve(one, quantiles=said) for one in fan(2, 1, 24)]
    assert chart(course("bags", range(4), (2, Level.HIGH), forecasts=wide)).cut
    assert not chart(course("bags", range(40), (2, Level.HIGH), forecasts=fan(2, 1))).cut


def test_nothing_is_drawn_of_a_single_moment() -> None:
    assert course_chart(course("bags", [3]), Quantity.MENTIONS, UTC) is None
    assert course_chart(course("bags", range(9)), Quantity.VIEWS, UTC) is None


@pytest.mark.parametrize("due", [0, 3, 4, 9])
def test_forecasts_are_drawn_where_they_fell_due_from_four_on(due: int) -> None:
    made = [forecast(hour, 3, 9, 5) for hour in range(due)] + [forecast(20, 3, 9, None)]
    drawn = ahead_chart(course("bags", range(9), forecasts=made), Quantity.MENTIONS, HOUR, UTC)
    assert (drawn is not None) is (due >= 4)
    if drawn is not None:
        assert len(places(drawn.expected)) == due


@pytest.mark.parametrize("span", [0.01, 0.4, 5, 30, 200, 9000])
@pytest.mark.parametrize("zone", ["UTC", "Asia/Taipei", "America/New_York"])
def test_the_axis_has_a_few_round_moments_of_the_readers_clock(span: float, zone: str) -> None:
    drawn = course_chart(course("bags", [0, span]), Quantity.MENTIONS, ZoneInfo(zone))
    assert drawn is not None
    assert len(drawn.hours) <= 7
    assert [tick.at for tick in drawn.hours] == sorted(tick.at for tick in drawn.hours)
    if span >= 5:
        assert drawn.hours
    if span == 30:
        assert drawn.hours[0].lines[0] in {"00:00", "06:00", "12:00", "18:00"}


def test_an_alert_stands_at_its_moment() -> None:
    [early, late] = chart(course("bags", [0, 10], (0, Level.WATCH), (5, Level.HIGH))).alerts
    assert (early.level, late.level) == ("watch", "high")
    assert late.at == pytest.approx((early.at + WIDTH - 10) / 2, abs=0.2)

"""Pictures are judged by what their pixels show."""

from __future__ import annotations

import io
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import attrs
import numpy as np
import pytest
from PIL import Image, ImageColor

from alerts.brief import Series
from alerts.charts import PALETTE, DayOfSentiment, growth_chart, sentiment_chart
from monitor.domain import Quantity
from tests.alerts.examples import DELTA, NOW, forecast

VIEWS = DELTA.series[1]


def amount(png: bytes, colour: str) -> float:
    """The share of a picture that has nearly this colour."""
    pixels = np.asarray(Image.open(io.BytesIO(png)).convert("RGB"), dtype=int)
    distance = np.abs(pixels - np.array(ImageColor.getrgb(colour))).sum(axis=2)
    return float((distance < 30).mean())


def day(number: int, negative: int, neutral: int, positive: int) -> DayOfSentiment:
    return DayOfSentiment(date(2026, 11, 16) + timedelta(days=number), negative, neutral, positive)


def test_a_forecast_is_drawn_beside_what_was_seen() -> None:
    without = growth_chart(VIEWS, (), UTC)
    with_one = growth_chart(VIEWS, DELTA.forecasts, UTC)
    assert amount(without, PALETTE.seen) > 0.003
    assert amount(without, PALETTE.likely) == 0
    assert amount(with_one, PALETTE.likely) > 0.0005
    assert amount(with_one, PALETTE.seen) > 0


def test_forecasts_of_another_quantity_and_empty_ones_are_not_drawn() -> None:
    others = (DELTA.forecasts[0], forecast(Quantity.VIEWS, 24, 12_480))
    assert growth_chart(VIEWS, others, UTC) == growth_chart(VIEWS, (), UTC)


def test_the_same_facts_give_the_same_picture() -> None:
    assert growth_chart(VIEWS, DELTA.forecasts, UTC) == growth_chart(VIEWS, DELTA.forecasts, UTC)


@pytest.mark.parametrize(
    "span",
    [timedelta(seconds=1), timedelta(minutes=7), timedelta(hours=30), timedelta(days=3000)],
)
@pytest.mark.parametrize("zone", ["UTC", "Asia/Taipei", "America/New_York"])
def test_any_span_of_time_can_be_drawn(span: timedelta, zone: str) -> None:
    points = tuple((NOW + span * (step / 4), 10**step) for step in range(5))
    png = growth_chart(Series(quantity=Quantity.VIEWS, points=points), (), ZoneInfo(zone))
    assert len(png) < 40_000
    assert amount(png, PALETTE.seen) > 0.003


def test_the_night_when_clocks_change_can_be_drawn() -> None:
    start = datetime(2026, 11, 1, 3, 0, tzinfo=UTC)
    points = tuple((start + timedelta(hours=step), step) for step in range(12))
    png = growth_chart(
        Series(quantity=Quantity.MENTIONS, points=points), (), ZoneInfo("America/New_York")
    )
    assert amount(png, PALETTE.seen) > 0.003


def test_huge_and_flat_totals_can_be_drawn() -> None:
    flat = attrs.evolve(VIEWS, points=tuple((moment, 0) for moment, _ in VIEWS.points))
    huge = attrs.evolve(VIEWS, points=tuple((moment, 10**10) for moment, _ in VIEWS.points))
    assert amount(growth_chart(flat, (), UTC), PALETTE.seen) > 0.001
    assert amount(growth_chart(huge, (), UTC), PALETTE.seen) > 0.003


def test_bars_show_each_sentiment_in_its_share() -> None:
    png = sentiment_chart([day(0, 30, 10, 10), day(1, 30, 10, 10)])
    negative, neutral, positive = (
        amount(png, colour) for colour in (PALETTE.negative, PALETTE.neutral, PALETTE.positive)
    )
    assert negative == pytest.approx(3 * neutral, rel=0.2)
    assert neutral == pytest.approx(positive, rel=0.2)


def test_a_month_of_days_can_be_drawn() -> None:
    png = sentiment_chart([day(number, number, 3, 1) for number in range(31)])
    assert len(png) < 40_000
    assert amount(png, PALETTE.negative) > 0.05

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from itertools import pairwise

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.domain import Forecast, Quantity
from monitor.virality.forecast import HORIZONS, Forecaster
from monitor.virality.growth import GrowthModelError
from monitor.virality.recalibration import Recalibration

START = datetime(2026, 3, 1, 20, tzinfo=UTC)
FORECASTER = Forecaster.load()
SOURCES = ("any", "links", "news", "twitter", "weibo")


def minutes(*after: float) -> list[datetime]:
    return [START + timedelta(minutes=one) for one in after]


def assert_honest(forecasts: list[Forecast]) -> None:
    """One a horizon; never below what was seen; never less over a longer horizon."""
    assert tuple(forecast.horizon for forecast in forecasts) == HORIZONS
    spoken = [forecast.quantiles for forecast in forecasts if forecast.quantiles is not None]
    assert len(spoken) in (0, len(HORIZONS))
    rows = [attrs.astuple(quantiles) for quantiles in spoken]
    for row, forecast in zip(rows, forecasts, strict=False):
        assert min(row) >= forecast.seen
        assert list(row) == sorted(row)
    for shorter, longer in pairwise(rows):
        assert all(before <= after for before, after in zip(shorter, longer, strict=True))


ages = st.lists(st.floats(0, 60 * 24 * 10), max_size=60)


@given(ages, st.floats(0, 60 * 24 * 12), st.sampled_from(SOURCES))
def test_mentions_are_forecast_honestly_whatever_came(
    came: list[float], now: float, source: str
) -> None:
    forecaster = attrs.evolve(FORECASTER, source=source)
    forecasts = forecaster.mentions("i", minutes(*came), START + timedelta(minutes=now))
    assert_honest(forecasts)
    assert forecasts[0].seen == sum(one <= START + timedelta(minutes=now) for one in minutes(*came))


@given(st.lists(st.floats(0, 300), min_size=3, max_size=40))
def test_the_order_in_which_posts_are_given_does_not_matter(came: list[float]) -> None:
    times, now = minutes(*came), START + timedelta(hours=6)
    assert FORECASTER.mentions("i", times[::-1], now) == FORECASTER.mentions("i", times, now)


@given(st.lists(st.floats(0, 300), min_size=3, max_size=40), st.integers(-14, 14))
def test_the_time_zone_in_which_posts_are_given_does_not_matter(
    came: list[float], offset: int
) -> None:
    times, now = minutes(*came), START + timedelta(hours=6)
    zone = timezone(timedelta(hours=offset))
    elsewhere = FORECASTER.mentions("i", [time.astimezone(zone) for time in times], now)
    assert elsewhere == FORECASTER.mentions("i", times, now)


readings = st.lists(st.tuples(st.floats(-60, 60 * 24 * 5), st.integers(0, 10**9)), max_size=30)


@given(readings, st.floats(-30, 60 * 24 * 6), st.sampled_from([Quantity.VIEWS, Quantity.SHARES]))
def test_counters_are_forecast_honestly_whatever_was_read(
    read: list[tuple[float, int]], now: float, quantity: Quantity
) -> None:
    series = [(START + timedelta(minutes=minute), count) for minute, count in read]
    forecasts = FORECASTER.counter("i", quantity, series, START, START + timedelta(minutes=now))
    assert_honest(forecasts)
    assert {forecast.quantity for forecast in forecasts} == {quantity}


@pytest.mark.parametrize(
    ("came", "now", "speaks"),
    [
        ((), 60, False),
        ((0, 1), 60, False),
        ((0, 1, 2), 4, False),
        ((0, 1, 2), 5, True),
        ((0, 1, 2, 3), 4, False),
        ((0, 1, 2, 3, 4), 4, True),
        ((0, 0, 0, 0, 0), 0, True),
        ((0, 1, 2, 90), 60, True),
        ((0, 1, 90), 60, False),
    ],
)
def test_too_little_seen_is_an_answer(came: tuple[float, ...], now: float, speaks: bool) -> None:
    forecasts = FORECASTER.mentions("i", minutes(*came), START + timedelta(minutes=now))
    assert [forecast.quantiles is not None for forecast in forecasts] == [speaks] * len(HORIZONS)


def test_two_posts_of_one_moment_are_two_posts() -> None:
    forecast, *_ = FORECASTER.mentions("i", minutes(0, 5, 5, 5), START + timedelta(minutes=10))
    assert forecast.seen == 4


def test_what_has_gone_quiet_grows_less_than_what_still_runs() -> None:
    now = START + timedelta(hours=12)
    quiet = FORECASTER.mentions("i", minutes(*range(60)), now)
    running = FORECASTER.mentions("i", minutes(*range(0, 720, 12)), now)
    for calm, busy in zip(quiet, running, strict=True):
        assert calm.quantiles is not None
        assert busy.quantiles is not None
        assert calm.seen == busy.seen
        assert calm.quantiles.median < busy.quantiles.median
        assert calm.quantiles.high90 <= busy.quantiles.high90


def views(*read: tuple[float, int]) -> list[tuple[datetime, int]]:
    return [(START + timedelta(hours=hour), count) for hour, count in read]


def ask(series: list[tuple[datetime, int]], hours: float) -> list[Forecast]:
    now = START + timedelta(hours=hours)
    return FORECASTER.counter("i", Quantity.VIEWS, series, START, now)


@pytest.mark.parametrize(
    ("series", "hours", "speaks"),
    [
        (views(), 2, False),
        (views((1, 100)), 2, False),
        (views((1, 100), (1, 120)), 2, False),
        (views((1, 0), (2, 0)), 2, False),
        (views((1, 0), (2, 10)), 2, True),
        (views((1, 100), (2, 100)), 2, True),
        (views((1, 100), (2, 150)), 5, True),
        (views((1, 100), (2, 150)), 5.1, False),
        (views((1, 100), (9, 150)), 2, False),
        (views((-2, 100), (-1, 150)), 1, False),
    ],
)
def test_a_counter_needs_two_recent_readings_above_nothing(
    series: list[tuple[datetime, int]], hours: float, speaks: bool
) -> None:
    assert [one.quantiles is not None for one in ask(series, hours)] == [speaks] * len(HORIZONS)


def test_a_counter_that_still_rises_is_expected_to_go_further() -> None:
    resting = ask(views((2, 9_000), (4, 10_000), (8, 10_000)), 8)[-1].quantiles
    rising = ask(views((2, 1_000), (4, 3_000), (8, 10_000)), 8)[-1].quantiles
    assert resting is not None
    assert rising is not None
    assert resting.median < rising.median
    assert resting.high90 <= rising.high90


def test_a_counter_that_falls_goes_on_from_its_newest_reading() -> None:
    fallen = ask(views((1, 50_000), (2, 60_000), (3, 400), (4, 500)), 4)
    assert {forecast.seen for forecast in fallen} == {500}
    assert_honest(fallen)


def test_readings_are_taken_in_any_order() -> None:
    series = views((1, 100), (2, 150), (3, 400))
    assert ask(series[::-1], 3) == ask(series, 3)


def test_time_since_the_last_reading_counts_as_growth_not_seen() -> None:
    series = views((1, 1_000), (2, 3_000))
    fresh, unread = ask(series, 2)[0].quantiles, ask(series, 4)[0].quantiles
    assert fresh is not None
    assert unread is not None
    assert fresh.median < unread.median


def test_the_same_posts_give_the_same_forecast_under_the_models_name() -> None:
    times, now = minutes(*range(20)), START + timedelta(hours=1)
    assert FORECASTER.mentions("i", times, now) == Forecaster.load().mentions("i", times, now)
    assert {one.model for one in FORECASTER.mentions("i", times, now)} == {"growth-2/any"}


def test_a_time_without_a_zone_is_refused() -> None:
    naive = datetime(2026, 3, 1, 20)  # noqa: DTZ001 - the mistake that is tested
    with pytest.raises(TypeError, match="offset-naive"):
        FORECASTER.mentions("i", [naive], START)


def test_every_kind_of_the_shipped_model_can_be_chosen() -> None:
    assert sorted(FORECASTER.growth.calibration) == sorted(SOURCES)
    assert Forecaster.load(source="weibo").model == "growth-2/weibo"


def test_an_unknown_kind_is_refused_with_those_that_exist() -> None:
    with pytest.raises(GrowthModelError, match="choose one of any, links, news, twitter, weibo"):
        Forecaster.load(source="myspace")


def test_a_first_post_is_enough_where_its_authors_audience_is_known() -> None:
    now = START + timedelta(minutes=30)
    (unknown, *_), (known, *_) = (
        FORECASTER.mentions("i", minutes(0), now, audience) for audience in (None, 400_000)
    )
    assert unknown.quantiles is None
    assert known.quantiles is not None


def test_what_the_installation_learned_of_itself_changes_the_forecast_and_its_name() -> None:
    times, now = minutes(*range(20)), START + timedelta(hours=1)
    own = attrs.evolve(FORECASTER, own=Recalibration(factor=0.3, incidents=40))
    lower, usual = (each.mentions("i", times, now)[2] for each in (own, FORECASTER))
    assert lower.quantiles is not None
    assert usual.quantiles is not None
    assert lower.quantiles.median < usual.quantiles.median
    assert lower.model == "growth-2/any+own"

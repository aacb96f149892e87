"""The record of forecasts: nothing looks better than it was, and five are no proof."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import pairwise

import attrs
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from monitor.domain import Forecast, Quantiles, Quantity
from monitor.virality.record import (
    FACTOR,
    LEVELS,
    Record,
    Share,
    exceeding,
    first_told,
    interval_score,
    records,
)

PATIENTLY = settings(deadline=None)  # a busy machine is slow, not wrong
MADE = datetime(2026, 3, 2, 6, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)


def quantiles(*values: float) -> Quantiles:
    low90, low50, median, high50, high90 = values
    return Quantiles(low90=low90, low50=low50, median=median, high50=high50, high90=high90)


SAID = quantiles(12, 15, 20, 30, 60)


def forecast(
    outcome: int | None,
    *,
    incident: str = "a",
    said: Quantiles | None = SAID,
    hours: int = 1,
    minutes: float = 0,
    model: str = "growth",
    quantity: Quantity = Quantity.MENTIONS,
) -> Forecast:
    return Forecast(
        incident=incident,
        quantity=quantity,
        horizon=hours * HOUR,
        made_at=MADE + timedelta(minutes=minutes),
        seen=10,
        model=model,
        quantiles=said,
        outcome=outcome,
    )


def only(*forecasts: Forecast) -> Record:
    (record,) = records(forecasts)
    return record


# --- probabilities ------------------------------------------------------------------------------

totals = st.integers(1, 10**7)
told = st.tuples(totals, st.lists(st.floats(0, 6), min_size=5, max_size=5)).map(
    lambda drawn: (drawn[0], quantiles(*np.rint(drawn[0] * np.exp(sorted(drawn[1])))))
)


@PATIENTLY
@given(told, st.lists(st.floats(0, 1e9), min_size=2, max_size=20))
def test_more_is_never_likelier_than_less(said: tuple[int, Quantiles], asked: list[float]) -> None:
    found = [exceeding(said[1], said[0], total) for total in sorted(asked)]
    assert all(0 <= one <= 1 for one in found)
    assert all(less >= more for less, more in pairwise(found))


@PATIENTLY
@given(told)
def test_a_quantile_is_exceeded_as_often_as_it_says(said: tuple[int, Quantiles]) -> None:
    seen, stated = said
    values = attrs.astuple(stated)
    for place, value in enumerate(values):
        level = max(LEVELS[other] for other in range(5) if values[other] == value)
        assert exceeding(stated, seen, value) == pytest.approx(1 - level)
        assert place == 4 or exceeding(stated, seen, value) >= 1 - LEVELS[-1]


@PATIENTLY
@given(told)
def test_what_was_seen_is_reached_already(said: tuple[int, Quantiles]) -> None:
    assert exceeding(said[1], said[0], said[0] - 1) == 1.0


def test_between_two_quantiles_it_is_read_on_the_scale_of_ratios() -> None:
    halfway = np.sqrt(21 * 31) - 1
    assert exceeding(SAID, 10, float(halfway)) == pytest.approx(0.375)
    assert exceeding(SAID, 10, 60 * 2) == pytest.approx(0.05 / 5, rel=0.05)


def test_a_forecast_of_no_growth_gives_growth_no_chance() -> None:
    still = quantiles(10, 10, 10, 10, 10)
    assert exceeding(still, 10, 9) == 1.0
    assert exceeding(still, 10, 10) == pytest.approx(0.05)
    assert exceeding(still, 10, 11) == 0.0


def test_quantiles_below_what_was_seen_are_taken_as_they_are() -> None:
    assert exceeding(quantiles(5, 6, 7, 8, 9), 10, 7) == pytest.approx(0.5)


# --- scores -------------------------------------------------------------------------------------


@PATIENTLY
@given(told, totals)
def test_no_forecast_scores_better_than_what_came(
    said: tuple[int, Quantiles], outcome: int
) -> None:
    sure = quantiles(*[outcome] * 5)
    assert interval_score(said[1], outcome) >= interval_score(sure, outcome) == 0


@PATIENTLY
@given(st.lists(st.integers(10, 500), min_size=30, max_size=200))
def test_whoever_knows_the_distribution_scores_best_on_it(came: list[int]) -> None:
    true = quantiles(*np.quantile(came, LEVELS, method="inverted_cdf"))
    scores = [
        sum(interval_score(said, one) for one in came)
        for said in (true, quantiles(*(1.5 * np.array(attrs.astuple(true)))), SAID)
    ]
    assert scores[0] <= min(scores[1:]) + 1e-9


@PATIENTLY
@given(st.floats(0, 1), st.integers(1, 10_000))
def test_a_share_lies_within_its_interval_and_that_within_0_and_1(value: float, of: int) -> None:
    share = Share(value=value, of=of)
    assert 0 <= share.low <= value + 1e-9
    assert value - 1e-9 <= share.high <= 1


def test_the_interval_of_a_share_is_wilsons() -> None:
    share = Share(value=0.9, of=10)
    assert (share.low, share.high) == pytest.approx((0.6523, 0.9774), abs=0.0001)


# --- the record ---------------------------------------------------------------------------------


def test_nothing_graded_has_no_record() -> None:
    assert list(records([])) == []
    assert list(records([forecast(None), forecast(9, said=None)])) == []


def test_one_forecast_has_a_record_that_proves_nothing() -> None:
    record = only(forecast(25))
    assert (record.forecasts, record.incidents) == (1, 1)
    assert record.error == pytest.approx(0.2)
    assert (record.inside50.value, record.inside90.value) == (1.0, 1.0)
    assert record.inside90.low < 0.3
    assert record.brier == pytest.approx(exceeding(SAID, 10, 20) ** 2) == pytest.approx(0.25)
    assert record.exceeded.value == 1.0


def test_quantity_horizon_and_model_are_graded_apart() -> None:
    found = list(
        records(
            [
                forecast(25),
                forecast(25, model="other"),
                forecast(25, hours=6),
                forecast(25, quantity=Quantity.VIEWS),
            ]
        )
    )
    assert [record.forecasts for record in found] == [1, 1, 1, 1]


def test_an_incident_that_was_forecast_often_has_one_vote() -> None:
    often = [forecast(20, minutes=minute) for minute in range(98)]
    record = only(*often, forecast(200, incident="b"), forecast(200, incident="c"))
    assert (record.forecasts, record.incidents) == (100, 3)
    assert record.inside90.value == pytest.approx(1 / 3)
    assert record.inside90.of == 3
    assert record.error == pytest.approx(0.9)
    assert record.exceeded.value == pytest.approx(2 / 3)


def test_with_one_forecast_an_incident_the_error_is_the_common_median() -> None:
    came = [14, 18, 22, 31, 44, 90]
    record = only(*(forecast(one, incident=str(one)) for one in came))
    assert record.error == pytest.approx(np.median([abs(20 - one) / one for one in came]))


def test_stated_probabilities_are_held_against_what_came_true() -> None:
    """Of forecasts that said 50 %, half came true; of those that said 0, none."""
    still = quantiles(10, 10, 10, 10, 10)
    mixed = [forecast(21 if n % 2 else 20, incident=f"m{n}") for n in range(40)]
    calm = [forecast(10, incident=f"c{n}", said=still) for n in range(40)]
    low, middle = only(*mixed, *calm).stated
    assert (low.stated, low.happened.value, low.happened.of) == (0.0, 0.0, 40)
    assert middle.stated == pytest.approx(0.5)
    assert middle.happened.value == pytest.approx(0.5)


def test_whoever_states_the_usual_share_gains_nothing_by_it() -> None:
    said = quantiles(10, 10, 10, FACTOR * 10, FACTOR * 100)
    came = [forecast(21 if n % 4 == 0 else 15, incident=str(n), said=said) for n in range(80)]
    record = only(*came)
    assert record.brier == pytest.approx(record.brier_of_usual) == pytest.approx(0.1875)


def test_calibrated_forecasts_are_found_calibrated() -> None:
    rng = np.random.default_rng(5)
    came = 10 * np.exp(rng.exponential(0.8, 2000))
    said = quantiles(*(10 * np.exp(-0.8 * np.log(1 - np.array(LEVELS)))))
    record = only(*(forecast(round(one), incident=str(n), said=said) for n, one in enumerate(came)))
    assert record.inside50.value == pytest.approx(0.5, abs=0.05)
    assert record.inside90.value == pytest.approx(0.9, abs=0.03)
    assert record.brier < record.brier_of_usual + 0.002


@PATIENTLY
@given(
    st.lists(
        st.tuples(st.sampled_from("abcdef"), st.integers(0, 10**6), told), min_size=1, max_size=30
    )
)
def test_whatever_came_the_record_is_one(
    drawn: list[tuple[str, int, tuple[int, Quantiles]]],
) -> None:
    record = only(
        *(forecast(outcome, incident=name, said=said[1]) for name, outcome, said in drawn)
    )
    assert record.forecasts == len(drawn)
    assert record.incidents == len({name for name, _, _ in drawn})
    assert 0 <= record.inside50.value <= record.inside90.value + 1e-12 <= 1 + 1e-12
    assert 0 <= record.brier <= 1
    assert record.error >= 0
    assert sum(one.happened.of for one in record.stated) >= record.incidents


# --- bands --------------------------------------------------------------------------------------


def test_the_bands_that_were_told_first_are_those_of_mentions_nearest_first() -> None:
    first = [forecast(30, hours=24, minutes=10), forecast(20, minutes=10)]
    others = [
        forecast(20, minutes=5, said=None),
        forecast(None, minutes=5),
        forecast(9, minutes=0, quantity=Quantity.VIEWS),
        forecast(20, minutes=15),
    ]
    assert first_told([*first, *others]) == first[::-1]
    assert first_told(others[:3]) == []

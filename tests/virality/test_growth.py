from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from monitor.virality.forecast import Forecaster
from monitor.virality.growth import Progress, Strata

TABLE = Forecaster.load().table


def steady(age: float, seen: int) -> Progress:
    return Progress(age=age, seen=seen, total_at=lambda at: seen * max(at, 0) / age)


def stopped(age: float, seen: int) -> Progress:
    """All of it came at once, at the beginning."""
    return Progress(age=age, seen=seen, total_at=lambda _: seen)


@given(
    st.floats(1 / 60, 1000),
    st.integers(3, 10**6),
    st.lists(st.floats(0, 24), min_size=2, max_size=2).map(sorted),
    st.sampled_from(sorted(TABLE.sources)),
    st.booleans(),
)
def test_growth_never_falls_crosses_or_shrinks_with_the_horizon(
    age: float, seen: int, horizons: list[float], source: str, runs: bool
) -> None:
    progress = steady(age, seen) if runs else stopped(age, seen)
    shorter, longer = (TABLE.growth(source, progress, horizon) for horizon in horizons)
    for levels in (shorter, longer):
        assert min(levels) >= 0
        assert all(low <= high + 1e-12 for low, high in pairwise(levels))
    assert all(near <= far + 1e-12 for near, far in zip(shorter, longer, strict=True))


def test_over_no_time_nothing_grows() -> None:
    assert TABLE.growth("pooled", steady(2, 50), 0) == (0, 0, 0, 0, 0)


def test_the_table_is_met_exactly_at_its_own_ages_and_horizons() -> None:
    strata = TABLE.strata
    hour, six_hours = strata.ages.index(1.0), strata.horizons.index(6.0)
    cell = TABLE.sources["news"][six_hours][hour][strata.recency(0.5)][strata.size(50)]
    assert TABLE.growth("news", steady(1.0, 50), 6.0) == pytest.approx(cell)


def test_what_is_older_than_the_table_is_taken_as_of_its_oldest_age() -> None:
    old = TABLE.growth("pooled", stopped(72, 50), 24)
    assert TABLE.growth("pooled", stopped(1_000, 50), 24) == pytest.approx(old)


def test_a_dead_story_is_expected_to_stay_dead() -> None:
    _, _, median, high50, _ = TABLE.growth("pooled", stopped(48, 20), 1)
    assert (median, high50) == (0, 0)


@pytest.mark.parametrize("field", ["ages", "horizons", "size_edges", "recency_edges"])
@pytest.mark.parametrize("values", [(2.0, 1.0), (1.0, 1.0), (0.0, 1.0), ()])
def test_a_cut_that_does_not_rise_is_refused(field: str, values: tuple[float, ...]) -> None:
    cut = TABLE.strata.model_dump() | {field: values}
    with pytest.raises(ValidationError, match=r"must be positive and rise|at least 1 item"):
        Strata.model_validate(cut)

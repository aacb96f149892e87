from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.virality.curve import Curve

readings = st.lists(
    st.tuples(st.floats(0.01, 500), st.integers(0, 10**9)),
    min_size=1,
    max_size=30,
    unique_by=lambda reading: reading[0],
).map(sorted)


@given(readings)
def test_a_counters_curve_never_falls_and_ends_at_its_newest_reading(
    read: list[tuple[float, int]],
) -> None:
    curve = Curve.of_readings(read)
    assert all(before <= after for before, after in pairwise(curve.totals))
    assert curve.totals[-1] == read[-1][1]
    assert min(curve.totals) >= 0


@given(readings, st.lists(st.floats(-1, 600), max_size=10).map(sorted))
def test_a_counter_is_somewhere_between_its_readings(
    read: list[tuple[float, int]], ages: list[float]
) -> None:
    totals = Curve.of_readings(read).at(ages)
    assert all(before <= after for before, after in pairwise(totals))
    assert all(0 <= total <= read[-1][1] for total in totals)


def test_a_counter_grows_evenly_between_two_readings() -> None:
    curve = Curve.of_readings([(1.0, 100), (3.0, 300)])
    assert curve.at([0.5, 2.0, 9.0]).tolist() == [50, 200, 300]
    assert curve.reached([150, 300]).tolist() == pytest.approx([1.5, 3.0])


@given(st.lists(st.floats(0, 100), min_size=1, max_size=50).map(sorted))
def test_the_time_of_each_post_is_where_its_number_was_reached(hours: list[float]) -> None:
    curve = Curve.of_posts(hours)
    numbers = np.arange(1.0, len(hours) + 1)
    assert curve.reached(numbers).tolist() == hours
    assert (curve.at(hours) >= numbers).all()


def test_posts_come_one_by_one_and_not_evenly() -> None:
    assert Curve.of_posts([0.0, 1.0]).at([0.0, 0.99, 1.0]).tolist() == [1, 1, 2]

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.virality.curve import Curve
from monitor.virality.features import NAMES, Circumstances, features, with_horizon

UNKNOWN = Circumstances()


def told(hours: list[float], age: float, known: Circumstances = UNKNOWN) -> dict[str, float]:
    row = with_horizon(features(Curve.of_posts(hours), age, known), 6.0)
    return dict(zip(NAMES, row.tolist(), strict=True))


@given(st.lists(st.floats(0, 100), min_size=1, max_size=80).map(sorted), st.floats(0.01, 200))
def test_every_feature_is_a_number_but_what_is_not_known(hours: list[float], more: float) -> None:
    found = told([hour - hours[0] for hour in hours], hours[-1] - hours[0] + more)
    unknown = {name for name, value in found.items() if math.isnan(value)}
    assert unknown == {"hour_of_day", "log_audience"}
    assert all(math.isfinite(value) for name, value in found.items() if name not in unknown)
    assert all(0 <= value <= 1 for name, value in found.items() if name.startswith("share"))


def test_the_features_say_how_posts_are_spread_over_a_storys_life() -> None:
    burst = told([0.0, 0.1, 0.1, 0.2], 8.0)
    rising = told([0.0, 7.0, 7.9, 8.0], 8.0)
    assert burst["share_of_first_1/2"] == 1
    assert rising["share_of_last_1/2"] == 0.75
    assert burst["log_quiet"] > rising["log_quiet"]
    assert burst["log_time_of_post_3"] < rising["log_time_of_post_3"]
    assert burst["log_time_of_post_5"] == rising["log_time_of_post_5"] == 1


def test_what_is_known_of_the_author_and_the_hour_is_told() -> None:
    found = told([0.0], 1.0, Circumstances(hour_of_day=21.5, audience=99))
    assert found["hour_of_day"] == 21.5
    assert found["log_audience"] == pytest.approx(math.log(100))


@given(st.floats(0.1, 100))
def test_shares_do_not_depend_on_the_scale_of_time(scale: float) -> None:
    hours = np.array([0.0, 0.3, 0.31, 0.8, 0.95])
    one = features(Curve.of_posts(hours), 1.0, UNKNOWN)
    other = features(Curve.of_posts(hours * scale), scale, UNKNOWN)
    alike = [place for place, name in enumerate(NAMES[:-2]) if name.startswith("share")]
    assert other[alike] == pytest.approx(one[alike])

from __future__ import annotations

import json
import math
import shutil
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.virality.curve import Curve
from monitor.virality.explanation import Push
from monitor.virality.features import Circumstances, features, with_horizon
from monitor.virality.forecast import Forecaster
from monitor.virality.growth import (
    ANY,
    VERSION,
    Calibration,
    GrowthModel,
    GrowthModelError,
    within,
)

SHIPPED = Path(__file__).parents[2] / "monitor" / "virality" / "models" / "growth"
MODEL = Forecaster.load().growth


def rows(hours: list[float], age: float, *horizons: float) -> np.ndarray:
    row = features(Curve.of_posts(hours), age, Circumstances())
    return np.stack([with_horizon(row, horizon) for horizon in horizons])


@given(
    st.lists(st.floats(0, 50), min_size=1, max_size=60).map(sorted),
    st.floats(0.01, 100),
    st.floats(0.5, 168),
    st.sampled_from([*MODEL.sources, ANY]),
)
def test_levels_never_fall_cross_or_shrink_a_story(
    hours: list[float], more: float, horizon: float, source: str
) -> None:
    (levels,) = MODEL.growth(rows(hours, hours[-1] + more, horizon), source)
    assert levels.min() >= 0
    assert all(low <= high + 1e-12 for low, high in pairwise(levels))


def test_a_dead_story_is_expected_to_stay_dead() -> None:
    hours = [0.0, 0.02, 0.1, 0.3, 0.5, 0.9, 1.5, 2.2, 3.0, 4.0]
    (levels,) = MODEL.growth(rows(hours, 48.0, 1.0), ANY)
    assert np.round(len(hours) * np.exp(levels[:3])).tolist() == [10, 10, 10]


def test_what_pushed_the_median_up_or_down_adds_up_to_it() -> None:
    asked = rows([0.1 * n for n in range(10)], 1.0, 24.0)
    found = MODEL.explain(asked[0], "twitter")
    product = found.usual * math.prod(factor for _, factor in found.pushes)
    assert product == pytest.approx(found.foretold)
    assert found.foretold == pytest.approx(math.exp(MODEL.growth(asked, "twitter")[0][2]), rel=0.01)


def test_a_story_that_went_quiet_is_held_back_by_its_pace() -> None:
    quiet, runs = (
        MODEL.explain(rows(hours, 6.0, 24.0)[0], ANY)
        for hours in ([0.01 * n for n in range(30)], [0.2 * n for n in range(30)])
    )
    assert dict(quiet.pushes)[Push.PACE] < 1 < dict(runs.pushes)[Push.PACE]


@given(
    st.lists(st.floats(0, 5), min_size=5, max_size=5).map(sorted), st.floats(0, 9), st.floats(0, 9)
)
def test_stretched_intervals_hold_the_median_and_one_another(
    levels: list[float], scale50: float, scale90: float
) -> None:
    (found,) = within(np.array([levels]), np.array([scale50]), np.array([scale90]))
    assert all(low <= high for low, high in pairwise(found))
    assert found[2] == levels[2]
    assert found[0] >= 0


def test_the_nearest_age_and_horizon_on_a_scale_of_ratios_are_taken() -> None:
    calibration = Calibration(
        ages=(1.0, 4.0), horizons=(1.0, 24.0), scale50=((1, 2), (3, 4)), scale90=((5, 6), (7, 8))
    )
    assert calibration.scales(0.1, 1.0) == (1, 5)
    assert calibration.scales(1.9, 100.0) == (2, 6)
    assert calibration.scales(2.1, 4.0) == (3, 7)


def test_the_shipped_model_is_small_and_says_where_it_comes_from() -> None:
    assert sum(path.stat().st_size for path in SHIPPED.iterdir()) < 6_000_000
    assert MODEL.provenance.recipe.startswith("python -m monitor.virality.fit")
    assert ANY in MODEL.calibration


def test_a_model_is_written_as_it_is_read(tmp_path: Path) -> None:
    MODEL.write(tmp_path)
    for path in SHIPPED.iterdir():
        assert (tmp_path / path.name).read_bytes() == path.read_bytes()


@pytest.mark.parametrize(
    ("file", "content", "says"),
    [
        ("model.json", "", "no growth model"),
        ("model.json", "[]", "no growth model"),
        ("median.txt", "tree", "no growth model"),
    ],
)
def test_a_model_that_cannot_be_read_says_what_to_do(
    tmp_path: Path, file: str, content: str, says: str
) -> None:
    folder = shutil.copytree(SHIPPED, tmp_path / "growth")
    (folder / file).write_text(content, encoding="utf-8")
    with pytest.raises(GrowthModelError, match=says) as caught:
        GrowthModel.read(folder)
    assert str(folder) in str(caught.value)
    assert "python -m monitor.virality.fit" in str(caught.value)


def test_a_model_of_another_version_is_refused(tmp_path: Path) -> None:
    folder = shutil.copytree(SHIPPED, tmp_path / "growth")
    about = json.loads((folder / "model.json").read_text(encoding="utf-8"))
    (folder / "model.json").write_text(json.dumps(about | {"version": 9}), encoding="utf-8")
    with pytest.raises(
        GrowthModelError, match=f"of version 9, this Sparkwatch reads version {VERSION}"
    ):
        GrowthModel.read(folder)


def test_a_model_that_is_not_there_says_so(tmp_path: Path) -> None:
    with pytest.raises(GrowthModelError, match="no growth model"):
        GrowthModel.read(tmp_path / "absent")

"""Fitting, on cascades made here, and the shipped table, on real ones that it never saw."""

from __future__ import annotations

import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

import attrs
import numpy as np
import pytest

from monitor.virality.cascades import Cascade, Part, parts, read
from monitor.virality.fit import POOLED, STRATA, fit
from monitor.virality.forecast import Forecaster

ROOT = Path(__file__).parents[2]
CASCADES = ROOT / os.environ.get("SPARKWATCH_SHARED", "../shared") / "data" / "cascades"
START = datetime(2026, 1, 1, tzinfo=UTC)


def made(dataset: str, scale: float, count: int = 240) -> list[Cascade]:
    """Stories that go on to some ``scale`` times what they have in the first hour."""
    draw = np.random.default_rng(7)
    return [
        Cascade(
            dataset=dataset,
            began=float(number),
            hours=np.sort(
                np.concatenate(
                    [[0.0], draw.uniform(0, 1, 8), draw.uniform(1, 25, draw.poisson(8 * scale))]
                )
            ),
        )
        for number in range(count)
    ]


def test_data_sets_are_cut_by_time_and_never_across() -> None:
    cut = parts([*made("a", 1)[::-1], *made("b", 1)])
    assert [len(cut[part]) for part in Part] == [240, 120, 120]
    for dataset in "ab":
        latest = max(one.began for one in cut[Part.FIT] if one.dataset == dataset)
        assert latest < min(one.began for one in cut[Part.CALIBRATE] if one.dataset == dataset)


def test_the_last_quarter_is_never_looked_at() -> None:
    stories = made("a", 1)
    spoilt = [
        attrs.evolve(one, hours=np.zeros(5_000)) if one.began >= 180 else one for one in stories
    ]
    assert fit(stories, "").sources == fit(spoilt, "").sources


def test_platforms_that_differ_get_grids_that_differ_and_the_pooled_one_holds_both() -> None:
    table = fit([*made("calm", 0.5), *made("wild", 20)], "")
    assert sorted(table.sources) == ["calm", POOLED, "wild"]
    hour, day = STRATA.ages.index(1.0), STRATA.horizons.index(24.0)
    recency, size = STRATA.recency(0.5), STRATA.size(9)
    calm, pooled, wild = (
        table.sources[name][day][hour][recency][size] for name in ("calm", POOLED, "wild")
    )
    assert calm[2] < wild[2]
    assert pooled[0] <= calm[0]
    assert pooled[4] > calm[4] + 1


@pytest.fixture(scope="module")
def real() -> list[Cascade]:
    if not CASCADES.is_dir():
        pytest.skip(f"the cascades are not here; set SPARKWATCH_SHARED ({CASCADES} is absent)")
    return read(CASCADES)


@pytest.fixture(scope="module")
def unseen(real: list[Cascade]) -> list[Cascade]:
    return parts(real)[Part.TEST]


def test_the_shipped_table_is_what_the_recipe_makes(real: list[Cascade]) -> None:
    shipped = Forecaster.load().table
    assert fit(real, shipped.provenance.data_sha256) == shipped


@pytest.mark.parametrize("dataset", ["weibo_ced", "twitter1516", "url_twitter2010", "inc_recovery"])
@pytest.mark.parametrize("own", [False, True], ids=["pooled", "own"])
def test_intervals_hold_on_cascades_never_seen(
    unseen: list[Cascade], dataset: str, own: bool
) -> None:
    stories = [one for one in unseen if one.dataset == dataset]
    forecaster = Forecaster.load(source=stories[0].platform if own else POOLED)
    held50, held90 = [], []
    for story in stories:
        for age in (0.5, 3.0):
            now = START + timedelta(hours=age)
            times = [START + timedelta(hours=float(hour)) for hour in story.hours]
            for forecast in forecaster.mentions("i", times, now):
                if forecast.quantiles is None:
                    continue
                outcome = story.total(age + forecast.horizon / timedelta(hours=1))
                held50.append(forecast.quantiles.low50 <= outcome <= forecast.quantiles.high50)
                held90.append(forecast.quantiles.low90 <= outcome <= forecast.quantiles.high90)
    assert len(held90) > 1_000
    assert np.mean(held50) > 0.45
    assert np.mean(held90) > 0.86

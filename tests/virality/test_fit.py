"""Fitting, on cascades made here, and the shipped model, on real ones that it never saw."""

from __future__ import annotations

import os
from pathlib import Path

import attrs
import numpy as np
import pytest

from monitor.virality.cascade import Cascade
from monitor.virality.cascades import UnreadableCascadesError, cut, read
from monitor.virality.examples import examples
from monitor.virality.fit import HORIZONS, LEARNED, digest, fit
from monitor.virality.forecast import Forecaster
from monitor.virality.growth import ANY

ROOT = Path(__file__).parents[2]
CASCADES = ROOT / os.environ.get("SPARKWATCH_SHARED", "../shared") / "data" / "cascades"


def made(dataset: str, scale: float, count: int = 150) -> list[Cascade]:
    """Stories that go on to some ``scale`` times what they have in the first hour."""
    draw = np.random.default_rng(7)
    return [
        Cascade(
            dataset=dataset,
            name=str(number),
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
    earlier, later = cut([*made("a", 1)[::-1], *made("b", 1)], LEARNED)
    assert (len(earlier), len(later)) == (224, 76)
    for dataset in "ab":
        latest = max(one.began for one in earlier if one.dataset == dataset)
        assert latest < min(one.began for one in later if one.dataset == dataset)


def test_kinds_that_differ_are_told_apart_and_any_kind_holds_both() -> None:
    told: list[str] = []
    model = fit([*made("calm", 0.5), *made("wild", 20)], "", told.append)
    assert model.sources == ("calm", "wild")
    assert told[0] == "learning from 200 stories, to judge block 1 of 3"
    asked = examples(made("calm", 0.5, count=20), [1.0], lambda _: [24.0], 3).rows
    calm, either, wild = (model.growth(asked, kind).mean(axis=0) for kind in ("calm", ANY, "wild"))
    assert calm[2] + 1 < wild[2]
    assert either[0] <= calm[0] + 0.2
    assert either[4] > calm[4] + 1


def test_the_same_stories_give_the_same_model() -> None:
    stories = made("a", 2, count=90)
    asked = examples(stories[:5], [1.0], lambda _: HORIZONS, 3).rows
    one, other = (fit(stories, "", lambda _: None).growth(asked, "a") for _ in range(2))
    assert one.tolist() == other.tolist()


def test_a_folder_without_cascades_says_what_is_missing(tmp_path: Path) -> None:
    with pytest.raises(UnreadableCascadesError, match=r"events\.parquet cannot be read"):
        read(tmp_path)


@pytest.fixture(scope="module")
def real() -> list[Cascade]:
    if not CASCADES.is_dir():
        pytest.skip(f"the cascades are not here; set SPARKWATCH_SHARED ({CASCADES} is absent)")
    return read(CASCADES)


def test_the_shipped_model_tells_the_data_that_it_was_fitted_on(real: list[Cascade]) -> None:
    known, _ = cut(real, LEARNED)
    provenance = Forecaster.load().growth.provenance
    assert provenance.data_sha256 == digest(CASCADES)
    assert sum(provenance.cascades.values()) == len(known)


@pytest.mark.parametrize("dataset", ["weibo_ced", "twitter1516", "url_twitter2010", "inc_recovery"])
@pytest.mark.parametrize("own", [False, True], ids=["any", "own"])
def test_intervals_hold_on_cascades_never_seen(
    real: list[Cascade], dataset: str, own: bool
) -> None:
    _, unseen = cut(real, LEARNED)
    stories = [one for one in unseen if one.dataset == dataset]
    model = Forecaster.load().growth
    found = examples(stories, (0.5, 3.0), lambda _: HORIZONS, 3)
    growth = model.growth(found.rows, stories[0].source if own else ANY)
    low90, low50, _, high50, high90 = found.seen * np.exp(growth).T
    assert len(found.seen) > 1_000
    held50 = (np.floor(low50) <= found.reached) & (found.reached <= np.ceil(high50))
    held90 = (np.floor(low90) <= found.reached) & (found.reached <= np.ceil(high90))
    harder = dataset == "twitter1516"  # its last quarter is harder than those before
    assert np.mean(held50) > (0.4 if harder else 0.45)
    assert np.mean(held90) > (0.83 if harder else 0.88)


def test_an_hour_of_the_day_is_told_in_the_country_of_the_story() -> None:
    (story,) = made("weibo_ced", 1, count=1)
    assert story.hour_of_day(1.0) is None
    dated = attrs.evolve(story, began=1.35e9)
    assert dated.hour_of_day(0.0) == 8.0

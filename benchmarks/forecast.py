"""Grade the forecasts on cascades that no number was fitted to, beside four known ways to forecast.

    python -m benchmarks.forecast                               the model that ships, last quarter
    python -m benchmarks.forecast --fit FOLDER                  fit on three quarters, grade one
    python -m benchmarks.forecast --fit FOLDER --test FOLDER    fit on one folder, grade another

Folders hold events.parquet and meta.parquet. Each story is looked at half an hour, one hour and
three hours after its first post, and its total 24 hours after that post is foretold. Told are, a
data set at a time and for stories of at least 3 and at least 10 posts at that age:

APE      median absolute percentage error of the median, and tau, Kendall's rank correlation
top 10%  chance that a story of the largest tenth is ranked above another (area under the ROC curve)
50, 90   share of outcomes that the intervals held
x2       expected calibration error of the stated probability that it more than doubles
ratio, S-H, SEISMIC, Hawkes   APE (and tau) of the rivals, which benchmarks/rivals.py explains

Then every story is looked at every five minutes of its first hour and flagged once it is likely
enough to end among the largest: precision, recall, and how early. What is likely enough was chosen
on stories of the fitted part, on the highest probability over all twelve looks.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import attrs
import numpy as np
import numpy.typing as npt
from scipy.stats import kendalltau, rankdata

from benchmarks.rivals import Hawkes, Ratio, Seismic, SzaboHuberman
from monitor.domain import Quantiles
from monitor.virality.cascade import Cascade
from monitor.virality.cascades import UnreadableCascadesError, cut, read
from monitor.virality.examples import Examples, examples
from monitor.virality.fit import LEARNED, digest, fit
from monitor.virality.forecast import Forecaster, whole
from monitor.virality.growth import ANY, GrowthModel
from monitor.virality.record import exceeding

AGES = (0.5, 1.0, 3.0)
DAY = 24.0
FEWEST = (3, 10)
LOOKS = tuple(minutes / 60 for minutes in range(5, 61, 5))
LARGE = (0.5, 0.25, 0.1)
"""A story is large where it ends in this share of the largest of the fitted part."""
PRECISION = 0.88
"""What the threshold of a flag is chosen for, on the fitted part."""
BEGAN = datetime(2026, 1, 1, tzinfo=UTC)
HERE = Path(os.environ.get("SPARKWATCH_SHARED", "../shared")) / "data" / "cascades"

Floats = npt.NDArray[np.float64]


@attrs.frozen(kw_only=True)
class Grade:
    """How the forecasts of one data set at one age did."""

    set: str
    age_hours: float
    fewest_seen: int
    n: int
    ape: float
    tau: float
    top_tenth_auc: float
    cover50: float
    cover90: float
    doubling_ece: float
    """Expected calibration error of the probability that it more than doubles, in five bins."""
    ratio_ape: float
    ratio_tau: float
    szabo_huberman_ape: float
    szabo_huberman_tau: float
    seismic_ape: float
    seismic_tau: float
    hawkes_ape: float
    hawkes_tau: float


@attrs.frozen(kw_only=True)
class Flagging:
    """How well large stories were told from others within their first hour."""

    set: str
    large: float
    threshold: float
    n: int
    base_rate: float
    precision: float
    recall: float
    median_minutes: float
    before_half: float
    """The share of the rightly flagged that had less than half of their final size."""


def grades(model: GrowthModel, known: Sequence[Cascade], test: Sequence[Cascade]) -> list[Grade]:
    """Every data set at every age."""
    found = []
    for dataset in sorted({one.dataset for one in test}):
        own = [one for one in test if one.dataset == dataset]
        like = [one for one in known if one.dataset == dataset] or list(known)
        found += [grade(model, like, own, age, fewest) for age in AGES for fewest in FEWEST]
    return [one for one in found if one is not None]


def grade(
    model: GrowthModel, known: Sequence[Cascade], test: Sequence[Cascade], age: float, fewest: int
) -> Grade | None:
    """The stories of one data set at one age; ``None`` where hardly one was large enough."""
    looked = [one for one in test if one.total(age) >= fewest]
    like = [one for one in known if one.total(age) >= fewest]
    if len(looked) < 10 or len(like) < 10:
        return None
    asked = examples(looked, [age], lambda age: [DAY - age], fewest)
    growth = model.growth(asked.rows, _kind(model, looked[0]))
    low90, low50, median, high50, high90 = asked.seen * np.exp(growth).T
    actual = asked.reached
    ratio, law = Ratio.fit(like, age, DAY), SzaboHuberman.fit(like, age, DAY)
    seismic, hawkes = Seismic.fit(like, age, DAY), Hawkes.fit(like, age, DAY)
    begun = [one.hours[: one.total(age)] for one in looked]
    rivals = {
        "ratio": np.array([ratio.total(len(each)) for each in begun]),
        "szabo_huberman": np.array([law.total(len(each)) for each in begun]),
        "seismic": np.array([seismic.total(each, age, DAY) for each in begun]),
        "hawkes": np.array([hawkes.total(each, age, DAY) for each in begun]),
    }
    figures = {
        f"{name}_{kind}": figure
        for name, said in rivals.items()
        for kind, figure in (("ape", _ape(said, actual)), ("tau", _tau(said, actual)))
    }
    return Grade(
        set=looked[0].dataset,
        age_hours=age,
        fewest_seen=fewest,
        n=len(actual),
        ape=_ape(np.round(median), actual),
        tau=_tau(median, actual),
        top_tenth_auc=_auc(median, actual >= np.quantile(actual, 0.9)),
        cover50=_cover(low50, high50, actual),
        cover90=_cover(low90, high90, actual),
        doubling_ece=_calibration_error(growth, asked),
        **figures,
    )


def flaggings(
    model: GrowthModel, known: Sequence[Cascade], test: Sequence[Cascade]
) -> list[Flagging]:
    """Every data set at every size that counts as large."""
    found = []
    for dataset in sorted({one.dataset for one in test}):
        own = [one for one in test if one.dataset == dataset]
        like = [one for one in known if one.dataset == dataset]
        if len(own) < 50 or len(like) < 50:
            continue
        chosen_on, judged = _looks(model, like), _looks(model, own)
        for share in LARGE:
            size = float(np.quantile([one.total(DAY) for one in like], 1 - share))
            found.append(_flagging(dataset, share, size, chosen_on, judged))
    return found


@attrs.frozen(kw_only=True, eq=False)
class _Looked:
    """Stories at each of twelve looks: the levels of their total, a row a story and look."""

    story: npt.NDArray[np.int64]
    look: Floats
    seen: Floats
    said: Sequence[Quantiles]
    final: Floats
    """By story."""

    def highest(self, size: float) -> tuple[Floats, Floats]:
        """Of each story and look how likely it is to pass ``size``; and each story's most."""
        likely = np.array(
            [
                exceeding(said, int(seen), size - 1)
                for said, seen in zip(self.said, self.seen, strict=True)
            ]
        )
        most = np.zeros(len(self.final))
        np.maximum.at(most, self.story, likely)
        return likely, most


def _looks(model: GrowthModel, stories: Sequence[Cascade]) -> _Looked:
    asked = [examples([one], LOOKS, lambda age: [DAY - age], 3) for one in stories]
    some = [(number, each) for number, each in enumerate(asked) if len(each.seen)]
    rows = np.concatenate([each.rows for _, each in some])
    seen = np.concatenate([each.seen for _, each in some])
    growth = model.growth(rows, _kind(model, stories[0]))
    return _Looked(
        story=np.concatenate([np.full(len(each.seen), number) for number, each in some]),
        look=np.concatenate([each.age for _, each in some]),
        seen=seen,
        said=[whole(*each) for each in zip(growth, seen.astype(int), strict=True)],
        final=np.array([one.total(DAY) for one in stories], dtype=np.float64),
    )


def _flagging(
    dataset: str, share: float, size: float, chosen_on: _Looked, judged: _Looked
) -> Flagging:
    threshold = _threshold(chosen_on.highest(size)[1], chosen_on.final >= size)
    likely, most = judged.highest(size)
    large, flagged = judged.final >= size, most >= threshold
    first = np.full(len(judged.final), np.inf)
    over = likely >= threshold
    np.minimum.at(first, judged.story[over], judged.look[over])
    then = np.zeros(len(judged.final))
    at_first = over & (judged.look == first[judged.story])
    then[judged.story[at_first]] = judged.seen[at_first]
    right = large & flagged
    return Flagging(
        set=dataset,
        large=share,
        threshold=threshold,
        n=len(large),
        base_rate=float(large.mean()),
        precision=float(right.sum() / max(flagged.sum(), 1)),
        recall=float(right.sum() / max(large.sum(), 1)),
        median_minutes=float(np.median(first[right]) * 60) if right.any() else float("nan"),
        before_half=float((then[right] < judged.final[right] / 2).mean()) if right.any() else 0.0,
    )


def _threshold(most: Floats, large: npt.NDArray[np.bool_]) -> float:
    """The lowest probability from which the flagged are as often large as ``PRECISION`` asks."""
    order = np.argsort(-most, kind="stable")
    precise = np.cumsum(large[order]) / np.arange(1, len(order) + 1)
    good = np.flatnonzero(precise >= PRECISION)
    return float(most[order][good[-1]]) if len(good) else 1.0


def _kind(model: GrowthModel, one: Cascade) -> str:
    return one.source if one.source in model.sources else ANY


def _ape(said: Floats, actual: Floats) -> float:
    return float(np.median(np.abs(said - actual) / actual))


def _tau(said: Floats, actual: Floats) -> float:
    return float(kendalltau(said, actual).statistic)


def _cover(low: Floats, high: Floats, actual: Floats) -> float:
    """Of whole counts, the intervals being widened to them."""
    return float(np.mean((np.floor(low + 0.01) <= actual) & (actual <= np.ceil(high - 0.01))))


def _calibration_error(growth: Floats, asked: Examples) -> float:
    seen = asked.seen.astype(int)
    stated = np.array(
        [
            exceeding(whole(levels, count), int(count), 2 * int(count))
            for levels, count in zip(growth, seen, strict=True)
        ]
    )
    happened = asked.reached > 2 * seen
    bins = np.minimum((stated * 5).astype(int), 4)
    gaps = [abs(float((happened[bins == each] - stated[bins == each]).sum())) for each in range(5)]
    return sum(gaps) / len(stated)


def _auc(score: Floats, large: npt.NDArray[np.bool_]) -> float:
    """The chance that a large story is ranked above another, ties counted half."""
    ranks = rankdata(score)
    above, others = int(large.sum()), int((~large).sum())
    return float((ranks[large].sum() - above * (above + 1) / 2) / (above * others))


def cost(model: GrowthModel, stories: Sequence[Cascade]) -> Mapping[str, float]:
    """Milliseconds that a forecast of one incident takes at all horizons, by its posts."""
    forecaster = Forecaster(growth=model)
    found = {}
    for most in (10, 100, 1_000):
        some = [one for one in stories if len(one.hours) >= most][:200]
        told = [[BEGAN + timedelta(hours=float(hour)) for hour in one.hours[:most]] for one in some]
        started = time.perf_counter()
        for times in told:
            forecaster.mentions("timed", times, times[-1])
        found[str(most)] = round(1000 * (time.perf_counter() - started) / max(len(some), 1), 2)
    return found


def sweep(model: GrowthModel, stories: Sequence[Cascade], incidents: int) -> float:
    """Seconds that it takes to forecast so many open incidents anew, one after the other."""
    forecaster = Forecaster(growth=model)
    told = [
        [BEGAN + timedelta(hours=float(hour)) for hour in story.hours[: story.total(6.0)]]
        for story in stories
    ]
    now = BEGAN + timedelta(hours=6)
    started = time.perf_counter()
    for number in range(incidents):
        forecaster.mentions(str(number), told[number % len(told)], now)
    return round(time.perf_counter() - started, 1)


def main() -> int:
    """The command."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.forecast",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--fit", type=Path, help="fit on this folder, not the model that ships")
    parser.add_argument("--test", type=Path, help="grade all of this folder")
    parser.add_argument("--json", action="store_true", help="one JSON object in place of tables")
    wanted = parser.parse_args()
    try:
        found = graded(wanted.fit, wanted.test)
    except UnreadableCascadesError as error:
        print(error, file=sys.stderr)
        return 2
    if wanted.json:
        print(json.dumps(found))
    else:
        show(found)
    return 0


def graded(fitted: Path | None, test: Path | None) -> Mapping[str, Any]:
    """Fit where that is asked for, and grade."""
    folder = fitted or HERE
    everything = read(folder)
    known, rest = (everything, read(test)) if test and fitted else cut(everything, LEARNED)
    if test and not fitted:
        rest = read(test)
    model = fit(known, digest(folder), _say) if fitted else Forecaster.load().growth
    _say(f"grading {len(rest)} stories")
    return {
        "setting": {
            "model": "fitted anew" if fitted else "shipped",
            "fitted_on": dict(model.provenance.cascades),
            "graded": "the folder given" if test else "last quarter of each data set, by time",
        },
        "forecasts": [attrs.asdict(one) for one in grades(model, known, rest)],
        "flags": [attrs.asdict(one) for one in flaggings(model, known, rest)],
        "milliseconds_a_forecast": cost(model, rest),
        "seconds_for_5000_incidents": sweep(model, rest, 5_000),
    }


def show(found: Mapping[str, Any]) -> None:
    """The tables."""
    setting = found["setting"]
    print(
        f"model {setting['model']}, fitted on {setting['fitted_on']}; graded: {setting['graded']}"
    )
    print(
        "\nset                  age least     n   APE  tau  top10   50%  90%   x2 |  ratio      S-H"
        "        SEISMIC    Hawkes"
    )
    for one in found["forecasts"]:
        rivals = "  ".join(
            f"{one[f'{name}_ape']:.2f} {one[f'{name}_tau']:5.2f}"
            for name in ("ratio", "szabo_huberman", "seismic", "hawkes")
        )
        print(
            f"{one['set']:20} {one['age_hours']:3}h {one['fewest_seen']:4} {one['n']:6}"
            f"  {one['ape']:.3f} {one['tau']:.3f} {one['top_tenth_auc']:.3f}"
            f"  {one['cover50']:.2f} {one['cover90']:.2f} {one['doubling_ece']:.2f} | {rivals}"
        )
    print(
        "\nset                  large  from      n  base  precision  recall  median min"
        "  before half"
    )
    for one in found["flags"]:
        print(
            f"{one['set']:20} {one['large']:5.0%}  {one['threshold']:.2f} {one['n']:6}"
            f"  {one['base_rate']:.2f}  {one['precision']:9.2f}  {one['recall']:6.2f}"
            f"  {one['median_minutes']:10.0f}  {one['before_half']:11.2f}"
        )
    took = ", ".join(f"{ms} ms of {n} posts" for n, ms in found["milliseconds_a_forecast"].items())
    print(f"\na forecast of one incident at all horizons: {took}")
    print(f"5,000 open incidents: {found['seconds_for_5000_incidents']} s")


def _say(line: str) -> None:
    print(line, file=sys.stderr)


if __name__ == "__main__":
    sys.exit(main())

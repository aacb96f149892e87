"""Grade the shipped growth table on cascades it never saw: ``python -m benchmarks.forecast``.

On the last quarter of each data set, by time: the median absolute percentage error of the median,
Kendall's tau of the ranks, and how often the 50 % and 90 % intervals held the outcome; beside the
median of the training set and a constant ratio. One line per data set, age and target. ``--source``
grades another grid than the one that the platform has; ``--json`` prints the same for machines.
"""

from __future__ import annotations

import argparse
import json
import os
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import cast

import attrs
import numpy as np
import numpy.typing as npt
from scipy.stats import kendalltau

from monitor.domain import Quantiles
from monitor.virality.cascades import PLATFORMS, Cascade, Part, parts, read
from monitor.virality.forecast import Forecaster

AGES = (0.5, 1.0, 3.0)
FIRST = datetime(2026, 1, 1, tzinfo=UTC)


@attrs.frozen(kw_only=True)
class Grade:
    """How one kind of forecast did on one data set."""

    dataset: str
    source: str
    age: float
    target: str
    n: int
    too_little_seen: int
    ape: float
    tau: float
    cover50: float
    cover90: float
    ratio_ape: float
    median_ape: float


def grade(
    forecaster: Forecaster,
    train: Sequence[Cascade],
    test: Sequence[Cascade],
    age: float,
    horizon: float,
    target: str,
) -> Grade:
    """Forecast every test cascade at ``age`` and hold it against what it had ``horizon`` later."""
    forecaster = attrs.evolve(forecaster, horizons=(timedelta(hours=horizon),))
    known = [one for one in train if one.total(age) >= 3]
    ratio = float(np.median([one.total(age + horizon) / one.total(age) for one in known]))
    usual = float(np.median([one.total(age + horizon) for one in known]))
    said, truth, seen, silent = [], [], [], 0
    for one in test:
        quantiles = _ask(forecaster, one, age)
        if quantiles is None:
            silent += 1
            continue
        said.append(attrs.astuple(quantiles))
        truth.append(one.total(age + horizon))
        seen.append(one.total(age))
    low90, low50, median, high50, high90 = np.array(said).T
    actual = np.array(truth, dtype=np.float64)
    return Grade(
        dataset=test[0].dataset,
        source=forecaster.source,
        age=age,
        target=target,
        n=len(actual),
        too_little_seen=silent,
        ape=_ape(median, actual),
        tau=float(cast("float", kendalltau(median, actual).statistic)),
        cover50=_cover(low50, high50, actual),
        cover90=_cover(low90, high90, actual),
        ratio_ape=_ape(np.array(seen) * ratio, actual),
        median_ape=_ape(np.full(len(actual), usual), actual),
    )


def _ask(forecaster: Forecaster, one: Cascade, age: float) -> Quantiles | None:
    now = FIRST + timedelta(hours=age)
    times = [FIRST + timedelta(hours=float(hour)) for hour in one.hours[: one.total(age)]]
    (said,) = forecaster.mentions("graded", times, now)
    return said.quantiles


def _ape(said: npt.NDArray[np.float64], actual: npt.NDArray[np.float64]) -> float:
    return float(np.median(np.abs(said - actual) / actual))


def _cover(
    low: npt.NDArray[np.float64], high: npt.NDArray[np.float64], actual: npt.NDArray[np.float64]
) -> float:
    return float(np.mean((low <= actual) & (actual <= high)))


def grades(cascades: Sequence[Cascade], source: str | None) -> list[Grade]:
    """Every data set at every age: the total at 24 h, then the growth over each horizon."""
    cut = parts(cascades)
    found = []
    for dataset in sorted({one.dataset for one in cascades}):
        train = [one for part in (Part.FIT, Part.CALIBRATE) for one in cut[part]]
        train = [one for one in train if one.dataset == dataset]
        test = [one for one in cut[Part.TEST] if one.dataset == dataset]
        forecaster = Forecaster.load(source=source or PLATFORMS.get(dataset, "pooled"))
        for age in AGES:
            targets = [("24h", 24 - age), ("+1h", 1.0), ("+6h", 6.0), ("+24h", 24.0)]
            for target, horizon in targets:
                found.append(grade(forecaster, train, test, age, horizon, target))
    return found


def main() -> None:
    """The command."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.forecast", description=__doc__)
    shared = Path(os.environ.get("SPARKWATCH_SHARED", "../shared"))
    parser.add_argument("--cascades", type=Path, default=shared / "data" / "cascades")
    parser.add_argument("--source", help="grade this grid on every data set")
    parser.add_argument("--json", action="store_true")
    chosen = parser.parse_args()
    found = grades(read(chosen.cascades), chosen.source)
    if chosen.json:
        print(json.dumps([attrs.asdict(one) for one in found]))
        return
    print(
        "APE and Kendall's tau of the median; coverage of the intervals; APE of two simple rivals"
    )
    print("dataset              grid     age  target     n  APE   tau   50%   90%  ratio usual")
    for one in found:
        print(
            f"{one.dataset:20} {one.source:8} {one.age:3}h {one.target:>5} {one.n:6}"
            f"  {one.ape:4.2f} {one.tau:5.2f}  {one.cover50:4.2f}  {one.cover90:4.2f}"
            f"  {one.ratio_ape:4.2f}  {one.median_ape:4.2f}"
        )


if __name__ == "__main__":
    main()

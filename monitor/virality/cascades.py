"""Cascades that were watched to their end: what the growth table is fitted and graded on.

A folder holds ``events.parquet`` (``dataset``, ``cascade``, ``t``: seconds since the first post,
one row a post) and ``meta.parquet`` (``dataset``, ``cascade``, ``t0``: when it began). Nothing of
this is needed to forecast.
"""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum
from itertools import groupby
from operator import attrgetter
from pathlib import Path

import attrs
import numpy as np
import numpy.typing as npt
import pyarrow.parquet as parquet

__all__ = ["PLATFORMS", "Cascade", "Part", "parts", "read"]

PLATFORMS = {
    "weibo_ced": "weibo",
    "twitter1516": "twitter",
    "url_twitter2010": "twitter",
    "seismic_big": "twitter",
    "inc_recovery": "news",
    "inc_politifact_fake": "news",
}
"""The platform of each data set. A data set that is not named here is a platform of its own."""


@attrs.frozen(kw_only=True, eq=False)
class Cascade:
    """One story: when its posts came, in hours since the first, in order."""

    dataset: str
    began: float
    hours: npt.NDArray[np.float64] = attrs.field(repr=False)

    @property
    def platform(self) -> str:
        """Where it was seen."""
        return PLATFORMS.get(self.dataset, self.dataset)

    def total(self, age: float) -> int:
        """How many posts it had when it was ``age`` hours old."""
        return int(np.searchsorted(self.hours, age, side="right"))


class Part(StrEnum):
    """What a cascade serves for; data sets are cut by time: nothing learns from its future."""

    FIT = "fit"
    CALIBRATE = "calibrate"
    TEST = "test"


def read(folder: Path) -> list[Cascade]:
    """Every cascade in the folder, by data set and beginning."""
    order = [("dataset", "ascending"), ("cascade", "ascending"), ("t", "ascending")]
    events = parquet.read_table(folder / "events.parquet").sort_by(order)
    meta = parquet.read_table(folder / "meta.parquet")
    began = {
        (dataset, cascade): float(start)
        for dataset, cascade, start in zip(
            *(meta[name].to_pylist() for name in ("dataset", "cascade", "t0")), strict=True
        )
    }
    datasets, cascades = events["dataset"].to_numpy(), events["cascade"].to_numpy()
    hours = events["t"].to_numpy() / 3600
    changed = (datasets[1:] != datasets[:-1]) | (cascades[1:] != cascades[:-1])
    starts = np.flatnonzero(np.concatenate([[True], changed]))
    stops = np.append(starts[1:], len(hours))
    found = [
        Cascade(
            dataset=datasets[start],
            began=began[datasets[start], cascades[start]],
            hours=hours[start:stop],
        )
        for start, stop in zip(starts, stops, strict=True)
    ]
    return sorted(found, key=lambda one: (one.dataset, one.began))


def parts(cascades: Sequence[Cascade]) -> dict[Part, list[Cascade]]:
    """Cut each data set by time: half to fit, the next quarter to calibrate, the last to test."""
    cut: dict[Part, list[Cascade]] = {part: [] for part in Part}
    ordered = sorted(cascades, key=lambda one: (one.dataset, one.began))
    for _, group in groupby(ordered, key=attrgetter("dataset")):
        members = list(group)
        half, three_quarters = len(members) // 2, len(members) * 3 // 4
        cut[Part.FIT] += members[:half]
        cut[Part.CALIBRATE] += members[half:three_quarters]
        cut[Part.TEST] += members[three_quarters:]
    return cut

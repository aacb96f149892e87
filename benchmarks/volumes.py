"""The real volumes of seven brands, and how their posts are spread over stories."""

from __future__ import annotations

import csv
import json
import random
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import attrs
import numpy as np
import numpy.typing as npt

from monitor.virality.prominence import OWN_PAST

__all__ = ["BIN", "PAST", "Volume", "spread", "volumes"]

BIN = timedelta(minutes=5)
PAST = OWN_PAST // BIN
DISCOUNT = 0.92
UNUSED = timedelta(hours=1) // BIN
"""Bins at the end of a volume into which nothing is injected: it could not be followed."""

Counts = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]


@attrs.frozen(kw_only=True, eq=False)
class Volume:
    """A brand's mentions in bins of 5 minutes."""

    name: str
    began: datetime
    counts: Counts
    anomalous: Flags

    def halves(self) -> tuple[range, range]:
        """The bins to choose on, after a past to look back on, and those to report on."""
        middle = len(self.counts) // 2
        return range(PAST, middle), range(middle, len(self.counts) - UNUSED)


def volumes(folder: Path) -> list[Volume]:
    """Every brand of the folder; raises ``OSError`` where it cannot be read."""
    labelled = json.loads((folder / "anomaly_windows.json").read_text(encoding="utf-8"))
    return [_volume(file, labelled.get(file.name, [])) for file in sorted(folder.glob("*.csv"))]


def _volume(file: Path, labelled: Sequence[tuple[str, str]]) -> Volume:
    with file.open(encoding="utf-8", newline="") as opened:
        rows = list(csv.DictReader(opened))
    moments = [_moment(row["timestamp"]) for row in rows]
    places = [round((moment - moments[0]) / BIN) for moment in moments]
    counts = np.zeros(places[-1] + 1, dtype=np.int64)
    np.add.at(counts, places, [round(float(row["value"])) for row in rows])
    anomalous = np.zeros(len(counts), dtype=np.bool_)
    for first, last in labelled:
        start = max(0, (_moment(first) - moments[0]) // BIN)
        anomalous[start : (_moment(last) - moments[0]) // BIN + 1] = True
    name = file.stem.rpartition("_")[2]
    return Volume(name=name, began=moments[0], counts=counts, anomalous=anomalous)


def _moment(written: str) -> datetime:
    return datetime.fromisoformat(written).replace(tzinfo=UTC)


def spread(counts: Sequence[int], seed: int) -> npt.NDArray[np.int32]:
    """The story that each post of a volume tells, as `benchmarks.detect` says."""
    draw = random.Random(seed).random  # noqa: S311 - draws that can be repeated, no secret
    story: list[int] = []
    told: list[int] = []
    """How often each story was told in the last three days."""
    oldest = 0
    ends = np.cumsum(counts).tolist()
    for place, count in enumerate(counts):
        forgotten = ends[place - PAST] if place >= PAST else 0
        for gone in story[oldest:forgotten]:
            told[gone] -= 1
        oldest = max(oldest, forgotten)
        for _ in range(count):
            known = len(story) - oldest
            name = story[oldest + int(draw() * known)] if known else None
            if name is None or draw() * told[name] < DISCOUNT:
                name = len(told)
                told.append(0)
            told[name] += 1
            story.append(name)
    return np.array(story, dtype=np.int32)

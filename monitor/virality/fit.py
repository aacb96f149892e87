"""Fit the growth table: ``python -m monitor.virality.fit --cascades FOLDER --out FILE``.

The first half of each data set, by time, fits the quantiles; the third quarter calibrates the
intervals; the last quarter is not looked at, so that ``benchmarks/forecast.py`` can grade the table
that ships. ``docs/virality.md`` tells the method and its sources.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from itertools import product
from pathlib import Path
from typing import TypeAlias

import attrs
import numpy as np
import numpy.typing as npt

from monitor.virality.cascades import Cascade, Part, parts, read
from monitor.virality.growth import (
    VERSION,
    GrowthTable,
    Levels,
    Progress,
    Provenance,
    Strata,
)

__all__ = ["POOLED", "STRATA", "fit", "main"]

POOLED = "pooled"
"""The grid fitted on all platforms with equal weight; its intervals hold on each data set."""

STRATA = Strata(
    horizons=(1.0, 6.0, 24.0),
    ages=(1 / 12, 1 / 6, 0.25, 0.5, 1.0, 2.0, 3.0, 6.0, 12.0, 24.0, 48.0, 72.0),
    recency_edges=(0.01, 0.03, 0.1, 0.2, 0.35, 0.55),
    size_edges=(10, 30, 100, 300),
)
FEWEST = 3
"""A story of fewer posts is not learned from, as none is forecast."""
SHRINKAGE = 20.0
"""A class this many stories strong counts half, the wider class that it lies in the other half."""
FEWEST_JUDGES = 50
"""A data set with fewer stories in its calibration part has no say in the intervals."""
TAILS = (0.10, 0.50)
"""The share of outcomes that the 90 % and the 50 % interval may miss."""

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Names = npt.NDArray[np.str_]
Place: TypeAlias = tuple[float, float]
"""A horizon and an age, in hours."""


@attrs.frozen(kw_only=True, eq=False)
class _Sample:
    """What the stories of one part looked like at one age, and how far each then grew."""

    growth: Floats
    recency: Ints
    size: Ints
    platform: Names
    dataset: Names

    def only(self, chosen: npt.NDArray[np.bool_]) -> _Sample:
        """The stories chosen."""
        return _Sample(
            growth=self.growth[chosen],
            recency=self.recency[chosen],
            size=self.size[chosen],
            platform=self.platform[chosen],
            dataset=self.dataset[chosen],
        )


@attrs.frozen(kw_only=True, eq=False)
class _Cells:
    """The distribution of log growth in every class of recency and size, as a weighted sample."""

    growth: Floats
    cumulated: Floats
    """By recency, size and rank of ``growth``."""

    def levels(self, recency: int, size: int, tails: tuple[float, float]) -> Levels:
        """The quantiles of one class, with these shares cut off at either end."""
        wide, narrow = tails
        shares = np.array([wide, narrow, 0.5, 1 - narrow, 1 - wide]) - 1e-12
        ranks = np.searchsorted(self.cumulated[recency, size], shares)
        low90, low50, median, high50, high90 = (
            round(float(value), 3) for value in self.growth[np.minimum(ranks, len(self.growth) - 1)]
        )
        return low90, low50, median, high50, high90

    def conformity(self, sample: _Sample) -> Floats:
        """For each outcome the largest share that can be cut off at both ends and still hold it."""
        found = np.empty(len(sample.growth))
        for index, (growth, recency, size) in enumerate(
            zip(sample.growth, sample.recency, sample.size, strict=True)
        ):
            cumulated = self.cumulated[recency, size]
            upto = np.searchsorted(self.growth, growth, side="right")
            below = np.searchsorted(self.growth, growth, side="left")
            at_most = cumulated[upto - 1] if upto else 0.0
            under = cumulated[below - 1] if below else 0.0
            found[index] = min(at_most, 1 - under)
        return found


def fit(cascades: Sequence[Cascade], data_sha256: str, strata: Strata = STRATA) -> GrowthTable:
    """The growth table of these cascades; their last quarter is left alone."""
    cut = parts(cascades)
    platform_of = {cascade.dataset: cascade.platform for cascade in cascades}
    platforms = sorted(set(platform_of.values()))
    judges = Counter(one.dataset for one in cut[Part.CALIBRATE])
    places = list(product(strata.horizons, strata.ages))
    fitted = {place: _sample(cut[Part.FIT], *place, strata) for place in places}
    held = {place: _sample(cut[Part.CALIBRATE], *place, strata) for place in places}
    sources = {}
    for source in (POOLED, *platforms):
        own = platforms if source == POOLED else [source]
        datasets = [
            name
            for name, stories in sorted(judges.items())
            if platform_of[name] in own and stories >= FEWEST_JUDGES
        ]
        cells, conformity = {}, {}
        for place in places:
            sample = fitted[place]
            cells[place] = _cells(sample.only(np.isin(sample.platform, own)), strata)
            for name in datasets:
                outcomes = held[place].only(held[place].dataset == name)
                conformity[place, name] = cells[place].conformity(outcomes)
        sources[source] = tuple(
            tuple(
                _by_class(
                    cells[horizon, age],
                    _tails(conformity, (horizon, age), datasets, strata),
                    strata,
                )
                for age in strata.ages
            )
            for horizon in strata.horizons
        )
    return GrowthTable(
        version=VERSION,
        provenance=Provenance(
            method="Szabo-Huberman growth with conformal empirical intervals",
            recipe="python -m monitor.virality.fit --cascades FOLDER --out FILE",
            split="by time in each data set: half fitted, next quarter calibrated, rest unseen",
            cascades=dict(sorted(Counter(one.dataset for one in cut[Part.FIT]).items())),
            data_sha256=data_sha256,
        ),
        strata=strata,
        sources=sources,
    )


def _sample(stories: Sequence[Cascade], horizon: float, age: float, strata: Strata) -> _Sample:
    rows = []
    for story in stories:
        seen = story.total(age)
        if seen >= FEWEST:
            share = Progress(age=age, seen=seen, total_at=story.total).recent_share(horizon)
            growth = np.log(story.total(age + horizon) / seen)
            rows.append((growth, strata.recency(share), strata.size(seen), story))
    growth, recency, size, told = zip(*rows, strict=True) if rows else ((), (), (), ())
    return _Sample(
        growth=np.array(growth, dtype=np.float64),
        recency=np.array(recency, dtype=np.int64),
        size=np.array(size, dtype=np.int64),
        platform=np.array([story.platform for story in told], dtype=np.str_),
        dataset=np.array([story.dataset for story in told], dtype=np.str_),
    )


def _cells(sample: _Sample, strata: Strata) -> _Cells:
    """Every class is shrunk to the stories of its recency, and those to all stories of the age.

    More of it recent never means less growth: the distributions are held to that order.
    """
    if not len(sample.growth):
        raise ValueError("there are no stories of three posts to fit on at some age")
    order = np.argsort(sample.growth, kind="stable")
    names, platform, counts = np.unique(
        sample.platform[order], return_inverse=True, return_counts=True
    )
    everyone = 1 / (counts[platform] * len(names))
    recency, size = sample.recency[order], sample.size[order]
    *_, recencies, sizes = strata.shape
    cumulated = np.empty((recencies, sizes, len(order)))
    strengths = np.empty((recencies, sizes))
    for share in range(recencies):
        alike, _ = _shrunk(everyone, recency == share, everyone)
        for big in range(sizes):
            own, strength = _shrunk(everyone, (recency == share) & (size == big), alike)
            cumulated[share, big], strengths[share, big] = np.cumsum(own), strength
    for big in range(sizes):
        cumulated[:, big] = _falling(cumulated[:, big], strengths[:, big] + 1)
    return _Cells(growth=sample.growth[order], cumulated=cumulated)


def _shrunk(weights: Floats, members: npt.NDArray[np.bool_], wider: Floats) -> tuple[Floats, float]:
    """The members' weights blended with those of the wider class, and how many stories they are."""
    own = np.where(members, weights, 0.0)
    total = float(own.sum())
    if total == 0:
        return wider, 0.0
    strength = total**2 / float((own**2).sum())
    trust = strength / (strength + SHRINKAGE)
    return trust * own / total + (1 - trust) * wider, strength


def _falling(cumulated: Floats, strengths: Floats) -> Floats:
    """The nearest distributions of which each is stochastically at least the one before it.

    Isotonic distributional regression (Henzi, Ziegel and Gneiting 2021): at every growth the shares
    below it must not rise from class to class. Written as the greatest of the least means.
    """
    classes = len(strengths)
    sums = np.concatenate(
        [np.zeros((1, cumulated.shape[1])), np.cumsum(cumulated * strengths[:, None], axis=0)]
    )
    totals = np.concatenate([[0.0], np.cumsum(strengths)])
    ordered = np.empty_like(cumulated)
    for here in range(classes):
        least = [
            np.max(
                [
                    (sums[last + 1] - sums[first]) / (totals[last + 1] - totals[first])
                    for last in range(here, classes)
                ],
                axis=0,
            )
            for first in range(here + 1)
        ]
        ordered[here] = np.min(least, axis=0)
    return ordered


def _tails(
    conformity: Mapping[tuple[Place, str], Floats],
    place: Place,
    datasets: Sequence[str],
    strata: Strata,
) -> tuple[float, float]:
    """What to cut off so that the intervals hold on the calibration part of every data set.

    An age is calibrated together with its two neighbours, which steadies it.
    """
    horizon, age = place
    middle = strata.ages.index(age)
    near = strata.ages[max(middle - 1, 0) : middle + 2]
    kept = dict.fromkeys(TAILS, 0.5)
    for name in datasets:
        held = np.sort(np.concatenate([conformity[(horizon, one), name] for one in near]))
        for missed in TAILS:
            allowed = int(missed * (len(held) + 1))
            kept[missed] = min(kept[missed], float(held[allowed - 1]) if allowed else 0.0)
    wide, narrow = (kept[missed] for missed in TAILS)
    return min(wide, narrow), narrow


def _by_class(
    cells: _Cells, tails: tuple[float, float], strata: Strata
) -> tuple[tuple[Levels, ...], ...]:
    *_, recencies, sizes = strata.shape
    return tuple(
        tuple(cells.levels(share, big, tails) for big in range(sizes)) for share in range(recencies)
    )


def main(arguments: Sequence[str] | None = None) -> None:
    """The command: read the cascades, fit, write the table."""
    parser = argparse.ArgumentParser(prog="python -m monitor.virality.fit", description=__doc__)
    parser.add_argument("--cascades", type=Path, required=True, help="folder of parquet files")
    parser.add_argument("--out", type=Path, required=True, help="the table to write, JSON")
    chosen = parser.parse_args(arguments)
    digest = hashlib.sha256()
    for name in ("events.parquet", "meta.parquet"):
        digest.update((chosen.cascades / name).read_bytes())
    table = fit(read(chosen.cascades), digest.hexdigest())
    written = json.dumps(table.model_dump(), separators=(",", ":"))
    compact = re.sub(r"(?<=\d)\.0(?=[,\]])", "", written)
    chosen.out.write_text(compact + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()

"""Fit the growth model: ``python -m monitor.virality.fit --cascades FOLDER --out FOLDER``.

The first three quarters of each data set, by time, are cut into three blocks. Trees learn from two
of them and say how the stories of the third will go; what widens the intervals so that they hold as
many of these as they promise is kept (cross-conformal prediction, Vovk 2015), and the trees are
grown anew on all three. The last quarter is not looked at, so that ``benchmarks/forecast.py`` can
grade what ships. ``docs/virality.md`` tells the method and its sources.
"""

from __future__ import annotations

import hashlib
import random
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Annotated

import attrs
import lightgbm
import numpy as np
import typer

from monitor.virality.cascade import Cascade
from monitor.virality.cascades import cut, read
from monitor.virality.curve import Floats
from monitor.virality.examples import Examples, examples
from monitor.virality.growth import (
    ANY,
    LEVELS,
    Calibration,
    GrowthModel,
    Provenance,
    with_source,
)

__all__ = ["AGES", "HORIZONS", "LEARNED", "digest", "fit", "main"]

AGES = (1 / 12, 1 / 6, 0.25, 0.5, 1.0, 2.0, 3.0, 6.0, 12.0, 24.0, 48.0, 72.0)
"""The ages in hours at which stories are looked at."""
HORIZONS = (1.0, 6.0, 24.0, 168.0)
"""How far ahead, in hours; the last stands for the final size."""
LEARNED = 0.75
"""The share of each data set, by time, that a model may learn from."""

_BLOCKS = 3
_MEDIAN = 2
_DAY = 24.0
_LOTS = 3
_FEWEST_JUDGED = 3
_YOUNG_WEIGHT = 0.3
_NEWEST = 8.0
_UNKNOWN_SHARE = 0.25
_FEWEST_JUDGES = 40
_EDGE = 0.01
_SEED = 20110607
_TREES = 250
_PARAMETERS = {
    "objective": "quantile",
    "num_leaves": 31,
    "learning_rate": 0.1,
    "min_data_in_leaf": 40,
    "bagging_fraction": 0.7,
    "bagging_freq": 1,
    "feature_fraction": 0.5,
    "lambda_l2": 5.0,
    "max_bin": 127,
    "seed": _SEED,
    "deterministic": True,
    "num_threads": 1,
    "verbosity": -1,
}


def fit(stories: Sequence[Cascade], data_sha256: str, say: Callable[[str], None]) -> GrowthModel:
    """The growth model of these stories, all of which are learned from."""
    sources = tuple(sorted({story.source for story in stories}))
    provenance = Provenance(
        recipe="python -m monitor.virality.fit --cascades FOLDER --out FOLDER",
        split=f"by time in each data set: the first {LEARNED:.0%} of what the folder holds",
        cascades=dict(sorted(Counter(story.dataset for story in stories).items())),
        data_sha256=data_sha256,
    )
    model = GrowthModel(boosters=(), sources=sources, calibration={}, provenance=provenance)
    blocks = _blocks(stories)
    judged, said, said_of_any = [], [], []
    for place, held_out in enumerate(blocks):
        others = [story for block in blocks if block is not held_out for story in block]
        say(f"learning from {len(others)} stories, to judge block {place + 1} of {_BLOCKS}")
        partial = attrs.evolve(model, boosters=_boosters(_lots(others), sources, say))
        outcomes = examples(held_out, AGES, lambda _: HORIZONS, _FEWEST_JUDGED)
        judged.append(outcomes)
        said.append(_raw(partial, outcomes))
        said_of_any.append(partial.raw(outcomes.rows, ANY))
    calibration = _calibrated(
        _together(judged), np.concatenate(said), np.concatenate(said_of_any), sources
    )
    say(f"learning from all {len(stories)} stories")
    boosters = _boosters(_lots(stories), sources, say)
    return attrs.evolve(model, boosters=boosters, calibration=calibration)


def _blocks(stories: Sequence[Cascade]) -> list[list[Cascade]]:
    """Each data set in parts of equal number that follow each other in time."""
    blocks, rest = [], list(stories)
    for left in range(_BLOCKS, 1, -1):
        first, rest = cut(rest, 1 / left)
        blocks.append(first)
    return [*blocks, rest]


def _lots(stories: Sequence[Cascade]) -> Examples:
    """Every story at every age, at three horizons by lot, of four and the rest of its day."""
    lot = random.Random(_SEED)  # noqa: S311 - a repeatable lot, not a secret
    return examples(
        stories,
        AGES,
        lambda age: lot.sample([*HORIZONS, *([_DAY - age] if age < _DAY else [])], _LOTS),
        fewest=1,
    )


def _boosters(
    known: Examples, sources: Sequence[str], say: Callable[[str], None]
) -> tuple[lightgbm.Booster, ...]:
    """A booster a level.

    Kinds of story count by the root of their number, and the newest story of a data set eight times
    the oldest: what spreads how far changes. Stories of fewer than three posts, of which little can
    be said, count less. A quarter is learned a second time as of no known kind.
    """
    counts = Counter(known.source)
    weight = np.array([counts[source] ** -0.5 for source in known.source]) * _NEWEST ** _rank(known)
    weight = weight / weight.mean() * np.where(known.seen < _FEWEST_JUDGED, _YOUNG_WEIGHT, 1.0)
    told = np.concatenate(
        [known.rows, [[float(each == one) for each in sources] for one in known.source]], axis=1
    )
    unknown = np.random.default_rng(_SEED).random(len(told)) < _UNKNOWN_SHARE
    rows = np.concatenate([told, with_source(known.rows[unknown], sources, ANY)])
    growth = np.concatenate([known.growth, known.growth[unknown]])
    weights = np.concatenate([weight, weight[unknown]])
    data = lightgbm.Dataset(rows, growth, weight=weights, free_raw_data=False)
    found = []
    for name, level in LEVELS.items():
        say(f"  {name}: {_TREES} trees on {len(rows)} examples")
        found.append(lightgbm.train({**_PARAMETERS, "alpha": level}, data, _TREES))
    return tuple(found)


def _rank(known: Examples) -> Floats:
    """Where a story stands among those of its data set, from 0 for the oldest to 1."""
    rank = np.zeros(len(known.seen))
    for dataset in np.unique(known.dataset):
        own = known.dataset == dataset
        moments = np.unique(known.began[own])
        rank[own] = np.searchsorted(moments, known.began[own]) / len(moments)
    return rank


def _raw(model: GrowthModel, outcomes: Examples) -> Floats:
    """What the trees say of each story as one of its kind."""
    said = np.empty((len(outcomes.seen), len(LEVELS)))
    for source in np.unique(outcomes.source):
        own = outcomes.source == source
        said[own] = model.raw(outcomes.rows[own], str(source))
    return said


def _together(parts: Sequence[Examples]) -> Examples:
    return Examples(
        **{
            each.name: np.concatenate([getattr(part, each.name) for part in parts])
            for each in attrs.fields(Examples)
        }
    )


def _calibrated(
    outcomes: Examples, said: Floats, said_of_any: Floats, sources: Sequence[str]
) -> dict[str, Calibration]:
    """The factors of each kind, and for stories of no known kind the widest that any needs."""
    found = {}
    for source in sources:
        own = outcomes.source == source
        found[source] = _scales(outcomes.only(own), said[own])
    anything = []
    for dataset in np.unique(outcomes.dataset):
        own = outcomes.dataset == dataset
        if (own & (outcomes.age == 1.0)).sum() >= _FEWEST_JUDGES * len(HORIZONS):
            anything.append(_scales(outcomes.only(own), said_of_any[own]))
    widest = [
        np.max([getattr(each, name) for each in anything or found.values()], axis=0).tolist()
        for name in ("scale50", "scale90")
    ]
    found[ANY] = Calibration(ages=AGES, horizons=HORIZONS, scale50=widest[0], scale90=widest[1])
    return found


def _scales(outcomes: Examples, raw: Floats) -> Calibration:
    """The factors that hold 50 and 90 % of these outcomes, by age (with its neighbours).

    Of all outcomes and those of the newest block the harder count: stories change with the years,
    and the next ones will be most like the newest.
    """
    newest = _rank(outcomes) > 1 - 1 / _BLOCKS
    tables = []
    for share, low, high in ((0.5, 1, 3), (0.9, 0, 4)):
        needed = _needed(outcomes, raw[:, low], raw[:, _MEDIAN], raw[:, high])
        table = []
        for place in range(len(AGES)):
            near = np.isin(outcomes.age, AGES[max(place - 1, 0) : place + 2])
            asked = [near & (outcomes.horizon == one) for one in HORIZONS]
            table.append(
                tuple(
                    max(_quantile(needed[own], share), _quantile(needed[own & newest], share))
                    for own in asked
                )
            )
        tables.append(tuple(table))
    return Calibration(ages=AGES, horizons=HORIZONS, scale50=tables[0], scale90=tables[1])


def _needed(outcomes: Examples, low: Floats, median: Floats, high: Floats) -> Floats:
    """By how much an interval must at least be stretched to hold the outcome.

    Ends are rounded outwards to whole counts, so an outcome is held as soon as the end passes its
    neighbour on the far side.
    """
    above = np.log(np.maximum(outcomes.reached - 1, 0.5) / outcomes.seen) - median
    below = median - np.log((outcomes.reached + 1) / outcomes.seen)
    upward = above / np.maximum(high - median, _EDGE)
    downward = below / np.maximum(median - low, _EDGE)
    return np.maximum(np.maximum(upward, downward), 0.0)


def _quantile(needed: Floats, share: float) -> float:
    """The conformal quantile: of n outcomes the one of rank ceil((n + 1) share)."""
    if not len(needed):
        return 1.0
    rank = min(int(np.ceil((len(needed) + 1) * share)), len(needed))
    return round(float(np.sort(needed)[rank - 1]), 4)


def digest(folder: Path) -> str:
    """What tells the data of a folder."""
    found = hashlib.sha256()
    for name in ("events.parquet", "meta.parquet"):
        found.update((folder / name).read_bytes())
    return found.hexdigest()


def main(
    cascades: Annotated[Path, typer.Option(help="folder with events.parquet and meta.parquet")],
    out: Annotated[Path, typer.Option(help="folder to write the model to")],
) -> None:
    """Fit the growth model on the first three quarters, by time, of each data set."""
    known, _ = cut(read(cascades), LEARNED)
    fit(known, digest(cascades), typer.echo).write(out)


if __name__ == "__main__":
    typer.run(main)

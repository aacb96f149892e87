"""Reads cascades that were watched to their end: what forecasts are fitted and graded on.

A folder holds ``events.parquet`` (``dataset``, ``cascade``, ``t``: seconds since the first post,
one row a post) and ``meta.parquet`` (``dataset``, ``cascade``, ``t0``: when it began, and where it
is known ``root_followers``). Nothing of this is needed to forecast.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby
from operator import attrgetter
from pathlib import Path

import numpy as np
import pyarrow
import pyarrow.parquet as parquet

from monitor.virality.cascade import Cascade

__all__ = ["UnreadableCascadesError", "cut", "read"]


class UnreadableCascadesError(ValueError):
    """A folder of cascades cannot be used; the message names it and says why."""


def read(folder: Path) -> list[Cascade]:
    """Every cascade in the folder, by data set and beginning.

    Raises:
        UnreadableCascadesError: a file or a column is missing.
    """
    events, meta = (_table(folder / f"{name}.parquet") for name in ("events", "meta"))
    try:
        order = [("dataset", "ascending"), ("cascade", "ascending"), ("t", "ascending")]
        events = events.sort_by(order)
        columns = [meta[name].to_pylist() for name in ("dataset", "cascade", "t0")]
        datasets, cascades = events["dataset"].to_numpy(), events["cascade"].to_numpy()
        hours = events["t"].to_numpy() / 3600
    except (KeyError, pyarrow.ArrowInvalid) as error:
        raise UnreadableCascadesError(
            f"{folder}: events.parquet needs the columns dataset, cascade and t, meta.parquet"
            f" dataset, cascade and t0 ({error})"
        ) from error
    named = "root_followers" in meta.column_names
    followers = meta["root_followers"].to_pylist() if named else [None] * len(columns[0])
    about = {
        (dataset, name): (float(start), None if audience is None else int(audience))
        for dataset, name, start, audience in zip(*columns, followers, strict=True)
    }
    changed = (datasets[1:] != datasets[:-1]) | (cascades[1:] != cascades[:-1])
    starts = np.flatnonzero(np.concatenate([[True], changed]))
    stops = np.append(starts[1:], len(hours))
    found = []
    for start, stop in zip(starts, stops, strict=True):
        key = (datasets[start], cascades[start])
        if key not in about:
            raise UnreadableCascadesError(f"{folder}: meta.parquet does not name {key}")
        began, audience = about[key]
        found.append(
            Cascade(
                dataset=key[0],
                name=str(key[1]),
                began=began,
                hours=hours[start:stop],
                audience=audience,
            )
        )
    return sorted(found, key=lambda one: (one.dataset, one.began, one.name))


def cut(cascades: Sequence[Cascade], share: float) -> tuple[list[Cascade], list[Cascade]]:
    """Each data set by time: its first ``share`` and the rest. Nothing learns from its future."""
    earlier: list[Cascade] = []
    later: list[Cascade] = []
    ordered = sorted(cascades, key=lambda one: (one.dataset, one.began, one.name))
    for _, group in groupby(ordered, key=attrgetter("dataset")):
        members = list(group)
        place = int(len(members) * share)
        earlier += members[:place]
        later += members[place:]
    return earlier, later


def _table(path: Path) -> pyarrow.Table:
    try:
        return parquet.read_table(path)
    except (OSError, pyarrow.ArrowInvalid) as error:
        raise UnreadableCascadesError(f"{path} cannot be read: {error}") from error

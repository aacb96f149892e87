"""How much further a story grows: a table of quantiles, fitted on cascades watched to their end.

Szabo and Huberman found that the logarithm of what a story reaches is what it has now plus a term
that depends on its age. The table holds that term as five empirical quantiles of ``ln N(t+h) - ln
N(t)``, by age, horizon, how much of it is recent, and size. ``fit.py`` writes it; this module reads
it.
"""

from __future__ import annotations

import json
from bisect import bisect_right
from collections.abc import Callable
from math import log
from pathlib import Path
from typing import Annotated, Any, TypeAlias

import attrs
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

__all__ = [
    "VERSION",
    "GrowthTable",
    "GrowthTableError",
    "Levels",
    "Progress",
    "Provenance",
    "Strata",
]

VERSION = 1
"""The version of the table's form that this code reads and writes."""

Levels: TypeAlias = tuple[float, float, float, float, float]
"""Log growth at the low 90 %, low 50 %, median, high 50 % and high 90 % of the interval."""

Grid: TypeAlias = tuple[tuple[tuple[tuple[Levels, ...], ...], ...], ...]
"""Levels by horizon, age, recency and size, in the order of ``Strata``."""

Rising: TypeAlias = Annotated[tuple[float, ...], Field(min_length=1)]


class GrowthTableError(ValueError):
    """The table cannot be read; the message names the file and says what to do."""


@attrs.frozen(kw_only=True)
class Progress:
    """How far a story has come: its age in hours, its total, and the total it had at any age."""

    age: float
    seen: int
    total_at: Callable[[float], float] = attrs.field(repr=False)

    def recent_share(self, horizon: float) -> float:
        """How much of what was seen came lately: within half the age, at most within a horizon.

        >>> steady = Progress(age=8.0, seen=80, total_at=lambda age: 10 * age)
        >>> steady.recent_share(24.0), steady.recent_share(1.0)
        (0.5, 0.125)
        """
        window = min(self.age / 2, horizon)
        return (self.seen - self.total_at(self.age - window)) / self.seen


class Strata(BaseModel):
    """How the table is cut, ages and horizons in hours; an edge belongs to the class above it."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    horizons: Rising
    ages: Rising
    recency_edges: Rising = Field(description="Class 0 is exactly nothing; these cut the rest.")
    size_edges: Rising

    @model_validator(mode="after")
    def _rising(self) -> Strata:
        for name in type(self).model_fields:
            values = getattr(self, name)
            if list(values) != sorted(set(values)) or values[0] <= 0:
                raise ValueError(f"{name} must be positive and rise, got {values}")
        return self

    @property
    def shape(self) -> tuple[int, int, int, int]:
        """The number of horizons, ages, recency classes and size classes."""
        recency, size = len(self.recency_edges) + 2, len(self.size_edges) + 1
        return len(self.horizons), len(self.ages), recency, size

    def recency(self, share: float) -> int:
        """The recency class of a share; nothing recent at all is a class of its own."""
        return 0 if share <= 0 else 1 + bisect_right(self.recency_edges, share)

    def size(self, seen: int) -> int:
        """The size class of a total."""
        return bisect_right(self.size_edges, seen)


class Provenance(BaseModel):
    """Where the figures come from."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    method: str
    recipe: str
    split: str
    cascades: dict[str, int] = Field(description="How many of each data set were fitted on.")
    data_sha256: str


class GrowthTable(BaseModel):
    """The fitted quantiles of log growth, one grid for each source and one for all together."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    version: int
    provenance: Provenance
    strata: Strata
    sources: dict[str, Grid]

    @model_validator(mode="after")
    def _shaped(self) -> GrowthTable:
        for name, grid in self.sources.items():
            if _shape(grid) != self.strata.shape:
                raise ValueError(f"source {name!r} does not have the shape {self.strata.shape}")
            for levels in _cells(grid):
                if levels[0] < 0 or list(levels) != sorted(levels):
                    raise ValueError(f"source {name!r} has quantiles that fall or cross: {levels}")
        return self

    @classmethod
    def read(cls, path: Path) -> GrowthTable:
        """Read a table that ``python -m monitor.virality.fit`` wrote."""
        remedy = "fit it again: python -m monitor.virality.fit --cascades FOLDER --out FILE"
        try:
            content: Any = json.loads(path.read_bytes())
        except (OSError, ValueError) as error:
            raise GrowthTableError(f"{path}: no growth table ({error}); {remedy}") from error
        version = content.get("version") if isinstance(content, dict) else None
        if version != VERSION:
            raise GrowthTableError(
                f"{path}: a growth table of version {version!r}, this Sparkwatch reads version"
                f" {VERSION}; {remedy}"
            )
        try:
            return cls.model_validate(content)
        except ValidationError as error:
            raise GrowthTableError(f"{path}: not a growth table ({error}); {remedy}") from error

    def growth(self, source: str, progress: Progress, horizon: float) -> Levels:
        """Log growth over ``horizon`` hours; never below 0, and never less over a longer horizon.

        Between the table's ages and horizons it is interpolated, on the scale of ``ln age`` and of
        ``ln(1 + horizon/age)``; younger or older stories are taken as of the nearest age.
        """
        known = [(0.0, (0.0, 0.0, 0.0, 0.0, 0.0))]
        for index, hours in enumerate(self.strata.horizons):
            reach = log(1 + hours / progress.age)
            at_least = known[-1][1]
            here = self._at_age(source, progress, index)
            known.append((reach, _each(max, here, at_least)))
        wanted = log(1 + horizon / progress.age)
        right = min(bisect_right([reach for reach, _ in known], wanted), len(known) - 1)
        (x0, low), (x1, high) = known[right - 1], known[right]
        return _blend(low, high, (wanted - x0) / (x1 - x0))

    def _at_age(self, source: str, progress: Progress, horizon: int) -> Levels:
        strata = self.strata
        recency = strata.recency(progress.recent_share(strata.horizons[horizon]))
        size = strata.size(progress.seen)
        by_age = self.sources[source][horizon]
        right = bisect_right(strata.ages, progress.age)
        if right in (0, len(strata.ages)):
            return by_age[max(right - 1, 0)][recency][size]
        young, old = strata.ages[right - 1], strata.ages[right]
        weight = log(progress.age / young) / log(old / young)
        return _blend(by_age[right - 1][recency][size], by_age[right][recency][size], weight)


def _each(function: Callable[[float, float], float], one: Levels, two: Levels) -> Levels:
    a, b, c, d, e = (function(x, y) for x, y in zip(one, two, strict=True))
    return a, b, c, d, e


def _blend(one: Levels, two: Levels, weight: float) -> Levels:
    return _each(lambda x, y: x + weight * (y - x), one, two)


def _cells(grid: Grid) -> list[Levels]:
    return [levels for ages in grid for shares in ages for sizes in shares for levels in sizes]


def _shape(grid: Grid) -> tuple[int, ...] | None:
    horizons, ages = len(grid), {len(by_age) for by_age in grid}
    shares = {len(by_share) for by_age in grid for by_share in by_age}
    sizes = {len(by_size) for by_age in grid for by_share in by_age for by_size in by_share}
    if not len(ages) == len(shares) == len(sizes) == 1:
        return None
    return horizons, *ages, *shares, *sizes

"""How much further a story grows: boosted quantiles of its log growth, with calibrated intervals.

Szabo and Huberman (2010) found that the logarithm of what a story reaches is the logarithm of what
it has plus a term with noise around it. Here that term, ``ln N(t+h) - ln N(t)``, is foretold at
five levels by gradient boosted trees (Friedman 2001, as LightGBM builds them) from `features`. The
intervals are then widened or narrowed about the median by factors that held the promised share of
outcomes on stories that were left out in turn: cross-conformal prediction (Vovk 2015) with the
score of conformalised quantile regression (Romano, Patterson and Candes 2019), in the scale of
the interval itself and for whole counts.

``fit.py`` writes a folder; this module reads it.
"""

from __future__ import annotations

import json
import math
from bisect import bisect_right
from collections.abc import Sequence
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Self

import attrs
import numpy as np
from pydantic import BaseModel, ConfigDict, Field

from monitor.virality.curve import Floats
from monitor.virality.explanation import Explanation, explained
from monitor.virality.features import NAMES

if TYPE_CHECKING:
    import lightgbm

__all__ = [
    "ANY",
    "LEVELS",
    "VERSION",
    "Calibration",
    "GrowthModel",
    "GrowthModelError",
    "Provenance",
    "with_source",
    "within",
]

VERSION = 2
"""The version of the folder's form that this code reads and writes."""

LEVELS = {"low90": 0.05, "low50": 0.25, "median": 0.5, "high50": 0.75, "high90": 0.95}
"""The quantiles that are foretold, by the names of ``Quantiles``."""

ANY = "any"
"""A story of no known kind; its intervals hold on each kind that was learned from."""

_ABOUT = "model.json"
_END = "\nend of trees\n"
_REMEDY = "fit it again: python -m monitor.virality.fit --cascades FOLDER --out FOLDER"
_MEDIAN = 2


class GrowthModelError(ValueError):
    """A model cannot be read or used; the message names it and says what to do."""


class Provenance(BaseModel):
    """Where the model comes from."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    recipe: str
    split: str
    cascades: dict[str, int] = Field(description="How many of each data set were learned from.")
    data_sha256: str


class Calibration(BaseModel):
    """What the halves of the intervals are multiplied by, for a kind of story."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    ages: tuple[float, ...] = Field(description="In hours, rising.")
    horizons: tuple[float, ...] = Field(description="In hours, rising.")
    scale50: tuple[tuple[float, ...], ...] = Field(description="By age and horizon.")
    scale90: tuple[tuple[float, ...], ...]

    def scales(self, age: float, horizon: float) -> tuple[float, float]:
        """Those of the 50 % and the 90 % interval at the nearest age and horizon."""
        row, column = _nearest(self.ages, age), _nearest(self.horizons, horizon)
        return self.scale50[row][column], self.scale90[row][column]


class _About(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    version: int
    features: tuple[str, ...]
    provenance: Provenance
    calibration: dict[str, Calibration]


@attrs.frozen(kw_only=True, eq=False)
class GrowthModel:
    """The fitted trees, a booster a level, and the calibration of each kind of story."""

    boosters: tuple[lightgbm.Booster, ...] = attrs.field(repr=False)
    sources: tuple[str, ...]
    calibration: dict[str, Calibration] = attrs.field(repr=False)
    provenance: Provenance

    @classmethod
    def read(cls, folder: Path) -> Self:
        """Read a folder that ``python -m monitor.virality.fit`` wrote.

        Raises:
            GrowthModelError: it is not there, damaged, or of another version.
        """
        place = folder / _ABOUT
        library = _library()
        try:
            about = _About.model_validate_json(place.read_bytes())
            boosters = tuple(
                library.Booster(model_str=(folder / f"{name}.txt").read_text(encoding="ascii"))
                for name in LEVELS
            )
        except (OSError, ValueError, library.basic.LightGBMError) as error:
            raise GrowthModelError(f"{folder}: no growth model ({error}); {_REMEDY}") from error
        if about.version != VERSION or about.features[: len(NAMES)] != NAMES:
            raise GrowthModelError(
                f"{place}: a growth model of version {about.version}, this Sparkwatch reads"
                f" version {VERSION}; {_REMEDY}"
            )
        return cls(
            boosters=boosters,
            sources=about.features[len(NAMES) :],
            calibration=about.calibration,
            provenance=about.provenance,
        )

    def write(self, folder: Path) -> None:
        """Write a folder for `read`."""
        folder.mkdir(parents=True, exist_ok=True)
        for name, booster in zip(LEVELS, self.boosters, strict=True):
            trees, _, _ = booster.model_to_string().partition(_END)
            (folder / f"{name}.txt").write_text(f"{trees}{_END}\n", encoding="ascii")
        about = _About(
            version=VERSION,
            features=(*NAMES, *self.sources),
            provenance=self.provenance,
            calibration=self.calibration,
        )
        written = json.dumps(about.model_dump(), indent=1)
        (folder / _ABOUT).write_text(written + "\n", encoding="utf-8")

    def growth(self, rows: Floats, source: str) -> Floats:
        """Log growth at the five levels, a row a row of features, never falling nor below 0.

        Args:
            rows: features with their horizon, shaped (rows, features).
            source: the kind of story, ``ANY`` where it is none of those learned from.
        """
        raw = self.raw(rows, source)
        calibration = self.calibration[source]
        ages, horizons = (np.exp(rows[:, NAMES.index(name)]) for name in ("log_age", "log_horizon"))
        scales = np.array([calibration.scales(*each) for each in zip(ages, horizons, strict=True)])
        return within(raw, scales[:, 0], scales[:, 1])

    def raw(self, rows: Floats, source: str) -> Floats:
        """The same before calibration."""
        asked = with_source(rows, self.sources, source)
        said = [booster.predict(asked, num_threads=1) for booster in self.boosters]
        ordered: Floats = np.sort(np.maximum(np.stack(said, axis=1), 0.0), axis=1)
        return ordered

    def explain(self, row: Floats, source: str) -> Explanation:
        """What raised or lowered the median of one row of features.

        By Shapley values of the trees (Lundberg, Erion and Lee 2018).
        """
        asked = with_source(row[np.newaxis], self.sources, source)
        found = self.boosters[_MEDIAN].predict(asked, pred_contrib=True, num_threads=1)
        *shares, usual = map(float, np.asarray(found)[0])
        return explained(dict(zip((*NAMES, *self.sources), shares, strict=True)), usual)


def _library() -> ModuleType:
    """LightGBM, which takes a second to import; most commands forecast nothing."""
    try:
        import lightgbm
    except OSError as error:
        raise GrowthModelError(
            f"LightGBM cannot be loaded ({error}); it needs the OpenMP runtime, which is the"
            " package libgomp1 on Debian and Ubuntu"
        ) from error
    return lightgbm


def with_source(rows: Floats, sources: Sequence[str], source: str) -> Floats:
    """Features with a column a kind of story, 1 in that of ``source``."""
    told = np.array([float(source == each) for each in sources])
    return np.concatenate([rows, np.broadcast_to(told, (len(rows), len(told)))], axis=1)


def within(raw: Floats, scale50: Floats, scale90: Floats) -> Floats:
    """The levels with the halves of both intervals stretched; the wider holds the narrower."""
    low90, low50, median, high50, high90 = raw.T
    low50 = np.maximum(median - scale50 * (median - low50), 0.0)
    high50 = median + scale50 * (high50 - median)
    low90 = np.minimum(np.maximum(median - scale90 * (median - low90), 0.0), low50)
    high90 = np.maximum(median + scale90 * (high90 - median), high50)
    return np.stack([low90, low50, median, high50, high90], axis=1)


def _nearest(points: Sequence[float], wanted: float) -> int:
    right = bisect_right(points, wanted)
    if right in (0, len(points)):
        return max(right - 1, 0)
    middle = math.sqrt(points[right - 1] * points[right])
    return right - 1 if wanted < middle else right

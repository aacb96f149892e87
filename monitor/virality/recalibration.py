"""Corrects the forecasts by how an installation's own incidents went, where that proves better.

Between platforms the order of stories carries over and the level does not: a brand's incidents may
all grow by half of what the same beginnings grew by elsewhere. So log growth is multiplied by one
factor, and the halves of the intervals by another each, learned from closed incidents. The older
two thirds of them choose the factors, the newest third decides whether they are kept.
"""

from __future__ import annotations

from collections.abc import Sequence

import attrs
import numpy as np

from monitor.virality.cascade import Cascade
from monitor.virality.curve import Floats
from monitor.virality.examples import Examples, examples
from monitor.virality.growth import LEVELS, GrowthModel, within

__all__ = ["FEWEST_INCIDENTS", "Recalibration", "recalibrated"]

FEWEST_INCIDENTS = 30
"""Fewer closed incidents than this prove nothing."""

_AGES = (0.5, 1.0, 3.0, 6.0)
_HORIZONS = (1.0, 6.0, 24.0)
_FEWEST_SEEN = 3
_OLDER = 2 / 3
_FACTORS = np.geomspace(0.2, 5.0, 65).tolist()
_SCALES = np.geomspace(0.3, 4.0, 53).tolist()
_WINS = 0.97
"""The score on held-out incidents must fall at least to this share of what it was."""


@attrs.frozen(kw_only=True)
class Recalibration:
    """What log growth, and the halves of both intervals, are multiplied by."""

    factor: float = 1.0
    scale50: float = 1.0
    scale90: float = 1.0
    incidents: int = 0
    """From how many closed incidents it was learned."""

    def apply(self, growth: Floats) -> Floats:
        """Log growth at the five levels, corrected; shaped (rows, 5)."""
        rows = np.ones(len(growth))
        return within(growth * self.factor, rows * self.scale50, rows * self.scale90)


def recalibrated(
    model: GrowthModel, source: str, closed: Sequence[Cascade]
) -> Recalibration | None:
    """The correction that closed incidents call for; ``None`` where none proves better."""
    ordered = sorted(closed, key=lambda one: (one.began, one.name))
    told = [one for one in ordered if one.total(_AGES[-1]) >= _FEWEST_SEEN]
    if len(told) < FEWEST_INCIDENTS:
        return None
    place = int(len(told) * _OLDER)
    older, newer = (_outcomes(part) for part in (told[:place], told[place:]))
    chosen = attrs.evolve(_chosen(model.growth(older.rows, source), older), incidents=len(told))
    said = model.growth(newer.rows, source)
    if _score(chosen.apply(said), newer) > _WINS * _score(said, newer):
        return None
    return chosen


def _outcomes(incidents: Sequence[Cascade]) -> Examples:
    return examples(incidents, _AGES, lambda _: _HORIZONS, _FEWEST_SEEN)


def _chosen(said: Floats, outcomes: Examples) -> Recalibration:
    """One factor after the other, each by the score that it gives."""

    def score(tried: Recalibration) -> float:
        return _score(tried.apply(said), outcomes)

    best = min((Recalibration(factor=step) for step in _FACTORS), key=score)
    best = min((attrs.evolve(best, scale50=step) for step in _SCALES), key=score)
    return min((attrs.evolve(best, scale90=step) for step in _SCALES), key=score)


def _score(said: Floats, outcomes: Examples) -> float:
    """Mean pinball loss of the five levels of log growth."""
    missed = outcomes.growth[:, np.newaxis] - said
    levels = np.array(list(LEVELS.values()))
    return float(np.maximum(levels * missed, (levels - 1) * missed).mean())

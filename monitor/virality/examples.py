"""Stories as they looked at some ages, with what came of them: to learn from and to judge by."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeAlias

import attrs
import numpy as np
import numpy.typing as npt

from monitor.virality.cascade import Cascade
from monitor.virality.curve import Curve, Floats
from monitor.virality.features import Circumstances, features, with_horizon

__all__ = ["Examples", "examples"]

Names: TypeAlias = npt.NDArray[np.str_]
Chosen: TypeAlias = npt.NDArray[np.bool_]


@attrs.frozen(kw_only=True, eq=False)
class Examples:
    """Stories as they looked at some ages, and what came of them."""

    rows: Floats
    """Features with a horizon, shaped (examples, features)."""
    seen: Floats
    reached: Floats
    age: Floats
    horizon: Floats
    began: Floats
    """When the story began, in seconds."""
    dataset: Names
    source: Names

    @property
    def growth(self) -> Floats:
        """What is to be foretold."""
        found: Floats = np.log(self.reached / self.seen)
        return found

    def only(self, chosen: Chosen) -> Examples:
        """Those chosen."""
        return Examples(
            **{each.name: getattr(self, each.name)[chosen] for each in attrs.fields(Examples)}
        )


def examples(
    stories: Sequence[Cascade],
    ages: Sequence[float],
    horizons: Callable[[float], Sequence[float]],
    fewest: int,
) -> Examples:
    """Each story at each age at which it had ``fewest`` posts, at the horizons for that age."""
    rows, seen, reached, at, ahead, told = [], [], [], [], [], []
    for story in stories:
        curve = Curve.of_posts(story.hours)
        for age in ages:
            total = story.total(age)
            if total < fewest:
                continue
            known = Circumstances(hour_of_day=story.hour_of_day(age), audience=story.audience)
            row = features(curve, age, known)
            for horizon in horizons(age):
                rows.append(with_horizon(row, horizon))
                seen.append(total)
                reached.append(story.total(age + horizon))
                at.append(age)
                ahead.append(horizon)
                told.append(story)
    return Examples(
        rows=np.array(rows),
        seen=np.array(seen, dtype=np.float64),
        reached=np.array(reached, dtype=np.float64),
        age=np.array(at),
        horizon=np.array(ahead),
        began=np.array([story.began for story in told]),
        dataset=np.array([story.dataset for story in told]),
        source=np.array([story.source for story in told]),
    )

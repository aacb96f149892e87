"""Whether alerts were worth it, by what people said of them: precision by rule, with its interval.

>>> [(one.rule, one.useful, one.votes) for one in precision([("spike", True), ("spike", False)])]
[('spike', 1, 2)]
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable

import attrs

__all__ = ["Budget", "Precision", "Worth", "precision", "wilson"]

_Z = 1.96
"""Of a 95 % interval."""


@attrs.frozen(kw_only=True)
class Precision:
    """How many of the alerts of a rule that people judged they called useful.

    ``low`` and ``high`` bound the share that more votes would show (95 %).
    """

    rule: str
    useful: int
    votes: int
    low: float
    high: float


@attrs.frozen(kw_only=True)
class Budget:
    """What a team was told of in a week, and what was withheld since that was enough."""

    team: str
    spent: int
    budget: int
    withheld: int


@attrs.frozen(kw_only=True)
class Worth:
    """What the digest says of the alerts of a week; ``weeks`` is how far back votes are counted."""

    rules: tuple[Precision, ...] = ()
    budgets: tuple[Budget, ...] = ()
    weeks: int = 0


def precision(votes: Iterable[tuple[str, bool]]) -> tuple[Precision, ...]:
    """Rules with the votes about their alerts, those with most votes first."""
    counted = Counter(votes)
    rules = {rule: counted[rule, True] + counted[rule, False] for rule, _ in counted}
    found = []
    for rule, total in sorted(rules.items(), key=lambda pair: (-pair[1], pair[0])):
        useful = counted[rule, True]
        low, high = wilson(useful, total)
        found.append(Precision(rule=rule, useful=useful, votes=total, low=low, high=high))
    return tuple(found)


def wilson(hits: int, total: int) -> tuple[float, float]:
    """Wilson's score interval (1927) of a share, which holds for few votes as well.

    >>> tuple(round(bound, 2) for bound in wilson(9, 12))
    (0.47, 0.91)
    """
    if total < 1:
        raise ValueError("nothing was judged, so there is no share")
    share = hits / total
    weight = 1 + _Z**2 / total
    centre = (share + _Z**2 / (2 * total)) / weight
    half = _Z / weight * math.sqrt(share * (1 - share) / total + _Z**2 / (4 * total**2))
    return max(0.0, centre - half), min(1.0, centre + half)

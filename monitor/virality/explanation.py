"""What pushed a forecast up or down, in a handful of terms that people use."""

from __future__ import annotations

import math
from enum import StrEnum

import attrs

from monitor.virality.features import NAMES

__all__ = ["Explanation", "Push", "explained"]


class Push(StrEnum):
    """What speaks for more or for less growth."""

    PACE = "pace"
    """How much of it came lately, and how long it has been quiet."""
    START = "start"
    """How fast it began."""
    SIZE = "size"
    AGE = "age"
    """How old it is, and how far ahead is looked."""
    HOUR = "hour"
    """The hour of the day where its audience lives."""
    AUDIENCE = "audience"
    KIND = "kind"
    """The kind of story."""


_BEGINNINGS = {
    Push.PACE: ("share_of_last", "log_last", "log_quiet", "age_of_last"),
    Push.START: ("share_of_first", "log_time_of_post"),
    Push.SIZE: ("log_total",),
    Push.AGE: ("log_age", "log_horizon", "log_stretch"),
    Push.HOUR: ("hour_of_day",),
    Push.AUDIENCE: ("log_audience",),
}
_PUSH_OF = {
    name: push
    for push, beginnings in _BEGINNINGS.items()
    for name in NAMES
    if name.startswith(beginnings)
}


@attrs.frozen(kw_only=True)
class Explanation:
    """By what factor the usual story grows, this one, and what makes the difference.

    ``pushes`` multiply: ``usual`` times all of them is ``foretold``, the median before it is
    corrected and rounded. The strongest comes first.
    """

    usual: float
    foretold: float
    pushes: tuple[tuple[Push, float], ...]


def explained(contributions: dict[str, float], usual: float) -> Explanation:
    """Put the shares of single features together.

    >>> found = explained({"log_quiet": -0.4, "log_last_5_min": 0.1, "log_total": 0.2}, 0.5)
    >>> [(push.value, round(factor, 2)) for push, factor in found.pushes]
    [('pace', 0.74), ('size', 1.22)]
    >>> round(found.usual, 2), round(found.foretold, 2)
    (1.65, 1.49)

    Args:
        contributions: by how much each feature raised the log growth.
        usual: the log growth that they are counted from.
    """
    sums: dict[Push, float] = {}
    for name, share in contributions.items():
        push = _PUSH_OF.get(name, Push.KIND)
        sums[push] = sums.get(push, 0.0) + share
    ranked = sorted(sums.items(), key=lambda each: (-abs(each[1]), each[0]))
    return Explanation(
        usual=math.exp(usual),
        foretold=math.exp(usual + sum(contributions.values())),
        pushes=tuple((push, math.exp(share)) for push, share in ranked),
    )

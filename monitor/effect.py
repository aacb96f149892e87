"""What changed once a brand had answered, as far as that can be told.

A difference between before and after is no proof of a cause: stories die down by themselves, which
is why volumes are held against a forecast that was made before the answer.
"""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

import attrs

from monitor.domain import Forecast

__all__ = ["Difference", "Effect", "Held", "Place", "Verdict"]


class Verdict(StrEnum):
    """What became of an incident since it was answered."""

    RECOVERED = "recovered"
    """It closed, or the brand's complaints are back at their usual."""
    RECOVERING = "recovering"
    """Fewer posts than were foreseen, or a better mood; nothing got worse."""
    NO_CHANGE_SHOWN = "no_change_shown"
    """Nothing beyond chance, or signs that disagree."""
    WORSE = "worse"
    """More posts than were foreseen, or a worse mood; nothing got better."""
    RELAPSED = "relapsed"
    """It was over and came back."""
    TOO_LITTLE_SEEN = "too_little_seen"


class Place(StrEnum):
    """Where what came lies in what had been foreseen."""

    BELOW90 = "below90"
    BELOW50 = "below50"
    INSIDE50 = "inside50"
    ABOVE50 = "above50"
    ABOVE90 = "above90"


@attrs.frozen(kw_only=True)
class Held:
    """A forecast from before the answer, held against what came by the time that it named."""

    forecast: Forecast
    outcome: int
    place: Place


@attrs.frozen(kw_only=True)
class Difference:
    """A share or a mean before and after, each with the people it is of.

    ``low`` and ``high`` bound the difference, after less before, with 95 % confidence.
    """

    before: float
    after: float
    of_before: int
    of_after: int
    low: float
    high: float

    @property
    def fell(self) -> bool:
        """Whether it is lower than before, beyond chance."""
        return self.high < 0

    @property
    def rose(self) -> bool:
        """Whether it is higher than before, beyond chance."""
        return self.low > 0


@attrs.frozen(kw_only=True)
class Effect:
    """What changed from the first public answer to ``as_of``.

    ``posts_before`` and ``posts_after`` are those of the ``window_hours`` before the answer and of
    as many after it, as far as they have passed. What could not be compared is ``None``.
    """

    verdict: Verdict
    answered_at: datetime
    as_of: datetime
    window_hours: float
    posts_before: int
    posts_after: int
    volume: Held | None = None
    negative: Difference | None = None
    anger: Difference | None = None
    hours_to_recovery: float | None = None

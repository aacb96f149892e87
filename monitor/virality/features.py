"""What a story looks like at one age: the numbers that its growth is foretold from.

They say how its posts are spread over its life, whatever its size: shares of the total by dyadic
windows from the end and from the beginning, when the k-th post came, how long it has been quiet.
"""

from __future__ import annotations

import math

import attrs
import numpy as np

from monitor.virality.curve import Curve, Floats

__all__ = ["NAMES", "Circumstances", "features", "with_horizon"]

_HALVINGS = range(1, 8)
_MINUTES = (5, 15, 60, 180)
_LATEST_SHARES = (0.5, 0.75, 0.9)
_KTH = (2, 3, 5, 10, 20, 50, 100)
_FEWEST = 1e-3
_NOT_YET = 1.0

NAMES = (
    "log_age",
    "log_total",
    *(f"share_of_last_1/{2**halving}" for halving in _HALVINGS),
    *(f"share_of_first_1/{2**halving}" for halving in _HALVINGS),
    *(f"log_last_{minutes}_min" for minutes in _MINUTES),
    "log_quiet",
    *(f"age_of_last_{round(100 * (1 - share))}_percent" for share in _LATEST_SHARES),
    *(f"log_time_of_post_{k}" for k in _KTH),
    "hour_of_day",
    "log_audience",
    "log_horizon",
    "log_stretch",
)
"""The names of the features, in their order; a source's own column follows them."""


@attrs.frozen(kw_only=True)
class Circumstances:
    """What is known of a story besides its times; ``None`` where it is not known."""

    hour_of_day: float | None = None
    """Of now, 0 to 24, where its audience lives."""
    audience: int | None = None
    """Followers of who began it."""


def features(curve: Curve, age: float, known: Circumstances) -> Floats:
    """All but the last two, which depend on the horizon; ``age`` in hours, with a total above 0."""
    back = np.array([1 - 0.5**halving for halving in _HALVINGS])
    forth = np.array([0.5**halving for halving in _HALVINGS])
    windows = np.array(_MINUTES) / 60
    (total,) = curve.at([age])
    lately = np.where(windows < age, total - curve.at(np.maximum(age - windows, 0.0)), total)
    shares = np.array(_LATEST_SHARES) * total
    last, *late = curve.reached(np.concatenate([[total], shares]))
    kth = np.array(_KTH, dtype=np.float64)
    times = np.where(kth <= total, np.log(curve.reached(kth) / age + _FEWEST), _NOT_YET)
    return np.concatenate(
        [
            [math.log(age), math.log(total)],
            1 - curve.at(age * back) / total,
            curve.at(age * forth) / total,
            np.log1p(np.maximum(lately, 0.0)),
            [math.log(max(age - last, 0.0) / age + _FEWEST)],
            (age - np.array(late)) / age,
            times,
            [math.nan if known.hour_of_day is None else known.hour_of_day],
            [math.nan if known.audience is None else math.log1p(known.audience)],
        ]
    )


def with_horizon(row: Floats, horizon: float) -> Floats:
    """The features complete, for one horizon in hours."""
    return np.append(row, [math.log(horizon), math.log1p(horizon / math.exp(row[0]))])

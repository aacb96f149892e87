"""How far one story stands out just now, against its own past and what is usual for its brand.

A brand's whole volume hides a story: a hundred people more are nothing in a loud hour. So what is
judged is the number of different people who tell *this* story within 15 minutes, an hour and three
hours. Three things make such a number unremarkable:

- **its own past**: a story that was told by many in the days before is told by some at any time;
- **the brand's usual volume** at this hour of the week: where much is said, stories are larger;
- **what else is said just now**: when everybody talks about a brand, every story grows.

The form and its constants were found on real volumes and real cascades (``benchmarks/detect.py``;
``docs/alerts.md`` tells what was in view): stories of a loud brand are larger by the square root of
its volume rather than in proportion to it.

>>> from datetime import UTC
>>> now = datetime(2026, 3, 2, 12, tzinfo=UTC)
>>> crowd = [(now - timedelta(minutes=2 * n), f"person {n}") for n in range(20)]
>>> busy = [pace(crowd, now, window, usual=6.0, others=6) for window in WINDOWS]
>>> [(one.people, round(one.prominence, 1)) for one in busy]
[(8, 0.4), (20, 6.7), (20, 6.7)]
>>> before = [(now - timedelta(minutes=30 * n), f"neighbour {n}") for n in range(8, 100)]
>>> round(pace(before + crowd, now, WINDOWS[1], usual=6.0, others=6).prominence, 1)
0.3
>>> round(pace(crowd, now, WINDOWS[1], usual=6.0, others=96).prominence, 1)
0.6
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

import attrs
import numpy as np
import numpy.typing as npt

__all__ = ["OWN_PAST", "WINDOWS", "Pace", "pace", "prominence"]

WINDOWS = (timedelta(minutes=15), timedelta(hours=1), timedelta(hours=3))
"""A fast story is seen in the first, a slower one in the last."""
OWN_PAST = timedelta(days=3)
"""How far back a story's own past is looked at; after so long a silence it is closed."""
_OWN = 2.0
"""A story that was told ``n`` times in its past is told by up to ``_OWN * sqrt(n)`` at any time."""
_FEW = 3.0
"""Complaints that are added to the usual, so that one person more is no surprise at night."""

Counts = npt.NDArray[np.float64]


@attrs.frozen(kw_only=True)
class Pace:
    """How a story was told in one window that ends now."""

    window: timedelta
    posts: int
    people: int
    """How many different people told it in the window."""
    own: int
    """How often it was told in its past, before the window."""
    usual: float
    """Complaints about the brand that are usual in such a window at this hour of the week."""
    prominence: float


def pace(
    told: Sequence[tuple[datetime, str]],
    now: datetime,
    window: timedelta,
    *,
    usual: float,
    others: int,
) -> Pace:
    """How a story was told in the ``window`` that ends ``now``.

    ``told`` is when it was told and by whom, in any order; what is dated after ``now`` does not
    count yet. ``others`` are the brand's complaints in the window that belong to other stories.
    """
    since = now - window
    lately = [author for when, author in told if since < when <= now]
    own = sum(now - OWN_PAST < when <= since for when, _ in told)
    people = len(set(lately))
    score = prominence(np.array(people), np.array(own), np.array(usual), np.array(others))
    return Pace(
        window=window,
        posts=len(lately),
        people=people,
        own=own,
        usual=usual,
        prominence=float(score),
    )


def prominence(
    people: npt.ArrayLike, own: npt.ArrayLike, usual: npt.ArrayLike, others: npt.ArrayLike
) -> Counts:
    """The score of each window: 0 is what its past explains; it has no upper bound.

    It is no probability. What score is worth a person's time is set by the alarms a brand-week
    that it would have made, on the highest that each story ever reached (`sparkwatch tune`).
    """
    expected = np.asarray(usual, dtype=np.float64) + _FEW
    surge = np.maximum(1.0, (np.asarray(others, dtype=np.float64) + _FEW) / expected)
    above = np.asarray(people, dtype=np.float64) - _OWN * np.sqrt(np.asarray(own, np.float64))
    score: Counts = above / (np.sqrt(expected) * surge)
    return score

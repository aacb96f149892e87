"""What came of a forecast: the total when it was due, or ``None`` where nobody can tell.

A forecast that cannot be graded fairly is not graded: a counter last read long before it was due
would make a forecast of no growth come true.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from itertools import groupby

from monitor.domain import EngagementSnapshot, Quantity

__all__ = ["SETTLED", "counter_outcome", "mentions_outcome", "slack"]

SETTLED = timedelta(minutes=15)
"""How long after it was due a forecast is graded: what was there by then is gathered by now."""

_SLACK_SHARE = 1 / 8
_LOST = 0.1
"""Up to this share of what was seen may be gone, or of a counter unread: the rest is graded."""


def slack(horizon: timedelta) -> timedelta:
    """How far from its due time the reading of a counter may lie.

    >>> [str(slack(timedelta(hours=hours))) for hours in (1, 6, 24)]
    ['0:15:00', '0:45:00', '3:00:00']
    """
    return max(SETTLED, horizon * _SLACK_SHARE)


def mentions_outcome(
    times: Sequence[datetime], *, seen: int, made_at: datetime, due: datetime
) -> int | None:
    """How many posts there were when it was due; ``None`` where what was seen is no longer there.

    ``times`` are those of the posts that are known now. Posts from before ``made_at`` that were
    gathered after it count as growth: they were there. Where up to a tenth of the posts seen were
    deleted since they still count; where more are gone, the story is another than the one forecast.
    """
    before = sum(time <= made_at for time in times)
    if before < (1 - _LOST) * seen:
        return None
    return max(before, seen) + sum(made_at < time <= due for time in times)


def counter_outcome(
    snapshots: Iterable[EngagementSnapshot],
    quantity: Quantity,
    *,
    seen: int,
    made_at: datetime,
    due: datetime,
) -> int | None:
    """What the counters of the posts showed together when it was due; they may have fallen.

    A post's counter is known where it was read within ``slack`` of ``due``; between two readings it
    is interpolated. One that was hidden or last read earlier stands at what it last showed, and
    where such are more than a tenth of the total the answer is ``None``. So it is where the posts
    that are left did not have what was seen when the forecast was made: others were deleted.
    """
    near = slack(due - made_at)
    total = unread = 0.0
    before = 0
    ordered = sorted(snapshots, key=lambda one: (one.key, one.taken_at))
    for _, group in groupby(ordered, key=lambda one: one.key):
        readings = [
            (one.taken_at, count)
            for one in group
            if (count := one.views if quantity is Quantity.VIEWS else one.shares) is not None
        ]
        shown, known = _shown(readings, due, near)
        total += shown
        unread += 0.0 if known else shown
        before += _last(readings, made_at)
    if before < (1 - _LOST) * seen or unread > _LOST * total:
        return None
    return round(total)


def _shown(
    readings: Sequence[tuple[datetime, int]], due: datetime, near: timedelta
) -> tuple[float, bool]:
    """What one counter showed, and whether it was read near enough to be sure."""
    right = bisect_right(readings, due, key=_moment)
    if right == 0:
        return 0.0, True
    read_at, count = readings[right - 1]
    if right < len(readings):
        next_at, next_count = readings[right]
        if next_at - due <= near:
            return count + (next_count - count) * ((due - read_at) / (next_at - read_at)), True
    return float(count), due - read_at <= near


def _last(readings: Sequence[tuple[datetime, int]], moment: datetime) -> int:
    right = bisect_right(readings, moment, key=_moment)
    return readings[right - 1][1] if right else 0


def _moment(reading: tuple[datetime, int]) -> datetime:
    return reading[0]

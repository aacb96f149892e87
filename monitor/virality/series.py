"""From polled counters of several posts to one running total of their incident."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from monitor.domain import EngagementSnapshot, PostKey, Quantity

__all__ = ["running_total"]


def running_total(
    snapshots: Iterable[EngagementSnapshot], quantity: Quantity
) -> list[tuple[datetime, int]]:
    """The sum over posts of the latest value known of ``quantity``, at each moment it was read.

    A hidden counter leaves the last known value standing. A counter that falls (a post of it was
    deleted, a platform removed false views) makes the total fall: what is shown is what counts.

    >>> from datetime import UTC, timedelta
    >>> start = datetime(2026, 3, 1, 9, tzinfo=UTC)
    >>> a, b = PostKey("v", "1"), PostKey("v", "2")
    >>> polls = [(a, 0, 100), (b, 1, 40), (a, 2, None), (a, 3, 250), (a, 4, 240)]
    >>> [total for _, total in running_total(
    ...     [EngagementSnapshot(key=key, taken_at=start + timedelta(hours=hour), views=views)
    ...      for key, hour, views in polls], Quantity.VIEWS)]
    [100, 140, 290, 280]
    """
    known: dict[PostKey, int] = {}
    totals: dict[datetime, int] = {}
    total = 0
    for snapshot in sorted(snapshots, key=lambda snapshot: snapshot.taken_at):
        count = snapshot.views if quantity is Quantity.VIEWS else snapshot.shares
        if count is None:
            continue
        total += count - known.get(snapshot.key, 0)
        known[snapshot.key] = count
        totals[snapshot.taken_at] = total
    return list(totals.items())

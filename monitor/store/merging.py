"""What is known of one thing after several looks at it, in whatever order the looks came in.

The last look counts. A field that it left empty keeps the last value that any look had; such a
value is *carried*: its own, older time is kept beside it, so that a look that comes in late
is put in its right place. Most records carry nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from monitor.store.statements import Record

__all__ = ["merged"]


def merged(known: Record | None, seen: Record, optional: Sequence[str]) -> Record:
    """Both records in one; ``optional`` names the fields that a look may leave empty.

    Both hold ``last_observed_at`` and ``carried``; ``first_observed_at`` goes to the earlier.
    """
    if known is None:
        return seen
    last = max(known["last_observed_at"], seen["last_observed_at"])
    newer = seen if seen["last_observed_at"] == last else known
    result = {**newer, "last_observed_at": last}
    if "first_observed_at" in known:
        result["first_observed_at"] = min(known["first_observed_at"], seen["first_observed_at"])
    carried: dict[str, str] = {}
    for name in optional:
        value, at = _later(known, seen, name)
        result[name] = value
        if value is not None and at != last:
            carried[name] = at.isoformat()
    result["carried"] = carried or None
    return result


def _later(known: Record, seen: Record, name: str) -> tuple[object, datetime]:
    known_at, seen_at = _time_of(known, name), _time_of(seen, name)
    if seen[name] is None or (known[name] is not None and seen_at < known_at):
        return known[name], known_at
    return seen[name], seen_at


def _time_of(record: Record, name: str) -> datetime:
    carried = record["carried"] or {}
    if name in carried:
        return datetime.fromisoformat(carried[name])
    at: datetime = record["last_observed_at"]
    return at

"""Single fields as sources give them, checked: a count, a time, an id."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime

from spiders.parse.text import plain

__all__ = ["count", "not_after", "short_id"]

_LONGEST_ID = 400
_FIRST_MOMENT = datetime(1990, 1, 1, tzinfo=UTC)


def count(value: object) -> int | None:
    """A public counter, or ``None`` where the source hides it or writes nonsense.

    >>> [count(v) for v in (3, "12", -1, "many", None, True)]
    [3, 12, None, None, None, None]
    """
    if isinstance(value, str) and value.strip().isdecimal() and len(value) < 19:
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, int):
        return None
    return value if 0 <= value < 2**62 else None


def not_after(claimed: datetime, observed_at: datetime) -> datetime:
    """When it was said, in UTC; a time that cannot be (the future, year 1) is when we saw it."""
    if not _FIRST_MOMENT <= claimed <= observed_at:
        return observed_at
    return claimed.astimezone(UTC)


def short_id(native_id: str) -> str:
    """The source's own id; one too long for an index is replaced by its digest."""
    native_id = plain(native_id).replace("\n", " ")
    if len(native_id) <= _LONGEST_ID:
        return native_id
    return "sha256:" + hashlib.sha256(native_id.encode()).hexdigest()

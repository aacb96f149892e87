"""When a request is worth repeating, and how long to wait first."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

__all__ = ["TRANSIENT_STATUSES", "wait_before_retry"]

TRANSIENT_STATUSES = frozenset({408, 429, 500, 502, 503, 504})
_MOST_RETRIES = 2
_TOO_MANY_REQUESTS = 429


def wait_before_retry(
    *, status: int | None, retry_after: str, attempt: int, now: datetime, left: timedelta
) -> timedelta | None:
    """How long to wait before the next attempt; ``None``: give up.

    ``status`` is ``None`` where there was no answer at all; ``left`` is the time that the crawl
    still has. A server's Retry-After is honoured in full or the request is not repeated.
    """
    if attempt > _MOST_RETRIES or (status is not None and status not in TRANSIENT_STATUSES):
        return None
    wait = _asked_for(retry_after, now)
    if wait is None:
        base = 5 if status == _TOO_MANY_REQUESTS else 1
        wait = timedelta(seconds=base * 2 ** (attempt - 1))
    return wait if wait < left else None


def _asked_for(retry_after: str, now: datetime) -> timedelta | None:
    """The header's value: seconds, or a date."""
    text = retry_after.strip()
    if text.isdecimal():
        return timedelta(seconds=min(int(text[:9]), 10**8))
    try:
        moment = parsedate_to_datetime(text)
    except (ValueError, TypeError, IndexError):
        return None
    moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return max(timedelta(0), moment - now)

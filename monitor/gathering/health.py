"""Whether a source can be relied on, judged by its crawls: silence is not calm.

What a source says of itself counts at once (it refuses, or cannot be read); what may pass by itself
(no answer, an error of the server) only when it lasts. A source that answers and brings nothing is
held against its own past: it is silent when it has been quiet for twice as long as ever before,
where that many posts were usual at these hours. One that loses a field has changed its shape.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from itertools import pairwise, takewhile

from monitor.domain import Health, SourceHealth, SourceTrouble, TroubleKind

__all__ = ["LOOK_BACK", "judge", "lost_fields", "usual"]

LOOK_BACK = timedelta(days=28)
"""How far back a source's own past is looked at."""

_WELL = (Health.OK, Health.EMPTY)
_REFUSING = (Health.FORBIDDEN, Health.UNAUTHORIZED)
_TIMES = 3
"""What may pass by itself is told from the third crawl on,"""
_LASTING = timedelta(minutes=30)
"""or where at least two crawls so far apart failed."""
_WAITING = timedelta(hours=12)
"""A source that asks to wait is waited for; longer than this is no wait."""
_QUIETEST = timedelta(hours=6)
"""No source is called silent sooner."""
_LEARNED = timedelta(days=7)
_MISSED = 10.0
"""Nor where fewer posts than this were usual in the time."""
_HELD, _LOST = 0.1, 0.9
"""A field was held where at most so many posts lacked it, and is lost where so many do."""
_ENOUGH_BEFORE, _ENOUGH_NOW = 50, 20
_RECENT = timedelta(days=1)
_HOUR, _DAY = timedelta(hours=1), timedelta(days=1)


def judge(crawls: Sequence[SourceHealth], was: SourceTrouble | None = None) -> SourceTrouble | None:
    """The trouble that a source is in after its last crawl, by those of ``LOOK_BACK``.

    ``crawls`` are the oldest first; ``was`` is the trouble it was in before, if it was.
    """
    if not crawls:
        return None
    last = crawls[-1]
    failing = tuple(
        reversed(list(takewhile(lambda one: one.health not in _WELL, reversed(crawls))))
    )
    if failing:
        return _failing(failing, _last_well(crawls))
    if fields := lost_fields(crawls, before=was.since if was else None):
        since = was.since if was else last.finished_at
        return _trouble(last, TroubleKind.CHANGED, since, ", ".join(fields))
    quiet_since = _silent_since(crawls)
    return _trouble(last, TroubleKind.SILENT, quiet_since, "") if quiet_since else None


def usual(crawls: Sequence[SourceHealth], start: datetime, end: datetime) -> float | None:
    """How many new posts are usual from ``start`` to ``end``, by the hours of the days before.

    ``None`` where less than a day before ``start`` is known.
    """
    before = [one for one in crawls if one.finished_at < start]
    if not before or start - before[0].finished_at < _DAY:
        return None
    days = (start - before[0].finished_at) / _DAY
    by_hour = [0.0] * 24
    for one in before:
        by_hour[one.finished_at.hour] += one.fresh
    total, at = 0.0, start
    while at < end:
        following = min(at.replace(minute=0, second=0, microsecond=0) + _HOUR, end)
        total += by_hour[at.hour] / days * ((following - at) / _HOUR)
        at = following
    return total


def lost_fields(crawls: Sequence[SourceHealth], before: datetime | None = None) -> tuple[str, ...]:
    """The fields that posts used to have and the latest have not.

    What they used to have is judged by the crawls before the last day, or before ``before``.
    """
    if not crawls:
        return ()
    last = crawls[-1].finished_at
    recent: list[SourceHealth] = []
    for one in reversed(crawls):
        if last - one.finished_at > _RECENT or sum(r.fresh for r in recent) >= _ENOUGH_NOW:
            break
        recent.append(one)
    until = min(before or recent[-1].finished_at, recent[-1].finished_at)
    past = [one for one in crawls if one.finished_at < until]
    then, now = sum(one.fresh for one in past), sum(one.fresh for one in recent)
    if then < _ENOUGH_BEFORE or now < _ENOUGH_NOW:
        return ()
    lacked = _missing(past)
    return tuple(
        name
        for name, count in sorted(_missing(recent).items())
        if count >= _LOST * now and lacked.get(name, 0) <= _HELD * then
    )


def _failing(failing: Sequence[SourceHealth], well_at: datetime | None) -> SourceTrouble | None:
    first, last = failing[0], failing[-1]
    since = well_at or first.finished_at
    if last.health in _REFUSING:
        return _trouble(last, TroubleKind.FORBIDDEN, since, last.detail)
    if last.health is Health.UNREADABLE:
        return _trouble(last, TroubleKind.CHANGED, since, last.detail)
    lasted = last.finished_at - first.finished_at
    if last.health is Health.RATE_LIMITED:
        told = lasted >= _WAITING
    else:
        told = well_at is None or len(failing) >= _TIMES or lasted >= _LASTING
    return _trouble(last, TroubleKind.DOWN, since, last.detail) if told else None


def _silent_since(crawls: Sequence[SourceHealth]) -> datetime | None:
    last = crawls[-1].finished_at
    brought = [one.finished_at for one in crawls if one.fresh]
    if not brought or last - crawls[0].finished_at < _LEARNED:
        return None
    quiet = last - brought[-1]
    longest = max((b - a for a, b in pairwise(brought)), default=timedelta(0))
    if quiet < max(_QUIETEST, 2 * longest):
        return None
    expected = usual(crawls, brought[-1], last)
    return brought[-1] if expected is not None and expected >= _MISSED else None


def _last_well(crawls: Iterable[SourceHealth]) -> datetime | None:
    return max((one.finished_at for one in crawls if one.health in _WELL), default=None)


def _missing(crawls: Iterable[SourceHealth]) -> dict[str, int]:
    total: dict[str, int] = {}
    for one in crawls:
        for name, count in one.missing:
            total[name] = total.get(name, 0) + count
    return total


def _trouble(last: SourceHealth, kind: TroubleKind, since: datetime, detail: str) -> SourceTrouble:
    return SourceTrouble(
        source=last.source, kind=kind, since=since, noticed_at=last.finished_at, detail=detail
    )

"""How a crawl went, in one value that a person can act on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

import attrs

from monitor.domain import Health, SourceHealth
from spiders.page import SourceError
from spiders.parse.text import shown

__all__ = ["Tally", "report"]

_MOST_NAMED = 3


@attrs.define(kw_only=True)
class Tally:
    """What is counted while a crawl runs."""

    items: int = 0
    requests: int = 0
    skipped: int = 0
    looks: int = 0
    errors: dict[str, SourceError] = attrs.field(factory=dict)


def report(
    *, source: str, finished_at: datetime, tally: Tally, unfinished: Sequence[str]
) -> SourceHealth:
    """The health of a source after a crawl; ``unfinished`` are queries that the time cut off."""
    health, detail = _verdict(tally, unfinished)
    return SourceHealth(
        source=source,
        finished_at=finished_at,
        health=health,
        items=tally.items,
        requests=tally.requests,
        detail=detail,
    )


def _verdict(tally: Tally, unfinished: Sequence[str]) -> tuple[Health, str]:
    if tally.errors:
        return _of_errors(tally.errors, tally.looks)
    if unfinished:
        return Health.TIMED_OUT, (
            f"the time was up before this was read: {_named(unfinished)}; it is read next time: "
            "if that lasts, split the source or give it more time"
        )
    if not tally.looks:
        return Health.EMPTY, (
            "nothing was asked: this source searches for brands, and no brand has a name for it"
        )
    if tally.skipped > tally.items:
        return Health.UNREADABLE, (
            f"{tally.skipped} entries could not be read, {tally.items} could: "
            "the source may have changed its format; please report it"
        )
    if tally.skipped:
        return Health.OK, f"{tally.skipped} entries could not be read and were left out"
    return Health.OK, ""


def _of_errors(errors: Mapping[str, SourceError], looks: int) -> tuple[Health, str]:
    """The first trouble that is more than emptiness speaks for all; the others are named."""
    worst = next((e for e in errors.values() if e.health is not Health.EMPTY), None)
    first = worst or next(iter(errors.values()))
    others = [query for query, error in errors.items() if error is not first]
    detail = first.detail
    if looks > 1:
        detail += f" [{len(errors)} of {looks} queries failed"
        detail += f"; also: {_named(others)}]" if others else "]"
    return first.health, detail


def _named(queries: Sequence[str]) -> str:
    names = ", ".join(shown(query) for query in queries[:_MOST_NAMED])
    more = len(queries) - _MOST_NAMED
    return f"{names} and {more} more" if more > 0 else names

"""How a crawl went, in one value that a person can act on."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from statistics import median

import attrs

from monitor.domain import Health, Observation, PostKey, SourceHealth
from spiders.page import Page, SourceError
from spiders.parse.text import shown

__all__ = ["FIELDS", "Tally", "report"]

FIELDS = ("author", "followers", "url", "views", "likes", "shares", "replies")
"""What a post may come without; a source that loses one of these has changed its shape."""

_MOST_NAMED = 3
_MOST_LAGS = 10_000


@attrs.define(kw_only=True)
class Tally:
    """What is counted while a crawl runs."""

    items: int = 0
    requests: int = 0
    skipped: int = 0
    looks: int = 0
    refreshed: int = 0
    refused: int = 0
    errors: dict[str, SourceError] = attrs.field(factory=dict)
    answers: Counter[str] = attrs.field(factory=Counter)
    missing: Counter[str] = attrs.field(factory=Counter)
    lags: list[float] = attrs.field(factory=list)

    def answered(self, status: int | None) -> None:
        """Count an answer by its class, ``none`` where there was none."""
        self.answers[f"{status // 100}xx" if status else "none"] += 1

    def take(self, page: Page, looked_at_again: Collection[PostKey]) -> None:
        """Count a page; what was asked for again says nothing of what is new."""
        self.items += len(page.observations) + len(page.deletions)
        self.skipped += page.skipped
        fresh = [o for o in page.observations if o.post.key not in looked_at_again]
        self.refreshed += len(page.observations) - len(fresh) + len(page.deletions)
        for observation in fresh:
            self.missing.update(_missing(observation))
            if len(self.lags) < _MOST_LAGS:
                post = observation.post
                self.lags.append((observation.observed_at - post.published_at).total_seconds())


def _missing(observation: Observation) -> Sequence[str]:
    post, counts = observation.post, observation.snapshot
    author = post.author
    held = {
        "author": author,
        "followers": author.followers if author else None,
        "url": post.url,
        "views": counts.views if counts else None,
        "likes": counts.likes if counts else None,
        "shares": counts.shares if counts else None,
        "replies": counts.replies if counts else None,
    }
    return [name for name in FIELDS if held[name] is None]


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
        refreshed=tally.refreshed,
        skipped=tally.skipped,
        refused=tally.refused,
        answers=tuple(sorted(tally.answers.items())),
        missing=tuple(sorted(tally.missing.items())),
        lag=max(median(tally.lags), 0.0) if tally.lags else None,
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

"""How an incident spreads, and why its forecast says what it says, as lines for a terminal."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta, tzinfo

from monitor.commands.showing import span
from monitor.virality.explanation import Explanation, Push
from monitor.virality.forecast import Forecaster
from monitor.virality.reproduction import FEWEST_EVENTS, Doubling, doubling, reproduction

__all__ = ["spreading"]

_DAY = timedelta(days=1)
_TELLING = 0.05
"""A push of less than five per cent is not worth a word."""
_PUSHES = {
    Push.PACE: "its latest pace",
    Push.START: "how it began",
    Push.SIZE: "its size",
    Push.AGE: "its age",
    Push.HOUR: "the hour of the day",
    Push.AUDIENCE: "the audience of who began it",
    Push.KIND: "the kind of story",
}


def spreading(times: Sequence[datetime], now: datetime, zone: tzinfo) -> Iterator[str]:
    """Lines about posts that came at ``times``, as of ``now``; ``zone`` is their audience's."""
    explanation = Forecaster.load(zone=zone).explain(times, now, _DAY)
    if explanation is not None:
        yield _why(explanation)
    found = reproduction(times, now)
    if found is None:
        yield f"how many posts one post leads to is unknown below {FEWEST_EVENTS} posts"
    else:
        yield (
            f"one post has led to {found.median:.2f} others (90 %: {found.low90:.2f} to"
            f" {found.high90:.2f}), as far as their times alone can tell"
        )
    growing = doubling(times, now)
    if growing is not None:
        yield _doubling(growing)


def _why(found: Explanation) -> str:
    pushes = [
        f"{_PUSHES[push]} ×{factor:.2f}"
        for push, factor in found.pushes
        if abs(factor - 1) >= _TELLING
    ]
    because = f", because of {', '.join(pushes)}" if pushes else ""
    return (
        f"in 24 hours ×{found.foretold:.2f} of what was seen, where ×{found.usual:.2f} is"
        f" usual{because}"
    )


def _doubling(found: Doubling) -> str:
    if found.median is None:
        return "it is not growing"
    if found.low90 is None or found.high90 is None:
        return f"it doubles every {span(found.median)}, if it grows at all"
    return (
        f"it doubles every {span(found.median)} (90 %: {span(found.low90)} to {span(found.high90)})"
    )

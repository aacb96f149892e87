"""What to do about an incident, by when, and who might: the clock depends on the level."""

from __future__ import annotations

from datetime import timedelta

from alerts.brief import Brief
from alerts.i18n import Words
from alerts.untrusted import isolated, one_line
from monitor.domain import Level

__all__ = ["next_steps"]

_CLOCKS = {
    Level.CRITICAL: (timedelta(minutes=15), timedelta(minutes=60)),
    Level.HIGH: (timedelta(minutes=60), timedelta(hours=4)),
}


def next_steps(brief: Brief, words: Words) -> tuple[str, ...]:
    """The steps, one a line."""
    clock = _CLOCKS.get(brief.alert.level)
    if clock is None:
        return (words.say("Nothing has to be done at once. Look again within a day."),)
    acknowledge, statement = clock
    return (
        *_who(brief, acknowledge, words),
        words.say(
            "Within {time}, by {clock}: publish a holding statement, or decide that none is "
            "needed.",
            time=_span(statement, words),
            clock=words.clock(brief.alert.raised_at + statement),
        ),
    )


def _who(brief: Brief, acknowledge: timedelta, words: Words) -> tuple[str, ...]:
    """Who has taken it on; where nobody has, by when that is to be decided, and who might."""
    case = brief.case
    if case is not None and case.taken_on_at is not None:
        name = isolated(one_line(case.owner or case.by, 60))
        return (words.say("{name} has taken this on.", name=name),)
    clock = words.clock(brief.alert.raised_at + acknowledge)
    if _waited(brief) >= acknowledge:
        decide = words.say(
            "Decide now who takes this on, and tell the others: it was due by {clock}.", clock=clock
        )
    else:
        decide = words.say(
            "Within {time}, by {clock}: decide who takes this on, and tell the others.",
            time=_span(acknowledge, words),
            clock=clock,
        )
    if not brief.owner:
        return (decide,)
    name = isolated(one_line(brief.owner, 60))
    return (decide, words.say("Suggested to take it on: {name}.", name=name))


def _waited(brief: Brief) -> timedelta:
    """How long nobody has taken it on, where it is told again for that."""
    if brief.again is None or brief.again.code != "not_taken_on":
        return timedelta(0)
    return timedelta(hours=float(brief.again.fact("hours")))


def _span(span: timedelta, words: Words) -> str:
    return words.hours(span.total_seconds() / 3600)

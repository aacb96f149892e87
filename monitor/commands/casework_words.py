"""What people do about incidents, and what they want to hear nothing of, in the reader's words."""

from __future__ import annotations

from collections.abc import Iterable

from alerts.i18n import Words, message
from alerts.untrusted import isolated, one_line
from monitor.casework import SPARKWATCH, Action, ActionKind, Handling, Matcher, Silence
from monitor.domain import Level

__all__ = ["action_text", "handling_text", "matcher_text", "silence_text"]

_DONE = {
    ActionKind.ACKNOWLEDGE: message("{name} took it on"),
    ActionKind.ASSIGN: message("{name} gave it to {assignee}"),
    ActionKind.SILENCE: message("{name} silenced it until {until}"),
    ActionKind.RESPOND: message("{name} logged an answer"),
    ActionKind.RESOLVE: message("{name} resolved it"),
    ActionKind.NOISE: message("{name} called it noise"),
    ActionKind.USEFUL: message("{name} called the alert useful"),
    ActionKind.ESCALATE: message("nobody had taken it on, so it was told again"),
    ActionKind.REOPEN: message("it is open again"),
}

_HANDLINGS = {
    Handling.OPEN: message("nobody has taken it on"),
    Handling.ACKNOWLEDGED: message("taken on"),
    Handling.ASSIGNED: message("assigned"),
    Handling.RESPONDING: message("answered"),
    Handling.RESOLVED: message("resolved"),
    Handling.NOISE: message("noise"),
}


def action_text(action: Action, words: Words) -> str:
    """One thing that was done, as a line."""
    line = words.say(
        _DONE[action.kind],
        name=_name(action.by),
        assignee=_name(action.assignee),
        until=words.when(action.until) if action.until else "",
    )
    if action.by != SPARKWATCH and action.kind is ActionKind.REOPEN:
        line = words.noted(line, _name(action.by))
    return words.noted(line, isolated(one_line(action.note, 160)))


def handling_text(handling: Handling, owner: str, words: Words) -> str:
    """How far it is being handled, and by whom."""
    return words.noted(words.say(_HANDLINGS[handling]), _name(owner))


def silence_text(silence: Silence, words: Words) -> str:
    """A silence as a line: what, from when to when, who and why."""
    line = words.say(
        "{what}, {since} to {until}, by {name}",
        what=matcher_text(silence.matcher, words),
        since=words.when(silence.starts_at),
        until=words.when(silence.ends_at),
        name=_name(silence.author),
    )
    return words.noted(line, isolated(one_line(silence.comment, 160)))


def matcher_text(matcher: Matcher, words: Words) -> str:
    """Which alerts are meant."""
    parts = [
        words.labelled(words.say(label), _listed(values))
        for label, values in (
            (message("incident"), matcher.incidents),
            (message("brand"), matcher.brands),
            (message("touchpoint"), matcher.touchpoints),
            (message("language"), matcher.languages),
            (message("region"), matcher.regions),
            (message("source"), matcher.sources),
        )
        if values
    ]
    levels = [
        words.level(level)
        for level in Level
        if matcher.min_level.rank <= level.rank <= matcher.max_level.rank
    ]
    if len(levels) < len(Level):
        parts.append(words.labelled(words.say("level"), ", ".join(levels)))
    return " · ".join(parts) or words.say("every alert")


def _listed(values: Iterable[str]) -> str:
    return ", ".join(one_line(value, 60) for value in sorted(values))


def _name(name: str) -> str:
    return isolated(one_line(name, 60))

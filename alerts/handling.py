"""How an incident is being handled, in the reader's words: states, actions, public answers."""

from __future__ import annotations

from datetime import datetime

from alerts.i18n import Words, message
from alerts.untrusted import isolated, one_line
from monitor.casework import SPARKWATCH, Action, ActionKind, Case, Handling, ResponseKind

__all__ = ["action_line", "action_name", "response_name", "state_lines"]

_NAMES = {
    ActionKind.ACKNOWLEDGE: message("Acknowledge"),
    ActionKind.ASSIGN: message("Assign"),
    ActionKind.SILENCE: message("Silence"),
    ActionKind.NOISE: message("Noise"),
    ActionKind.USEFUL: message("Useful"),
    ActionKind.RESPOND: message("Log response"),
    ActionKind.RESOLVE: message("Resolve"),
    ActionKind.REOPEN: message("Reopen"),
}

_RESPONSES = {
    ResponseKind.HOLDING_STATEMENT: message("holding statement"),
    ResponseKind.APOLOGY: message("apology"),
    ResponseKind.REFUND: message("refund"),
    ResponseKind.POLICY_CHANGE: message("change of policy"),
    ResponseKind.ANSWER: message("another answer"),
}

_STATES = {
    Handling.ACKNOWLEDGED: message("Acknowledged by {name}, {time}"),
    Handling.ASSIGNED: message("Assigned to {owner} by {name}, {time}"),
    Handling.RESPONDING: message("Public response logged by {name}, {time}"),
    Handling.RESOLVED: message("Resolved by {name}, {time}"),
    Handling.NOISE: message("Called noise by {name}, {time}"),
}

_DONE = {
    ActionKind.ACKNOWLEDGE: message("{time}: {name} took it on"),
    ActionKind.ASSIGN: message("{time}: {name} gave it to {owner}"),
    ActionKind.SILENCE: message("{time}: {name} silenced it until {until}"),
    ActionKind.RESPOND: message("{time}: {name} logged a public response ({response})"),
    ActionKind.RESOLVE: message("{time}: {name} resolved it"),
    ActionKind.NOISE: message("{time}: {name} called it noise"),
    ActionKind.USEFUL: message("{time}: {name} found the alert useful"),
    ActionKind.ESCALATE: message("{time}: nobody had taken it on, so others were told"),
    ActionKind.REOPEN: message("{time}: {name} reopened it"),
}

_CAME_BACK = message("{time}: it came back and is open again")


def action_name(kind: ActionKind, words: Words) -> str:
    """What the button for something that a person can do is called."""
    return words.say(_NAMES[kind])


def response_name(kind: ResponseKind, words: Words) -> str:
    """What kind of public answer it was."""
    return words.say(_RESPONSES[kind])


def state_lines(case: Case, words: Words, now: datetime) -> tuple[str, ...]:
    """How it is being handled: by whom and since when, and until when it is silenced."""
    lines = []
    if case.needs_somebody:
        lines.append(words.say("Nobody has taken this on yet"))
    if case.since is not None and case.handling in _STATES:
        lines.append(
            words.say(
                _STATES[case.handling],
                name=_name(case.by),
                owner=_name(case.owner),
                time=words.when(case.since),
            )
        )
    if case.handling is Handling.RESPONDING and case.owner not in ("", case.by):
        lines.append(words.say("In the hands of {owner}", owner=_name(case.owner)))
    if case.silenced_until is not None and now < case.silenced_until:
        lines.append(words.say("Silenced until {until}", until=words.when(case.silenced_until)))
    return tuple(lines)


def action_line(action: Action, words: Words) -> str:
    """Who did what, and when."""
    came_back = action.kind is ActionKind.REOPEN and action.by == SPARKWATCH
    return words.say(
        _CAME_BACK if came_back else _DONE[action.kind],
        time=words.when(action.at),
        name=_name(action.by),
        owner=_name(action.assignee),
        until=words.when(action.until) if action.until else "",
        response=response_name(action.response or ResponseKind.ANSWER, words),
    )


def _name(written: str) -> str:
    if written == SPARKWATCH:
        return "Sparkwatch"
    return isolated(one_line(written, 60))

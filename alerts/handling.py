"""How an incident is being handled, and what somebody did about it, in the reader's words."""

from __future__ import annotations

from datetime import datetime

from alerts.i18n import Words, message
from alerts.untrusted import isolated, one_line
from monitor.casework import SPARKWATCH, Action, ActionKind, Case, Handling, ResponseKind

__all__ = ["action_line", "case_lines", "response_name", "who"]

_RESPONSES = {
    ResponseKind.HOLDING_STATEMENT: message("holding statement"),
    ResponseKind.APOLOGY: message("apology"),
    ResponseKind.REFUND: message("refund"),
    ResponseKind.POLICY_CHANGE: message("change of policy"),
    ResponseKind.ANSWER: message("another public answer"),
}

_DONE = {
    ActionKind.ACKNOWLEDGE: message("{who} took this on."),
    ActionKind.ASSIGN: message("{who} assigned this to {assignee}."),
    ActionKind.SILENCE: message("{who} silenced this until {time}."),
    ActionKind.RESPOND: message("{who} logged a response: {response}."),
    ActionKind.RESOLVE: message("{who} resolved this."),
    ActionKind.NOISE: message("{who} called this noise: it was not worth an alert."),
    ActionKind.USEFUL: message("{who} found this alert useful."),
    ActionKind.REOPEN: message("{who} reopened this."),
}

_OURS = {
    ActionKind.ESCALATE: message("Nobody took this on in time, so others were told."),
    ActionKind.REOPEN: message("It is back, so it is open again."),
    ActionKind.RESPOND: message("A public response was found: {response}."),
}


def who(name: str, words: Words) -> str:
    """Somebody's name, as it can stand in a sentence."""
    if name == SPARKWATCH:
        return "Sparkwatch"
    return isolated(one_line(name, 60)) or words.say("somebody without a name")


def response_name(kind: ResponseKind, words: Words) -> str:
    """What kind of response it was."""
    return words.say(_RESPONSES[kind])


def action_line(action: Action, words: Words) -> str:
    """Who did what."""
    kind = action.kind
    ours = action.by == SPARKWATCH
    if kind is ActionKind.ASSIGN and action.assignee == action.by:
        kind = ActionKind.ACKNOWLEDGE
    sentence = _OURS[kind] if kind in _OURS and (ours or kind not in _DONE) else _DONE[kind]
    return words.say(
        sentence,
        who=who(action.by, words),
        assignee=who(action.assignee, words),
        time="" if action.until is None else words.when(action.until),
        response=response_name(action.response or ResponseKind.ANSWER, words),
    )


def case_lines(case: Case, words: Words, *, suggested: str, now: datetime) -> tuple[str, ...]:
    """How it is being handled ``now``, whose it is, and until when it is silenced.

    ``suggested`` is who might take it on while nobody has.
    """
    lines = [_state(case, words, suggested)]
    if case.owner and case.handling is Handling.RESPONDING:
        lines.append(words.say("Owner: {name}", name=who(case.owner, words)))
    if case.silenced_until is not None and case.silenced_until > now and not case.handling.is_over:
        until = words.when(case.silenced_until)
        lines.append(words.say("No messages about it until {time}", time=until))
    return tuple(lines)


def _state(case: Case, words: Words, suggested: str) -> str:
    by, at = who(case.by, words), "" if case.since is None else words.when(case.since)
    match case.handling:
        case Handling.OPEN if suggested:
            return words.say(
                "Nobody has taken this on yet; suggested: {name}", name=who(suggested, words)
            )
        case Handling.OPEN:
            return words.say("Nobody has taken this on yet")
        case Handling.ACKNOWLEDGED:
            return words.say("Acknowledged by {name}, {time}", name=by, time=at)
        case Handling.ASSIGNED if case.owner == case.by:
            return words.say("Acknowledged by {name}, {time}", name=by, time=at)
        case Handling.ASSIGNED:
            owner = who(case.owner, words)
            return words.say("Assigned to {owner} by {name}, {time}", owner=owner, name=by, time=at)
        case Handling.RESPONDING:
            kind = case.responses[-1].response if case.responses else None
            response = response_name(kind or ResponseKind.ANSWER, words)
            return words.say("Answered in public ({response}), {time}", response=response, time=at)
        case Handling.RESOLVED:
            return words.say("Resolved by {name}, {time}", name=by, time=at)
        case Handling.NOISE:
            return words.say("Called noise by {name}, {time}", name=by, time=at)

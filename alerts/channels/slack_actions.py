"""What comes back from Slack when somebody presses a button or submits a window.

Everything here is pure. A payload is held to be Slack's only once its signature was verified, or
where it came by a connection that this program opened; even then nothing in it is taken on trust.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, TypeAlias
from urllib.parse import parse_qs

import attrs
from slack_sdk.signature import Clock, SignatureVerifier

from alerts.channels.slack_controls import BLOCK, NOTE_LIMIT, RESPONSE, SILENCES, Control, Field
from alerts.people import People
from alerts.untrusted import clean, one_line, safe_link, shorten
from monitor.casework import Action, ActionKind, ResponseKind

__all__ = [
    "Asked",
    "Interaction",
    "Nothing",
    "OpenModal",
    "WrongLink",
    "read_interaction",
    "read_request",
    "verify",
]

Payload: TypeAlias = Mapping[str, Any]

_MOST_BYTES = 1_000_000

_SIMPLE = {
    Control.ACKNOWLEDGE: ActionKind.ACKNOWLEDGE,
    Control.RESOLVE: ActionKind.RESOLVE,
    Control.USEFUL: ActionKind.USEFUL,
    Control.NOISE: ActionKind.NOISE,
    Control.REOPEN: ActionKind.REOPEN,
}


@attrs.frozen(kw_only=True)
class Asked:
    """Something to do about an incident, and where and to whom an answer would go.

    ``assignee`` is the member whom it is given to, where one is and nothing names them.
    """

    action: Action
    channel: str
    member: str
    assignee: str = ""


@attrs.frozen(kw_only=True)
class OpenModal:
    """Somebody wants to log a response; ``trigger`` opens a window for three seconds."""

    incident: str
    channel: str
    member: str
    trigger: str


@attrs.frozen
class WrongLink:
    """A window was submitted with a link that is none."""

    channel: str


@attrs.frozen
class Nothing:
    """Nothing is done, and why."""

    reason: str


Interaction: TypeAlias = Asked | OpenModal | WrongLink | Nothing


class _UnreadableError(ValueError):
    """A payload that Slack would not send."""


class _At(Clock):
    def __init__(self, now: datetime) -> None:
        self._now = now

    def now(self) -> float:
        return self._now.timestamp()


def verify(headers: Mapping[str, str], body: bytes, signing_secret: str, now: datetime) -> bool:
    """Whether Slack signed this request within the last five minutes."""
    verifier = SignatureVerifier(signing_secret, _At(now))
    try:
        return verifier.is_valid_request(body, dict(headers))
    except (TypeError, ValueError, OverflowError):
        return False  # a time stamp that is no number, a body that is no text


def read_request(body: bytes) -> Payload | None:
    """The payload of a request's form; ``None`` where it holds none."""
    if len(body) > _MOST_BYTES:
        return None
    try:
        form = parse_qs(body.decode(), max_num_fields=10)
        payload = json.loads(form["payload"][0])
    except (KeyError, ValueError, RecursionError):
        return None
    return payload if isinstance(payload, dict) else None


def read_interaction(payload: Payload, people: People, now: datetime) -> Interaction:
    """What somebody wants by it."""
    try:
        match payload.get("type"):
            case "block_actions":
                return _pressed(payload, people, now)
            case "view_submission":
                return _submitted(payload, people, now)
            case _:
                return Nothing("it is neither a button nor a window")
    except _UnreadableError as error:
        return Nothing(str(error))


def _pressed(payload: Payload, people: People, now: datetime) -> Interaction:
    pressed = _list(payload, "actions")[0]
    try:
        control = Control(_text(pressed, "action_id"))
    except ValueError:
        return Nothing("no button of this name is known")
    block, _, rest = _text(pressed, "block_id").partition("/")
    incident = rest.partition("/")[2]
    if block != BLOCK or not incident:
        return Nothing("the button names no incident")
    member = _text(payload, "user", "id")
    channel = _text(payload, "container", "channel_id")
    place = _text(payload, "container", "message_ts")
    if control is Control.RESPOND:
        trigger = _text(payload, "trigger_id")
        return OpenModal(incident=incident, channel=channel, member=member, trigger=trigger)
    if control is Control.USEFUL:  # pressed again, it is still one vote
        key = _key("vote", incident, member)
    else:
        key = _key("press", channel, place, member, control, _text(pressed, "action_ts"))
    action = Action(
        key=key,
        incident=incident,
        at=now,
        by=_name(payload, people),
        kind=_SIMPLE.get(control, ActionKind.ACKNOWLEDGE),
    )
    if control is Control.SILENCE:
        span = SILENCES.get(_text(pressed, "selected_option", "value"))
        if span is None:
            return Nothing("no such time to be silent is offered")
        action = attrs.evolve(action, kind=ActionKind.SILENCE, until=now + span)
    if control is not Control.ASSIGN:
        return Asked(action=action, channel=channel, member=member)
    chosen = _text(pressed, "selected_user")
    known = people.on_slack(chosen)
    action = attrs.evolve(action, kind=ActionKind.ASSIGN, assignee=known)
    return Asked(
        action=action, channel=channel, member=member, assignee=chosen if known == chosen else ""
    )


def _submitted(payload: Payload, people: People, now: datetime) -> Interaction:
    view = _part(payload, "view")
    if view.get("callback_id") != RESPONSE:
        return Nothing("no window of this name is known")
    try:
        about = json.loads(_text(view, "private_metadata"))
    except ValueError:
        about = None
    if not isinstance(about, dict):
        return Nothing("the window names no incident")
    channel = _text(about, "channel")
    values = _part(view, "state", "values")
    try:
        response = ResponseKind(_text(values, Field.KIND, Field.KIND, "selected_option", "value"))
    except ValueError:
        return Nothing("no such kind of response is known")
    written = _optional(values, Field.LINK)
    link = safe_link(written) if written else ""
    if link is None:
        return WrongLink(channel)
    action = Action(
        key=_key("view", _text(view, "id")),
        incident=_text(about, "incident"),
        at=now,
        by=_name(payload, people),
        kind=ActionKind.RESPOND,
        note=shorten(clean(_optional(values, Field.NOTE)), NOTE_LIMIT),
        response=response,
        link=link,
    )
    return Asked(action=action, channel=channel, member=_text(payload, "user", "id"))


def _name(payload: Payload, people: People) -> str:
    """Who acts: by the settings, or as Slack calls them, which they chose themselves."""
    member = _text(payload, "user", "id")
    user = _part(payload, "user")
    own = user.get("name") or user.get("username")
    return people.on_slack(member, one_line(own, 60) if isinstance(own, str) else "")


def _key(*parts: str) -> str:
    """The same for what Slack delivers twice."""
    return "slack/" + hashlib.sha256("\x1f".join(parts).encode()).hexdigest()[:32]


def _optional(values: Payload, field: Field) -> str:
    written = _part(values, field, field).get("value")
    return written.strip() if isinstance(written, str) else ""


def _part(value: Any, *path: str) -> Payload:
    for name in path:
        value = value.get(name) if isinstance(value, Mapping) else None
    if not isinstance(value, Mapping):
        raise _UnreadableError(f"its {'.'.join(path)} cannot be read")
    return value


def _list(value: Payload, name: str) -> Sequence[Payload]:
    found = value.get(name)
    if not isinstance(found, list) or not found or not isinstance(found[0], Mapping):
        raise _UnreadableError(f"its {name} cannot be read")
    return found


def _text(value: Any, *path: str) -> str:
    *into, last = path
    found = _part(value, *into).get(last)
    if not isinstance(found, str) or not found or len(found) > 3000:
        raise _UnreadableError(f"its {'.'.join(path)} cannot be read")
    return found

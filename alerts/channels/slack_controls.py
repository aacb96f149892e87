"""The buttons under an alert in Slack, and the window in which a response is logged.

Each block of buttons carries the incident in its ``block_id``; what a button does is its
``action_id``. The words are the reader's; `slack_actions` reads what comes back.
"""

from __future__ import annotations

from datetime import timedelta
from enum import StrEnum

from alerts.channels.slack_blocks import Json, as_json, plain
from alerts.handling import action_name, response_name
from alerts.i18n import Words, message
from monitor.casework import ActionKind, Case, Handling, ResponseKind

__all__ = [
    "BLOCK",
    "NOTE_LIMIT",
    "RESPONSE",
    "SILENCES",
    "Control",
    "Field",
    "Told",
    "controls",
    "modal",
]

BLOCK = "sparkwatch"
"""What every ``block_id`` of ours begins with: ``sparkwatch/1/incident``."""

RESPONSE = "sparkwatch_response"
"""The ``callback_id`` of the window in which a response is logged."""

NOTE_LIMIT = 2000

SILENCES = {
    "1h": timedelta(hours=1),
    "4h": timedelta(hours=4),
    "24h": timedelta(hours=24),
}
"""For how long an incident can be silenced, by the value of the choice."""


class Control(StrEnum):
    """What a button or a menu does: its ``action_id``."""

    ACKNOWLEDGE = "sparkwatch_acknowledge"
    ASSIGN = "sparkwatch_assign"
    SILENCE = "sparkwatch_silence"
    RESPOND = "sparkwatch_respond"
    RESOLVE = "sparkwatch_resolve"
    USEFUL = "sparkwatch_useful"
    NOISE = "sparkwatch_noise"
    REOPEN = "sparkwatch_reopen"


class Field(StrEnum):
    """What is asked for in the window: the ``block_id`` and ``action_id`` of each field."""

    KIND = "kind"
    NOTE = "note"
    LINK = "link"


class Told(StrEnum):
    """What a member is told who asked for something that is not done, or not as they think."""

    UNKNOWN = message("This incident is not known here any more, so nothing was done.")
    NOT_KEPT = message("It could not be kept just now. Press the button again in a minute.")
    NO_WINDOW = message("The window could not be opened. Press the button again.")
    WHOLE_ADDRESS = message("Write the whole address: https://…")
    TAKEN = message("Somebody was faster. {state}")


_KINDS = {
    Control.ACKNOWLEDGE: ActionKind.ACKNOWLEDGE,
    Control.RESPOND: ActionKind.RESPOND,
    Control.RESOLVE: ActionKind.RESOLVE,
    Control.USEFUL: ActionKind.USEFUL,
    Control.NOISE: ActionKind.NOISE,
    Control.REOPEN: ActionKind.REOPEN,
}

_CONFIRMED = {
    Control.RESOLVE: message("It counts as settled, and nobody is reminded of it any more."),
    Control.NOISE: message(
        "It counts as not worth an alert, and nobody hears of it again unless it comes back."
    ),
}

_ROWS: dict[Handling, tuple[tuple[Control, ...], ...]] = {
    Handling.OPEN: (
        (Control.ACKNOWLEDGE, Control.ASSIGN, Control.SILENCE),
        (Control.RESPOND, Control.RESOLVE, Control.USEFUL, Control.NOISE),
    ),
    Handling.ACKNOWLEDGED: (
        (Control.RESPOND, Control.ASSIGN, Control.SILENCE),
        (Control.RESOLVE, Control.USEFUL, Control.NOISE),
    ),
    Handling.RESPONDING: (
        (Control.RESOLVE, Control.ASSIGN, Control.SILENCE),
        (Control.RESPOND, Control.USEFUL),
    ),
    Handling.RESOLVED: ((Control.USEFUL, Control.REOPEN),),
    Handling.NOISE: ((Control.REOPEN,),),
}
_ROWS[Handling.ASSIGNED] = _ROWS[Handling.ACKNOWLEDGED]


def controls(case: Case, words: Words) -> list[Json]:
    """The buttons that still make sense, as blocks."""
    handling = Handling.OPEN if case.needs_somebody else case.handling
    return [
        {
            "type": "actions",
            "block_id": f"{BLOCK}/{number}/{case.incident}",
            "elements": [_control(control, words) for control in row],
        }
        for number, row in enumerate(_ROWS[handling], 1)
    ]


def modal(incident: str, channel: str, words: Words) -> Json:
    """The window in which a response is logged; ``channel`` is where the alert stands."""
    return {
        "type": "modal",
        "callback_id": RESPONSE,
        "private_metadata": as_json({"incident": incident, "channel": channel}),
        "title": plain(words.say("Log a response")),
        "submit": plain(words.say("Log")),
        "close": plain(words.say("Cancel")),
        "blocks": [
            _field(
                Field.KIND,
                words.say("What was answered in public?"),
                {
                    "type": "static_select",
                    "options": [
                        _option(response_name(kind, words), kind.value) for kind in ResponseKind
                    ],
                },
            ),
            _field(
                Field.LINK,
                words.say("Link to the public answer"),
                {"type": "url_text_input"},
                optional=True,
            ),
            _field(
                Field.NOTE,
                words.say("Note for colleagues"),
                {"type": "plain_text_input", "multiline": True, "max_length": NOTE_LIMIT},
                optional=True,
            ),
        ],
    }


def _control(control: Control, words: Words) -> Json:
    match control:
        case Control.ASSIGN:
            element = {"type": "users_select", "placeholder": plain(words.say("Assign to …"))}
        case Control.SILENCE:
            element = _menu(words)
        case _:
            element = {"type": "button", "text": plain(action_name(_KINDS[control], words))}
    element["action_id"] = control.value
    if control is Control.ACKNOWLEDGE:
        element["style"] = "primary"
    if control in _CONFIRMED:
        element["confirm"] = {
            "title": element["text"],
            "text": plain(words.say(_CONFIRMED[control])),
            "confirm": element["text"],
            "deny": plain(words.say("Cancel")),
        }
    return element


def _menu(words: Words) -> Json:
    return {
        "type": "static_select",
        "placeholder": plain(words.say("Silence …")),
        "options": [
            _option(words.hours(span / timedelta(hours=1)), value)
            for value, span in SILENCES.items()
        ],
    }


def _option(label: str, value: str) -> Json:
    return {"text": plain(label), "value": value}


def _field(field: Field, label: str, element: Json, *, optional: bool = False) -> Json:
    return {
        "type": "input",
        "block_id": field.value,
        "label": plain(label),
        "element": {**element, "action_id": field.value},
        "optional": optional,
    }

"""What comes back from Slack: read strictly, and believed only where it was signed."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alerts.channels.slack_actions import (
    Asked,
    Nothing,
    OpenModal,
    WrongLink,
    read_interaction,
    read_request,
    verify,
)
from alerts.channels.slack_blocks import Json
from alerts.channels.slack_controls import Control, controls, modal
from alerts.i18n import Reader, Words
from alerts.people import People, PersonOptions
from monitor.casework import Action, ActionKind, Case, ResponseKind
from tests.alerts.examples import NOW
from tests.alerts.slack_service import CHANNEL, SIGNING_SECRET, SlackService, signed

PEOPLE = People([PersonOptions(name="Mei", slack="U01"), PersonOptions(name="Wei", slack="U02")])
WORDS = Words(Reader())
MESSAGE: Json = {"ts": "17.5", "blocks": controls(Case(incident="i1"), WORDS)}


@pytest.fixture
def slack() -> SlackService:
    return SlackService()


def asked(payload: Json) -> Asked:
    read = read_interaction(payload, PEOPLE, NOW)
    assert isinstance(read, Asked), read
    return read


def action(payload: Json) -> Action:
    return asked(payload).action


@pytest.mark.parametrize(
    ("control", "kind"),
    [
        (Control.ACKNOWLEDGE, ActionKind.ACKNOWLEDGE),
        (Control.RESOLVE, ActionKind.RESOLVE),
        (Control.USEFUL, ActionKind.USEFUL),
        (Control.NOISE, ActionKind.NOISE),
    ],
)
def test_a_button_is_an_action_of_whoever_pressed_it(
    slack: SlackService, control: Control, kind: ActionKind
) -> None:
    read = asked(slack.press(MESSAGE, control))
    assert (read.action.kind, read.action.by, read.action.incident) == (kind, "Mei", "i1")
    assert (read.action.at, read.channel, read.member) == (NOW, CHANNEL, "U01")


@pytest.mark.parametrize(("chosen", "hours"), [("1h", 1), ("4h", 4), ("24h", 24)])
def test_a_silence_lasts_as_long_as_was_chosen(
    slack: SlackService, chosen: str, hours: int
) -> None:
    silence = action(slack.press(MESSAGE, Control.SILENCE, chosen=chosen))
    assert silence.kind is ActionKind.SILENCE
    assert silence.until == NOW + timedelta(hours=hours)


def test_it_is_given_to_the_person_whom_the_settings_name(slack: SlackService) -> None:
    read = asked(slack.press(MESSAGE, Control.ASSIGN, chosen="U02"))
    assert (read.action.kind, read.action.assignee, read.assignee) == (
        ActionKind.ASSIGN,
        "Wei",
        "",
    )
    stranger = asked(slack.press(MESSAGE, Control.ASSIGN, chosen="U77"))
    assert (stranger.action.assignee, stranger.assignee) == ("U77", "U77")


def test_a_member_whom_nothing_names_goes_by_their_name_in_slack(slack: SlackService) -> None:
    payload = slack.press(MESSAGE, Control.RESOLVE, member="U09")
    payload["user"]["name"] = "sam\r\nBcc: x\u202e"
    assert action(payload).by == "sam Bcc: x"
    del payload["user"]["name"]
    assert action(payload).by == "U09"


def test_what_slack_delivers_twice_is_one_action_and_a_second_press_another(
    slack: SlackService,
) -> None:
    payload = slack.press(MESSAGE, Control.ACKNOWLEDGE)
    assert action(payload).key == action(json.loads(json.dumps(payload))).key
    assert action(payload).key != action(slack.press(MESSAGE, Control.ACKNOWLEDGE)).key


def test_a_vote_that_is_given_twice_counts_once_for_each_member(slack: SlackService) -> None:
    votes = [action(slack.press(MESSAGE, Control.USEFUL, member)) for member in ("U01", "U01")]
    other = action(slack.press(MESSAGE, Control.USEFUL, "U02"))
    assert len({vote.key for vote in votes}) == 1
    assert other.key != votes[0].key


def test_logging_a_response_opens_a_window_and_its_fields_become_an_action(
    slack: SlackService,
) -> None:
    wish = read_interaction(slack.press(MESSAGE, Control.RESPOND), PEOPLE, NOW)
    assert isinstance(wish, OpenModal)
    view = modal(wish.incident, wish.channel, WORDS)
    logged = asked(
        slack.submit(view, kind="apology", link="https://acme.example/sorry", note=" said so ")
    )
    assert logged.channel == CHANNEL
    response = logged.action
    assert (response.kind, response.response) == (ActionKind.RESPOND, ResponseKind.APOLOGY)
    assert (response.link, response.note) == ("https://acme.example/sorry", "said so")
    assert (response.incident, response.by) == ("i1", "Mei")


def test_link_and_note_may_be_left_out(slack: SlackService) -> None:
    logged = action(slack.submit(modal("i1", CHANNEL, WORDS), kind="refund"))
    assert (logged.link, logged.note) == ("", "")


@pytest.mark.parametrize("link", ["javascript:alert(1)", "acme.example", "https://a@b.example/"])
def test_a_link_that_is_none_is_told_in_the_window(slack: SlackService, link: str) -> None:
    payload = slack.submit(modal("i1", CHANNEL, WORDS), kind="refund", link=link)
    assert read_interaction(payload, PEOPLE, NOW) == WrongLink(CHANNEL)


def changed(payload: Json, *path: str | int, to: object) -> Json:
    copy: Any = json.loads(json.dumps(payload))
    place = copy
    for step in path[:-1]:
        place = place[step]
    place[path[-1]] = to
    result: Json = copy
    return result


@pytest.mark.parametrize(
    ("path", "to"),
    [
        (("type",), "shortcut"),
        (("actions",), []),
        (("actions",), "x"),
        (("actions", 0, "action_id"), "other_app"),
        (("actions", 0, "block_id"), "other/1/i1"),
        (("actions", 0, "block_id"), "sparkwatch/1/"),
        (("actions", 0, "action_ts"), None),
        (("actions", 0, "selected_option"), {"value": "9999h"}),
        (("actions", 0, "selected_option"), None),
        (("user",), {}),
        (("user", "id"), 7),
        (("container",), None),
        (("container", "channel_id"), "C" * 5000),
    ],
)
def test_what_slack_would_not_send_is_refused(
    slack: SlackService, path: tuple[str | int, ...], to: object
) -> None:
    payload = slack.press(MESSAGE, Control.SILENCE, chosen="4h")
    read = read_interaction(changed(payload, *path, to=to), PEOPLE, NOW)
    assert isinstance(read, Nothing)
    assert read.reason


@pytest.mark.parametrize(
    ("path", "to"),
    [
        (("view", "callback_id"), "other"),
        (("view", "private_metadata"), "[1]"),
        (("view", "private_metadata"), "{"),
        (("view", "state", "values", "kind", "kind"), {"selected_option": None}),
        (("view", "state", "values", "kind", "kind"), {"selected_option": {"value": "bribe"}}),
    ],
)
def test_a_window_that_is_not_ours_is_refused(
    slack: SlackService, path: tuple[str | int, ...], to: object
) -> None:
    payload = slack.submit(modal("i1", CHANNEL, WORDS), kind="refund")
    assert isinstance(read_interaction(changed(payload, *path, to=to), PEOPLE, NOW), Nothing)


ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                ["type", "actions", "view", "user", "id", "state", "values", "container"]
            )
            | st.text(max_size=5),
            inner,
            max_size=4,
        )
    ),
    max_leaves=12,
)


@given(st.sampled_from(["block_actions", "view_submission"]), ANYTHING, ANYTHING, ANYTHING)
def test_nothing_that_is_sent_makes_it_fail(kind: str, one: Any, two: Any, three: Any) -> None:
    payload = {"type": kind, "actions": one, "view": two, "user": three}
    assert isinstance(read_interaction(payload, PEOPLE, NOW), Nothing)


# --- signatures -----------------------------------------------------------------------------


def test_a_request_that_slack_signed_is_believed_for_five_minutes() -> None:
    headers, body = signed({"type": "x"}, NOW.timestamp())
    for seconds, believed in [(0, True), (299, True), (301, False), (-301, False)]:
        at = NOW + timedelta(seconds=seconds)
        assert verify(headers, body, SIGNING_SECRET, at) is believed
    lower = {name.lower(): value for name, value in headers.items()}
    assert verify(lower, body, SIGNING_SECRET, NOW)


@pytest.mark.parametrize(
    "changes",
    [
        {"X-Slack-Request-Timestamp": "soon"},
        {"X-Slack-Request-Timestamp": "9" * 5000},
        {"X-Slack-Signature": "v0=00"},
        {"X-Slack-Signature": "v0=\u00e9"},
        {"X-Slack-Signature": ""},
    ],
)
def test_a_request_that_somebody_else_signed_is_not_believed(changes: dict[str, str]) -> None:
    headers, body = signed({"type": "x"}, NOW.timestamp())
    assert not verify({**headers, **changes}, body, SIGNING_SECRET, NOW)


def test_another_secret_another_body_and_no_headers_are_not_believed() -> None:
    headers, body = signed({"type": "x"}, NOW.timestamp())
    assert not verify(headers, body, "another", NOW)
    assert not verify(headers, body + b"x", SIGNING_SECRET, NOW)
    assert not verify(headers, b"\xff", SIGNING_SECRET, NOW)
    assert not verify({}, body, SIGNING_SECRET, NOW)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"\xff",
        b"payload=",
        b"payload=[1]",
        b"payload={",
        b"other={}",
        b"payload=" + b"[" * 200_000,
        b"payload=" + b"1" * 2_000_000,
        b"&".join([b"a=1"] * 50),
    ],
)
def test_a_body_without_a_payload_holds_none(body: bytes) -> None:
    assert read_request(body) is None


def test_the_payload_of_a_form_is_read() -> None:
    _, body = signed({"type": "x"}, 0)
    assert read_request(body) == {"type": "x"}

"""The desk: what members ask for is done, and where it cannot be they are told."""

from __future__ import annotations

import json
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest
import structlog

from alerts.channels.slack_controls import Control
from monitor.casework import ActionKind, Handling, ResponseKind
from monitor.slack.desk import SlackAnswer
from monitor.store.errors import Problem, StoreError
from monitor.store.store import Store
from tests.alerts.slack_service import SlackService, Trouble, signed
from tests.slack.office import INCIDENT, Office

REFUSED = SlackAnswer(status=401)


def test_a_pressed_button_becomes_an_action(office: Office) -> None:
    office.tell()
    [message] = office.slack.messages
    assert office.post(office.slack.press(message, Control.ACKNOWLEDGE)) == SlackAnswer()
    case = office.case()
    assert (case.handling, case.owner, case.since) == (Handling.ACKNOWLEDGED, "Mei", office.now)
    assert office.slack.ephemeral == []


def test_what_slack_delivers_twice_is_done_once(office: Office) -> None:
    office.tell()
    payload = office.slack.press(office.slack.messages[0], Control.NOISE)
    office.post(payload)
    office.later(seconds=3)
    office.post(payload)
    assert len(office.actions()) == 1


def test_whoever_comes_second_is_told_who_was_faster(office: Office) -> None:
    office.tell()
    [message] = office.slack.messages
    office.post(office.slack.press(message, Control.ACKNOWLEDGE, "U02"))
    office.post(office.slack.press(message, Control.ACKNOWLEDGE, "U01"))
    assert office.case().owner == "Wei"
    [told] = office.slack.ephemeral
    assert told["user"] == "U01"
    assert told["text"] == "Somebody was faster. Acknowledged by Wei, Nov 18, 09:47"


def test_a_silence_is_kept_with_its_end(office: Office) -> None:
    office.tell()
    office.post(office.slack.press(office.slack.messages[0], Control.SILENCE, chosen="4h"))
    with office.store.read() as work:
        [silence] = work.silences.lasting(office.now)
    assert silence.ends_at == office.now + timedelta(hours=4)
    assert silence.author == "Mei"


def test_it_can_be_given_to_a_member_whom_only_slack_knows(office: Office) -> None:
    office.tell()
    office.post(office.slack.press(office.slack.messages[0], Control.ASSIGN, chosen="U09"))
    assert office.case().owner == "Sam <Guest>"


def test_a_response_is_logged_in_a_window(office: Office) -> None:
    office.tell()
    assert (
        office.post(office.slack.press(office.slack.messages[0], Control.RESPOND)) == SlackAnswer()
    )
    [view] = office.slack.views
    wrong = office.post(office.slack.submit(view, kind="apology", link="acme"))
    assert json.loads(wrong.body) == {
        "response_action": "errors",
        "errors": {"link": "Write the whole address: https://…"},
    }
    assert office.actions() == []
    link = "https://acme.example/sorry"
    assert office.post(office.slack.submit(view, kind="apology", link=link)) == SlackAnswer()
    [response] = office.case().responses
    assert (response.response, response.link) == (ResponseKind.APOLOGY, link)


def test_a_window_that_does_not_open_is_told(office: Office) -> None:
    office.tell()
    office.slack.troubles.append(Trouble("views.open", "expired_trigger_id"))
    with structlog.testing.capture_logs():
        office.post(office.slack.press(office.slack.messages[0], Control.RESPOND))
    [told] = office.slack.ephemeral
    assert told["text"] == "The window could not be opened. Press the button again."


def test_an_incident_that_is_not_known_any_more_is_told(office: Office) -> None:
    office.tell()
    payload = office.slack.press(office.slack.messages[0], Control.RESOLVE)
    block = payload["actions"][0]["block_id"]
    payload["actions"][0]["block_id"] = block.replace(INCIDENT, "gone")
    office.post(payload)
    [told] = office.slack.ephemeral
    assert "not known here any more" in told["text"]


def test_what_the_store_does_not_keep_is_told(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    office.tell()

    def full(_store: Store) -> None:
        raise StoreError(Problem.FULL, "here")

    monkeypatch.setattr(Store, "begin", full)
    with structlog.testing.capture_logs() as logs:
        office.post(office.slack.press(office.slack.messages[0], Control.RESOLVE))
    [told] = office.slack.ephemeral
    assert "Press the button again in a minute" in told["text"]
    assert [log["event"] for log in logs] == ["what was asked for in Slack was not kept"]


def test_what_is_told_is_in_the_channels_language(sqlite_url: str, slack: SlackService) -> None:
    with (
        closing(Store.open(sqlite_url)) as store,
        closing(Office(store, slack, language="zh-Hant")) as office,
    ):
        office.tell()
        office.slack.troubles.append(Trouble("views.open", "expired_trigger_id"))
        with structlog.testing.capture_logs():
            office.post(slack.press(slack.messages[0], Control.RESPOND))
    assert slack.ephemeral[0]["text"] == "視窗未能開啟，請再按一次。"


def test_a_request_that_slack_did_not_sign_changes_nothing(office: Office) -> None:
    office.tell()
    payload = office.slack.press(office.slack.messages[0], Control.RESOLVE)
    headers, body = signed(payload, office.now.timestamp(), "guessed")
    assert office.desk(body, headers) == REFUSED
    headers, body = signed(payload, (office.now - timedelta(minutes=6)).timestamp())
    assert office.desk(body, headers) == REFUSED
    assert office.desk(b"", {}) == REFUSED
    office.finish()
    assert office.actions() == []


def test_a_signed_request_without_a_payload_is_refused(office: Office) -> None:
    headers, body = signed([], office.now.timestamp())
    assert office.desk(body, headers) == SlackAnswer(status=400)


def test_a_channel_that_is_not_configured_is_not_served(office: Office) -> None:
    office.tell()
    payload = office.slack.press(office.slack.messages[0], Control.RESOLVE)
    payload["container"]["channel_id"] = "C0OTHER"
    with structlog.testing.capture_logs() as logs:
        assert office.post(payload) == SlackAnswer()
    assert [log["reason"] for log in logs] == ["no such channel is configured"]
    assert office.actions() == []


def test_a_secret_that_cannot_be_read_is_logged_and_nothing_is_believed(
    sqlite_url: str, slack: SlackService, tmp_path: Path
) -> None:
    gone = {"signing_secret": None, "signing_secret_file": tmp_path / "gone"}
    with (
        closing(Store.open(sqlite_url)) as store,
        closing(Office(store, slack, **gone)) as office,
        structlog.testing.capture_logs() as logs,
    ):
        headers, body = signed({}, office.now.timestamp())
        assert office.desk(body, headers) == REFUSED
    assert "does not exist" in logs[0]["reason"]


def test_slack_is_answered_before_the_work_is_done(office: Office) -> None:
    office.tell()
    payload = office.slack.press(office.slack.messages[0], Control.ASSIGN, chosen="U09")
    office.slack.troubles.append(Trouble("users.info", hangs=True))
    assert office.desk.take(payload) is None
    office.finish()
    [action] = office.actions()
    assert (action.kind, action.assignee) == (ActionKind.ASSIGN, "U09")

"""Socket Mode, against a Slack with a socket."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

import structlog
from pydantic import SecretStr

from alerts.channels.slack_controls import Control
from monitor.casework import Handling
from monitor.listener import listening
from monitor.slack.socket import SlackSocket
from tests.alerts.slack_service import Trouble
from tests.slack.office import Office, app_channel

SOON = timedelta(milliseconds=20)


@contextmanager
def connected(office: Office) -> Iterator[None]:
    socket = SlackSocket(office.channel.socket_api, office.desk, look_every=SOON)
    with listening([socket]):
        office.slack.wait_until(lambda: bool(office.slack.sockets))
        yield


def test_a_button_that_comes_by_the_socket_is_acknowledged_and_done(office: Office) -> None:
    office.tell()
    slack = office.slack
    with connected(office):
        slack.send_by_socket(slack.press(slack.messages[0], Control.ACKNOWLEDGE), "e7")
        slack.wait_until(lambda: bool(slack.acknowledged))
    assert slack.acknowledged == [{"envelope_id": "e7"}]
    office.finish()
    assert office.case().handling is Handling.ACKNOWLEDGED


def test_a_window_with_a_wrong_link_is_answered_with_what_is_wrong(office: Office) -> None:
    office.tell()
    slack = office.slack
    with connected(office):
        slack.send_by_socket(slack.press(slack.messages[0], Control.RESPOND))
        slack.wait_until(lambda: bool(slack.views))
        slack.send_by_socket(slack.submit(slack.views[0], kind="refund", link="acme"), "e8")
        slack.wait_until(lambda: len(slack.acknowledged) == 2)
    assert slack.acknowledged[1]["payload"]["response_action"] == "errors"


def test_a_connection_that_is_lost_is_made_again(office: Office) -> None:
    office.tell()
    slack = office.slack
    with structlog.testing.capture_logs(), connected(office):
        slack.hang_up()
        slack.wait_until(lambda: bool(slack.sockets))
        slack.send_by_socket(slack.press(slack.messages[0], Control.NOISE))
        slack.wait_until(lambda: bool(slack.acknowledged))
    office.finish()
    assert office.case().handling is Handling.NOISE


def test_trouble_is_told_once_and_tried_again_until_it_is_over(office: Office) -> None:
    office.slack.troubles += [Trouble("apps.connections.open", status=503)] * 2
    with structlog.testing.capture_logs() as logs, connected(office):
        pass
    told = [log["event"] for log in logs]
    assert told[0] == "no buttons come from Slack, it is tried again"
    assert told.count("no buttons come from Slack, it is tried again") == 1


def test_a_token_that_is_not_accepted_is_told_without_showing_it(office: Office) -> None:
    office.channel = app_channel(office.slack.address, app_token=SecretStr("xapp-other"))
    socket = SlackSocket(office.channel.socket_api, office.desk, look_every=SOON)
    with structlog.testing.capture_logs() as logs, listening([socket]):
        office.slack.wait_until(lambda: bool(logs))
    [log] = logs
    assert "invalid_auth" in log["reason"]
    assert "xapp" not in str(log)


def test_a_socket_elsewhere_than_at_a_safe_address_is_refused(office: Office) -> None:
    evil = {"ok": True, "url": "ws://evil.example/socket"}
    office.slack.troubles.append(Trouble("apps.connections.open", body=evil))
    with structlog.testing.capture_logs() as logs, connected(office):
        pass
    assert "must begin with wss://" in logs[0]["reason"]


def test_other_messages_are_acknowledged_and_left_alone(office: Office) -> None:
    slack = office.slack
    with structlog.testing.capture_logs() as logs, connected(office):
        slack.send_by_socket({"type": "message_action"}, "e9")
        slack.wait_until(lambda: bool(slack.acknowledged))
    assert "it is neither a button nor a window" in [log.get("reason") for log in logs]
    assert office.actions() == []

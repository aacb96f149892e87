"""A whole conversation: everything that is done about an incident, from its one message."""

from __future__ import annotations

from typing import Any

import attrs
import pytest

from alerts.channels.slack_controls import Control
from monitor.casework import Handling
from monitor.domain import AlertKind, DeliveryState, Level
from tests.alerts.examples import DELTA
from tests.alerts.slack_service import Trouble
from tests.alerts.test_slack import texts
from tests.slack.office import Office

WATCH = attrs.evolve(
    DELTA,
    alert=attrs.evolve(DELTA.alert, level=Level.HIGH, kind=AlertKind.OPENED),
    changes=(),
)
RISEN = attrs.evolve(DELTA, alert=attrs.evolve(DELTA.alert, id=f"{DELTA.incident.id}-risen"))


def the_message(office: Office) -> dict[str, Any]:
    [message] = office.slack.in_channel()
    return message


def lines(office: Office) -> list[str]:
    """What stands in the thread, by its first line."""
    thread = office.slack.thread(the_message(office))
    said = [texts(line["blocks"]).splitlines()[0] for line in thread]
    return [line.partition(": ")[2] or line for line in said]


def press(office: Office, control: Control, member: str, chosen: str = "") -> None:
    office.post(office.slack.press(the_message(office), control, member, chosen))
    office.later(seconds=2)
    office.update(RISEN if any("more serious" in line for line in lines(office)) else WATCH)


def test_an_incident_is_one_message_from_its_opening_to_its_end(office: Office) -> None:
    office.tell(WATCH)
    assert "🟠" in texts(the_message(office))
    office.later(minutes=3)
    press(office, Control.ACKNOWLEDGE, "U01")
    assert "Acknowledged by Mei" in texts(the_message(office))

    office.later(minutes=20)
    office.tell(RISEN)
    risen = texts(the_message(office))
    assert "🔴" in risen
    assert "Acknowledged by Mei" in risen

    press(office, Control.ASSIGN, "U01", "U02")
    press(office, Control.RESPOND, "U02")
    office.post(
        office.slack.submit(
            office.slack.views[-1], "U02", kind="apology", link="https://acme.example/sorry"
        )
    )
    office.update(RISEN)
    assert "Public response logged by Wei" in texts(the_message(office))

    office.later(hours=5)
    press(office, Control.RESOLVE, "U02")
    press(office, Control.USEFUL, "U01")
    assert "Resolved by Wei" in texts(the_message(office))
    assert office.case().handling is Handling.RESOLVED
    assert lines(office) == [
        "Mei took it on",
        "🔴 Critical · Delta Air Lines · more serious than before",
        "Mei gave it to Wei",
        "Wei logged a public response (apology)",
        "Wei resolved it",
        "Mei found the alert useful",
    ]
    with office.store.read() as work:
        assert {row.state for row in work.outbox.find()} == {DeliveryState.SENT}


@pytest.mark.parametrize("method", ["chat.postMessage", "chat.update"])
def test_a_slack_that_loses_answers_shows_everything_once(office: Office, method: str) -> None:
    office.slack.troubles.append(Trouble(method, closes=True, after=True))
    office.tell(WATCH)
    office.later(minutes=2)
    office.deliver()
    press(office, Control.ACKNOWLEDGE, "U01")
    office.slack.troubles.append(Trouble(method, closes=True, after=True))
    press(office, Control.RESOLVE, "U01")
    office.later(minutes=2)
    office.deliver()
    assert lines(office) == ["Mei took it on", "Mei resolved it"]
    assert "Resolved by Mei" in texts(the_message(office))


def test_what_follows_waits_until_the_first_message_is_there(office: Office) -> None:
    office.slack.troubles.append(Trouble("chat.postMessage", status=503))
    office.tell(WATCH)
    assert office.slack.messages == []
    office.tell(RISEN)
    assert office.slack.messages == []
    office.later(minutes=2)
    office.deliver()
    assert "🔴" in texts(the_message(office))
    assert lines(office) == ["🔴 Critical · Delta Air Lines · more serious than before"]

"""What one channel does not get through goes by another, once, and the outage is told."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

import attrs
import pytest
from structlog.testing import capture_logs

from alerts.brief import Brief
from alerts.channels.receiver import ReceiverOptions
from alerts.outcome import Cause, Outcome, Refused, Retry, Sent
from alerts.policy import PolicyOptions
from monitor.casework import SPARKWATCH, Action, ActionKind, Notice, NoticeState
from monitor.domain import Alert, Brand, Delivery, DeliveryState, Incident, Level, Reason
from monitor.stages.briefer import Briefer
from monitor.stages.deliver import Deliver
from monitor.stages.failover import Failover
from monitor.stages.telling import Teller, Telling, group_key
from monitor.stages.usual import Habits
from monitor.store.store import Store
from monitor.store.unit_of_work import UnitOfWork
from tests.alerts.examples import DELTA
from tests.fakes import FakeChannel

NOON = DELTA.alert.raised_at
ID = DELTA.alert.id
STEP = timedelta(seconds=30)
BRAND = Brand(id=DELTA.incident.brand, name="Delta Air")
DOWN = Retry("mail.example:25 could not be reached", cause=Cause.NETWORK)


def brief_of(alert: Alert, incident: Incident, work: UnitOfWork, now: datetime) -> Brief | None:
    return attrs.evolve(DELTA, alert=alert, incident=incident)


def channel(name: str, outcome: Outcome | None = None, **options: object) -> FakeChannel:
    made = FakeChannel(
        ReceiverOptions.model_validate({"name": name, "min_level": "watch", **options})
    )
    made.answer = lambda _: outcome or Sent()
    return made


class Town:
    """A store, channels, and a clock that goes in steps of half a minute."""

    def __init__(self, store: Store, *channels: FakeChannel) -> None:
        self.store = store
        self.now = NOON
        self.channels = channels
        self.start()

    def start(self) -> None:
        """As after a restart: nothing is remembered but what is stored."""
        briefer = Briefer((BRAND,), Habits((BRAND,)), PolicyOptions())
        self.teller = Teller(briefer, self.channels)
        self.stages = (
            Failover(self.channels, brief_of, self.teller.letter),
            Deliver(self.channels),
        )

    def raise_alert(self, level: Level, *names: str, alert: str = ID) -> None:
        raised = attrs.evolve(DELTA.alert, id=alert, level=level)
        with self.store.begin() as work:
            if work.incidents.get(raised.incident) is None:
                work.incidents.save(DELTA.incident)
            work.alerts.add(raised)
            for way in self.channels:
                if way.options.name in names:
                    key = f"{alert}:{way.options.name}"
                    work.outbox.put(way.write_alert(DELTA, key=key, now=self.now))

    def raise_many(self, level: Level, *names: str, step: str = "") -> str:
        """Five alerts as one message, five minutes ago those that are told of once more."""
        first_told = self.now - timedelta(minutes=5) if step else self.now
        alerts, notices = _many(level, first_told)
        key = group_key("pr", BRAND.id, self.now) + (f"/{step}" if step else "")
        with self.store.begin() as work:
            for alert in alerts:
                work.incidents.save(attrs.evolve(DELTA.incident, id=alert.incident, title=alert.id))
                work.alerts.add(alert)
                if step:
                    work.casework.add(_step(alert, step, names, self.now))
            work.notices.put(notices)
            tellings = [
                Telling(key=alert.id, alert=alert, incident=DELTA.incident) for alert in alerts
            ]
            for way in self.channels:
                if way.options.name in names:
                    letter = self.teller.letter(tellings, way.options.reader, work, self.now)
                    name = f"{key}:{way.options.name}"
                    work.outbox.put(way.write_letter(letter, key=name, now=self.now))
        return key

    def passes(self, minutes: float) -> None:
        until = self.now + timedelta(minutes=minutes)
        while self.now < until:
            for stage in self.stages:
                stage.run(self.store, self.now)
            self.now += STEP

    def states(self) -> dict[str, DeliveryState]:
        with self.store.read() as work:
            return {one.key: one.state for one in work.outbox.find()}


def _many(level: Level, told_at: datetime) -> tuple[list[Alert], list[Notice]]:
    """Five alerts about incidents of their own, the last of which is only watched."""
    alerts = []
    for number in range(5):
        of = f"delta-many{number}"
        grave = level if number < 4 else Level.WATCH
        alerts.append(attrs.evolve(DELTA.alert, id=f"{of}-a", incident=of, level=grave))
    notices = [
        Notice(
            alert=alert.id,
            team="pr",
            incident=alert.incident,
            brand=alert.brand,
            level=alert.level,
            routed_at=told_at,
            due_at=told_at,
            state=NoticeState.TOLD,
            decided_at=told_at,
            reason=Reason(code="grouped", facts=(("count", 5),)),
        )
        for alert in alerts
    ]
    return alerts, notices


def _step(alert: Alert, step: str, channels: tuple[str, ...], at: datetime) -> Action:
    return Action(
        key=f"{alert.id}/{step}/pr",
        incident=alert.incident,
        at=at,
        by=SPARKWATCH,
        kind=ActionKind.ESCALATE,
        note=", ".join(channels),
    )


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    opened = Store.open(f"sqlite:///{tmp_path / 'sparkwatch.db'}")
    yield opened
    opened.close()


@pytest.mark.parametrize(("level", "minutes"), [(Level.CRITICAL, 1), (Level.HIGH, 5)])
def test_an_alert_that_waits_in_vain_goes_by_the_other_channel_once(
    store: Store, level: Level, minutes: int
) -> None:
    slack, mail = channel("slack", DOWN, failover="mail"), channel("mail", min_level="critical")
    town = Town(store, slack, mail)
    town.raise_alert(level, "slack")
    town.passes(minutes)
    assert mail.sent == []
    town.passes(30)
    assert mail.sent == [f"{ID}/failover:mail"]


def test_when_the_channel_is_back_what_went_elsewhere_is_not_sent_again(store: Store) -> None:
    slack, mail = channel("slack", DOWN, failover="mail"), channel("mail")
    town = Town(store, slack, mail)
    town.raise_alert(Level.HIGH, "slack")
    town.passes(20)
    slack.answer = lambda _: Sent()
    town.passes(120)
    assert slack.sent == []
    assert town.states()[f"{ID}:slack"] is DeliveryState.REPLACED
    town.raise_alert(Level.HIGH, "slack", alert="delta-1f3a9c-next")
    town.passes(1)
    assert slack.sent == ["delta-1f3a9c-next:slack"]


def test_what_the_channel_gets_through_first_does_not_come_by_the_other(store: Store) -> None:
    slack, mail = channel("slack", DOWN, failover="mail"), channel("mail", DOWN)
    town = Town(store, slack, mail)
    town.raise_alert(Level.CRITICAL, "slack")
    town.passes(3)
    assert town.states()[f"{ID}/failover:mail"] is DeliveryState.PENDING
    slack.answer = lambda _: Sent()
    town.passes(5)
    mail.answer = lambda _: Sent()
    town.passes(60)
    assert (slack.sent, town.states()[f"{ID}/failover:mail"]) == (
        [f"{ID}:slack"],
        DeliveryState.REPLACED,
    )
    assert f"{ID}/failover:mail" not in mail.sent


def test_where_the_other_channel_is_told_of_the_alert_anyway_nothing_is_written_anew(
    store: Store,
) -> None:
    slack, mail = channel("slack", DOWN, failover="mail"), channel("mail")
    town = Town(store, slack, mail)
    town.raise_alert(Level.CRITICAL, "slack", "mail")
    town.passes(10)
    assert [key for key in mail.sent if key.startswith(ID)] == [f"{ID}:mail"]
    slack.answer = lambda _: Sent()
    town.passes(15)
    assert f"{ID}:slack" in slack.sent, "those who read it there were told by nobody else"


def test_what_was_given_up_goes_by_the_other_channel_at_once(store: Store) -> None:
    refused = Refused("mail.example:25 refused the message: 552 too large")
    mail, slack = channel("mail", refused, failover="slack"), channel("slack")
    town = Town(store, mail, slack)
    town.raise_alert(Level.HIGH, "mail")
    town.passes(1)
    assert slack.sent == [f"{ID}/failover:slack"]
    assert town.states()[f"{ID}:mail"] is DeliveryState.FAILED


def test_a_channel_that_only_limits_one_message_still_works(store: Store) -> None:
    greylisted = Retry("mail.example:25 refused the recipient: 451", cause=Cause.REFUSED)
    mail, slack = channel("mail", failover="slack"), channel("slack")
    mail.answer = lambda message: greylisted if message.key.startswith(ID) else Sent()
    town = Town(store, mail, slack)
    town.raise_alert(Level.HIGH, "mail")
    town.raise_alert(Level.HIGH, "mail", alert="delta-1f3a9c-next")
    town.passes(4)
    assert mail.sent == ["delta-1f3a9c-next:mail"]
    assert slack.sent == []


def test_failing_over_goes_on_where_the_other_channel_fails_as_well_and_never_in_a_circle(
    store: Store,
) -> None:
    ways = (
        channel("slack", DOWN, failover="mail"),
        channel("mail", DOWN, failover="phone"),
        channel("phone", failover="slack"),
    )
    town = Town(store, *ways)
    town.raise_alert(Level.CRITICAL, "slack")
    town.passes(30)
    assert [key for key in ways[2].sent if key.startswith(ID)] == [f"{ID}/failover:phone"]
    assert f"{ID}/failover:slack" not in town.states()


def test_an_outage_is_told_once_by_what_works_and_once_when_it_is_over(store: Store) -> None:
    slack, mail, pager = (
        channel("slack", DOWN),
        channel("mail"),
        channel("pager", min_level="critical"),
    )
    town = Town(store, slack, mail, pager)
    town.raise_alert(Level.HIGH, "slack")
    with capture_logs() as logs:
        town.passes(60)
        town.start()
        town.passes(60)
    assert [letter.subject for letter in mail.letters] == ["[Channel] slack does not get through"]
    assert "could not be reached" in mail.letters[0].text
    assert "attempt" not in mail.letters[0].text
    assert pager.letters == []
    assert [log["event"] for log in logs] == ["nothing gets through by a channel"]
    slack.answer = lambda _: Sent()
    town.passes(120)
    assert [letter.subject for letter in mail.letters][1:] == ["[Channel] slack gets through again"]
    town.passes(30)
    assert len(mail.letters) == 2
    slack.answer = lambda _: DOWN
    town.raise_alert(Level.HIGH, "slack", alert="delta-1f3a9c-next")
    town.passes(30)
    assert len(mail.letters) == 3, "another outage is told again"


def test_messages_that_waited_while_nothing_ran_are_no_outage(store: Store) -> None:
    slack, mail = channel("slack", failover="mail"), channel("mail")
    town = Town(store, slack, mail)
    town.raise_alert(Level.CRITICAL, "slack")
    town.now += timedelta(hours=9)
    town.passes(10)
    assert (slack.sent, mail.sent) == ([f"{ID}:slack"], [])


# --- many in one message, and conversations -----------------------------------------------------


@pytest.mark.parametrize(("level", "minutes"), [(Level.CRITICAL, 1), (Level.HIGH, 5)])
def test_a_message_about_many_goes_by_the_other_channel_once_as_one(
    store: Store, level: Level, minutes: int
) -> None:
    slack, mail = channel("slack", DOWN, failover="mail"), channel("mail", min_level="critical")
    town = Town(store, slack, mail)
    key = town.raise_many(level, "slack")
    town.passes(minutes)
    assert mail.sent == []
    town.passes(30)
    assert mail.sent == [f"{key}/failover:mail"]
    (letter,) = mail.letters
    assert letter.subject == slack.letters[0].subject
    assert all(f"delta-many{number}" in letter.text for number in range(5))
    slack.answer = lambda _: Sent()
    town.passes(120)
    assert slack.sent == []
    assert town.states()[f"{key}:slack"] is DeliveryState.REPLACED


def test_it_names_what_the_channel_that_failed_would_have_named(store: Store) -> None:
    slack = channel("slack", DOWN, failover="mail", min_level="high")
    mail = channel("mail", DOWN, failover="phone", min_level="critical")
    phone = channel("phone", min_level="watch")
    town = Town(store, slack, mail, phone)
    key = town.raise_many(Level.HIGH, "slack")
    town.passes(30)
    assert [name for name in phone.sent if name.startswith(key)] == [f"{key}/failover:phone"]
    (letter,) = [one for one in phone.letters if "delta-many" in one.text]
    assert "delta-many3" in letter.text
    assert "delta-many4" not in letter.text, "it is only watched"


def test_a_message_about_many_that_nobody_took_on_goes_by_the_other_channel(store: Store) -> None:
    slack, mail = channel("slack", DOWN, failover="mail"), channel("mail")
    town = Town(store, slack, mail)
    key = town.raise_many(Level.CRITICAL, "slack", step="escalation-1")
    town.passes(3)
    assert mail.sent == [f"{key}/failover:mail"]
    assert "delta-many0" in mail.letters[0].text
    assert "5 minutes" in mail.letters[0].text, "how long nobody has taken it on"


def test_where_the_other_channel_has_the_message_about_many_nothing_is_written_anew(
    store: Store,
) -> None:
    slack, mail = channel("slack", DOWN, failover="mail"), channel("mail")
    town = Town(store, slack, mail)
    key = town.raise_many(Level.HIGH, "slack", "mail")
    town.passes(4)
    assert mail.sent == [f"{key}:mail"]
    town.passes(10)
    assert f"{key}/failover:mail" not in town.states()


def test_what_fails_over_stands_in_the_conversation_that_the_other_channel_has(
    store: Store,
) -> None:
    heads: list[str] = []

    class Threads(FakeChannel):
        def write_alert(
            self, brief: Brief, *, key: str, now: datetime, head: str = ""
        ) -> tuple[Delivery, ...]:
            heads.append(head)
            return super().write_alert(brief, key=key, now=now, head=head)

    pager = channel("pager", DOWN, failover="slack")
    slack = Threads(ReceiverOptions(name="slack"))
    town = Town(store, pager, slack)
    town.raise_alert(Level.HIGH, "slack")
    town.raise_alert(Level.CRITICAL, "pager", alert="delta-1f3a9c-next")
    town.passes(3)
    assert heads == ["", f"{ID}:slack"]

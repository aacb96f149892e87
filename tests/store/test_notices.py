"""Who is to be told, who was told, and where a conversation began."""

from __future__ import annotations

import attrs

from monitor.casework import Action, ActionKind, Notice, NoticeState
from monitor.domain import Alert, AlertKind, DeliveryState, IncidentState, Level, Reason
from monitor.store.store import Store
from monitor.store.unit_of_work import UnitOfWork
from tests.store.making import TUESDAY, after, delivery, incident


def alert(name: str, of: str = "acme-1", level: Level = Level.HIGH) -> Alert:
    return Alert(
        id=name,
        incident=of,
        brand="acme",
        kind=AlertKind.OPENED,
        level=level,
        raised_at=TUESDAY,
        reasons=(),
    )


def notice(name: str, of: str = "acme-1", team: str = "pr", due: float = 0) -> Notice:
    return Notice(
        alert=name,
        team=team,
        incident=of,
        brand="acme",
        level=Level.HIGH,
        routed_at=TUESDAY,
        due_at=after(due),
    )


def told(one: Notice, minutes: float, code: str = "told") -> Notice:
    return attrs.evolve(
        one, state=NoticeState.TOLD, decided_at=after(minutes), reason=Reason(code=code)
    )


def put(work: UnitOfWork, *names: str, of: str = "acme-1") -> list[Notice]:
    notices = [notice(name, of) for name in names]
    for name in names:
        work.alerts.add(alert(name, of))
    work.notices.put(notices)
    return notices


def test_what_was_decided_is_kept_once_and_waits_no_more(store: Store) -> None:
    with store.begin() as work:
        work.incidents.save(incident())
        first, second = put(work, "acme-1-a", "acme-1-b")
        work.notices.decide([told(first, 1), attrs.evolve(second, due_at=after(9))])
        work.notices.decide([attrs.evolve(first, state=NoticeState.WITHHELD, decided_at=after(2))])
    with store.read() as work:
        assert work.notices.of_incident("acme-1")[0] == told(first, 1)
        assert work.notices.due(after(8), 9) == []
        assert work.notices.next_due() == after(9)
        assert [one.alert for one in work.notices.waiting("pr", "acme")] == ["acme-1-b"]
        assert work.notices.waiting("pr", "zephyr") == []


def test_a_group_is_one_interruption(store: Store) -> None:
    with store.begin() as work:
        work.incidents.save(incident())
        alone, *group = put(work, "acme-1-a", "acme-1-b", "acme-1-c", "acme-1-d")
        work.notices.decide([told(alone, 1), *(told(one, 2, "grouped") for one in group)])
    with store.read() as work:
        assert work.notices.spent("pr", TUESDAY, after(9)) == 2
        assert work.notices.spent("pr", after(2), after(9)) == 1
        assert sorted(work.notices.told_at("pr", "acme", TUESDAY)) == [after(1), after(2)]


def test_what_was_told_follows_the_incident_that_its_own_became_part_of(store: Store) -> None:
    with store.begin() as work:
        work.incidents.save(incident("acme-1"))
        work.incidents.save(incident("acme-2"))
        (first,) = put(work, "acme-1-a")
        work.notices.decide([told(first, 1)])
        work.casework.add(
            Action(key="1", incident="acme-1", at=TUESDAY, by="Mei", kind=ActionKind.NOISE)
        )
        work.outbox.put([delivery("acme-1-a:slack")])
        gone = incident("acme-1", state=IncidentState.CLOSED, version=2)
        work.incidents.absorb(gone, "acme-2")
    with store.read() as work:
        ((notice, now_in),) = [
            (one.notice, one.incident) for one in work.notices.told_of_open([Level.HIGH], after(-1))
        ]
        assert (notice.incident, now_in) == ("acme-1", "acme-2")
        assert work.notices.told_of_open([Level.CRITICAL], after(-1)) == []
        assert work.notices.told_of_open([Level.HIGH], after(1)) == []
        assert work.incidents.followed(["acme-1", "acme-2"]).keys() == {"acme-1", "acme-2"}
        assert work.incidents.followed(["acme-1"])["acme-1"].id == "acme-2"
        assert list(work.casework.of_incidents(["acme-2"])) == ["acme-2"]
        assert work.casework.cases(["acme-2"])["acme-2"].by == "Mei"
        assert work.outbox.head("slack", "acme-2") == "acme-1-a:slack"


def test_a_conversation_begins_with_the_oldest_message_that_came(store: Store) -> None:
    messages = [
        attrs.evolve(delivery(key), created_at=after(minutes), state=state)
        for key, minutes, state in (
            ("acme-1-a:slack", 0, DeliveryState.FAILED),
            ("acme-1-a0:slack", 0.5, DeliveryState.REPLACED),
            ("acme-1-b:slack", 1, DeliveryState.SENT),
            ("acme-1-b/escalation-1:slack", 2, DeliveryState.PENDING),
            ("acme-10-a:slack", 0, DeliveryState.SENT),
            ("group/pr/acme/1:slack", 0, DeliveryState.SENT),
        )
    ]
    with store.begin() as work:
        work.outbox.put(messages)
        assert work.outbox.head("slack", "acme-1") == "acme-1-b:slack"
        assert work.outbox.head("mail", "acme-1") == ""
        assert [one.key for one in work.outbox.about("acme-1")] == [
            "acme-1-a:slack",
            "acme-1-a0:slack",
            "acme-1-b:slack",
            "acme-1-b/escalation-1:slack",
        ]

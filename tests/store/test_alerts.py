from __future__ import annotations

from datetime import datetime

from monitor.domain import Alert, AlertKind, Level, Reason, Withheld
from monitor.store.store import Store
from tests.store.making import TUESDAY, after, incident


def alert(name: str, raised_at: datetime = TUESDAY, brand: str = "acme") -> Alert:
    return Alert(
        id=name,
        incident="acme-1",
        brand=brand,
        kind=AlertKind.OPENED,
        level=Level.HIGH,
        raised_at=raised_at,
        reasons=(
            Reason(code="pace", facts=(("posts", 12), ("ratio", 2.5), ("word", "行李"))),
            Reason(code="reach"),
        ),
    )


def silence(minutes: int, code: str) -> Withheld:
    return Withheld(
        incident="acme-1",
        decided_at=after(minutes),
        reason=Reason(code=code, facts=(("posts", 2),)),
    )


def test_an_alert_comes_back_as_it_was_raised_and_cannot_be_doubled(store: Store) -> None:
    with store.begin() as work:
        work.incidents.save(incident())
        assert work.alerts.add(alert("b", after(1)))
        assert work.alerts.add(alert("a"))
        assert not work.alerts.add(alert("a"))
        assert work.alerts.of_incident("acme-1") == [alert("a"), alert("b", after(1))]


def test_alerts_of_a_week_end_before_the_next_begins(store: Store) -> None:
    with store.begin() as work:
        work.incidents.save(incident())
        for minute in (0, 1, 2):
            work.alerts.add(alert(str(minute), after(minute)))
        work.alerts.add(alert("other", after(1), brand="zenith"))
        assert [a.id for a in work.alerts.between(after(0), after(2))] == ["0", "1", "other"]
        assert [a.id for a in work.alerts.between(after(1), after(9), "acme")] == ["1", "2"]


def test_a_silence_is_kept_when_its_reason_changes(store: Store) -> None:
    with store.begin() as work:
        work.incidents.save(incident())
        for minute, code in enumerate(["slow", "slow", "muted", "slow"]):
            work.alerts.withhold(silence(minute, code))
        assert work.alerts.withheld("acme-1") == [
            silence(0, "slow"),
            silence(2, "muted"),
            silence(3, "slow"),
        ]

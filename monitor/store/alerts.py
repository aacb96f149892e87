"""Decisions: alerts that were raised, and what was withheld, with the reasons."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from sqlalchemy import Connection, Select, insert, select

from monitor.domain import Alert, Fact, Reason, Withheld
from monitor.store.reading import AnyRow
from monitor.store.statements import add, chunks
from monitor.store.tables import alerts, withheld

__all__ = ["Alerts", "alert_of"]


class Alerts:
    """What people were told, or why they were not."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def add(self, alert: Alert) -> bool:
        """Keep an alert; ``False`` where one with its id is there already."""
        record = {
            "id": alert.id,
            "incident": alert.incident,
            "brand": alert.brand,
            "kind": alert.kind,
            "level": alert.level,
            "raised_at": alert.raised_at,
            "reasons": [[reason.code, reason.facts] for reason in alert.reasons],
        }
        return add(self._connection, alerts, [record]) == 1

    def get_all(self, names: Collection[str]) -> dict[str, Alert]:
        """Those of these alerts that are stored, by id."""
        return {
            alert.id: alert
            for some in chunks(sorted(names))
            for alert in self._find(select(alerts).where(alerts.c.id.in_(some)))
        }

    def of_incident(self, incident: str) -> list[Alert]:
        """The alerts about an incident, oldest first."""
        return self._find(select(alerts).where(alerts.c.incident == incident))

    def between(self, since: datetime, until: datetime, brand: str | None = None) -> list[Alert]:
        """The alerts raised from ``since`` to before ``until``, oldest first."""
        query = select(alerts).where(alerts.c.raised_at >= since, alerts.c.raised_at < until)
        return self._find(query if brand is None else query.where(alerts.c.brand == brand))

    def withhold(self, decision: Withheld) -> None:
        """Keep that nobody is told, where the reason is another than the incident's last one."""
        last = self._connection.scalar(
            select(withheld.c.code)
            .where(withheld.c.incident == decision.incident)
            .order_by(withheld.c.id.desc())
            .limit(1)
        )
        if last == decision.reason.code:
            return
        self._connection.execute(
            insert(withheld).values(
                incident=decision.incident,
                decided_at=decision.decided_at,
                code=decision.reason.code,
                facts=decision.reason.facts,
            )
        )

    def withheld(self, incident: str) -> list[Withheld]:
        """Why nobody was told about an incident, in the order in which it was decided."""
        rows = self._connection.execute(
            select(withheld).where(withheld.c.incident == incident).order_by(withheld.c.id)
        )
        return [
            Withheld(
                incident=row.incident,
                decided_at=row.decided_at,
                reason=_reason(row.code, row.facts),
            )
            for row in rows
        ]

    def _find(self, query: Select[*tuple[object, ...]]) -> list[Alert]:
        rows = self._connection.execute(query.order_by(alerts.c.raised_at, alerts.c.id))
        return [alert_of(row) for row in rows]


def alert_of(row: AnyRow) -> Alert:
    """The alert that a row holds."""
    return Alert(
        id=row.id,
        incident=row.incident,
        brand=row.brand,
        kind=row.kind,
        level=row.level,
        raised_at=row.raised_at,
        reasons=tuple(_reason(code, facts) for code, facts in row.reasons),
    )


def _reason(code: str, facts: list[tuple[str, Fact]]) -> Reason:
    return Reason(code=code, facts=tuple((name, value) for name, value in facts))

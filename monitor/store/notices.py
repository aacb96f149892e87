"""Who is to be told of an alert, who was, and who was not, with the reasons."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import Connection, Select, exists, func, select, update

from monitor.casework import Notice, NoticeState
from monitor.domain import Alert, Reason
from monitor.store.alerts import alert_of
from monitor.store.reading import AnyRow
from monitor.store.statements import Record, add
from monitor.store.tables import NOTICE_WAITING, alerts, notices

__all__ = ["Notices"]


class Notices:
    """A notice for each alert and team."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def put(self, routed: Sequence[Notice]) -> int:
        """Keep notices; one that is there already is left as it is. How many were new."""
        return add(self._connection, notices, [_record(notice) for notice in routed])

    def decide(self, notice: Notice) -> None:
        """Keep what was decided about a waiting notice, or until when it goes on waiting."""
        self._connection.execute(
            update(notices)
            .where(notices.c.alert == notice.alert, notices.c.team == notice.team, NOTICE_WAITING)
            .values(_record(notice))
        )

    def unrouted(self, since: datetime, limit: int) -> list[Alert]:
        """Alerts raised from ``since`` on for which no team has a notice, oldest first."""
        routed = exists().where(notices.c.alert == alerts.c.id)
        rows = self._connection.execute(
            select(alerts)
            .where(alerts.c.raised_at >= since, ~routed)
            .order_by(alerts.c.raised_at, alerts.c.id)
            .limit(limit)
        )
        return [alert_of(row) for row in rows]

    def due(self, now: datetime, limit: int) -> list[Notice]:
        """Waiting notices that are to be decided by ``now``, the longest due first."""
        return self._find(
            select(notices)
            .where(NOTICE_WAITING, notices.c.due_at <= now)
            .order_by(notices.c.due_at, notices.c.routed_at, notices.c.alert, notices.c.team)
            .limit(limit)
        )

    def waiting(self) -> list[Notice]:
        """Every notice that waits, whether or not it is due."""
        return self._find(
            select(notices).where(NOTICE_WAITING).order_by(notices.c.due_at, notices.c.alert)
        )

    def of_incident(self, incident: str) -> list[Notice]:
        """The notices about an incident, in the order in which they were routed."""
        return self._find(
            select(notices)
            .where(notices.c.incident == incident)
            .order_by(notices.c.routed_at, notices.c.alert, notices.c.team)
        )

    def decided(self, since: datetime, until: datetime, team: str | None = None) -> list[Notice]:
        """What was decided from ``since`` to before ``until``, oldest first."""
        query = select(notices).where(
            notices.c.decided_at >= since,
            notices.c.decided_at < until,
            notices.c.state != NoticeState.WAITING,
        )
        if team is not None:
            query = query.where(notices.c.team == team)
        return self._find(query.order_by(notices.c.decided_at, notices.c.alert, notices.c.team))

    def told(self, team: str, since: datetime) -> int:
        """How many alerts a team was told of from ``since`` on."""
        return (
            self._connection.scalar(
                select(func.count()).where(
                    notices.c.team == team,
                    notices.c.decided_at >= since,
                    notices.c.state == NoticeState.TOLD,
                )
            )
            or 0
        )

    def _find(self, query: Select[*tuple[object, ...]]) -> list[Notice]:
        return [_notice(row) for row in self._connection.execute(query)]


def _record(notice: Notice) -> Record:
    return {
        "alert": notice.alert,
        "team": notice.team,
        "incident": notice.incident,
        "brand": notice.brand,
        "level": notice.level,
        "owner": notice.owner,
        "routed_at": notice.routed_at,
        "due_at": notice.due_at,
        "state": notice.state,
        "decided_at": notice.decided_at,
        "code": notice.reason.code if notice.reason else None,
        "facts": [list(fact) for fact in notice.reason.facts] if notice.reason else None,
    }


def _notice(row: AnyRow) -> Notice:
    fields = row._asdict()
    code, facts = fields.pop("code"), fields.pop("facts")
    reason = Reason(code=code, facts=tuple((name, value) for name, value in facts or ()))
    return Notice(**fields, reason=reason if code else None)

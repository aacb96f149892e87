"""Who is to be told of an alert, who was, and who was not, with the reasons."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime

import attrs
from sqlalchemy import Connection, Select, bindparam, exists, func, select, update

from monitor.casework import Notice, NoticeState
from monitor.domain import Alert, IncidentState, Level, Reason
from monitor.store.alerts import alert_of
from monitor.store.reading import AnyRow
from monitor.store.statements import Record, add, chunks
from monitor.store.tables import NOTICE_WAITING, alerts, incidents, notices

__all__ = ["GROUPED", "Notices", "Told"]

GROUPED = "grouped"
"""The reason's code of a notice that was told in one message with others."""
_COLUMNS = [column.name for column in notices.c]


@attrs.frozen
class Told:
    """A notice that was told, and the incident that its own is part of now: mostly itself."""

    notice: Notice
    incident: str


class Notices:
    """A notice for each alert and team."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def put(self, routed: Sequence[Notice]) -> int:
        """Keep notices; one that is there already is left as it is. How many were new."""
        return add(self._connection, notices, [_record(notice) for notice in routed])

    def decide(self, decided: Sequence[Notice]) -> None:
        """Keep what was decided about waiting notices, or until when they go on waiting."""
        if not decided:
            return
        changed = ("state", "due_at", "decided_at", "code", "facts")
        statement = (
            update(notices)
            .where(
                notices.c.alert == bindparam("of_alert"),
                notices.c.team == bindparam("for_team"),
                NOTICE_WAITING,
            )
            .values({name: bindparam(f"new_{name}") for name in changed})
        )
        self._connection.execute(
            statement,
            [
                {
                    "of_alert": notice.alert,
                    "for_team": notice.team,
                    **{f"new_{name}": _record(notice)[name] for name in changed},
                }
                for notice in decided
            ],
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

    def waiting(self, team: str, brand: str) -> list[Notice]:
        """The waiting notices of a team about a brand, whether or not they are due."""
        return self._find(
            select(notices)
            .where(NOTICE_WAITING, notices.c.team == team, notices.c.brand == brand)
            .order_by(notices.c.due_at, notices.c.routed_at, notices.c.alert)
        )

    def next_due(self) -> datetime | None:
        """When the next waiting notice is to be decided; ``None`` where none waits."""
        query = select(notices.c.due_at).where(NOTICE_WAITING).order_by(notices.c.due_at)
        return self._connection.scalar(query.limit(1))

    def told_at(self, team: str, brand: str, since: datetime) -> list[datetime]:
        """When a team was told of a brand from ``since`` on; what was told in a group is once."""
        query = select(notices.c.decided_at, notices.c.code).where(
            notices.c.team == team,
            notices.c.brand == brand,
            notices.c.decided_at >= since,
            notices.c.state == NoticeState.TOLD,
        )
        rows = self._connection.execute(query).all()
        grouped = {row.decided_at for row in rows if row.code == GROUPED}
        return [*grouped, *(row.decided_at for row in rows if row.code != GROUPED)]

    def told_of_open(self, levels: Collection[Level], last_post_after: datetime) -> list[Told]:
        """Notices of these levels that were told, of incidents that are open and alive still.

        An incident that became part of another is as alive as that one. Oldest first.
        """
        now_in = incidents.alias()
        rows = self._connection.execute(
            select(notices, now_in.c.id.label("now_in"))
            .join(incidents, incidents.c.id == notices.c.incident)
            .join(now_in, now_in.c.id == func.coalesce(incidents.c.merged_into, incidents.c.id))
            .where(
                notices.c.state == NoticeState.TOLD,
                notices.c.level.in_(levels),
                now_in.c.state == IncidentState.OPEN,
                now_in.c.last_post_at > last_post_after,
            )
            .order_by(notices.c.decided_at, notices.c.alert, notices.c.team)
        )
        return [Told(notice=_notice(row), incident=row.now_in) for row in rows]

    def of_incident(self, incident: str) -> list[Notice]:
        """The notices about an incident, in the order in which they were routed."""
        return self._find(
            select(notices)
            .where(notices.c.incident == incident)
            .order_by(notices.c.routed_at, notices.c.alert, notices.c.team)
        )

    def told_of(self, names: Collection[str]) -> list[Notice]:
        """The notices about these incidents that were told."""
        return [
            notice
            for some in chunks(sorted(names))
            for notice in self._find(
                select(notices).where(
                    notices.c.incident.in_(some), notices.c.state == NoticeState.TOLD
                )
            )
        ]

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

    def spent(self, team: str, since: datetime, until: datetime) -> int:
        """How often a team was told of something from ``since`` to before ``until``.

        One message about many incidents is once.
        """
        told = (
            notices.c.team == team,
            notices.c.decided_at >= since,
            notices.c.decided_at < until,
            notices.c.state == NoticeState.TOLD,
        )
        alone = select(func.count()).where(*told, notices.c.code != GROUPED)
        groups = (
            select(notices.c.brand, notices.c.decided_at)
            .where(*told, notices.c.code == GROUPED)
            .distinct()
            .subquery()
        )
        together = select(func.count()).select_from(groups)
        return (self._connection.scalar(alone) or 0) + (self._connection.scalar(together) or 0)

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
    fields = {name: getattr(row, name) for name in _COLUMNS}
    code, facts = fields.pop("code"), fields.pop("facts")
    reason = Reason(code=code, facts=tuple((name, value) for name, value in facts or ()))
    return Notice(**fields, reason=reason if code else None)

"""How far the crawls have come, how they ended, and which sources are in trouble."""

from __future__ import annotations

from datetime import datetime

import attrs
from sqlalchemy import Connection, func, insert, or_, select

from monitor.domain import Cursor, SourceHealth, SourceTrouble
from monitor.store.reading import AnyRow
from monitor.store.statements import put
from monitor.store.tables import HEALTHY, cursors, source_health, source_troubles

__all__ = ["Sources"]

_HEALTH = select(*(source_health.c[field.name] for field in attrs.fields(SourceHealth)))

_TROUBLES = select(*(source_troubles.c[field.name] for field in attrs.fields(SourceTrouble)))


class Sources:
    """Cursors of each query, and the health of each source over time."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def save_cursor(self, cursor: Cursor) -> None:
        """Keep how far a query has come, in place of what was kept before."""
        put(self._connection, cursors, [attrs.asdict(cursor)])

    def cursors(self, source: str) -> dict[str, Cursor]:
        """The cursors of a source, by query."""
        rows = self._connection.execute(select(cursors).where(cursors.c.source == source))
        return {row.query: Cursor(**row._asdict()) for row in rows}

    def report(self, health: SourceHealth) -> None:
        """Add how a crawl ended."""
        self._connection.execute(insert(source_health).values(attrs.asdict(health)))

    def last_health(self) -> dict[str, SourceHealth]:
        """How the last crawl of each source ended."""
        newest = (
            select(func.max(source_health.c.finished_at).label("at"), source_health.c.source)
            .group_by(source_health.c.source)
            .subquery()
        )
        rows = self._connection.execute(
            _HEALTH.where(
                source_health.c.source == newest.c.source,
                source_health.c.finished_at == newest.c.at,
            ).order_by(source_health.c.source, source_health.c.id)
        )
        return {row.source: _health(row) for row in rows}

    def history(self, source: str, limit: int) -> list[SourceHealth]:
        """How the last crawls of a source ended, the newest first."""
        rows = self._connection.execute(
            _HEALTH.where(source_health.c.source == source)
            .order_by(source_health.c.finished_at.desc(), source_health.c.id.desc())
            .limit(limit)
        )
        return [_health(row) for row in rows]

    def since(self, source: str, moment: datetime) -> list[SourceHealth]:
        """How the crawls of a source ended from ``moment`` on, the oldest first."""
        rows = self._connection.execute(
            _HEALTH.where(
                source_health.c.source == source, source_health.c.finished_at >= moment
            ).order_by(source_health.c.finished_at, source_health.c.id)
        )
        return [_health(row) for row in rows]

    def last_fresh(self, source: str) -> datetime | None:
        """When a crawl of this source last brought something new."""
        return self._connection.scalar(
            select(source_health.c.finished_at)
            .where(
                source_health.c.source == source,
                source_health.c.items > source_health.c.refreshed,
            )
            .order_by(source_health.c.finished_at.desc())
            .limit(1)
        )

    def put_trouble(self, trouble: SourceTrouble) -> None:
        """Keep a trouble as it stands now."""
        put(self._connection, source_troubles, [attrs.asdict(trouble)])

    def in_trouble(self) -> dict[str, SourceTrouble]:
        """The trouble that each source is in, if it is."""
        rows = self._connection.execute(_TROUBLES.where(source_troubles.c.over_at.is_(None)))
        return {row.source: SourceTrouble(**row._asdict()) for row in rows}

    def troubles(self, since: datetime, until: datetime) -> list[SourceTrouble]:
        """The troubles of the time from ``since`` to before ``until``, over or not."""
        rows = self._connection.execute(
            _TROUBLES.where(
                source_troubles.c.since < until,
                or_(source_troubles.c.over_at.is_(None), source_troubles.c.over_at > since),
            ).order_by(source_troubles.c.since, source_troubles.c.source)
        )
        return [SourceTrouble(**row._asdict()) for row in rows]

    def last_ok(self, source: str) -> datetime | None:
        """When a crawl of this source last ended well."""
        return self._connection.scalar(
            select(source_health.c.finished_at)
            .where(source_health.c.source == source, HEALTHY)
            .order_by(source_health.c.finished_at.desc())
            .limit(1)
        )


def _health(row: AnyRow) -> SourceHealth:
    return SourceHealth(**row._asdict())

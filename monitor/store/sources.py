"""How far the crawls have come, and how they ended."""

from __future__ import annotations

from datetime import datetime

import attrs
from sqlalchemy import Connection, func, insert, select

from monitor.domain import Cursor, SourceHealth
from monitor.store.reading import AnyRow
from monitor.store.statements import put
from monitor.store.tables import HEALTHY, cursors, source_health

__all__ = ["Sources"]

_HEALTH = select(*(source_health.c[field.name] for field in attrs.fields(SourceHealth)))


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

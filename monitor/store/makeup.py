"""What incidents are made of, counted for many of them at once and without their texts."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection

from sqlalchemy import ColumnElement, Connection, FromClause, and_, func, or_, select

from monitor.domain import Target
from monitor.store.statements import chunks
from monitor.store.tables import assessments, mentions, posts

__all__ = ["Makeup"]

_ASSESSED = mentions.join(
    assessments, and_(assessments.c.post == mentions.c.post, assessments.c.newest)
)
_COMPLAINS = and_(
    or_(mentions.c.target.is_(None), mentions.c.target == Target.BRAND),
    ~assessments.c.abstained,
    assessments.c.negative >= assessments.c.positive,
    assessments.c.negative >= assessments.c.neutral,
)


class Makeup:
    """Of each incident, how many posts name a touchpoint, are in a language, are from a source."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def touchpoints(self, incidents: Collection[str]) -> dict[str, Counter[str | None]]:
        """The complaints by the touchpoint that they name; ``None`` counts those that name none."""
        return self._counted(mentions.c.touchpoint, _ASSESSED, incidents, _COMPLAINS)

    def languages(self, incidents: Collection[str]) -> dict[str, Counter[str | None]]:
        """The posts by language."""
        return self._counted(assessments.c.language, _ASSESSED, incidents)

    def sources(self, incidents: Collection[str]) -> dict[str, Counter[str | None]]:
        """The posts by source."""
        table = mentions.join(posts, posts.c.key == mentions.c.post)
        return self._counted(posts.c.source, table, incidents)

    def _counted(
        self,
        column: ColumnElement[str | None],
        table: FromClause,
        incidents: Collection[str],
        *conditions: ColumnElement[bool],
    ) -> dict[str, Counter[str | None]]:
        found: dict[str, Counter[str | None]] = {}
        for names in chunks(sorted(incidents)):
            rows = self._connection.execute(
                select(mentions.c.incident, column, func.count())
                .select_from(table)
                .where(mentions.c.incident.in_(names), *conditions)
                .group_by(mentions.c.incident, column)
            )
            for incident, value, count in rows:
                found.setdefault(incident, Counter())[value] = count
        return found

"""What people wished to hear nothing of, and until when."""

from __future__ import annotations

from datetime import datetime

import attrs
from sqlalchemy import Connection, Select, select, update

from monitor.casework import Matcher, Silence
from monitor.domain import Level
from monitor.store.reading import AnyRow
from monitor.store.statements import Record, add
from monitor.store.tables import silences

__all__ = ["Silences"]

_LEVELS = ("min_level", "max_level")


class Silences:
    """Silences, those that are over included."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def add(self, silence: Silence) -> bool:
        """Keep a silence; ``False`` where one with its id is there already."""
        record = attrs.asdict(silence, recurse=False)
        record["matcher"] = _written(silence.matcher)
        return add(self._connection, silences, [record]) == 1

    def end(self, silence: str, at: datetime) -> bool:
        """Let a silence end at ``at``; ``False`` where none of this id lasts longer."""
        ended = self._connection.execute(
            update(silences)
            .where(silences.c.id == silence, silences.c.ends_at > at)
            .values(ends_at=at)
        )
        return bool(ended.rowcount)

    def lasting(self, now: datetime) -> list[Silence]:
        """Silences that have not ended by ``now``, those that have yet to begin included."""
        return self._find(select(silences).where(silences.c.ends_at > now))

    def all(self) -> list[Silence]:
        """Every silence there ever was."""
        return self._find(select(silences))

    def _find(self, query: Select[*tuple[object, ...]]) -> list[Silence]:
        rows = self._connection.execute(query.order_by(silences.c.starts_at, silences.c.id))
        return [_silence(row) for row in rows]


def _written(matcher: Matcher) -> Record:
    fields = attrs.asdict(matcher, recurse=False)
    return {
        name: value if name in _LEVELS else sorted(value) for name, value in fields.items() if value
    }


def _silence(row: AnyRow) -> Silence:
    fields = row._asdict()
    matcher = {
        name: Level(value) if name in _LEVELS else value for name, value in row.matcher.items()
    }
    return Silence(**{**fields, "matcher": Matcher(**matcher)})

"""Leases: who of several processes does what only one may do."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import Connection, delete, or_

from monitor.store.statements import insert_into
from monitor.store.tables import leases

__all__ = ["Leases"]


class Leases:
    """Names that one holder has for a while."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def acquire(self, name: str, holder: str, now: datetime, ttl: timedelta) -> bool:
        """Take or renew a lease; ``False`` while somebody else holds it."""
        statement = insert_into(self._connection, leases)
        taken = self._connection.execute(
            statement.values(name=name, holder=holder, held_until=now + ttl).on_conflict_do_update(
                index_elements=["name"],
                set_={"holder": holder, "held_until": now + ttl},
                where=or_(leases.c.holder == holder, leases.c.held_until <= now),
            ),
            execution_options={"preserve_rowcount": True},
        )
        return taken.rowcount == 1

    def release(self, name: str, holder: str) -> None:
        """Give a lease back; nothing happens where somebody else holds it."""
        self._connection.execute(
            delete(leases).where(leases.c.name == name, leases.c.holder == holder)
        )

"""What brands promised in public, and whether they kept it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import attrs
from sqlalchemy import Connection, Select, and_, func, or_, select, update

from monitor.casework import Promise
from monitor.domain import PostKey
from monitor.store.reading import AnyRow
from monitor.store.statements import add
from monitor.store.tables import PROMISE_OPEN, incidents, promises

__all__ = ["Promises"]


class Promises:
    """The ledger of promises; a post of the brand that is deleted takes its promises with it."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def put(self, made: Sequence[Promise]) -> int:
        """Keep promises; one that is there already is left as it is. How many were new."""
        return add(self._connection, promises, [attrs.asdict(one, recurse=False) for one in made])

    def save(self, promise: Promise) -> None:
        """Keep what became of a promise."""
        self._connection.execute(
            update(promises)
            .where(promises.c.post == promise.post, promises.c.kind == promise.kind)
            .values(attrs.asdict(promise, recurse=False))
        )

    def open(self, made_after: datetime | None = None) -> list[Promise]:
        """Promises that were neither kept nor dropped, the first due first."""
        query = select(promises).where(PROMISE_OPEN)
        if made_after is not None:
            query = query.where(promises.c.made_at > made_after)
        return self._find(query)

    def of_post(self, post: PostKey) -> list[Promise]:
        """What one post promises."""
        return self._find(select(promises).where(promises.c.post == post))

    def untold(self, now: datetime, since: datetime) -> list[Promise]:
        """Promises that fell due from ``since`` on, were not kept, and of which nobody was told."""
        return self._find(
            select(promises).where(
                PROMISE_OPEN,
                promises.c.due_at <= now,
                promises.c.due_at >= since,
                promises.c.overdue_told_at.is_(None),
            )
        )

    def last_told_at(self, brand: str) -> datetime | None:
        """When somebody was last told of an overdue promise of a brand."""
        told_at: datetime | None = self._connection.scalar(
            select(func.max(promises.c.overdue_told_at)).where(promises.c.brand == brand)
        )
        return told_at

    def of_incident(self, incident: str) -> list[Promise]:
        """The promises made about an incident and what became part of it."""
        parts = select(incidents.c.id).where(incidents.c.merged_into == incident)
        return self._find(
            select(promises).where(
                or_(promises.c.incident == incident, promises.c.incident.in_(parts))
            )
        )

    def between(self, since: datetime, until: datetime) -> list[Promise]:
        """Promises that were made, due or kept from ``since`` to before ``until``."""
        within = [
            and_(column >= since, column < until)
            for column in (promises.c.made_at, promises.c.due_at, promises.c.kept_at)
        ]
        return self._find(select(promises).where(or_(*within)))

    def _find(self, query: Select[*tuple[object, ...]]) -> list[Promise]:
        ordered = query.order_by(promises.c.due_at, promises.c.post, promises.c.kind)
        return [_promise(row) for row in self._connection.execute(ordered)]


def _promise(row: AnyRow) -> Promise:
    fields = row._asdict()
    begin, end = fields["span"]
    return Promise(**{**fields, "span": (begin, end)})

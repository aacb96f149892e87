"""What people did about incidents."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection
from datetime import datetime

import attrs
from sqlalchemy import Connection, func, or_, select, update

from monitor.casework import Action, ActionKind, Case, case_of
from monitor.store.reading import AnyRow
from monitor.store.statements import add, chunks
from monitor.store.tables import ACTION_UNTOLD, actions, incidents, promises

__all__ = ["Casework"]

_ACTION = select(*(actions.c[field.name] for field in attrs.fields(Action)))


class Casework:
    """Actions, and the cases that they make."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def add(self, action: Action) -> bool:
        """Keep an action; ``False`` where one with its key is there already."""
        return add(self._connection, actions, [attrs.asdict(action, recurse=False)]) == 1

    def of_incident(self, incident: str) -> list[Action]:
        """What was done about an incident and what became part of it, in order."""
        parts = select(incidents.c.id).where(incidents.c.merged_into == incident)
        rows = self._connection.execute(
            _ACTION.where(
                or_(actions.c.incident == incident, actions.c.incident.in_(parts))
            ).order_by(actions.c.at, actions.c.id)
        )
        return [_action(row) for row in rows]

    def of_incidents(self, names: Collection[str]) -> dict[str, list[Action]]:
        """The same for many at once; those about which nothing was done are left out."""
        found: defaultdict[str, list[Action]] = defaultdict(list)
        into = func.coalesce(incidents.c.merged_into, incidents.c.id)
        for some in chunks(sorted(names)):
            rows = self._connection.execute(
                _ACTION.add_columns(into.label("into"))
                .join(incidents, incidents.c.id == actions.c.incident)
                .where(or_(incidents.c.id.in_(some), incidents.c.merged_into.in_(some)))
                .order_by(actions.c.at, actions.c.id)
            )
            for row in rows:
                fields = row._asdict()
                found[fields.pop("into")].append(Action(**fields))
        return dict(found)

    def cases(self, names: Collection[str]) -> dict[str, Case]:
        """How many incidents are being handled, those about which anything was done."""
        done = self.of_incidents(names)
        return {name: case_of(name, actions) for name, actions in done.items()}

    def case(self, incident: str) -> Case:
        """How an incident is being handled."""
        return case_of(incident, self.of_incident(incident))

    def holds(self, incident: str) -> bool:
        """Whether anything was done, or promised in public, about this very incident."""
        done = select(actions.c.id).where(actions.c.incident == incident).limit(1)
        promised = select(promises.c.post).where(promises.c.incident == incident).limit(1)
        return any(self._connection.execute(query).first() for query in (done, promised))

    def between(
        self, since: datetime, until: datetime, kinds: Collection[ActionKind] = ()
    ) -> list[Action]:
        """What was done from ``since`` to before ``until``, of some kinds (none given: all)."""
        query = _ACTION.where(actions.c.at >= since, actions.c.at < until)
        if kinds:
            query = query.where(actions.c.kind.in_(kinds))
        rows = self._connection.execute(query.order_by(actions.c.at, actions.c.id))
        return [_action(row) for row in rows]

    def untold(self, limit: int) -> list[Action]:
        """Actions that those who were told of the incident do not know of yet."""
        rows = self._connection.execute(
            _ACTION.where(ACTION_UNTOLD).order_by(actions.c.at, actions.c.id).limit(limit)
        )
        return [_action(row) for row in rows]

    def told(self, keys: Collection[str], at: datetime) -> None:
        """Note that messages about these actions were written."""
        self._connection.execute(update(actions).where(actions.c.key.in_(keys)).values(told_at=at))


def _action(row: AnyRow) -> Action:
    return Action(**row._asdict())

"""Incidents, and what is still to be decided and forecast about them."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

import attrs
from sqlalchemy import Connection, and_, delete, exists, func, insert, or_, select, update

from monitor.domain import Incident, IncidentState
from monitor.store.errors import StaleWrite
from monitor.store.history import Change
from monitor.store.reading import AnyRow
from monitor.store.statements import Record, add, chunks
from monitor.store.tables import (
    FORECAST_OPEN,
    MERGED,
    UNDECIDED,
    alerts,
    forecasts,
    incident_history,
    incidents,
    mentions,
    withheld,
)

__all__ = ["INCIDENT", "Incidents", "incident_of"]

_UNTITLED = "…"
_FIELDS = [field.name for field in attrs.fields(Incident)]
INCIDENT = select(*(incidents.c[name] for name in _FIELDS))


class Incidents:
    """Complaints that tell the same story, each at its newest version."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def save(self, incident: Incident) -> None:
        """Keep a new incident, or the next version of a known one.

        It stands by itself from then on, whatever it was part of before. Raises ``StaleWrite``
        where the stored version is not the one before.
        """
        record = _record(incident)
        saved = self._connection.execute(
            update(incidents)
            .where(incidents.c.id == incident.id, incidents.c.version == incident.version - 1)
            .values(record)
        )
        if not saved.rowcount and not add(self._connection, incidents, [record]):
            raise StaleWrite(incident.id, incident.version)

    def absorb(self, gone: Incident, into: str) -> None:
        """Keep an incident that people were told of as a record that points to another.

        ``gone`` is its last version. What was told, withheld, done and graded about it stays;
        nothing is asked about it any more. Forecasts whose time is still to come are taken out:
        of a story that is no more nothing can come true.
        """
        self.save(gone)
        self._connection.execute(
            update(incidents)
            .where(or_(incidents.c.id == gone.id, incidents.c.merged_into == gone.id))
            .values(merged_into=into)
        )
        self.decided(gone.id, gone.version)
        self._connection.execute(
            delete(forecasts).where(forecasts.c.incident == gone.id, FORECAST_OPEN)
        )

    def merged_into(self, incident: str) -> str | None:
        """The incident that this one is part of now; ``None`` where it stands by itself."""
        return self._connection.scalar(
            select(incidents.c.merged_into).where(incidents.c.id == incident)
        )

    def merged(self, beginning: str) -> dict[str, str]:
        """Incidents that became part of others, by ids that begin so, each with where it is now."""
        rows = self._connection.execute(
            select(incidents.c.id, incidents.c.merged_into).where(
                MERGED, incidents.c.id.startswith(beginning, autoescape=True)
            )
        )
        return {row.id: row.merged_into for row in rows}

    def parts(self, incident: str) -> list[str]:
        """The incidents that became part of this one, and of which people were told before."""
        query = select(incidents.c.id).where(incidents.c.merged_into == incident)
        return list(self._connection.scalars(query.order_by(incidents.c.id)))

    def note(self, change: Change) -> None:
        """Write down what became of an incident."""
        self._connection.execute(
            insert(incident_history).values(attrs.asdict(change, recurse=False))
        )

    def history(self, incident: str) -> list[Change]:
        """What became of an incident beside growing, in the order in which it happened."""
        rows = self._connection.execute(
            select(incident_history)
            .where(incident_history.c.incident == incident)
            .order_by(incident_history.c.id)
        )
        return [
            Change(
                incident=row.incident,
                at=row.at,
                kind=row.kind,
                other=row.other,
                title=row.title,
                posts=row.posts,
            )
            for row in rows
        ]

    def untitle(self, incident: str) -> None:
        """Blank the titles of what this incident took in.

        Some of its posts are deleted, and a title may quote them.
        """
        self._connection.execute(
            update(incident_history)
            .where(
                incident_history.c.incident.in_([incident, *self.parts(incident)]),
                incident_history.c.title != "",
            )
            .values(title=_UNTITLED)
        )
        self._connection.execute(
            update(incidents).where(incidents.c.merged_into == incident).values(title=_UNTITLED)
        )

    def grouped_since(self, brands: Collection[str], since: datetime) -> int:
        """How many posts published from ``since`` on belong to stories of these brands."""
        return (
            self._connection.scalar(
                select(func.count()).where(
                    mentions.c.brand.in_(brands),
                    mentions.c.published_at >= since,
                    mentions.c.incident.is_not(None),
                )
            )
            or 0
        )

    def remove(self, incident: str) -> None:
        """Take out a story that nobody was told of: it became part of another."""
        told = exists().where(alerts.c.incident == incidents.c.id)
        untold = select(incidents.c.id).where(incidents.c.id == incident, ~told)
        for concluded in (forecasts, withheld):
            self._connection.execute(delete(concluded).where(concluded.c.incident.in_(untold)))
        self._connection.execute(delete(incidents).where(incidents.c.id == incident, ~told))

    def get(self, incident: str) -> Incident | None:
        """The incident with this id."""
        row = self._connection.execute(INCIDENT.where(incidents.c.id == incident)).one_or_none()
        return None if row is None else incident_of(row)

    def get_all(self, names: Collection[str]) -> dict[str, Incident]:
        """Those of these incidents that are stored, by id."""
        return {
            row.id: incident_of(row)
            for some in chunks(sorted(names))
            for row in self._connection.execute(INCIDENT.where(incidents.c.id.in_(some)))
        }

    def followed(self, names: Collection[str]) -> dict[str, Incident]:
        """Each of these incidents as what it is part of now, which is mostly itself."""
        into: dict[str, str] = {}
        for some in chunks(sorted(names)):
            query = select(incidents.c.id, func.coalesce(incidents.c.merged_into, incidents.c.id))
            rows = self._connection.execute(query.where(incidents.c.id.in_(some)))
            into |= {row[0]: row[1] for row in rows}
        found = self.get_all(set(into.values()))
        return {name: found[now] for name, now in into.items()}

    def find(
        self,
        *,
        brand: str | None = None,
        states: Collection[IncidentState] = (),
        last_post_after: datetime | None = None,
        last_post_before: datetime | None = None,
        limit: int | None = None,
    ) -> list[Incident]:
        """Incidents of a brand, in some states (none given: all), the liveliest first.

        Those that became part of others are left out; `get` and `get_all` know them as well.
        """
        query = INCIDENT.where(incidents.c.merged_into.is_(None))
        query = query.order_by(incidents.c.last_post_at.desc(), incidents.c.id).limit(limit)
        if brand is not None:
            query = query.where(incidents.c.brand == brand)
        if states:
            query = query.where(incidents.c.state.in_(states))
        if last_post_after is not None:
            query = query.where(incidents.c.last_post_at > last_post_after)
        if last_post_before is not None:
            query = query.where(incidents.c.last_post_at <= last_post_before)
        return [incident_of(row) for row in self._connection.execute(query)]

    def opened_at(self, moment: datetime) -> list[Incident]:
        """Incidents that were first called so at this very moment."""
        query = INCIDENT.where(incidents.c.opened_at == moment).order_by(incidents.c.id)
        return [incident_of(row) for row in self._connection.execute(query)]

    def undecided(self) -> list[Incident]:
        """Open or closed incidents whose newest version nothing was decided about."""
        query = INCIDENT.where(UNDECIDED).order_by(incidents.c.last_post_at, incidents.c.id)
        return [incident_of(row) for row in self._connection.execute(query)]

    def decided(self, incident: str, version: int) -> None:
        """Note that it was decided whether to tell of it at this version."""
        self._note(incident, decided_version=version)

    def unforecast(self, now: datetime) -> list[Incident]:
        """Open incidents that were never forecast, or whose next forecast is due."""
        query = INCIDENT.where(
            and_(
                incidents.c.state == IncidentState.OPEN,
                or_(incidents.c.forecast_due_at.is_(None), incidents.c.forecast_due_at <= now),
            )
        ).order_by(incidents.c.last_post_at, incidents.c.id)
        return [incident_of(row) for row in self._connection.execute(query)]

    def forecast_made(self, incident: str, next_due_at: datetime) -> None:
        """Note when to forecast next; a new forecast asks for a new decision."""
        self._note(incident, forecast_due_at=next_due_at, decided_version=None)

    def _note(self, incident: str, **columns: int | datetime | None) -> None:
        self._connection.execute(
            update(incidents).where(incidents.c.id == incident).values(columns)
        )


def _record(incident: Incident) -> Record:
    record = attrs.asdict(incident, recurse=False)
    record["terms"] = [list(term) for term in incident.terms]
    record["merged_into"] = None
    return record


def incident_of(row: AnyRow) -> Incident:
    """The incident that a row of ``INCIDENT`` holds."""
    fields = row._asdict()
    fields["terms"] = tuple((word, count) for word, count in row.terms)
    return Incident(**fields)

"""Incidents, and what is still to be decided and forecast about them."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

import attrs
from sqlalchemy import Connection, and_, delete, exists, or_, select, update

from monitor.domain import Incident, IncidentState
from monitor.store.errors import StaleWrite
from monitor.store.reading import AnyRow
from monitor.store.statements import Record, add
from monitor.store.tables import UNDECIDED, alerts, forecasts, incidents, silences

__all__ = ["INCIDENT", "Incidents", "incident_of"]

_FIELDS = [field.name for field in attrs.fields(Incident)]
INCIDENT = select(*(incidents.c[name] for name in _FIELDS))


class Incidents:
    """Complaints that tell the same story, each at its newest version."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def save(self, incident: Incident) -> None:
        """Keep a new incident, or the next version of a known one.

        Raises ``StaleWrite`` where the stored version is not the one before.
        """
        record = _record(incident)
        saved = self._connection.execute(
            update(incidents)
            .where(incidents.c.id == incident.id, incidents.c.version == incident.version - 1)
            .values(record)
        )
        if not saved.rowcount and not add(self._connection, incidents, [record]):
            raise StaleWrite(incident.id, incident.version)

    def remove(self, incident: str) -> None:
        """Take out a story that nobody was told of: it became part of another."""
        told = exists().where(alerts.c.incident == incidents.c.id)
        untold = select(incidents.c.id).where(incidents.c.id == incident, ~told)
        for concluded in (forecasts, silences):
            self._connection.execute(delete(concluded).where(concluded.c.incident.in_(untold)))
        self._connection.execute(delete(incidents).where(incidents.c.id == incident, ~told))

    def get(self, incident: str) -> Incident | None:
        """The incident with this id."""
        row = self._connection.execute(INCIDENT.where(incidents.c.id == incident)).one_or_none()
        return None if row is None else incident_of(row)

    def get_all(self, names: Collection[str]) -> dict[str, Incident]:
        """Those of these incidents that are stored, by id."""
        rows = self._connection.execute(INCIDENT.where(incidents.c.id.in_(names)))
        return {row.id: incident_of(row) for row in rows}

    def find(
        self,
        *,
        brand: str | None = None,
        states: Collection[IncidentState] = (),
        last_post_after: datetime | None = None,
        last_post_before: datetime | None = None,
        limit: int | None = None,
    ) -> list[Incident]:
        """Incidents of a brand, in some states (none given: all), the liveliest first."""
        query = INCIDENT.order_by(incidents.c.last_post_at.desc(), incidents.c.id).limit(limit)
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
        """Note that an alert or a silence was decided at this version."""
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
    return record


def incident_of(row: AnyRow) -> Incident:
    """The incident that a row of ``INCIDENT`` holds."""
    fields = row._asdict()
    fields["terms"] = tuple((word, count) for word, count in row.terms)
    return Incident(**fields)

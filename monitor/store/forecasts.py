"""Forecasts, saved before their outcome is known and graded once it is."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta

import attrs
from sqlalchemy import Connection, and_, func, select, update

from monitor.domain import Forecast, Quantiles, Quantity
from monitor.store.reading import AnyRow
from monitor.store.statements import Record, add
from monitor.store.tables import FORECAST_GRADED, FORECAST_OPEN, forecasts

__all__ = ["Forecasts"]

_AT_ONCE = 1000
_QUANTILES = [field.name for field in attrs.fields(Quantiles)]


class Forecasts:
    """How far incidents were said to go, and how far they went."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def add(self, made: Sequence[Forecast]) -> None:
        """Keep these forecasts; one that is stored already stays as it is."""
        add(self._connection, forecasts, [_record(forecast) for forecast in made])

    def latest(self, incident: str) -> list[Forecast]:
        """The newest forecasts of an incident: of each quantity those made last."""
        newest = (
            select(forecasts.c.quantity, func.max(forecasts.c.made_at).label("made_at"))
            .where(forecasts.c.incident == incident)
            .group_by(forecasts.c.quantity)
            .subquery()
        )
        query = (
            select(forecasts)
            .join(
                newest,
                and_(
                    forecasts.c.quantity == newest.c.quantity,
                    forecasts.c.made_at == newest.c.made_at,
                ),
            )
            .where(forecasts.c.incident == incident)
            .order_by(forecasts.c.quantity, forecasts.c.horizon)
        )
        return [_forecast(row) for row in self._connection.execute(query)]

    def of_incident(self, incident: str) -> list[Forecast]:
        """All forecasts of an incident, oldest first."""
        query = (
            select(forecasts)
            .where(forecasts.c.incident == incident)
            .order_by(forecasts.c.made_at, forecasts.c.quantity, forecasts.c.horizon)
        )
        return [_forecast(row) for row in self._connection.execute(query)]

    def due(self, now: datetime, limit: int) -> list[Forecast]:
        """Forecasts that gave numbers and whose time has come, still without an outcome."""
        query = (
            select(forecasts)
            .where(FORECAST_OPEN, forecasts.c.due_at <= now)
            .order_by(forecasts.c.due_at, forecasts.c.incident, forecasts.c.quantity)
            .limit(limit)
        )
        return [_forecast(row) for row in self._connection.execute(query)]

    def grade(self, forecast: Forecast, outcome: int | None, now: datetime) -> None:
        """Write down what came of a forecast; ``None`` where nobody can tell, for good."""
        self._connection.execute(
            update(forecasts)
            .where(
                forecasts.c.incident == forecast.incident,
                forecasts.c.quantity == forecast.quantity,
                forecasts.c.horizon == forecast.horizon,
                forecasts.c.made_at == forecast.made_at,
            )
            .values({"ungradable_at": now} if outcome is None else {"outcome": outcome})
        )

    def graded(self, quantity: Quantity, horizon: timedelta, limit: int) -> list[Forecast]:
        """Forecasts of one kind with their outcomes, newest first."""
        query = (
            select(forecasts)
            .where(
                FORECAST_GRADED,
                forecasts.c.quantity == quantity,
                forecasts.c.horizon == horizon,
            )
            .order_by(forecasts.c.made_at.desc(), forecasts.c.incident)
            .limit(limit)
        )
        return [_forecast(row) for row in self._connection.execute(query)]

    def every_graded(self, now: datetime, incident: str | None = None) -> Iterator[Forecast]:
        """Every forecast that was due by ``now`` with its outcome, of one incident or of all.

        They come one kind after the other: by quantity, horizon and model, then by incident.
        """
        query = select(forecasts).where(FORECAST_GRADED, forecasts.c.due_at <= now)
        if incident is not None:
            query = query.where(forecasts.c.incident == incident)
        kind = (forecasts.c.quantity, forecasts.c.horizon, forecasts.c.model)
        rows = self._connection.execute(
            query.order_by(*kind, forecasts.c.incident, forecasts.c.made_at),
            execution_options={"yield_per": _AT_ONCE},
        )
        return map(_forecast, rows)

    def graded_incidents(self, now: datetime, limit: int) -> list[str]:
        """The incidents of which a forecast was due by ``now`` and graded, newest first."""
        newest = func.max(forecasts.c.made_at)
        query = (
            select(forecasts.c.incident)
            .where(FORECAST_GRADED, forecasts.c.due_at <= now)
            .group_by(forecasts.c.incident)
            .order_by(newest.desc(), forecasts.c.incident)
            .limit(limit)
        )
        return list(self._connection.scalars(query))


def _record(forecast: Forecast) -> Record:
    return {
        "incident": forecast.incident,
        "quantity": forecast.quantity,
        "horizon": forecast.horizon,
        "made_at": forecast.made_at,
        "due_at": forecast.made_at + forecast.horizon,
        "seen": forecast.seen,
        "model": forecast.model,
        **{name: getattr(forecast.quantiles, name, None) for name in _QUANTILES},
        "outcome": forecast.outcome,
    }


def _forecast(row: AnyRow) -> Forecast:
    quantiles = None
    if row.median is not None:
        quantiles = Quantiles(**{name: getattr(row, name) for name in _QUANTILES})
    return Forecast(
        incident=row.incident,
        quantity=row.quantity,
        horizon=row.horizon,
        made_at=row.made_at,
        seen=row.seen,
        model=row.model,
        quantiles=quantiles,
        outcome=row.outcome,
    )

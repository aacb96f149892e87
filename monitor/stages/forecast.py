"""forecast: how far each open incident will go and how sure that is, saved before it is known."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

import attrs

from monitor.domain import Forecast, Incident, Quantity
from monitor.store.store import Store
from monitor.store.unit_of_work import UnitOfWork
from monitor.virality.forecast import Forecaster
from monitor.virality.series import running_total

__all__ = ["ForecastStage"]

_SOONEST = timedelta(minutes=5)
_LATEST = timedelta(hours=2)
_COUNTED = (Quantity.VIEWS, Quantity.SHARES)


@attrs.frozen
class ForecastStage:
    """Open incidents are forecast anew as they age, and old forecasts graded when they are due."""

    forecaster: Forecaster
    batch: int = 200
    name: str = attrs.field(default="forecast", init=False)

    def run(self, store: Store, now: datetime) -> int:
        """Forecast up to ``batch`` incidents and grade up to ``batch`` forecasts."""
        with store.read() as work:
            incidents = work.incidents.unforecast(now)[: self.batch]
            due = work.forecasts.due(now, self.batch)
            made = {
                incident.id: list(self._forecasts(incident, work, now)) for incident in incidents
            }
            outcomes = [(forecast, self._outcome(forecast, work)) for forecast in due]
        if not (incidents or due):
            return 0
        with store.begin() as work:
            for incident in incidents:
                work.forecasts.add(made[incident.id])
                work.incidents.forecast_made(
                    incident.id, now + _pause(now - incident.first_post_at)
                )
            for forecast, outcome in outcomes:
                work.forecasts.grade(forecast, outcome)
        return len(incidents) + len(due)

    def _forecasts(self, incident: Incident, work: UnitOfWork, now: datetime) -> Iterator[Forecast]:
        times = work.voices.times(incident.id)
        yield from self.forecaster.mentions(incident.id, times, now)
        snapshots = work.voices.snapshots(incident.id)
        for quantity in _COUNTED:
            series = running_total(snapshots, quantity)
            if series and series[-1][1] > 0:
                yield from self.forecaster.counter(
                    incident.id, quantity, series, incident.first_post_at, now
                )

    def _outcome(self, forecast: Forecast, work: UnitOfWork) -> int:
        """What was shown when the forecast was due, as far as it was seen; a counter may fall."""
        due = forecast.made_at + forecast.horizon
        if forecast.quantity is Quantity.MENTIONS:
            return sum(when <= due for when in work.voices.times(forecast.incident))
        series = running_total(work.voices.snapshots(forecast.incident), forecast.quantity)
        shown = [total for when, total in series if when <= due]
        return shown[-1] if shown else forecast.seen


def _pause(age: timedelta) -> timedelta:
    """An old incident changes slowly: the pause grows with its age, from 5 minutes to 2 hours."""
    return min(max(age / 12, _SOONEST), _LATEST)

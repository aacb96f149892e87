"""forecast: how far each open incident will go and how sure that is, saved before it is known.

Once a day the forecaster is held against the installation's own closed incidents, and corrected by
them where that proves better.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

import attrs
import numpy as np

from monitor.domain import Forecast, Incident, IncidentState, Quantity
from monitor.store.store import Store
from monitor.store.unit_of_work import UnitOfWork
from monitor.virality.cascade import Cascade
from monitor.virality.forecast import Forecaster
from monitor.virality.outcome import SETTLED, counter_outcome, mentions_outcome
from monitor.virality.recalibration import recalibrated
from monitor.virality.series import running_total

__all__ = ["ForecastStage"]

_SOONEST = timedelta(minutes=5)
_LATEST = timedelta(hours=2)
_COUNTED = (Quantity.VIEWS, Quantity.SHARES)
_RECALIBRATED_EVERY = timedelta(days=1)
_MOST_CLOSED = 300
"""Older incidents than the newest so many tell little of how the next will go."""
_MOVED = 0.1
"""A merge or a split that moves more than this share of what was seen makes another story."""
_HOUR = timedelta(hours=1)


class ForecastStage:
    """Open incidents are forecast anew as they age, and old forecasts graded when they are due."""

    name = "forecast"

    def __init__(self, forecaster: Forecaster, batch: int = 200) -> None:
        """``batch`` is how many incidents are forecast, and how many forecasts graded, a run."""
        self.forecaster = forecaster
        self.batch = batch
        self._recalibrated_at: datetime | None = None

    def run(self, store: Store, now: datetime) -> int:
        """Forecast up to ``batch`` incidents and grade up to ``batch`` forecasts."""
        with store.read() as work:
            self._recalibrate(work, now)
            incidents = work.incidents.unforecast(now)[: self.batch]
            due = work.forecasts.due(now - SETTLED, self.batch)
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
                work.forecasts.grade(forecast, outcome, now)
        return len(incidents) + len(due)

    def _recalibrate(self, work: UnitOfWork, now: datetime) -> None:
        """Look once a day what closed incidents teach; the same incidents teach the same."""
        last = self._recalibrated_at
        if last is not None and now - last < _RECALIBRATED_EVERY:
            return
        closed = work.incidents.find(states=(IncidentState.CLOSED,))
        closed.sort(key=lambda incident: (incident.first_post_at, incident.id))
        cascades = [_cascade(incident, work) for incident in closed[-_MOST_CLOSED:]]
        own = recalibrated(self.forecaster.growth, self.forecaster.source, cascades)
        self.forecaster = attrs.evolve(self.forecaster, own=own)
        self._recalibrated_at = now

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

    def _outcome(self, forecast: Forecast, work: UnitOfWork) -> int | None:
        """What there was when the forecast was due; ``None`` where that cannot be told fairly."""
        due = forecast.made_at + forecast.horizon
        if _is_another_story(forecast, due, work):
            return None
        if forecast.quantity is Quantity.MENTIONS:
            times = work.voices.times(forecast.incident)
            return mentions_outcome(times, seen=forecast.seen, made_at=forecast.made_at, due=due)
        return counter_outcome(
            work.voices.snapshots(forecast.incident),
            forecast.quantity,
            seen=forecast.seen,
            made_at=forecast.made_at,
            due=due,
        )


def _is_another_story(forecast: Forecast, due: datetime, work: UnitOfWork) -> bool:
    """Whether many posts came or went by a merge or a split since the forecast was made."""
    return any(
        forecast.made_at < change.at <= due + SETTLED and change.posts > _MOVED * forecast.seen
        for change in work.incidents.history(forecast.incident)
    )


def _cascade(incident: Incident, work: UnitOfWork) -> Cascade:
    """A closed incident as a story that was watched to its end."""
    times = work.voices.times(incident.id)
    began = times[0] if times else incident.first_post_at
    return Cascade(
        dataset=incident.brand,
        name=incident.id,
        began=began.timestamp(),
        hours=np.array([(time - began) / _HOUR for time in times]),
    )


def _pause(age: timedelta) -> timedelta:
    """An old incident changes slowly: the pause grows with its age, from 5 minutes to 2 hours."""
    return min(max(age / 12, _SOONEST), _LATEST)

"""route: an alert gets a notice for each team that its routes name."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

import attrs

from alerts.muting import quiet, reason
from alerts.routing import TeamOptions, route
from alerts.rules import Rules
from monitor.casework import SPARKWATCH, Action, ActionKind, Case, Handling, Notice, Subject
from monitor.domain import Alert, AlertKind, Incident, Level, Reason
from monitor.stages.subjects import subjects_of
from monitor.store.store import Store
from monitor.store.unit_of_work import UnitOfWork

__all__ = ["Route"]

_LOOK_BACK = timedelta(days=1)
"""Alerts that nobody was told of for so long are not told any more."""


@attrs.frozen
class Route:
    """Alerts that no team has a notice of get one for each team that they go to.

    What came back after it was taken on or laid aside is open again.
    """

    rules: Rules
    name: str = attrs.field(default="route", init=False)
    batch: int = attrs.field(default=1_000, init=False)

    def run(self, store: Store, now: datetime) -> int:
        """Route every alert that waits for it; how many there were."""
        with store.read() as work:
            alerts = work.notices.unrouted(now - _LOOK_BACK, self.batch)
            if not alerts:
                return 0
            incidents = work.incidents.followed({alert.incident for alert in alerts})
            subjects = self._subjects(alerts, incidents, work)
            cases = _cases(alerts, incidents, work)
        notices = [notice for alert in alerts for notice in self._notices(alert, subjects, now)]
        with store.begin() as work:
            work.notices.put(notices)
            for alert in alerts:
                if case := cases.get(alert.id):
                    work.casework.add(_reopened(alert, case))
        return len(alerts)

    def _subjects(
        self, alerts: Sequence[Alert], incidents: Mapping[str, Incident], work: UnitOfWork
    ) -> dict[str, Subject]:
        about = [(incidents[alert.incident], alert.level) for alert in alerts]
        by_incident = subjects_of(about, self.rules.regions, work)
        return {
            alert.id: attrs.evolve(by_incident[incidents[alert.incident].id], level=alert.level)
            for alert in alerts
        }

    def _notices(
        self, alert: Alert, subjects: Mapping[str, Subject], now: datetime
    ) -> list[Notice]:
        by_name = {team.name: team for team in self.rules.teams}
        notices = []
        for routed in route(subjects[alert.id], self.rules.routes, self.rules.teams):
            due_at, why = self._due(alert, by_name[routed.team], now)
            notices.append(
                Notice(
                    alert=alert.id,
                    team=routed.team,
                    incident=alert.incident,
                    brand=alert.brand,
                    level=alert.level,
                    owner=routed.owner,
                    routed_at=now,
                    due_at=due_at,
                    reason=why,
                )
            )
        return notices

    def _due(self, alert: Alert, team: TeamOptions, now: datetime) -> tuple[datetime, Reason]:
        """What is critical waits for nothing."""
        if asleep := quiet(alert.level, team, now):
            return asleep
        wait = timedelta(0) if alert.level is Level.CRITICAL else self.rules.grouping.wait
        return now + wait, reason("group_wait", until=(now + wait).isoformat())


def _cases(
    alerts: Sequence[Alert], incidents: Mapping[str, Incident], work: UnitOfWork
) -> dict[str, Case]:
    """Of alerts about what came back: how it had been handled, where anything was done."""
    back = [alert for alert in alerts if alert.kind is AlertKind.RECURRED]
    cases = work.casework.cases({incidents[alert.incident].id for alert in back})
    return {
        alert.id: cases[name]
        for alert in back
        if (name := incidents[alert.incident].id) in cases
        and cases[name].handling is not Handling.OPEN
    }


def _reopened(alert: Alert, case: Case) -> Action:
    return Action(
        key=f"{alert.id}/reopen",
        incident=case.incident,
        at=alert.raised_at,
        by=SPARKWATCH,
        kind=ActionKind.REOPEN,
    )

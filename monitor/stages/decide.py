"""decide: alert, or a named reason for silence; who is told of it is for the next stage."""

from __future__ import annotations

from datetime import datetime

import attrs

from alerts.policy import PolicyOptions, decide
from monitor.domain import Alert, IncidentState, Withheld
from monitor.stages.situation import situation_of
from monitor.stages.usual import Habits
from monitor.store.store import Store

__all__ = ["Decide"]


@attrs.frozen
class Decide:
    """Incidents that changed since they were last looked at are judged by the policy.

    The alert and the level are written in one transaction.
    """

    habits: Habits
    policy: PolicyOptions
    name: str = attrs.field(default="decide", init=False)
    batch: int = attrs.field(default=1_000, init=False)

    def run(self, store: Store, now: datetime) -> int:
        """Decide about every incident that changed; how many there were."""
        with store.read() as work:
            incidents = work.incidents.undecided()[: self.batch]
            decisions = [
                (incident, decide(situation, self.policy, now))
                for incident in incidents
                if incident.state is IncidentState.OPEN
                and (
                    situation := situation_of(
                        incident,
                        self.habits.of(incident.brand, work, now),
                        self.policy,
                        work,
                        now,
                    )
                )
            ]
        if not incidents:
            return 0
        with store.begin() as work:
            decided = {incident.id: incident.version for incident in incidents}
            for incident, decision in decisions:
                match decision:
                    case Alert():
                        work.alerts.add(decision)
                        raised = attrs.evolve(
                            incident, level=decision.level, version=incident.version + 1
                        )
                        work.incidents.save(raised)
                        decided[incident.id] = raised.version
                    case Withheld():
                        work.alerts.withhold(decision)
            for name, version in decided.items():
                work.incidents.decided(name, version)
        return len(incidents)

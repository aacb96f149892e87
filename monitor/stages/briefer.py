"""What is known of a brand beside the store, for whoever writes about its incidents."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

import attrs

from alerts.brief import Brief
from alerts.policy import PolicyOptions
from monitor.casework import Case
from monitor.domain import Alert, Brand, Incident, Reason, Taxonomy
from monitor.stages.briefing import brief
from monitor.stages.usual import Habits
from monitor.store.unit_of_work import UnitOfWork

__all__ = ["Briefer"]

_HOUR = timedelta(hours=1)


@attrs.frozen
class Briefer:
    """Gathers what is said about an incident; ``taxonomies`` are by the brands' ids."""

    brands: Sequence[Brand]
    habits: Habits
    policy: PolicyOptions
    taxonomies: Mapping[str, Taxonomy] = attrs.field(factory=dict)

    def brand_name(self, brand: str) -> str:
        """What people call a brand; its id where it is not configured any more."""
        return next((one.name for one in self.brands if one.id == brand), brand)

    def brief(
        self,
        alert: Alert,
        incident: Incident,
        work: UnitOfWork,
        now: datetime,
        *,
        case: Case | None = None,
        owner: str = "",
        again: Reason | None = None,
    ) -> Brief | None:
        """Everything that the messages about ``alert`` say; ``None`` where no post is left.

        ``incident`` is the alert's own, or the one that it is part of now.
        """
        if not work.voices.times(incident.id):
            return None
        usual = self.habits.of(incident.brand, work, now)
        learned = usual.watched(now) >= self.policy.learning_hours * _HOUR
        told = brief(
            alert,
            incident,
            self.brand_name(incident.brand),
            taxonomy=self.taxonomies.get(incident.brand),
            usual_per_hour=usual.expected(_HOUR, now) if usual.baseline and learned else None,
            angry_from=self.policy.angry,
            watched_since=usual.watched_since,
            usual=usual,
            work=work,
            now=now,
        )
        return attrs.evolve(told, case=case, owner=owner, again=again)

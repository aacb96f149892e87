"""tally: how far each incident stood out at every look, in place of deciding about it.

A threshold that is looked at every few minutes is crossed more often than one look says. So what
is kept of an incident are the looks at which it stood out more than ever before: from them it
follows when any threshold would have been crossed first.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, tzinfo

import attrs

from alerts.policy import PolicyOptions, spike
from monitor.domain import Brand, Incident, IncidentState
from monitor.incidents.own_posts import own_names
from monitor.stages.situation import situation_of
from monitor.stages.usual import Usual, learn
from monitor.store.store import Store
from monitor.store.unit_of_work import UnitOfWork

__all__ = ["Look", "Tally"]


@attrs.frozen(kw_only=True)
class Look:
    """A look at which an incident stood out more than at any before."""

    at: datetime
    brand: str
    posts: int
    authors: int
    prominence: float


class Tally:
    """Notes how prominent each incident was, wherever the spike rule would have listened.

    Nothing is told and nothing is written but that the incident was looked at.
    """

    name = "tally"
    batch = 1_000

    def __init__(self, brands: Sequence[Brand], policy: PolicyOptions, zone: tzinfo = UTC) -> None:
        self._brands = {brand.id: brand for brand in brands}
        self._policy = policy
        self._zone = zone
        self._usual: dict[str, Usual] = {}
        self._looks: defaultdict[str, list[Look]] = defaultdict(list)

    @property
    def looks(self) -> Mapping[str, Sequence[Look]]:
        """The looks at each incident that stood out at all, each higher than the one before."""
        return self._looks

    def run(self, store: Store, now: datetime) -> int:
        """Look at every incident that changed; how many there were."""
        with store.read() as work:
            incidents = work.incidents.undecided()[: self.batch]
            for incident in incidents:
                if incident.state is IncidentState.OPEN:
                    self._look(incident, work, now)
        if incidents:
            with store.begin() as work:
                for incident in incidents:
                    work.incidents.decided(incident.id, incident.version)
        return len(incidents)

    def _look(self, incident: Incident, work: UnitOfWork, now: datetime) -> None:
        usual = self._usual.get(incident.brand)
        if usual is None or not usual.holds(now):
            known = self._brands.get(incident.brand)
            own = own_names(known) if known else frozenset()
            usual = learn(incident.brand, own, self._zone, work, now)
            self._usual[incident.brand] = usual
        situation = situation_of(incident, usual, self._policy, work, now)
        window = spike(situation, self._policy) if situation else None
        if window is None:
            return
        looks = self._looks[incident.id]
        if not looks or window.prominence > looks[-1].prominence:
            looks.append(
                Look(
                    at=now,
                    brand=incident.brand,
                    posts=window.posts,
                    authors=window.authors,
                    prominence=window.prominence,
                )
            )

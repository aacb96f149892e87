"""decide: alert, or a named reason for silence; an alert puts its messages into the outbox."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta, tzinfo

import attrs

from alerts.brief import Brief
from alerts.channels.receiver import Channel
from alerts.policy import PolicyOptions, decide
from monitor.domain import Alert, Brand, Delivery, Incident, IncidentState, Taxonomy, Withheld
from monitor.incidents.own_posts import own_names
from monitor.stages.briefing import brief
from monitor.stages.situation import situation_of
from monitor.stages.usual import Usual, learn
from monitor.store.store import Store
from monitor.store.unit_of_work import UnitOfWork

__all__ = ["Decide", "messages"]

_HOUR = timedelta(hours=1)


class Decide:
    """Incidents that changed since they were last looked at are judged by the policy.

    The alert, the level, and a message for each channel that wants it are written in one
    transaction: there is no alert without its messages and no message without its alert.
    """

    name = "decide"
    batch = 1_000

    def __init__(
        self,
        brands: Sequence[Brand],
        channels: Sequence[Channel],
        policy: PolicyOptions,
        taxonomies: Mapping[str, Taxonomy] | None = None,
        zone: tzinfo = UTC,
    ) -> None:
        """``taxonomies`` holds that of each brand that has one, by the brand's id.

        The hours of a week at which more or less is usual are those of ``zone``.
        """
        self._brands = {brand.id: brand for brand in brands}
        self._channels = channels
        self._policy = policy
        self._taxonomies = taxonomies or {}
        self._zone = zone
        self._usual: dict[str, Usual] = {}

    def run(self, store: Store, now: datetime) -> int:
        """Decide about every incident that changed; how many there were."""
        with store.read() as work:
            incidents = work.incidents.undecided()[: self.batch]
            decisions = [
                (incident, decide(situation, self._policy, now))
                for incident in incidents
                if incident.state is IncidentState.OPEN
                and (
                    situation := situation_of(
                        incident, self._learned(incident.brand, work, now), self._policy, work, now
                    )
                )
            ]
            told = {
                decision.id: self._brief(decision, incident, work, now)
                for incident, decision in decisions
                if isinstance(decision, Alert) and self._wanted(decision)
            }
        if not incidents:
            return 0
        with store.begin() as work:
            decided = {incident.id: incident.version for incident in incidents}
            for incident, decision in decisions:
                match decision:
                    case Alert():
                        if work.alerts.add(decision) and decision.id in told:
                            work.outbox.put(messages(told[decision.id], self._channels, now))
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

    def _wanted(self, alert: Alert) -> bool:
        """Whether any channel carries alerts of this level."""
        return any(alert.level.rank >= channel.options.min_level.rank for channel in self._channels)

    def _brief(self, alert: Alert, incident: Incident, work: UnitOfWork, now: datetime) -> Brief:
        brand = self._brands.get(incident.brand)
        usual = self._learned(incident.brand, work, now)
        learned = usual.watched(now) >= timedelta(hours=self._policy.learning_hours)
        return brief(
            alert,
            attrs.evolve(incident, level=alert.level),
            brand.name if brand else incident.brand,
            taxonomy=self._taxonomies.get(incident.brand),
            usual_per_hour=usual.expected(_HOUR, now) if usual.baseline and learned else None,
            angry_from=self._policy.angry,
            watched_since=usual.watched_since,
            work=work,
            now=now,
        )

    def _learned(self, brand: str, work: UnitOfWork, now: datetime) -> Usual:
        """The brand's usual volume, learned again every hour."""
        usual = self._usual.get(brand)
        if usual is None or not usual.holds(now):
            known = self._brands.get(brand)
            own = own_names(known) if known else frozenset()
            usual = self._usual[brand] = learn(brand, own, self._zone, work, now)
        return usual


def messages(told: Brief, channels: Sequence[Channel], now: datetime) -> list[Delivery]:
    """The alert as every channel that wants its level will send it."""
    return [
        delivery
        for channel in channels
        if told.alert.level.rank >= channel.options.min_level.rank
        for delivery in channel.write_alert(
            told, key=f"{told.alert.id}:{channel.options.name}", now=now
        )
    ]

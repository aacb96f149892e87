"""decide: alert, or a named reason for silence; an alert puts its messages into the outbox."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta

import attrs

from alerts.brief import Brief
from alerts.channels.receiver import Channel
from alerts.policy import PolicyOptions, Situation, decide
from monitor.domain import Alert, Brand, Delivery, Incident, IncidentState, Silence, Taxonomy, Voice
from monitor.stages.briefing import brief
from monitor.store.store import Store
from monitor.store.unit_of_work import UnitOfWork
from monitor.virality.baseline import Baseline

__all__ = ["Decide", "messages"]

_HISTORY = timedelta(days=28)
"""How far back a brand's usual volume is learned from."""
_SETTLED = timedelta(hours=3)
"""The latest hours are not yet usual: what happens in them is what is being judged."""
_BEGUN = 10
"""A brand counts as watched from its tenth complaint on: a stray post is not a collection."""
_KNOWN = timedelta(days=7)
"""Or where it was mentioned for so long: of a small brand ten complaints may take months."""
_HOUR = timedelta(hours=1)


@attrs.frozen
class _Usual:
    """What is usual for a brand, as learned at one moment."""

    baseline: Baseline | None
    watched_since: datetime | None
    learned_at: datetime


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
    ) -> None:
        """``taxonomies`` holds that of each brand that has one, by the brand's id."""
        self._brands = {brand.id: brand for brand in brands}
        self._channels = channels
        self._policy = policy
        self._taxonomies = taxonomies or {}
        self._usual: dict[str, _Usual] = {}

    def run(self, store: Store, now: datetime) -> int:
        """Decide about every incident that changed; how many there were."""
        with store.read() as work:
            incidents = work.incidents.undecided()[: self.batch]
            decisions = [
                (incident, decide(situation, self._policy, now))
                for incident in incidents
                if incident.state is IncidentState.OPEN
                and (situation := self._situation(incident, work, now))
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
                    case Silence():
                        work.alerts.stay_silent(decision)
            for name, version in decided.items():
                work.incidents.decided(name, version)
        return len(incidents)

    def _wanted(self, alert: Alert) -> bool:
        """Whether any channel carries alerts of this level."""
        return any(alert.level.rank >= channel.options.min_level.rank for channel in self._channels)

    def _situation(self, incident: Incident, work: UnitOfWork, now: datetime) -> Situation | None:
        """What is known of it; ``None`` where its posts were deleted since they were grouped."""
        voices = work.voices.of(incident.id)
        if not voices:
            return None
        usual = self._learned(incident.brand, work, now)
        last_hour = [voice for voice in voices if now - voice.published_at <= _HOUR]
        views = work.voices.views([incident.id]).get(incident.id)
        angry = [voice for voice in voices if _is_angry(voice, self._policy)]
        loudest = max(angry, key=lambda voice: voice.followers or 0, default=None)
        baseline, hour_ago = usual.baseline, now - _HOUR
        earlier = work.alerts.of_incident(incident.id)
        return Situation(
            incident=incident,
            posts_last_hour=len(last_hour),
            authors_last_hour=len({voice.author for voice in last_hour}),
            usual_per_hour=baseline.expected(hour_ago, now) if baseline else 0.0,
            surprise=baseline.score(len(last_hour), hour_ago, now) if baseline else 0.0,
            usual_per_day=baseline.expected(now - timedelta(days=1), now) if baseline else 0.0,
            watched=now - usual.watched_since if usual.watched_since else timedelta(0),
            days_told=len({voice.published_at.astimezone(UTC).date() for voice in voices}),
            forecasts=work.forecasts.latest(incident.id),
            views=views,
            hours_since_first=(now - incident.first_post_at) / _HOUR,
            loudest_author=loudest.author_name if loudest else "",
            loudest_audience=(loudest.followers or 0) if loudest else 0,
            angry_share=len(angry) / len(voices) if voices else 0.0,
            earlier=earlier,
            reopened=_came_back(incident, earlier),
        )

    def _brief(self, alert: Alert, incident: Incident, work: UnitOfWork, now: datetime) -> Brief:
        brand = self._brands.get(incident.brand)
        usual = self._learned(incident.brand, work, now)
        learned = usual.watched_since is not None and now - usual.watched_since >= timedelta(
            hours=self._policy.learning_hours
        )
        return brief(
            alert,
            attrs.evolve(incident, level=alert.level),
            brand.name if brand else incident.brand,
            taxonomy=self._taxonomies.get(incident.brand),
            usual_per_hour=(
                usual.baseline.expected(now - _HOUR, now) if usual.baseline and learned else None
            ),
            angry_from=self._policy.angry,
            watched_since=usual.watched_since,
            work=work,
            now=now,
        )

    def _learned(self, brand: str, work: UnitOfWork, now: datetime) -> _Usual:
        """The brand's usual volume, learned again every hour."""
        usual = self._usual.get(brand)
        if usual is None or now - usual.learned_at >= _HOUR:
            times = work.mentions.times(brand, now - _HISTORY, now, grouped_only=True)
            since = _watched_since(brand, times, work, now)
            settled = now - _SETTLED
            baseline = (
                Baseline.fit([time for time in times if time <= settled], since, settled, UTC)
                if since is not None and since < settled
                else None
            )
            usual = self._usual[brand] = _Usual(baseline, since, now)
        return usual


def _watched_since(
    brand: str, complaints: Sequence[datetime], work: UnitOfWork, now: datetime
) -> datetime | None:
    """From when on what is heard of a brand is all that is said; ``None`` where that is unsure."""
    begun = [complaints[_BEGUN - 1]] if len(complaints) >= _BEGUN else []
    mentioned, observed = work.mentions.first_published_at(brand), work.posts.first_observed_at()
    if mentioned is not None and observed is not None:
        known = max(mentioned, observed, now - _HISTORY)
        if now - known >= _KNOWN:
            begun.append(known)
    return min(begun, default=None)


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


def _is_angry(voice: Voice, policy: PolicyOptions) -> bool:
    """A model without an anger head is taken at its word about what is negative."""
    return (voice.negative if voice.anger is None else voice.anger) >= policy.angry


def _came_back(incident: Incident, earlier: Sequence[Alert]) -> bool:
    """Whether it was closed after the last alert about it."""
    closed = incident.closed_at
    return bool(earlier and closed and closed > earlier[-1].raised_at)

"""What was done about an incident and what changed since, gathered from the store."""

from __future__ import annotations

from datetime import datetime, timedelta, tzinfo

from alerts.aftermath import Aftermath
from monitor.casework import Action, ActionKind
from monitor.domain import Brand, Incident, IncidentState
from monitor.effect import Effect
from monitor.incidents.own_posts import own_names
from monitor.stages.usual import Usual, learn
from monitor.store.unit_of_work import UnitOfWork
from monitor.virality.recovery import Calm, effect

__all__ = ["aftermath_of", "effect_on", "usual_of"]

_DAY = timedelta(days=1)
_MOMENT = timedelta(microseconds=1)


def aftermath_of(
    incident: Incident, usual: Usual | None, work: UnitOfWork, now: datetime
) -> Aftermath | None:
    """The answers, their effect and the promises of an incident; ``None`` where there are none."""
    actions = [one for one in work.casework.of_incident(incident.id) if one.at <= now]
    answers = tuple(one for one in actions if one.kind is ActionKind.RESPOND)
    promises = tuple(one for one in work.promises.of_incident(incident.id) if one.made_at <= now)
    if not (answers or promises):
        return None
    return Aftermath(
        answers=answers,
        effect=effect_on(incident, actions, usual, work, now) if answers else None,
        promises=promises,
    )


def effect_on(
    incident: Incident,
    actions: list[Action],
    usual: Usual | None,
    work: UnitOfWork,
    now: datetime,
) -> Effect | None:
    """What changed since the first answer, or since the first one after it last came back."""
    answers = [one.at for one in actions if one.kind is ActionKind.RESPOND]
    if not answers:
        return None
    closed_at = incident.closed_at
    is_closed = incident.state is IncidentState.CLOSED
    again = [one.at for one in actions if one.kind is ActionKind.REOPEN]
    if closed_at is not None and not is_closed:
        again.append(closed_at)
    again_at = max((at for at in again if at > min(answers)), default=None)
    since = [at for at in answers if again_at is None or at > again_at]
    answered_at = min(since or answers)
    over = is_closed and closed_at is not None and answered_at < closed_at <= now
    return effect(
        work.voices.of(incident.id),
        work.forecasts.of_incident(incident.id),
        answered_at,
        now,
        Calm(
            complaints=work.mentions.times(
                incident.brand, answered_at - _DAY, now + _MOMENT, grouped_only=True
            ),
            usual_per_day=_per_day(usual, now),
            over_at=incident.last_post_at if over else None,
            came_back=not since,
        ),
    )


def usual_of(brand: Brand, zone: tzinfo, work: UnitOfWork, now: datetime) -> Usual:
    """What is usual for a brand ``now``."""
    return learn(brand.id, own_names(brand), zone, work, now)


def _per_day(usual: Usual | None, now: datetime) -> float | None:
    """The usual complaints of a day; ``None`` while less than a week is known."""
    if usual is None or usual.baseline is None or usual.watched(now) < 7 * _DAY:
        return None
    return usual.expected(_DAY, now)

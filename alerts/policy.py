"""Alert, or a named reason for silence.

`decide` looks at one incident at one moment. Every rule that holds names a level and a reason;
the incident's level is the highest of them, and the reasons of that level and above are told.
A person is told when an incident opens at a level, when its level rises and when it comes back;
nothing else is worth interrupting for.

A rule about how unusual a volume is needs to know what is usual: until a brand has been watched
for a day such rules say nothing, so that the start of a collection is not called an incident.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta

import attrs
from pydantic import BaseModel, ConfigDict, Field

from monitor.domain import (
    Alert,
    AlertKind,
    Fact,
    Forecast,
    Incident,
    Level,
    Quantity,
    Reason,
    Silence,
)

__all__ = ["PolicyOptions", "Situation", "decide", "level_of"]


class PolicyOptions(BaseModel):
    """From where on an incident matters. Each bound is a setting of its own, with its default."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    learning_hours: float = Field(
        default=24.0,
        ge=0,
        description="Hours a brand is watched before volumes are held against what is usual.",
    )
    spike_posts: int = Field(
        default=5, ge=1, description="The fewest posts in an hour that are a spike."
    )
    spike_authors: int = Field(
        default=4, ge=1, description="The fewest different authors in an hour that are a spike."
    )
    spike_score: float = Field(
        default=6.0,
        gt=0,
        description="How far above the usual an hour must be, in units of its usual spread.",
    )
    critical_spike_score: float = Field(default=15.0, gt=0, description="The same for critical.")
    forecast_usual_days: float = Field(
        default=1.0,
        gt=0,
        description="High when the median forecast for 24 h reaches the complaints of so many "
        "usual days; critical when its lower quarter reaches three times that.",
    )
    forecast_posts: int = Field(
        default=60, ge=1, description="A forecast of fewer posts than this alarms nobody."
    )
    high_views: int = Field(default=10_000, ge=1, description="Views, seen or forecast: high.")
    critical_views: int = Field(
        default=100_000, ge=1, description="Views, seen or forecast: critical."
    )
    high_audience: int = Field(
        default=50_000, ge=1, description="Followers of one angry author from which it is high."
    )
    critical_audience: int = Field(default=1_000_000, ge=1, description="The same for critical.")
    watch_audience: int = Field(default=10_000, ge=1, description="The same for watch.")
    angry: float = Field(
        default=0.5, ge=0, le=1, description="The anger from which a post counts as angry."
    )
    slow_burn_days: int = Field(
        default=4,
        ge=2,
        description="Told on so many different days by different people: a slow burn.",
    )
    slow_burn_authors: int = Field(
        default=6, ge=2, description="The fewest people that make a slow burn."
    )
    stale_hours: float = Field(
        default=12.0, gt=0, description="An incident whose last post is older wakes nobody up."
    )


@attrs.frozen(kw_only=True)
class Situation:
    """What is known of one incident at one moment, as far as a decision needs it."""

    incident: Incident
    posts_last_hour: int
    authors_last_hour: int
    usual_per_hour: float
    """Complaints about the brand that are usual in an hour like the last."""
    surprise: float
    """How far the incident's last hour is above that, in units of its usual spread."""
    usual_per_day: float
    watched: timedelta
    """How long the brand has been watched."""
    days_told: int
    forecasts: Sequence[Forecast] = ()
    views: int | None = None
    hours_since_first: float = 0.0
    loudest_author: str = ""
    loudest_audience: int = 0
    """Followers of the angry author who has most of them."""
    angry_share: float = 0.0
    earlier: Sequence[Alert] = ()
    """Alerts already raised about it, oldest first."""
    reopened: bool = False


def decide(situation: Situation, options: PolicyOptions, now: datetime) -> Alert | Silence:
    """Whether to tell somebody about an incident now, and why; or why not."""
    incident = situation.incident
    held = list(_rules(situation, options))
    if not held:
        return _silent(situation, _why_not(situation, options), now)
    level = max((level for level, _ in held), key=lambda level: level.rank)
    told = [reason for rule_level, reason in held if rule_level.rank >= level.rank]
    told += [reason for rule_level, reason in held if rule_level.rank < level.rank]
    last = situation.earlier[-1] if situation.earlier else None
    silent_for = now - incident.last_post_at
    if silent_for > timedelta(hours=options.stale_hours):
        hours = round(silent_for.total_seconds() / 3600)
        return _silent(situation, _reason("stale", hours=hours), now)
    if last is None:
        kind = AlertKind.OPENED
    elif situation.reopened:
        kind = AlertKind.RECURRED
    elif level.rank > last.level.rank:
        kind = AlertKind.RAISED
        told.insert(0, _reason("level_raised", before=last.level.value, after=level.value))
    else:
        return _silent(situation, _reason("already_told", level=last.level.value), now)
    return Alert(
        id=_alert_id(incident, kind, level, len(situation.earlier)),
        incident=incident.id,
        brand=incident.brand,
        kind=kind,
        level=level,
        raised_at=now,
        reasons=tuple(told),
    )


def level_of(situation: Situation, options: PolicyOptions) -> Level | None:
    """The level that the rules give an incident now; ``None`` where none of them holds."""
    levels = [level for level, _ in _rules(situation, options)]
    return max(levels, key=lambda level: level.rank, default=None)


def _rules(situation: Situation, options: PolicyOptions) -> Iterator[tuple[Level, Reason]]:
    held = [
        *_spike(situation, options),
        *_forecast_posts(situation, options),
        *_views(situation, options),
        *_influential_author(situation, options),
        *_slow_burn(situation, options),
    ]
    yield from held
    if held and situation.angry_share >= 0.5:
        level = max((level for level, _ in held), key=lambda level: level.rank)
        yield level, _reason("high_anger", share=round(situation.angry_share, 2))


def _spike(situation: Situation, options: PolicyOptions) -> Iterator[tuple[Level, Reason]]:
    enough = (
        situation.posts_last_hour >= options.spike_posts
        and situation.authors_last_hour >= options.spike_authors
    )
    if not enough or _learning(situation, options) or situation.surprise < options.spike_score:
        return
    critical = situation.surprise >= options.critical_spike_score
    yield (
        Level.CRITICAL if critical else Level.HIGH,
        _reason(
            "spreading_fast",
            count=situation.posts_last_hour,
            usual=round(situation.usual_per_hour, 1),
        ),
    )


def _forecast_posts(situation: Situation, options: PolicyOptions) -> Iterator[tuple[Level, Reason]]:
    forecast = _day_ahead(situation, Quantity.MENTIONS)
    if forecast is None or forecast.quantiles is None or _learning(situation, options):
        return
    bound = max(options.forecast_posts, options.forecast_usual_days * situation.usual_per_day)
    reason = _forecast_reason(forecast)
    if forecast.quantiles.low50 >= 3 * bound:
        yield Level.CRITICAL, reason
    elif forecast.quantiles.median >= bound:
        yield Level.HIGH, reason


def _views(situation: Situation, options: PolicyOptions) -> Iterator[tuple[Level, Reason]]:
    forecast = _day_ahead(situation, Quantity.VIEWS)
    views = situation.views or 0
    foreseen = forecast.quantiles.low50 if forecast and forecast.quantiles else 0.0
    reached = max(float(views), foreseen)
    if reached < options.high_views:
        return
    level = Level.CRITICAL if reached >= options.critical_views else Level.HIGH
    if views >= options.high_views:
        hours = max(1, round(situation.hours_since_first))
        yield level, _reason("video_spreading", views=views, hours=hours)
    if forecast is not None and foreseen >= options.high_views:
        yield level, _forecast_reason(forecast)


def _influential_author(
    situation: Situation, options: PolicyOptions
) -> Iterator[tuple[Level, Reason]]:
    bounds = (
        (Level.CRITICAL, options.critical_audience),
        (Level.HIGH, options.high_audience),
        (Level.WATCH, options.watch_audience),
    )
    for level, bound in bounds:
        if situation.loudest_audience >= bound:
            yield (
                level,
                _reason(
                    "influential_author",
                    name=situation.loudest_author,
                    followers=situation.loudest_audience,
                ),
            )
            return


def _slow_burn(situation: Situation, options: PolicyOptions) -> Iterator[tuple[Level, Reason]]:
    incident = situation.incident
    if situation.days_told < options.slow_burn_days:
        return
    if incident.authors >= options.slow_burn_authors:
        yield (
            Level.WATCH,
            _reason("slow_burn", posts=incident.posts, days=situation.days_told),
        )


def _why_not(situation: Situation, options: PolicyOptions) -> Reason:
    if _learning(situation, options):
        return _reason(
            "still_learning",
            hours=round(situation.watched.total_seconds() / 3600),
            needed=round(options.learning_hours),
        )
    if situation.posts_last_hour < options.spike_posts:
        return _reason(
            "too_few_posts",
            posts=situation.posts_last_hour,
            authors=situation.authors_last_hour,
            needed=options.spike_posts,
        )
    return _reason(
        "within_usual",
        count=situation.posts_last_hour,
        usual=round(situation.usual_per_hour, 1),
    )


def _learning(situation: Situation, options: PolicyOptions) -> bool:
    return situation.watched < timedelta(hours=options.learning_hours)


def _day_ahead(situation: Situation, quantity: Quantity) -> Forecast | None:
    for forecast in situation.forecasts:
        if forecast.quantity is quantity and forecast.horizon == timedelta(hours=24):
            return forecast
    return None


def _forecast_reason(forecast: Forecast) -> Reason:
    if forecast.quantiles is None:
        raise ValueError("a forecast that says nothing is no reason")
    return _reason(
        "forecast_reach",
        quantity=forecast.quantity.value,
        horizon_hours=round(forecast.horizon.total_seconds() / 3600),
        median=round(forecast.quantiles.median),
        high=round(forecast.quantiles.high90),
    )


def _reason(code: str, **facts: Fact) -> Reason:
    return Reason(code=code, facts=tuple(facts.items()))


def _silent(situation: Situation, reason: Reason, now: datetime) -> Silence:
    return Silence(incident=situation.incident.id, decided_at=now, reason=reason)


def _alert_id(incident: Incident, kind: AlertKind, level: Level, count: int) -> str:
    said = f"{incident.id}\x00{kind}\x00{level}\x00{count}"
    return f"{incident.id}-{hashlib.blake2s(said.encode(), digest_size=4).hexdigest()}"

"""Alert, or a named reason for silence.

`decide` looks at one incident at one moment. Every rule that holds names a level and a reason;
the incident's level is the highest of them, and the reasons of that level and above are told.
A person is told when an incident opens at a level, when its level rises and when it comes back;
nothing else is worth interrupting for.

There are three ways in, each a rule that reads alone: a **spike** (many people at once), an
**influential author** (one post, a large audience, high arousal) and a **slow burn** (the same
small complaint, week after week). Each looks at a window of its own, never at an incident's whole
life. Beside them stand what is forecast and what was viewed.

A rule about how unusual a volume is needs to know what is usual: until a brand has been watched
for a day such rules say nothing, so that the start of a collection is not called an incident. Nor
do they where a volume is no complaint: where most of it repeats what the brand said itself, or
is not negative, it is a campaign.
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
    Withheld,
)

__all__ = ["Burn", "PolicyOptions", "Situation", "Window", "decide", "level_of", "spike"]


class PolicyOptions(BaseModel):
    """From where on an incident matters. Each bound is a setting of its own, with its default."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    learning_hours: float = Field(
        default=24.0,
        ge=0,
        description="Hours a brand is watched before volumes are held against what is usual.",
    )
    spike_posts: int = Field(
        default=5, ge=1, description="The fewest posts in three hours that are a spike."
    )
    spike_authors: int = Field(default=4, ge=1, description="The fewest different authors of them.")
    spike_score: float = Field(
        default=0.4,
        gt=0,
        description="From which prominence on a spike is high; `sparkwatch tune` proposes one.",
    )
    critical_spike_score: float = Field(default=4.0, gt=0, description="The same for critical.")
    negative_share: float = Field(
        default=0.5,
        ge=0,
        le=1,
        description="A volume of which less than this share is negative is no spike.",
    )
    campaign_share: float = Field(
        default=0.5,
        gt=0,
        le=1,
        description="Nor is one of which this share repeats the brand's own words.",
    )
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
    aroused: float = Field(
        default=0.3,
        ge=0,
        le=1,
        description="How intense the anger of an influential author must be, where it is known.",
    )
    audience_hours: float = Field(
        default=24.0, gt=0, description="How long an influential author's post counts."
    )
    slow_burn_weeks: int = Field(
        default=3,
        ge=2,
        le=4,
        description="Told in so many different weeks of the last four: a slow burn.",
    )
    slow_burn_days: int = Field(
        default=4, ge=2, description="And on so many different days of them."
    )
    slow_burn_authors: int = Field(default=6, ge=2, description="By at least so many people.")
    stale_hours: float = Field(
        default=12.0, gt=0, description="An incident whose last post is older wakes nobody up."
    )


@attrs.frozen(kw_only=True)
class Window:
    """How an incident was told in one window that ends now, beside what is usual for its brand."""

    hours: float
    posts: int
    authors: int
    usual: float
    """Complaints about the brand that are usual in such a window."""
    prominence: float
    """How far the incident stands out in it; 0 is what its past explains."""


@attrs.frozen(kw_only=True)
class Burn:
    """How often an incident was told over the last four weeks."""

    posts: int = 0
    authors: int = 0
    days: int = 0
    weeks: int = 0


@attrs.frozen(kw_only=True)
class Situation:
    """What is known of one incident at one moment, as far as a decision needs it."""

    incident: Incident
    windows: Sequence[Window]
    """From the shortest to the longest; there is at least one."""
    usual_per_day: float
    watched: timedelta
    """How long the brand has been watched."""
    burn: Burn = Burn()
    forecasts: Sequence[Forecast] = ()
    views: int | None = None
    hours_since_first: float = 0.0
    loudest_author: str = ""
    loudest_audience: int = 0
    """Followers of the author who has most of them, of those who lately wrote in high arousal."""
    angry_share: float = 0.0
    negative_share: float = 1.0
    """The share of the last day's posts that are negative."""
    campaign_share: float = 0.0
    """The share of them that repeats what the brand said itself."""
    set_aside: int = 0
    """Posts that count in no window: from a source watched only lately, or undated and held up."""
    earlier: Sequence[Alert] = ()
    """Alerts already raised about it, oldest first."""
    reopened: bool = False


def decide(situation: Situation, options: PolicyOptions, now: datetime) -> Alert | Withheld:
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


def spike(situation: Situation, options: PolicyOptions) -> Window | None:
    """The window in which many people tell it at once; ``None`` where no volume counts.

    Whether it stands out enough is for `spike_score` to say.
    """
    if _learning(situation, options) or _no_complaint(situation, options):
        return None
    return _steepest(situation, options)


def _spike(situation: Situation, options: PolicyOptions) -> Iterator[tuple[Level, Reason]]:
    """Many different people tell it at once, more than its past and the brand's explain."""
    window = spike(situation, options)
    if window is None or window.prominence < options.spike_score:
        return
    critical = window.prominence >= options.critical_spike_score
    yield (
        Level.CRITICAL if critical else Level.HIGH,
        _reason(
            "spike",
            count=window.posts,
            authors=window.authors,
            hours=window.hours,
            usual=round(window.usual, 1),
        ),
    )


def _forecast_posts(situation: Situation, options: PolicyOptions) -> Iterator[tuple[Level, Reason]]:
    forecast = _day_ahead(situation, Quantity.MENTIONS)
    if forecast is None or forecast.quantiles is None or _learning(situation, options):
        return
    if _no_complaint(situation, options):
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
    """One post is enough, where it is angry, recent and read by very many."""
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
    """The same complaint comes back week after week, with no spike at any time."""
    burn = situation.burn
    if (
        burn.weeks >= options.slow_burn_weeks
        and burn.days >= options.slow_burn_days
        and burn.authors >= options.slow_burn_authors
    ):
        yield Level.WATCH, _reason("slow_burn", posts=burn.posts, days=burn.days)


def _why_not(situation: Situation, options: PolicyOptions) -> Reason:
    if _learning(situation, options):
        return _reason(
            "still_learning",
            hours=round(situation.watched.total_seconds() / 3600),
            needed=round(options.learning_hours),
        )
    longest = situation.windows[-1]
    if situation.set_aside and longest.posts < options.spike_posts:
        return _reason("set_aside", count=situation.set_aside)
    window = _steepest(situation, options)
    if window is None:
        return _reason(
            "too_few_posts",
            posts=longest.posts,
            authors=longest.authors,
            needed=options.spike_posts,
        )
    if situation.campaign_share >= options.campaign_share:
        return _reason("own_campaign", share=round(situation.campaign_share, 2))
    if situation.negative_share < options.negative_share:
        return _reason("hardly_negative", share=round(situation.negative_share, 2))
    return _reason(
        "usual_pace", count=window.posts, hours=window.hours, usual=round(window.usual, 1)
    )


def _steepest(situation: Situation, options: PolicyOptions) -> Window | None:
    """The window in which it stands out most, of those with enough posts by enough people."""
    enough = [
        window
        for window in situation.windows
        if window.posts >= options.spike_posts and window.authors >= options.spike_authors
    ]
    return max(enough, key=lambda window: window.prominence, default=None)


def _no_complaint(situation: Situation, options: PolicyOptions) -> bool:
    """Whether the volume is a campaign's: the brand's own words, or not negative at all."""
    return (
        situation.campaign_share >= options.campaign_share
        or situation.negative_share < options.negative_share
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


def _silent(situation: Situation, reason: Reason, now: datetime) -> Withheld:
    return Withheld(incident=situation.incident.id, decided_at=now, reason=reason)


def _alert_id(incident: Incident, kind: AlertKind, level: Level, count: int) -> str:
    said = f"{incident.id}\x00{kind}\x00{level}\x00{count}"
    return f"{incident.id}-{hashlib.blake2s(said.encode(), digest_size=4).hexdigest()}"

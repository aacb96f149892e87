"""Why a team is not told of an alert, or not yet: one function a reason, ``None`` for none.

What is critical passes quiet hours and the budget. Nothing passes a silence: somebody asked for it.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from alerts.quiet import quiet_until
from alerts.routing import TeamOptions
from monitor.casework import Case, Handling, Silence, Subject
from monitor.domain import Alert, AlertKind, Fact, Incident, IncidentState, Level, Reason

__all__ = [
    "INHIBITION",
    "InhibitionOptions",
    "handled",
    "inhibited",
    "over",
    "over_budget",
    "quiet",
    "reason",
    "silenced",
]


class InhibitionOptions(BaseModel):
    """A graver incident about the same matter makes lesser ones unimportant."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    by: Level = Field(default=Level.CRITICAL, description="An open incident of this level or above")
    mutes: Level = Field(default=Level.WATCH, description="mutes alerts of this level or below")
    same: tuple[Literal["brand", "touchpoint", "language", "region", "source"], ...] = Field(
        default=("brand", "touchpoint"),
        min_length=1,
        description="that share these with it. What is unknown is shared with nothing.",
    )

    @model_validator(mode="after")
    def _graver(self) -> Self:
        if self.by.rank <= self.mutes.rank:
            raise ValueError(
                f"'by' ({self.by.value}) must be above 'mutes' ({self.mutes.value}), "
                "or incidents would mute each other"
            )
        return self

    def mutes_by(self, subject: Subject, graver: Subject) -> bool:
        """Whether an alert is muted by this incident."""
        return (
            graver.incident != subject.incident
            and graver.level.rank >= self.by.rank
            and subject.level.rank <= self.mutes.rank
            and all(_shares(name, subject, graver) for name in self.same)
        )


INHIBITION = (InhibitionOptions(),)
"""A critical incident mutes watch alerts about the same touchpoint of the same brand."""


def reason(code: str, **facts: Fact) -> Reason:
    """A reason with its facts, in order."""
    return Reason(code=code, facts=tuple(facts.items()))


def over(incident: Incident) -> Reason | None:
    """It was over before anybody was told: what comes and goes is nobody's business."""
    if not incident.posts:
        return reason("gone_before_told")
    if incident.state is IncidentState.CLOSED:
        return reason("closed_before_told")
    return None


def handled(alert: Alert, case: Case) -> Reason | None:
    """Somebody has resolved it or called it noise; where it came back since, it is told.

    What somebody has merely taken on is still told when it grows worse.
    """
    if not case.handling.is_over or case.since is None:
        return None
    if alert.kind is AlertKind.RECURRED and alert.raised_at > case.since:
        return None
    code = "handled_noise" if case.handling is Handling.NOISE else "handled_resolved"
    return reason(code, name=case.by)


def silenced(
    subjects: Iterable[Subject], silences: Iterable[Silence], now: datetime
) -> Reason | None:
    """Somebody wished to hear nothing of it; the longest wish is named.

    ``subjects`` are the alert's, by every incident that it belongs to.
    """
    about = list(subjects)
    holding = [
        silence
        for silence in silences
        if silence.is_active(now) and any(map(silence.matcher.matches, about))
    ]
    if not holding:
        return None
    longest = max(holding, key=lambda silence: (silence.ends_at, silence.id))
    return reason("silenced", name=longest.author, until=longest.ends_at.isoformat())


def inhibited(
    subject: Subject, graver: Iterable[Subject], rules: Iterable[InhibitionOptions]
) -> Reason | None:
    """A graver incident about the same matter is open; ``graver`` are those that may be."""
    rules = [rule for rule in rules if subject.level.rank <= rule.mutes.rank]
    for other in graver if rules else ():
        if any(rule.mutes_by(subject, other) for rule in rules):
            return reason("inhibited", incident=other.incident)
    return None


def quiet(level: Level, team: TeamOptions, now: datetime) -> tuple[datetime, Reason] | None:
    """The team sleeps, and until when."""
    if level is Level.CRITICAL:
        return None
    until = quiet_until(team.quiet, team.zone, now)
    return None if until is None else (until, reason("quiet_hours", until=until.isoformat()))


def over_budget(level: Level, spent: int, budget: int) -> Reason | None:
    """The team was told of as much as it can take in a week."""
    if level is Level.CRITICAL or spent < budget:
        return None
    return reason("budget_spent", count=budget)


def _shares(name: str, one: Subject, other: Subject) -> bool:
    match name:
        case "brand":
            return one.brand == other.brand
        case "touchpoint":
            return one.touchpoint is not None and one.touchpoint == other.touchpoint
        case "language":
            return bool(one.languages & other.languages)
        case "region":
            return bool(one.regions & other.regions)
        case _:
            return bool(one.sources & other.sources)

"""What people do about an incident, who is told of it, and what the brand promised in public.

An incident lives and dies by its posts (`monitor.domain.IncidentState`). What people do about it is
another matter: each thing they do is an `Action`, kept for good, and how an incident is being
handled is read off its actions by `case_of`.

>>> from datetime import UTC, datetime
>>> at = datetime(2026, 11, 22, 9, tzinfo=UTC)
>>> done = [Action(key="1", incident="i", at=at, by="Mei", kind=ActionKind.ACKNOWLEDGE)]
>>> case_of("i", done).handling.value
'acknowledged'
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from enum import StrEnum
from typing import Any

import attrs

from monitor.domain import Level, PostKey, Reason, Span

__all__ = [
    "SPARKWATCH",
    "Action",
    "ActionKind",
    "Case",
    "Handling",
    "Matcher",
    "Notice",
    "NoticeState",
    "Promise",
    "PromiseKind",
    "ResponseKind",
    "Silence",
    "Subject",
    "case_of",
]

SPARKWATCH = "sparkwatch"
"""By whom an action is that nobody took: the program itself."""


def _aware(_instance: object, attribute: attrs.Attribute[Any], value: datetime) -> None:
    if value.tzinfo is None:
        raise ValueError(f"{attribute.name} must carry a time zone, got {value.isoformat()}")


_aware_or_none = attrs.validators.optional(_aware)

# --- what people do -----------------------------------------------------------------------------


class Handling(StrEnum):
    """How far an incident is being handled."""

    OPEN = "open"
    """Nobody has taken it on."""
    ACKNOWLEDGED = "acknowledged"
    ASSIGNED = "assigned"
    RESPONDING = "responding"
    """The brand has answered in public."""
    RESOLVED = "resolved"
    NOISE = "noise"
    """Somebody said that it was not worth an alert."""

    @property
    def is_over(self) -> bool:
        """Whether nobody has to do anything about it any more."""
        return self in (Handling.RESOLVED, Handling.NOISE)


class ActionKind(StrEnum):
    """What can be done about an incident."""

    ACKNOWLEDGE = "acknowledge"
    ASSIGN = "assign"
    SILENCE = "silence"
    """No more messages about it until a moment."""
    RESPOND = "respond"
    """The brand answered; what it said is logged."""
    RESOLVE = "resolve"
    NOISE = "noise"
    USEFUL = "useful"
    """A vote that the alert was worth it; it changes nothing else."""
    ESCALATE = "escalate"
    """Nobody had taken it on in time, so others were told."""
    REOPEN = "reopen"
    """It came back after it was resolved or called noise."""


class ResponseKind(StrEnum):
    """What a brand answered in public."""

    HOLDING_STATEMENT = "holding_statement"
    APOLOGY = "apology"
    REFUND = "refund"
    POLICY_CHANGE = "policy_change"
    ANSWER = "answer"
    """Any other public answer."""


@attrs.frozen(kw_only=True)
class Action:
    """One thing that somebody did about an incident; actions are only ever added.

    ``key`` is unique, so that what is said twice (a button pressed again, a request repeated)
    counts once. ``assignee`` belongs to ASSIGN, ``until`` to SILENCE; ``response``, ``link`` (the
    public answer's address) and ``post`` (that answer, where it was gathered) to RESPOND.
    """

    key: str
    incident: str
    at: datetime = attrs.field(validator=_aware)
    by: str
    kind: ActionKind
    note: str = ""
    assignee: str = ""
    until: datetime | None = attrs.field(default=None, validator=_aware_or_none)
    response: ResponseKind | None = None
    link: str = ""
    post: PostKey | None = None


@attrs.frozen(kw_only=True)
class Case:
    """How an incident is being handled, as its actions tell.

    ``owner`` is whoever took it on or was given it; ``since`` is when the present handling began,
    ``None`` where nobody did anything yet. ``taken_on_at`` is when somebody first took it on since
    it opened or came back: from then on it is not escalated. ``reopened_at`` is when it last came
    back.
    """

    incident: str
    handling: Handling = Handling.OPEN
    owner: str = ""
    by: str = ""
    since: datetime | None = None
    taken_on_at: datetime | None = None
    reopened_at: datetime | None = None
    silenced_until: datetime | None = None
    responses: tuple[Action, ...] = ()
    escalations: int = 0
    """How often it was escalated since it opened or came back."""

    @property
    def needs_somebody(self) -> bool:
        """Whether a person has still to take it on, however much was answered by itself."""
        return self.taken_on_at is None and not self.handling.is_over

    def after(self, action: Action) -> Case:
        """The case once this was done as well."""
        match action.kind:
            case ActionKind.ACKNOWLEDGE:
                taken_on = self._taken_on(action)
                if self.handling is Handling.OPEN:
                    return taken_on._now(Handling.ACKNOWLEDGED, action, owner=action.by)
                if self.needs_somebody:  # the brand has answered, and that took it on for nobody
                    return attrs.evolve(taken_on, owner=action.by)
                return taken_on
            case ActionKind.ASSIGN:
                keeps = self.handling is Handling.RESPONDING
                handling = self.handling if keeps else Handling.ASSIGNED
                return self._taken_on(action)._now(handling, action, owner=action.assignee)
            case ActionKind.SILENCE:
                return attrs.evolve(self, silenced_until=action.until)
            case ActionKind.RESPOND:
                answered = attrs.evolve(self._taken_on(action), responses=(*self.responses, action))
                if self.handling.is_over:  # a late answer to one customer opens nothing again
                    return answered
                return answered._now(Handling.RESPONDING, action, owner=self.owner)
            case ActionKind.RESOLVE:
                return self._taken_on(action)._now(Handling.RESOLVED, action, owner=self.owner)
            case ActionKind.NOISE:
                return self._taken_on(action)._now(Handling.NOISE, action, owner=self.owner)
            case ActionKind.USEFUL:
                return self
            case ActionKind.ESCALATE:
                return attrs.evolve(self, escalations=self.escalations + 1)
            case ActionKind.REOPEN:
                again = attrs.evolve(
                    self,
                    taken_on_at=None,
                    reopened_at=action.at,
                    escalations=0,
                    silenced_until=None,
                )
                return again._now(Handling.OPEN, action, owner=self.owner)

    def _taken_on(self, action: Action) -> Case:
        if self.taken_on_at is not None or action.by == SPARKWATCH:
            return self
        return attrs.evolve(self, taken_on_at=action.at)

    def _now(self, handling: Handling, action: Action, *, owner: str) -> Case:
        return attrs.evolve(self, handling=handling, by=action.by, since=action.at, owner=owner)


def case_of(incident: str, actions: Iterable[Action]) -> Case:
    """How an incident is being handled; ``actions`` in the order in which they were kept."""
    case = Case(incident=incident)
    for action in actions:
        case = case.after(action)
    return case


# --- who is told, and who is not ----------------------------------------------------------------


@attrs.frozen(kw_only=True)
class Subject:
    """What an alert is about, as far as routes, silences and inhibition look at it."""

    incident: str
    brand: str
    level: Level
    touchpoint: str | None = None
    languages: frozenset[str] = frozenset()
    regions: frozenset[str] = frozenset()
    sources: frozenset[str] = frozenset()


def _names(values: Iterable[str]) -> frozenset[str]:
    return frozenset(values)


@attrs.frozen(kw_only=True)
class Matcher:
    """Which alerts are meant: all that agree with every field that is given.

    Of a field with several values one is enough. ``languages`` are BCP 47 tags; ``zh`` means
    ``zh-Hans`` and ``zh-Hant`` as well.
    """

    incidents: frozenset[str] = attrs.field(default=frozenset(), converter=_names)
    brands: frozenset[str] = attrs.field(default=frozenset(), converter=_names)
    touchpoints: frozenset[str] = attrs.field(default=frozenset(), converter=_names)
    languages: frozenset[str] = attrs.field(default=frozenset(), converter=_names)
    regions: frozenset[str] = attrs.field(default=frozenset(), converter=_names)
    sources: frozenset[str] = attrs.field(default=frozenset(), converter=_names)
    min_level: Level = Level.WATCH
    max_level: Level = Level.CRITICAL

    def matches(self, subject: Subject) -> bool:
        """Whether this alert is meant."""
        return (
            self.min_level.rank <= subject.level.rank <= self.max_level.rank
            and (not self.incidents or subject.incident in self.incidents)
            and (not self.brands or subject.brand in self.brands)
            and (not self.touchpoints or subject.touchpoint in self.touchpoints)
            and (not self.regions or bool(self.regions & subject.regions))
            and (not self.sources or bool(self.sources & subject.sources))
            and (not self.languages or any(map(self._speaks, subject.languages)))
        )

    def _speaks(self, language: str) -> bool:
        return any(language == tag or language.startswith(f"{tag}-") for tag in self.languages)


@attrs.frozen(kw_only=True)
class Silence:
    """Somebody's wish to hear nothing of some alerts until a moment, and why."""

    id: str
    matcher: Matcher
    starts_at: datetime = attrs.field(validator=_aware)
    ends_at: datetime = attrs.field(validator=_aware)
    author: str
    comment: str = ""
    created_at: datetime = attrs.field(validator=_aware)

    def is_active(self, now: datetime) -> bool:
        """Whether it holds ``now``."""
        return self.starts_at <= now < self.ends_at


class NoticeState(StrEnum):
    """Whether a team was told of an alert."""

    WAITING = "waiting"
    TOLD = "told"
    WITHHELD = "withheld"


@attrs.frozen(kw_only=True)
class Notice:
    """That a team is to be told of an alert, and what came of it.

    A waiting one is decided from ``due_at`` on; ``reason`` tells why it waits, why it was withheld,
    or, where it was told, how (by itself, or in one message with others). ``owner`` is who is
    suggested to take it on.
    """

    alert: str
    team: str
    incident: str
    brand: str
    level: Level
    owner: str = ""
    routed_at: datetime = attrs.field(validator=_aware)
    due_at: datetime = attrs.field(validator=_aware)
    state: NoticeState = NoticeState.WAITING
    decided_at: datetime | None = attrs.field(default=None, validator=_aware_or_none)
    reason: Reason | None = None


# --- what the brand promised --------------------------------------------------------------------


class PromiseKind(StrEnum):
    """What a brand's public post binds it to."""

    REPLY = "reply"
    """To come back with an answer, by a time or soon."""
    ACTION = "action"
    """To do something: pay back, look into it, mend it."""
    HANDOFF = "handoff"
    """To go on with the customer elsewhere: 'please DM us'."""


@attrs.frozen(kw_only=True)
class Promise:
    """What the brand said in public that it would do, by when, and whether it did.

    ``span`` is where its post says so. ``kept_by`` is the post that kept it, or who said so.
    ``dropped_at`` is when somebody said that it need not be kept.
    """

    post: PostKey
    kind: PromiseKind
    brand: str
    incident: str | None = None
    span: Span
    made_at: datetime = attrs.field(validator=_aware)
    due_at: datetime = attrs.field(validator=_aware)
    kept_at: datetime | None = attrs.field(default=None, validator=_aware_or_none)
    kept_by: str = ""
    dropped_at: datetime | None = attrs.field(default=None, validator=_aware_or_none)
    overdue_told_at: datetime | None = attrs.field(default=None, validator=_aware_or_none)

    def is_overdue(self, now: datetime) -> bool:
        """Whether it should have been kept by ``now`` and was not."""
        return self.kept_at is None and self.dropped_at is None and now >= self.due_at

"""Who is told of what: teams with their channels, and the routes that lead to them.

>>> from monitor.casework import Subject
>>> from monitor.domain import Level
>>> asia = TeamOptions(name="asia", channels=("slack-asia",))
>>> europe = TeamOptions(name="europe", channels=("mail-eu",))
>>> to_asia = RouteOptions(team="asia", languages=("zh",), owner="Mei")
>>> told = Subject(
...     incident="i", brand="acme", level=Level.HIGH, languages=frozenset({"zh-Hant", "en"})
... )
>>> route(told, [to_asia], [asia, europe])
(Routed(team='asia', owner='Mei'),)
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Annotated, Self, TypeAlias
from zoneinfo import ZoneInfo

import attrs
from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PlainSerializer,
    field_validator,
    model_validator,
)

from alerts.i18n import Reader
from alerts.intervals import parse_interval, written_interval
from alerts.quiet import MuteDays, QuietHours
from monitor.casework import Matcher, Subject
from monitor.domain import Level

__all__ = [
    "EVERYONE",
    "GroupingOptions",
    "RouteOptions",
    "Routed",
    "Span",
    "TeamOptions",
    "TierOptions",
    "route",
    "teams_or_everyone",
]

EVERYONE = "everyone"
"""The team that there is where none is configured."""


def _bounded(span: timedelta) -> timedelta:
    if not timedelta(0) <= span <= timedelta(days=30):
        raise ValueError(f"must lie between 0s and 30d, not {written_interval(span)}")
    return span


Span: TypeAlias = Annotated[
    timedelta,
    BeforeValidator(parse_interval),
    AfterValidator(_bounded),
    PlainSerializer(written_interval),
]
"""How long something waits: ``30s``, ``15m``, ``4h``."""


class _Options(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class TierOptions(_Options):
    """Who is told next of what nobody has taken on."""

    after: Span = Field(description="How long after the team was told: 15m.")
    channels: tuple[str, ...] = Field(
        default=(), description="Where to; the team's own channels if absent."
    )
    min_level: Level = Field(
        default=Level.CRITICAL, description="From which level on: high or critical."
    )

    @model_validator(mode="after")
    def _worth_it(self) -> Self:
        if self.min_level is Level.WATCH:
            raise ValueError("what is only watched is not escalated; write high or critical")
        return self


_ESCALATION = tuple(TierOptions(after=timedelta(minutes=minutes)) for minutes in (15, 30))


class TeamOptions(_Options):
    """People who are told together, when they want to sleep, and how much they can take."""

    name: str = Field(
        min_length=1, max_length=60, pattern=r"^[\w.-]+$", description="One word, unique."
    )
    channels: tuple[str, ...] = Field(
        default=(), description="The names of channels in `alerts.channels`."
    )
    timezone: str = Field(
        default="UTC", description="The zone of its hours and days; `timezone` above if absent."
    )
    quiet_hours: tuple[QuietHours, ...] = Field(
        default=(),
        description="Hours at which only what is critical is told; the rest is told afterwards.",
    )
    mute: tuple[MuteDays, ...] = Field(default=(), description="The same by days of the calendar.")
    budget: int = Field(
        default=20, ge=0, description="Alerts in seven days; what is critical is told beyond it."
    )
    escalation: tuple[TierOptions, ...] = Field(
        default=(
            TierOptions(after=timedelta(minutes=15)),
            TierOptions(after=timedelta(minutes=30)),
        ),
        description="Who is told next of what nobody takes on; the team again at 15 and 30 minutes "
        "if absent, nobody if empty.",
    )

    @field_validator("timezone")
    @classmethod
    def _known_zone(cls, value: str) -> str:
        return Reader(timezone=value).timezone

    @property
    def quiet(self) -> tuple[QuietHours | MuteDays, ...]:
        """All times at which only what is critical is told."""
        return (*self.quiet_hours, *self.mute)

    @property
    def zone(self) -> ZoneInfo:
        """Where its clocks hang."""
        return ZoneInfo(self.timezone)


class RouteOptions(_Options):
    """Which alerts go to a team: those that agree with every field that is given."""

    team: str = Field(description="The name of the team.")
    owner: str = Field(default="", description="Who is suggested to take it on: one of `people`.")
    brands: tuple[str, ...] = Field(default=(), description="Names or ids of brands.")
    touchpoints: tuple[str, ...] = Field(
        default=(), description="Touchpoints of the brands' taxonomies, by their ids."
    )
    languages: tuple[str, ...] = Field(
        default=(),
        description="Language tags; zh means zh-Hans and zh-Hant. A fifth of the posts is enough.",
    )
    regions: tuple[str, ...] = Field(default=(), description="Regions of sources.")
    sources: tuple[str, ...] = Field(default=(), description="Names of sources.")
    min_level: Level = Field(default=Level.WATCH, description="The lowest level that goes there.")
    goes_on: bool = Field(
        default=False,
        alias="continue",
        description="Whether the routes below are tried as well after this one matched.",
    )

    @property
    def matcher(self) -> Matcher:
        """What it looks at."""
        return Matcher(
            brands=self.brands,
            touchpoints=self.touchpoints,
            languages=self.languages,
            regions=self.regions,
            sources=self.sources,
            min_level=self.min_level,
        )


class GroupingOptions(_Options):
    """How long alerts wait for others of their team and brand, and when they are told again."""

    wait: Span = Field(
        default=timedelta(seconds=30),
        description="How long the first alert waits for others; what is critical does not.",
    )
    interval: Span = Field(
        default=timedelta(minutes=5),
        description="How long the next ones wait after a team was told of a brand.",
    )
    repeat: Span = Field(
        default=timedelta(hours=4),
        description="How often a critical incident is told again that nobody takes on; 0s: never.",
    )
    alone: int = Field(
        default=3,
        ge=1,
        description="So many incidents are told each by itself; more become one message.",
    )


@attrs.frozen
class Routed:
    """A team that an alert goes to, and who is suggested to take it on."""

    team: str
    owner: str = ""


def teams_or_everyone(
    teams: Sequence[TeamOptions], channels: Sequence[str]
) -> tuple[TeamOptions, ...]:
    """The configured teams; where there are none, one that has every channel."""
    return tuple(teams) or (TeamOptions(name=EVERYONE, channels=tuple(channels)),)


def route(
    subject: Subject, routes: Sequence[RouteOptions], teams: Sequence[TeamOptions]
) -> tuple[Routed, ...]:
    """The teams that an alert goes to, each once.

    The first route that matches decides, with those below it as long as they ``continue``. What
    no route takes goes to every team: nobody is missed for want of a route.
    """
    found: dict[str, Routed] = {}
    for one in routes:
        if one.matcher.matches(subject):
            found.setdefault(one.team, Routed(one.team, one.owner))
            if not one.goes_on:
                break
    return tuple(found.values()) or tuple(Routed(team.name) for team in teams)

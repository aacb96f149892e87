"""Everything that an alert says, gathered before a word of it is written.

A :class:`Brief` holds facts only. What a person reads is made from it, once for each channel and
reader, without asking anything of anybody; the same brief always gives the same message.
"""

from __future__ import annotations

from datetime import datetime

import attrs

from alerts.aftermath import Aftermath
from monitor.casework import Action, Case, ResponseKind
from monitor.domain import (
    Aggravator,
    Alert,
    Emotion,
    Forecast,
    Incident,
    PostKey,
    Quantity,
    Reason,
    Touchpoint,
)

__all__ = [
    "Brief",
    "Matter",
    "Mood",
    "People",
    "Quote",
    "Record",
    "Series",
    "Similar",
    "Speed",
    "Update",
]


@attrs.frozen(kw_only=True)
class Quote:
    """A post that is cited. ``text`` is as it was published: it may hold anything at all."""

    key: PostKey
    text: str
    published_at: datetime
    language: str
    source: str
    url: str | None = None
    author_name: str | None = None
    followers: int | None = None
    views: int | None = None
    shares: int | None = None


@attrs.frozen(kw_only=True)
class Mood:
    """The mood of an incident's posts; anger is ``None`` where the model does not tell it.

    ``negative`` is the share of posts that are negative, ``angry`` the share that are angry and
    ``anger`` the mean probability of anger.
    """

    negative: float
    anger: float | None = None
    angry: float | None = None


@attrs.frozen(kw_only=True)
class Matter:
    """What an incident's complaints are about, each part with how many of them show it.

    ``touchpoint`` is the main one, of which at least a third speak; ``None`` where there is none.
    """

    complaints: int = 0
    touchpoint: Touchpoint | None = None
    touchpoint_posts: int = 0
    blameless: int = 0
    """Posts as negative as complaints that blame nobody: the weather, fate."""
    aggravators: tuple[tuple[Aggravator, int], ...] = ()
    felt: tuple[tuple[Emotion, int], ...] = ()


@attrs.frozen(kw_only=True)
class People:
    """Who speaks. ``audience`` adds up the followers that are known; the rest hide theirs.

    ``advocates`` are those who complain now and had been advocates of the brand until then.
    """

    authors: int
    audience: int = 0
    audience_unknown: int = 0
    top_followers: int | None = None
    advocates: int = 0


@attrs.frozen(kw_only=True)
class Speed:
    """How fast it goes; ``usual_per_hour`` is ``None`` while the brand's usual is being learned."""

    posts_last_hour: int
    usual_per_hour: float | None = None
    views: int | None = None
    views_per_hour: float | None = None


@attrs.frozen(kw_only=True)
class Record:
    """How earlier forecasts of this kind turned out; ``median_ape`` is a share, 0.2 is 20 %."""

    quantity: Quantity
    horizon_hours: float
    graded: int
    inside90: int
    median_ape: float | None = None


@attrs.frozen(kw_only=True)
class Series:
    """A running total, oldest point first."""

    quantity: Quantity
    points: tuple[tuple[datetime, int], ...]


@attrs.frozen(kw_only=True)
class Similar:
    """An earlier incident that tells a like story."""

    incident: str
    title: str
    first_post_at: datetime
    peak_posts: int
    lasted_hours: float | None = None
    """From its first post to its last."""
    answers: tuple[ResponseKind, ...] = ()
    """What the brand answered, each kind once, in order."""
    hours_to_end: float | None = None
    """From the first answer to the last post; ``None`` where nothing was answered."""
    came_back: bool = False


@attrs.frozen(kw_only=True)
class Brief:
    """The facts of one alert.

    The first of ``quotes`` (three to five) is the sentence cited as what happened. ``forecasts``
    are the latest of each quantity and horizon. ``changes`` is what is new since the last alert
    about this incident and is told first; ``gaps`` is what could not be seen. ``case`` is how it is
    being handled; ``owner`` is who is suggested to take it on. ``again`` is why those who know of
    it already are told once more, or others instead of them; ``aftermath`` what was answered in
    public and what changed since.
    """

    alert: Alert
    incident: Incident
    brand_name: str
    quotes: tuple[Quote, ...] = attrs.field(validator=attrs.validators.min_len(1))
    first_seen: Quote
    mood: Mood
    people: People
    speed: Speed
    matter: Matter = Matter()
    sources: tuple[tuple[str, int], ...] = ()
    languages: tuple[tuple[str, int], ...] = ()
    forecasts: tuple[Forecast, ...] = ()
    record: tuple[Record, ...] = ()
    series: tuple[Series, ...] = ()
    changes: tuple[Reason, ...] = ()
    similar: tuple[Similar, ...] = ()
    gaps: tuple[Reason, ...] = ()
    case: Case | None = None
    owner: str = ""
    again: Reason | None = None
    aftermath: Aftermath | None = None


@attrs.frozen(kw_only=True)
class Update:
    """Something that was done about an incident, and how it is being handled since.

    ``brief`` is what is known of it now: a message that is edited in place is written from it.
    """

    brief: Brief
    action: Action
    case: Case

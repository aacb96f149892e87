"""The values that travel through Sparkwatch, from a public post to an alert.

Every value is frozen and every time is time-zone aware. ``published_at`` is when something was
said; ``observed_at`` is when Sparkwatch saw it. A counter that a platform hides is ``None``,
never 0. This module imports nothing but attrs and the standard library.

>>> key = PostKey(source="mastodon", native_id="1234")
>>> str(key)
'mastodon:1234'
>>> PostKey.parse("mastodon:1234") == key
True
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from enum import StrEnum
from types import MappingProxyType
from typing import Any, TypeAlias

import attrs

__all__ = [
    "Aggravation",
    "Aggravator",
    "Alert",
    "AlertKind",
    "Assessment",
    "Author",
    "Brand",
    "Cursor",
    "Deletion",
    "Delivery",
    "DeliveryState",
    "Emotion",
    "EngagementSnapshot",
    "FaultyAnswer",
    "Forecast",
    "Health",
    "Incident",
    "IncidentState",
    "Level",
    "MediaKind",
    "Mention",
    "Observation",
    "Post",
    "PostKey",
    "Quantiles",
    "Quantity",
    "Reading",
    "Reason",
    "Remark",
    "Sentiment",
    "SourceHealth",
    "SourceTrouble",
    "Span",
    "Target",
    "Taxonomy",
    "Touchpoint",
    "TroubleKind",
    "Voice",
    "Withheld",
]

Fact: TypeAlias = str | int | float


def _aware(_instance: object, attribute: attrs.Attribute[Any], value: datetime) -> None:
    if value.tzinfo is None:
        raise ValueError(f"{attribute.name} must carry a time zone, got {value.isoformat()}")


def _count(_instance: object, attribute: attrs.Attribute[Any], value: int) -> None:
    if value < 0:
        raise ValueError(f"{attribute.name} is a count and cannot be {value}; a hidden one is None")


def _probability(_instance: object, attribute: attrs.Attribute[Any], value: float) -> None:
    if not 0.0 <= value <= 1.0:
        raise ValueError(f"{attribute.name} is a probability and cannot be {value}")


def _pairs(pairs: Iterable[Iterable[Any]] | None) -> tuple[tuple[str, int], ...]:
    return tuple((str(name), int(count)) for name, count in pairs or ())


def _read_only(mapping: Mapping[Any, Any]) -> Mapping[Any, Any]:
    return MappingProxyType(dict(mapping))


optional = attrs.validators.optional

# --- what was said ------------------------------------------------------------------------------


@attrs.frozen(order=True)
class PostKey:
    """A post's identity: the configured source that brought it and the platform's own id."""

    source: str
    native_id: str

    def __str__(self) -> str:
        return f"{self.source}:{self.native_id}"

    @classmethod
    def parse(cls, text: str) -> PostKey:
        """Read ``source:native_id``; the native id may itself hold colons."""
        source, colon, native_id = text.partition(":")
        if not (source and colon and native_id):
            raise ValueError(f"a post key reads source:id, got {text!r}")
        return cls(source, native_id)


class MediaKind(StrEnum):
    """What a post carries beside its text; a video is what spreads anger furthest."""

    NONE = "none"
    LINK = "link"
    IMAGE = "image"
    AUDIO = "audio"
    VIDEO = "video"


@attrs.frozen(kw_only=True)
class Author:
    """Who said it, as far as the platform tells; ``followers`` is ``None`` where it is hidden."""

    native_id: str
    handle: str | None = None
    name: str | None = None
    followers: int | None = attrs.field(default=None, validator=optional(_count))


@attrs.frozen(kw_only=True)
class Post:
    """One public post, review, comment, ticket or survey answer.

    ``text`` is plain text (a title, where there is one, is its first line). ``rating`` is in stars
    of five. ``language_hint`` is what the platform claims, a BCP 47 tag, and may be wrong.
    """

    key: PostKey
    text: str
    published_at: datetime = attrs.field(validator=_aware)
    url: str | None = None
    author: Author | None = None
    parent: PostKey | None = None
    thread: PostKey | None = None
    language_hint: str | None = None
    media: MediaKind = MediaKind.NONE
    rating: float | None = None


@attrs.frozen(kw_only=True)
class EngagementSnapshot:
    """The public counters of a post at one moment. Snapshots are only ever appended."""

    key: PostKey
    taken_at: datetime = attrs.field(validator=_aware)
    views: int | None = attrs.field(default=None, validator=optional(_count))
    likes: int | None = attrs.field(default=None, validator=optional(_count))
    shares: int | None = attrs.field(default=None, validator=optional(_count))
    replies: int | None = attrs.field(default=None, validator=optional(_count))


@attrs.frozen(kw_only=True)
class Observation:
    """What one fetch saw of one post; the counters are absent where the source has none."""

    post: Post
    observed_at: datetime = attrs.field(validator=_aware)
    snapshot: EngagementSnapshot | None = None


@attrs.frozen(kw_only=True)
class Deletion:
    """A post that its source no longer shows: it is deleted here as well."""

    key: PostKey
    observed_at: datetime = attrs.field(validator=_aware)


# --- where it came from -------------------------------------------------------------------------


@attrs.frozen(kw_only=True)
class Cursor:
    """How far a crawl of one query at one source has come; ``value`` is the source's own affair."""

    source: str
    query: str
    value: str
    saved_at: datetime = attrs.field(validator=_aware)


class Health(StrEnum):
    """How a crawl ended. Silence is not calm: everything but OK is shown to a person."""

    OK = "ok"
    EMPTY = "empty"
    FORBIDDEN = "forbidden"
    UNAUTHORIZED = "unauthorized"
    RATE_LIMITED = "rate_limited"
    UNREACHABLE = "unreachable"
    SERVER_ERROR = "server_error"
    UNREADABLE = "unreadable"
    TIMED_OUT = "timed_out"
    CRASHED = "crashed"


@attrs.frozen(kw_only=True)
class SourceHealth:
    """The outcome of one crawl of one source. ``detail`` names the place and what to do.

    ``items`` counts posts and deletions, ``refreshed`` those among them that were looked at again,
    ``skipped`` entries that could not be read and ``refused`` what robots.txt forbade. ``answers``
    counts answers by their class (``2xx``; ``none`` for no answer), ``missing`` by field how many
    of the new posts were without it. ``lag`` is how old the new posts were when they were first
    seen, in seconds, by their median.
    """

    source: str
    finished_at: datetime = attrs.field(validator=_aware)
    health: Health
    items: int = attrs.field(default=0, validator=_count)
    requests: int = attrs.field(default=0, validator=_count)
    detail: str = ""
    refreshed: int = attrs.field(default=0, validator=_count)
    skipped: int = attrs.field(default=0, validator=_count)
    refused: int = attrs.field(default=0, validator=_count)
    answers: tuple[tuple[str, int], ...] = attrs.field(default=(), converter=_pairs)
    missing: tuple[tuple[str, int], ...] = attrs.field(default=(), converter=_pairs)
    lag: float | None = None

    @property
    def fresh(self) -> int:
        """The posts that were brought for the first time, or anew by a listing."""
        return max(self.items - self.refreshed, 0)


@attrs.frozen(kw_only=True)
class FaultyAnswer:
    """An answer that could not be read, for whoever mends its parser.

    ``place`` is its address without what follows the path; ``body`` may be cut off.
    """

    source: str
    place: str
    status: int
    content_type: str
    reason: str
    body: bytes = attrs.field(repr=False)
    observed_at: datetime = attrs.field(validator=_aware)


class TroubleKind(StrEnum):
    """Why nothing that is said at a source can be relied on to be seen."""

    DOWN = "down"
    """It does not answer, or not in time, or the crawl fails."""
    FORBIDDEN = "forbidden"
    """It refuses to be read."""
    CHANGED = "changed"
    """Its answers cannot be read any more, or have lost a field."""
    SILENT = "silent"
    """It answers, and has brought nothing new for longer than ever."""


@attrs.frozen(kw_only=True)
class SourceTrouble:
    """A source that cannot be relied on, since when, and when that was over.

    ``since`` is when it was last well: what was said from then on may be missing. ``detail`` is
    what the source said of it, or the field that it lost.
    """

    source: str
    kind: TroubleKind
    since: datetime = attrs.field(validator=_aware)
    noticed_at: datetime = attrs.field(validator=_aware)
    over_at: datetime | None = attrs.field(default=None, validator=optional(_aware))
    detail: str = ""


# --- whom it is about ---------------------------------------------------------------------------


@attrs.frozen(kw_only=True)
class Brand:
    """A name that is watched, and how to tell it from its namesakes.

    The ``name`` and each handle are unmistakable and match alone. An alias matches alone only
    where ``required`` is empty; otherwise one of those words must stand in the same post.
    A post that holds an ``excluded`` word matches only through a handle. ``query``, where given, is
    a boolean query that a post must satisfy as well. An empty ``languages`` means all. ``taxonomy``
    names the touchpoints of its industry; without one no touchpoint is told. What comes from one of
    ``sources`` is about the brand without naming it: reviews of it, its own forum.
    """

    id: str
    name: str
    aliases: tuple[str, ...] = ()
    handles: tuple[str, ...] = ()
    required: tuple[str, ...] = ()
    excluded: tuple[str, ...] = ()
    languages: frozenset[str] = frozenset()
    query: str | None = None
    taxonomy: str | None = None
    sources: frozenset[str] = frozenset()


Span: TypeAlias = tuple[int, int]


@attrs.frozen(kw_only=True)
class Mention:
    """A post that is about a brand; ``spans`` are the places in its text that say so."""

    post: PostKey
    brand: str
    spans: tuple[Span, ...] = ()


# --- what the model said ------------------------------------------------------------------------


class Sentiment(StrEnum):
    """The polarity of a text, or that it could not be told."""

    NEGATIVE = "negative"
    NEUTRAL = "neutral"
    POSITIVE = "positive"
    UNSURE = "unsure"


class Emotion(StrEnum):
    """What a text expresses: Ekman's six, of which several may hold, or none of them."""

    ANGER = "anger"
    DISGUST = "disgust"
    FEAR = "fear"
    JOY = "joy"
    SADNESS = "sadness"
    SURPRISE = "surprise"
    NONE = "none"


_SURE = 0.5


@attrs.frozen(kw_only=True)
class Assessment:
    """What one model, at one revision, said of one text.

    ``negative``, ``neutral`` and ``positive`` sum to 1. ``emotions`` holds a probability of each
    emotion and ``felt`` those that are held to be there, strongest first. ``arousal`` is how
    intense the anger is and ``severity`` how grave the complaint, from 0 to 1; ``complaint``,
    ``offensive`` and ``irony`` are probabilities. A model without such a head leaves them ``None``
    and ``emotions`` empty. ``language`` is a BCP 47 tag with the script where it matters
    (``zh-Hans``, ``zh-Hant``), ``und`` where it could not be told. ``abstained`` tells that the
    model was not shown to handle the language: the three shares are then a third each and nothing
    else is said. ``embedding`` is a unit vector as little-endian float16, empty where it has none.
    """

    model: str
    revision: str
    language: str
    negative: float = attrs.field(validator=_probability)
    neutral: float = attrs.field(validator=_probability)
    positive: float = attrs.field(validator=_probability)
    emotions: Mapping[Emotion, float] = attrs.field(factory=dict, converter=_read_only)
    felt: tuple[Emotion, ...] = ()
    arousal: float | None = attrs.field(default=None, validator=optional(_probability))
    complaint: float | None = attrs.field(default=None, validator=optional(_probability))
    severity: float | None = attrs.field(default=None, validator=optional(_probability))
    offensive: float | None = attrs.field(default=None, validator=optional(_probability))
    irony: float | None = attrs.field(default=None, validator=optional(_probability))
    abstained: bool = False
    embedding: bytes = attrs.field(default=b"", repr=False)

    @property
    def anger(self) -> float | None:
        """The probability of anger; ``None`` where the model does not tell emotions."""
        return self.emotions.get(Emotion.ANGER)

    @property
    def sentiment(self) -> Sentiment:
        """The likeliest of negative, neutral and positive if more likely than not, or unsure."""
        scores = {
            Sentiment.NEGATIVE: self.negative,
            Sentiment.NEUTRAL: self.neutral,
            Sentiment.POSITIVE: self.positive,
        }
        likeliest = max(scores, key=scores.__getitem__)
        return likeliest if scores[likeliest] >= _SURE else Sentiment.UNSURE


# --- what is complained of ----------------------------------------------------------------------


@attrs.frozen(kw_only=True)
class Touchpoint:
    """A place where a customer meets a brand: boarding, checked baggage, the call centre.

    ``phrases`` are short examples of what people say about it, in any language; ``names`` what it
    is called, by language (``en``, ``zh``). ``moment_of_truth`` marks the few that decide what
    somebody thinks of the brand. ``valuable`` tells whether the contact is worth something to the
    brand itself (a sale, trust) or costs only.
    """

    id: str
    names: Mapping[str, str] = attrs.field(converter=_read_only)
    phrases: tuple[str, ...]
    stage: str
    moment_of_truth: bool = False
    valuable: bool = True


@attrs.frozen(kw_only=True)
class Taxonomy:
    """The touchpoints of one industry."""

    id: str
    touchpoints: tuple[Touchpoint, ...]


class Aggravator(StrEnum):
    """What makes a complaint worse than the matter itself."""

    IGNORED = "ignored"
    BROKEN_PROMISE = "broken_promise"
    DEAD_END = "dead_end"
    PASSED_AROUND = "passed_around"
    RUDE_STAFF = "rude_staff"
    RIGID_POLICY = "rigid_policy"
    UNFAIR_CHARGE = "unfair_charge"
    SAFETY = "safety"
    DISCRIMINATION = "discrimination"


class Target(StrEnum):
    """At whom a post's displeasure is aimed, seen from one brand."""

    BRAND = "brand"
    OTHER = "other"
    """Another brand or person in the same post."""
    NOBODY = "nobody"
    """Nobody can be blamed (the weather), or nothing is complained of."""


@attrs.frozen(kw_only=True)
class Aggravation:
    """An aggravator that a text shows, and the places in it that show it."""

    kind: Aggravator
    spans: tuple[Span, ...]


@attrs.frozen(kw_only=True)
class Reading:
    """What a post says about one brand beyond its mood, with the words that say so.

    ``touchpoint`` is an id of the brand's taxonomy, ``None`` where none is named.
    """

    touchpoint: str | None = None
    touchpoint_spans: tuple[Span, ...] = ()
    aggravations: tuple[Aggravation, ...] = ()
    target: Target = Target.BRAND


@attrs.frozen(kw_only=True)
class Remark:
    """A mention put together: the post, the brand it is about and what the model said of it.

    ``incident`` is the one it was grouped into; ``None`` before that, and where nobody complains.
    """

    post: Post
    brand: str
    assessment: Assessment
    reading: Reading = Reading()
    incident: str | None = None


@attrs.frozen(kw_only=True)
class Voice:
    """One post of an incident without its text: who spoke when, how angrily, before how many."""

    post: PostKey
    published_at: datetime = attrs.field(validator=_aware)
    author: str
    """The author's identity; an anonymous post counts as an author of its own."""
    author_name: str = ""
    followers: int | None = attrs.field(default=None, validator=optional(_count))
    negative: float = attrs.field(validator=_probability)
    anger: float | None = attrs.field(default=None, validator=optional(_probability))


# --- what it adds up to -------------------------------------------------------------------------


class IncidentState(StrEnum):
    """A story forms until it is an incident, is open while it lives and closes when quiet."""

    FORMING = "forming"
    OPEN = "open"
    CLOSED = "closed"


class Level(StrEnum):
    """How much an incident matters, in rising order: watch, high, critical."""

    WATCH = "watch"
    HIGH = "high"
    CRITICAL = "critical"

    @property
    def rank(self) -> int:
        """0 for watch, 1 for high, 2 for critical."""
        return list(Level).index(self)


@attrs.frozen(kw_only=True)
class Incident:
    """Complaints about one brand that tell the same story.

    ``id`` is derived from the brand and the first post, so grouping the same posts again gives the
    same incident. ``centroid`` is the sum of its members' embeddings (little-endian float32);
    ``terms`` are the words its title is made of, each with the number of members that hold it.
    ``version`` grows with every change. ``closed_at`` stays when an incident reopens, so that it
    is known to have come back.
    """

    id: str
    brand: str
    title: str
    state: IncidentState
    first_post: PostKey
    first_post_at: datetime = attrs.field(validator=_aware)
    last_post_at: datetime = attrs.field(validator=_aware)
    posts: int = attrs.field(validator=_count)
    authors: int = attrs.field(validator=_count)
    opened_at: datetime | None = attrs.field(default=None, validator=optional(_aware))
    closed_at: datetime | None = attrs.field(default=None, validator=optional(_aware))
    level: Level | None = None
    centroid: bytes = attrs.field(default=b"", repr=False)
    terms: tuple[tuple[str, int], ...] = attrs.field(default=(), repr=False)
    version: int = 1


class Quantity(StrEnum):
    """What a forecast counts: posts of the incident, or the public counters of its posts."""

    MENTIONS = "mentions"
    VIEWS = "views"
    SHARES = "shares"


@attrs.frozen(kw_only=True)
class Quantiles:
    """A median with its central 50 % and 90 % intervals, all as totals since the beginning."""

    low90: float
    low50: float
    median: float
    high50: float
    high90: float

    def __attrs_post_init__(self) -> None:
        values = (self.low90, self.low50, self.median, self.high50, self.high90)
        if list(values) != sorted(values):
            raise ValueError(f"quantiles must not cross: {values}")


@attrs.frozen(kw_only=True)
class Forecast:
    """How far an incident will have gone by ``made_at + horizon``, saved before that is known.

    ``seen`` is the total at ``made_at``. ``quantiles`` is ``None`` when too little was seen to say;
    that is an answer, and it is stored like any other. ``outcome`` is filled in when it is due.
    """

    incident: str
    quantity: Quantity
    horizon: timedelta
    made_at: datetime = attrs.field(validator=_aware)
    seen: int = attrs.field(validator=_count)
    model: str
    quantiles: Quantiles | None = None
    outcome: int | None = attrs.field(default=None, validator=optional(_count))


# --- what is done about it ----------------------------------------------------------------------


@attrs.frozen(kw_only=True)
class Reason:
    """Why a decision was taken: a stable code, and the facts that a sentence about it needs.

    The sentence itself comes from the catalogues, in the reader's language.
    """

    code: str
    facts: tuple[tuple[str, Fact], ...] = ()

    def fact(self, name: str) -> Fact:
        """The fact called ``name``; raises ``KeyError`` where there is none."""
        return dict(self.facts)[name]


class AlertKind(StrEnum):
    """Why a person is told now: it opened, it grew more serious, or it came back."""

    OPENED = "opened"
    RAISED = "raised"
    RECURRED = "recurred"


@attrs.frozen(kw_only=True)
class Alert:
    """A decision to tell somebody. ``id`` is derived from what it says, so it cannot be doubled."""

    id: str
    incident: str
    brand: str
    kind: AlertKind
    level: Level
    raised_at: datetime = attrs.field(validator=_aware)
    reasons: tuple[Reason, ...]


@attrs.frozen(kw_only=True)
class Withheld:
    """A decision to tell nobody about an incident for now, and why."""

    incident: str
    decided_at: datetime = attrs.field(validator=_aware)
    reason: Reason


class DeliveryState(StrEnum):
    """Where a message in the outbox stands; FAILED is final and is itself reported.

    REPLACED is final as well: what it says came by another channel.
    """

    PENDING = "pending"
    SENDING = "sending"
    SENT = "sent"
    FAILED = "failed"
    REPLACED = "replaced"


@attrs.frozen(kw_only=True)
class Delivery:
    """One message to one receiver by one channel, as it waits in the outbox.

    ``key`` is unique and goes to the provider where the provider can use it; ``payload`` is the
    message as it will be sent, byte for byte, at every attempt. Where a channel keeps one message
    an incident, what changes it or stands in its thread ``follows`` that message, by its key, and
    waits for it. ``reference`` is what the provider calls a message that it took. ``optional_for``
    is the receiver who may have asked to be left alone: the outbox does not take it then. It is
    empty where that does not matter.
    """

    key: str
    channel: str
    subject: str
    payload: str = attrs.field(repr=False)
    created_at: datetime = attrs.field(validator=_aware)
    due_at: datetime = attrs.field(validator=_aware)
    state: DeliveryState = DeliveryState.PENDING
    attempts: int = attrs.field(default=0, validator=_count)
    last_error: str = ""
    sent_at: datetime | None = attrs.field(default=None, validator=optional(_aware))
    follows: str = ""
    reference: str = ""
    optional_for: str = ""

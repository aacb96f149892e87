"""Values to store, where a test cares about one or two of their fields."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from monitor.domain import (
    Assessment,
    Author,
    Deletion,
    Delivery,
    Emotion,
    EngagementSnapshot,
    Forecast,
    Incident,
    IncidentState,
    MediaKind,
    Observation,
    Post,
    PostKey,
    Quantiles,
    Quantity,
    Reading,
)
from monitor.store.unit_of_work import UnitOfWork

TUESDAY = datetime(2026, 3, 3, 21, 30, 0, 123456, tzinfo=UTC)


def after(minutes: float) -> datetime:
    return TUESDAY + timedelta(minutes=minutes)


def key(number: int | str, source: str = "mastodon") -> PostKey:
    return PostKey(source, str(number))


def post(
    number: int | str = 1,
    text: str = "They charged us for the fourth bag. 第四件行李也要收费。",
    *,
    source: str = "mastodon",
    published_at: datetime = TUESDAY,
    url: str | None = None,
    author: Author | None = None,
    rating: float | None = None,
) -> Post:
    return Post(
        key=key(number, source),
        text=text,
        published_at=published_at,
        url=url,
        author=author,
        rating=rating,
        media=MediaKind.VIDEO,
    )


def snapshot(
    number: int | str = 1, minutes: float = 0, *, views: int | None = None
) -> EngagementSnapshot:
    return EngagementSnapshot(key=key(number), taken_at=after(minutes), views=views)


def seen(
    what: Post, minutes: float = 0, *, snapshot: EngagementSnapshot | None = None
) -> Observation:
    return Observation(post=what, observed_at=after(minutes), snapshot=snapshot)


def gone(number: int | str = 1, minutes: float = 0) -> Deletion:
    return Deletion(key=key(number), observed_at=after(minutes))


def assessment(
    negative: float = 0.8, neutral: float = 0.15, positive: float = 0.05, revision: str = "1"
) -> Assessment:
    return Assessment(
        model="test",
        revision=revision,
        language="en",
        negative=negative,
        neutral=neutral,
        positive=positive,
        emotions={Emotion.ANGER: 0.5},
        embedding=b"\x00\x3c",
    )


def conclude(
    work: UnitOfWork, *numbers: int, said: Assessment | None = None, brand: str = "acme"
) -> None:
    """Let the model have assessed these posts, and a reader have read them for a brand."""
    work.mentions.assess({key(n): said or assessment() for n in numbers}, TUESDAY)
    work.mentions.read({(key(n), brand): Reading() for n in numbers}, "test", TUESDAY)


def incident(
    name: str = "acme-1",
    *,
    brand: str = "acme",
    state: IncidentState = IncidentState.OPEN,
    version: int = 1,
    last_post_at: datetime = TUESDAY,
) -> Incident:
    return Incident(
        id=name,
        brand=brand,
        title="fourth bag 行李",
        state=state,
        first_post=key(1),
        first_post_at=TUESDAY,
        last_post_at=last_post_at,
        posts=3,
        authors=2,
        opened_at=TUESDAY,
        centroid=b"\x00\x01\xff",
        terms=(("行李", 3), ("bag", 2)),
        version=version,
    )


def forecast(
    horizon_hours: int = 1,
    made_minutes: float = 0,
    *,
    quantity: Quantity = Quantity.MENTIONS,
    sure: bool = True,
) -> Forecast:
    quantiles = Quantiles(low90=3.0, low50=4.5, median=6.25, high50=9.0, high90=20.0)
    return Forecast(
        incident="acme-1",
        quantity=quantity,
        horizon=timedelta(hours=horizon_hours),
        made_at=after(made_minutes),
        seen=3,
        model="test/1",
        quantiles=quantiles if sure else None,
    )


def delivery(name: str = "alert-1/slack", due_minutes: float = 0) -> Delivery:
    return Delivery(
        key=name,
        channel="slack",
        subject="Acme: fourth bag",
        payload='{"text": "行李"}',
        created_at=TUESDAY,
        due_at=after(due_minutes),
    )

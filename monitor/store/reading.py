"""Rows become values here, for whatever is read in more than one place."""

from __future__ import annotations

from typing import Any, TypeAlias

from sqlalchemy import Row, Select, and_, select

from monitor.domain import (
    Aggravation,
    Aggravator,
    Assessment,
    Author,
    Emotion,
    Post,
    Reading,
    Remark,
    Span,
    Target,
)
from monitor.store.tables import assessments, authors, mentions, posts

__all__ = [
    "AnyRow",
    "assessed_posts",
    "assessment_of",
    "remark_of",
    "remarks",
    "select_posts",
    "spans_of",
    "whole_post",
]

AnyRow: TypeAlias = Row[*tuple[Any, ...]]

_POST = (
    posts.c.key,
    posts.c.text,
    posts.c.published_at,
    posts.c.url,
    posts.c.author,
    posts.c.parent,
    posts.c.thread,
    posts.c.language_hint,
    posts.c.media,
    posts.c.rating,
    authors.c.handle,
    authors.c.name,
    authors.c.followers,
)
_ASSESSMENT = (
    assessments.c.model,
    assessments.c.revision,
    assessments.c.language,
    assessments.c.negative,
    assessments.c.neutral,
    assessments.c.positive,
    *(assessments.c[emotion] for emotion in Emotion),
    assessments.c.felt,
    assessments.c.arousal,
    assessments.c.complaint,
    assessments.c.severity,
    assessments.c.offensive,
    assessments.c.irony,
    assessments.c.abstained,
    assessments.c.embedding,
)
_READING = (
    mentions.c.touchpoint,
    mentions.c.touchpoint_spans,
    mentions.c.aggravations,
    mentions.c.target,
)
_BY_AUTHOR = and_(authors.c.source == posts.c.source, authors.c.native_id == posts.c.author)


def select_posts() -> Select[*tuple[Any, ...]]:
    """Posts with what is known of their authors; each row makes a ``whole_post``."""
    return select(*_POST).select_from(posts.outerjoin(authors, _BY_AUTHOR))


def whole_post(row: AnyRow) -> Post:
    """The post that a row of ``select_posts`` holds."""
    author = None
    if row.author is not None:
        author = Author(
            native_id=row.author, handle=row.handle, name=row.name, followers=row.followers
        )
    return Post(
        key=row.key,
        text=row.text,
        published_at=row.published_at,
        url=row.url,
        author=author,
        parent=row.parent,
        thread=row.thread,
        language_hint=row.language_hint,
        media=row.media,
        rating=row.rating,
    )


def assessed_posts() -> Select[*tuple[Any, ...]]:
    """Posts as from ``select_posts``; where ``model`` is not null each has an ``assessment_of``."""
    newest = and_(assessments.c.post == posts.c.key, assessments.c.newest)
    return select(*_POST, *_ASSESSMENT).select_from(
        posts.outerjoin(assessments, newest).outerjoin(authors, _BY_AUTHOR)
    )


def assessment_of(row: AnyRow) -> Assessment:
    """What the model said of a row's post."""
    shares = {emotion: getattr(row, emotion) for emotion in Emotion}
    return Assessment(
        model=row.model,
        revision=row.revision,
        language=row.language,
        negative=row.negative,
        neutral=row.neutral,
        positive=row.positive,
        emotions={emotion: share for emotion, share in shares.items() if share is not None},
        felt=tuple(Emotion(name) for name in row.felt or ()),
        arousal=row.arousal,
        complaint=row.complaint,
        severity=row.severity,
        offensive=row.offensive,
        irony=row.irony,
        abstained=row.abstained,
        embedding=row.embedding,
    )


def remarks() -> Select[*tuple[Any, ...]]:
    """Assessed mentions with their posts; each row makes a ``remark_of``. Oldest post first."""
    newest = and_(assessments.c.post == mentions.c.post, assessments.c.newest)
    return (
        select(*_POST, mentions.c.brand, mentions.c.incident, *_READING, *_ASSESSMENT)
        .select_from(
            mentions.join(posts, posts.c.key == mentions.c.post)
            .join(assessments, newest)
            .outerjoin(authors, _BY_AUTHOR)
        )
        .order_by(mentions.c.published_at, mentions.c.post, mentions.c.brand)
    )


def remark_of(row: AnyRow) -> Remark:
    """The remark that a row of ``remarks`` holds."""
    return Remark(
        post=whole_post(row),
        brand=row.brand,
        incident=row.incident,
        assessment=assessment_of(row),
        reading=_reading_of(row),
    )


def _reading_of(row: AnyRow) -> Reading:
    return Reading(
        touchpoint=row.touchpoint,
        touchpoint_spans=spans_of(row.touchpoint_spans),
        aggravations=tuple(
            Aggravation(kind=Aggravator(kind), spans=spans_of(spans))
            for kind, spans in row.aggravations or ()
        ),
        target=row.target or Target.BRAND,
    )


def spans_of(stored: list[list[int]] | None) -> tuple[Span, ...]:
    """Places in a text, as they are stored."""
    return tuple((start, end) for start, end in stored or ())

"""What a week's posts about a brand add up to, put together for the digest."""

from __future__ import annotations

from datetime import datetime

from alerts.topics import BrandHeard, TopicLine, WorseLine
from monitor.domain import Brand, Taxonomy
from monitor.incidents.own_posts import is_own, own_names
from monitor.incidents.standing import advocates_moved
from monitor.incidents.topics import Aggravated, Heard, hear, quadrant
from monitor.stages.matter import opinions
from monitor.store.unit_of_work import UnitOfWork

__all__ = ["heard_of"]


def heard_of(
    brand: Brand, taxonomy: Taxonomy | None, since: datetime, until: datetime, work: UnitOfWork
) -> BrandHeard:
    """What others said of the brand from ``since`` to before ``until``."""
    own = own_names(brand)
    remarks = work.readings.between(brand.id, since, until)
    heard = hear(remark for remark in remarks if not is_own(remark.post.author, own))
    moves = advocates_moved(
        opinions(brand.id, sorted(heard.authors), until, work), since=since, until=until
    )
    return BrandHeard(
        brand_name=brand.name,
        topics=_topics(heard, taxonomy),
        worse=tuple(_worse(one) for one in heard.aggravated),
        advocates_won=moves.won,
        advocates_lost=moves.lost,
        unjudged=heard.unjudged,
    )


def _topics(heard: Heard, taxonomy: Taxonomy | None) -> tuple[TopicLine, ...]:
    """Topics whose touchpoint the taxonomy holds; without one there are none."""
    known = {one.id: one for one in taxonomy.touchpoints} if taxonomy else {}
    return tuple(
        TopicLine(
            touchpoint=touchpoint,
            complaints=topic.complaints,
            praise=topic.praise,
            felt=topic.felt,
            quadrant=quadrant(topic, valuable=touchpoint.valuable),
        )
        for topic in heard.topics
        if (touchpoint := known.get(topic.touchpoint)) is not None
    )


def _worse(aggravated: Aggravated) -> WorseLine:
    remark = aggravated.example
    (spans,) = (one.spans for one in remark.reading.aggravations if one.kind is aggravated.kind)
    return WorseLine(
        kind=aggravated.kind,
        posts=aggravated.posts,
        text=remark.post.text,
        span=spans[0] if spans else (0, 0),
        source=remark.post.key.source,
        published_at=remark.post.published_at,
        url=remark.post.url,
    )

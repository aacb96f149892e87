"""Mentions, what the model said of them and the incidents they belong to."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from datetime import date, datetime, tzinfo
from typing import Any

import attrs
from sqlalchemy import Connection, Select, bindparam, delete, func, insert, select, update

from monitor.domain import Assessment, Emotion, Mention, Post, PostKey, Reading, Remark, Sentiment
from monitor.store.reading import (
    AnyRow,
    assessed_posts,
    assessment_of,
    remark_of,
    remarks,
    spans_of,
    whole_post,
)
from monitor.store.statements import Record, chunks, put
from monitor.store.tables import assessments, mentions, posts

__all__ = ["Mentions", "Unread"]


@attrs.frozen(kw_only=True)
class Unread:
    """A post that was not read for each of the brands that it is about.

    ``mentions`` are all of them; ``assessment`` is ``None`` where no model was asked yet.
    """

    post: Post
    mentions: tuple[Mention, ...]
    assessment: Assessment | None = None


class Mentions:
    """Which posts are about which brands, and what became of them."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def match(self, fingerprint: str, results: Mapping[PostKey, Sequence[Mention]]) -> None:
        """Replace the mentions of these posts, and note what they were matched with.

        A brand that stays keeps what was concluded about it. Posts that are gone are left out.
        """
        for keys in chunks(sorted(results, key=str)):
            self._match(fingerprint, {key: results[key] for key in keys})

    def _match(self, fingerprint: str, results: dict[PostKey, Sequence[Mention]]) -> None:
        published = self._lock(results)
        stored = select(mentions.c.post, mentions.c.brand).where(mentions.c.post.in_(results))
        wanted = {(key, mention.brand): mention for key in published for mention in results[key]}
        lost = [
            {"lost_post": post, "lost_brand": brand}
            for post, brand in self._connection.execute(stored)
            if (post, brand) not in wanted
        ]
        if lost:
            self._connection.execute(
                delete(mentions).where(
                    mentions.c.post == bindparam("lost_post"),
                    mentions.c.brand == bindparam("lost_brand"),
                ),
                lost,
            )
        put(
            self._connection,
            mentions,
            [
                {
                    "post": key,
                    "brand": brand,
                    "spans": [list(span) for span in mention.spans],
                    "published_at": published[key],
                }
                for (key, brand), mention in wanted.items()
            ],
        )
        self._connection.execute(
            update(posts).where(posts.c.key.in_(published)).values(matched_with=fingerprint)
        )

    def _lock(self, keys: Mapping[PostKey, object]) -> dict[PostKey, datetime]:
        """When the stored ones among these posts were published; nobody changes them now."""
        rows = self._connection.execute(
            select(posts.c.key, posts.c.published_at)
            .where(posts.c.key.in_(keys))
            .order_by(posts.c.key)
            .with_for_update()
        )
        return {row.key: row.published_at for row in rows}

    def brands(self, keys: Collection[PostKey]) -> dict[PostKey, list[str]]:
        """Which brands these posts are about; posts without a mention are left out."""
        rows = self._connection.execute(
            select(mentions.c.post, mentions.c.brand)
            .where(mentions.c.post.in_(keys))
            .order_by(mentions.c.post, mentions.c.brand)
        )
        found: defaultdict[PostKey, list[str]] = defaultdict(list)
        for post, brand in rows:
            found[post].append(brand)
        return dict(found)

    def unread(self, limit: int) -> list[Unread]:
        """Posts about a brand for which they were not read; oldest first."""
        undone = (
            select(mentions.c.post, mentions.c.published_at)
            .where(mentions.c.read_at.is_(None))
            .distinct()
            .order_by(mentions.c.published_at, mentions.c.post)
            .limit(limit)
            .subquery()
        )
        about: defaultdict[PostKey, list[Mention]] = defaultdict(list)
        for row in self._connection.execute(
            select(mentions.c.post, mentions.c.brand, mentions.c.spans)
            .join(undone, undone.c.post == mentions.c.post)
            .order_by(mentions.c.post, mentions.c.brand)
        ):
            mention = Mention(post=row.post, brand=row.brand, spans=spans_of(row.spans))
            about[row.post].append(mention)
        rows = self._connection.execute(
            assessed_posts()
            .join(undone, undone.c.post == posts.c.key)
            .order_by(posts.c.published_at, posts.c.key)
        )
        return [
            Unread(
                post=whole_post(row),
                mentions=tuple(about[row.key]),
                assessment=None if row.model is None else assessment_of(row),
            )
            for row in rows
        ]

    def assess(self, results: Mapping[PostKey, Assessment], at: datetime) -> None:
        """Add what the model said; the newest counts, the earlier ones stay.

        Posts that are gone, or are no longer about any brand, are left out.
        """
        for keys in chunks(sorted(results, key=str)):
            self._lock(dict.fromkeys(keys))
            mentioned = set(
                self._connection.scalars(
                    select(mentions.c.post).where(mentions.c.post.in_(keys)).distinct()
                )
            )
            records = [
                {"post": key, "assessed_at": at, "newest": True, **_record(results[key])}
                for key in keys
                if key in mentioned
            ]
            if not records:
                continue
            self._connection.execute(
                update(assessments)
                .where(assessments.c.post.in_(mentioned), assessments.c.newest)
                .values(newest=False)
            )
            self._connection.execute(insert(assessments), records)

    def read(
        self, readings: Mapping[tuple[PostKey, str], Reading], reader: str, at: datetime
    ) -> None:
        """Note what posts say about brands, and which reader says so.

        Mentions that are gone, and those that were read before, are left out.
        """
        if not readings:
            return
        self._connection.execute(
            update(mentions).where(
                mentions.c.post == bindparam("read_post"),
                mentions.c.brand == bindparam("read_brand"),
                mentions.c.read_at.is_(None),
            ),
            [
                {
                    "read_post": post,
                    "read_brand": brand,
                    "read_at": at,
                    "reader": reader,
                    "touchpoint": reading.touchpoint,
                    "touchpoint_spans": reading.touchpoint_spans,
                    "aggravations": [(one.kind, one.spans) for one in reading.aggravations],
                    "target": reading.target,
                }
                for (post, brand), reading in sorted(
                    readings.items(), key=lambda item: (str(item[0][0]), item[0][1])
                )
            ],
        )

    def ungrouped(self, limit: int) -> list[Remark]:
        """Remarks that belong to no incident yet and were not found harmless; oldest first."""
        return self._remarks(
            remarks()
            .where(mentions.c.grouped_at.is_(None), mentions.c.read_at.is_not(None))
            .limit(limit)
        )

    def group(self, brand: str, placed: Mapping[PostKey, str | None], at: datetime) -> None:
        """Put mentions of a brand into incidents; ``None`` for one that is no complaint."""
        if not placed:
            return
        self._connection.execute(
            update(mentions)
            .where(mentions.c.post == bindparam("placed"), mentions.c.brand == brand)
            .values(incident=bindparam("into"), grouped_at=at),
            [{"placed": key, "into": placed[key]} for key in sorted(placed, key=str)],
        )

    def regroup(self, gone: str, into: str) -> None:
        """Put all mentions of one incident into another."""
        self._connection.execute(
            update(mentions).where(mentions.c.incident == gone).values(incident=into)
        )

    def of_incident(self, incident: str) -> list[Remark]:
        """The remarks of an incident; oldest first."""
        return self._remarks(remarks().where(mentions.c.incident == incident))

    def of_post(self, key: PostKey) -> list[Remark]:
        """The remarks that a post makes, one a brand; nothing before the model was asked."""
        return self._remarks(remarks().where(mentions.c.post == key))

    def harmless(self, brand: str, limit: int) -> list[Remark]:
        """The latest remarks about a brand that were found to belong to no incident."""
        return self._remarks(
            remarks()
            .where(
                mentions.c.brand == brand,
                mentions.c.incident.is_(None),
                mentions.c.grouped_at.is_not(None),
            )
            .order_by(None)
            .order_by(mentions.c.published_at.desc(), mentions.c.post)
            .limit(limit)
        )

    def stories(self, brand: str, keys: Collection[PostKey]) -> dict[PostKey, str]:
        """The stories of a brand that these posts belong to; the others are left out."""
        found = {}
        for chunk in chunks(sorted(keys)):
            rows = self._connection.execute(
                select(mentions.c.post, mentions.c.incident).where(
                    mentions.c.post.in_(chunk),
                    mentions.c.brand == brand,
                    mentions.c.incident.is_not(None),
                )
            )
            found.update({row.post: row.incident for row in rows})
        return found

    def stories_at(self, brand: str, urls: Collection[str], since: datetime) -> dict[str, str]:
        """The stories of a brand that posts at these addresses belong to, published since then."""
        rows = self._connection.execute(
            select(posts.c.url, mentions.c.incident)
            .join(posts, posts.c.key == mentions.c.post)
            .where(
                mentions.c.brand == brand,
                mentions.c.published_at >= since,
                mentions.c.incident.is_not(None),
                posts.c.url.in_(urls),
            )
            .order_by(posts.c.key)
        )
        return {row.url: row.incident for row in rows}

    def times(
        self, brand: str, since: datetime, until: datetime, grouped_only: bool = False
    ) -> list[datetime]:
        """When a brand was mentioned from ``since`` to before ``until``, in order.

        With ``grouped_only``, only mentions that belong to an incident.
        """
        query = (
            select(mentions.c.published_at)
            .where(
                mentions.c.brand == brand,
                mentions.c.published_at >= since,
                mentions.c.published_at < until,
            )
            .order_by(mentions.c.published_at)
        )
        if grouped_only:
            query = query.where(mentions.c.incident.is_not(None))
        return list(self._connection.scalars(query))

    def shares_of_sources(self, brand: str, since: datetime, until: datetime) -> dict[str, float]:
        """The share that each source has in what was said of a brand in the time."""
        rows = self._connection.execute(
            select(posts.c.source, func.count().label("said"))
            .select_from(mentions.join(posts, posts.c.key == mentions.c.post))
            .where(
                mentions.c.brand == brand,
                mentions.c.published_at >= since,
                mentions.c.published_at < until,
            )
            .group_by(posts.c.source)
        ).all()
        total = sum(row.said for row in rows)
        return {row.source: row.said / total for row in rows}

    def first_published_at(self, brand: str) -> datetime | None:
        """When the oldest stored mention of a brand was published."""
        return self._connection.scalar(
            select(mentions.c.published_at)
            .where(mentions.c.brand == brand)
            .order_by(mentions.c.published_at)
            .limit(1)
        )

    def sentiment_by_day(
        self, brand: str, since: datetime, until: datetime, tz: tzinfo
    ) -> list[tuple[date, int, int, int]]:
        """Negative, neutral and positive mentions of each local day that had any, in order.

        What could not be told counts as neutral: nobody is known to be angry or pleased.
        """
        days: defaultdict[date, list[int]] = defaultdict(lambda: [0, 0, 0])
        rows = self._connection.execute(
            select(
                mentions.c.published_at,
                assessments.c.model,
                assessments.c.revision,
                assessments.c.language,
                assessments.c.negative,
                assessments.c.neutral,
                assessments.c.positive,
            )
            .join(assessments, assessments.c.post == mentions.c.post)
            .where(
                assessments.c.newest,
                mentions.c.brand == brand,
                mentions.c.published_at >= since,
                mentions.c.published_at < until,
            )
            .order_by(mentions.c.published_at)
        )
        for row in rows:
            days[row.published_at.astimezone(tz).date()][_column(row)] += 1
        return [(day, counts[0], counts[1], counts[2]) for day, counts in sorted(days.items())]

    def _remarks(self, query: Select[*tuple[Any, ...]]) -> list[Remark]:
        return [remark_of(row) for row in self._connection.execute(query)]


def _record(assessment: Assessment) -> Record:
    record = attrs.asdict(assessment)
    emotions = record.pop("emotions")
    return {**record, **{emotion: emotions.get(emotion) for emotion in Emotion}}


def _column(row: AnyRow) -> int:
    """Whether a mention is counted as negative (0), neutral (1) or positive (2)."""
    said = Assessment(
        model=row.model,
        revision=row.revision,
        language=row.language,
        negative=row.negative,
        neutral=row.neutral,
        positive=row.positive,
    )
    return {Sentiment.NEGATIVE: 0, Sentiment.POSITIVE: 2}.get(said.sentiment, 1)

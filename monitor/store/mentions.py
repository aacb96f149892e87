"""Mentions, what the model said of them and the incidents they belong to."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from datetime import date, datetime, tzinfo
from typing import Any

import attrs
from sqlalchemy import Connection, Select, bindparam, delete, insert, select, update

from monitor.domain import Assessment, Mention, Post, PostKey, Remark
from monitor.store.reading import remark_of, remarks, select_posts, whole_post
from monitor.store.statements import chunks, put
from monitor.store.tables import assessments, mentions, posts

__all__ = ["Mentions"]


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
        assessed = {
            row.post: row.assessed_at
            for row in self._connection.execute(
                select(assessments.c.post, assessments.c.assessed_at).where(
                    assessments.c.post.in_(results), assessments.c.newest
                )
            )
        }
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
                    "assessed_at": assessed.get(key),
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

    def unassessed(self, limit: int) -> list[Post]:
        """Posts about a brand that no model has read; oldest first."""
        undone = (
            select(mentions.c.post, mentions.c.published_at)
            .where(mentions.c.assessed_at.is_(None))
            .distinct()
            .order_by(mentions.c.published_at, mentions.c.post)
            .limit(limit)
            .subquery()
        )
        rows = self._connection.execute(
            select_posts()
            .join(undone, undone.c.post == posts.c.key)
            .order_by(posts.c.published_at, posts.c.key)
        )
        return [whole_post(row) for row in rows]

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
                {"post": key, "assessed_at": at, "newest": True, **attrs.asdict(results[key])}
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
            self._connection.execute(
                update(mentions).where(mentions.c.post.in_(mentioned)).values(assessed_at=at)
            )

    def ungrouped(self, limit: int) -> list[Remark]:
        """Remarks that belong to no incident yet and were not found harmless; oldest first."""
        return self._remarks(
            remarks()
            .where(mentions.c.grouped_at.is_(None), mentions.c.assessed_at.is_not(None))
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
        """Negative, neutral and positive mentions of each local day that had any, in order."""
        days: defaultdict[date, list[int]] = defaultdict(lambda: [0, 0, 0])
        rows = self._connection.execute(
            select(
                mentions.c.published_at,
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
            scores = (row.negative, row.neutral, row.positive)
            days[row.published_at.astimezone(tz).date()][scores.index(max(scores))] += 1
        return [(day, counts[0], counts[1], counts[2]) for day, counts in sorted(days.items())]

    def _remarks(self, query: Select[*tuple[Any, ...]]) -> list[Remark]:
        return [remark_of(row) for row in self._connection.execute(query)]

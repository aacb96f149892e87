"""Known posts that are worth another look, with what a plan needs to know of them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Sequence
from datetime import datetime

import attrs
from sqlalchemy import Connection, and_, exists, func, or_, select

from monitor.domain import EngagementSnapshot, IncidentState, PostKey
from monitor.store.statements import chunks, put
from monitor.store.tables import incidents, mentions, posts, refreshes, snapshots

__all__ = ["Refreshes", "WatchedPost"]

_COUNTS = ("views", "likes", "shares", "replies")


@attrs.frozen(kw_only=True)
class WatchedPost:
    """A post about a watched brand. ``looked_at`` is when it was last seen, or asked for in vain.

    ``latest`` holds its last counters and those before them, the newest first.
    """

    key: PostKey
    published_at: datetime
    looked_at: datetime
    in_incident: bool
    latest: tuple[EngagementSnapshot, ...] = ()


class Refreshes:
    """Which posts are watched, and when each was last asked for again."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def watched(
        self, source: str, *, young_from: datetime, story_from: datetime, limit: int
    ) -> list[WatchedPost]:
        """Posts of a source about a brand: the young, and those of open incidents; youngest first.

        ``young_from`` bounds the publication of the ones, ``story_from`` that of the others.
        """
        in_incident = (
            exists()
            .where(
                mentions.c.post == posts.c.key,
                mentions.c.incident == incidents.c.id,
                incidents.c.state == IncidentState.OPEN,
            )
            .correlate(posts)
        )
        query = (
            select(
                posts.c.key,
                posts.c.published_at,
                posts.c.last_observed_at,
                refreshes.c.asked_at,
                in_incident.label("in_incident"),
            )
            .select_from(posts.outerjoin(refreshes, refreshes.c.post == posts.c.key))
            .where(
                posts.c.source == source,
                or_(
                    posts.c.published_at > young_from,
                    and_(posts.c.published_at > story_from, in_incident),
                ),
                posts.c.published_at > story_from,
                exists().where(mentions.c.post == posts.c.key),
            )
            .order_by(posts.c.published_at.desc(), posts.c.key.desc())
            .limit(limit)
        )
        rows = self._connection.execute(query).all()
        latest = self._latest([row.key for row in rows])
        return [
            WatchedPost(
                key=row.key,
                published_at=row.published_at,
                looked_at=max(row.last_observed_at, row.asked_at or row.last_observed_at),
                in_incident=bool(row.in_incident),
                latest=tuple(latest.get(row.key, ())),
            )
            for row in rows
        ]

    def asked(self, keys: Collection[PostKey], at: datetime) -> None:
        """Note that these posts are asked for; those that are not stored any more are left out."""
        for chunk in chunks(sorted(keys)):
            known = self._connection.scalars(select(posts.c.key).where(posts.c.key.in_(chunk)))
            put(
                self._connection,
                refreshes,
                [{"post": key, "source": key.source, "asked_at": at} for key in sorted(known)],
            )

    def last_asked(self, source: str) -> datetime | None:
        """When a post of this source was last asked for again."""
        return self._connection.scalar(
            select(refreshes.c.asked_at)
            .where(refreshes.c.source == source)
            .order_by(refreshes.c.asked_at.desc())
            .limit(1)
        )

    def _latest(self, keys: Sequence[PostKey]) -> dict[PostKey, list[EngagementSnapshot]]:
        found: defaultdict[PostKey, list[EngagementSnapshot]] = defaultdict(list)
        for chunk in chunks(keys):
            place = func.row_number().over(
                partition_by=snapshots.c.post, order_by=snapshots.c.taken_at.desc()
            )
            ranked = (
                select(snapshots, place.label("place"))
                .where(snapshots.c.post.in_(chunk))
                .subquery()
            )
            rows = self._connection.execute(
                select(ranked).where(ranked.c.place <= 2).order_by(ranked.c.post, ranked.c.place)
            )
            for row in rows:
                counts = {name: getattr(row, name) for name in _COUNTS}
                found[row.post].append(
                    EngagementSnapshot(key=row.post, taken_at=row.taken_at, **counts)
                )
        return found

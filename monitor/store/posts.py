"""Posts, their authors and their counters."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Sequence
from datetime import UTC, datetime

import attrs
from sqlalchemy import Connection, and_, func, or_, select

from monitor.domain import Deletion, EngagementSnapshot, Observation, Post, PostKey
from monitor.store.deleting import delete_posts, forget_authors
from monitor.store.gathering import Gathered, gather
from monitor.store.reading import select_posts, whole_post
from monitor.store.statements import chunks, put
from monitor.store.tables import authors, posts, snapshots, tombstones

__all__ = ["Gathered", "Posts", "Sighting"]

_FOR_GOOD = datetime(9999, 12, 31, tzinfo=UTC)


@attrs.frozen(kw_only=True)
class Sighting:
    """A post and when it was first seen."""

    seen_at: datetime
    post: Post


class Posts:
    """What was said, as the sources show it."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def gather(self, seen: Sequence[Observation | Deletion]) -> Gathered:
        """Take in what a crawl saw: new posts, changed ones, counters, deletions.

        The order does not matter: of two looks at a post the later one counts, a field that it
        left empty keeps what it was, and a look from before a deletion does not bring the post
        back. A changed text makes the post unmatched, unassessed, unread and ungrouped again.
        """
        return gather(self._connection, seen)

    def get(self, keys: Collection[PostKey]) -> dict[PostKey, Post]:
        """The stored ones among these posts."""
        found = {}
        for chunk in chunks(keys):
            for row in self._connection.execute(select_posts().where(posts.c.key.in_(chunk))):
                found[row.key] = whole_post(row)
        return found

    def at(self, url: str) -> list[Post]:
        """The posts that stand at an address, as several sources may bring the same one."""
        query = select_posts().where(posts.c.url == url).order_by(posts.c.key)
        return [whole_post(row) for row in self._connection.execute(query)]

    def conversing(
        self, own: Collection[str], after: Sighting | None, since: datetime, limit: int
    ) -> list[Sighting]:
        """Posts that answer others, or are by accounts of these names; first seen first.

        Names are in lower case, without @. Only what was first seen from ``since`` on, and later
        than the sighting ``after``.
        """
        seen = posts.c.first_observed_at
        names = (func.lower(authors.c.handle), func.lower(authors.c.native_id))
        query = (
            select_posts()
            .add_columns(seen)
            .where(
                seen >= since,
                or_(
                    posts.c.parent.is_not(None),
                    posts.c.thread.is_not(None),
                    *(func.ltrim(name, "@").in_(own) for name in names),
                ),
            )
            .order_by(seen, posts.c.key)
            .limit(limit)
        )
        if after is not None:
            same = and_(seen == after.seen_at, posts.c.key > after.post.key)
            query = query.where(or_(seen > after.seen_at, same))
        return [
            Sighting(seen_at=row.first_observed_at, post=whole_post(row))
            for row in self._connection.execute(query)
        ]

    def unmatched(self, fingerprint: str, limit: int) -> list[Post]:
        """Posts that were not matched with these brands as they are now; oldest first."""
        # Two ranges instead of "is not", so that an index finds that there are none.
        matched_with = posts.c.matched_with
        rows = self._connection.execute(
            select_posts()
            .where(
                or_(matched_with.is_(None), matched_with < fingerprint, matched_with > fingerprint)
            )
            .order_by(posts.c.published_at, posts.c.key)
            .limit(limit)
        )
        return [whole_post(row) for row in rows]

    def snapshots(self, keys: Collection[PostKey]) -> dict[PostKey, list[EngagementSnapshot]]:
        """The counters of these posts over time; a post without any has no entry."""
        found: dict[PostKey, list[EngagementSnapshot]] = defaultdict(list)
        for chunk in chunks(keys):
            rows = self._connection.execute(
                select(snapshots)
                .where(snapshots.c.post.in_(chunk))
                .order_by(snapshots.c.post, snapshots.c.taken_at)
            )
            for row in rows:
                found[row.post].append(
                    EngagementSnapshot(
                        key=row.post,
                        taken_at=row.taken_at,
                        views=row.views,
                        likes=row.likes,
                        shares=row.shares,
                        replies=row.replies,
                    )
                )
        return dict(found)

    def first_observed_at(self, source: str | None = None) -> datetime | None:
        """When the watch began: at this source, or at all."""
        query = select(posts.c.first_observed_at).order_by(posts.c.first_observed_at).limit(1)
        if source is not None:
            query = query.where(posts.c.source == source)
        return self._connection.scalar(query)

    def count(self) -> int:
        """How many posts are stored."""
        return self._connection.scalar(select(func.count()).select_from(posts)) or 0

    def erase_author(self, source: str, native_id: str) -> int:
        """Remove an author and all that they said, for good; how many posts that were."""
        keys = list(
            self._connection.scalars(
                select(posts.c.key)
                .where(posts.c.source == source, posts.c.author == native_id)
                .with_for_update()
            )
        )
        put(
            self._connection,
            tombstones,
            [{"key": key, "deleted_at": _FOR_GOOD} for key in sorted(keys)],
        )
        delete_posts(self._connection, keys)
        forget_authors(self._connection, [(source, native_id)])
        return len(keys)

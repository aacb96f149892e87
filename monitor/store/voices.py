"""Who tells an incident, when, and how far it is heard: read without the posts' texts."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime

import attrs
from sqlalchemy import Connection, and_, bindparam, exists, func, or_, select

from monitor.domain import EngagementSnapshot, Incident, IncidentState, PostKey, Voice
from monitor.store.incidents import INCIDENT, incident_of
from monitor.store.tables import assessments, authors, incidents, mentions, posts, snapshots

__all__ = ["Counts", "Utterance", "Voices"]

# These run for every incident that changed, so they are built once.
_OF_INCIDENT = (
    select(
        mentions.c.post,
        mentions.c.published_at,
        posts.c.author,
        authors.c.name,
        authors.c.handle,
        authors.c.followers,
        assessments.c.negative,
        assessments.c.anger,
    )
    .select_from(mentions)
    .join(posts, posts.c.key == mentions.c.post)
    .join(assessments, and_(assessments.c.post == posts.c.key, assessments.c.newest))
    .outerjoin(
        authors,
        and_(authors.c.source == posts.c.source, authors.c.native_id == posts.c.author),
    )
    .where(mentions.c.incident == bindparam("name"))
    .order_by(mentions.c.published_at, mentions.c.post)
)
_LATELY = (
    _OF_INCIDENT.add_columns(posts.c.first_observed_at, assessments.c.arousal)
    .where(mentions.c.published_at > bindparam("since"))
    .where(mentions.c.published_at <= bindparam("until"))
)
_TEXTS = (
    select(posts.c.text)
    .join(mentions, mentions.c.post == posts.c.key)
    .where(
        mentions.c.incident == bindparam("name"),
        mentions.c.published_at > bindparam("since"),
        mentions.c.published_at <= bindparam("until"),
    )
    .order_by(mentions.c.published_at, mentions.c.post)
)
_SEEN_BEFORE = (
    select(posts.c.first_observed_at)
    .where(posts.c.source == bindparam("name"), posts.c.first_observed_at < bindparam("moment"))
    .order_by(posts.c.first_observed_at.desc())
    .limit(1)
)
_FIRST_HEARD = (
    select(posts.c.first_observed_at)
    .where(
        exists().where(mentions.c.post == posts.c.key).where(mentions.c.brand == bindparam("name"))
    )
    .order_by(posts.c.first_observed_at)
    .limit(1)
)
_TIMES = (
    select(mentions.c.published_at)
    .where(mentions.c.incident == bindparam("name"))
    .order_by(mentions.c.published_at)
)
_SNAPSHOTS = (
    select(snapshots)
    .join(mentions, mentions.c.post == snapshots.c.post)
    .where(mentions.c.incident == bindparam("name"))
    .order_by(snapshots.c.taken_at, snapshots.c.post)
)
_READINGS = (
    select(
        mentions.c.incident,
        snapshots.c.views,
        func.row_number()
        .over(
            partition_by=(mentions.c.incident, snapshots.c.post),
            order_by=snapshots.c.taken_at.desc(),
        )
        .label("age"),
    )
    .join(snapshots, snapshots.c.post == mentions.c.post)
    .where(
        mentions.c.incident.in_(bindparam("names", expanding=True)),
        snapshots.c.views.is_not(None),
    )
    .subquery()
)
_VIEWS = (
    select(_READINGS.c.incident, func.sum(_READINGS.c.views))
    .where(_READINGS.c.age == 1)
    .group_by(_READINGS.c.incident)
)
_WIDELY_SEEN = INCIDENT.where(
    incidents.c.state == IncidentState.FORMING,
    incidents.c.last_post_at > bindparam("told_after"),
    exists()
    .where(mentions.c.incident == incidents.c.id)
    .where(snapshots.c.post == mentions.c.post)
    .where(snapshots.c.views >= bindparam("least")),
).order_by(incidents.c.id)
_GROUPED = select(func.count()).where(mentions.c.incident.is_not(None))
_MISCOUNTED = INCIDENT.where(
    incidents.c.posts
    != select(func.count()).where(mentions.c.incident == incidents.c.id).scalar_subquery()
).order_by(incidents.c.id)
_COUNTS = select(func.count(), func.count(mentions.c.incident)).select_from(mentions)


@attrs.frozen(kw_only=True)
class Counts:
    """How much is stored: mentions, and how many of them belong to a story."""

    mentions: int
    grouped: int


@attrs.frozen(kw_only=True)
class Utterance:
    """One post of an incident as it bears on whether to tell somebody; its text is not read."""

    post: PostKey
    published_at: datetime
    observed_at: datetime
    """When it was first seen."""
    author: str
    """The author's identity; an anonymous post counts as an author of its own."""
    author_name: str
    followers: int | None
    negative: float
    anger: float | None
    arousal: float | None


class Voices:
    """What the posts of an incident add up to."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def of(self, incident: str) -> list[Voice]:
        """The posts of an incident without their texts; oldest first."""
        return [
            Voice(
                post=row.post,
                published_at=row.published_at,
                author=f"{row.post.source}:{row.author}" if row.author else str(row.post),
                author_name=row.name or row.handle or "",
                followers=row.followers,
                negative=row.negative,
                anger=row.anger,
            )
            for row in self._connection.execute(_OF_INCIDENT, {"name": incident})
        ]

    def lately(self, incident: str, since: datetime, until: datetime) -> list[Utterance]:
        """The posts of an incident that were published after ``since``, up to ``until``."""
        bounds = {"name": incident, "since": since, "until": until}
        return [
            Utterance(
                post=row.post,
                published_at=row.published_at,
                observed_at=row.first_observed_at,
                author=f"{row.post.source}:{row.author}" if row.author else str(row.post),
                author_name=row.name or row.handle or "",
                followers=row.followers,
                negative=row.negative,
                anger=row.anger,
                arousal=row.arousal,
            )
            for row in self._connection.execute(_LATELY, bounds)
        ]

    def texts(self, incident: str, since: datetime, until: datetime) -> list[str]:
        """What the posts say that were published after ``since``, up to ``until``."""
        bounds = {"name": incident, "since": since, "until": until}
        return list(self._connection.scalars(_TEXTS, bounds))

    def said_by(self, brand: str, names: Collection[str], since: datetime) -> list[str]:
        """What accounts of these names (lower case, without @) said of a brand since then."""
        if not names:
            return []
        known_as = (func.lower(authors.c.handle), func.lower(authors.c.native_id))
        written_by = and_(authors.c.source == posts.c.source, authors.c.native_id == posts.c.author)
        return list(
            self._connection.scalars(
                select(posts.c.text)
                .join(mentions, mentions.c.post == posts.c.key)
                .join(authors, written_by)
                .where(
                    mentions.c.brand == brand,
                    mentions.c.published_at > since,
                    or_(*(func.ltrim(name, "@").in_(names) for name in known_as)),
                )
                .order_by(mentions.c.published_at, mentions.c.post)
            )
        )

    def seen_before(self, source: str, moment: datetime) -> datetime | None:
        """When the latest post of a source that was new before ``moment`` was first seen."""
        return self._connection.scalar(_SEEN_BEFORE, {"name": source, "moment": moment})

    def first_heard_at(self, brand: str) -> datetime | None:
        """When the first stored post about a brand was seen, whenever it was published."""
        return self._connection.scalar(_FIRST_HEARD, {"name": brand})

    def times(self, incident: str) -> list[datetime]:
        """When the posts of an incident were published, in order."""
        return list(self._connection.scalars(_TIMES, {"name": incident}))

    def snapshots(self, incident: str) -> list[EngagementSnapshot]:
        """Every reading of the counters of an incident's posts, in order."""
        return [
            EngagementSnapshot(
                key=row.post,
                taken_at=row.taken_at,
                views=row.views,
                likes=row.likes,
                shares=row.shares,
                replies=row.replies,
            )
            for row in self._connection.execute(_SNAPSHOTS, {"name": incident})
        ]

    def views(self, names: Sequence[str]) -> dict[str, int]:
        """The views of each incident's posts together, as last read; none where all are hidden."""
        rows = self._connection.execute(_VIEWS, {"names": names})
        return {incident: int(total) for incident, total in rows}

    def widely_seen(self, least: int, told_after: datetime) -> list[Incident]:
        """Stories not yet called incidents, told lately, of which one post has so many views."""
        bounds = {"least": least, "told_after": told_after}
        return [incident_of(row) for row in self._connection.execute(_WIDELY_SEEN, bounds)]

    def grouped(self) -> int:
        """How many mentions belong to a story."""
        return self._connection.scalar(_GROUPED) or 0

    def miscounted(self) -> list[Incident]:
        """Stories that hold fewer posts than they count: some were deleted, edited or let go."""
        return [incident_of(row) for row in self._connection.execute(_MISCOUNTED)]

    def counts(self) -> Counts:
        """How many mentions are stored, and how many of them tell a story."""
        row = self._connection.execute(_COUNTS).one()
        return Counts(mentions=int(row[0]), grouped=int(row[1]))

"""Taking in what a crawl saw: upsert posts and authors, append counters, delete what is gone.

Stored records are read, merged in plain Python and written back. Rows are locked in the order of
their keys, posts before authors, so that several crawls can write to PostgreSQL at once.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime

import attrs
from sqlalchemy import Connection, delete, select, tuple_, update

from monitor.domain import Author, Deletion, Observation, PostKey
from monitor.store.column_types import storable
from monitor.store.deleting import delete_posts, forget_authors
from monitor.store.merging import merged
from monitor.store.statements import Record, add, chunks, put
from monitor.store.tables import assessments, authors, mentions, posts, snapshots, tombstones

__all__ = ["Gathered", "gather"]

_OPTIONAL_OF_POST = ("url", "author", "parent", "thread", "language_hint", "rating")
_OPTIONAL_OF_AUTHOR = ("handle", "name", "followers")
_POST_COLUMNS = [column for column in posts.c if column.name != "matched_with"]

AuthorKey = tuple[str, str]


@attrs.frozen(kw_only=True)
class Gathered:
    """What a batch brought: new posts, known ones whose text changed, counters, deletions."""

    new: int = 0
    changed: int = 0
    snapshots: int = 0
    deleted: int = 0

    def __add__(self, other: Gathered) -> Gathered:
        return Gathered(
            new=self.new + other.new,
            changed=self.changed + other.changed,
            snapshots=self.snapshots + other.snapshots,
            deleted=self.deleted + other.deleted,
        )


@attrs.define
class _Changes:
    """What one batch does to the posts, worked out before anything is written."""

    fresh: list[Record] = attrs.field(factory=list)
    updated: list[Record] = attrs.field(factory=list)
    retold: list[PostKey] = attrs.field(factory=list)
    redated: list[PostKey] = attrs.field(factory=list)
    gone: list[PostKey] = attrs.field(factory=list)
    tombstones: list[Record] = attrs.field(factory=list)
    abandoned: set[AuthorKey] = attrs.field(factory=set)
    accepted: list[Observation] = attrs.field(factory=list)


def gather(connection: Connection, seen: Sequence[Observation | Deletion]) -> Gathered:
    """Bring the store up to what was seen; see ``Posts.gather``."""
    events: dict[PostKey, list[Observation | Deletion]] = defaultdict(list)
    for event in seen:
        key = event.key if isinstance(event, Deletion) else event.post.key
        events[_storable_key(key)].append(event)
    total = Gathered()
    accepted: list[Observation] = []
    abandoned: set[AuthorKey] = set()
    for keys in chunks(sorted(events, key=str)):
        total += _write_posts(connection, {key: events[key] for key in keys}, accepted, abandoned)
    _write_authors(connection, accepted)
    forget_authors(connection, sorted(abandoned))
    return total + Gathered(snapshots=_append_snapshots(connection, accepted))


# --- posts --------------------------------------------------------------------------------------


def _write_posts(
    connection: Connection,
    events: dict[PostKey, list[Observation | Deletion]],
    accepted: list[Observation],
    abandoned: set[AuthorKey],
) -> Gathered:
    changes = _changes(connection, events)
    put(connection, tombstones, changes.tombstones)
    delete_posts(connection, changes.gone)
    abandoned |= changes.abandoned
    inserted = add(connection, posts, changes.fresh)
    if inserted < len(changes.fresh):
        # Another process brought some of these posts at this very moment: they are known now.
        rest = _write_posts(connection, events, accepted, abandoned)
        return rest + Gathered(new=inserted, deleted=len(changes.gone))
    put(connection, posts, changes.updated)
    _forget_conclusions(connection, changes.retold)
    _move_mentions(connection, changes)
    accepted += changes.accepted
    return Gathered(new=inserted, changed=len(changes.retold), deleted=len(changes.gone))


def _changes(
    connection: Connection, events: dict[PostKey, list[Observation | Deletion]]
) -> _Changes:
    keys = list(events)
    query = select(*_POST_COLUMNS).where(posts.c.key.in_(keys)).order_by(posts.c.key)
    stored = {row.key: row._asdict() for row in connection.execute(query.with_for_update())}
    buried = {
        row.key: row.deleted_at
        for row in connection.execute(select(tombstones).where(tombstones.c.key.in_(keys)))
    }
    changes = _Changes()
    for key, seen in events.items():
        known = stored.get(key)
        deletions = [event.observed_at for event in seen if isinstance(event, Deletion)]
        observations = [event for event in seen if isinstance(event, Observation)]
        deleted_at = max(deletions, default=None)
        if deleted_at is not None and (known or observations):
            changes.tombstones.append(
                {"key": key, "deleted_at": max(deleted_at, buried.get(key, deleted_at))}
            )
            if known and known["last_observed_at"] <= deleted_at:
                changes.gone.append(key)
                if known["author"] is not None:
                    changes.abandoned.add((key.source, known["author"]))
                known = None
        _take_in(changes, key, known, _after(observations, deleted_at, buried.get(key)))
    return changes


def _after(observations: list[Observation], *ends: datetime | None) -> list[Observation]:
    """The observations later than each of these ends, in the order in which they were made."""
    alive = [
        observation
        for observation in observations
        if all(end is None or observation.observed_at > end for end in ends)
    ]
    return sorted(alive, key=lambda observation: observation.observed_at)


def _take_in(
    changes: _Changes, key: PostKey, known: Record | None, observations: list[Observation]
) -> None:
    if not observations:
        return
    changes.accepted += observations
    record = known
    for observation in observations:
        record = merged(record, _post_record(key, observation), _OPTIONAL_OF_POST)
    if record is None or record == known:
        return
    if known is None:
        changes.fresh.append(record)
        return
    changes.updated.append(record)
    if record["text"] != known["text"]:
        changes.retold.append(key)
    elif record["published_at"] != known["published_at"]:
        changes.redated.append(key)


def _post_record(key: PostKey, observation: Observation) -> Record:
    post = observation.post
    return {
        "key": key,
        "source": key.source,
        "text": storable(post.text),
        "published_at": post.published_at,
        "url": _storable_or_none(post.url),
        "author": None if post.author is None else storable(post.author.native_id),
        "parent": None if post.parent is None else _storable_key(post.parent),
        "thread": None if post.thread is None else _storable_key(post.thread),
        "language_hint": _storable_or_none(post.language_hint),
        "media": post.media,
        "rating": post.rating,
        "first_observed_at": observation.observed_at,
        "last_observed_at": observation.observed_at,
        "carried": None,
    }


def _forget_conclusions(connection: Connection, keys: list[PostKey]) -> None:
    """A text that changed is to be matched, assessed and grouped again."""
    for chunk in chunks(keys):
        connection.execute(update(posts).where(posts.c.key.in_(chunk)).values(matched_with=None))
        connection.execute(delete(mentions).where(mentions.c.post.in_(chunk)))
        connection.execute(delete(assessments).where(assessments.c.post.in_(chunk)))


def _move_mentions(connection: Connection, changes: _Changes) -> None:
    for chunk in chunks(changes.redated):
        at = select(posts.c.published_at).where(posts.c.key == mentions.c.post).scalar_subquery()
        connection.execute(
            update(mentions).where(mentions.c.post.in_(chunk)).values(published_at=at)
        )


# --- authors and counters -----------------------------------------------------------------------


def _write_authors(connection: Connection, observations: list[Observation]) -> None:
    seen: dict[AuthorKey, Record] = {}
    for observation in observations:
        author = observation.post.author
        if author is not None:
            record = _author_record(observation, author)
            name = (record["source"], record["native_id"])
            seen[name] = merged(seen.get(name), record, _OPTIONAL_OF_AUTHOR)
    for chunk in chunks(sorted(seen), 400):
        _write_known_authors(connection, {name: seen[name] for name in chunk})


def _write_known_authors(connection: Connection, seen: dict[AuthorKey, Record]) -> None:
    query = (
        select(authors)
        .where(tuple_(authors.c.source, authors.c.native_id).in_(list(seen)))
        .order_by(authors.c.source, authors.c.native_id)
        .with_for_update()
    )
    known = {(row.source, row.native_id): row._asdict() for row in connection.execute(query)}
    fresh = [record for name, record in seen.items() if name not in known]
    if add(connection, authors, fresh) < len(fresh):
        _write_known_authors(connection, seen)
        return
    both = [
        (record, merged(record, seen[name], _OPTIONAL_OF_AUTHOR)) for name, record in known.items()
    ]
    put(connection, authors, [after for before, after in both if after != before])


def _author_record(observation: Observation, author: Author) -> Record:
    return {
        "source": observation.post.key.source,
        "native_id": storable(author.native_id),
        "handle": _storable_or_none(author.handle),
        "name": _storable_or_none(author.name),
        "followers": author.followers,
        "last_observed_at": observation.observed_at,
        "carried": None,
    }


def _append_snapshots(connection: Connection, observations: list[Observation]) -> int:
    records = [
        {
            "post": snapshot.key,
            "taken_at": snapshot.taken_at,
            "views": snapshot.views,
            "likes": snapshot.likes,
            "shares": snapshot.shares,
            "replies": snapshot.replies,
        }
        for observation in observations
        if (snapshot := observation.snapshot) is not None
        and (snapshot.views, snapshot.likes, snapshot.shares, snapshot.replies) != (None,) * 4
    ]
    return sum(add(connection, snapshots, chunk) for chunk in chunks(records))


def _storable_key(key: PostKey) -> PostKey:
    return PostKey(key.source, storable(key.native_id))


def _storable_or_none(text: str | None) -> str | None:
    return None if text is None else storable(text)

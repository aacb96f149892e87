"""Removing what a source no longer shows, and what a person asked to have removed."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from sqlalchemy import Connection, and_, delete, exists, tuple_

from monitor.domain import PostKey
from monitor.store.statements import chunks
from monitor.store.tables import authors, posts

__all__ = ["delete_posts", "forget_authors"]


def delete_posts(connection: Connection, keys: Collection[PostKey]) -> None:
    """Remove these posts; counters, mentions and assessments go with them (ON DELETE CASCADE)."""
    for chunk in chunks(keys):
        connection.execute(delete(posts).where(posts.c.key.in_(chunk)))


def forget_authors(connection: Connection, names: Sequence[tuple[str, str]]) -> None:
    """Remove those of these authors (source, native id) of whom no post is left."""
    said_something = exists().where(
        and_(posts.c.source == authors.c.source, posts.c.author == authors.c.native_id)
    )
    for chunk in chunks(sorted(names), 400):
        connection.execute(
            delete(authors).where(
                tuple_(authors.c.source, authors.c.native_id).in_(chunk), ~said_something
            )
        )

"""What was said about a brand in a period, and by the same people before."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from datetime import datetime

from sqlalchemy import Connection, and_, or_, select

from monitor.domain import Remark, Target
from monitor.store.reading import remark_of, remarks
from monitor.store.statements import chunks
from monitor.store.tables import assessments, mentions, posts

__all__ = ["Readings"]

_AT_ONCE = 1_000


class Readings:
    """What mentions say, looked at over time and by author."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def between(self, brand: str, since: datetime, until: datetime) -> Iterator[Remark]:
        """The remarks about a brand from ``since`` to before ``until``, in order.

        They come as they are asked for: a busy week need not fit into memory.
        """
        query = remarks().where(
            mentions.c.brand == brand,
            mentions.c.published_at >= since,
            mentions.c.published_at < until,
        )
        rows = self._connection.execute(query, execution_options={"yield_per": _AT_ONCE})
        for row in rows:
            yield remark_of(row)

    def balances(
        self, brand: str, authors: Iterable[tuple[str, str]], until: datetime
    ) -> dict[tuple[str, str], list[tuple[datetime, float]]]:
        """When each of these authors spoke of a brand before ``until``, and how well.

        An author is a source and the id there. How well is positive minus negative, from -1 to 1.
        What the model could not judge, and displeasure that is aimed at somebody else or at nobody,
        is left out.
        """
        by_source: defaultdict[str, list[str]] = defaultdict(list)
        for source, author in authors:
            by_source[source].append(author)
        found: defaultdict[tuple[str, str], list[tuple[datetime, float]]] = defaultdict(list)
        for source, names in by_source.items():
            for some in chunks(names):
                for author, said_at, balance in self._balances(brand, source, some, until):
                    found[source, author].append((said_at, balance))
        return dict(found)

    def _balances(
        self, brand: str, source: str, names: list[str], until: datetime
    ) -> Iterator[tuple[str, datetime, float]]:
        newest = and_(assessments.c.post == posts.c.key, assessments.c.newest)
        rows = self._connection.execute(
            select(
                posts.c.author,
                mentions.c.published_at,
                assessments.c.positive,
                assessments.c.negative,
            )
            .join(mentions, mentions.c.post == posts.c.key)
            .join(assessments, newest)
            .where(
                posts.c.source == source,
                posts.c.author.in_(names),
                mentions.c.brand == brand,
                mentions.c.published_at < until,
                ~assessments.c.abstained,
                or_(
                    mentions.c.target.is_(None),
                    mentions.c.target == Target.BRAND,
                    assessments.c.positive >= assessments.c.negative,
                ),
            )
            .order_by(mentions.c.published_at, posts.c.key)
        )
        for row in rows:
            yield row.author, row.published_at, row.positive - row.negative

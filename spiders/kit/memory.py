"""What a cursor says: how far a query has come, and what was spent on it."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta

import attrs

from monitor.domain import Deletion, Observation
from spiders.kit.allowance import Spent

__all__ = ["Memory", "is_undated"]

_MOST_UNDATED = 2_000


@attrs.frozen(kw_only=True)
class Memory:
    """The newest second that was seen, and the ids of the overlap before it.

    Sources show posts late and out of order, so each crawl looks at the overlap again; ``seen``
    holds what was brought from there already. ``undated`` are the posts without a time that the
    last crawl saw, each with the second it was first seen in.
    """

    newest: int = 0
    seen: Mapping[str, int] = attrs.field(factory=dict)
    undated: Mapping[str, int] = attrs.field(factory=dict)
    spent: Spent = attrs.field(factory=dict)

    @classmethod
    def read(cls, cursor: str) -> Memory:
        """The memory that ``written`` wrote."""
        fields = json.loads(cursor)
        spent = {name: (period, units) for name, (period, units) in fields.pop("spent", {}).items()}
        return cls(**fields, spent=spent)

    @classmethod
    def since(cls, moment: datetime) -> Memory:
        """Nothing seen yet, and nothing wanted from before ``moment``."""
        return cls(newest=int(moment.timestamp()))

    def begin(self, overlap: timedelta) -> datetime:
        """From when on posts are looked at again."""
        return datetime.fromtimestamp(max(0, self.newest - int(overlap.total_seconds())), UTC)

    def knows(self, native_id: str) -> bool:
        """Whether a post was brought before, as far back as this memory goes."""
        return native_id in self.seen or native_id in self.undated

    def knows_gone(self, native_id: str) -> bool:
        """Whether it was told before that a post is gone."""
        return _gone(native_id) in self.seen

    def with_page(
        self,
        observations: Iterable[Observation],
        deletions: Iterable[Deletion],
        overlap: timedelta,
    ) -> Memory:
        """The memory once these are stored."""
        seen, undated = dict(self.seen), dict(self.undated)
        for observation in observations:
            post = observation.post
            second = int(post.published_at.timestamp())
            if is_undated(observation):
                undated[post.key.native_id] = second
            else:
                seen[post.key.native_id] = second
        newest = max([self.newest, *seen.values()])
        seen.update((_gone(deletion.key.native_id), newest) for deletion in deletions)
        begin = newest - int(overlap.total_seconds())
        return attrs.evolve(
            self,
            newest=newest,
            seen={i: second for i, second in seen.items() if second >= begin},
            undated=dict(list(undated.items())[-_MOST_UNDATED:]),
        )

    def written(self, spent: Spent) -> str:
        """The cursor."""
        fields = attrs.asdict(attrs.evolve(self, spent=spent))
        return json.dumps({k: v for k, v in fields.items() if v}, separators=(",", ":"))


def is_undated(observation: Observation) -> bool:
    """Whether a post carries the moment at which it was observed, for want of a time of its own."""
    return observation.post.published_at >= observation.observed_at


def _gone(native_id: str) -> str:
    return f"gone:{native_id}"

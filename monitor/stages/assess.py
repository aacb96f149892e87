"""assess: what the model says of every post about a brand, and what the post says of each brand."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Protocol

import attrs

from monitor.domain import Assessment, Mention, Post, PostKey, Reading
from monitor.store.store import Store

if TYPE_CHECKING:
    from nlp.scoring import Scorer

__all__ = ["Assess", "Reader"]


class Reader(Protocol):
    """Reads what a post says about brands beyond its mood."""

    @property
    def revision(self) -> str:
        """By which rules and taxonomies; it is stored with every reading."""
        ...

    def read(
        self, post: Post, mentions: Sequence[Mention], assessment: Assessment
    ) -> Sequence[Reading]:
        """One Reading for each mention of the post, in their order."""
        ...


@attrs.frozen
class Assess:
    """Mentions that were not read get a reading, and their posts an assessment if they have none.

    Model and reader are asked outside any transaction; both answers are kept in one.
    """

    scorer: Scorer
    reader: Reader
    batch: int = 256
    name: str = attrs.field(default="assess", init=False)

    def run(self, store: Store, now: datetime) -> int:
        """Score and read up to ``batch`` posts, oldest first."""
        with store.read() as work:
            unread = work.mentions.unread(self.batch)
        if unread:
            new = self._scored([one.post for one in unread if one.assessment is None])
            readings: dict[tuple[PostKey, str], Reading] = {}
            for one in unread:
                said = one.assessment or new[one.post.key]
                found = self.reader.read(one.post, one.mentions, said)
                for mention, reading in zip(one.mentions, found, strict=True):
                    readings[mention.post, mention.brand] = reading
            with store.begin() as work:
                work.mentions.assess(new, now)
                work.mentions.read(readings, self.reader.revision, now)
        return len(unread)

    def _scored(self, posts: Sequence[Post]) -> dict[PostKey, Assessment]:
        if not posts:
            return {}
        said = self.scorer.score(
            [post.text for post in posts], [post.language_hint for post in posts]
        )
        return {post.key: assessment for post, assessment in zip(posts, said, strict=True)}

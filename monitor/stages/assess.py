"""assess: what the model says of every post that is about a brand."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

import attrs

from monitor.store.store import Store

if TYPE_CHECKING:
    from nlp.scoring import Scorer

__all__ = ["Assess"]


@attrs.frozen
class Assess:
    """Mentioned posts without an assessment get one; the model is asked outside any transaction."""

    scorer: Scorer
    batch: int = 256
    name: str = attrs.field(default="assess", init=False)

    def run(self, store: Store, now: datetime) -> int:
        """Score up to ``batch`` posts, oldest first."""
        with store.read() as work:
            posts = work.mentions.unassessed(self.batch)
        if posts:
            said = self.scorer.score(
                [post.text for post in posts], [post.language_hint for post in posts]
            )
            keys = [post.key for post in posts]
            with store.begin() as work:
                work.mentions.assess(dict(zip(keys, said, strict=True)), now)
        return len(posts)

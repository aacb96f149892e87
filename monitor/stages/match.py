"""match: which brands is this post about, and where in the text."""

from __future__ import annotations

from datetime import datetime

import attrs

from monitor.incidents.matching import Matcher
from monitor.store.store import Store

__all__ = ["Match"]


@attrs.frozen
class Match:
    """Posts never matched, or matched under other definitions of the brands, get mentions."""

    matcher: Matcher
    batch: int = 1_000
    name: str = attrs.field(default="match", init=False)

    def run(self, store: Store, now: datetime) -> int:
        """Match up to ``batch`` posts, oldest first."""
        fingerprint = self.matcher.fingerprint
        with store.read() as work:
            posts = work.posts.unmatched(fingerprint, self.batch)
        if posts:
            found = {post.key: self.matcher.match(post) for post in posts}
            with store.begin() as work:
                work.mentions.match(fingerprint, found)
        return len(posts)

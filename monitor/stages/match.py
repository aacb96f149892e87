"""match: which brands is this post about, and where in the text.

A reply need not name the brand again: it is about whatever the post that it answers, or the one
that began the thread, is about.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import attrs

from monitor.domain import Mention, Post, PostKey
from monitor.incidents.matching import Matcher
from monitor.store.store import Store
from monitor.store.unit_of_work import UnitOfWork

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
                now_told = work.posts.get(found)
                # What was edited meanwhile stays unmatched: the next run reads its new text.
                same = [post for post in posts if now_told.get(post.key) == post]
                found = {post.key: found[post.key] for post in same}
                _follow_threads(same, found, work)
                work.mentions.match(fingerprint, found)
        return len(posts)


def _follow_threads(
    posts: Sequence[Post], found: dict[PostKey, list[Mention]], work: UnitOfWork
) -> None:
    """Give posts that name no brand the brands of what they answer, in the order of their times."""
    replies = [post for post in posts if not found[post.key] and (post.parent or post.thread)]
    above = {key for post in replies for key in (post.parent, post.thread) if key is not None}
    known = work.mentions.brands(above)
    for post in replies:
        for key in (post.parent, post.thread):
            if key is None:
                continue
            brands = [mention.brand for mention in found.get(key, ())] or known.get(key, [])
            if brands:
                found[post.key] = [Mention(post=post.key, brand=brand) for brand in brands]
                break

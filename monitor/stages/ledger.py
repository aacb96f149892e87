"""Which promises a new post keeps: the brand comes back to it, or the customer says thanks.

What passes between brand and customer where nobody else reads is not seen. Until one of them says
something in public, or somebody says so here, a promise counts as open.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from collections.abc import Set as AbstractSet
from datetime import datetime, timedelta

import attrs

from monitor.casework import Promise, PromiseKind
from monitor.domain import Author, Post, PostKey
from monitor.incidents.words import words
from monitor.store.unit_of_work import UnitOfWork

__all__ = ["Reply", "kept"]

_REMEMBERED = timedelta(days=60)
"""A conversation that is taken up after so long is another one."""
_REPEATED = 0.6
"""A post that shares so many of its words with the promise is a repetition."""


@attrs.frozen(kw_only=True)
class Reply:
    """A post in a conversation: the brand's own, or somebody's thanks.

    Of an own post ``bound`` is what it promises itself, and ``answers`` whether it says more than
    courtesies.
    """

    post: Post
    own: bool
    bound: AbstractSet[PromiseKind] = frozenset()
    answers: bool = False


def kept(replies: Sequence[Reply], now: datetime, work: UnitOfWork) -> Iterator[Promise]:
    """The open promises that these posts keep, as they are since."""
    if not replies:
        return
    open_ones = work.promises.open(made_after=now - _REMEMBERED)
    posts = work.posts.get({promise.post for promise in open_ones})
    of_conversation: defaultdict[PostKey, list[Promise]] = defaultdict(list)
    for promise in open_ones:
        if promise.post in posts:
            for key in _conversation(posts[promise.post]):
                of_conversation[key].append(promise)
    relevant = [
        (reply, promise)
        for reply in sorted(replies, key=lambda one: (one.post.published_at, one.post.key))
        for promise in {
            (one.post, one.kind): one
            for key in _conversation(reply.post)
            for one in of_conversation.get(key, ())
        }.values()
        if reply.post.published_at > promise.made_at
    ]
    asked = {
        key
        for reply, promise in relevant
        for key in (reply.post.parent, posts[promise.post].parent)
        if key is not None
    }
    parents = work.posts.get(asked)
    done: set[tuple[PostKey, PromiseKind]] = set()
    for reply, promise in relevant:
        made_in = posts[promise.post]
        customer = _author_of(made_in.parent, parents)
        if (promise.post, promise.kind) in done:
            continue
        if _keeps(reply, promise, made_in, customer, _author_of(reply.post.parent, parents)):
            done.add((promise.post, promise.kind))
            yield attrs.evolve(
                promise, kept_at=reply.post.published_at, kept_by=str(reply.post.key)
            )


def _keeps(
    reply: Reply,
    promise: Promise,
    made_in: Post,
    customer: Author | None,
    addressed: Author | None,
) -> bool:
    post = reply.post
    if not reply.own:
        return customer is None or _same(post.author, customer)
    meant = (
        post.parent == made_in.key
        or customer is None
        or addressed is None
        or _same(addressed, customer)
        or _same(addressed, made_in.author)
    )
    if not meant or promise.kind in reply.bound or _repeats(post, made_in):
        return False
    return promise.kind is PromiseKind.HANDOFF or reply.answers


def _conversation(post: Post) -> set[PostKey]:
    return {key for key in (post.key, post.parent, post.thread) if key is not None}


def _author_of(key: PostKey | None, posts: dict[PostKey, Post]) -> Author | None:
    return posts[key].author if key is not None and key in posts else None


def _same(one: Author | None, other: Author | None) -> bool:
    return one is not None and other is not None and one.native_id == other.native_id


def _repeats(post: Post, earlier: Post) -> bool:
    said, before = set(words(post.text)), set(words(earlier.text))
    return len(said & before) > _REPEATED * max(len(said | before), 1)

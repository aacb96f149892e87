"""What ties a post to a story whatever it means: an answer, a thread, a wording, a link.

Each story remembers the ties of its latest posts, so many at most, so that a tie is found and a
story merged at a cost that does not grow with what is stored.
"""

from __future__ import annotations

import bisect
import itertools
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import TypeAlias

import attrs
import numpy as np
import rensa

from monitor.domain import Post, PostKey

__all__ = ["Ties", "Wording", "wording"]

_SIGNATURE = 64
_BANDS = 16
_SEED = 7
_LEAST_PAIRS = 3
"""Of fewer neighbouring words no two posts are called alike."""

_Band: TypeAlias = tuple[int, bytes]
_Claim: TypeAlias = tuple[str, PostKey | str]
_POST, _THREAD, _AWAITED, _LINK = "post", "thread", "awaited", "link"


@attrs.frozen
class Wording:
    """The pairs of neighbouring words of a text, and where those that are alike meet (MinHash)."""

    pairs: frozenset[str]
    bands: tuple[_Band, ...]


def wording(terms: Sequence[str]) -> Wording | None:
    """How a text is worded; ``None`` where it is too short to be a repost of another."""
    pairs = frozenset(f"{a} {b}" for a, b in itertools.pairwise(terms))
    if len(pairs) < _LEAST_PAIRS:
        return None
    signature = rensa.RMinHash(num_perm=_SIGNATURE, seed=_SEED)
    signature.update(sorted(pairs))
    digest = np.asarray(signature.digest(), dtype=np.uint32).reshape(_BANDS, -1)
    return Wording(pairs, tuple((band, rows.tobytes()) for band, rows in enumerate(digest)))


@attrs.frozen(order=True)
class _Told:
    """One post of a story, with all that others may be tied to it by."""

    published_at: datetime
    key: PostKey
    claims: tuple[_Claim, ...] = attrs.field(order=False)
    wording: Wording | None = attrs.field(order=False)


@attrs.define
class _Held:
    latest: list[_Told] = attrs.field(factory=list)
    claims: Counter[_Claim] = attrs.field(factory=Counter)


class Ties:
    """The ties of the stories of one brand."""

    def __init__(self, near_duplicate: float, memory: int) -> None:
        """``near_duplicate`` is a Jaccard similarity; ``memory`` counts posts of a story."""
        self._near_duplicate = near_duplicate
        self._memory = memory
        self._held: defaultdict[str, _Held] = defaultdict(_Held)
        self._stories: dict[_Claim, str] = {}
        self._wordings: dict[PostKey, tuple[Wording, str]] = {}
        self._by_band: defaultdict[_Band, dict[PostKey, None]] = defaultdict(dict)

    def find(self, post: Post, said: Wording | None, links: Sequence[str]) -> str | None:
        """The story that a post is tied to, by the strongest tie that it has."""
        for key in (post.parent, post.thread, post.key):
            if key is not None:
                story = self._stories.get((_POST, key)) or self._stories.get((_THREAD, key))
                if story is not None:
                    return story
        awaiting = self._stories.get((_AWAITED, post.key))
        if awaiting is not None:
            return awaiting
        if said is not None:
            for band in said.bands:
                for key in self._by_band.get(band, ()):
                    other, story = self._wordings[key]
                    if _jaccard(said.pairs, other.pairs) >= self._near_duplicate:
                        return story
        linked = (self._stories.get((_LINK, link)) for link in links)
        return next((story for story in linked if story is not None), None)

    def add(self, story: str, post: Post, said: Wording | None, links: Sequence[str]) -> None:
        """Let a post of a story be one that others are tied to."""
        claims = tuple(_claims(post, links))
        held = self._held[story]
        held.claims.update(claims)
        for claim in claims:
            self._stories.setdefault(claim, story)
        self._stories[_POST, post.key] = story
        if said is not None:
            self._wordings[post.key] = (said, story)
            for band in said.bands:
                self._by_band[band][post.key] = None
        bisect.insort(held.latest, _Told(post.published_at, post.key, claims, said))
        self._trim(held, story)

    def move(self, gone: str, into: str) -> None:
        """Let everything that is tied to one story be tied to another."""
        moved, held = self._held.pop(gone, _Held()), self._held[into]
        for claim in moved.claims:
            if self._stories.get(claim) == gone:
                self._stories[claim] = into
        for told in moved.latest:
            if told.wording is not None:
                self._wordings[told.key] = (told.wording, into)
        held.claims.update(moved.claims)
        held.latest = sorted(held.latest + moved.latest)
        self._trim(held, into)

    def drop(self, story: str) -> None:
        """Let nothing be tied to a story any more."""
        held = self._held.pop(story, _Held())
        for told in held.latest:
            self._release(held, story, told)

    def _trim(self, held: _Held, story: str) -> None:
        while len(held.latest) > self._memory:
            self._release(held, story, held.latest.pop(0))

    def _release(self, held: _Held, story: str, told: _Told) -> None:
        for claim in told.claims:
            held.claims[claim] -= 1
            if not held.claims[claim]:
                del held.claims[claim]
                if self._stories.get(claim) == story:
                    del self._stories[claim]
        if told.wording is not None:
            del self._wordings[told.key]
            for band in told.wording.bands:
                del self._by_band[band][told.key]
                if not self._by_band[band]:
                    del self._by_band[band]


def _claims(post: Post, links: Sequence[str]) -> Iterator[_Claim]:
    yield _POST, post.key
    if post.parent is not None:
        yield _AWAITED, post.parent
    if post.thread is not None:
        yield _THREAD, post.thread
    for link in links:
        yield _LINK, link


def _jaccard(a: frozenset[str], b: frozenset[str]) -> float:
    return len(a & b) / len(a | b)

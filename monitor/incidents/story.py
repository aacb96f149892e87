"""A growing group of posts that tell the same, with what is needed to compare it."""

from __future__ import annotations

import bisect
import hashlib
import heapq
from collections import Counter
from collections.abc import Sequence
from datetime import datetime, timedelta

import numpy as np
import numpy.typing as npt

from monitor.domain import Post, PostKey, Remark

__all__ = ["Embeddings", "Story", "Vector", "author_id", "incident_id"]

Vector = npt.NDArray[np.float32]

_TERMS_KEPT = 60


class Embeddings:
    """The sum of the embeddings of some posts, in each script: Chinese characters and others.

    All talk about an airline is alike, and so is all that is written in Chinese. With the mean
    over all posts taken away, what is left says what one is about, in either language.
    """

    def __init__(self) -> None:
        self.counts: Vector = np.zeros(2, dtype=np.float32)
        self.sums: Vector = np.zeros((2, 0), dtype=np.float32)

    @property
    def total(self) -> Vector:
        """The sum over both scripts; empty where no post has an embedding."""
        total: Vector = self.sums[0] + self.sums[1]
        return total

    def add(self, vector: Vector, chinese: bool) -> None:
        """Count one more post; one without an embedding changes nothing."""
        if not vector.size:
            return
        if not self.sums.size:
            self.sums = np.zeros((2, vector.size), dtype=np.float32)
        self.sums[int(chinese)] += vector
        self.counts[int(chinese)] += 1

    def extend(self, other: Embeddings) -> None:
        """Count all posts of another."""
        if other.sums.size:
            self.sums = self.sums + other.sums if self.sums.size else other.sums.copy()
            self.counts = self.counts + other.counts

    def subtract(self, other: Embeddings) -> None:
        """Count the posts of another no more."""
        if other.sums.size:
            self.sums = self.sums - other.sums
            self.counts = self.counts - other.counts

    def means(self, settled: int) -> Vector:
        """The mean in each script, drawn towards nothing while few posts were seen."""
        means: Vector = self.sums / (self.counts + np.float32(settled))[:, np.newaxis]
        return means

    def unsettled(self, chinese: bool, settled: int) -> float:
        """1 where nothing was seen in this script, towards 0 as posts come in."""
        return settled / (float(self.counts[int(chinese)]) + settled)


class Story:
    """An incident in the making."""

    def __init__(self, story_id: str, brand: str, founder: Post) -> None:
        self.id = story_id
        self.brand = brand
        self.first_post = founder.key
        self.first_post_at = founder.published_at
        self.last_post_at = founder.published_at
        self.posts = 0
        self.authors: set[str] = set()
        self.meaning = Embeddings()
        self.terms: Counter[str] = Counter()
        self.words = [0, 0]
        """How many words its posts hold, each once a post: of posts in Chinese last."""
        self.chinese = 0
        """How many of its posts are in Chinese characters."""
        self.recent: list[tuple[datetime, str]] = []
        """When each post was published and by whom, in the order of their times."""

    def add(self, remark: Remark, terms: Sequence[str], chinese: bool, meaning: Embeddings) -> None:
        """Let a post join."""
        post, author = remark.post, author_id(remark)
        self.posts += 1
        self.authors.add(author)
        self._begun_by(post.published_at, post.key)
        self.last_post_at = max(self.last_post_at, post.published_at)
        bisect.insort(self.recent, (post.published_at, author))
        different = set(terms)
        self.terms.update(different)
        self.words[chinese] += len(different)
        self.chinese += chinese
        self.meaning.extend(meaning)

    def absorb(self, other: Story) -> None:
        """Take over all posts of another story."""
        self._begun_by(other.first_post_at, other.first_post)
        self.last_post_at = max(self.last_post_at, other.last_post_at)
        self.posts += other.posts
        self.chinese += other.chinese
        self.authors |= other.authors
        self.terms.update(other.terms)
        self.words = [mine + theirs for mine, theirs in zip(self.words, other.words, strict=True)]
        self.recent = sorted(self.recent + other.recent)
        self.meaning.extend(other.meaning)

    def main_terms(self) -> tuple[tuple[str, int], ...]:
        """The words that most of its posts share, most frequent first."""
        items = self.terms.items()
        return tuple(heapq.nsmallest(_TERMS_KEPT, items, key=lambda item: (-item[1], item[0])))

    def told_within(self, span: timedelta, now: datetime) -> int:
        """How many of its posts were published since ``span`` before ``now``."""
        return len(self.recent) - bisect.bisect_left(self.recent, (now - span, ""))

    def _begun_by(self, when: datetime, key: PostKey) -> None:
        """What was said earlier may be seen later."""
        if (when, key) < (self.first_post_at, self.first_post):
            self.first_post_at, self.first_post = when, key


def author_id(remark: Remark) -> str:
    """Who wrote it; an anonymous post counts as an author of its own."""
    author = remark.post.author
    return f"{remark.post.key.source}:{author.native_id}" if author else str(remark.post.key)


def incident_id(brand: str, first: Post) -> str:
    """The same posts give the same incident wherever they are grouped.

    The text counts as well: a post that was edited into another complaint begins another story.
    """
    told = f"{brand}\x00{first.key}\x00{first.text}"
    return hashlib.blake2s(told.encode(), digest_size=5).hexdigest()

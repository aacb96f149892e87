"""How much of what a post says a story says as well, by the words of both.

A word that everybody uses tells little, a rare one much: its information is the negative logarithm
of its share of all words. A story explains as much of it as the word is likelier in the story than
in all talk. That is the word model of a Dirichlet process mixture (Yin and Wang 2014; MStream, Yin
et al. 2018), divided by the information of the post, so that long and short posts compare.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Collection, Sequence

from monitor.incidents.story import Story

__all__ = ["Vocabulary"]

_PRIOR = 30.0
"""How many words' worth of all talk is mixed into what a story says."""
_HALF = 0.5
"""What a word counts for that was never seen."""
_MOST = 200_000
"""Beyond so many different words those that were said least are let go."""


class Vocabulary:
    """The words of all posts about one brand: in how many posts each stands."""

    def __init__(self) -> None:
        self.counts: Counter[str] = Counter()
        self._posts = 0
        self._words = [0, 0]

    def learn(self, terms: Collection[str], chinese: bool) -> None:
        """Count the different words of one more post."""
        self.counts.update(terms)
        self._posts += 1
        self._words[chinese] += len(terms)
        if len(self.counts) > _MOST:
            self._let_go()

    def forget(self, story: Story) -> None:
        """Count the words of a story's posts no more."""
        self.counts.subtract(story.terms)
        self._posts -= story.posts
        for term in story.terms:
            if self.counts[term] <= 0:
                del self.counts[term]
        self._words = [
            max(all_of - of_story, 0)
            for all_of, of_story in zip(self._words, story.words, strict=True)
        ]

    def share(self, term: str) -> float:
        """The share of all posts that hold a word."""
        return self.counts[term] / max(self._posts, 1)

    def explained(self, terms: Sequence[str], chinese: bool, story: Story) -> float:
        """The share of a post's information that a story explains.

        1 where it says nothing else, 0 where it is as likely as in all talk, and below 0 where
        it says much and nothing of this.
        """
        all_words = self._words[chinese] + _HALF * (len(self.counts) + 1)
        thinned = math.log1p(story.words[chinese] / _PRIOR)
        gained = information = 0.0
        for term in terms:
            share = (self.counts[term] + _HALF) / all_words
            gained += math.log1p(story.terms[term] / (_PRIOR * share)) - thinned
            information -= math.log(share)
        return gained / information if information > 0.0 else 0.0

    def alike(self, story: Story, other: Story) -> float:
        """The cosine between the words of two stories, each weighted by its information."""
        fewer, more = sorted((story.terms, other.terms), key=len)
        product = sum(
            count * more[term] * self._information(term) ** 2
            for term, count in fewer.items()
            if term in more
        )
        norms = math.prod(
            math.hypot(*(count * self._information(term) for term, count in terms.items()))
            for terms in (fewer, more)
        )
        return product / norms if norms else 0.0

    def _information(self, term: str) -> float:
        return -math.log((self.counts[term] + _HALF) / (sum(self._words) + 1.0))

    def _let_go(self) -> None:
        kept = self.counts.most_common(_MOST // 2)
        self.counts = Counter(dict(kept))

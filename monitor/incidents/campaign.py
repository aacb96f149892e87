"""What repeats the brand's own words is its campaign going round, and no complaint of many."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import TypeAlias

from monitor.incidents.words import words

__all__ = ["Wording", "share_of_own_words", "wording"]

Wording: TypeAlias = frozenset[str]
"""The pairs of neighbouring words of a text."""

_FEWEST = 3
"""A text of fewer word pairs (thank you all) says nothing by which it can be known again."""
_REPEATED = 0.6
"""The share of the brand's word pairs that a post holds which passes them on: what is put before
or after them does not matter, nor that a platform cut off the end."""


def wording(text: str) -> Wording:
    """The word pairs of a text; none of one that is too short to be known again."""
    pairs = frozenset(f"{one} {other}" for one, other in itertools.pairwise(words(text)))
    return pairs if len(pairs) >= _FEWEST else frozenset()


def share_of_own_words(texts: Sequence[str], own: Sequence[Wording]) -> float:
    """The share of the texts that repeat what the brand said itself; 0 where there is none.

    >>> own = [wording("Fly to Rome with Acme Air this summer and win a suitcase of your own")]
    >>> share_of_own_words(
    ...     ["RT @acme: Fly to Rome with Acme Air this summer and win a suitcase of your own!",
    ...      "Acme Air lost my suitcase in Rome"], own)
    0.5
    """
    if not texts or not any(own):
        return 0.0
    said = [wording(text) for text in texts]
    repeated = sum(
        any(len(one & other) >= _REPEATED * len(other) for other in own if other) for one in said
    )
    return repeated / len(texts)

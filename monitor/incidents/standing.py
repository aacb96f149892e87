"""How somebody stands towards a brand, from what they have said of it, and who changed sides.

Each post of an author about a brand weighs on the scale from -1 (negative) to 1 (positive): how
much likelier it is to be positive than negative. The mean of these, in which a post counts half as
much for every 90 days that it is older, is where the author stands:

    below -1/4      detractor
    up to 1/4       satisfied: neither speaks for the brand nor against it
    up to 1/2       loyal
    from 1/2        advocate

Of one post nobody is judged: it takes two. The mean of the same posts does not change as they all
grow older, so nobody changes sides by silence.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from enum import StrEnum

import attrs

__all__ = ["Moves", "Opinion", "Standing", "advocates_moved", "standing"]

_FEWEST = 2
_HALF_LIFE = timedelta(days=90)
_DETRACTOR_BELOW = -0.25
_LOYAL_ABOVE = 0.25
_ADVOCATE_FROM = 0.5


class Standing(StrEnum):
    """How an author stands towards a brand, from worst to best."""

    DETRACTOR = "detractor"
    SATISFIED = "satisfied"
    LOYAL = "loyal"
    ADVOCATE = "advocate"


@attrs.frozen(kw_only=True)
class Opinion:
    """One post of an author about a brand; ``balance`` is positive minus negative, from -1 to 1."""

    said_at: datetime
    balance: float


@attrs.frozen(kw_only=True)
class Moves:
    """How many became advocates in a period, and how many are advocates no more."""

    won: int
    lost: int


def standing(opinions: Iterable[Opinion], before: datetime) -> Standing | None:
    """How the author of these stood by what was said before a moment; ``None`` of too little.

    >>> from datetime import UTC
    >>> monday = datetime(2026, 3, 2, tzinfo=UTC)
    >>> praise = [Opinion(said_at=monday, balance=0.8), Opinion(said_at=monday, balance=0.6)]
    >>> standing(praise, monday + timedelta(days=1)).value
    'advocate'
    >>> standing(praise[:1], monday + timedelta(days=1)) is None
    True
    """
    heard = [opinion for opinion in opinions if opinion.said_at < before]
    if len(heard) < _FEWEST:
        return None
    latest = max(opinion.said_at for opinion in heard)
    weights = [0.5 ** ((latest - opinion.said_at) / _HALF_LIFE) for opinion in heard]
    weighed = sum(w * opinion.balance for w, opinion in zip(weights, heard, strict=True))
    mean = weighed / sum(weights)
    if mean < _DETRACTOR_BELOW:
        return Standing.DETRACTOR
    if mean <= _LOYAL_ABOVE:
        return Standing.SATISFIED
    return Standing.ADVOCATE if mean >= _ADVOCATE_FROM else Standing.LOYAL


def advocates_moved(
    authors: Iterable[Sequence[Opinion]], since: datetime, until: datetime
) -> Moves:
    """How many of these authors became advocates from ``since`` to before ``until``, or ceased."""
    won = lost = 0
    for opinions in authors:
        was = standing(opinions, since) is Standing.ADVOCATE
        now = standing(opinions, until) is Standing.ADVOCATE
        won += now and not was
        lost += was and not now
    return Moves(won=won, lost=lost)

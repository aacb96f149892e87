"""Which texts are read in which batch, decided before a run begins so that it can resume."""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping, Sequence

from nlp.training.corpus import Example
from nlp.training.settings import Source

__all__ = ["batches_of", "chosen", "misspell"]

_WINDOW = 2_048
_LONG_ENOUGH = 12


def chosen(examples: Sequence[Example], sources: Mapping[str, Source], seed: int) -> list[int]:
    """The places of the examples in the order in which they are read, repeated as asked."""
    lot = random.Random(seed)  # noqa: S311 - a repeatable lot, not a secret
    places: list[int] = []
    for place, example in enumerate(examples):
        if example.source in sources:
            passes = sources[example.source].passes
            whole = int(passes)
            places += [place] * (whole + (lot.random() < passes - whole))
    lot.shuffle(places)
    return places


def batches_of(
    places: Sequence[int], lengths: Sequence[int], tokens: int, seed: int
) -> list[list[int]]:
    """The places in batches of about ``tokens`` tokens, texts of like length together.

    Lengths are sorted within some two thousand texts, and the batches of these shuffled, so that
    neighbours in a batch differ from pass to pass.
    """
    lot = random.Random(seed)  # noqa: S311 - a repeatable lot, not a secret
    found: list[list[int]] = []
    for start in range(0, len(places), _WINDOW):
        window = sorted(places[start : start + _WINDOW], key=lengths.__getitem__)
        batches = list(_cut(window, lengths, tokens))
        lot.shuffle(batches)
        found += batches
    return found


def _cut(places: Sequence[int], lengths: Sequence[int], tokens: int) -> Iterator[list[int]]:
    batch: list[int] = []
    held = 0
    for place in places:
        if batch and held + lengths[place] > tokens:
            yield batch
            batch, held = [], 0
        batch.append(place)
        held += lengths[place]
    if batch:
        yield batch


def misspell(text: str, lot: random.Random) -> str:
    """The text with two neighbouring characters swapped, or one lost or doubled.

    >>> misspell("they lost my bag again", random.Random(3))
    'they lostt my bag again'
    """
    if len(text) < _LONG_ENOUGH:
        return text
    place = lot.randrange(1, len(text) - 2)
    slip = lot.randrange(3)
    if slip == 0:
        return text[:place] + text[place + 1] + text[place] + text[place + 2 :]
    if slip == 1:
        return text[:place] + text[place + 1 :]
    return text[:place] + text[place] + text[place:]

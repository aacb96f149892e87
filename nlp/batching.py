"""Puts texts of like length into one batch, and works on several batches at a time."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TypeAlias, TypeVar

import torch
from torch import Tensor

__all__ = ["Batch", "batches", "side_by_side"]

Batch: TypeAlias = tuple[list[int], Tensor, list[int]]
"""The places of some texts, their ids, one after another, and their lengths."""

_MOST_TOKENS = 512

Item = TypeVar("Item")
Result = TypeVar("Result")


def side_by_side(
    work: Callable[[Item], Result], items: Iterable[Item], threads: int
) -> list[Result]:
    """What ``work`` makes of each item, in their order.

    Torch lets other threads run while it computes. Whole batches on threads of their own, each
    computed by one, wait for each other once; threads that share each operation wait at every
    layer, and for whichever of them the machine gave to another process.

    >>> side_by_side(len, ["one", "three", ""], threads=2)
    [3, 5, 0]
    """
    if threads == 1:
        return [work(item) for item in items]
    with ThreadPoolExecutor(threads) as pool:
        return list(pool.map(work, items))


def batches(pieces: Sequence[Sequence[int]]) -> Iterator[Batch]:
    """Every text in one batch.

    Shortest texts come first. A batch holds some five hundred tokens: enough to keep a processor
    busy, and few enough that each thread needs little memory.

    >>> [(places, lengths) for places, ids, lengths in batches([[0, 5, 6, 2], [0, 2], [0, 7, 2]])]
    [([1, 2, 0], [2, 3, 4])]
    """
    order = sorted(range(len(pieces)), key=lambda place: len(pieces[place]))
    batch: list[int] = []
    tokens = 0
    for place in order:
        if batch and tokens + len(pieces[place]) > _MOST_TOKENS:
            yield _batch(pieces, batch)
            batch, tokens = [], 0
        batch.append(place)
        tokens += len(pieces[place])
    if batch:
        yield _batch(pieces, batch)


def _batch(pieces: Sequence[Sequence[int]], places: list[int]) -> Batch:
    chosen = [pieces[place] for place in places]
    ids = torch.tensor(list(itertools.chain.from_iterable(chosen)))
    return places, ids, [len(each) for each in chosen]

"""Puts texts of like length into one batch, so that little of it is padding."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import torch
from torch import Tensor

__all__ = ["batches"]

_MOST_TOKENS = 1_024
_PADDING = 1


def batches(pieces: Sequence[Sequence[int]]) -> Iterator[tuple[list[int], Tensor, Tensor]]:
    """The places of some texts with their padded ids and the mask, shortest texts first.

    A batch holds about a thousand tokens: its vectors then stay in the processor's cache.

    >>> [places for places, ids, mask in batches([[0, 5, 6, 2], [0, 2], [0, 7, 2]])]
    [[1, 2, 0]]
    """
    order = sorted(range(len(pieces)), key=lambda place: len(pieces[place]))
    batch: list[int] = []
    for place in order:
        if batch and len(pieces[place]) * (len(batch) + 1) > _MOST_TOKENS:
            yield batch, *_padded([pieces[each] for each in batch])
            batch = []
        batch.append(place)
    if batch:
        yield batch, *_padded([pieces[each] for each in batch])


def _padded(rows: Sequence[Sequence[int]]) -> tuple[Tensor, Tensor]:
    width = max(len(row) for row in rows)
    ids = torch.full((len(rows), width), _PADDING)
    mask = torch.zeros((len(rows), width), dtype=torch.long)
    for number, row in enumerate(rows):
        ids[number, : len(row)] = torch.tensor(row)
        mask[number, : len(row)] = 1
    return ids, mask

"""Asks an encoder for the mean vectors of texts and keeps them, so that a run can resume."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch

from nlp.batching import Batch, batches, side_by_side
from nlp.network import Encoder

__all__ = ["Floats", "encode", "features"]

Floats = npt.NDArray[np.float32]

_CHUNK = 2_048


def features(
    encoder: Encoder,
    pieces: Sequence[Sequence[int]],
    *,
    cache: Path,
    name: str,
    threads: int,
    progress: Callable[[int], None],
) -> Floats:
    """Mean vectors of tokenized texts, shaped (texts, size).

    Every 2,048 texts are written to ``cache`` under a name made of ``name`` and the tokens
    themselves; a later run reads them from there.
    """
    cache.mkdir(parents=True, exist_ok=True)
    parts = []
    for start in range(0, len(pieces), _CHUNK):
        chunk = pieces[start : start + _CHUNK]
        digest = hashlib.sha256(repr(chunk).encode()).hexdigest()[:16]
        place = cache / f"{name}-{digest}.npy"
        if not place.exists():
            unfinished = place.with_suffix(".part.npy")
            found = encode(encoder, chunk, threads)
            np.save(unfinished, found.astype(np.float16), allow_pickle=False)
            unfinished.replace(place)
        parts.append(np.load(place, allow_pickle=False))
        progress(start + len(chunk))
    return np.concatenate(parts).astype(np.float32)


def encode(encoder: Encoder, pieces: Sequence[Sequence[int]], threads: int) -> Floats:
    """Mean vectors of tokenized texts, computed now."""
    result = np.zeros((len(pieces), encoder.norm.weight.shape[0]), dtype=np.float32)

    def compute(batch: Batch) -> None:
        rows, ids, lengths = batch
        with torch.inference_mode():
            result[rows] = encoder(ids, lengths).numpy()

    side_by_side(compute, batches(pieces), threads)
    return result

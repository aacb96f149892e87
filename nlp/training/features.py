"""Runs texts through an encoder once and keeps the vectors on disk, so that a run can resume."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch
from tokenizers import Tokenizer

from nlp.batching import batches
from nlp.network import Encoder

__all__ = ["encode", "features"]

Floats = npt.NDArray[np.float32]

_CHUNK = 2_048


def features(
    encoder: Encoder,
    tokenizer: Tokenizer,
    texts: Sequence[str],
    *,
    layers: Sequence[int],
    cache: Path,
    name: str,
    progress: Callable[[int], None],
) -> Floats:
    """Mean vectors of ``texts`` after each of ``layers`` (from 1), shaped (texts, layers, size).

    Every 2,048 texts are written to ``cache`` under a name made of ``name`` and the texts
    themselves; a later run reads them from there.
    """
    cache.mkdir(parents=True, exist_ok=True)
    parts = []
    for start in range(0, len(texts), _CHUNK):
        chunk = texts[start : start + _CHUNK]
        digest = hashlib.sha256("\0".join(chunk).encode()).hexdigest()[:16]
        place = cache / f"{name}-{digest}.npy"
        if not place.exists():
            found = encode(encoder, tokenizer, chunk, layers=layers)
            unfinished = place.with_suffix(".part.npy")
            np.save(unfinished, found.astype(np.float16), allow_pickle=False)
            unfinished.replace(place)
        parts.append(np.load(place, allow_pickle=False))
        progress(start + len(chunk))
    return np.concatenate(parts).astype(np.float32)


def encode(
    encoder: Encoder, tokenizer: Tokenizer, texts: Sequence[str], *, layers: Sequence[int]
) -> Floats:
    """Mean vectors of ``texts`` after each of ``layers``, computed now."""
    result = np.zeros((len(texts), len(layers), encoder.norm.weight.shape[0]), dtype=np.float32)
    pieces = [encoding.ids for encoding in tokenizer.encode_batch_fast(list(texts))]
    for rows, ids, lengths in batches(pieces):
        with torch.inference_mode():
            means = encoder(ids, lengths)
        result[rows] = torch.stack([means[layer - 1] for layer in layers], dim=1).numpy()
    return result

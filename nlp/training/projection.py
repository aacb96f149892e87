"""What the vector for grouping is to be: the whole encoder's, less what is the language's."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from nlp.training.features import Floats

__all__ = ["targets"]


def targets(teacher: Floats, languages: Sequence[str], size: int) -> Floats:
    """Unit vectors of ``size`` dimensions, a row a text.

    The mean of its language is taken from each vector of the unchanged encoder, so that the same
    story lies close in two languages; the rest is reduced to its ``size`` strongest directions.
    """
    centred = teacher - _language_means(teacher, languages)
    _, _, directions = np.linalg.svd(centred.T @ centred)
    found = centred @ directions[:size].T
    return np.asarray(found / np.linalg.norm(found, axis=1, keepdims=True), dtype=np.float32)


def _language_means(vectors: Floats, languages: Sequence[str]) -> Floats:
    """For each row the mean of the rows in its language; scripts of Chinese count as one."""
    plain = np.array([language.partition("-")[0] for language in languages])
    means = np.zeros_like(vectors)
    for language in np.unique(plain):
        rows = plain == language
        means[rows] = vectors[rows].mean(axis=0)
    return means

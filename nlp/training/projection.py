"""What the vector for grouping is to be: the whole encoder's, less what is the language's."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from torch import nn

from nlp.training.features import Floats

__all__ = ["projection", "targets"]

_RIDGE = 0.01


def targets(teacher: Floats, languages: Sequence[str], size: int) -> Floats:
    """Unit vectors of ``size`` dimensions, a row a text.

    The mean of its language is taken from each vector of the unchanged encoder, so that the same
    story lies close in two languages; the rest is reduced to its ``size`` strongest directions.
    """
    centred = teacher - _language_means(teacher, languages)
    _, _, directions = np.linalg.svd(centred.T @ centred)
    found = centred @ directions[:size].T
    return np.asarray(found / np.linalg.norm(found, axis=1, keepdims=True), dtype=np.float32)


def projection(vectors: Floats, wanted: Floats) -> nn.Linear:
    """The linear layer from mean vectors to ``wanted``, a row a text.

    Found by ridge regression, with a penalty of a hundredth of the inputs' mean variance: once the
    network is finished this comes closer than what was learned on the way.
    """
    inputs, outputs = vectors.astype(np.float64), wanted.astype(np.float64)
    mean, level = inputs.mean(axis=0), outputs.mean(axis=0)
    inputs -= mean
    variance = inputs.T @ inputs
    penalty = _RIDGE * float(np.trace(variance)) / len(variance) * np.eye(len(variance))
    weight = np.linalg.solve(variance + penalty, inputs.T @ (outputs - level))
    layer = nn.Linear(*weight.shape)
    layer.weight = nn.Parameter(torch.from_numpy(weight.T.copy()).float(), requires_grad=False)
    layer.bias = nn.Parameter(torch.from_numpy(level - mean @ weight).float(), requires_grad=False)
    return layer


def _language_means(vectors: Floats, languages: Sequence[str]) -> Floats:
    """For each row the mean of the rows in its language; scripts of Chinese count as one."""
    plain = np.array([language.partition("-")[0] for language in languages])
    means = np.zeros_like(vectors)
    for language in np.unique(plain):
        rows = plain == language
        means[rows] = vectors[rows].mean(axis=0)
    return means

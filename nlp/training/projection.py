"""Fits the vector for grouping: a linear map onto what the full encoder makes of a text."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from torch import nn

from nlp.training.features import Floats

__all__ = ["fit_projection"]


def fit_projection(
    student: Floats, teacher: Floats, languages: Sequence[str], *, size: int, ridge: float
) -> nn.Linear:
    """A linear layer from the short encoder's mean vectors to ``size`` dimensions.

    The target is the full encoder's vector less the mean of its language, so that the same story
    lies close in two languages, reduced to its ``size`` strongest directions. The layer is found by
    ridge regression with the penalty ``ridge`` times the mean variance of the inputs.
    """
    centred = teacher - _language_means(teacher, languages)
    _, _, directions = np.linalg.svd(centred.T @ centred)
    target = centred @ directions[:size].T
    mean = student.mean(axis=0)
    inputs = student - mean
    variance = inputs.T @ inputs
    penalty = ridge * float(np.trace(variance)) / len(variance)
    weight = np.linalg.solve(variance + penalty * np.eye(len(variance)), inputs.T @ target)
    layer = nn.Linear(len(weight), size)
    layer.weight = nn.Parameter(torch.from_numpy(weight.T).float(), requires_grad=False)
    layer.bias = nn.Parameter(torch.from_numpy(-mean @ weight).float(), requires_grad=False)
    return layer


def _language_means(vectors: Floats, languages: Sequence[str]) -> Floats:
    """For each row the mean of the rows in its language; scripts of Chinese count as one."""
    plain = np.array([language.partition("-")[0] for language in languages])
    means = np.zeros_like(vectors)
    for language in np.unique(plain):
        rows = plain == language
        means[rows] = vectors[rows].mean(axis=0)
    return means

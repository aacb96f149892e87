"""The figures by which a model is judged, and how far each would move on other texts like these.

A figure is made of sums over the texts of a set. ``resampled`` sums over the set itself and over a
thousand sets that are drawn from it; a figure of all of them is then one expression:

>>> truth = np.array([[True, False], [True, False], [False, True], [False, True]] * 50)
>>> guess = np.array([[True, False], [False, True], [False, True], [False, True]] * 50)
>>> sums = resampled(counts(truth, guess))
>>> interval(mean_f1(sums))
Figure(value=0.733, low=0.664, high=0.796)
"""

from __future__ import annotations

import attrs
import numpy as np
import numpy.typing as npt

__all__ = [
    "Figure",
    "accuracy",
    "binary_f1",
    "calibration_error",
    "calibration_gaps",
    "class_f1",
    "counts",
    "interval",
    "macro_f1",
    "mean_f1",
    "mean_recall",
    "resampled",
    "share_right",
]

Classes = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]
Floats = npt.NDArray[np.float64]
_BINS = 10
_RESAMPLES = 1_000
_AT_ONCE = 50


@attrs.frozen
class Figure:
    """A figure of a set, and what encloses it in 95 % of the sets that are drawn from it again."""

    value: float = attrs.field(repr="{:.3f}".format)
    low: float = attrs.field(repr="{:.3f}".format)
    high: float = attrs.field(repr="{:.3f}".format)


# --- of a set -----------------------------------------------------------------------------------


def macro_f1(truth: Classes, guess: Classes) -> float:
    """The mean F1 of the classes that occur in ``truth``.

    >>> macro_f1(np.array([0, 0, 1, 1]), np.array([0, 1, 1, 1]))
    0.7333333333333334
    """
    classes = np.unique(truth)
    table = counts(truth[:, None] == classes, guess[:, None] == classes)
    return float(mean_f1(table.sum(axis=0)))


def accuracy(truth: Classes, guess: Classes) -> float:
    """The share that is right."""
    return float((truth == guess).mean())


def binary_f1(truth: Flags, guess: Flags) -> float:
    """The harmonic mean of precision and recall of one class; 0 where neither side has it."""
    return float(class_f1(counts(truth[:, None], guess[:, None]).sum(axis=0))[0])


# --- of a set and of those drawn from it --------------------------------------------------------


def counts(truth: Flags, guess: Flags) -> Floats:
    """Whether each class is both meant and told, is meant, is told.

    ``truth`` and ``guess`` have a row a text and a column a class; the answer has an axis of these
    three between them. A text of which nothing was told counts as wrong.
    """
    return np.stack([truth & guess, truth, guess], axis=1).astype(np.float64)


def resampled(columns: Floats) -> Floats:
    """Sums over a set, and after them over a thousand sets of its size drawn from it.

    ``columns`` has a row a text. Texts are drawn with replacement (Efron 1979) and by a fixed seed.
    """
    n = len(columns)
    flat = columns.reshape(n, -1)
    sums = [flat.sum(axis=0, keepdims=True)]
    chance = np.random.default_rng(1)
    first = n * np.arange(_AT_ONCE)[:, None]
    for _ in range(_RESAMPLES // _AT_ONCE):
        drawn = (first + chance.integers(n, size=(_AT_ONCE, n))).ravel()
        times = np.bincount(drawn, minlength=n * _AT_ONCE).reshape(_AT_ONCE, n)
        sums.append(times.astype(np.float64) @ flat)
    return np.concatenate(sums).reshape(-1, *columns.shape[1:])


def interval(samples: Floats, *, centred: bool = False) -> Figure:
    """The figure of the set itself, which is the first, and what holds 95 % of the others.

    ``centred`` moves the interval so that the others' median is the figure: for one that drawing
    again makes larger by itself.
    """
    figure = float(samples[0])
    low, median, high = np.percentile(samples[1:], [2.5, 50, 97.5])
    moved = figure - median if centred else 0.0
    return Figure(figure, max(0.0, float(low + moved)), float(high + moved))


def class_f1(sums: Floats) -> Floats:
    """The F1 of each class, of sums of ``counts``; 0 where neither side has it."""
    both = sums[..., 1, :] + sums[..., 2, :]
    scores: Floats = 2 * sums[..., 0, :] / np.maximum(both, 1)
    return scores


def mean_f1(sums: Floats) -> Floats:
    """The mean F1 of the classes that occur in the truth."""
    return _over_occurring(class_f1(sums), sums)


def mean_recall(sums: Floats) -> Floats:
    """The mean recall of the classes that occur in the truth."""
    return _over_occurring(sums[..., 0, :] / np.maximum(sums[..., 1, :], 1), sums)


def share_right(sums: Floats) -> Floats:
    """The share of texts that is right, where each belongs to one class."""
    share: Floats = sums[..., 0, :].sum(axis=-1) / sums[..., 1, :].sum(axis=-1)
    return share


def calibration_gaps(sure: Floats, right: Flags) -> Floats:
    """How far each text's probability is from whether it was right, in the column of its bin.

    There are ten bins of equal width.

    Args:
        sure: the probability that was given to the likeliest class.
        right: whether it was the right one.
    """
    bins = np.minimum((sure * _BINS).astype(int), _BINS - 1)
    gaps: Floats = (bins[:, None] == np.arange(_BINS)) * (sure - right)[:, None]
    return gaps


def calibration_error(sums: Floats, n: int) -> Floats:
    """The expected calibration error (Guo et al. 2017), of sums of ``calibration_gaps``."""
    error: Floats = np.abs(sums).sum(axis=-1) / n
    return error


def _over_occurring(figures: Floats, sums: Floats) -> Floats:
    occurring = sums[..., 1, :] > 0
    mean: Floats = figures.sum(axis=-1, where=occurring) / np.maximum(occurring.sum(axis=-1), 1)
    return mean

"""Chooses temperatures, thresholds and languages on held-out texts."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence
from pathlib import Path

import attrs
import numpy as np
import torch
from tokenizers import Tokenizer
from torch import Tensor
from torch.nn import functional

from monitor.domain import Emotion
from nlp.calibration import OTHER, Calibration
from nlp.metrics import binary_f1, macro_f1
from nlp.network import EMOTIONS, HEADS, Judgement, Network
from nlp.training.corpus import Example
from nlp.training.heldout import judged, read_held_out

__all__ = ["calibrated"]

_MOST = 2_500
_TEMPERATURES = np.geomspace(0.4, 4.0, 61)
_THRESHOLDS = np.arange(0.05, 0.9, 0.01)
_USUAL = 0.5
_ENOUGH = 100
_SEEN = 5
_GOOD = 0.5


@attrs.frozen(kw_only=True)
class _Set:
    """A set of texts of one language and what the network says of them."""

    language: str
    examples: Sequence[Example]
    said: Judgement


def calibrated(
    network: Network, tokenizer: Tokenizer, data: Path, *, aggravator: float
) -> Calibration:
    """The calibration of a network, from the dev sets and the dev part of the pool.

    - A temperature is what makes the gold labels likeliest; of sentiment there is one for each
      language with a hundred texts, of the other heads one. Each set counts alike.
    - An emotion's threshold is what gives the best F1, as a mean over a language's sets.
    - A language is handled if its sentiment reaches a macro F1 of one half, as a mean over its
      sets, on a hundred texts or more.
    """
    held_out = read_held_out(data, tokenizer, _MOST)
    sets = [
        _Set(
            language=examples[0].language.partition("-")[0],
            examples=examples,
            said=judged(network, held_out.pieces[name]),
        )
        for name, examples in held_out.examples.items()
    ]
    languages: dict[str, list[_Set]] = defaultdict(list)
    for each in sets:
        languages[each.language].append(each)
    temperatures = {name: {OTHER: _temperature(name, sets)} for name in HEADS}
    large = {
        language: own
        for language, own in languages.items()
        if sum(len(_rows(each, "sentiment")) for each in own) >= _ENOUGH
    }
    temperatures["sentiment"] |= {
        language: _temperature("sentiment", own) for language, own in large.items()
    }
    cooling = temperatures["emotion"][OTHER]
    emotional = {
        language: own
        for language, own in languages.items()
        if any(len(_rows(each, "emotions")) >= _ENOUGH for each in own)
    }
    return Calibration(
        temperatures=temperatures,
        thresholds={
            language: {
                emotion: _threshold(column, own, cooling) for column, emotion in enumerate(EMOTIONS)
            }
            for language, own in (emotional | {OTHER: sets}).items()
        },
        aggravator=aggravator,
        languages=tuple(sorted(language for language, own in large.items() if _good(own))),
    )


def _rows(each: _Set, label: str) -> list[int]:
    return [
        row
        for row, example in enumerate(each.examples)
        if getattr(example, label) is not None and not (label == "complaint" and example.weak)
    ]


def _temperature(head: str, sets: Sequence[_Set]) -> float:
    """What to divide a head's log-odds by; 1 where no set has labels for it."""
    label = {"emotion": "emotions"}.get(head, head)
    asked = [(each, rows) for each in sets if (rows := _rows(each, label))]
    costs = [_cost(head, each, rows) for each, rows in asked]
    if not costs:
        return 1.0
    return float(min(_TEMPERATURES, key=lambda warmth: sum(cost(warmth) for cost in costs)))


def _cost(head: str, each: _Set, rows: list[int]) -> Callable[[float], float]:
    """The mean loss over a set, by temperature."""
    odds: Tensor = getattr(each.said, head)[rows]
    chosen = [each.examples[row] for row in rows]
    if head == "sentiment":
        classes = torch.tensor([getattr(example, head) for example in chosen])
        return lambda warmth: float(functional.cross_entropy(odds / warmth, classes))
    if head == "emotion":
        shares = torch.tensor(
            [[float(each in (example.emotions or ())) for each in EMOTIONS] for example in chosen]
        )
        occurring = shares.any(dim=0)
        odds, shares = odds[:, occurring], shares[:, occurring]
    else:
        shares = torch.tensor([float(getattr(example, head)) for example in chosen])
    return lambda warmth: float(functional.binary_cross_entropy_with_logits(odds / warmth, shares))


def _threshold(column: int, sets: Sequence[_Set], cooling: float) -> float:
    """The best threshold of one emotion; one half where no set has it five times."""
    emotion: Emotion = EMOTIONS[column]
    seen = []
    for each in sets:
        rows = _rows(each, "emotions")
        truth = np.array([emotion in (each.examples[row].emotions or ()) for row in rows])
        if truth.sum() >= _SEEN:
            shares = torch.sigmoid(each.said.emotion[rows, column] / cooling).numpy()
            seen.append((truth, shares))
    if not seen:
        return _USUAL
    scores = [
        float(np.mean([binary_f1(truth, shares >= threshold) for truth, shares in seen]))
        for threshold in _THRESHOLDS
    ]
    return round(float(_THRESHOLDS[int(np.argmax(scores))]), 2)


def _good(sets: Sequence[_Set]) -> bool:
    figures = []
    for each in sets:
        if rows := _rows(each, "sentiment"):
            truth = np.array([each.examples[row].sentiment for row in rows])
            figures.append(macro_f1(truth, each.said.sentiment[rows].argmax(dim=1).numpy()))
    return bool(np.mean(figures) >= _GOOD)

"""What the heads are asked for: the loss of a batch in which each text has labels of its own."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import attrs
import torch
from torch import Tensor
from torch.nn import functional

from nlp.network import EMOTIONS, Judgement
from nlp.training.corpus import Example
from nlp.training.settings import Settings

__all__ = ["Labels", "labels_of", "losses"]

_SINGLE = ("arousal", "complaint", "severity", "offensive", "irony")
_NOTHING = -100


@attrs.frozen(kw_only=True)
class Labels:
    """The labels of some texts, a row a text.

    A weight of 0 means that nobody was asked. ``emotion_asked`` is 1 where an emotion could be
    chosen; ``only`` is the one that had to be chosen, where it had to be one. ``shares`` holds the
    labels between 0 and 1 of each head that answers yes or no. ``vectors`` has rows of zeros where
    the teacher was not asked.
    """

    weights: Tensor
    sentiment: Tensor
    sentiment_weights: Tensor
    emotion: Tensor
    emotion_asked: Tensor
    only: Tensor
    shares: Mapping[str, Tensor]
    share_weights: Mapping[str, Tensor]
    reason: Tensor
    vectors: Tensor

    def of(self, rows: Sequence[int]) -> Labels:
        """The labels of some of the texts."""
        return Labels(
            weights=self.weights[rows],
            sentiment=self.sentiment[rows],
            sentiment_weights=self.sentiment_weights[rows],
            emotion=self.emotion[rows],
            emotion_asked=self.emotion_asked[rows],
            only=self.only[rows],
            shares={name: shares[rows] for name, shares in self.shares.items()},
            share_weights={name: weights[rows] for name, weights in self.share_weights.items()},
            reason=self.reason[rows],
            vectors=self.vectors[rows],
        )


def labels_of(examples: Sequence[Example], settings: Settings, vectors: Tensor) -> Labels:
    """The labels of ``examples`` as tensors; ``vectors`` are what the teacher said of them."""
    return Labels(
        weights=torch.tensor([settings.sources[each.source].weight for each in examples]),
        sentiment=torch.tensor(
            [_NOTHING if each.sentiment is None else each.sentiment for each in examples]
        ),
        sentiment_weights=torch.tensor(
            [settings.derived_weight if each.derived else 1.0 for each in examples]
        ),
        emotion=torch.tensor(
            [[float(emotion in (each.emotions or ())) for emotion in EMOTIONS] for each in examples]
        ),
        emotion_asked=torch.tensor(
            [[float(emotion in each.asked) for emotion in EMOTIONS] for each in examples]
        ),
        only=torch.tensor([_only(each) for each in examples]),
        shares={
            name: torch.tensor([float(getattr(each, name) or 0.0) for each in examples])
            for name in _SINGLE
        },
        share_weights={
            name: torch.tensor([_weight(each, name, settings) for each in examples])
            for name in _SINGLE
        },
        reason=torch.tensor(
            [_NOTHING if each.reason is None else each.reason for each in examples]
        ),
        vectors=vectors,
    )


def losses(said: Judgement, labels: Labels) -> dict[str, Tensor]:
    """The mean loss of each head over the texts, by the head's name."""
    weights = labels.weights
    found = {
        "sentiment": _mean(
            functional.cross_entropy(said.sentiment, labels.sentiment, reduction="none"),
            weights * labels.sentiment_weights * (labels.sentiment != _NOTHING),
        ),
        "emotion": _emotion(said.emotion, labels),
        "embedding": _mean(
            1 - (said.embedding * labels.vectors).sum(dim=1), labels.vectors.any(dim=1).float()
        ),
    }
    if said.reason is not None:
        each = functional.cross_entropy(said.reason, labels.reason, reduction="none")
        found["reason"] = _mean(each, weights * (labels.reason != _NOTHING))
    for name in _SINGLE:
        each = functional.binary_cross_entropy_with_logits(
            getattr(said, name), labels.shares[name], reduction="none"
        )
        found[name] = _mean(each, weights * labels.share_weights[name])
    return found


def _emotion(odds: Tensor, labels: Labels) -> Tensor:
    """Each emotion for itself; and where one had to be chosen, which one of those asked for."""
    each = functional.binary_cross_entropy_with_logits(odds, labels.emotion, reduction="none")
    asked = labels.emotion_asked
    apart = (each * asked).sum(dim=1) / asked.sum(dim=1).clamp_min(1)
    one = functional.cross_entropy(
        odds.masked_fill(asked == 0, -1e4), labels.only, reduction="none"
    )
    together = torch.where(labels.only == _NOTHING, apart, 0.5 * apart + 0.5 * one)
    return _mean(together, labels.weights * asked.any(dim=1))


def _mean(each: Tensor, weights: Tensor) -> Tensor:
    """Over all texts, those without a label as well, so that a rare label stays a small voice."""
    return (each * weights).mean()


def _only(example: Example) -> int:
    if not (example.single and example.emotions and len(example.emotions) == 1):
        return _NOTHING
    return EMOTIONS.index(next(iter(example.emotions)))


def _weight(example: Example, head: str, settings: Settings) -> float:
    if getattr(example, head) is None:
        return 0.0
    return settings.weak_complaint_weight if head == "complaint" and example.weak else 1.0

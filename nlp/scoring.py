"""Text in, Assessment out, with the model that ships or with any sentiment model of the hub.

>>> scorer = load_scorer()
>>> angry, happy = scorer.score(["They lost my bag and hung up on me!", "太棒了，谢谢你们"])
>>> angry.sentiment.value, happy.sentiment.value, happy.language
('negative', 'positive', 'zh-Hans')
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol

import torch

from monitor.domain import Aggravator, Assessment
from nlp.embedded import EmbeddedScorer
from nlp.errors import ModelError

__all__ = ["EMBEDDED", "ModelError", "Scorer", "load_scorer"]

EMBEDDED = "embedded"
"""The name by which the configuration asks for the model that ships."""


class Scorer(Protocol):
    """Judges texts; ``model`` and ``revision`` are written into every Assessment."""

    @property
    def model(self) -> str:
        """The model's name."""
        ...

    @property
    def revision(self) -> str:
        """Which version of it."""
        ...

    def score(
        self, texts: Sequence[str], hints: Sequence[str | None] | None = None
    ) -> list[Assessment]:
        """One Assessment a text, in their order. ``hints`` are the platform's language tags."""
        ...

    def embed(self, texts: Sequence[str]) -> list[bytes]:
        """Only the embeddings, as an Assessment holds them."""
        ...

    def aggravators(self, embedding: bytes) -> tuple[Aggravator, ...]:
        """What makes a complaint worse, told by one of its embeddings."""
        ...


def load_scorer(
    model: str = EMBEDDED,
    *,
    labels: Mapping[str, str] | None = None,
    threads: int = 1,
) -> Scorer:
    """The scorer that the configuration names.

    Args:
        model: ``embedded``, or the folder or hub id of a sequence-classification model.
        labels: what the model's classes mean, where their names do not tell: class name to
            negative, neutral or positive.
        threads: how many batches are worked on at a time, each by one processor thread. What is
            said does not depend on it.

    Raises:
        ModelError: the model cannot be loaded or its labels cannot be read.
    """
    torch.set_num_threads(1)
    embedded = EmbeddedScorer.load(threads=threads)
    if model == EMBEDDED:
        return embedded
    from nlp.foreign import ForeignScorer

    return ForeignScorer.load(model, labels=labels, embedder=embedded, threads=threads)

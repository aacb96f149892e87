"""A scorer around any sequence-classification model, from the Hugging Face hub or a folder."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import attrs
import torch
from transformers import AutoModelForSequenceClassification, AutoTokenizer

from monitor.domain import Aggravator, Assessment
from nlp.batching import side_by_side
from nlp.embedded import EmbeddedScorer
from nlp.errors import ModelError
from nlp.labels import POLARITIES, polarities
from nlp.language import detect
from nlp.text import normalise

__all__ = ["ForeignScorer"]

_BATCH = 32
_LONGEST = 512


@attrs.frozen(kw_only=True)
class ForeignScorer:
    """Sentiment from a foreign model; the embedding still comes from the one that ships.

    Such a model has no head for emotions or complaints, so nothing is said of either.
    """

    model: str
    revision: str
    _network: Any = attrs.field(repr=False)
    _tokenizer: Any = attrs.field(repr=False)
    _places: tuple[int, ...] = attrs.field(repr=False)
    _embedder: EmbeddedScorer = attrs.field(repr=False)
    _threads: int = attrs.field(default=1, repr=False)

    @classmethod
    def load(
        cls,
        model: str,
        *,
        labels: Mapping[str, str] | None,
        embedder: EmbeddedScorer,
        threads: int = 1,
    ) -> ForeignScorer:
        """Load a model by its folder or hub id and read what its classes mean."""
        try:
            tokenizer = AutoTokenizer.from_pretrained(model)
            network = AutoModelForSequenceClassification.from_pretrained(model, dtype=torch.float32)
        except (OSError, ValueError, ImportError) as failure:
            raise ModelError(_cannot_load(model, failure)) from failure
        places = polarities(network.config.id2label, labels, model)
        revision = getattr(network.config, "_commit_hash", None) or "local"
        return cls(
            model=Path(model).name if Path(model).is_dir() else model,
            revision=revision,
            network=network.requires_grad_(False).eval(),
            tokenizer=tokenizer,
            places=places,
            embedder=embedder,
            threads=threads,
        )

    def score(
        self, texts: Sequence[str], hints: Sequence[str | None] | None = None
    ) -> list[Assessment]:
        """One Assessment a text, in their order."""
        given = [None] * len(texts) if hints is None else hints
        polarity = self._polarity([normalise(text) for text in texts])
        embeddings = self._embedder.embed(texts)
        return [
            Assessment(
                model=self.model,
                revision=self.revision,
                language=detect(text, hint),
                negative=negative,
                neutral=neutral,
                positive=positive,
                embedding=embedding,
            )
            for text, hint, (negative, neutral, positive), embedding in zip(
                texts, given, polarity, embeddings, strict=True
            )
        ]

    def embed(self, texts: Sequence[str]) -> list[bytes]:
        """Only the embeddings, of the model that ships."""
        return self._embedder.embed(texts)

    def aggravators(self, embedding: bytes) -> tuple[Aggravator, ...]:
        """What makes a complaint worse, as the model that ships tells it of its embedding."""
        return self._embedder.aggravators(embedding)

    def _polarity(self, normalised: Sequence[str]) -> list[tuple[float, float, float]]:
        order = sorted(range(len(normalised)), key=lambda row: len(normalised[row]))
        summed = torch.zeros(len(normalised), len(POLARITIES))
        places = torch.tensor(self._places)
        longest = min(_LONGEST, self._tokenizer.model_max_length)
        batches = [order[start : start + _BATCH] for start in range(0, len(order), _BATCH)]
        inputs = [  # before the threads begin: a tokenizer is set anew for each batch
            self._tokenizer(
                [normalised[row] for row in rows],
                truncation=True,
                max_length=longest,
                padding=True,
                return_tensors="pt",
            )
            for rows in batches
        ]

        @torch.inference_mode()
        def judge(batch: tuple[list[int], Any]) -> None:
            rows, encoded = batch
            shares = torch.softmax(self._network(**encoded).logits.float(), dim=-1)
            summed[rows] = torch.zeros(len(rows), len(POLARITIES)).index_add_(1, places, shares)

        side_by_side(judge, zip(batches, inputs, strict=True), self._threads)
        return [(row[0], row[1], row[2]) for row in summed.clamp(0.0, 1.0).tolist()]


def _cannot_load(model: str, failure: Exception) -> str:
    reason = str(failure).strip().splitlines()[0] if str(failure).strip() else repr(failure)
    if Path(model).exists():
        return (
            f"the model in the folder {model!r} cannot be loaded: {reason} It must hold"
            " config.json, model.safetensors and the tokenizer of a sequence-classification model"
        )
    return (
        f"the model {model!r} cannot be loaded: {reason} Check nlp.model in the configuration; on a"
        " machine without access to the hub, download the model elsewhere and write its folder, or"
        " write embedded for the model that ships with Sparkwatch"
    )

"""The scorer of the model that ships with the package."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from pathlib import Path

import attrs
import torch

from monitor.domain import Assessment
from nlp.batching import batches
from nlp.errors import ModelError
from nlp.language import detect
from nlp.network import Judgement
from nlp.shipped import SHIPPED, Model, read_model
from nlp.text import normalise

__all__ = ["EmbeddedScorer"]

_PLACEHOLDER = re.compile(r"@user|http")


@attrs.frozen(kw_only=True)
class EmbeddedScorer:
    """Sentiment, anger, complaint and an embedding from one pass through the encoder."""

    model: str
    _loaded: Model = attrs.field(repr=False)

    @property
    def revision(self) -> str:
        """Which weights these are."""
        return self._loaded.revision

    @classmethod
    def load(cls, folder: Path = SHIPPED) -> EmbeddedScorer:
        """Read the model from a folder of the kind that ``nlp.train`` writes."""
        try:
            return cls(model=folder.name, loaded=read_model(folder))
        except FileNotFoundError as missing:
            raise ModelError(
                f"the model that ships with Sparkwatch is incomplete ({missing})."
                f" Reinstall the package, or restore the folder {folder.name}"
            ) from missing

    def score(
        self, texts: Sequence[str], hints: Sequence[str | None] | None = None
    ) -> list[Assessment]:
        """One Assessment a text, in their order.

        A text in which nothing is said (empty, or nothing but handles and links) is neutral and has
        no embedding, so that two of them never look like the same story.
        """
        normalised = [normalise(text) for text in texts]
        judgement = self._judge(normalised)
        polarity = torch.softmax(judgement.sentiment, dim=-1).tolist()
        anger = torch.sigmoid(judgement.anger).tolist()
        complaint = torch.sigmoid(judgement.complaint).tolist()
        vectors = judgement.embedding.numpy().astype("<f2")
        languages = _languages(texts, hints)
        return [
            self._assessment(
                languages[row], polarity[row], anger[row], complaint[row], vectors[row].tobytes()
            )
            if _says_something(text)
            else self._assessment(languages[row], [0.0, 1.0, 0.0], 0.0, 0.0, b"")
            for row, text in enumerate(normalised)
        ]

    def embed(self, texts: Sequence[str]) -> list[bytes]:
        """Only the embeddings, as an Assessment holds them."""
        normalised = [normalise(text) for text in texts]
        vectors = self._judge(normalised).embedding.numpy().astype("<f2")
        return [
            vector.tobytes() if _says_something(text) else b""
            for text, vector in zip(normalised, vectors, strict=True)
        ]

    def _judge(self, normalised: Sequence[str]) -> Judgement:
        size = self._loaded.network.embedding.in_features
        features = torch.zeros(len(normalised), size)
        pieces = [
            encoding.ids for encoding in self._loaded.tokenizer.encode_batch_fast(list(normalised))
        ]
        with torch.inference_mode():
            for rows, ids, lengths in batches(pieces):
                features[rows] = self._loaded.network(ids, lengths)
            return self._loaded.network.judge(features)

    def _assessment(
        self, language: str, polarity: list[float], anger: float, complaint: float, vector: bytes
    ) -> Assessment:
        negative, neutral, positive = polarity
        return Assessment(
            model=self.model,
            revision=self.revision,
            language=language,
            negative=negative,
            neutral=neutral,
            positive=positive,
            anger=anger,
            complaint=complaint,
            embedding=vector,
        )


def _languages(texts: Sequence[str], hints: Sequence[str | None] | None) -> list[str]:
    given = [None] * len(texts) if hints is None else hints
    return [detect(text, hint) for text, hint in zip(texts, given, strict=True)]


def _says_something(normalised: str) -> bool:
    """Whether a letter, a digit or an emoji is left beside the handles and links."""
    return any(
        character.isalnum() or unicodedata.category(character) == "So"
        for character in _PLACEHOLDER.sub("", normalised)
    )

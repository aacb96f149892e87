"""The scorer of the model that ships with the package."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from pathlib import Path

import attrs
import numpy as np
import torch

from monitor.domain import Aggravator, Assessment, Emotion
from nlp.batching import Batch, batches, side_by_side
from nlp.calibration import Calibration
from nlp.errors import ModelError
from nlp.language import detect
from nlp.network import EMOTIONS, HEADS, Judgement
from nlp.shipped import SHIPPED, Model, read_model
from nlp.text import normalise

__all__ = ["EmbeddedScorer"]

_PLACEHOLDER = re.compile(r"@user|http")
_THIRD = 1 / 3


@attrs.frozen(kw_only=True)
class EmbeddedScorer:
    """Everything that the shipped model says of a text, from one pass through the encoder."""

    model: str
    _loaded: Model = attrs.field(repr=False)
    _threads: int = attrs.field(default=1, repr=False)

    @property
    def revision(self) -> str:
        """Which weights these are."""
        return self._loaded.revision

    @property
    def calibration(self) -> Calibration:
        """The languages that the model handles, and how its outputs are read."""
        return self._loaded.calibration

    @classmethod
    def load(cls, folder: Path = SHIPPED, *, threads: int = 1) -> EmbeddedScorer:
        """Read the model from a folder of the kind that ``nlp.train`` writes."""
        try:
            return cls(model=folder.name, loaded=read_model(folder), threads=threads)
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
        no embedding, so that two of them never look like the same story. A text in a language that
        the model was not shown to handle keeps its embedding, and nothing else is said of it.
        """
        normalised = [normalise(text) for text in texts]
        given = [None] * len(texts) if hints is None else hints
        languages = [detect(text, hint) for text, hint in zip(texts, given, strict=True)]
        judgement = self._judge(normalised)
        polarity = self._shares("sentiment", judgement.sentiment, languages)
        emotion = self._shares("emotion", judgement.emotion, languages)
        single = {
            name: self._shares(name, getattr(judgement, name)[:, None], languages)[:, 0].tolist()
            for name, outputs in HEADS.items()
            if outputs == 1
        }
        vectors = judgement.embedding.numpy().astype("<f2")
        found = []
        for row, (text, language) in enumerate(zip(normalised, languages, strict=True)):
            if not _says_something(text):
                found.append(self._silent(language))
            elif not self.calibration.handles(language):
                found.append(self._abstaining(language, vectors[row].tobytes()))
            else:
                negative, neutral, positive = polarity[row].tolist()
                emotions = dict(zip(EMOTIONS, emotion[row].tolist(), strict=True))
                found.append(
                    Assessment(
                        model=self.model,
                        revision=self.revision,
                        language=language,
                        negative=negative,
                        neutral=neutral,
                        positive=positive,
                        emotions=emotions,
                        felt=self.calibration.felt(emotions, language),
                        embedding=vectors[row].tobytes(),
                        **{name: shares[row] for name, shares in single.items()},
                    )
                )
        return found

    def embed(self, texts: Sequence[str]) -> list[bytes]:
        """Only the embeddings, as an Assessment holds them."""
        normalised = [normalise(text) for text in texts]
        vectors = self._judge(normalised).embedding.numpy().astype("<f2")
        return [
            vector.tobytes() if _says_something(text) else b""
            for text, vector in zip(normalised, vectors, strict=True)
        ]

    def aggravators(self, embedding: bytes) -> tuple[Aggravator, ...]:
        """What makes a complaint worse, told by its embedding alone; nothing where it is empty."""
        if not embedding:
            return ()
        vector = torch.frombuffer(bytearray(embedding), dtype=torch.float16).float()
        with torch.inference_mode():
            shares = torch.sigmoid(self._loaded.network.aggravator(vector)).tolist()
        bound = self.calibration.aggravator
        return tuple(kind for kind, share in zip(Aggravator, shares, strict=True) if share >= bound)

    def _judge(self, normalised: Sequence[str]) -> Judgement:
        network = self._loaded.network
        features = torch.zeros(len(normalised), network.embedding.in_features)
        pieces = [
            encoding.ids for encoding in self._loaded.tokenizer.encode_batch_fast(list(normalised))
        ]

        @torch.inference_mode()
        def encode(batch: Batch) -> None:
            rows, ids, lengths = batch
            features[rows] = network(ids, lengths)

        side_by_side(encode, batches(pieces), self._threads)
        with torch.inference_mode():
            return network.judge(features)

    def _shares(
        self, head: str, odds: torch.Tensor, languages: Sequence[str]
    ) -> np.ndarray[tuple[int, int], np.dtype[np.float32]]:
        """Calibrated probabilities, a row a text.

        In doubles: torch's sigmoid of floats depends, in the last bit, on a value's place.
        """
        temperatures = [self.calibration.temperature(head, language) for language in languages]
        cooled = odds.double() / torch.tensor(temperatures, dtype=torch.float64)[:, None]
        shares = torch.softmax(cooled, dim=1) if head == "sentiment" else torch.sigmoid(cooled)
        return shares.float().numpy()

    def _silent(self, language: str) -> Assessment:
        nothing = dict.fromkeys(EMOTIONS, 0.0) | {Emotion.NONE: 1.0}
        return Assessment(
            model=self.model,
            revision=self.revision,
            language=language,
            negative=0.0,
            neutral=1.0,
            positive=0.0,
            emotions=nothing,
            felt=(Emotion.NONE,),
            arousal=0.0,
            complaint=0.0,
            severity=0.0,
            offensive=0.0,
            irony=0.0,
        )

    def _abstaining(self, language: str, embedding: bytes) -> Assessment:
        return Assessment(
            model=self.model,
            revision=self.revision,
            language=language,
            negative=_THIRD,
            neutral=_THIRD,
            positive=_THIRD,
            abstained=True,
            embedding=embedding,
        )


def _says_something(normalised: str) -> bool:
    """Whether a letter, a digit or an emoji is left beside the handles and links."""
    return any(
        character.isalnum() or unicodedata.category(character) == "So"
        for character in _PLACEHOLDER.sub("", normalised)
    )

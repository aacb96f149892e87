"""How a network does on held-out texts while it is trained."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from pathlib import Path

import attrs
import numpy as np
import torch
from tokenizers import Tokenizer

from monitor.domain import Emotion
from nlp.batching import batches
from nlp.metrics import binary_f1, macro_f1
from nlp.network import EMOTIONS, Judgement, Network
from nlp.text import normalise
from nlp.training.corpus import Example, Part, read_dev, read_pool

__all__ = ["HeldOut", "judged", "read_held_out"]

_USUAL_THRESHOLD = 0.35


@attrs.frozen(kw_only=True)
class HeldOut:
    """Sets of texts to choose on, by name, tokenized."""

    examples: Mapping[str, Sequence[Example]]
    pieces: Mapping[str, Sequence[Sequence[int]]]

    def figures(self, network: Network, *, half: bool) -> dict[str, float]:
        """One figure a set: macro F1 of the sentiment, or of the emotions, or of complaints."""
        found = {}
        for name, examples in self.examples.items():
            said = judged(network, self.pieces[name], half=half)
            figure = _figure(examples, said)
            if figure is not None:
                found[name] = figure
        return found


def read_held_out(data: Path, tokenizer: Tokenizer, most: int) -> HeldOut:
    """The dev sets and the dev part of the pool, at most so many texts of each set.

    Which ones does not depend on a run's seed, so that runs can be compared.
    """
    sets = {path.stem: read_dev(path) for path in sorted((data / "dev").glob("*.jsonl"))}
    for example in read_pool(data / "train_pool.jsonl.gz", Part.DEV):
        sets.setdefault(example.source, []).append(example)
    for examples in sets.values():
        random.Random(1).shuffle(examples)  # noqa: S311 - a repeatable lot, not a secret
    kept = {name: examples[:most] for name, examples in sets.items()}
    pieces = {
        name: [
            encoding.ids
            for encoding in tokenizer.encode_batch_fast([normalise(each.text) for each in examples])
        ]
        for name, examples in kept.items()
    }
    return HeldOut(examples=kept, pieces=pieces)


def judged(network: Network, pieces: Sequence[Sequence[int]], *, half: bool = False) -> Judgement:
    """What a network says of tokenized texts; ``half`` multiplies in bfloat16."""
    features = torch.zeros(len(pieces), network.embedding.in_features)
    with torch.inference_mode():
        for rows, ids, lengths in batches(pieces):
            with torch.autocast("cpu", dtype=torch.bfloat16, enabled=half):
                means = network(ids, lengths)
            features[rows] = means.float()
        return network.judge(features)


def _figure(examples: Sequence[Example], said: Judgement) -> float | None:
    if examples[0].emotions is not None and examples[0].source != "complaints_xci":
        return _of_emotions(examples, said)
    for head in ("complaint", "offensive", "irony", "sentiment"):
        rows = [row for row, each in enumerate(examples) if _gold(each, head) is not None]
        if rows and not (head == "complaint" and examples[rows[0]].weak):
            odds = getattr(said, head)[rows]
            guess = odds.argmax(dim=1) if head == "sentiment" else (odds > 0).long()
            truth = np.array([_gold(examples[row], head) for row in rows])
            return macro_f1(truth, guess.numpy())
    return None


def _gold(example: Example, head: str) -> int | None:
    value: int | None = getattr(example, head)
    return value


def _of_emotions(examples: Sequence[Example], said: Judgement) -> float:
    shares = torch.sigmoid(said.emotion).numpy()
    if examples[0].single:
        columns = [n for n, emotion in enumerate(EMOTIONS) if emotion is not Emotion.DISGUST]
        felt = np.array(
            [[emotion in (each.emotions or ()) for emotion in EMOTIONS] for each in examples]
        )
        return macro_f1(felt[:, columns].argmax(axis=1), shares[:, columns].argmax(axis=1))
    scores = []
    for column, emotion in enumerate(EMOTIONS[:-1]):
        truth = np.array([emotion in (each.emotions or ()) for each in examples])
        if truth.any():
            scores.append(binary_f1(truth, shares[:, column] >= _USUAL_THRESHOLD))
    return float(np.mean(scores))

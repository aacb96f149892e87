"""Fits the answer to what makes a complaint worse, on the vectors that the network gives to posts.

The posts were written and labelled for this by the project itself, by the guide in
``benchmarks/judged``, by another hand than those that measure it.
"""

from __future__ import annotations

from pathlib import Path

import attrs
import numpy as np
import torch
from tokenizers import Tokenizer
from torch import Tensor
from torch.nn import functional

from monitor.domain import Aggravator
from nlp.metrics import binary_f1
from nlp.network import Head, Network
from nlp.text import normalise
from nlp.training.corpus import Part, part_of
from nlp.training.heldout import judged

__all__ = ["fit_aggravators"]

_POSTS = tuple(Path(__file__).with_name(f"aggravators_{language}.tsv") for language in ("en", "zh"))
_EPOCHS = 150
_RATE = 0.005
_DECAY = 0.1
_DROPOUT = 0.25
_THRESHOLDS = np.arange(0.1, 0.75, 0.025)


@attrs.frozen(kw_only=True)
class _Post:
    text: str
    shown: frozenset[Aggravator]


def fit_aggravators(network: Network, tokenizer: Tokenizer, seed: int) -> float:
    """Fit the head of ``network`` that tells aggravators from a text's vector.

    Returns:
        the probability from which an aggravator is held to be shown: what gives the best macro F1
        on the posts that were not learned from.
    """
    posts = [post for place in _POSTS for post in _read(place)]
    pieces = [
        encoding.ids
        for encoding in tokenizer.encode_batch_fast([normalise(post.text) for post in posts])
    ]
    vectors = judged(network, pieces).embedding.clone()
    shown = torch.tensor([[float(kind in post.shown) for kind in Aggravator] for post in posts])
    learned = torch.tensor([part_of(post.text) is Part.TRAIN for post in posts])
    torch.manual_seed(seed)
    head = _fitted(network.aggravator, vectors[learned], shown[learned])
    with torch.inference_mode():
        shares = torch.sigmoid(head(vectors[~learned])).numpy()
    truth = shown[~learned].numpy() > 0
    scores = [
        np.mean([binary_f1(*each) for each in zip(truth.T, (shares >= bound).T, strict=True)])
        for bound in _THRESHOLDS
    ]
    return round(float(_THRESHOLDS[int(np.argmax(scores))]), 3)


def _read(place: Path) -> list[_Post]:
    found = []
    for line in place.read_text(encoding="utf-8").splitlines():
        _, kinds, text = line.split("\t")
        named = () if kinds == "-" else kinds.split("|")
        found.append(_Post(text=text, shown=frozenset(map(Aggravator, named))))
    return found


def _fitted(head: Head, vectors: Tensor, shown: Tensor) -> Head:
    """Train the head in place; the vectors' mean and spread are folded into its first layer."""
    mean, spread = vectors.mean(dim=0), vectors.std(dim=0) + 1e-6
    inputs = (vectors - mean) / spread
    head.requires_grad_(True).train()
    optimizer = torch.optim.AdamW(head.parameters(), lr=_RATE, weight_decay=_DECAY)
    for _ in range(_EPOCHS):
        loss = functional.binary_cross_entropy_with_logits(
            head(functional.dropout(inputs, _DROPOUT)), shown
        )
        torch.autograd.backward(loss)
        optimizer.step()
        optimizer.zero_grad()
    with torch.no_grad():
        head.hidden.weight.div_(spread)
        head.hidden.bias.sub_(head.hidden.weight @ mean)
    return head.requires_grad_(False).eval()

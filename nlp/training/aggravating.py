"""Fits the answer to what makes a complaint worse, on the vectors that the network gives to posts.

It learns from the project's own posts alone: no collection has such labels.
"""

from __future__ import annotations

import copy

import torch
from tokenizers import Tokenizer
from torch import Tensor
from torch.nn import functional

from monitor.domain import Aggravator
from nlp.network import Head, Network
from nlp.text import normalise
from nlp.training.heldout import judged
from nlp.training.own import own_posts

__all__ = ["fit_aggravators"]

_FOLDS = 5
_EPOCHS = 150
_RATE = 0.005
_DECAY = 0.1
_DROPOUT = 0.25
_PRECISION = 0.8
_THRESHOLDS = [round(0.1 + 0.025 * step, 3) for step in range(35)]


def fit_aggravators(network: Network, tokenizer: Tokenizer, seed: int) -> float:
    """Fit the head of ``network`` that tells aggravators from a text's vector.

    Returns:
        the probability from which an aggravator is held to be shown: the lowest at which four in
        five of those shown were right in a five-fold cross-validation, whose heads are then thrown
        away for one of all posts. More than half of these posts show one, of others few do, so
        what is best for them alone would cry wolf elsewhere.
    """
    posts = [(post.text, post.aggravators) for post in own_posts() if post.aggravators is not None]
    pieces = [
        encoding.ids
        for encoding in tokenizer.encode_batch_fast([normalise(text) for text, _ in posts])
    ]
    vectors = judged(network, pieces).embedding.clone()
    shown = torch.tensor([[float(kind in kinds) for kind in Aggravator] for _, kinds in posts])
    torch.manual_seed(seed)
    for layer in (network.aggravator.hidden, network.aggravator.out):
        layer.reset_parameters()
    threshold = _threshold(network.aggravator, vectors, shown)
    _fit(network.aggravator, vectors, shown)
    return threshold


def _threshold(untrained: Head, vectors: Tensor, shown: Tensor) -> float:
    folds = torch.randperm(len(vectors)) % _FOLDS
    shares = torch.zeros_like(shown)
    for fold in range(_FOLDS):
        head, held_out = copy.deepcopy(untrained), folds == fold
        _fit(head, vectors[~held_out], shown[~held_out])
        shares[held_out] = torch.sigmoid(head(vectors[held_out]))
    for bound in _THRESHOLDS:
        told = shares >= bound
        if not told.any() or float(shown[told].mean()) >= _PRECISION:
            return float(bound)
    return _THRESHOLDS[-1]


def _fit(head: Head, vectors: Tensor, shown: Tensor) -> None:
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
    head.requires_grad_(False).eval()

"""Fits one head on pooled vectors: a hidden layer, and probabilities that mean what they say."""

from __future__ import annotations

import attrs
import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from nlp.network import Head
from nlp.training.features import Floats
from nlp.training.settings import Fit

__all__ = ["Labelled", "calibrate", "fit_head"]

_BATCH = 512
_TEMPERATURES = np.geomspace(0.4, 4.0, 61)


@attrs.frozen(kw_only=True)
class Labelled:
    """Vectors with what people said: a class number, or a share of yes between 0 and 1."""

    features: Floats
    targets: Tensor
    weights: Tensor


def fit_head(data: Labelled, *, outputs: int, hidden: int, fit: Fit, seed: int) -> Head:
    """A head with ``outputs`` classes, or with one for a yes-or-no question.

    The vectors' mean and spread are folded into the first layer afterwards: the head reads them as
    they come from the encoder.
    """
    chance = torch.Generator().manual_seed(seed)
    torch.manual_seed(seed)
    mean = torch.from_numpy(data.features.mean(axis=0))
    spread = torch.from_numpy(data.features.std(axis=0)) + 1e-6
    inputs = (torch.from_numpy(data.features) - mean) / spread
    head = Head(inputs.shape[1], hidden, outputs).train()
    optimizer = torch.optim.AdamW(
        head.parameters(), lr=fit.learning_rate, weight_decay=fit.weight_decay
    )
    batches = -(-len(inputs) // _BATCH)
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        optimizer, fit.learning_rate, total_steps=fit.epochs * batches
    )
    for _ in range(fit.epochs):
        shuffled = torch.randperm(len(inputs), generator=chance)
        for start in range(0, len(inputs), _BATCH):
            rows = shuffled[start : start + _BATCH]
            seen = functional.dropout(inputs[rows], fit.dropout)
            loss = _losses(head(seen), data.targets[rows])
            weight = data.weights[rows] / data.weights[rows].sum()
            torch.autograd.backward((loss * weight).sum())
            optimizer.step()
            optimizer.zero_grad()
            schedule.step()
    with torch.no_grad():
        head.hidden.weight.div_(spread)
        head.hidden.bias.sub_(head.hidden.weight @ mean)
    return head.requires_grad_(False).eval()


def calibrate(head: Head, held_out: Labelled) -> float:
    """Divide a head's outputs by the temperature that suits held-out texts; returns it."""
    outputs = head(torch.from_numpy(held_out.features))
    weight = held_out.weights / held_out.weights.sum()

    def cost(temperature: float) -> float:
        return float((_losses(outputs / temperature, held_out.targets) * weight).sum())

    best = float(min(_TEMPERATURES, key=cost))
    head.out.weight = _divided(head.out.weight, best)
    head.out.bias = _divided(head.out.bias, best)
    return best


def _losses(outputs: Tensor, targets: Tensor) -> Tensor:
    if outputs.shape[1] == 1:
        return functional.binary_cross_entropy_with_logits(
            outputs.squeeze(1), targets, reduction="none"
        )
    return functional.cross_entropy(outputs, targets, reduction="none")


def _divided(weight: Tensor, divisor: float) -> nn.Parameter:
    return nn.Parameter(weight / divisor, requires_grad=False)

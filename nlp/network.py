"""The network of the shipped model: a short BERT and several heads on its mean vector.

It comes with weights in int8, to score, and in floats, to be trained: the same layers, with other
multiplications. It needs torch alone. ``nlp.model`` makes it a model of the transformers library,
which takes seconds to import; a process that only scores with the shipped model does without.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import Any, TypeAlias

import attrs
import torch
from torch import Tensor, nn
from torch.nn import functional

from monitor.domain import Aggravator, Emotion
from nlp.quantized import Int8Embedding, Int8Linear

__all__ = ["EMOTIONS", "HEADS", "Encoder", "Head", "Judgement", "Network", "Shape", "quantized"]

Runs: TypeAlias = list[tuple[int, int]]
"""How many texts of which length follow each other in a batch."""


EMOTIONS = tuple(Emotion)
"""The emotions in the order of the head's outputs."""

HEADS = {
    "sentiment": 3,
    "emotion": len(EMOTIONS),
    "arousal": 1,
    "complaint": 1,
    "severity": 1,
    "offensive": 1,
    "irony": 1,
}
"""The heads with the number of their outputs."""

_TEACHING = {"reason": 9}
"""Heads that are asked in training alone, for what the encoder learns by answering."""


_AGGRAVATOR_SIZE = 64


@attrs.frozen(kw_only=True)
class Shape:
    """How large the network's parts are."""

    vocab_size: int = 50_000
    hidden_size: int = 384
    num_hidden_layers: int = 9
    num_attention_heads: int = 12
    intermediate_size: int = 1536
    max_position_embeddings: int = 512
    layer_norm_eps: float = 1e-12
    head_size: int = 128
    embedding_size: int = 256


@attrs.frozen(kw_only=True)
class Judgement:
    """What the network says of some texts, a row a text.

    ``sentiment`` holds log-odds of negative, neutral and positive (in this order) for a softmax;
    ``emotion`` of ``EMOTIONS`` and each of the others, one a text, for a sigmoid. ``embedding``
    has unit length. ``reason`` is told in training alone: what an airline is blamed for.
    """

    sentiment: Tensor
    emotion: Tensor
    arousal: Tensor
    complaint: Tensor
    severity: Tensor
    offensive: Tensor
    irony: Tensor
    embedding: Tensor
    reason: Tensor | None = None


class _Layer(nn.Module):
    def __init__(self, shape: Shape, linear: Any) -> None:
        super().__init__()
        size = shape.hidden_size
        self.heads = shape.num_attention_heads
        self.query_key_value = linear(size, 3 * size)
        self.attended = linear(size, size)
        self.attended_norm = nn.LayerNorm(size, eps=shape.layer_norm_eps)
        self.widen = linear(size, shape.intermediate_size)
        self.narrow = linear(shape.intermediate_size, size)
        self.narrow_norm = nn.LayerNorm(size, eps=shape.layer_norm_eps)

    def forward(self, rows: Tensor, runs: Runs) -> Tensor:
        mixed = self.query_key_value(rows)
        contexts = []
        for texts, tokens, part in _parts(mixed, runs):
            split = part.view(texts, tokens, 3, self.heads, -1)
            query, key, value = split.permute(2, 0, 3, 1, 4)
            attended = _attended(query, key, value)
            contexts.append(attended.transpose(1, 2).reshape(texts * tokens, -1))
        rows = self.attended_norm(rows + self.attended(torch.cat(contexts)))
        narrowed = self.narrow(functional.gelu(self.widen(rows)))
        result: Tensor = self.narrow_norm(rows + narrowed)
        return result


def _attended(query: Tensor, key: Tensor, value: Tensor) -> Tensor:
    """Attention; written out where gradients are wanted, as torch's own is slow there."""
    if not torch.is_grad_enabled():
        return functional.scaled_dot_product_attention(query, key, value)
    likeness = (query @ key.transpose(-1, -2)) * query.shape[-1] ** -0.5
    return torch.softmax(likeness, dim=-1) @ value


class Encoder(nn.Module):
    """Token ids in, one mean vector a text out.

    The texts come one after another without padding, so a text's vector does not depend on the
    others in its batch, to the last bit.
    """

    def __init__(self, shape: Shape, *, floats: bool = False) -> None:
        super().__init__()
        embedding, linear = (nn.Embedding, nn.Linear) if floats else (Int8Embedding, Int8Linear)
        self.words = embedding(shape.vocab_size, shape.hidden_size)
        self.positions = nn.Embedding(shape.max_position_embeddings, shape.hidden_size)
        self.norm = nn.LayerNorm(shape.hidden_size, eps=shape.layer_norm_eps)
        self.layers = nn.ModuleList(_Layer(shape, linear) for _ in range(shape.num_hidden_layers))

    def forward(self, ids: Tensor, lengths: Sequence[int]) -> Tensor:
        """The mean of each text's tokens after the last layer.

        Args:
            ids: the tokens of all texts.
            lengths: how many of them each text has; texts of one length are best side by side.
        """
        runs = [(len(list(same)), length) for length, same in itertools.groupby(lengths)]
        places = torch.cat([torch.arange(length) for length in lengths])
        rows = self.norm(self.words(ids) + self.positions(places))
        for layer in self.layers:
            rows = layer(rows, runs)
        return torch.cat(
            [part.view(texts, tokens, -1).mean(dim=1) for texts, tokens, part in _parts(rows, runs)]
        )


def _parts(rows: Tensor, runs: Runs) -> list[tuple[int, int, Tensor]]:
    """Each run with its rows."""
    parts = torch.split(rows, [texts * tokens for texts, tokens in runs])
    return [(texts, tokens, part) for (texts, tokens), part in zip(runs, parts, strict=True)]


class Head(nn.Module):
    """One hidden layer on mean vectors."""

    def __init__(self, inputs: int, hidden: int, outputs: int) -> None:
        super().__init__()
        self.hidden = nn.Linear(inputs, hidden)
        self.out = nn.Linear(hidden, outputs)

    def forward(self, features: Tensor) -> Tensor:
        """Log-odds, a row a text."""
        odds: Tensor = self.out(functional.gelu(self.hidden(features)))
        return odds


class Network(nn.Module):
    """The encoder with its heads.

    ``aggravator`` reads the unit vector instead of the mean one and is fitted by itself: what makes
    a complaint worse can be told of a stored embedding, without the text.
    """

    def __init__(self, shape: Shape, *, floats: bool = False) -> None:
        super().__init__()
        self.encoder = Encoder(shape, floats=floats)
        self.heads = nn.ModuleDict(
            {
                name: Head(shape.hidden_size, shape.head_size, outputs)
                for name, outputs in (HEADS | (_TEACHING if floats else {})).items()
            }
        )
        self.embedding = nn.Linear(shape.hidden_size, shape.embedding_size)
        self.aggravator = Head(shape.embedding_size, _AGGRAVATOR_SIZE, len(Aggravator))
        self.aggravator.requires_grad_(False)

    def forward(self, ids: Tensor, lengths: Sequence[int]) -> Tensor:
        """The mean vectors that the heads read."""
        means: Tensor = self.encoder(ids, lengths)
        return means

    def judge(self, features: Tensor) -> Judgement:
        """What the heads say of mean vectors."""
        odds = {name: head(features) for name, head in self.heads.items()}
        single = {name: odds[name].squeeze(-1) for name, outputs in HEADS.items() if outputs == 1}
        return Judgement(
            sentiment=odds["sentiment"],
            emotion=odds["emotion"],
            reason=odds.get("reason"),
            embedding=functional.normalize(self.embedding(features), dim=-1),
            **single,
        )


def quantized(network: Network, shape: Shape) -> Network:
    """The same network with the encoder's matrices in int8, ready to score."""
    result = Network(shape)
    floats = dict(network.named_modules())
    for name, other in result.named_modules():
        module = floats[name]
        if isinstance(other, Int8Embedding):
            other.set_from(module.weight.detach())
        elif isinstance(other, Int8Linear):
            other.set_from(module.weight.detach(), module.bias.detach())
        else:
            for key, weight in module.named_parameters(recurse=False):
                setattr(other, key, nn.Parameter(weight.detach().clone(), requires_grad=False))
    return result.requires_grad_(False).eval()

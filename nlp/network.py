"""The network of the shipped model: a short BERT in int8 and four heads on its mean vector.

It needs torch alone. ``nlp.model`` makes it a model of the transformers library, which takes
seconds to import; a process that only scores with the shipped model does without.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import TypeAlias

import attrs
import torch
from torch import Tensor, nn
from torch.nn import functional

from nlp.quantized import Int8Embedding, Int8Linear

__all__ = ["Encoder", "Head", "Judgement", "Network", "Shape"]

Runs: TypeAlias = list[tuple[int, int]]
"""How many texts of which length follow each other in a batch."""


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
    head_size: int = 256
    embedding_size: int = 256


@attrs.frozen(kw_only=True)
class Judgement:
    """What the network says of some texts, a row a text.

    ``sentiment`` holds calibrated log-odds of negative, neutral and positive (in this order) for a
    softmax; ``anger`` and ``complaint`` one each, for a sigmoid. ``embedding`` has unit length.
    """

    sentiment: Tensor
    anger: Tensor
    complaint: Tensor
    embedding: Tensor


class _Layer(nn.Module):
    def __init__(self, shape: Shape) -> None:
        super().__init__()
        size = shape.hidden_size
        self.heads = shape.num_attention_heads
        self.query_key_value = Int8Linear(size, 3 * size)
        self.attended = Int8Linear(size, size)
        self.attended_norm = nn.LayerNorm(size, eps=shape.layer_norm_eps)
        self.widen = Int8Linear(size, shape.intermediate_size)
        self.narrow = Int8Linear(shape.intermediate_size, size)
        self.narrow_norm = nn.LayerNorm(size, eps=shape.layer_norm_eps)

    def forward(self, rows: Tensor, runs: Runs) -> Tensor:
        mixed = self.query_key_value(rows)
        context = torch.empty_like(rows)
        start = 0
        for texts, tokens in runs:
            end = start + texts * tokens
            parts = mixed[start:end].view(texts, tokens, 3, self.heads, -1)
            query, key, value = parts.permute(2, 0, 3, 1, 4)
            attended = functional.scaled_dot_product_attention(query, key, value)
            context[start:end] = attended.transpose(1, 2).reshape(end - start, -1)
            start = end
        rows = self.attended_norm(rows + self.attended(context))
        narrowed: Tensor = self.narrow(functional.gelu(self.widen(rows)))
        result: Tensor = self.narrow_norm(rows + narrowed)
        return result


class Encoder(nn.Module):
    """Token ids in, one mean vector a text and layer out.

    The texts come one after another without padding, so a text's vector does not depend on the
    others in its batch, to the last bit.
    """

    def __init__(self, shape: Shape) -> None:
        super().__init__()
        self.words = Int8Embedding(shape.vocab_size, shape.hidden_size)
        self.positions = nn.Embedding(shape.max_position_embeddings, shape.hidden_size)
        self.norm = nn.LayerNorm(shape.hidden_size, eps=shape.layer_norm_eps)
        self.layers = nn.ModuleList(_Layer(shape) for _ in range(shape.num_hidden_layers))

    def forward(self, ids: Tensor, lengths: Sequence[int]) -> list[Tensor]:
        """The mean of each text's tokens after every layer, first layer first.

        Args:
            ids: the tokens of all texts.
            lengths: how many of them each text has; texts of one length are best side by side.
        """
        runs = [(len(list(same)), length) for length, same in itertools.groupby(lengths)]
        places = torch.cat([torch.arange(length) for length in lengths])
        rows = self.norm(self.words(ids) + self.positions.weight[places])
        means = []
        for layer in self.layers:
            rows = layer(rows, runs)
            parts = rows.split([texts * tokens for texts, tokens in runs])
            means.append(
                torch.cat(
                    [
                        part.view(texts, tokens, -1).mean(dim=1)
                        for part, (texts, tokens) in zip(parts, runs, strict=True)
                    ]
                )
            )
        return means


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
    """The encoder with its heads: sentiment, anger, complaint and embedding."""

    def __init__(self, shape: Shape) -> None:
        super().__init__()
        self.encoder = Encoder(shape)
        self.sentiment = Head(shape.hidden_size, shape.head_size, 3)
        self.anger = Head(shape.hidden_size, shape.head_size, 1)
        self.complaint = Head(shape.hidden_size, shape.head_size, 1)
        self.embedding = nn.Linear(shape.hidden_size, shape.embedding_size)

    def forward(self, ids: Tensor, lengths: Sequence[int]) -> Tensor:
        """The mean vectors that the heads read."""
        means: list[Tensor] = self.encoder(ids, lengths)
        return means[-1]

    def judge(self, features: Tensor) -> Judgement:
        """What the heads say of mean vectors."""
        return Judgement(
            sentiment=self.sentiment(features),
            anger=self.anger(features).squeeze(-1),
            complaint=self.complaint(features).squeeze(-1),
            embedding=functional.normalize(self.embedding(features), dim=-1),
        )

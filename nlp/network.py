"""The network of the shipped model: a short BERT in int8 and four heads on its mean vector.

It needs torch alone. ``nlp.model`` makes it a model of the transformers library, which takes
seconds to import; a process that only scores with the shipped model does without.
"""

from __future__ import annotations

import attrs
import torch
from torch import Tensor, nn
from torch.nn import functional

from nlp.quantized import Int8Embedding, Int8Linear

__all__ = ["Encoder", "Head", "Judgement", "Network", "Shape"]


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

    def forward(self, rows: Tensor, texts: int, mask: Tensor | None) -> Tensor:
        tokens = rows.shape[0] // texts
        mixed = self.query_key_value(rows).view(texts, tokens, 3, self.heads, -1)
        query, key, value = mixed.permute(2, 0, 3, 1, 4)
        context = functional.scaled_dot_product_attention(query, key, value, attn_mask=mask)
        context = context.transpose(1, 2).reshape(rows.shape)
        rows = self.attended_norm(rows + self.attended(context))
        narrowed: Tensor = self.narrow(functional.gelu(self.widen(rows)))
        result: Tensor = self.narrow_norm(rows + narrowed)
        return result


class Encoder(nn.Module):
    """Token ids in, one mean vector a text and layer out."""

    def __init__(self, shape: Shape) -> None:
        super().__init__()
        self.words = Int8Embedding(shape.vocab_size, shape.hidden_size)
        self.positions = nn.Embedding(shape.max_position_embeddings, shape.hidden_size)
        self.norm = nn.LayerNorm(shape.hidden_size, eps=shape.layer_norm_eps)
        self.layers = nn.ModuleList(_Layer(shape) for _ in range(shape.num_hidden_layers))

    def forward(self, input_ids: Tensor, attention_mask: Tensor) -> list[Tensor]:
        """The mean of each text's tokens after every layer, first layer first."""
        texts, tokens = input_ids.shape
        kept = attention_mask.to(torch.bool)
        mask = None if bool(kept.all()) else kept[:, None, None, :]
        share = attention_mask.to(self.norm.weight.dtype)
        share = share / share.sum(dim=1, keepdim=True)
        vectors = self.words(input_ids) + self.positions.weight[:tokens]
        rows = self.norm(vectors).view(texts * tokens, -1)
        means = []
        for layer in self.layers:
            rows = layer(rows, texts, mask)
            means.append(torch.bmm(share.unsqueeze(1), rows.view(texts, tokens, -1)).squeeze(1))
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

    def forward(self, input_ids: Tensor, attention_mask: Tensor) -> Tensor:
        """The mean vectors that the heads read."""
        means: list[Tensor] = self.encoder(input_ids, attention_mask)
        return means[-1]

    def judge(self, features: Tensor) -> Judgement:
        """What the heads say of mean vectors."""
        return Judgement(
            sentiment=self.sentiment(features),
            anger=self.anger(features).squeeze(-1),
            complaint=self.complaint(features).squeeze(-1),
            embedding=functional.normalize(self.embedding(features), dim=-1),
        )

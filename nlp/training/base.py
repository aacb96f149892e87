"""Takes a BERT with a unigram tokenizer and makes a shorter encoder of it."""

from __future__ import annotations

from typing import Any

import torch
from tokenizers import Tokenizer
from torch import nn
from transformers import AutoModel, AutoTokenizer, BertModel

from nlp.network import Encoder

__all__ = ["copy_base", "load_base"]


def load_base(name: str) -> tuple[BertModel, Tokenizer]:
    """A BERT encoder in floats and its tokenizer, from a folder or from the hub."""
    model = AutoModel.from_pretrained(name, add_pooling_layer=False, dtype=torch.float32)
    if not isinstance(model, BertModel):
        raise TypeError(f"the base must be a BERT encoder, {name} is a {type(model).__name__}")
    tokenizer = AutoTokenizer.from_pretrained(name).backend_tokenizer
    return model, Tokenizer.from_str(tokenizer.to_str())


def copy_base(base: BertModel, kept: list[int], encoder: Encoder) -> None:
    """Fill ``encoder``, in floats, with the first layers of ``base`` and the pieces ``kept``."""
    embeddings = base.embeddings
    with torch.no_grad():
        encoder.words.weight.copy_(embeddings.word_embeddings.weight[kept])
        encoder.positions.weight.copy_(
            embeddings.position_embeddings.weight + embeddings.token_type_embeddings.weight[0]
        )
        _copy(embeddings.LayerNorm, encoder.norm)
        for source, target in zip(base.encoder.layer, encoder.layers, strict=False):
            _copy_layer(source, target)


def _copy_layer(source: Any, target: Any) -> None:
    """From a transformers layer to one of ours; neither kind tells its parts' types."""
    attention = source.attention.self
    parts = (attention.query, attention.key, attention.value)
    target.query_key_value.weight.copy_(torch.cat([part.weight for part in parts]))
    target.query_key_value.bias.copy_(torch.cat([part.bias for part in parts]))
    _copy(source.attention.output.dense, target.attended)
    _copy(source.attention.output.LayerNorm, target.attended_norm)
    _copy(source.intermediate.dense, target.widen)
    _copy(source.output.dense, target.narrow)
    _copy(source.output.LayerNorm, target.narrow_norm)


def _copy(source: nn.Linear | nn.LayerNorm, target: nn.Linear | nn.LayerNorm) -> None:
    target.load_state_dict(source.state_dict())

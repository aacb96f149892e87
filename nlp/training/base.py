"""Takes a BERT with a unigram tokenizer and makes a smaller int8 encoder of it."""

from __future__ import annotations

from typing import Any

import torch
from tokenizers import Tokenizer
from torch import Tensor, nn
from transformers import AutoModel, AutoTokenizer, BertModel

from nlp.network import Encoder, Shape

__all__ = ["load_base", "shortened"]


def load_base(name: str) -> tuple[BertModel, Tokenizer]:
    """A BERT encoder in floats and its tokenizer, from a folder or from the hub."""
    model = AutoModel.from_pretrained(name, add_pooling_layer=False, dtype=torch.float32)
    if not isinstance(model, BertModel):
        raise TypeError(f"the base must be a BERT encoder, {name} is a {type(model).__name__}")
    tokenizer = AutoTokenizer.from_pretrained(name).backend_tokenizer
    return model, Tokenizer.from_str(tokenizer.to_str())


def shortened(base: BertModel, kept: list[int], shape: Shape) -> Encoder:
    """The first layers of ``base`` in int8, with the word vectors of the pieces ``kept``."""
    encoder = Encoder(shape).eval()
    embeddings = base.embeddings
    encoder.words.set_from(embeddings.word_embeddings.weight.detach()[kept])
    positions = embeddings.position_embeddings.weight + embeddings.token_type_embeddings.weight[0]
    encoder.positions.weight = _frozen(positions)
    _copy_norm(embeddings.LayerNorm, encoder.norm)
    for source, target in zip(base.encoder.layer, encoder.layers, strict=False):
        _copy_layer(source, target)
    return encoder.requires_grad_(False)


def _copy_layer(source: Any, target: Any) -> None:
    """From a transformers layer to one of ours; neither kind tells its parts' types."""
    attention = source.attention.self
    parts = (attention.query, attention.key, attention.value)
    target.query_key_value.set_from(
        torch.cat([part.weight.detach() for part in parts]),
        torch.cat([part.bias.detach() for part in parts]),
    )
    output = source.attention.output
    target.attended.set_from(output.dense.weight.detach(), output.dense.bias.detach())
    _copy_norm(output.LayerNorm, target.attended_norm)
    widen, narrow = source.intermediate.dense, source.output.dense
    target.widen.set_from(widen.weight.detach(), widen.bias.detach())
    target.narrow.set_from(narrow.weight.detach(), narrow.bias.detach())
    _copy_norm(source.output.LayerNorm, target.narrow_norm)


def _copy_norm(source: nn.LayerNorm, target: nn.LayerNorm) -> None:
    target.weight, target.bias = _frozen(source.weight), _frozen(source.bias)


def _frozen(weight: Tensor) -> nn.Parameter:
    return nn.Parameter(weight.detach().clone(), requires_grad=False)

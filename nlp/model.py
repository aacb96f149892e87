"""The shipped model as one of the transformers library.

Importing this module registers the model type ``sparkwatch``, so that
``AutoModel.from_pretrained("nlp/models/sparkwatch-base")`` works.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import attrs
import torch
from huggingface_hub.dataclasses import strict
from torch import Tensor
from transformers import AutoConfig, AutoModel, PreTrainedConfig, PreTrainedModel
from transformers.utils.generic import ModelOutput

from nlp.network import Network, Shape

__all__ = ["SparkwatchConfig", "SparkwatchModel", "SparkwatchOutput"]


@strict
class SparkwatchConfig(PreTrainedConfig):  # type: ignore[no-untyped-call]  # of transformers
    """The shape of the network, and the revision of its weights."""

    model_type = "sparkwatch"

    vocab_size: int = 50_000
    hidden_size: int = 384
    num_hidden_layers: int = 9
    num_attention_heads: int = 12
    intermediate_size: int = 1536
    max_position_embeddings: int = 512
    layer_norm_eps: float = 1e-12
    head_size: int = 256
    embedding_size: int = 256
    pad_token_id: int | None = 1
    revision: str = ""


@dataclass
class SparkwatchOutput(ModelOutput):
    """The heads' answers, as in ``nlp.network.Judgement``."""

    sentiment: Tensor | None = None
    emotion: Tensor | None = None
    arousal: Tensor | None = None
    complaint: Tensor | None = None
    severity: Tensor | None = None
    offensive: Tensor | None = None
    irony: Tensor | None = None
    embedding: Tensor | None = None


class SparkwatchModel(PreTrainedModel):
    """The network, with transformers' loading and saving."""

    config_class = SparkwatchConfig
    base_model_prefix = "sparkwatch"
    main_input_name = "input_ids"

    def __init__(self, config: SparkwatchConfig) -> None:
        super().__init__(config)
        sizes = {field.name: getattr(config, field.name) for field in attrs.fields(Shape)}
        self.network = Network(Shape(**sizes))
        self.post_init()  # type: ignore[no-untyped-call]  # of transformers

    def forward(
        self, input_ids: Tensor, attention_mask: Tensor | None = None, **_unused: Any
    ) -> SparkwatchOutput:
        """Judge a batch of tokenised texts."""
        if attention_mask is None:
            attention_mask = torch.ones_like(input_ids)
        kept = attention_mask.to(torch.bool)
        judgement = self.network.judge(self.network(input_ids[kept], kept.sum(dim=1).tolist()))
        return SparkwatchOutput(
            **attrs.asdict(judgement, recurse=False, filter=lambda field, _: field.name != "reason")
        )


AutoConfig.register(SparkwatchConfig.model_type, SparkwatchConfig, exist_ok=True)
AutoModel.register(SparkwatchConfig, SparkwatchModel, exist_ok=True)

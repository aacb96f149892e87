"""The settings of the recipe, read from ``nlp/train.yaml``."""

from __future__ import annotations

from pathlib import Path

import yaml
from pydantic import BaseModel, ConfigDict, Field

__all__ = ["Optimisation", "Settings", "Source", "load_settings"]


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Source(_Frozen):
    """How much one source of the pool counts."""

    passes: float = Field(gt=0, description="how often each of its texts is read, on average")
    weight: float = Field(default=1.0, gt=0, description="what its labels weigh in the loss")
    restricted: bool = Field(
        default=False,
        description="no licence that allows commercial use; --permissive-only leaves it out",
    )


class Optimisation(_Frozen):
    """How the network is fitted."""

    tokens: int = Field(gt=0, description="tokens in a batch, about")
    encoder_rate: float = Field(gt=0, description="peak learning rate of the last layer")
    layer_decay: float = Field(gt=0, le=1, description="each layer's rate as a share of the next's")
    head_rate: float = Field(gt=0, description="peak learning rate of the heads")
    weight_decay: float = Field(ge=0, description="of AdamW")
    warmup: float = Field(ge=0, lt=1, description="share of the steps until the peak")
    dropout: float = Field(
        ge=0, lt=1, description="share of each mean vector that the heads do not see in training"
    )
    largest_gradient: float = Field(gt=0, description="norm to which gradients are cut")
    averaging: float = Field(
        ge=0, lt=1, description="decay a step of the moving average of the weights, which is kept"
    )


class Settings(_Frozen):
    """Everything that decides what comes out of a run, its seed included."""

    seed: int = Field(description="of sampling and of fitting")
    vocabulary: int = Field(gt=1000, description="pieces kept of the tokenizer")
    layers: int = Field(gt=0, description="layers kept of the encoder")
    longest: int = Field(gt=8, le=512, description="pieces read of a text, when scoring")
    longest_in_training: int = Field(gt=8, le=512, description="pieces read of a text in training")
    head_size: int = Field(gt=0, description="hidden units of each head")
    embedding_size: int = Field(gt=0, description="dimensions of the vector for grouping")
    teacher_texts: int = Field(
        gt=0, description="texts whose vector the whole, unchanged encoder is asked for"
    )
    misspelt: float = Field(
        ge=0, le=1, description="share of texts read with a slip of the keyboard"
    )
    derived_weight: float = Field(
        ge=0, le=1, description="weight of sentiment labels that were derived from other labels"
    )
    weak_complaint_weight: float = Field(
        ge=0, le=1, description="weight of complaint labels that are inferred from other labels"
    )
    losses: dict[str, float] = Field(description="weight of each head's loss, embedding included")
    optimisation: Optimisation = Field(description="how the network is fitted")
    sources: dict[str, Source] = Field(
        description="the sources of the pool; one that is not named is not used"
    )

    def permissive(self) -> Settings:
        """The same without the restricted sources."""
        kept = {name: source for name, source in self.sources.items() if not source.restricted}
        return self.model_copy(update={"sources": kept})


def load_settings(path: Path) -> Settings:
    """Read and check the settings."""
    return Settings.model_validate(yaml.safe_load(path.read_text(encoding="utf-8")))

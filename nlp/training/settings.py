"""The settings of the recipe, read from ``nlp/train.yaml``."""

from __future__ import annotations

from pathlib import Path

import yaml
from pydantic import BaseModel, ConfigDict, Field

__all__ = ["Fit", "Settings", "load_settings"]


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Fit(_Frozen):
    """How one head is fitted."""

    epochs: int = Field(gt=0, description="passes over the examples")
    learning_rate: float = Field(gt=0, description="of AdamW at its peak, one cosine cycle")
    weight_decay: float = Field(ge=0, description="of AdamW")
    dropout: float = Field(ge=0, lt=1, description="of the pooled vector while fitting")


class Settings(_Frozen):
    """Everything that decides what comes out of a run, its seed included."""

    seed: int = Field(description="of sampling and of fitting")
    vocabulary: int = Field(gt=1000, description="pieces kept of the tokenizer")
    layers: int = Field(gt=0, description="layers kept of the encoder")
    longest: int = Field(gt=8, le=512, description="pieces read of a text")
    head_size: int = Field(gt=0, description="hidden units of each head")
    embedding_size: int = Field(gt=0, description="dimensions of the vector for grouping")
    examples: int = Field(gt=0, description="texts encoded in all, of those that samples allows")
    dev_examples: int = Field(gt=0, description="texts read of each dev set, to calibrate on")
    ridge: float = Field(gt=0, description="penalty of the projection, relative to the variance")
    samples: dict[str, int] = Field(description="the most texts taken of each source of the pool")
    restricted: tuple[str, ...] = Field(
        description="sources without a licence that allows commercial use; --permissive-only"
        " leaves them out"
    )
    derived_weight: float = Field(
        ge=0, le=1, description="weight of sentiment labels that were derived from emotions"
    )
    weak_complaint_weight: float = Field(
        ge=0, le=1, description="weight of complaint labels that are inferred from other labels"
    )
    fit: Fit = Field(description="how the heads are fitted")

    def permissive(self) -> Settings:
        """The same without the restricted sources."""
        samples = {
            source: most for source, most in self.samples.items() if source not in self.restricted
        }
        return self.model_copy(update={"samples": samples})


def load_settings(path: Path) -> Settings:
    """Read and check the settings."""
    return Settings.model_validate(yaml.safe_load(path.read_text(encoding="utf-8")))

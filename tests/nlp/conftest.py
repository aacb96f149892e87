from __future__ import annotations

import os
from pathlib import Path

import pytest
from tokenizers import Tokenizer
from tokenizers.models import WordLevel
from tokenizers.pre_tokenizers import Whitespace
from transformers import BertConfig, BertForSequenceClassification, PreTrainedTokenizerFast

from nlp.embedded import EmbeddedScorer

WORDS = ("[PAD]", "[UNK]", "good", "bad", "flight", "bag", "@user", "http")


@pytest.fixture(scope="session")
def scorer() -> EmbeddedScorer:
    return EmbeddedScorer.load()


@pytest.fixture(scope="session")
def shared() -> Path:
    root = Path(__file__).parents[2]
    folder = (root / os.environ.get("SPARKWATCH_SHARED", "../shared")).resolve()
    if not folder.is_dir():
        pytest.skip(f"the shared data folder is not there: {folder}; set SPARKWATCH_SHARED")
    return folder


def write_classifier(folder: Path, labels: dict[int, str]) -> Path:
    """A tiny classifier with random weights, saved as the hub's models are."""
    config = BertConfig(
        vocab_size=len(WORDS),
        hidden_size=16,
        num_hidden_layers=1,
        num_attention_heads=2,
        intermediate_size=32,
        max_position_embeddings=64,
        id2label=labels,
        label2id={name: number for number, name in labels.items()},
    )
    BertForSequenceClassification(config).save_pretrained(folder)
    words = Tokenizer(
        WordLevel({word: number for number, word in enumerate(WORDS)}, unk_token="[UNK]")
    )
    words.pre_tokenizer = Whitespace()
    tokenizer = PreTrainedTokenizerFast(  # type: ignore[no-untyped-call]  # of transformers
        tokenizer_object=words, pad_token="[PAD]", unk_token="[UNK]", model_max_length=64
    )
    tokenizer.save_pretrained(folder)
    return folder

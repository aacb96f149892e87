from __future__ import annotations

import gzip
import json
from pathlib import Path

import numpy as np
import pytest
import torch
from tokenizers import AddedToken, Tokenizer
from tokenizers.models import Unigram
from tokenizers.pre_tokenizers import Metaspace
from tokenizers.processors import TemplateProcessing
from transformers import BertConfig, BertModel, PreTrainedTokenizerFast

from nlp.embedded import EmbeddedScorer
from nlp.evaluate import evaluate
from nlp.train import train
from nlp.training.corpus import Example, read_dev, read_pool, sample
from nlp.training.fitting import Labelled, calibrate, fit_head
from nlp.training.projection import fit_projection
from nlp.training.settings import Fit, Settings, load_settings
from nlp.training.vocabulary import choose_pieces, trimmed

RECIPE = Path(__file__).parents[2] / "nlp" / "train.yaml"
SPECIAL = ("<s>", "<pad>", "</s>", "<unk>")
FIT = Fit(epochs=20, learning_rate=0.01, weight_decay=0.0, dropout=0.0)
POOL = (
    {"text": "good flight", "lang": "en", "src": "a", "sent": "pos", "emo": ["joy"]},
    {"text": "bad bag", "lang": "en", "src": "us_airline", "sent": "neg", "touch": "Lost Luggage"},
    {"text": "bad bag bad", "lang": "en", "src": "complaints_xci", "sent": "neg", "complaint": 1},
    {"text": "a flight", "lang": "en", "src": "complaints_xci", "sent": "neu", "complaint": 0},
    {"text": "bad", "lang": "en", "src": "ewect_usual", "emo": ["anger"], "sent_src": "derived"},
)


def tokenizer() -> Tokenizer:
    pieces = [*((each, 0.0) for each in SPECIAL), ("▁", -2.0)]
    pieces += [(f"▁{word}", -3.0) for word in ("good", "bad", "flight", "bag", "rare")]
    pieces += [(letter, -6.0) for letter in "abdefghilort"]
    made = Tokenizer(Unigram(pieces, unk_id=3))
    made.pre_tokenizer = Metaspace()
    made.add_special_tokens([AddedToken(each, special=True) for each in SPECIAL])
    made.post_processor = TemplateProcessing(
        single="<s> $A </s>", special_tokens=[("<s>", 0), ("</s>", 2)]
    )
    return made


@pytest.fixture
def base(tmp_path: Path) -> Path:
    folder = tmp_path / "base"
    words = tokenizer()
    config = BertConfig(
        vocab_size=words.get_vocab_size(),
        hidden_size=16,
        num_hidden_layers=2,
        num_attention_heads=2,
        intermediate_size=32,
        max_position_embeddings=32,
    )
    BertModel(config, add_pooling_layer=False).save_pretrained(folder)
    wrapped = PreTrainedTokenizerFast(  # type: ignore[no-untyped-call]  # of transformers
        tokenizer_object=words, pad_token="<pad>", unk_token="<unk>"
    )
    wrapped.save_pretrained(folder)
    return folder


@pytest.fixture
def data(tmp_path: Path) -> Path:
    folder = tmp_path / "data"
    (folder / "dev").mkdir(parents=True)
    with gzip.open(folder / "train_pool.jsonl.gz", "wt", encoding="utf-8") as pool:
        pool.writelines(json.dumps(record) + "\n" for record in POOL * 8)
    (folder / "dev" / "few.jsonl").write_text(
        '{"text": "good", "lang": "en", "sentiment": "pos"}\n'
        '{"text": "bad", "lang": "en", "emotion": "anger"}\n'
        '{"text": "bag", "lang": "en", "aspects": [["X", "POS"], ["Y", "NEG"]]}\n',
        encoding="utf-8",
    )
    return folder


def small_settings() -> Settings:
    samples = {record["src"]: 8 for record in POOL}
    return load_settings(RECIPE).model_copy(
        update={
            "vocabulary": 20,
            "layers": 1,
            "longest": 16,
            "head_size": 8,
            "embedding_size": 4,
            "samples": samples,
            "fit": FIT,
        }
    )


def test_the_recipe_makes_a_folder_that_scores_and_resumes(
    base: Path, data: Path, tmp_path: Path
) -> None:
    said: list[str] = []
    for out in ("first", "second"):
        train(
            base=str(base),
            data=data,
            out=tmp_path / out,
            cache=tmp_path / "cache",
            settings=small_settings(),
            say=said.append,
        )
    first, second = (EmbeddedScorer.load(tmp_path / out) for out in ("first", "second"))
    assert first.revision == second.revision
    (good,) = first.score(["good flight"])
    assert good.sentiment == "positive"
    assert len(good.embedding) == 2 * 4
    result = evaluate("few", read_dev(data / "dev" / "few.jsonl"), first)
    assert (result.n, result.derived, result.anger_n) == (2, True, 1)


def test_the_pool_is_read_with_its_labels(data: Path) -> None:
    praise, tweet, judged, remark, angry = list(read_pool(data / "train_pool.jsonl.gz"))[:5]
    assert (praise.sentiment, praise.anger, praise.complaint) == (2, 0.0, None)
    assert (tweet.complaint, tweet.weak) == (1, True)
    assert (judged.complaint, judged.weak, remark.complaint) == (1, False, 0)
    assert (angry.anger, angry.derived, angry.complaint) == (1.0, True, None)


def test_a_sample_keeps_to_its_limits_and_to_its_seed() -> None:
    pool = [Example(text=str(n), language="en", source="ab"[n % 2]) for n in range(100)]
    chosen = sample(pool, {"a": 10, "b": 50}, 40, seed=3)
    assert chosen == sample(pool, {"a": 10, "b": 50}, 40, seed=3)
    assert len(chosen) == 40
    assert sum(example.source == "a" for example in chosen) <= 10


def test_the_most_used_pieces_are_kept_and_the_tokenizer_still_works() -> None:
    full = tokenizer()
    kept = choose_pieces(full, ["bad bag"] * 3 + ["good"], 8)
    smaller = trimmed(full, kept, 16)
    assert smaller.get_vocab_size() == 8
    assert smaller.encode("bad bag").tokens == ["<s>", "▁bad", "▁bag", "</s>"]
    assert smaller.token_to_id("▁rare") is None


def test_a_head_learns_what_can_be_told_and_is_calibrated() -> None:
    chance = np.random.default_rng(5)
    features = chance.normal(3.0, 2.0, (600, 8)).astype(np.float32)
    noisy = features[:, 0] + chance.normal(0, 1, 600) > 3.0
    data = Labelled(
        features=features,
        targets=torch.from_numpy(noisy.astype(np.float32)),
        weights=torch.ones(600),
    )
    head = fit_head(data, outputs=1, hidden=16, fit=FIT, seed=1)
    guess = head(torch.from_numpy(features)).squeeze(1) > 0
    assert (guess.numpy() == noisy).mean() > 0.8
    before = head.out.weight.clone()
    temperature = calibrate(head, data)
    assert torch.allclose(head.out.weight * temperature, before)


def test_the_projection_brings_two_languages_together() -> None:
    chance = np.random.default_rng(2)
    stories = np.repeat(chance.normal(0, 1, (200, 6)), 2, axis=0)
    languages = ["en", "zh-Hans"] * 200
    offset = np.tile([[0.0] * 6, [9.0] * 6], (200, 1))
    teacher = (stories + offset).astype(np.float32)
    student = np.hstack([stories, offset]).astype(np.float32)
    layer = fit_projection(student, teacher, languages, size=4, ridge=0.001)
    vectors = torch.nn.functional.normalize(layer(torch.from_numpy(student)), dim=1)
    pairs = torch.cosine_similarity(vectors[0::2], vectors[1::2])
    assert float(pairs.min()) > 0.95


def test_permissive_only_leaves_out_every_restricted_source() -> None:
    settings = load_settings(RECIPE)
    assert set(settings.restricted) <= set(settings.samples)
    assert not set(settings.restricted) & set(settings.permissive().samples)


def test_the_shipped_model_keeps_its_figures_on_a_dev_set(
    shared: Path, scorer: EmbeddedScorer
) -> None:
    folder = shared / "data" / "text" / "dev"
    floors = {"umsab_en": 0.58, "chnsenticorp_zh": 0.82, "ewect_usual_zh": 0.75}
    for name, floor in floors.items():
        result = evaluate(name, read_dev(folder / f"{name}.jsonl")[:400], scorer)
        assert result.macro_f1 is not None
        assert result.macro_f1 > floor

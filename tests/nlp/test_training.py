from __future__ import annotations

import gzip
import json
import random
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
import torch
from tokenizers import AddedToken, Tokenizer
from tokenizers.models import Unigram
from tokenizers.pre_tokenizers import Metaspace
from tokenizers.processors import TemplateProcessing
from transformers import BertConfig, BertModel, PreTrainedTokenizerFast

from monitor.domain import Emotion
from nlp.embedded import EmbeddedScorer
from nlp.network import HEADS, Network, Shape, quantized
from nlp.train import train
from nlp.training import fitting
from nlp.training.corpus import Example, Part, part_of, read_pool
from nlp.training.loss import labels_of, losses
from nlp.training.neutral import chinese_neutral
from nlp.training.own import own_examples, own_posts
from nlp.training.plan import batches_of, chosen, misspell
from nlp.training.projection import projection, targets
from nlp.training.settings import Settings, Source, load_settings
from nlp.training.vocabulary import choose_pieces, trimmed

RECIPE = Path(__file__).parents[2] / "nlp" / "train.yaml"
SPECIAL = ("<s>", "<pad>", "</s>", "<unk>")
POOL = (
    {"text": "good flight", "lang": "en", "src": "goemotions", "sent": "pos", "emo": ["joy"]},
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
    torch.manual_seed(4)
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
    judged = [
        {"text": f"{word} {thing}", "lang": "en", "sentiment": sentiment}
        for word, sentiment in (("good", "pos"), ("bad", "neg"), ("bad bad", "neg"))
        for thing in ("flight", "bag") * 25
    ]
    with (folder / "dev" / "few.jsonl").open("w", encoding="utf-8") as few:
        few.writelines(json.dumps(record) + "\n" for record in judged)
    return folder


def small_settings() -> Settings:
    recipe = load_settings(RECIPE)
    named = {record["src"]: Source(passes=12) for record in POOL}
    return recipe.model_copy(
        update={
            "vocabulary": 20,
            "layers": 1,
            "longest": 16,
            "longest_in_training": 12,
            "head_size": 8,
            "embedding_size": 4,
            "teacher_texts": 10,
            "sources": named,
            "optimisation": recipe.optimisation.model_copy(
                update={"tokens": 64, "encoder_rate": 0.01, "head_rate": 0.03, "dropout": 0.0}
            ),
        }
    )


class StoppedError(Exception):
    """Raised in the middle of a run, as if the machine had been switched off."""


def test_the_recipe_makes_a_folder_that_scores(base: Path, data: Path, tmp_path: Path) -> None:
    said: list[str] = []
    out, run = tmp_path / "model", tmp_path / "run"
    train(
        base=str(base),
        start=None,
        data=data,
        run=run,
        out=out,
        settings=small_settings(),
        half=False,
        threads=2,
        say=said.append,
    )
    scorer = EmbeddedScorer.load(out)
    good, bad = scorer.score(["good flight", "bad bag"], ["en", "en"])
    assert good.positive > bad.positive
    assert len(good.embedding) == 2 * 4
    assert scorer.calibration.languages == ("en",)
    assert (run / "curves.png").read_bytes().startswith(b"\x89PNG")
    assert any("steps" in line for line in said)


def test_a_model_is_trained_on_from_its_own_weights_and_pieces(
    base: Path, data: Path, tmp_path: Path
) -> None:
    def trained(out: str, start: Path | None) -> EmbeddedScorer:
        recipe = small_settings()
        rates = {"encoder_rate": 1e-9, "head_rate": 1e-9} if start else {}
        train(
            base=str(base),
            start=start,
            data=data,
            run=tmp_path / f"run of {out}",
            out=tmp_path / out,
            settings=recipe.model_copy(
                update={"optimisation": recipe.optimisation.model_copy(update=rates)}
            ),
            half=False,
            threads=1,
            say=lambda _: None,
        )
        return EmbeddedScorer.load(tmp_path / out)

    first = trained("first", None)
    second = trained("second", tmp_path / "first")
    texts = ["good flight", "bad bag", "good bag"]
    for one, other in zip(first.score(texts), second.score(texts), strict=True):
        assert one.negative == pytest.approx(other.negative, abs=0.05)
    pieces = (tmp_path / out / "tokenizer.json" for out in ("first", "second"))
    assert len({place.read_bytes() for place in pieces}) == 1


def test_the_projects_own_posts_are_labelled_throughout() -> None:
    posts = own_posts()
    assert len({post.text for post in posts}) == len(posts) > 1_800
    assert {post.language for post in posts} == {"en", "zh-Hans", "zh-Hant"}
    assert all(not post.aggravators or post.sentiment == "neg" for post in posts)
    taught = {example.text for example in own_examples(Part.TRAIN)}
    judged = {example.text for example in own_examples(Part.DEV)}
    assert taught
    assert taught.isdisjoint(judged)


def test_a_stopped_run_goes_on_and_ends_with_the_same_weights(
    base: Path, data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fitting, "_SAVE_SECONDS", 0)
    monkeypatch.setattr(fitting, "_LOG_STEPS", 1)

    def run(name: str, out: str, stop_at: str | None = None) -> None:
        def say(line: str) -> None:
            if stop_at is not None and line.startswith(stop_at):
                raise StoppedError

        train(
            base=str(base),
            start=None,
            data=data,
            run=tmp_path / name,
            out=tmp_path / out,
            settings=small_settings(),
            half=False,
            threads=2,
            say=say,
        )

    run("whole", "first")
    with pytest.raises(StoppedError):
        run("stopped", "second", stop_at="step 5 ")
    run("stopped", "second")
    first, second = (EmbeddedScorer.load(tmp_path / out) for out in ("first", "second"))
    assert first.revision == second.revision


def test_the_pool_is_read_with_its_labels_and_its_parts(data: Path) -> None:
    place = data / "train_pool.jsonl.gz"
    praise, tweet, judged, remark, angry = list(read_pool(place, Part.TRAIN))[:5]
    assert praise.sentiment == 2
    assert praise.emotions == frozenset({Emotion.JOY})
    assert (tweet.complaint, tweet.weak, tweet.reason) == (1, True, 7)
    assert (judged.complaint, judged.weak, remark.complaint) == (1, False, 0)
    assert (angry.emotions, angry.single) == (frozenset({Emotion.ANGER}), True)
    assert angry.derived
    assert Emotion.DISGUST not in angry.asked
    assert list(read_pool(place, Part.DEV)) == []


def test_a_tenth_is_kept_to_choose_on_and_a_tenth_to_test() -> None:
    parts = Counter(part_of(f"post number {n}") for n in range(3_000))
    assert 240 < parts[Part.DEV] < 360
    assert 240 < parts[Part.TEST] < 360


def test_texts_are_repeated_as_asked_and_batched_by_length() -> None:
    examples = [Example(text=str(n), language="en", source="ab"[n % 2]) for n in range(400)]
    sources = {"a": Source(passes=2), "b": Source(passes=0.5)}
    order = chosen(examples, sources, seed=3)
    assert order == chosen(examples, sources, seed=3)
    by_source = Counter(examples[place].source for place in order)
    assert by_source["a"] == 400
    assert 70 < by_source["b"] < 130
    lengths = [1 + n % 40 for n in range(400)]
    batches = batches_of(order, lengths, 80, seed=3)
    assert sorted(place for batch in batches for place in batch) == sorted(order)
    assert all(sum(lengths[place] for place in batch) <= 80 for batch in batches)


def test_a_slip_of_the_keyboard_changes_little() -> None:
    lot = random.Random(1)  # noqa: S311 - a repeatable lot, not a secret
    text = "they charged us for every bag"
    slips = {misspell(text, lot) for _ in range(60)}
    assert len(slips) > 20
    assert all(abs(len(slip) - len(text)) <= 1 for slip in slips)
    assert misspell("short", lot) == "short"


def test_a_text_without_a_label_adds_nothing_to_the_loss() -> None:
    settings = small_settings()
    torch.manual_seed(1)
    shape = Shape(vocab_size=20, hidden_size=16, num_hidden_layers=1, num_attention_heads=2)
    network = Network(shape, floats=True)
    said = network.judge(torch.randn(2, 16))
    silent = Example(text="x", language="en", source="goemotions")
    angry = Example(
        text="y",
        language="zh",
        source="ewect_usual",
        sentiment=0,
        emotions=frozenset({Emotion.ANGER}),
        asked=frozenset(Emotion) - {Emotion.DISGUST},
        single=True,
    )
    vectors = torch.zeros(2, shape.embedding_size)
    nothing = losses(said, labels_of([silent, silent], settings, vectors))
    assert set(nothing) == {*HEADS, "reason", "embedding"}
    assert all(float(loss.detach()) == 0 for loss in nothing.values())
    something = losses(said, labels_of([silent, angry], settings, vectors))
    assert {name for name, loss in something.items() if float(loss.detach()) > 0} == {
        "sentiment",
        "emotion",
    }


def test_the_quantized_network_says_what_the_floats_say() -> None:
    torch.manual_seed(2)
    shape = Shape(vocab_size=30, hidden_size=16, num_hidden_layers=2, num_attention_heads=2)
    network = Network(shape, floats=True).eval()
    ids, lengths = torch.randint(0, 30, (9,)), [4, 5]
    with torch.inference_mode():
        floats, whole = network(ids, lengths), quantized(network, shape)(ids, lengths)
    assert float(torch.cosine_similarity(floats, whole).min()) > 0.99


def test_made_up_neutral_posts_are_distinct_and_repeatable() -> None:
    made = chinese_neutral(7)
    assert made == chinese_neutral(7)
    assert len({each.text for each in made}) == len(made) > 500
    assert not any("{" in each.text for each in made)


def test_the_most_used_pieces_are_kept_and_the_tokenizer_still_works() -> None:
    full = tokenizer()
    kept = choose_pieces(full, ["bad bag"] * 3 + ["good"], 8)
    smaller = trimmed(full, kept, 16)
    assert smaller.get_vocab_size() == 8
    assert smaller.encode("bad bag").tokens == ["<s>", "▁bad", "▁bag", "</s>"]
    assert smaller.token_to_id("▁rare") is None


def test_the_vectors_to_learn_are_alike_across_two_languages() -> None:
    chance = np.random.default_rng(2)
    stories = np.repeat(chance.normal(0, 1, (200, 6)), 2, axis=0)
    languages = ["en", "zh-Hans"] * 200
    offset = np.tile([[0.0] * 6, [9.0] * 6], (200, 1))
    teacher = np.hstack([stories + offset, offset]).astype(np.float32)
    vectors = targets(teacher, languages, size=4)
    assert np.allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-5)
    assert float((vectors[0::2] * vectors[1::2]).sum(axis=1).min()) > 0.95


def test_the_projection_finds_the_linear_map() -> None:
    chance = np.random.default_rng(3)
    vectors = chance.normal(1.0, 2.0, (400, 6)).astype(np.float32)
    map_, shift = chance.normal(0, 1, (6, 3)), chance.normal(0, 1, 3)
    wanted = (vectors @ map_ + shift).astype(np.float32)
    layer = projection(vectors, wanted)
    assert np.allclose(layer(torch.from_numpy(vectors)).numpy(), wanted, atol=0.2)


def test_permissive_only_leaves_out_every_restricted_source() -> None:
    settings = load_settings(RECIPE)
    restricted = {name for name, source in settings.sources.items() if source.restricted}
    assert {"us_airline", "ewect_usual", "dimabsa"} <= restricted
    assert not restricted & set(settings.permissive().sources)

from __future__ import annotations

import time
from pathlib import Path

import attrs
import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from monitor.domain import Assessment
from nlp.batching import batches, side_by_side
from nlp.embedded import EmbeddedScorer
from nlp.errors import ModelError
from nlp.likeness import of_translations
from nlp.quantized import dequantized
from nlp.scoring import load_scorer
from nlp.shipped import SHIPPED, Model, read_model


def rows(name: str) -> list[list[str]]:
    lines = (Path(__file__).parent / name).read_text(encoding="utf-8").splitlines()
    return [line.split("\t") for line in lines[1:]]


ROWS = rows("complaints.tsv")
REMARKS = [cell for row in rows("remarks.tsv") for cell in row]
HOSTILE = (
    "",
    " ",
    "\x00\x00\x00",
    "😡😡😡",
    "@a @b https://c.example",
    "a" * 100_000,
    "行李" * 50_000,
    "<script>alert(1)</script>",
    "\ud800",
    "\u202e\u200b\ufeff",
    "z̷̢̛̦a̸̧̛l̶̡g̵̛o̸" * 500,
)


@pytest.fixture(scope="module")
def model() -> Model:
    return read_model(SHIPPED)


def vector(assessment: Assessment) -> np.ndarray[tuple[int], np.dtype[np.float32]]:
    return np.frombuffer(assessment.embedding, dtype="<f2").astype(np.float32)


@pytest.mark.parametrize(
    ("text", "sentiment"),
    [
        ("Worst airline ever, they lost my luggage and the staff was rude", "negative"),
        ("What a lovely flight, thank you so much to the whole crew!", "positive"),
        ("The flight leaves at 10:30 from gate 5.", "neutral"),
        ("这家航空公司太差了，服务态度恶劣，再也不坐了", "negative"),
        ("機組人員非常親切，飛行體驗很棒，謝謝！", "positive"),
        ("這家航空公司太差了，服務態度惡劣，再也不坐了", "negative"),
        ("😡😡😡", "negative"),
    ],
)
def test_clear_cases_are_told_in_three_scripts(
    scorer: EmbeddedScorer, text: str, sentiment: str
) -> None:
    assert scorer.score([text])[0].sentiment == sentiment


@pytest.mark.parametrize("column", [0, 1, 2], ids=["en", "zh-Hans", "zh-Hant"])
def test_most_complaints_are_negative_and_found(scorer: EmbeddedScorer, column: int) -> None:
    said = scorer.score([row[column] for row in ROWS])
    assert np.mean([each.sentiment == "negative" for each in said]) > 0.78
    assert np.mean([(each.complaint or 0.0) > 0.5 for each in said]) > 0.6


def test_hardly_any_remark_is_taken_for_a_complaint(scorer: EmbeddedScorer) -> None:
    said = scorer.score(REMARKS)
    assert sum((each.complaint or 0.0) > 0.5 for each in said) <= 2


def test_traditional_chinese_is_judged_as_simplified_is(scorer: EmbeddedScorer) -> None:
    simplified, traditional = scorer.score(["航班取消了，没有人管我们", "航班取消了，沒有人管我們"])
    assert traditional.language == "zh-Hant"
    assert traditional.negative == pytest.approx(simplified.negative, abs=0.01)


def test_the_same_story_is_closest_in_another_language(scorer: EmbeddedScorer) -> None:
    for likeness in of_translations(scorer, Path(__file__).parent / "complaints.tsv"):
        assert likeness.first is not None
        assert likeness.first > 0.9
        assert likeness.separation > 0.99


def test_order_and_batch_do_not_change_what_is_said(scorer: EmbeddedScorer) -> None:
    texts = [cell for row in ROWS for cell in row]
    together = scorer.score(texts)
    backwards = scorer.score(texts[::-1])[::-1]
    alone = [scorer.score([text])[0] for text in texts[:20]]
    assert backwards == together
    for one, other in zip(together, alone, strict=False):
        assert one.negative == pytest.approx(other.negative, abs=1e-5)
        assert one.complaint == pytest.approx(other.complaint, abs=1e-5)
        assert vector(one) == pytest.approx(vector(other), abs=1e-3)


def test_two_threads_say_what_one_says_to_the_bit() -> None:
    texts = [cell for row in ROWS for cell in row]
    one, two = load_scorer(threads=1), load_scorer(threads=2)
    assert two.score(texts) == one.score(texts)
    assert two.embed(texts) == one.embed(texts)


def test_a_thread_that_works_on_a_batch_uses_one_processor() -> None:
    load_scorer(threads=2)
    used = side_by_side(lambda _item: torch.get_num_threads(), range(4), threads=2)
    assert used == [1, 1, 1, 1]


def test_what_goes_wrong_on_a_thread_is_told() -> None:
    with pytest.raises(ZeroDivisionError):
        side_by_side(lambda item: 1 // item, [1, 0, 1], threads=2)


def test_a_text_alone_has_the_vector_that_it_has_in_a_batch_to_the_bit(model: Model) -> None:
    texts = [cell for row in ROWS for cell in row]
    pieces = [each.ids for each in model.tokenizer.encode_batch(texts)]
    with torch.inference_mode():
        for places, ids, lengths in batches(pieces):
            together = model.network(ids, lengths)
            for row, place in list(enumerate(places))[::8]:
                alone = model.network(torch.tensor(pieces[place]), lengths[row : row + 1])
                assert torch.equal(alone[0], together[row])


def test_the_network_in_floats_agrees_with_the_one_in_whole_numbers(
    scorer: EmbeddedScorer, model: Model
) -> None:
    texts = [cell for row in ROWS for cell in row[:2]] + REMARKS
    floats = attrs.evolve(model, network=dequantized(model.network))
    plain = EmbeddedScorer(model=scorer.model, loaded=floats).score(texts)
    whole = scorer.score(texts)
    for one, other in zip(whole, plain, strict=True):
        assert vector(one) @ vector(other) >= 0.99
    apart = [
        max(
            abs(one.negative - other.negative),
            abs(one.neutral - other.neutral),
            abs(one.positive - other.positive),
        )
        for one, other in zip(whole, plain, strict=True)
    ]
    assert np.mean(np.array(apart) < 0.1) >= 0.95


def test_probabilities_and_vectors_are_what_the_contract_says(scorer: EmbeddedScorer) -> None:
    for each in scorer.score([row[0] for row in ROWS]):
        assert each.negative + each.neutral + each.positive == pytest.approx(1.0, abs=1e-5)
        assert float(np.linalg.norm(vector(each))) == pytest.approx(1.0, abs=0.01)


@pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
def test_any_text_is_judged_and_quickly(scorer: EmbeddedScorer, text: str) -> None:
    start = time.process_time()
    (assessment,) = scorer.score([text])
    assert time.process_time() - start < 5.0
    assert assessment.model == "sparkwatch-base"


@settings(max_examples=30, deadline=None)
@given(texts=st.lists(st.text(max_size=60), max_size=4))
def test_there_is_one_assessment_a_text(scorer: EmbeddedScorer, texts: list[str]) -> None:
    assert len(scorer.score(texts)) == len(texts)


def test_a_text_that_says_nothing_is_neutral_and_like_no_other(scorer: EmbeddedScorer) -> None:
    for each in scorer.score(["", "\x00", "@a http://b.example", "..."]):
        assert (each.neutral, each.complaint, each.embedding) == (1.0, 0.0, b"")


def test_hints_are_taken_a_text_each(scorer: EmbeddedScorer) -> None:
    first, second = scorer.score(["不好吃", "不好吃"], ["zh-TW", None])
    assert (first.language, second.language) == ("zh-Hant", "zh-Hans")


def test_the_configuration_names_the_shipped_model_embedded() -> None:
    scorer = load_scorer("embedded")
    assert scorer.model == "sparkwatch-base"
    assert len(scorer.revision) == 12


def test_an_incomplete_shipped_folder_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"config\.json.*Reinstall"):
        EmbeddedScorer.load(tmp_path)

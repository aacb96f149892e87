from __future__ import annotations

import time
from collections.abc import Sequence

import numpy as np
import pytest

from config.taxonomy import load_learned, load_taxonomy, shipped_taxonomies
from monitor.domain import Taxonomy, Touchpoint
from nlp.touchpoints import Found, Learned, Reckoning, TouchpointFinder
from nlp.wordings import wordings

AXES = {"bag": 0, "lost": 0, "suitcase": 0, "late": 1, "delayed": 1}


def embed(texts: Sequence[str]) -> list[bytes]:
    """A model that knows two meanings, whatever the words."""
    vectors = []
    for text in texts:
        vector = np.full(3, 0.01)
        for word, axis in AXES.items():
            vector[axis] += word in text
        vectors.append((vector / np.linalg.norm(vector)).astype("<f2").tobytes())
    return vectors


def blind(texts: Sequence[str]) -> list[bytes]:
    return [b""] * len(texts)


def touchpoint(name: str, *phrases: str) -> Touchpoint:
    return Touchpoint(id=name, names={"en": name, "zh": name}, phrases=phrases, stage="using")


BAGGAGE = touchpoint("baggage", "lost|missing bag|luggage", "bag never arrived", "行李 丢|不见")
DELAY = touchpoint("delay", "delayed", "hour late", "晚点", "延误")
TAXONOMY = Taxonomy(id="airline", touchpoints=(BAGGAGE, DELAY))
QUICK = Reckoning(phrases=4.0, likeness=4.0, nothing=1.0)


@pytest.fixture
def finder() -> TouchpointFinder:
    return TouchpointFinder(TAXONOMY, blind, reckoning=QUICK)


def shown(found: Found | None, text: str) -> list[str]:
    assert found is not None
    return [text[start:end] for start, end in found.spans]


def test_a_phrase_is_found_whatever_small_words_and_endings_stand_in_it(
    finder: TouchpointFinder,
) -> None:
    text = "They LOST all of my bags, again"
    found = finder.find(text, b"")
    assert found is not None
    assert found.touchpoint == "baggage"
    assert shown(found, text) == ["LOST all of my bags"]
    assert 0.5 < found.score <= 1.0


@pytest.mark.parametrize(
    ("text", "told", "place"),
    [
        ("我的行李被弄丢了", "baggage", "行李被弄丢"),
        ("我的行李不見了", "baggage", "行李不見"),
        ("航班又誤點，延誤三小時", "delay", "延誤"),
        ("ＤＥＬＡＹＥＤ for ever", "delay", "ＤＥＬＡＹＥＤ"),
        ("de\u200blayed 😡", "delay", "de\u200blayed"),
        ("@AirlineLost see https://lost.example/bag delayed", "delay", "delayed"),
    ],
)
def test_spans_lie_in_the_text_as_it_was_written(
    finder: TouchpointFinder, text: str, told: str, place: str
) -> None:
    found = finder.find(text, b"")
    assert found is not None
    assert found.touchpoint == told
    assert shown(found, text) == [place]


@pytest.mark.parametrize(
    "text", ["", "What a lovely day", "今天天气好", "😡" * 50, "\x00", "@delayed"]
)
def test_nothing_is_told_where_nothing_fits(finder: TouchpointFinder, text: str) -> None:
    assert finder.find(text, b"") is None


def test_a_phrase_does_not_reach_across_sentences(finder: TouchpointFinder) -> None:
    assert finder.find("We got lost. Bag shops were closed", b"") is None


def test_likeness_alone_can_tell_and_then_shows_no_place() -> None:
    finder = TouchpointFinder(TAXONOMY, embed, reckoning=QUICK)
    text = "my suitcase is gone"
    found = finder.find(text, embed([text])[0])
    assert found is not None
    assert (found.touchpoint, found.spans) == ("baggage", ())


def test_many_texts_are_read_as_one_by_one() -> None:
    finder = TouchpointFinder(TAXONOMY, embed, reckoning=QUICK)
    texts = ["lost my bag", "delayed", "hello", "late late", "行李丢了"] * 120
    embeddings = embed(texts)
    together = finder.find_all(texts, embeddings)
    alone = [finder.find(*each) for each in zip(texts, embeddings, strict=True)]
    assert [one and one.touchpoint for one in together] == [one and one.touchpoint for one in alone]
    assert [one and one.spans for one in together] == [one and one.spans for one in alone]


def test_a_text_without_embedding_is_read_by_its_words() -> None:
    finder = TouchpointFinder(TAXONOMY, embed, reckoning=QUICK)
    found = finder.find_all(["delayed", "lost my bag"], [b"", *embed(["lost my bag"])])
    assert [one and one.touchpoint for one in found] == ["delay", "baggage"]


def test_learned_words_are_added_to_their_touchpoints() -> None:
    learned = Learned(
        groups=(("baggage",), ("delay",)),
        base=(0.0, 0.0),
        words={"carousel": (6.0, -6.0), "gate chang": (-6.0, 6.0)},
        reckoning=QUICK,
    )
    finder = TouchpointFinder(TAXONOMY, blind, learned)
    told = finder.find_all(["at the carousels", "gate change!", "hello"], [b""] * 3)
    assert [one and one.touchpoint for one in told] == ["baggage", "delay", None]


def test_a_touchpoint_that_nothing_was_learned_of_needs_only_its_phrases() -> None:
    learned = Learned(
        groups=(("baggage",),), base=(0.0,), words={"carousel": (6.0,)}, reckoning=QUICK
    )
    finder = TouchpointFinder(TAXONOMY, blind, learned)
    found = finder.find("delayed at the gate", b"")
    assert found is not None
    assert found.touchpoint == "delay"


def test_longer_and_rarer_phrases_weigh_more() -> None:
    general = touchpoint("general", "bag")
    special = touchpoint("special", "bag never arrived", "bag shop")
    finder = TouchpointFinder(
        Taxonomy(id="x", touchpoints=(general, special)), blind, reckoning=QUICK
    )
    found = finder.find("the bag never arrived", b"")
    assert found is not None
    assert found.touchpoint == "special"


@pytest.mark.parametrize("phrase", ["the", "的", "my|lost", "123", "a|b|c|d " * 6])
def test_a_phrase_that_cannot_be_searched_for_is_refused_by_its_name(phrase: str) -> None:
    with pytest.raises(ValueError, match="the phrase"):
        wordings(phrase)


@pytest.mark.parametrize(
    "piece", ["lost ", "行李", "😡", "\u200b", "<b>", "lost|", "a\u0301", "\x00"]
)
def test_a_hundred_thousand_characters_are_read_at_once(
    finder: TouchpointFinder, piece: str
) -> None:
    text = piece * (100_000 // len(piece))
    started = time.process_time()
    finder.find(text, b"")
    assert time.process_time() - started < 0.5


@pytest.mark.parametrize(
    ("taxonomy", "text", "told"),
    [
        ("airline", "They lost my suitcase and nobody knows where it is", "lost_baggage"),
        ("airline", "飛機延誤了四個小時，還在等", "delay"),
        ("airline", "the stewardess was so rude", "cabin_crew"),
        ("bank", "the atm swallowed my card", "cash_machine"),
        ("bank", "我的账户被冻结了", "account_freeze"),
        ("hotel", "found a cockroach and dirty sheets", "cleanliness"),
        ("hotel", "隔音太差，一整晚都很吵", "noise"),
        ("retail", "still waiting for my refund", "refund"),
        ("retail", "買到假貨，根本不是正品", "authenticity"),
        ("restaurant", "骑手超时，外卖送到都凉了", "delivery"),
        ("restaurant", "got food poisoning from the chicken", "food_safety"),
        ("software", "app keeps crashing after opening", "stability"),
        ("software", "自動續費，偷偷扣費", "billing"),
        ("telecom", "no signal, a dead zone", "coverage"),
        ("telecom", "想携号转网，客服不让销户", "leaving"),
    ],
)
def test_shipped_taxonomies_tell_plain_complaints_by_their_words_alone(
    taxonomy: str, text: str, told: str
) -> None:
    finder = TouchpointFinder(load_taxonomy(taxonomy), blind)
    found = finder.find(text, b"")
    assert found is not None
    assert found.touchpoint == told
    assert found.spans


def test_what_was_learned_fits_the_taxonomy_that_it_ships_with() -> None:
    for name in shipped_taxonomies():
        learned = load_learned(name)
        if learned is None:
            continue
        ids = [each.id for each in load_taxonomy(name).touchpoints]
        grouped = [each for group in learned.groups for each in group]
        assert sorted(grouped) == sorted(ids)
        assert len(learned.base) == len(learned.groups)
        assert {len(weights) for weights in learned.words.values()} == {len(learned.groups)}

from __future__ import annotations

import math
from collections.abc import Sequence

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.domain import Aggravator, Assessment, Emotion
from nlp.embedded import EmbeddedScorer
from nlp.explain import explain, probabilities, without, words_in
from nlp.text import LONGEST


@attrs.define
class CountingScorer:
    """A scorer that adds up what each word is worth, in logarithmic odds of being negative."""

    worth: dict[str, float]
    unreadable: str = "\x00"
    """What a text must not hold to be judged."""
    needed: str = ""
    """What a text must hold to be judged."""
    calls: list[tuple[Sequence[str], Sequence[str | None]]] = attrs.field(factory=list)
    model: str = "counting"
    revision: str = "1"

    def score(
        self, texts: Sequence[str], hints: Sequence[str | None] | None = None
    ) -> list[Assessment]:
        self.calls.append((texts, hints or ()))
        return [self._judged(text) for text in texts]

    def embed(self, texts: Sequence[str]) -> list[bytes]:
        return [b"" for _ in texts]

    def aggravators(self, embedding: bytes) -> tuple[Aggravator, ...]:
        return ()

    def _judged(self, text: str) -> Assessment:
        odds = sum(worth for word, worth in self.worth.items() if word in text)
        negative = 1 / (1 + math.exp(-odds))
        return Assessment(
            model=self.model,
            revision=self.revision,
            language="en",
            negative=negative,
            neutral=0.0,
            positive=1 - negative,
            emotions={Emotion.ANGER: 0.9 if "!" in text else 0.1},
            complaint=negative,
            abstained=self.unreadable in text or self.needed not in text,
        )


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", []),
        ("  \n\t ", []),
        ("They lost it.", ["They", "lost", "it"]),
        ("no.They said: (never), ok", ["no", "They", "said", "never", "ok"]),
        ("WHY?! Well... fine :(", ["WHY", "?!", "Well", "...", "fine", ":("]),
        ("$200, 3.5kg at 10:30", ["$200", "3.5kg", "at", "10:30"]),
        ("it’s a third-rate one", ["it’s", "a", "third-rate", "one"]),
        ("行李費太貴了！退錢", ["行李", "費", "太貴", "了", "！", "退錢"]),
        ("so😡😡 👍🏽 👨\u200d👩\u200d👧 ❤️", ["so", "😡😡", "👍🏽", "👨\u200d👩\u200d👧", "❤️"]),
        ("<b class='x'>bad</b><br/>", ["bad"]),
        ("AT&amp;T @delta_help bad", ["AT", "&amp;", "T", "@delta_help", "bad"]),
        ("http://t.co/x?y=1，貴", ["http://t.co/x?y=1", "貴"]),
        ("#NeverAgain #达美航空# ok", ["#NeverAgain", "#达美航空#", "ok"]),
        ("कृपया मदद करें", ["कृपया", "मदद", "करें"]),
        ("荷物が", ["荷物", "が"]),
    ],
)
def test_a_text_falls_into_words_that_can_be_left_out(text: str, words: list[str]) -> None:
    assert [text[start:end] for start, end in words_in(text)] == words


SOME_TEXT = st.text(alphabet="ab行費😡\u200d\u0301 .,!?<>@#&;:'-9\n", max_size=80)


@given(SOME_TEXT | st.text(max_size=80))
def test_words_stand_in_order_and_do_not_overlap(text: str) -> None:
    at = 0
    for start, end in words_in(text):
        assert at <= start < end <= len(text)
        at = end


def test_a_word_weighs_what_it_does_to_the_odds_of_each_label() -> None:
    scorer = CountingScorer({"rude": 1.0, "kind": -2.0})
    found = explain("a rude but kind crew", scorer)
    rude, kind = found.supporting("negative"), found.opposing("negative")
    assert [found.words(piece) for piece in rude + kind] == ["rude", "kind"]
    assert rude[0].weights["negative"] == pytest.approx(1 / (1 + math.exp(-1)) - 0.5)
    assert kind[0].weights["complaint"] == pytest.approx(1 / (1 + math.exp(2)) - 0.5)
    assert rude[0].weights["positive"] == pytest.approx(-rude[0].weights["negative"])


def test_a_word_still_weighs_where_the_label_is_all_but_certain() -> None:
    found = explain("rude awful never", CountingScorer({"rude": 1.0, "awful": 5.0, "never": 2.0}))
    assert found.assessment.negative > 0.999
    assert [found.words(one) for one in found.supporting("negative")] == ["awful", "never", "rude"]


def test_marks_speak_as_words_do() -> None:
    found = explain("late again!!", CountingScorer({}))
    assert [found.words(one) for one in found.supporting("anger")] == ["!!"]


def test_all_variants_are_asked_at_once_in_the_language_of_the_whole() -> None:
    scorer = CountingScorer({})
    explain("lost my bag", scorer, "fr")
    assert scorer.calls == [
        (["lost my bag"], ["fr"]),
        ([" my bag", "lost  bag", "lost my "], ["en", "en", "en"]),
    ]


def test_a_long_text_is_opened_where_it_weighs_most() -> None:
    scorer = CountingScorer({"rude": 2.0, "kind": -1.0})
    calm = ["The town is old and we saw all of it."] * 30
    calm[11] = "They were kind to us at the gate."
    calm[20] = "But then the crew was rude to my mother."
    found = explain(" ".join(calm), scorer)
    assert [found.words(one) for one in found.supporting("negative")] == ["rude"]
    assert [found.words(one) for one in found.opposing("negative")] == ["kind"]
    clauses = [one for one in found.pieces if " " in found.words(one)]
    assert len(clauses) > 15
    assert sum(len(texts) for texts, _ in scorer.calls) <= 101
    assert list(found.pieces) == sorted(found.pieces, key=lambda one: one.span)


def test_a_text_without_a_stop_is_cut_into_parts_all_the_same() -> None:
    scorer = CountingScorer({"差": 1.0})
    explain("行李 " * 500 + "差", scorer)
    assert sum(len(texts) for texts, _ in scorer.calls) <= 101


def test_nothing_is_said_of_words_where_the_model_abstains() -> None:
    found = explain("Koffer weg", CountingScorer({}, unreadable="Koffer"))
    assert (found.assessment.abstained, found.pieces) == (True, ())


def test_a_word_without_which_the_model_abstains_gets_no_weight() -> None:
    found = explain("rude crew", CountingScorer({"rude": 2.0}, needed="rude"))
    assert found.pieces[0].weights["negative"] == 0.0


def test_only_as_much_as_is_read_is_explained() -> None:
    assert len(explain("bag " * 1_000, CountingScorer({})).text) == LONGEST


def test_a_text_without_words_has_no_pieces() -> None:
    assert explain(". , ()", CountingScorer({})).pieces == ()


def test_probabilities_that_a_model_does_not_tell_are_left_out() -> None:
    [said] = CountingScorer({}).score(["x"])
    assert set(probabilities(said)) == {"negative", "neutral", "positive", "anger", "complaint"}


def test_words_do_not_grow_together_where_one_is_left_out() -> None:
    assert without("good😡bad", (4, 5)) == "good bad"
    assert without("很不好", (1, 2)) == "很好"
    assert without("bad", (0, 3)) == ""


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("The flight was on time but the crew was disgusting", "disgusting"),
        ("飞机准点，就是空姐的态度太恶劣", "恶劣"),
        ("飛機準點，就是空姐的態度太惡劣", "惡劣"),
    ],
)
def test_the_shipped_model_relies_on_the_word_that_a_person_would_name(
    scorer: EmbeddedScorer, text: str, word: str
) -> None:
    found = explain(text, scorer)
    assert word in found.words(found.supporting("negative")[0])

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.incidents.query import PreparedText, QuerySyntaxError, fold, parse


@pytest.mark.parametrize(
    ("query", "text", "matches"),
    [
        ("bag", "my bag is gone", True),
        ("bag", "my bags are gone", False),
        ("bag*", "my bags are gone", True),
        ("bag*", "my handbag is gone", False),
        ("BAG", "my bag", True),
        ("lost bag", "a bag was lost", True),
        ("lost bag", "a bag was found", False),
        ("lost AND bag", "a bag was lost", True),
        ("lost OR stolen", "it was stolen", True),
        ("lost OR stolen bag", "lost", True),
        ("(lost OR stolen) bag", "lost", False),
        ("(lost OR stolen) bag", "stolen bag", True),
        ("bag NOT hand", "a bag", True),
        ("bag NOT hand", "a hand bag", False),
        ("NOT hand", "a bag", True),
        ("NOT NOT bag", "a bag", True),
        ("NOT (hand OR foot)", "a foot", False),
        ("lost and found", "lost found", False),
        ("lost and found", "lost and found", True),
        ('"lost bag"', "lost bag", True),
        ('"lost bag"', "lost a bag", False),
        ('"lost bag"', "Lost\n Bag!", True),
        ('"lost bag*"', "lost baggage", True),
        ('"AND"', "and", True),
        ("“lost bag”", "lost bag", True),
        ("「行李」", "我的行李", True),
        ("行李", "我的行李不见了", True),
        ("行李 AND 改签", "行李和改签", True),
        ("行李 改签", "行李", False),
        ("（行李 OR 改签） NOT 广告", "改簽", True),
        ("（行李 OR 改签） NOT 广告", "改簽廣告", False),
        ("改签", "無法改簽", True),
        ("改簽", "无法改签", True),
        ("延*", "延误了", True),
        ("@delta", "@Delta hi", True),
        ("@delta", "@DeltaAssist hi", False),
        ("#fail", "#FAIL", True),
        ("#fail", "fail", False),
        ("café", "CAFE", True),
        ("4th", "the 4th bag", True),
        ("$200", "charged $200!", True),
        ("😡", "so 😡", True),
        ("багаж", "Мой БАГАЖ", True),
        ("багаж", "багажом", False),
        ("สนามบิน", "ที่สนามบินวันนี้", True),
    ],
)
def test_a_query_matches_what_it_says(query: str, text: str, matches: bool) -> None:
    assert parse(query).matches(PreparedText(text)) is matches


def test_spans_are_the_words_that_satisfied_it_in_the_original_text() -> None:
    text = "我的行\u200b李 was LOST, not found"
    spans = parse("行李 (lost OR stolen) NOT advert").spans(PreparedText(text))
    assert [text[start:end] for start, end in spans] == ["行\u200b李", "LOST"]


def test_where_it_does_not_match_there_are_no_spans() -> None:
    assert parse("lost NOT bag").spans(PreparedText("lost bag")) == ()


def test_overlapping_words_are_one_span() -> None:
    assert parse('lost "lost bag"').spans(PreparedText("lost bag")) == ((0, 8),)


@pytest.mark.parametrize(
    ("query", "says", "position"),
    [
        ("", 'expected a word, a "phrase" or (', 0),
        ("   ", 'expected a word, a "phrase" or (', 3),
        ("delayed OR", 'expected a word, a "phrase" or ( after OR', 10),
        ("AND delayed", 'expected a word, a "phrase" or (', 0),
        ("a AND OR b", 'expected a word, a "phrase" or ( after AND', 6),
        ("NOT", 'expected a word, a "phrase" or ( after NOT', 3),
        ("(a OR b", 'expected ")" for the "(" at character 1', 7),
        ("a) b", 'this ")" closes nothing; expected the end of the query', 1),
        ("()", 'expected a word, a "phrase" or ( after (', 1),
        ('"lost bag', 'expected a closing "', 0),
        ("lost “bag", "expected a closing ”", 5),
        ("de*ay", "a * may only end a word", 2),
        ("*delay", "a * may only end a word", 0),
        ("a *", "a * may only end a word", 2),
        ("a **", "a * may only end a word", 2),
        ('""', "'' holds nothing to search for; expected a word, a \"phrase\" or (", 0),
        ("a -", "'-' holds nothing to search for; expected a word, a \"phrase\" or (", 2),
        ("(" * 51 + "a" + ")" * 51, "a query nests at most 50 deep", 50),
        ("NOT " * 9_000 + "a", "a query nests at most 50 deep", 200),
    ],
)
def test_a_mistake_is_shown_where_it_is(query: str, says: str, position: int) -> None:
    with pytest.raises(QuerySyntaxError) as caught:
        parse(query)
    assert (caught.value.expected, caught.value.position) == (says, position)
    assert str(caught.value).splitlines()[0] == says


def test_the_caret_stands_under_the_place_also_after_chinese() -> None:
    with pytest.raises(QuerySyntaxError) as caught:
        parse("行李 OR )")
    assert str(caught.value).splitlines()[1:] == ["  行李 OR )", "          ^"]


def test_a_query_over_several_lines_is_one_query() -> None:
    assert parse("lost\n  OR\tstolen").matches(PreparedText("stolen"))
    with pytest.raises(QuerySyntaxError) as caught:
        parse("lost\nOR")
    assert len(str(caught.value).splitlines()) == 3


@given(st.text(max_size=40))
def test_any_text_parses_or_says_where_it_does_not(text: str) -> None:
    failed_at = -1
    try:
        parse(text).matches(PreparedText(text))
    except QuerySyntaxError as error:
        failed_at = error.position
    assert -1 <= failed_at <= len(text)


@given(st.text(max_size=60))
def test_folding_twice_is_folding_once_and_every_place_points_back(text: str) -> None:
    prepared = PreparedText(text)
    assert fold(prepared.folded) == prepared.folded
    whole = [(place, place + 1) for place in range(len(prepared.folded))]
    for (start, end), folded in zip(prepared.places(whole), prepared.folded, strict=True):
        assert folded in fold(text[start:end])

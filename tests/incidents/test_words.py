from __future__ import annotations

import unicodedata

import pytest

from monitor.incidents.words import links, names_pattern, tokens, words


def test_words_are_stemmed_and_without_stop_words_handles_links_and_single_letters() -> None:
    text = "@acmeair You charged a soldier's bags $200 & lost b https://t.co/x"
    assert words(text) == ["charg", "soldier", "bag", "200", "lost"]


def test_traditional_and_simplified_chinese_give_the_same_words() -> None:
    assert words("行李收費太離譜") == words("行李收费太离谱")
    assert "行李" in words("行李收費太離譜")


def test_chinese_is_shown_as_it_was_written() -> None:
    assert "".join(token.surface for token in tokens("行李收費")) == "行李收費"


@pytest.mark.parametrize("word", ["situation", "quality", "guard"])
def test_a_short_name_is_taken_out_as_a_word_and_not_from_within_one(word: str) -> None:
    without = names_pattern(["UA"])
    assert words(f"UA made this {word} worse, ua!", without) == words(f"made this {word} worse")


def test_a_name_next_to_chinese_is_taken_out() -> None:
    assert "acme" not in words("坐Acme航班晚点", names_pattern(["Acme"]))
    assert words("艾克米航空晚點", names_pattern(["艾克米航空"])) == words("晚点")


def test_no_phrase_reaches_over_what_was_taken_out() -> None:
    surfaces = [token.surface for token in tokens("lost @acmeair luggage")]
    assert surfaces == ["lost", "|", "luggage"]


@pytest.mark.parametrize(
    "hostile",
    [
        "bag\u202egnp.exe",
        "b\u200bag",
        "\x1b[31mbag\x1b[0m",
        "bag\x00",
        "\u2066bag\u2069\ufeff",
        "\ud800bag",
    ],
)
def test_nothing_that_steers_a_display_is_in_a_word(hostile: str) -> None:
    found = tokens(hostile)
    assert any("bag" in token.folded for token in found)
    assert not any(
        unicodedata.category(letter)[0] == "C" for token in found for letter in token.surface
    )


def test_a_very_long_post_is_read_to_a_point() -> None:
    assert len(words("bag " * 100_000)) == 2_000
    assert sum(len(token.surface) for token in tokens("x" * 100_000)) == 8_000


def test_addresses_compare_without_scheme_query_and_fragment() -> None:
    reposts = [
        "see https://www.News.example/story/1?utm_source=x.",
        "http://news.example/story/1#top",
        "（https://news.example/story/1/）",
    ]
    assert {links(text) for text in reposts} == {frozenset({"news.example/story/1"})}


def test_an_address_without_a_path_ties_nothing() -> None:
    assert links("https://acme.example and https://acme.example/") == frozenset()


def test_short_addresses_keep_what_names_the_page() -> None:
    assert links("https://youtu.be/watch?v=1") != links("https://youtu.be/watch?v=2")

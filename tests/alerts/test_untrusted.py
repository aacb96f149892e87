"""Crawled text and links, whatever they hold."""

from __future__ import annotations

import unicodedata
from urllib.parse import urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as some

from alerts.untrusted import clean, isolated, one_line, safe_link, shorten

ANYTHING = some.text(some.characters(), max_size=300)


@given(ANYTHING)
def test_nothing_that_steers_a_display_is_left(text: str) -> None:
    left = {unicodedata.category(c) for c in clean(text) if c not in "\n\u200c\u200d"}
    assert not left & {"Cc", "Cf", "Cs", "Co", "Cn"}
    clean(text).encode()


@given(ANYTHING, some.integers(2, 50))
def test_one_line_is_one_line_and_short(text: str, limit: int) -> None:
    line = one_line(text, limit)
    assert len(line) <= limit
    assert len(line.splitlines()) <= 1


@given(ANYTHING)
def test_cleaning_twice_changes_nothing_more(text: str) -> None:
    assert clean(clean(text)) == clean(text)


@given(ANYTHING)
def test_a_link_that_is_shown_can_be_shown_anywhere(text: str) -> None:
    for url in (text, f"https://example.org/{text}", f"https://{text}/"):
        link = safe_link(url)
        if link is not None:
            assert urlsplit(link).scheme in ("http", "https")
            assert link.isascii()
            assert not set(" <>\"|'`\\^{}\n\r\t") & set(link.replace("'", ""))


@pytest.mark.parametrize(
    ("url", "link"),
    [
        ("https://example.org", "https://example.org"),
        ("http://example.org:8080/a?b=c&d=%20#e", "http://example.org:8080/a?b=c&d=%20#e"),
        ("https://例子.測試/文", "https://xn--fsqu00a.xn--g6w251d/%E6%96%87"),
        ("https://[2001:db8::1]/x", "https://[2001:db8::1]/x"),
        ("  https://example.org/x  ", "https://example.org/x"),
    ],
)
def test_a_web_address_is_kept(url: str, link: str) -> None:
    assert safe_link(url) == link


@pytest.mark.parametrize(
    "url",
    [
        None,
        "",
        "javascript:alert(1)",
        "JaVaScRiPt:alert(1)",
        "data:text/html,x",
        "file:///etc/passwd",
        "//example.org/x",
        "/x",
        "https://",
        "https://user:secret@example.org/",
        "https://example.org/\u202eexe",
        "https://exa\nmple.org/",
        "https://example.org:99999/",
        "https://[broken/",
        "https://" + "a" * 300 + ".example/",
        "https://example.org/" + "a" * 3000,
    ],
)
def test_anything_else_is_no_link(url: str | None) -> None:
    assert safe_link(url) is None


def test_emoji_that_are_joined_stay_joined() -> None:
    assert clean("👩\u200d✈️") == "👩\u200d✈️"


def test_paragraphs_stay_apart() -> None:
    assert clean("one\n\n\n\ntwo\nthree") == "one\n\ntwo\nthree"


def test_text_without_spaces_is_cut_where_it_must() -> None:
    assert shorten("行李箱被摔壞" * 10, 10) == "行李箱被摔壞行李箱…"


@pytest.mark.parametrize(("text", "shown"), [("abc", "abc"), ("שלום", "\u2068שלום\u2069")])
def test_what_runs_the_other_way_does_not_turn_its_neighbours(text: str, shown: str) -> None:
    assert isolated(text) == shown

"""Many incidents in one letter: the gravest by name, the rest by number, nothing unescaped."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from parsel import Selector

from alerts.group_letter import Member, group_letter
from alerts.i18n import Language, Reader
from alerts.muting import reason
from monitor.domain import Level
from tests.alerts.examples import HOSTILE_TEXT

NOW = datetime(2026, 11, 23, 9, tzinfo=UTC)


def members(count: int, title: str = "bags", url: str | None = None) -> list[Member]:
    return [
        Member(
            incident=f"{number:010}",
            title=f"{title} {number}",
            level=Level.HIGH if number else Level.CRITICAL,
            posts=number + 1,
            authors=1,
            url=url,
        )
        for number in range(count)
    ]


def test_the_gravest_are_named_with_their_ids_and_the_rest_is_counted() -> None:
    letter = group_letter("Acme", members(10_000, url="https://forum.example/1"), Reader(), NOW)
    assert letter.subject == "[Critical] Acme: 10,000 incidents at once"
    for said in ("Critical 1 · High 9,999", "bags 7", "0000000007", "And 9,992 more."):
        assert said in letter.text
    assert "bags 8" not in letter.text
    assert Selector(letter.html).css("a::attr(href)").getall() == ["https://forum.example/1"] * 8
    assert len(letter.html) < 40_000


def test_a_group_that_is_told_again_says_why_first() -> None:
    again = reason("not_taken_on", hours=0.25)
    letter = group_letter("Acme", members(4), Reader(), NOW, again)
    assert letter.text.startswith("Nobody has taken it on for 15 minutes.")
    assert "And" not in letter.text


@pytest.mark.parametrize("language", Language)
def test_hostile_titles_and_links_are_text_and_nothing_else(language: Language) -> None:
    hostile = members(4, title=HOSTILE_TEXT, url="javascript:alert(1)")
    letter = group_letter(HOSTILE_TEXT, hostile, Reader(language=language), NOW)
    assert Selector(letter.html).css("script, b, a").getall() == []
    assert not {"\u202e", "\x1b", "\x00"} & set(letter.html + letter.text + letter.subject)
    assert "\n" not in letter.subject

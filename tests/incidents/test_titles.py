from __future__ import annotations

import random
import unicodedata

import pytest

from monitor.incidents.titles import title
from monitor.incidents.words import tokens

BAG = (
    "They charged a soldier for the fourth bag",
    "A soldier charged for his fourth bag, shame",
    "so the soldier pays for a fourth bag now",
    "fourth bag, one soldier, no heart",
)


def _title(*texts: str) -> str:
    return title([tokens(text) for text in texts])


def test_a_title_is_made_of_the_words_that_the_posts_share() -> None:
    heading = _title(*BAG)
    assert "fourth bag" in heading
    assert "soldier" in heading
    said = {word for text in BAG for word in text.casefold().replace(",", "").split()}
    assert set(heading.replace("·", " ").casefold().split()) <= said


def test_the_order_of_the_posts_does_not_matter() -> None:
    texts, headings = list(BAG), set()
    chance = random.Random(1)  # noqa: S311 -- any order will do
    for _ in range(20):
        chance.shuffle(texts)
        headings.add(_title(*texts))
    assert len(headings) == 1


def test_what_one_post_repeats_counts_once() -> None:
    spam = "buy pills " * 50
    assert "pills" not in _title(*BAG, spam)


def test_a_story_in_two_scripts_is_titled_in_both() -> None:
    heading = _title(*BAG, "士兵的第四件行李也要收费", "第四件行李收费，对士兵太过分")
    assert "bag" in heading
    assert "行李" in heading


def test_posts_that_share_nothing_are_titled_by_the_beginning_of_the_first() -> None:
    assert _title("Lost luggage in Chicago") == "Lost luggage in Chicago"
    assert _title("达美航空弄丢了行李", "completely different") == "达美航空弄丢了行李"


@pytest.mark.parametrize(
    "texts", [(), ("",), ("   ",), ("@acmeair https://t.co/x",), ("\u202e\x00",)]
)
def test_nothing_to_say_gives_an_ellipsis(texts: tuple[str, ...]) -> None:
    assert _title(*texts) == "…"


@pytest.mark.parametrize(
    "hostile",
    [
        "x" * 10_000,
        "word " * 2_000,
        "行" * 10_000,
        "\u202e" + "evil " * 500,
        "\x1b[2J\x1b]0;owned\x07 bag <script>alert(1)</script>",
        "a\u0300" * 5_000,
        "العربية " * 500,
        "line\nbreak\rand\ttab\u2028more",
    ],
)
@pytest.mark.parametrize("posts", [1, 3])
def test_whatever_a_post_holds_its_title_is_one_clean_line_of_bounded_length(
    hostile: str, posts: int
) -> None:
    heading = _title(*[hostile] * posts)
    assert 0 < len(heading) <= 72
    assert not any(unicodedata.category(letter)[0] in "CZ" and letter != " " for letter in heading)


def test_shouting_is_lowered_and_names_stay_as_they_are_written() -> None:
    assert _title("LOST LUGGAGE", "LOST LUGGAGE", "LOST LUGGAGE") == "lost luggage"
    assert "JFK" in _title("stuck at JFK", "stuck at JFK", "stuck at JFK")

"""Where it hurt, what to do about it and what made it worse, as the digest tells it."""

from __future__ import annotations

import re

import attrs
import pytest
from parsel import Selector

from alerts.digest import digest_letter
from alerts.i18n import Reader, Words
from alerts.topics import (
    BrandHeard,
    TopicLine,
    WorseLine,
    advocates,
    quadrant_rule,
    quadrants,
    topic_map,
    unjudged,
    worse,
)
from monitor.domain import Aggravator, Emotion
from monitor.incidents.topics import FEWEST_PEOPLE, FEWEST_POSTS, Quadrant
from tests.alerts.examples import BUSY_WEEK, CHECK_IN, FEES, NOW

ENGLISH = Words(Reader())
HEARD = BUSY_WEEK.heard


def line(complaints: int, quadrant: str | None = "simplify", **felt: int) -> TopicLine:
    return TopicLine(
        touchpoint=CHECK_IN,
        complaints=complaints,
        praise=1,
        felt={Emotion(name): count for name, count in felt.items()},
        quadrant=quadrant,
    )


def brand(*topics: TopicLine, name: str = "Acme Air") -> BrandHeard:
    return BrandHeard(brand_name=name, topics=topics)


# --- the map ------------------------------------------------------------------------------------


def test_the_map_counts_complaints_by_touchpoint_and_emotion() -> None:
    shown = topic_map(HEARD, ENGLISH)
    assert shown.columns == ("anger", "disgust", "sadness", "fear")
    assert [
        (row.label, row.complaints, *(cell.value for cell in row.cells)) for row in shown.rows
    ] == [
        ("◆ Fees and charges", "214", "151", "44", "20", "–"),
        ("◆ Call centre", "58", "31", "–", "9", "–"),
        ("Check-in", "4", "–", "–", "–", "–"),
        ("Wi-Fi and entertainment", "2", "–", "–", "–", "1"),
    ]
    assert shown.has_moments


def test_the_map_is_warmest_where_most_is_felt() -> None:
    heats = [[cell.heat for cell in row.cells] for row in topic_map(HEARD, ENGLISH).rows]
    assert heats[0] == [3, 1, 0, 0]
    assert heats[1] == [1, 0, 0, 0]


def test_the_map_shows_the_six_worst_touchpoints_and_none_without_complaints() -> None:
    many = brand(*(line(count, anger=1) for count in range(9)))
    assert [row.complaints for row in topic_map([many], ENGLISH).rows] == [*"876543"]
    assert topic_map([brand(line(0))], ENGLISH).rows == ()


def test_a_model_without_emotions_gives_a_map_of_complaints_alone() -> None:
    shown = topic_map([brand(line(3))], ENGLISH)
    assert (shown.columns, [row.cells for row in shown.rows]) == ((), [()])


def test_a_brand_is_named_only_where_several_have_touchpoints() -> None:
    two = [brand(line(3), name="Acme Air"), brand(line(2), name="Zephyr Jet")]
    assert [row.label for row in topic_map(two, ENGLISH).rows] == [
        "Check-in (Acme Air)",
        "Check-in (Zephyr Jet)",
    ]
    assert topic_map([two[0], brand(name="Zephyr Jet")], ENGLISH).rows[0].label == "Check-in"


# --- quadrants ----------------------------------------------------------------------------------


@pytest.mark.parametrize("quadrant", Quadrant)
def test_every_quadrant_has_its_sentence(quadrant: Quadrant) -> None:
    (told,) = quadrants([brand(line(7, quadrant))], ENGLISH).lines
    assert told.casefold().startswith(quadrant.value)
    assert told.endswith(": Check-in 7/8")


def test_what_is_too_small_to_say_is_only_counted() -> None:
    both = brand(line(7), line(1, None), line(2, None))
    assert quadrants([both], ENGLISH).lines[-1] == "Too few posts to say: 2 touchpoints."
    assert quadrants([brand(line(1, None))], ENGLISH).lines == ()


def test_of_many_touchpoints_in_a_quadrant_the_most_spoken_of_are_named() -> None:
    (told,) = quadrants([brand(*(line(count) for count in range(1, 7)))], ENGLISH).lines
    assert told.endswith("Check-in 6/7 · Check-in 5/6 · Check-in 4/5 · Check-in 3/4 · 2 more")


def test_the_rule_stands_in_the_footnote_with_its_bounds() -> None:
    rule = quadrant_rule(ENGLISH)
    assert f"it takes {FEWEST_POSTS} such posts by {FEWEST_PEOPLE} people to say" in rule
    letter = digest_letter(BUSY_WEEK)
    assert rule in letter.text
    assert rule in " ".join(Selector(letter.html).css("p::text").getall())


# --- aggravators --------------------------------------------------------------------------------


def cited(text: str, start: int, end: int) -> str:
    shown = WorseLine(
        kind=Aggravator.IGNORED,
        posts=2,
        text=text,
        span=(start, end),
        source="forum",
        published_at=NOW,
    )
    (told,) = worse([BrandHeard(brand_name="Acme Air", worse=(shown,))], ENGLISH)
    return told.citation.text


def test_a_short_post_is_cited_whole_and_a_long_one_around_what_makes_it_worse() -> None:
    assert cited("Nobody ever answers me", 0, 6) == "Nobody ever answers me"
    long = "word " * 400 + "nobody ever answers" + " word" * 400
    said = cited(long, 2_000, 2_019)
    assert "nobody ever answers" in said
    assert said.startswith("…word")
    assert said.endswith("…")
    assert len(said) <= 161


@pytest.mark.parametrize("text", ["没有人回答" * 200, "x" * 1_000, "\u202e \n" * 300, ""])
@pytest.mark.parametrize("span", [(0, 0), (0, 900), (500, 505), (990, 1_000), (5_000, 9_000)])
def test_any_place_in_any_text_can_be_cited(text: str, span: tuple[int, int]) -> None:
    said = cited(text, *span)
    assert len(said) <= 161
    assert not {"\n", "\u202e"} & set(said)


def test_the_three_most_frequent_are_told_and_nobody_is_named() -> None:
    kinds = [
        WorseLine(
            kind=kind, posts=posts, text="said", span=(0, 4), source="forum", published_at=NOW
        )
        for posts, kind in enumerate(Aggravator, start=1)
    ]
    told = worse([BrandHeard(brand_name="Acme Air", worse=tuple(kinds))], ENGLISH)
    assert [one.label for one in told] == [
        "discrimination · 9 posts",
        "danger to people · 8 posts",
        "unfair charges · 7 posts",
    ]
    assert {one.citation.by for one in told} == {"forum · Nov 18, 01:47"}


# --- people, and what was not judged ------------------------------------------------------------


def test_advocates_are_counted_and_a_brand_without_any_move_is_left_out() -> None:
    assert advocates(HEARD, ENGLISH).lines == ("Delta Air Lines: 1 won, 6 lost",)


def test_what_could_not_be_judged_is_told_by_language() -> None:
    assert unjudged(HEARD, ENGLISH) == (
        "The model could not judge 12 posts, by language: Thai 10 · Korean 2.",
    )
    assert unjudged([brand()], ENGLISH) == ()


def test_a_week_without_a_taxonomy_leaves_the_sections_out() -> None:
    bare = tuple(BrandHeard(brand_name=one.brand_name) for one in HEARD)
    text = digest_letter(attrs.evolve(BUSY_WEEK, heard=bare)).text
    for heading in ("Where it hurt", "What to do about it", "What made it worse", "Advocates"):
        assert heading not in text


def test_the_mail_and_its_text_twin_show_the_same_map() -> None:
    letter = digest_letter(BUSY_WEEK)
    row = Selector(letter.html).css(".heat3").xpath("./..")
    cells = [" ".join(cell.css("::text").getall()) for cell in row.css("td")]
    assert cells == ["◆ Fees and charges", "214", "151", "44", "20", "–"]
    assert re.search(r"◆ Fees and charges: 214 complaints · anger 151 · disgust 44", letter.text)
    assert FEES.names["en"] in letter.text

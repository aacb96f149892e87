"""A story that a chain of joins led astray falls apart; a good one never does."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import attrs
import pytest

from monitor.domain import Author, Post, PostKey, Remark
from monitor.incidents.grouping import Grouper, GroupingOptions
from tests.fakes import FakeScorer

START = datetime(2026, 3, 3, 9, 0, tzinfo=UTC)
SCORER = FakeScorer(("bag", "行李"), ("delay", "晚点"), near=0.8)
CHAINED = GroupingOptions(threshold=-9.0)
"""Everything joins the one story there is."""


def _said(number: int, text: str, *, by: str = "", parent: int | None = None) -> Remark:
    post = Post(
        key=PostKey("forum", f"{number:03}"),
        text=text,
        published_at=START + timedelta(minutes=number),
        author=Author(native_id=by or str(number)),
        parent=None if parent is None else PostKey("forum", f"{parent:03}"),
    )
    return Remark(post=post, brand="acme", assessment=SCORER.score([text])[0])


def _bags(count: int, start: int = 0) -> list[Remark]:
    return [
        _said(number, f"bag word{number} thing{number} fee{number % 3}")
        for number in range(start, start + count)
    ]


def _delays(count: int, start: int) -> list[Remark]:
    return [
        _said(number, f"delay matter{number} gate{number} night{number % 3}")
        for number in range(start, start + count)
    ]


def _later(members: list[Remark]) -> set[str]:
    grouper = Grouper("acme", (), CHAINED)
    assert len({grouper.place(remark) for remark in members}) == 1
    return {key.native_id for key in grouper.later_part(members)}


def test_the_later_of_two_stories_that_were_chained_together_leaves() -> None:
    later = _delays(8, start=10)
    assert _later(_bags(10) + later) == {remark.post.key.native_id for remark in later}


def test_two_stories_that_are_told_in_turn_are_told_apart_too() -> None:
    members = sorted(_bags(30)[::2] + _delays(30, 1)[::2], key=lambda one: one.post.published_at)
    assert _later(members) == {f"{number:03}" for number in range(1, 31, 2)}


def test_a_good_story_stays_whole_however_it_grows() -> None:
    for count in (12, 16, 40, 128):
        assert _later(_bags(count)) == set()


def test_a_story_with_a_few_strays_stays_whole() -> None:
    assert _later(_bags(20) + _delays(3, start=20)) == set()


def test_what_few_people_told_is_no_story_of_its_own() -> None:
    ranting = [
        _said(remark_number, f"delay rant{remark_number} gate{remark_number}", by="one")
        for remark_number in range(20, 32)
    ]
    assert _later(_bags(20) + ranting) == set()


def test_one_story_in_two_scripts_stays_whole() -> None:
    chinese = [_said(number, f"晚点{number}小时 机场 过夜 柜台") for number in range(20, 32)]
    assert _later(_bags(20) + chinese) == set()


def test_a_word_that_both_are_told_with_keeps_them_together() -> None:
    both = _bags(10) + _delays(8, start=10)
    members = [
        attrs.evolve(one, post=attrs.evolve(one.post, text=f"{one.post.text} violin"))
        for one in both
    ]
    grouper = Grouper("acme", (), CHAINED)
    grouper.learn(_said(number, f"usual chatter{number} of{number}") for number in range(500, 700))
    for remark in members:
        grouper.place(remark)
    assert grouper.later_part(members) == frozenset()
    assert grouper.later_part(both) != frozenset()


def test_an_answer_stays_with_what_it_answers() -> None:
    bags, delays = _bags(10), _delays(8, start=10)
    answer = _said(18, "delay answer18 of18", parent=3)
    later = _later([*bags, *delays, answer])
    assert later == {remark.post.key.native_id for remark in delays}


@pytest.mark.parametrize("members", [[], _bags(1), _bags(11), _bags(4) + _delays(4, 4)])
def test_a_small_story_is_left_as_it_is(members: list[Remark]) -> None:
    grouper = Grouper("acme", (), CHAINED)
    for remark in members:
        grouper.place(remark)
    assert grouper.later_part(members) == frozenset()

from __future__ import annotations

import pytest

from monitor.domain import Brand, Mention, Post
from monitor.incidents.matching import Matcher
from monitor.stages.match import Match
from monitor.store.store import Store
from tests.stages.scene import ACME, ZEPHYR, at, key, said


@pytest.fixture
def match() -> Match:
    return Match(Matcher((ACME, ZEPHYR)))


def _brands(store: Store, number: int | str) -> list[str]:
    with store.read() as work:
        return sorted(work.mentions.brands([key(number)]).get(key(number), []))


def _gather(store: Store, *seen: object) -> None:
    with store.begin() as work:
        work.posts.gather(seen)  # type: ignore[arg-type]  # observations and deletions


def test_every_post_is_matched_once(store: Store, match: Match) -> None:
    _gather(store, said(1, "Acme Air is late"), said(2, "Acme Air, Zephyr Jet"), said(3, "lunch"))
    assert match.run(store, at(1)) == 3
    assert match.run(store, at(2)) == 0
    assert [_brands(store, n) for n in (1, 2, 3)] == [["acme"], ["acme", "zephyr"], []]


def test_posts_are_matched_again_when_a_brand_is_defined_anew(lite: Store, match: Match) -> None:
    _gather(lite, said(1, "The Zeppelin is late"))
    match.run(lite, at(1))
    renamed = Match(Matcher((ACME, Brand(id="zephyr", name="Zeppelin"))))
    assert renamed.run(lite, at(2)) == 1
    assert _brands(lite, 1) == ["zephyr"]


def test_a_reply_is_about_what_it_answers(lite: Store, match: Match) -> None:
    root = said("root", "Acme Air is late")
    reply = said("reply", "Same here", 1, parent=key("root"))
    deeper = said("deeper", "And here", 2, parent=key("reply"))
    in_thread = said("in thread", "Every week", 3, thread=key("root"))
    _gather(lite, deeper, in_thread, reply, root)
    match.run(lite, at(4))
    _gather(lite, said("late", "Me too", 9, parent=key("deeper")))
    match.run(lite, at(10))
    for number in ("root", "reply", "deeper", "in thread", "late"):
        assert _brands(lite, number) == ["acme"]


def test_a_reply_that_names_another_brand_is_about_that(lite: Store, match: Match) -> None:
    _gather(lite, said(1, "Acme Air is late"), said(2, "Fly Zephyr Jet", 1, parent=key(1)))
    match.run(lite, at(2))
    assert _brands(lite, 2) == ["zephyr"]


def test_a_post_that_is_edited_while_it_is_matched_is_matched_by_its_new_text(
    lite: Store,
) -> None:
    class Edited(Matcher):
        def match(self, post: Post) -> list[Mention]:
            if "late" in post.text:
                _gather(lite, said(1, "Sorry, I meant Zephyr Jet", 0, seen=2))
            return super().match(post)

    _gather(lite, said(1, "Acme Air is late"))
    match = Match(Edited((ACME, ZEPHYR)))
    while match.run(lite, at(3)):
        pass
    assert _brands(lite, 1) == ["zephyr"]

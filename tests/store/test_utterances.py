"""What bears on whether to tell somebody: read for a window, in order, without the texts."""

from __future__ import annotations

from datetime import timedelta

from monitor.domain import Observation
from monitor.store.store import Store
from tests.stages.conftest import lite
from tests.stages.scene import BAG, START, Scene, at, key, said

__all__ = ["lite"]


def _told(lite: Store, *seen: Observation) -> str:
    scene = Scene(lite)
    scene.tell(seen, minutes=600)
    return scene.only().id


def test_a_window_is_open_at_its_beginning_and_holds_its_end(lite: Store) -> None:
    story = _told(lite, *(said(number, BAG[number], 10 * number) for number in range(4)))
    with lite.read() as work:
        heard = work.voices.lately(story, at(0), at(20))
        texts = work.voices.texts(story, at(0), at(20))
    assert [one.post for one in heard] == [key(1), key(2)]
    assert texts == [BAG[1], BAG[2]]


def test_when_it_was_first_seen_is_told_beside_when_it_was_said(lite: Store) -> None:
    story = _told(lite, said(1, BAG[0], 5, seen=90), said(2, BAG[1], 6, by=None))
    with lite.read() as work:
        first, second = work.voices.lately(story, START, at(600))
    assert first.observed_at - first.published_at == timedelta(minutes=85)
    assert first.author == "mastodon:author-1"
    assert second.author == "mastodon:2"
    assert first.arousal is None


def test_the_brands_own_words_are_found_by_its_accounts_however_they_are_written(
    lite: Store,
) -> None:
    own = said("own", "Acme Air flies you to Rome", 1, by="AcmeAir")
    other = said("other", "Acme Air lost my bag", 2, by="acmeair-fan")
    Scene(lite).tell([own, other], minutes=10)
    with lite.read() as work:
        assert work.voices.said_by("acme", {"acmeair"}, START) == [own.post.text]
        assert work.voices.said_by("acme", {"acmeair"}, at(1)) == []
        assert work.voices.said_by("zephyr", {"acmeair"}, START) == []
        assert work.voices.said_by("acme", frozenset(), START) == []


def test_the_look_before_is_that_of_the_same_source(lite: Store) -> None:
    scene = Scene(lite)
    scene.gather(said(1, BAG[0], 0), said(2, BAG[1], 50, source="forum"), said(3, BAG[2], 90))
    with lite.read() as work:
        assert work.voices.seen_before("mastodon", at(90)) == at(0)
        assert work.voices.seen_before("forum", at(50)) is None


def test_a_brand_is_heard_of_when_it_is_seen_and_not_when_it_was_said(lite: Store) -> None:
    scene = Scene(lite)
    scene.tell([said(0, "Zephyr Jet is late", 0), said(1, BAG[0], 5, seen=70)], minutes=80)
    with lite.read() as work:
        assert work.voices.first_heard_at("acme") == at(70)
        assert work.voices.first_heard_at("nobody") is None

from __future__ import annotations

from collections.abc import Sequence

import pytest

from monitor.domain import Assessment, Brand, Deletion, Mention, Post, Reading, Target
from monitor.incidents.matching import Matcher
from monitor.stages.assess import Assess
from monitor.stages.match import Match
from monitor.store.store import Store
from tests.fakes import FakeReader, FakeScorer
from tests.stages.scene import ACME, BAG, ZEPHYR, at, key, said, told


def _matched(store: Store, *seen: object) -> None:
    with store.begin() as work:
        work.posts.gather(seen)  # type: ignore[arg-type]  # observations and deletions
    Match(Matcher((ACME, ZEPHYR))).run(store, at(99))


def test_a_mentioned_post_is_read_once_however_many_brands_it_names(store: Store) -> None:
    scorer = FakeScorer()
    stage = Assess(scorer, FakeReader(), batch=2)
    _matched(store, *told(BAG[:3]), said("two", "Acme Air, Zephyr Jet"), said("none", "lunch"))
    assert [stage.run(store, at(99)) for _ in range(3)] == [2, 2, 0]
    assert len(scorer.asked) == 4
    assert "lunch" not in scorer.asked
    with store.read() as work:
        assert len(work.mentions.ungrouped(10)) == 5


def test_a_model_that_fails_leaves_its_posts_to_be_read_again(lite: Store) -> None:
    class Failing(FakeScorer):
        def score(
            self, texts: Sequence[str], hints: Sequence[str | None] | None = None
        ) -> list[Assessment]:
            raise MemoryError

    _matched(lite, *told(BAG))
    with pytest.raises(MemoryError):
        Assess(Failing(), FakeReader()).run(lite, at(99))
    assert Assess(FakeScorer(), FakeReader()).run(lite, at(99)) == len(BAG)


def test_what_is_said_of_a_text_that_changed_meanwhile_is_not_kept(lite: Store) -> None:
    class Slow(FakeScorer):
        def score(
            self, texts: Sequence[str], hints: Sequence[str | None] | None = None
        ) -> list[Assessment]:
            with lite.begin() as work:
                changed = said(0, "I love Acme Air", 0, seen=50)
                work.posts.gather([changed, Deletion(key=key(1), observed_at=at(50))])
            return super().score(texts, hints)

    _matched(lite, *told(BAG[:3]))
    Assess(Slow(), FakeReader()).run(lite, at(99))
    _matched(lite)
    Assess(FakeScorer(), FakeReader()).run(lite, at(99))
    with lite.read() as work:
        found = {
            str(remark.post.key): remark.assessment.sentiment
            for remark in work.mentions.ungrouped(9)
        }
    assert found == {"mastodon:0": "positive", "mastodon:2": "negative"}


def test_every_brand_of_a_post_gets_its_reading_with_the_assessment(store: Store) -> None:
    _matched(store, said("both", "Acme Air lost my bag, unlike Zephyr Jet"))
    Assess(FakeScorer(), FakeReader()).run(store, at(99))
    with store.read() as work:
        found = {remark.brand: remark.reading for remark in work.mentions.ungrouped(9)}
    bag = Reading(touchpoint="bag", touchpoint_spans=((17, 20),), target=Target.OTHER)
    assert found == {"acme": bag, "zephyr": bag}


def test_a_reader_that_fails_leaves_no_assessment_behind(lite: Store) -> None:
    class Failing(FakeReader):
        def read(
            self, post: Post, mentions: Sequence[Mention], assessment: Assessment
        ) -> list[Reading]:
            raise MemoryError

    _matched(lite, *told(BAG))
    with pytest.raises(MemoryError):
        Assess(FakeScorer(), Failing()).run(lite, at(99))
    with lite.read() as work:
        assert [one.assessment for one in work.mentions.unread(9)] == [None] * len(BAG)


def test_a_brand_that_is_watched_later_is_read_for_without_asking_the_model_again(
    lite: Store,
) -> None:
    later = Brand(id="later", name="Fourth Bag")
    scorer, reader = FakeScorer(), FakeReader()
    stage = Assess(scorer, reader)
    _matched(lite, *told(BAG))
    assert stage.run(lite, at(99)) == len(BAG)
    Match(Matcher((ACME, ZEPHYR, later))).run(lite, at(100))
    assert stage.run(lite, at(100)) == 4
    assert (len(scorer.asked), len(reader.asked)) == (len(BAG), len(BAG) + 4)
    with lite.read() as work:
        assert sum(remark.brand == "later" for remark in work.mentions.ungrouped(99)) == 4

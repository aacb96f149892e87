"""A week's posts about a brand, from what is stored."""

from __future__ import annotations

from datetime import timedelta

import attrs

from alerts.topics import BrandHeard
from monitor.domain import Aggravator, Author, Observation
from monitor.stages.hearing import heard_of
from tests.stages.scene import ACME, AIRLINE, BAG, BAGS, LATE, START, Scene, said, told

WEEK = timedelta(days=7)


def _heard(scene: Scene, *, taxonomy: bool = True) -> BrandHeard:
    with scene.store.read() as work:
        return heard_of(ACME, AIRLINE if taxonomy else None, START, START + WEEK, work)


def test_touchpoints_are_counted_and_have_their_quadrant(scene: Scene) -> None:
    scene.tell([*told(BAG), *told(LATE, start=60, prefix="late")])
    (line,) = _heard(scene).topics
    assert (line.touchpoint, line.complaints, line.praise) == (BAGS, 6, 0)
    assert line.quadrant == "simplify"


def test_a_brand_without_a_taxonomy_has_aggravators_and_no_touchpoints(lite_scene: Scene) -> None:
    lite_scene.tell([said("rude", "Acme Air was rude about my bag", 1), *told(BAG, start=9)])
    heard = _heard(lite_scene, taxonomy=False)
    assert heard.topics == ()
    (worse,) = heard.worse
    assert (worse.kind, worse.posts, worse.span) == (Aggravator.RUDE_STAFF, 1, (13, 17))
    assert worse.text == "Acme Air was rude about my bag"


def test_only_the_period_counts(lite_scene: Scene) -> None:
    lite_scene.tell([said("before", BAG[0], -1), *told(BAG[1:3]), said("after", BAG[3], 7 * 1440)])
    (line,) = _heard(lite_scene).topics
    assert line.complaints == 2


def test_what_the_brand_says_itself_does_not_count(lite_scene: Scene) -> None:
    lite_scene.tell([_own("own1", 1), _own("own2", 2), said("guest", "I love my Acme Air bag", 3)])
    heard = _heard(lite_scene)
    assert (heard.topics[0].praise, heard.advocates_won) == (1, 0)


def _own(name: str, minutes: float) -> Observation:
    seen = said(name, f"We at Acme Air love your bag {name}", minutes)
    author = Author(native_id="1", handle="acmeair")
    return attrs.evolve(seen, post=attrs.evolve(seen.post, author=author))


def test_advocates_won_and_lost_in_the_period_are_counted(lite_scene: Scene) -> None:
    long_ago = -90 * 1440
    lite_scene.tell(
        [
            *(said(f"fan{n}", f"I love Acme Air {n}", long_ago + n, by="fan") for n in (1, 2)),
            said("won1", "I love Acme Air so", long_ago, by="won"),
            said("won2", "Acme Air, love again", 30, by="won"),
            said("lost", BAG[0], 40, by="fan"),
        ]
    )
    heard = _heard(lite_scene)
    assert (heard.advocates_won, heard.advocates_lost) == (1, 1)


def test_a_deleted_post_is_heard_no_more(lite_scene: Scene) -> None:
    posts = told(BAG)
    lite_scene.tell(posts)
    with lite_scene.store.begin() as work:
        work.posts.erase_author("mastodon", "author-0")
    lite_scene.run(60)
    (line,) = _heard(lite_scene).topics
    assert line.complaints == len(BAG) - 1

from __future__ import annotations

import attrs
import pytest

from monitor.domain import Author, Mention, Reading, Target
from monitor.store.store import Store
from monitor.store.unit_of_work import UnitOfWork
from tests.store.making import TUESDAY, after, assessment, gone, key, post, seen

ANN = ("mastodon", "ann")
BOB = ("mastodon", "bob")


def heard(work: UnitOfWork, number: int, by: str | None, brand: str = "acme") -> None:
    """A post that was matched, assessed and read: at this minute, by this author."""
    author = Author(native_id=by) if by else None
    work.posts.gather([seen(post(number, published_at=after(number), author=author), number)])
    work.mentions.match("f", {key(number): [Mention(post=key(number), brand=brand)]})
    work.mentions.assess({key(number): assessment(0.2, 0.1, 0.7)}, TUESDAY)
    work.mentions.read({(key(number), brand): Reading(touchpoint="bag")}, "test", TUESDAY)


def test_a_period_holds_what_was_published_in_it(store: Store) -> None:
    with store.begin() as work:
        for number in (4, 1, 2, 3):
            heard(work, number, "ann")
        heard(work, 5, "ann", brand="zephyr")
    with store.read() as work:
        found = list(work.readings.between("acme", after(2), after(4)))
        assert [remark.post.key for remark in found] == [key(2), key(3)]
        assert {remark.reading.touchpoint for remark in found} == {"bag"}
        assert list(work.readings.between("acme", after(9), after(10))) == []


def test_more_than_is_fetched_at_once_is_all_there(store: Store) -> None:
    numbers = range(1, 1_203)
    with store.begin() as work:
        work.posts.gather([seen(post(n, published_at=after(n)), 1) for n in numbers])
        work.mentions.match("f", {key(n): [Mention(post=key(n), brand="acme")] for n in numbers})
        work.mentions.assess({key(n): assessment() for n in numbers}, TUESDAY)
    with store.read() as work:
        found = [remark.post.key for remark in work.readings.between("acme", TUESDAY, after(9_999))]
    assert found == [key(n) for n in numbers]


def test_authors_are_followed_back_in_time(store: Store) -> None:
    with store.begin() as work:
        for number, author in ((1, "ann"), (2, "bob"), (3, "ann"), (4, None), (5, "ann")):
            heard(work, number, author)
    with store.read() as work:
        found = work.readings.balances("acme", [ANN, BOB, ("rss", "ann")], after(5))
    assert {author: [when for when, _ in said] for author, said in found.items()} == {
        ANN: [after(1), after(3)],
        BOB: [after(2)],
    }
    assert found[BOB][0][1] == pytest.approx(0.5)


def test_only_the_newest_assessment_of_the_brands_own_posts_counts(store: Store) -> None:
    with store.begin() as work:
        heard(work, 1, "ann")
        work.mentions.assess({key(1): assessment(0.9, 0.1, 0.0, revision="2")}, after(1))
        heard(work, 2, "ann", brand="zephyr")
        heard(work, 3, "ann")
        work.posts.gather([gone(3, 9)])
    with store.read() as work:
        found = work.readings.balances("acme", [ANN], after(9))
    ((when, balance),) = found[ANN]
    assert when == after(1)
    assert balance == pytest.approx(-0.9)


@pytest.mark.parametrize(
    ("negative", "target", "abstained", "counts"),
    [
        (0.9, Target.BRAND, False, True),
        (0.9, Target.OTHER, False, False),
        (0.9, Target.NOBODY, False, False),
        (0.1, Target.NOBODY, False, True),
        (0.9, Target.BRAND, True, False),
    ],
)
def test_displeasure_with_others_and_what_was_not_judged_is_left_out(
    store: Store, negative: float, target: Target, abstained: bool, counts: bool
) -> None:
    said = attrs.evolve(assessment(negative, 0.0, 1 - negative), abstained=abstained)
    with store.begin() as work:
        work.posts.gather([seen(post(1, author=Author(native_id="ann")), 1)])
        work.mentions.match("f", {key(1): [Mention(post=key(1), brand="acme")]})
        work.mentions.assess({key(1): said}, TUESDAY)
        work.mentions.read({(key(1), "acme"): Reading(target=target)}, "test", TUESDAY)
    with store.read() as work:
        assert (ANN in work.readings.balances("acme", [ANN], after(9))) is counts

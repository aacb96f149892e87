from __future__ import annotations

from monitor.domain import Deletion, EngagementSnapshot, Mention, Observation
from monitor.store.store import Store
from monitor.store.unit_of_work import UnitOfWork
from tests.store.making import after, key, post, seen


def watched(
    work: UnitOfWork, young_from: int = 0, story_from: int = -99, limit: int = 9
) -> list[int]:
    found = work.refreshes.watched(
        "mastodon", young_from=after(young_from), story_from=after(-99), limit=limit
    )
    return [int(one.key.native_id) for one in found]


def test_posts_about_a_brand_are_watched_youngest_first(store: Store) -> None:
    with store.begin() as work:
        work.posts.gather([seen(post(n, published_at=after(n))) for n in (1, 2, 3, 4)])
        work.posts.gather([seen(post(5, source="hackernews", published_at=after(5)))])
        about = {key(n): [Mention(post=key(n), brand="acme")] for n in (1, 2, 4)}
        work.mentions.match("f1", {**about, key(3): []})
        assert watched(work, 1) == [4, 2]
        assert watched(work, limit=1) == [4]


def test_the_two_last_looks_come_with_a_post_the_newest_first(store: Store) -> None:
    with store.begin() as work:
        for minutes, views in ((1, 10), (9, 40), (5, 20)):
            look = EngagementSnapshot(key=key(1), taken_at=after(minutes), views=views)
            work.posts.gather(
                [
                    Observation(
                        post=post(1, published_at=after(0)),
                        observed_at=after(minutes),
                        snapshot=look,
                    )
                ]
            )
        work.mentions.match("f", {key(1): [Mention(post=key(1), brand="acme")]})
        [one] = work.refreshes.watched(
            "mastodon", young_from=after(-1), story_from=after(-1), limit=9
        )
    assert [look.views for look in one.latest] == [40, 20]
    assert one.looked_at == after(9)


def test_what_was_asked_for_in_vain_counts_as_looked_at_and_what_is_gone_is_left_out(
    store: Store,
) -> None:
    with store.begin() as work:
        work.posts.gather([seen(post(1, published_at=after(0)), 1), seen(post(2), 1)])
        work.mentions.match("f", {key(1): [Mention(post=key(1), brand="acme")]})
        assert work.refreshes.last_asked("mastodon") is None
        work.refreshes.asked([key(1), key(2), key(99)], after(7))
        work.posts.gather([Deletion(key=key(2), observed_at=after(8))])
        [one] = work.refreshes.watched(
            "mastodon", young_from=after(-1), story_from=after(-1), limit=9
        )
        assert one.looked_at == after(7)
        assert work.refreshes.last_asked("mastodon") == after(7)
        assert work.refreshes.last_asked("rss") is None

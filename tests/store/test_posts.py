from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import attrs
import pytest
from sqlalchemy.exc import StatementError

from monitor.domain import Author, EngagementSnapshot, MediaKind, Mention, Post, PostKey
from monitor.store.posts import Gathered
from monitor.store.store import Store
from tests.store.making import (
    TUESDAY,
    after,
    conclude,
    gone,
    incident,
    key,
    post,
    seen,
    snapshot,
)

SERGEANT = Author(native_id="7", handle="@sgt", name="下士 O'Hair", followers=12)


def test_a_post_comes_back_as_it_was_seen(store: Store) -> None:
    whole = Post(
        key=PostKey("mastodon", "https://example.org/@a:1"),
        text="四件行李 🧳\nsecond line",
        published_at=datetime(2026, 3, 4, 5, 30, 0, 7, tzinfo=timezone(timedelta(hours=8))),
        url="https://example.org/1",
        author=SERGEANT,
        parent=key(0),
        thread=key(0),
        language_hint="zh-Hans",
        media=MediaKind.VIDEO,
        rating=1.5,
    )
    with store.begin() as work:
        assert work.posts.gather([seen(whole)]) == Gathered(new=1)
    with store.read() as work:
        back = work.posts.get([whole.key, key("unknown")])
    assert back == {whole.key: whole}
    assert back[whole.key].published_at.utcoffset() == timedelta(0)


def test_posts_are_found_by_their_address(store: Store) -> None:
    address = "https://example.org/1"
    with store.begin() as work:
        twice = [post(1, url=address), post(1, source="rss", url=address)]
        work.posts.gather([seen(one) for one in (*twice, post(2, url=f"{address}0"), post(3))])
        assert work.posts.at(address) == twice
        assert work.posts.at("https://example.org/") == []


def test_what_a_later_look_leaves_out_stays_known(store: Store) -> None:
    first = post(url="https://example.org/1", author=SERGEANT, rating=2.0)
    second = post(author=Author(native_id="7", followers=99))
    with store.begin() as work:
        work.posts.gather([seen(first)])
        work.posts.gather([seen(second, 5)])
        back = work.posts.get([key(1)])[key(1)]
    assert (back.url, back.rating) == ("https://example.org/1", 2.0)
    assert back.author == attrs.evolve(SERGEANT, followers=99)


def test_a_look_that_comes_in_late_does_not_overwrite_a_newer_one(store: Store) -> None:
    with store.begin() as work:
        work.posts.gather([seen(post(text="new", url=None), 10)])
        late = work.posts.gather([seen(post(text="old", url="https://example.org/1"), 5)])
        back = work.posts.get([key(1)])[key(1)]
        assert work.posts.first_observed_at() == after(5)
    assert late == Gathered()
    assert (back.text, back.url) == ("new", "https://example.org/1")


def test_looks_at_one_post_in_one_batch_leave_the_last_one_and_all_counters(store: Store) -> None:
    with store.begin() as work:
        gathered = work.posts.gather(
            [
                seen(post(text="second"), 10, snapshot=snapshot(1, 10, views=20)),
                seen(post(text="first"), 0, snapshot=snapshot(1, 0, views=10)),
            ]
        )
        assert work.posts.get([key(1)])[key(1)].text == "second"
        assert [s.views for s in work.posts.snapshots([key(1)])[key(1)]] == [10, 20]
    assert gathered == Gathered(new=1, snapshots=2)


def test_snapshots_are_appended_once_and_a_hidden_counter_stays_absent(store: Store) -> None:
    hidden = seen(post(), 1, snapshot=snapshot(1, 1))
    shown = seen(post(), 2, snapshot=snapshot(1, 2, views=0))
    with store.begin() as work:
        assert work.posts.gather([hidden, shown]).snapshots == 1
        assert work.posts.gather([hidden, shown]).snapshots == 0
        assert work.posts.snapshots([key(1), key(2)]) == {
            key(1): [EngagementSnapshot(key=key(1), taken_at=after(2), views=0)]
        }


def test_a_changed_text_is_matched_assessed_and_grouped_again(store: Store) -> None:
    with store.begin() as work:
        work.posts.gather([seen(post(text="they charged us"))])
        work.mentions.match("f1", {key(1): [Mention(post=key(1), brand="acme")]})
        conclude(work, 1)
        work.incidents.save(incident())
        work.mentions.group("acme", {key(1): "acme-1"}, TUESDAY)
        assert work.posts.unmatched("f1", 10) == []
        assert work.posts.gather([seen(post(text="they paid us back"), 5)]) == Gathered(changed=1)
    with store.read() as work:
        assert work.mentions.of_incident("acme-1") == []
        assert [p.text for p in work.posts.unmatched("f1", 10)] == ["they paid us back"]


def test_a_look_that_changes_nothing_but_the_date_moves_the_mention(store: Store) -> None:
    with store.begin() as work:
        work.posts.gather([seen(post())])
        work.mentions.match("f1", {key(1): [Mention(post=key(1), brand="acme")]})
        gathered = work.posts.gather([seen(post(published_at=after(-60)), 5)])
        assert work.mentions.first_published_at("acme") == after(-60)
        assert work.posts.unmatched("f1", 10) == []
    assert gathered == Gathered()


def test_a_deletion_takes_everything_with_it(store: Store) -> None:
    with store.begin() as work:
        work.posts.gather([seen(post(author=SERGEANT), snapshot=snapshot(views=5))])
        work.mentions.match("f1", {key(1): [Mention(post=key(1), brand="acme")]})
        conclude(work, 1)
        assert work.posts.gather([gone(1, 5), gone("never seen", 5)]) == Gathered(deleted=1)
    with store.read() as work:
        assert work.posts.count() == 0
        assert work.posts.snapshots([key(1)]) == {}
        assert work.mentions.times("acme", after(-1), after(1)) == []


def test_an_older_look_does_not_bring_a_deleted_post_back_but_a_newer_one_does(
    store: Store,
) -> None:
    with store.begin() as work:
        work.posts.gather([seen(post()), gone(1, 10)])
        assert work.posts.gather([seen(post(), 10)]) == Gathered()
        assert work.posts.gather([seen(post(), 11)]) == Gathered(new=1)
        assert work.posts.gather([gone(1, 10)]) == Gathered()


def test_a_deletion_and_a_later_look_in_one_batch_leave_a_new_post(store: Store) -> None:
    with store.begin() as work:
        work.posts.gather([seen(post(text="before", url="https://example.org/1"))])
        gathered = work.posts.gather([seen(post(text="after"), 9), gone(1, 5)])
        back = work.posts.get([key(1)])[key(1)]
    assert gathered == Gathered(new=1, deleted=1)
    assert (back.text, back.url) == ("after", None)


def test_an_author_without_posts_is_forgotten(store: Store) -> None:
    with store.begin() as work:
        work.posts.gather([seen(post(author=SERGEANT))])
        work.posts.gather([gone(1, 5)])
        work.posts.gather([seen(post(2, author=Author(native_id="7")), 6)])
        assert work.posts.get([key(2)])[key(2)].author == Author(native_id="7")


def test_an_erased_author_goes_with_all_posts_for_good(store: Store) -> None:
    with store.begin() as work:
        work.posts.gather([seen(post(n, author=SERGEANT)) for n in (1, 2)] + [seen(post(3))])
        assert work.posts.erase_author("mastodon", "7") == 2
        assert work.posts.erase_author("mastodon", "7") == 0
        assert work.posts.gather([seen(post(1, author=SERGEANT), 1000)]) == Gathered()
        assert work.posts.count() == 1


def test_text_that_no_database_takes_is_kept_with_its_length_and_counts_as_unchanged(
    store: Store,
) -> None:
    hostile = post("a\0b", text="nul \0 and \ud800 surrogate")
    with store.begin() as work:
        work.posts.gather([seen(hostile)])
        assert work.posts.gather([seen(hostile, 1)]) == Gathered()
        (back,) = work.posts.get([hostile.key]).values()
    assert back.text == "nul \ufffd and \ufffd surrogate"


def test_unmatched_posts_come_oldest_first_whatever_they_were_matched_with(store: Store) -> None:
    with store.begin() as work:
        work.posts.gather([seen(post(n, published_at=after(-n))) for n in (1, 2, 3, 4)])
        work.mentions.match("f1", {key(2): [], key(3): []})
        work.mentions.match("f2", {key(4): []})
        assert [p.key for p in work.posts.unmatched("f1", 9)] == [key(4), key(1)]
        assert [p.key for p in work.posts.unmatched("f2", 2)] == [key(3), key(2)]


def test_the_watch_began_with_the_first_look(store: Store) -> None:
    with store.begin() as work:
        assert work.posts.first_observed_at() is None
        work.posts.gather([seen(post(1), 5), seen(post(2, source="hackernews"), 9)])
        assert work.posts.first_observed_at() == after(5)
        assert work.posts.first_observed_at("hackernews") == after(9)
        assert work.posts.first_observed_at("nowhere") is None


def test_a_naive_time_is_refused(store: Store) -> None:
    naive = datetime(2026, 3, 3, 12)  # noqa: DTZ001 - the point of the test
    with store.read() as work, pytest.raises(StatementError, match="must carry a time zone"):
        work.mentions.times("acme", naive, naive)


def test_times_compare_as_times_to_the_microsecond(store: Store) -> None:
    whole_second = datetime(2026, 3, 3, 21, tzinfo=UTC)
    moments = [whole_second + timedelta(microseconds=n) for n in (0, 1, 10)]
    with store.begin() as work:
        work.posts.gather([seen(post(n, published_at=at)) for n, at in enumerate(moments)])
        work.mentions.match("f", {key(n): [Mention(post=key(n), brand="acme")] for n in range(3)})
        assert work.mentions.times("acme", moments[1], moments[2]) == [moments[1]]


def test_a_source_named_with_a_colon_is_refused(store: Store) -> None:
    with store.begin() as work, pytest.raises(StatementError, match="cannot hold a colon"):
        work.posts.gather([seen(post(source="rss:bbc"))])

from __future__ import annotations

from datetime import timedelta

from monitor.domain import Author, IncidentState, Mention
from monitor.store.store import Store
from monitor.store.unit_of_work import UnitOfWork
from monitor.store.voices import Counts
from tests.store.making import (
    TUESDAY,
    after,
    conclude,
    incident,
    key,
    post,
    seen,
    snapshot,
)


def told(work: UnitOfWork) -> None:
    """Two posts of one incident, the second without an author, and one that is no complaint."""
    ann = Author(native_id="7", handle="@ann", name="Ann 安", followers=900)
    work.posts.gather(
        [
            seen(post(1, author=ann), 1, snapshot=snapshot(1, 1, views=10)),
            seen(post(1, author=ann), 5, snapshot=snapshot(1, 5, views=25)),
            seen(post(2, published_at=after(2)), 3, snapshot=snapshot(2, 3, views=5)),
            seen(post(3, published_at=after(3)), 3),
        ]
    )
    numbers = (1, 2, 3)
    work.mentions.match("f", {key(n): [Mention(post=key(n), brand="acme")] for n in numbers})
    conclude(work, *numbers)
    work.incidents.save(incident(state=IncidentState.FORMING))
    work.mentions.group("acme", {key(1): "acme-1", key(2): "acme-1", key(3): None}, TUESDAY)


def test_the_voices_of_an_incident_say_who_and_how_angrily(store: Store) -> None:
    with store.begin() as work:
        told(work)
    with store.read() as work:
        first, second = work.voices.of("acme-1")
        assert (first.author, first.author_name, first.followers) == ("mastodon:7", "Ann 安", 900)
        assert (second.author, second.author_name, second.followers) == ("mastodon:2", "", None)
        assert (first.negative, first.anger) == (0.8, 0.5)
        assert work.voices.times("acme-1") == [TUESDAY, after(2)]
        assert work.voices.counts() == Counts(mentions=3, grouped=2)


def test_the_views_of_an_incident_are_the_last_readings_of_its_posts(store: Store) -> None:
    with store.begin() as work:
        told(work)
    with store.read() as work:
        assert [s.views for s in work.voices.snapshots("acme-1")] == [10, 5, 25]
        assert work.voices.views(["acme-1", "unknown"]) == {"acme-1": 30}
        day_before = TUESDAY - timedelta(days=1)
        assert [one.id for one in work.voices.widely_seen(25, day_before)] == ["acme-1"]
        assert work.voices.widely_seen(26, day_before) == []
        assert work.voices.widely_seen(25, TUESDAY + timedelta(days=9)) == []

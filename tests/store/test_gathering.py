"""Whatever the order and the batches in which looks at posts come in, the store ends the same."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime

import attrs
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from monitor.domain import Author, EngagementSnapshot, Observation, Post, PostKey
from monitor.store.store import Store
from monitor.store.unit_of_work import UnitOfWork
from tests.store.making import after, key

NUMBERS = (1, 2)
AUTHORS = ("a", "b")

authors = st.builds(
    Author,
    native_id=st.sampled_from(AUTHORS),
    handle=st.sampled_from([None, "@x", "@y"]),
    followers=st.sampled_from([None, 1, 2]),
)


@st.composite
def looks(draw: st.DrawFn) -> list[Observation]:
    """Looks at a few posts, each at a time of its own."""
    minutes = draw(st.lists(st.integers(0, 50), max_size=7, unique=True))
    made = []
    for minute in minutes:
        at = key(draw(st.sampled_from(NUMBERS)))
        views = draw(st.sampled_from([None, 0, 5]))
        made.append(
            Observation(
                post=Post(
                    key=at,
                    text=draw(st.sampled_from(["one", "two"])),
                    published_at=after(draw(st.sampled_from([0, 1]))),
                    url=draw(st.sampled_from([None, "u", "v"])),
                    rating=draw(st.sampled_from([None, 1.0, 5.0])),
                    author=draw(st.none() | authors),
                ),
                observed_at=after(minute),
                snapshot=EngagementSnapshot(key=at, taken_at=after(minute), views=views),
            )
        )
    return made


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    """One that stays empty: every example is rolled back."""
    opened = Store.open(f"sqlite:///{tmp_path_factory.mktemp('store')}/sparkwatch.db")
    yield opened
    opened.close()


def stored(
    store: Store, *batches: Sequence[Observation]
) -> tuple[dict[PostKey, Post], dict[PostKey, list[EngagementSnapshot]], datetime | None]:
    keys = [key(number) for number in NUMBERS]
    with store.engine.connect() as connection, connection.begin() as transaction:
        posts = UnitOfWork(connection).posts
        for batch in batches:
            posts.gather(batch)
        found = posts.get(keys), posts.snapshots(keys), posts.first_observed_at()
        transaction.rollback()
    return found


def expected(seen: Sequence[Observation]) -> dict[PostKey, Post]:
    """The same by the plain rule: of each field the last value that any look had."""
    known_authors: dict[str, Author] = {}
    posts: dict[PostKey, Post] = {}
    for look in sorted(seen, key=lambda look: look.observed_at):
        author = look.post.author
        if author is not None:
            before = known_authors.get(author.native_id, author)
            known_authors[author.native_id] = attrs.evolve(
                author,
                handle=author.handle or before.handle,
                followers=before.followers if author.followers is None else author.followers,
            )
        old = posts.get(look.post.key, look.post)
        posts[look.post.key] = attrs.evolve(
            look.post,
            url=look.post.url or old.url,
            rating=look.post.rating or old.rating,
            author=author or old.author,
        )
    return {
        at: attrs.evolve(one, author=one.author and known_authors[one.author.native_id])
        for at, one in posts.items()
    }


@settings(max_examples=100, deadline=None)
@given(data=st.data(), looked=looks())
def test_any_order_and_batching_gives_the_same_posts_and_snapshots(
    store: Store, data: st.DataObject, looked: list[Observation]
) -> None:
    shuffled = data.draw(st.permutations(looked))
    cut = data.draw(st.integers(0, len(looked)))
    in_order = stored(store, sorted(looked, key=lambda look: look.observed_at))
    assert stored(store, shuffled[:cut], shuffled[cut:], shuffled[:2]) == in_order
    assert in_order[0] == expected(looked)

"""How far a story stands out: against its own past, its brand's usual, and what else is said."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from random import Random

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from monitor.virality.prominence import OWN_PAST, WINDOWS, Pace, pace, prominence

NOW = datetime(2026, 3, 10, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)
counts = st.integers(0, 10_000)


def told(people: int, ago: timedelta = timedelta(0)) -> list[tuple[datetime, str]]:
    return [(NOW - ago, f"{ago}-{number}") for number in range(people)]


def hour(posts: list[tuple[datetime, str]], usual: float = 4.0, others: int = 4) -> Pace:
    return pace(posts, NOW, HOUR, usual=usual, others=others)


def test_different_people_count_and_not_how_often_one_of_them_writes() -> None:
    chatty = [(NOW - timedelta(minutes=number), "one") for number in range(30)]
    assert (hour(chatty).posts, hour(chatty).people) == (30, 1)
    assert hour(chatty).prominence < hour(told(3)).prominence


def test_a_window_is_open_at_its_beginning_and_ends_now() -> None:
    edges = [(NOW - HOUR, "before"), (NOW, "now"), (NOW + timedelta(seconds=1), "not yet")]
    seen = hour(edges)
    assert (seen.posts, seen.own) == (1, 1)


def test_what_is_dated_in_the_future_counts_nowhere() -> None:
    """A host's clock was set back by an hour: what it stored before lies ahead of it."""
    ahead = told(50, ago=-timedelta(minutes=40))
    assert [pace(ahead, NOW, window, usual=1, others=0).posts for window in WINDOWS] == [0, 0, 0]
    assert hour(ahead + told(3)) == hour(told(3))


def test_what_was_told_longer_ago_than_its_past_is_forgotten() -> None:
    assert hour(told(6) + told(400, ago=OWN_PAST)) == hour(told(6))
    assert hour(told(6) + told(400, ago=OWN_PAST - HOUR)).prominence < 0


@settings(deadline=None)
@given(counts, counts, st.floats(0, 1e5), counts, st.integers(1, 100))
def test_more_people_stand_out_more_and_everything_else_explains_them(
    people: int, own: int, usual: float, others: int, more: int
) -> None:
    def score(people: int, own: int, usual: float, others: int) -> float:
        return float(prominence(people, own, usual, others))

    base = score(people, own, usual, others)
    assert np.isfinite(base)
    assert score(people + more, own, usual, others) > base
    assert score(people, own + more, usual, others) < base
    assert score(people, 0, usual, others + more) <= score(people, 0, usual, others)
    if people:
        assert score(people, 0, usual + more, 0) < score(people, 0, usual, 0)


def test_a_story_that_is_all_that_is_said_is_not_explained_by_itself() -> None:
    """The others are those who tell other stories: one story alone in a loud hour stands out."""
    assert (
        hour(told(40), usual=4, others=0).prominence > hour(told(40), usual=4, others=40).prominence
    )


@settings(deadline=None)
@given(st.lists(st.tuples(st.integers(-100, 10_000), st.integers(0, 5)), max_size=40), st.randoms())
def test_the_order_in_which_posts_arrive_does_not_matter(
    minutes: list[tuple[int, int]], random: Random
) -> None:
    posts = [(NOW - timedelta(minutes=ago), f"a{author}") for ago, author in minutes]
    late = posts.copy()
    random.shuffle(late)
    assert hour(late) == hour(posts)

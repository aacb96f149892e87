"""Calls go where something moves, and never beyond what a source gives."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.domain import EngagementSnapshot, PostKey
from monitor.gathering.refresh import Means, Why, means, plan, rhythm
from monitor.store.refreshes import WatchedPost
from spiders.kind import Budget

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
BOUNDLESS = Means(batch=1, now=100, a_day=None)


def post(
    number: int = 1,
    *,
    age: timedelta = 8 * HOUR,
    looked: timedelta = HOUR,
    in_incident: bool = False,
    views: tuple[int, ...] = (100, 100),
) -> WatchedPost:
    """``views`` are the last two counts, the newest first, two hours apart."""
    key = PostKey("forum", str(number))
    return WatchedPost(
        key=key,
        published_at=NOW - age,
        looked_at=NOW - looked,
        in_incident=in_incident,
        latest=tuple(
            EngagementSnapshot(key=key, taken_at=NOW - looked - 2 * n * HOUR, views=count)
            for n, count in enumerate(views)
        ),
    )


def test_the_young_are_seen_more_often_than_the_old() -> None:
    ages = [timedelta(minutes=10), HOUR, 8 * HOUR, DAY, 3 * DAY, 6 * DAY]
    spans = [rhythm(post(age=age, views=(100,)), NOW).every for age in ages]
    assert spans == sorted(spans)
    assert spans[0] == timedelta(minutes=5)
    assert spans[-1] == DAY


def test_what_grows_is_seen_four_times_as_often_and_what_stands_still_half_as_often() -> None:
    ordinary = rhythm(post(views=(100,)), NOW)
    growing = rhythm(post(views=(150, 100)), NOW)
    still = rhythm(post(views=(100, 100)), NOW)
    assert (ordinary.why, growing.why, still.why) == (Why.ORDINARY, Why.GROWING, Why.STILL)
    assert ordinary.every == 4 * growing.every == still.every / 2


def test_what_belongs_to_an_open_incident_is_seen_at_least_every_hour() -> None:
    old = rhythm(post(age=20 * DAY, in_incident=True), NOW)
    assert old.why is Why.STORY
    assert old.every <= HOUR


def test_what_shows_no_counters_is_seen_seldom() -> None:
    hidden = rhythm(post(views=()), NOW)
    assert hidden.why is Why.HIDDEN
    assert hidden.every == 4 * rhythm(post(views=(100,)), NOW).every


def test_a_third_like_is_no_storm_and_two_looks_at_once_are_no_calm() -> None:
    few = post(views=(3, 2))
    assert rhythm(few, NOW).why is not Why.STILL
    close = attrs.evolve(
        few, latest=tuple(attrs.evolve(one, taken_at=NOW, views=5) for one in few.latest)
    )
    assert rhythm(close, NOW).why is Why.ORDINARY


def test_the_most_overdue_come_first_and_the_rest_waits() -> None:
    posts = [
        post(1, looked=2 * HOUR, views=(100,)),
        post(2, looked=7 * HOUR, views=(100,)),
        post(3, looked=HOUR, views=(100,)),
        post(4, looked=2 * HOUR, views=(300, 100)),
    ]
    made = plan(posts, attrs.evolve(BOUNDLESS, now=2), NOW)
    assert [key.native_id for key in made.ask] == ["4", "2"]
    assert made.due == 3
    assert plan(posts, attrs.evolve(BOUNDLESS, now=1, batch=50), NOW).due == len(
        plan(posts, attrs.evolve(BOUNDLESS, now=1, batch=50), NOW).ask
    )


def test_half_of_a_budget_is_spent_as_it_comes_in() -> None:
    daily = Budget(units=96, per=DAY)

    def left(last_asked: datetime | None, budget: Budget = daily) -> float:
        given = means(batch=1, delay_seconds=1, budget=budget, last_asked=last_asked, now=NOW)
        return given.now

    assert left(NOW - 5 * timedelta(minutes=1)) == 0
    assert left(NOW - HOUR) == 2
    assert left(NOW - 9 * DAY) == left(None) == 48
    assert left(NOW - HOUR, attrs.evolve(daily, cost=100)) == 0


def test_where_each_post_is_charged_a_part_of_a_request_is_asked_for() -> None:
    posts = [post(n, age=9 * HOUR, looked=9 * HOUR) for n in range(200)]
    charged = Budget(units=1_000, per=DAY, cost=100, by_post=True)
    given = means(batch=100, delay_seconds=1, budget=charged, last_asked=NOW - HOUR, now=NOW)
    assert len(plan(posts, given, NOW).ask) == 20  # an hour's part of the half of a thousand
    assert given.a_day == 5.0


def test_the_pause_between_requests_bounds_a_crawl_that_has_no_budget() -> None:
    quick = means(batch=1, delay_seconds=0, budget=None, last_asked=None, now=NOW)
    slow = means(batch=1, delay_seconds=30, budget=None, last_asked=None, now=NOW)
    assert (quick.now, slow.now) == (100, 3)
    assert quick.a_day is None


def test_a_plan_says_how_much_later_than_wanted_looks_come() -> None:
    posts = [post(n, age=HOUR / 2, views=(100,)) for n in range(10)]
    made = plan(posts, Means(batch=1, now=1, a_day=48.0), NOW)
    assert made.stretch == pytest.approx(10 * 24 * 8 / 48)
    assert plan(posts, BOUNDLESS, NOW).stretch == 1.0


@given(
    st.lists(st.tuples(st.integers(0, 40_000), st.integers(0, 40_000), st.booleans()), max_size=30),
    st.integers(0, 20),
    st.integers(1, 50),
)
def test_a_plan_asks_for_no_more_than_it_may_and_for_nothing_twice(
    ages: list[tuple[int, int, bool]], now: int, batch: int
) -> None:
    posts = [
        post(n, age=timedelta(minutes=age), looked=timedelta(minutes=looked), in_incident=story)
        for n, (age, looked, story) in enumerate(ages)
    ]
    made = plan(posts, Means(batch=batch, now=now, a_day=None), NOW)
    assert len(made.ask) == len(set(made.ask)) <= min(now * batch, made.due)
    assert sum(group.posts for group in made.groups) == len(posts)

"""A forecast is graded by what was there when it was due, or not at all."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from monitor.domain import EngagementSnapshot, PostKey, Quantity
from monitor.virality.outcome import counter_outcome, mentions_outcome

PATIENTLY = settings(deadline=None)  # a busy machine is slow, not wrong
START = datetime(2026, 3, 1, 9, tzinfo=UTC)


def at(minutes: float) -> datetime:
    return START + timedelta(minutes=minutes)


# --- mentions: a forecast made at 60 minutes and due at 120 -------------------------------------


def mentions(came: list[float], seen: int) -> int | None:
    times = [at(minutes) for minutes in came]
    return mentions_outcome(times, seen=seen, made_at=at(60), due=at(120))


def test_posts_until_the_forecast_is_due_are_its_outcome() -> None:
    assert mentions([0, 10, 60, 61, 120, 120.1, 500], seen=3) == 5


def test_posts_that_were_there_but_gathered_late_count() -> None:
    assert mentions([0, 10, 40, 50, 61], seen=2) == 5


def test_a_deleted_post_or_two_still_count() -> None:
    assert mentions([*range(19), 70], seen=20) == 21


def test_a_story_of_which_much_was_deleted_or_moved_elsewhere_is_not_graded() -> None:
    assert mentions([0, 10, 70], seen=6) is None
    assert mentions([], seen=3) is None


@PATIENTLY
@given(st.lists(st.floats(0, 300), max_size=40), st.integers(1, 40))
def test_an_outcome_is_never_below_what_was_seen(came: list[float], seen: int) -> None:
    outcome = mentions(came, seen)
    assert outcome is None or outcome >= seen


# --- counters: a forecast made at 60 minutes and due at 120, so readings count within 15 ---------


def views(*read: tuple[float, int | None], post: str = "1") -> list[EngagementSnapshot]:
    key = PostKey("v", post)
    return [
        EngagementSnapshot(key=key, taken_at=at(minutes), views=count) for minutes, count in read
    ]


def counted(read: list[EngagementSnapshot], seen: int = 100) -> int | None:
    return counter_outcome(read, Quantity.VIEWS, seen=seen, made_at=at(60), due=at(120))


@pytest.mark.parametrize(
    ("read", "outcome"),
    [
        (((60, 100), (120, 300)), 300),
        (((60, 100), (110, 280)), 280),
        (((60, 100), (105, 280)), 280),
        (((60, 100), (104, 280)), None),
        (((60, 100),), None),
        (((60, 100), (110, 280), (130, 300)), 290),
        (((60, 100), (130, 380)), 340),
        (((60, 100), (136, 380)), None),
        (((60, 100), (118, 40)), 40),
        (((60, 100), (100, 200), (118, None)), None),
        (((60, 100), (100, 200), (118, None), (125, 450)), 400),
    ],
)
def test_a_counter_is_graded_only_where_it_was_read_near_its_time(
    read: tuple[tuple[float, int | None], ...], outcome: int | None
) -> None:
    assert counted(views(*read)) == outcome


def test_readings_may_come_in_any_order() -> None:
    read = views((60, 100), (110, 280), (130, 300))
    assert counted(read[::-1]) == counted(read) == 290


def test_the_counters_of_all_posts_are_added() -> None:
    assert counted([*views((60, 100), (120, 300)), *views((90, 5), (120, 50), post="2")]) == 350


def test_a_small_counter_that_went_unread_does_not_matter_and_a_large_one_does() -> None:
    read = views((60, 100), (120, 300))
    assert counted([*read, *views((60, 20), post="2")]) == 320
    assert counted([*read, *views((60, 80), post="2")]) is None


def test_where_the_posts_that_had_been_seen_were_deleted_nothing_is_graded() -> None:
    assert counted(views((60, 100), (120, 300)), seen=5_000) is None


def test_a_counter_that_is_hidden_from_all_is_not_graded() -> None:
    assert counted([]) is None
    assert counted(views((60, None), (120, None))) is None


def test_a_longer_horizon_is_graded_with_readings_further_away() -> None:
    read = views((60, 100), (60 + 22 * 60, 900))
    assert (
        counter_outcome(read, Quantity.VIEWS, seen=100, made_at=at(60), due=at(60 + 24 * 60)) == 900
    )

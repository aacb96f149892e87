"""What is said of why an incident spreads holds on stories whose truth is known."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import attrs
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from benchmarks.reproduction import (
    doubling_coverage,
    exponential,
    moments,
    reproduction_coverage,
    story,
)
from monitor.virality.reproduction import (
    FEWEST_EVENTS,
    Reproduction,
    doubling,
    reproduction,
)

PATIENTLY = settings(deadline=None)  # a busy machine is slow, not wrong
START = datetime(2026, 3, 1, 20, tzinfo=UTC)
DAY = timedelta(days=1)


def after(*seconds: float) -> list[datetime]:
    return [START + timedelta(seconds=one) for one in seconds]


def assert_near(one: Reproduction | None, other: Reproduction | None, within: float = 0.02) -> None:
    assert one is not None
    assert other is not None
    assert attrs.astuple(one) == pytest.approx(attrs.astuple(other), abs=within)


times = st.lists(st.floats(0, 86_400 * 3), min_size=FEWEST_EVENTS, max_size=120)

# --- the reproduction number --------------------------------------------------------------------


@PATIENTLY
@given(times, st.floats(0, 86_400 * 5))
def test_whatever_came_the_interval_is_one(came: list[float], until: float) -> None:
    now = START + timedelta(seconds=until)
    found = reproduction(after(*came), now)
    if sum(time <= now for time in after(*came)) < FEWEST_EVENTS:
        assert found is None
    elif found is not None:
        assert 0 <= found.low90 <= found.median <= found.high90 <= 3


@PATIENTLY
@given(times)
def test_the_order_zone_and_future_of_posts_do_not_matter(came: list[float]) -> None:
    now = START + 4 * DAY
    elsewhere = timezone(timedelta(hours=-7))
    shuffled = [time.astimezone(elsewhere) for time in after(*came[::-1])]
    later = [now + DAY] * 40
    assert reproduction([*shuffled, *later], now) == reproduction(after(*came), now)


@PATIENTLY
@given(times, st.floats(0, 1e6))
def test_when_it_began_does_not_matter(came: list[float], seconds: float) -> None:
    began = timedelta(seconds=round(seconds))
    whole = [float(round(one)) for one in came]
    moved = [time + began for time in after(*whole)]
    if len(set(whole)) > 1:
        now = START + 4 * DAY
        assert_near(reproduction(moved, now + began), reproduction(after(*whole), now), 1e-6)


def test_below_thirty_posts_nothing_is_known() -> None:
    came = after(*range(0, 3_000, 100))
    assert len(came) == 30
    assert reproduction(came, START + DAY) is not None
    assert reproduction(came[1:], START + DAY) is None
    assert reproduction(came, came[-2]) is None
    assert reproduction([], START) is None


def test_posts_of_one_moment_tell_nothing_of_how_one_leads_to_another() -> None:
    odd = START + timedelta(microseconds=1)
    assert reproduction([odd] * 40, odd) is None


def test_the_true_number_lies_in_the_interval_as_often_as_it_should() -> None:
    """A small run of ``benchmarks/reproduction.py``; at 90 %, 40 of 48 is what chance allows."""
    rng = np.random.default_rng(2)
    held = [
        reproduction_coverage(rng, ratio, kind, 8)
        for kind in ("exponential", "power")
        for ratio in (0.2, 0.6, 0.95)
    ]
    assert sum(one.covered * one.n for one in held) >= 40


def test_more_posts_tell_more() -> None:
    rng = np.random.default_rng(3)
    widths = []
    for roots in (20, 320):
        came = story(rng, 0.6, exponential(600), rng.uniform(0, 86_400, roots), 86_400, 10_000)
        found = reproduction(moments(came), moments(np.array([86_400.0]))[0])
        assert found is not None
        widths.append(found.high90 - found.low90)
    assert widths[1] < 0.8 * widths[0]


def test_what_answers_each_other_is_told_from_what_comes_by_itself() -> None:
    rng = np.random.default_rng(4)
    alone = reproduction(after(*rng.uniform(0, 86_400, 500)), START + DAY)
    came = story(rng, 0.9, exponential(600), rng.uniform(0, 86_400, 50), 86_400, 10_000)
    together = reproduction(after(*came), START + DAY)
    assert alone is not None
    assert together is not None
    assert alone.median < 0.5 < 0.6 < together.low90


def test_a_coarse_clock_changes_little() -> None:
    """Posts of one minute are spread over it: they did not answer each other at once."""
    rng = np.random.default_rng(5)
    came = np.sort(rng.uniform(0, 86_400 / 4, 600))
    exact = reproduction(after(*came), START + DAY / 4)
    coarse = reproduction(after(*(came // 60 * 60)), START + DAY / 4)
    assert_near(coarse, exact, within=0.1)


def test_old_posts_are_remembered_in_bins_and_change_little() -> None:
    """Beyond the newest thousand, the posts before them only count as what was answered."""
    rng = np.random.default_rng(6)
    until = 10 * 86_400.0
    came = story(rng, 0.7, exponential(900), rng.uniform(0, until, 900), until, 10_000)
    assert len(came) > 2_500
    found = reproduction(after(*came), START + 10 * DAY)
    assert found is not None
    assert found.low90 < 0.7 < found.high90
    assert found.high90 - found.low90 < 0.5


# --- doubling -----------------------------------------------------------------------------------


@PATIENTLY
@given(st.lists(st.floats(0, 86_400 * 3), max_size=120), st.floats(0, 86_400 * 5))
def test_whatever_came_a_doubling_time_is_in_order(came: list[float], until: float) -> None:
    found = doubling(after(*came), START + timedelta(seconds=until))
    if found is not None:
        told = [found.low90, found.median, found.high90]
        finite = [one for one in told if one is not None]
        assert finite == sorted(finite)
        assert all(one > timedelta() for one in finite)
        assert told == [*finite, *[None] * (3 - len(finite))]


@pytest.mark.parametrize("minutes", [10, 60, 600])
@pytest.mark.parametrize("posts", [40, 200, 2_000])
def test_steady_doubling_is_seen(minutes: int, posts: int) -> None:
    seconds = 60 * minutes * np.log2(np.arange(1, posts + 1))
    found = doubling(after(*seconds), START + timedelta(seconds=float(seconds[-1])))
    assert found is not None
    assert found.growing
    assert found.low90 is not None
    assert found.high90 is not None
    assert found.low90 < timedelta(minutes=minutes) < found.high90


def test_a_story_that_goes_on_evenly_may_not_be_growing() -> None:
    found = doubling(after(*range(0, 60_000, 600)), START + timedelta(seconds=60_000))
    assert found is not None
    assert not found.growing
    assert found.low90 is not None
    assert found.high90 is None


def test_a_story_that_has_gone_quiet_is_not_growing() -> None:
    found = doubling(after(*range(0, 6_000, 60)), START + DAY)
    assert found is not None
    assert (found.low90, found.median, found.high90) == (None, None, None)
    assert not found.growing


def test_a_new_burst_of_an_old_story_is_growing() -> None:
    old, new = range(0, 40_000, 1_000), range(80_000, 82_000, 20)
    found = doubling(after(*old, *new), START + timedelta(seconds=82_000))
    assert found is not None
    assert found.growing


def test_of_a_dozen_posts_nothing_is_said() -> None:
    came = after(*range(13))
    assert doubling(came[:12], START + DAY) is None
    assert doubling(came, START + DAY) is not None
    assert doubling([], START) is None


@pytest.mark.parametrize("kind", ["chance", "answers"])
def test_the_true_doubling_time_lies_in_the_interval_as_often_as_it_should(kind: str) -> None:
    assert doubling_coverage(np.random.default_rng(7), kind, 60).covered >= 0.8

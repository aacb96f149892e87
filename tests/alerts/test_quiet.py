"""When a team sleeps: hours of the week and days of the calendar, by its own clocks."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from alerts.quiet import MuteDays, QuietHours, quiet_until

NIGHT = QuietHours.model_validate({"from": "22:00", "to": "07:00"})
WEEKEND = QuietHours.model_validate(
    {"days": ["saturday", "sunday"], "from": "00:00", "to": "00:00"}
)
HOLIDAYS = MuteDays.model_validate({"from": "2026-12-24", "to": "2026-12-26"})
BERLIN = ZoneInfo("Europe/Berlin")


@pytest.mark.parametrize(
    ("now", "until"),
    [
        ("2026-11-23T21:59", None),
        ("2026-11-23T22:00", "2026-11-24T07:00"),
        ("2026-11-24T06:59", "2026-11-24T07:00"),
        ("2026-11-24T07:00", None),
        ("2026-11-27T23:00", "2026-11-30T07:00"),
        ("2026-12-23T22:30", "2026-12-28T07:00"),
    ],
)
def test_times_that_touch_are_one_long_quiet(now: str, until: str | None) -> None:
    moment = datetime.fromisoformat(now).replace(tzinfo=BERLIN)
    found = quiet_until([NIGHT, WEEKEND, HOLIDAYS], BERLIN, moment)
    assert found == (datetime.fromisoformat(until).replace(tzinfo=BERLIN) if until else None)


def test_hours_of_some_days_begin_on_these_and_may_end_on_the_next() -> None:
    friday = QuietHours.model_validate({"days": ["friday"], "from": "18:00", "to": "06:00"})
    saturday_night = datetime(2026, 11, 28, 3, tzinfo=UTC)
    assert quiet_until([friday], UTC, saturday_night) == saturday_night.replace(hour=6)
    assert quiet_until([friday], UTC, saturday_night + timedelta(days=1)) is None


def test_a_team_that_always_sleeps_is_looked_at_again_some_day() -> None:
    always = QuietHours.model_validate({"from": "00:00", "to": "00:00"})
    now = datetime(2026, 11, 23, 12, tzinfo=UTC)
    until = quiet_until([always], UTC, now)
    assert until is not None
    assert until - now > timedelta(days=7)


@given(
    st.integers(0, 366 * 24 * 60),
    st.sampled_from(["UTC", "Asia/Taipei", "Europe/Berlin", "America/New_York"]),
)
def test_quiet_ends_later_than_now_and_is_over_when_it_ends(minutes: int, zone: str) -> None:
    now = datetime(2026, 1, 1, tzinfo=UTC) + timedelta(minutes=minutes)
    until = quiet_until([NIGHT, WEEKEND], ZoneInfo(zone), now)
    if until is not None:
        assert until > now
        assert quiet_until([NIGHT, WEEKEND], ZoneInfo(zone), until) is None


def test_days_that_end_before_they_begin_are_refused() -> None:
    with pytest.raises(ValidationError, match="before it begins"):
        MuteDays.model_validate({"from": "2026-12-26", "to": "2026-12-24"})

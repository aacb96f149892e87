from __future__ import annotations

import csv
import os
import random
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.virality.baseline import Baseline

ROOT = Path(__file__).parents[2]
VOLUMES = ROOT / os.environ.get("SPARKWATCH_SHARED", "../shared") / "data" / "volumes"
MONDAY = datetime(2026, 3, 2, tzinfo=UTC)
HOUR, DAY, WEEK = timedelta(hours=1), timedelta(days=1), timedelta(weeks=1)


def office_hours(days: int, an_hour: int = 4) -> list[datetime]:
    """So many mentions in each hour from nine to five, Monday to Friday."""
    return [
        MONDAY + day * DAY + hour * HOUR + minute * timedelta(minutes=60 / an_hour)
        for day in range(days)
        if day % 7 < 5
        for hour in range(9, 17)
        for minute in range(an_hour)
    ]


def test_with_a_long_past_each_hour_of_the_week_has_its_own_rate() -> None:
    usual = Baseline.fit(office_hours(56), MONDAY, MONDAY + 8 * WEEK, UTC)
    next_week = MONDAY + 8 * WEEK
    busy = usual.expected(next_week + 12 * HOUR, next_week + 13 * HOUR)
    night = usual.expected(next_week + 3 * HOUR, next_week + 4 * HOUR)
    sunday = usual.expected(next_week + 6 * DAY + 12 * HOUR, next_week + 6 * DAY + 13 * HOUR)
    assert busy == pytest.approx(4, rel=0.2)
    assert night < 0.2
    assert sunday < busy / 3


def test_with_a_short_past_an_hour_is_held_to_the_overall_rate() -> None:
    usual = Baseline.fit(office_hours(1), MONDAY, MONDAY + DAY, UTC)
    busy = usual.expected(MONDAY + DAY + 12 * HOUR, MONDAY + DAY + 13 * HOUR)
    night = usual.expected(MONDAY + DAY + 3 * HOUR, MONDAY + DAY + 4 * HOUR)
    overall = 32 / 24
    assert night < overall < busy
    assert night > overall / 4
    assert busy < 4


def test_with_no_past_at_all_little_is_expected_and_nothing_breaks() -> None:
    usual = Baseline.fit([], MONDAY, MONDAY, UTC)
    assert usual.history == timedelta()
    assert 0 < usual.expected(MONDAY, MONDAY + HOUR) < 1
    assert usual.score(0, MONDAY, MONDAY + HOUR) < 0 < usual.score(10, MONDAY, MONDAY + HOUR)


def test_history_is_the_past_that_was_looked_at_not_the_mentions_in_it() -> None:
    assert Baseline.fit([MONDAY], MONDAY, MONDAY + 3 * DAY, UTC).history == 3 * DAY


def test_mentions_outside_the_past_are_not_looked_at() -> None:
    inside = office_hours(14)
    outside = [MONDAY - HOUR, MONDAY + 2 * WEEK, MONDAY + 5 * WEEK]
    one = Baseline.fit(inside, MONDAY, MONDAY + 2 * WEEK, UTC)
    other = Baseline.fit(inside + outside, MONDAY, MONDAY + 2 * WEEK, UTC)
    assert one.rates == other.rates


def test_the_same_count_surprises_more_at_night() -> None:
    usual = Baseline.fit(office_hours(28), MONDAY, MONDAY + 4 * WEEK, UTC)
    noon = MONDAY + 4 * WEEK + 12 * HOUR
    night = MONDAY + 4 * WEEK + 3 * HOUR
    assert usual.score(6, night, night + HOUR) > usual.score(6, noon, noon + HOUR) + 2


def test_a_brand_whose_counts_vary_is_surprised_less() -> None:
    calm = [MONDAY + hour * HOUR for hour in range(28 * 24) for _ in range(10)]
    draw = random.Random(1)  # noqa: S311 - chance here guards no secret
    moody = [MONDAY + hour * HOUR for hour in range(28 * 24) for _ in range(draw.randrange(21))]
    until = MONDAY + 4 * WEEK
    steady = Baseline.fit(calm, MONDAY, until, UTC)
    wild = Baseline.fit(moody, MONDAY, until, UTC)
    assert wild.dispersion > steady.dispersion
    assert wild.score(30, until, until + HOUR) < steady.score(30, until, until + HOUR)


def test_a_past_incident_makes_neither_more_usual_nor_the_brand_look_moody() -> None:
    calm = [MONDAY + hour * HOUR for hour in range(28 * 24) for _ in range(10)]
    burst = [MONDAY + 9 * DAY + hour * HOUR for hour in range(6) for _ in range(300)]
    until = MONDAY + 4 * WEEK
    quiet = Baseline.fit(calm, MONDAY, until, UTC)
    burnt = Baseline.fit(calm + burst, MONDAY, until, UTC)
    night = MONDAY + 30 * DAY
    assert burnt.dispersion < 1.5 * quiet.dispersion
    assert burnt.expected(night, night + HOUR) < 1.5 * quiet.expected(night, night + HOUR)


def test_the_week_is_the_readers_and_follows_the_clocks() -> None:
    zone = ZoneInfo("America/New_York")
    since = datetime(2026, 2, 1, tzinfo=zone)
    mornings = [since + day * DAY + 9 * HOUR for day in range(28) for _ in range(20)]
    usual = Baseline.fit(mornings, since, since + 4 * WEEK, zone)
    before = datetime(2026, 3, 7, 9, tzinfo=zone)
    after = datetime(2026, 3, 8, 9, tzinfo=zone)  # the clocks went forward in the night
    for nine in (before, after):
        assert usual.expected(nine, nine + HOUR) > 5
        assert usual.expected(nine + 2 * HOUR, nine + 3 * HOUR) < 2


def test_a_window_adds_up_from_its_parts() -> None:
    usual = Baseline.fit(office_hours(28), MONDAY, MONDAY + 4 * WEEK, UTC)
    start, middle, end = (MONDAY + timedelta(minutes=one) for one in (517, 633, 1_250))
    whole = usual.expected(start, end)
    assert whole == pytest.approx(usual.expected(start, middle) + usual.expected(middle, end))
    assert usual.expected(start, start) == 0


def test_a_window_or_a_past_that_ends_before_it_begins_is_refused() -> None:
    with pytest.raises(ValueError, match="past must end after"):
        Baseline.fit([], MONDAY, MONDAY - HOUR, UTC)
    with pytest.raises(ValueError, match="window must end after"):
        Baseline.fit([], MONDAY, MONDAY, UTC).expected(MONDAY, MONDAY - HOUR)


@given(st.lists(st.floats(0, 60 * 24 * 20), max_size=200), st.floats(0, 20), st.floats(0, 40))
def test_rates_are_positive_and_scores_rise_with_the_count(
    minutes: list[float], length: float, hours: float
) -> None:
    times = [MONDAY + timedelta(minutes=one) for one in minutes]
    usual = Baseline.fit(times[::-1], MONDAY, MONDAY + timedelta(days=length), UTC)
    end = MONDAY + timedelta(hours=hours)
    assert min(usual.rates) > 0
    assert usual.dispersion > 0
    assert usual.score(3, MONDAY, end) < usual.score(4, MONDAY, end)


def test_fifteen_thousand_mentions_are_learned_from_in_ten_milliseconds() -> None:
    times = [MONDAY + timedelta(minutes=4 * one) for one in range(15_000)]
    took = []
    for _ in range(5):
        started = time.process_time()
        Baseline.fit(times, MONDAY, MONDAY + 6 * WEEK, UTC)
        took.append(time.process_time() - started)
    assert min(took) < 0.01


@pytest.mark.parametrize("brand", ["AMZN", "CRM", "CVS", "FB", "GOOG", "IBM"])
def test_real_brands_make_no_storm_of_surprises_at_night(brand: str) -> None:
    path = VOLUMES / f"Twitter_volume_{brand}.csv"
    if not path.is_file():
        pytest.skip(f"the volumes are not here; set SPARKWATCH_SHARED ({path} is absent)")
    with path.open(encoding="utf-8") as lines:
        rows = [
            (datetime.fromisoformat(row["timestamp"]).replace(tzinfo=UTC), int(row["value"]))
            for row in csv.DictReader(lines)
        ]
    since = rows[0][0]
    until = since + 2 * WEEK
    usual = Baseline.fit(
        [stamp for stamp, count in rows for _ in range(count) if stamp < until], since, until, UTC
    )
    by_hour: dict[datetime, int] = {}
    for stamp, count in rows:
        hour = stamp.replace(minute=0, second=0)
        if until <= hour < until + 2 * WEEK:
            by_hour[hour] = by_hour.get(hour, 0) + count
    surprising = [hour for hour, n in by_hour.items() if usual.score(n, hour, hour + HOUR) > 5]
    assert len(by_hour) > 300
    assert len(surprising) <= 10
    assert sum(4 <= hour.hour < 11 for hour in surprising) <= 3


def test_silence_while_nothing_could_be_heard_makes_nothing_less_usual() -> None:
    start = datetime(2026, 3, 2, tzinfo=UTC)
    said = [start + timedelta(minutes=20 * n) for n in range(14 * 72)]
    outage = (start + timedelta(days=5), start + timedelta(days=9))
    heard = [time for time in said if not outage[0] <= time < outage[1]]
    end = start + timedelta(days=14)

    def a_day(times: list[datetime], *gaps: tuple[datetime, datetime, float]) -> float:
        usual = Baseline.fit(times, start, end, UTC, gaps)
        return usual.expected(end, end + timedelta(days=1))

    assert a_day(heard) < 0.8 * a_day(said)
    assert a_day(heard, (*outage, 1.0)) == pytest.approx(a_day(said), rel=0.05)
    assert a_day(heard) < a_day(heard, (*outage, 0.5)) < a_day(heard, (*outage, 1.0))

"""Silence is not calm: what a source's crawls say of it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from monitor.domain import Health, SourceHealth, TroubleKind
from monitor.gathering.health import judge, lost_fields, usual

START = datetime(2026, 11, 1, tzinfo=UTC)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)


def crawl(hours: float, items: int = 0, health: Health = Health.OK, **more: Any) -> SourceHealth:
    fields = {"source": "forum", "finished_at": START + hours * HOUR, "health": health}
    return SourceHealth(**fields, items=items, **more)  # type: ignore[arg-type]  # as given


def days(count: int, items: int = 5, **more: Any) -> list[SourceHealth]:
    """Hourly crawls that bring something by day and nothing by night."""
    return [crawl(hour, items if 8 <= hour % 24 < 20 else 0, **more) for hour in range(count * 24)]


def test_a_source_that_works_is_in_no_trouble() -> None:
    assert judge(days(9)) is None
    assert judge([]) is None


@pytest.mark.parametrize(
    ("health", "kind"),
    [
        (Health.FORBIDDEN, TroubleKind.FORBIDDEN),
        (Health.UNAUTHORIZED, TroubleKind.FORBIDDEN),
        (Health.UNREADABLE, TroubleKind.CHANGED),
    ],
)
def test_what_a_source_says_of_itself_counts_at_once(health: Health, kind: TroubleKind) -> None:
    trouble = judge([crawl(0, 3), crawl(1, 0, health, detail="said so")])
    assert trouble is not None
    assert (trouble.kind, trouble.since, trouble.detail) == (kind, START, "said so")


@pytest.mark.parametrize(
    "health", [Health.UNREACHABLE, Health.SERVER_ERROR, Health.TIMED_OUT, Health.CRASHED]
)
def test_what_may_pass_by_itself_counts_when_it_lasts(health: Health) -> None:
    well, minute = crawl(0, 3), 1 / 60
    failing = [crawl(n * 5 * minute, 0, health) for n in (1, 2, 3)]
    assert judge([well, *failing[:2]]) is None
    trouble = judge([well, *failing])
    assert trouble is not None
    assert (trouble.kind, trouble.since) == (TroubleKind.DOWN, START)
    assert judge([well, failing[0], crawl(1, 0, health)]) is not None, "for an hour"
    assert judge([well, *failing, crawl(1, 3)]) is None


def test_a_source_that_never_worked_is_told_at_once() -> None:
    assert judge([crawl(0, 0, Health.UNREACHABLE)]) is not None


def test_a_source_that_asks_to_wait_is_waited_for() -> None:
    waiting = [crawl(hour, 0, Health.RATE_LIMITED) for hour in range(1, 14)]
    assert judge([crawl(0, 3), *waiting[:11]]) is None
    assert judge([crawl(0, 3), *waiting]) is not None


def test_a_source_is_silent_when_it_is_quiet_for_longer_than_ever() -> None:
    past = days(9)
    quiet = [crawl(9 * 24 + hour) for hour in range(48)]
    assert judge([*past, *quiet[:12]]) is None, "as every night"
    trouble = judge([*past, *quiet[:28]])
    assert trouble is not None
    assert trouble.kind is TroubleKind.SILENT
    assert trouble.since == START + (8 * 24 + 19) * HOUR
    assert judge([*past, *quiet, crawl(11 * 24, 1)]) is None


def test_refreshed_posts_do_not_break_a_silence() -> None:
    quiet = [crawl(9 * 24 + hour, 7, refreshed=7) for hour in range(48)]
    assert judge([*days(9), *quiet]) is not None


def test_a_source_that_seldom_says_anything_is_not_silent() -> None:
    assert judge([crawl(hour, 1 if hour % 72 == 0 else 0) for hour in range(20 * 24)]) is None
    seldom = [crawl(hour, 1 if hour in (0, 30, 200) else 0) for hour in range(600)]
    assert judge(seldom) is None


def test_a_lost_field_is_a_change_of_shape_until_it_is_back() -> None:
    held = (("likes", 5), ("views", 0))
    past = days(3, missing=held[1:])
    lost = [crawl(72 + hour, 10, missing=(("views", 10),)) for hour in range(3)]
    assert lost_fields(past) == ()
    assert lost_fields([*past, *lost]) == ("views",)
    trouble = judge([*past, *lost])
    assert trouble is not None
    assert (trouble.kind, trouble.detail) == (TroubleKind.CHANGED, "views")
    longer = [crawl(75 + hour, 10, missing=(("views", 10),)) for hour in range(300)]
    assert judge([*past, *lost, *longer], trouble) is not None, "it does not become usual"
    back = [crawl(400 + hour, 10) for hour in range(3)]
    assert judge([*past, *lost, *longer, *back], trouble) is None


def test_a_field_that_was_never_there_is_not_lost() -> None:
    assert judge(days(9, missing=(("views", 5),))) is None


def test_what_is_usual_goes_by_the_hour() -> None:
    past, now = days(9), START + 9 * DAY
    assert usual(past, now - DAY, now) == pytest.approx(60, rel=0.01)
    assert usual(past, now + 9 * HOUR, now + 11 * HOUR) == pytest.approx(10, rel=0.05)
    assert usual(past, now + HOUR, now + 3 * HOUR) == 0
    assert usual(past[:5], START + 5 * HOUR, START + 6 * HOUR) is None

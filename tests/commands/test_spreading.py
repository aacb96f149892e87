from __future__ import annotations

from datetime import UTC, datetime, timedelta

from monitor.commands.spreading import spreading

START = datetime(2026, 3, 1, 9, tzinfo=UTC)


def lines(minutes: list[float], now: float) -> list[str]:
    times = [START + timedelta(minutes=each) for each in minutes]
    return list(spreading(times, START + timedelta(minutes=now), UTC))


def test_a_story_that_runs_is_explained() -> None:
    why, leads, doubles = lines([60 * (each / 60) ** 0.4 for each in range(1, 61)], 61)
    assert why.startswith("in 24 hours ×")
    assert "its latest pace ×" in why
    assert leads.startswith("one post has led to ")
    assert doubles.startswith("it doubles every ")


def test_a_quiet_story_is_not_growing() -> None:
    assert lines([each / 4 for each in range(40)], 60 * 48)[-1] == "it is not growing"


def test_of_few_posts_little_is_said() -> None:
    assert lines([0, 10], 20) == [
        "how many posts one post leads to is unknown below 30 posts",
    ]

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from monitor.domain import Health, Observation, Post, PostKey, SourceHealth
from spiders.page import Page, SourceError
from spiders.report import Tally, report

NOW = datetime(2026, 11, 21, tzinfo=UTC)


def of(tally: Tally, *unfinished: str) -> SourceHealth:
    return report(source="s", finished_at=NOW, tally=tally, unfinished=unfinished)


def test_nothing_new_is_well() -> None:
    assert of(Tally(looks=1)) == SourceHealth(source="s", finished_at=NOW, health=Health.OK)


def test_a_failure_speaks_before_an_empty_feed_and_names_the_others() -> None:
    errors = {f"q{n}": SourceError(Health.EMPTY, "no entries") for n in range(5)} | {
        "bad": SourceError(Health.SERVER_ERROR, "502")
    }
    health = of(Tally(looks=8, items=3, errors=errors))
    assert health.health is Health.SERVER_ERROR
    assert health.items == 3
    assert health.detail == "502 [6 of 8 queries failed; also: q0, q1, q2 and 2 more]"


def test_what_was_cut_off_is_named() -> None:
    health = of(Tally(looks=2), "tag:delta")
    assert health.health is Health.TIMED_OUT
    assert "tag:delta" in health.detail


def test_a_few_unreadable_entries_are_told_and_many_are_a_failure() -> None:
    few = of(Tally(looks=1, items=10, skipped=2))
    assert few.health is Health.OK
    assert "2 entries" in few.detail
    assert of(Tally(looks=1, items=2, skipped=10)).health is Health.UNREADABLE


def test_hostile_queries_are_shown_without_control_characters() -> None:
    assert of(Tally(looks=1), "tag:\x1b[2J").detail.isprintable()


def test_what_is_new_is_counted_apart_from_what_was_looked_at_again() -> None:
    def seen(number: int, url: str | None, hours: int) -> Observation:
        said = NOW - timedelta(hours=hours)
        key = PostKey("s", str(number))
        return Observation(
            post=Post(key=key, text="x", published_at=said, url=url), observed_at=NOW
        )

    tally = Tally(looks=1)
    page = Page(observations=(seen(1, "https://x/", 2), seen(2, None, 4), seen(3, None, 90)))
    tally.take(page, {PostKey("s", "3")})
    tally.answered(200)
    tally.answered(None)
    health = of(tally)
    assert (health.items, health.refreshed, health.fresh) == (3, 1, 2)
    assert dict(health.missing)["url"] == 1
    assert dict(health.missing)["views"] == 2
    assert health.lag == 3 * 3600
    assert health.answers == (("2xx", 1), ("none", 1))

"""All stages together: repeating any of them, or failing anywhere in them, changes nothing."""

from __future__ import annotations

import contextlib
import math
from collections.abc import Callable
from datetime import UTC, time, timedelta
from typing import Any

import pytest
from sqlalchemy import select

from alerts.i18n import Reader
from alerts.routing import GroupingOptions
from monitor.domain import Deletion, Health, Observation, SourceHealth
from monitor.incidents.matching import Matcher
from monitor.pipeline import Pipeline
from monitor.stages.assess import Assess
from monitor.stages.deliver import Deliver
from monitor.stages.digest import Digest, DigestReader
from monitor.stages.forecast import ForecastStage
from monitor.stages.group import Group
from monitor.stages.match import Match
from monitor.stages.remind import Remind
from monitor.stages.respond import Respond
from monitor.stages.watch import Watch
from monitor.store.alerts import Alerts
from monitor.store.forecasts import Forecasts
from monitor.store.incidents import Incidents
from monitor.store.mentions import Mentions
from monitor.store.outbox import Outbox
from monitor.store.sources import Sources
from monitor.store.store import Store
from monitor.store.tables import metadata
from monitor.virality.forecast import Forecaster
from tests.fakes import FakeChannel, FakeReader, FakeScorer
from tests.stages.answering import FINDER, answer
from tests.stages.scene import ACME, BAG, LATE, TOPICS, ZEPHYR, at, key, said, told
from tests.stages.telling import Tellers, everyone

DAY = 24 * 60
FORECASTER = Forecaster.load()


def _pipeline(channel: FakeChannel) -> Pipeline:
    brands = (ACME, ZEPHYR)
    reader = DigestReader(name="chief", channel=channel, reader=Reader(), weekday=0, at=time(8))
    return Pipeline(
        (
            Match(Matcher(brands)),
            Assess(FakeScorer(*TOPICS), FakeReader()),
            Group(brands),
            Respond(brands, FINDER, zone=UTC, due_after=timedelta(hours=48)),
            ForecastStage(FORECASTER),
            *Tellers(brands, (channel,), everyone((channel,), GroupingOptions())).stages,
            Remind(brands, (channel,), everyone((channel,))),
            Watch(["forum"], (channel,)),
            Digest(brands, (reader,)),
            Deliver((channel,)),
        )
    )


def _week() -> list[tuple[float, list[Observation | Deletion | SourceHealth]]]:
    """What is seen, and when: two stories, praise, views, an edit, deletions, a return.

    The source refuses to be read for some days.
    """
    loud = said("loud", BAG[4], 30, followers=70_000, views=500, seen=35)
    seen: list[tuple[float, list[Observation | Deletion | SourceHealth]]] = [
        (35, [*told(BAG), loud]),
        (90, [*told(LATE, start=60, prefix="late"), said("praise", "I love Acme Air", 80)]),
        (120, [said("loud", BAG[4], 30, followers=70_000, views=14_000, seen=119)]),
        (150, [said("1", "Sorry, Acme Air: it was a delay", 5, seen=140)]),
        (160, [Deletion(key=key("2"), observed_at=at(155))]),
        (165, [answer("We apologize and will get back to you within 2 hours.", 161)]),
        (170, [answer("Please DM us your details.", 166, to="3", number="hand-off")]),
        (300, [said("thanks", "Thanks, all sorted", 290, by="author-3", parent=key("hand-off"))]),
        (700, [_crawled(700, Health.FORBIDDEN)]),
        (5 * DAY, [_crawled(5 * DAY, Health.OK)]),
        (
            6 * DAY,
            [
                said("again", BAG[0], 6 * DAY - 5),
                said("both", "Acme Air, Zephyr Jet: my bag", 6 * DAY - 4),
            ],
        ),
        (7 * DAY, []),
    ]
    return seen


def _crawled(minutes: float, health: Health) -> SourceHealth:
    return SourceHealth(source="forum", finished_at=at(minutes), health=health)


def _dump(store: Store) -> dict[str, list[Any]]:
    with store.engine.connect() as connection:
        return {
            table.name: sorted(map(repr, connection.execute(select(table)).all()))
            for table in metadata.sorted_tables
        }


def _gather(store: Store, seen: list[Observation | Deletion | SourceHealth]) -> None:
    with store.begin() as work:
        work.posts.gather([one for one in seen if not isinstance(one, SourceHealth)])
        for one in seen:
            if isinstance(one, SourceHealth):
                work.sources.report(one)


@pytest.fixture
def undisturbed(make_store: Callable[[], Store]) -> dict[str, list[Any]]:
    store, pipeline = make_store(), _pipeline(FakeChannel.named("all"))
    for minutes, seen in _week():
        _gather(store, seen)
        pipeline.run(store, at(minutes))
    return _dump(store)


def test_a_week_leaves_something_in_every_table_that_a_stage_writes(
    undisturbed: dict[str, list[Any]],
) -> None:
    empty = {name for name, rows in undisturbed.items() if not rows}
    assert empty == {
        "cursors",
        "incident_history",
        "leases",
        "refreshes",
        "silences",
        "unsubscribed",
    }
    assert len(undisturbed["alerts"]) >= 2


def test_running_every_stage_twice_changes_nothing(
    make_store: Callable[[], Store], undisturbed: dict[str, list[Any]]
) -> None:
    store, channel = make_store(), FakeChannel.named("all")
    pipeline = _pipeline(channel)
    for minutes, seen in _week():
        _gather(store, seen)
        for stage in pipeline.stages:
            stage.run(store, at(minutes))
            stage.run(store, at(minutes))
        before = _dump(store)
        pipeline.run(store, at(minutes))
        assert _dump(store) == before
    assert _dump(store) == undisturbed
    assert len(channel.sent) == len(set(channel.sent)) == len(undisturbed["outbox"])


def test_a_restart_before_every_look_changes_nothing(
    make_store: Callable[[], Store], undisturbed: dict[str, list[Any]]
) -> None:
    store, channel = make_store(), FakeChannel.named("all")
    for minutes, seen in _week():
        _gather(store, seen)
        _pipeline(channel).run(store, at(minutes))
    assert _dump(store) == undisturbed


@pytest.mark.parametrize(
    ("repository", "method"),
    [
        (Mentions, "match"),
        (Mentions, "assess"),
        (Mentions, "group"),
        (Incidents, "save"),
        (Forecasts, "add"),
        (Incidents, "forecast_made"),
        (Forecasts, "grade"),
        (Alerts, "add"),
        (Alerts, "withhold"),
        (Incidents, "decided"),
        (Sources, "put_trouble"),
        (Outbox, "put"),
        (Outbox, "claim"),
    ],
)
def test_a_disk_that_is_full_for_a_moment_loses_nothing_and_doubles_nothing(
    make_store: Callable[[], Store],
    undisturbed: dict[str, list[Any]],
    monkeypatch: pytest.MonkeyPatch,
    repository: type,
    method: str,
) -> None:
    store, channel = make_store(), FakeChannel.named("all")
    pipeline, real = _pipeline(channel), getattr(repository, method)
    calls = failures = 0

    def now_and_then(*arguments: Any, **named: Any) -> Any:
        """Do it, then fail, ever more rarely: what was done must be undone."""
        nonlocal calls, failures
        calls += 1
        result = real(*arguments, **named)
        if math.isqrt(calls) ** 2 == calls:
            failures += 1
            raise OSError("no space left on device")
        return result

    monkeypatch.setattr(repository, method, now_and_then)
    for minutes, seen in _week():
        _gather(store, seen)
        for _ in range(99):
            with contextlib.suppress(OSError):
                pipeline.run(store, at(minutes))
                break
        else:
            pytest.fail("it never came through")
    assert failures
    assert _dump(store) == undisturbed
    assert len(channel.sent) == len(set(channel.sent)) == len(undisturbed["outbox"])


def test_the_week_takes_less_than_the_timeline_says() -> None:
    """The looks come in order, or the tests above would mean nothing."""
    minutes = [moment for moment, _ in _week()]
    assert minutes == sorted(minutes)
    for moment, seen in _week():
        times = [
            one.finished_at if isinstance(one, SourceHealth) else one.observed_at for one in seen
        ]
        assert all(time <= at(0) + timedelta(minutes=moment) for time in times)

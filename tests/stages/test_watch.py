"""A source in trouble is told once, and again when it is well."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

from alerts.channels.folder import FolderChannel, FolderOptions
from monitor.domain import DeliveryState, Health, Level, SourceHealth, TroubleKind
from monitor.stages.briefing import gaps, unseen
from monitor.stages.watch import Watch
from monitor.store.store import Store

START = datetime(2026, 11, 22, 6, tzinfo=UTC)
HOUR = timedelta(hours=1)


def channel(tmp_path: Path, name: str, level: Level, language: str = "en") -> FolderChannel:
    return FolderChannel(
        FolderOptions.model_validate(
            {
                "kind": "folder",
                "name": name,
                "path": tmp_path / name,
                "min_level": level,
                "language": language,
            }
        )
    )


def crawled(store: Store, hours: float, health: Health, detail: str = "") -> datetime:
    at = START + hours * HOUR
    with store.begin() as work:
        work.sources.report(
            SourceHealth(source="forum", finished_at=at, health=health, detail=detail)
        )
    return at


def told(store: Store) -> list[str]:
    with store.read() as work:
        return [one.subject for one in work.outbox.find(states=(DeliveryState.PENDING,))]


def test_a_forbidden_source_is_told_once_and_again_when_it_is_well(
    store: Store, tmp_path: Path
) -> None:
    ways = (
        channel(tmp_path, "pr", Level.HIGH),
        channel(tmp_path, "boss", Level.CRITICAL),
        channel(tmp_path, "zh", Level.WATCH, "zh-Hans"),
    )
    watch = Watch(["forum"], ways)
    crawled(store, 0, Health.OK)
    assert watch.run(store, START) == 0
    for hour in (1, 2):
        now = crawled(store, hour, Health.FORBIDDEN, "robots.txt forbids it")
        watch.run(store, now)
        Watch(["forum"], ways).run(store, now)  # as after a restart
    begun = ["[Source] forum cannot be relied on", "[来源] forum 目前不可靠"]
    assert sorted(told(store)) == begun
    with store.read() as work:
        trouble = work.sources.in_trouble()["forum"]
        assert [reason.code for reason in unseen(work, START)] == ["source_forbidden"]
        assert list(gaps(work, START, START + 9 * HOUR)) == []
    assert (trouble.kind, trouble.since) == (TroubleKind.FORBIDDEN, START)

    now = crawled(store, 3, Health.OK)
    assert watch.run(store, now) == 1
    assert watch.run(store, now) == 0
    well = ["[Source] forum is well again", "[来源] forum 已恢复正常"]
    assert sorted(told(store)) == sorted([*begun, *well])
    with store.read() as work:
        assert work.sources.in_trouble() == {}
        assert list(unseen(work, START)) == []
        [gap] = gaps(work, START, START + 9 * HOUR)
    assert (gap.code, gap.fact("until")) == ("source_gap", now.isoformat())


def test_one_failure_does_not_call_a_source_well(store: Store, tmp_path: Path) -> None:
    watch = Watch(["forum"], ())
    crawled(store, 0, Health.OK)
    watch.run(store, crawled(store, 1, Health.FORBIDDEN))
    assert watch.run(store, crawled(store, 2, Health.RATE_LIMITED)) == 0
    with store.read() as work:
        assert set(work.sources.in_trouble()) == {"forum"}


def test_a_source_that_left_the_configuration_is_in_no_trouble_and_nobody_is_told(
    store: Store, tmp_path: Path
) -> None:
    now = crawled(store, 0, Health.FORBIDDEN)
    Watch(["forum"], ()).run(store, now)
    assert Watch(["other"], (channel(tmp_path, "pr", Level.HIGH),)).run(store, now) == 1
    assert told(store) == []
    with store.read() as work:
        assert work.sources.in_trouble() == {}

"""The runner, its crawl processes and real servers: nothing is lost, and no trap is silent."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from alerts.channels.folder import FolderChannel, FolderOptions
from monitor.domain import DeliveryState, Health, PostKey, TroubleKind
from monitor.gathering.answers import FaultyAnswers
from monitor.pipeline import Pipeline
from monitor.scheduler import DueSource, Runner
from monitor.stages.watch import Watch
from monitor.store.store import Store
from spiders.job import SourceSpec
from spiders.rss import RssOptions
from tests.spiders.feeds import item, rss
from tests.spiders.site import Site, site_at

SOURCES, FEEDS, ENTRIES = 8, 25, 3
"""Two hundred feeds in all, each with entries of its own."""


@pytest.fixture
def sites() -> Iterator[list[Site]]:
    """One server on each of several loopback addresses."""
    with ExitStack() as stack:
        yield [stack.enter_context(site_at(f"127.0.0.{n + 1}")) for n in range(SOURCES)]


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    opened = Store.open(f"sqlite:///{tmp_path / 'sparkwatch.db'}")
    yield opened
    opened.close()


def now() -> datetime:
    return datetime.now(UTC)


def due(name: str, urls: Sequence[str]) -> DueSource:
    options = RssOptions(urls=tuple(urls), robots="ignore", delay_seconds=0)
    return DueSource(spec=SourceSpec(name=name, options=options), every=timedelta(minutes=5))


def test_two_hundred_feeds_read_at_once_are_gathered_without_losing_one(
    sites: list[Site], store: Store
) -> None:
    expected = set()
    sources = []
    for number in range(SOURCES):
        urls = []
        for feed in range(FEEDS):
            first = (number * FEEDS + feed) * ENTRIES
            entries = range(first, first + ENTRIES)
            body = rss(*(item(entry) for entry in entries))
            urls.append(sites[feed % SOURCES].says(f"/{number}-{feed}.rss", body))
            expected |= {PostKey(f"forum {number}", f"post-{entry}") for entry in entries}
        sources.append(due(f"forum {number}", urls))
    runner = Runner(store, Pipeline(()), (), sources, now)
    with ThreadPoolExecutor(SOURCES) as threads:
        assert all(threads.map(runner.crawl, [source.spec.name for source in sources]))
    with store.read() as work:
        gathered = work.posts.get(expected)
        count = work.posts.count()
        health = work.sources.last_health()
    assert set(gathered) == expected
    assert count == len(expected) == SOURCES * FEEDS * ENTRIES
    assert [one.health for one in health.values()] == [Health.OK] * SOURCES
    assert {one.answers for one in health.values()} == {(("2xx", FEEDS),)}


def test_a_feed_that_would_blow_up_is_kept_and_told_of(
    sites: list[Site], store: Store, tmp_path: Path
) -> None:
    laughs = "".join(f"<!ENTITY l{n} '{f'&l{n - 1};' * 10}'>" for n in range(1, 12))
    feed = f"<!DOCTYPE rss [<!ENTITY l0 'lol'>{laughs}]><rss><channel>&l11;</channel></rss>"
    url = sites[0].says("/feed", feed.encode())
    way = FolderChannel(
        FolderOptions.model_validate({"kind": "folder", "name": "pr", "path": tmp_path / "pr"})
    )
    kept = FaultyAnswers(tmp_path / "answers")
    runner = Runner(
        store, Pipeline((Watch(["forum"], (way,)),)), (), [due("forum", [url])], now, faulty=kept
    )
    assert runner.run_once()
    [answer] = kept.of("forum")
    assert answer.read_bytes() == feed.encode()
    with store.read() as work:
        assert work.sources.in_trouble()["forum"].kind is TroubleKind.CHANGED
        [letter] = work.outbox.find(states=(DeliveryState.PENDING,))
    assert letter.subject == "[Source] forum cannot be relied on"
    assert "entities that grow without measure" in letter.payload

"""What is due when, who leads, and that a runner stops cleanly and takes trouble calmly."""

from __future__ import annotations

import os
import pickle
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text, update
from structlog.testing import capture_logs

from monitor.domain import Brand, Cursor, Health, Observation, Post, PostKey, SourceHealth
from monitor.pipeline import Pipeline
from monitor.scheduler import DueSource, Runner
from monitor.store.errors import Problem, StoreError
from monitor.store.store import Store
from monitor.store.tables import leases
from spiders.crawl import CrawlResult
from spiders.job import CrawlJob, SourceSpec
from spiders.rss import RssOptions
from tests.spiders.site import site_at

ROOT = Path(__file__).parents[1]
ACME = Brand(id="acme", name="Acme Air", aliases=("顶点航空",))
PATIENCE = 20.0


@pytest.fixture
def address(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path / 'sparkwatch.db'}"


@pytest.fixture
def store(address: str) -> Iterator[Store]:
    opened = Store.open(address)
    yield opened
    opened.close()


def now() -> datetime:
    return datetime.now(UTC)


def source(name: str, every: timedelta = timedelta(minutes=5), url: str = "") -> DueSource:
    options = RssOptions.model_validate(
        {
            "kind": "rss",
            "urls": [url or "http://127.0.0.1:1/feed"],
            "robots": "ignore",
            "delay_seconds": 0,
        }
    )
    return DueSource(spec=SourceSpec(name=name, options=options), every=every)


class Crawls:
    """Stands in for the crawl process: notes each job, and finds one post."""

    def __init__(self) -> None:
        self.jobs: list[CrawlJob] = []
        self.happened = threading.Condition()

    def __call__(
        self,
        job: CrawlJob,
        *,
        time_limit: timedelta,
        on_batch: Callable[[Sequence[Observation]], None],
        stop: Callable[[], bool],
    ) -> CrawlResult:
        name = job.source.name
        post = Post(key=PostKey(name, "1"), text="Acme Air lost my bag", published_at=now())
        on_batch((Observation(post=post, observed_at=now()),))
        with self.happened:
            self.jobs.append(job)
            self.happened.notify_all()
        return CrawlResult(
            cursors=(Cursor(source=name, query="q", value="next", saved_at=now()),),
            health=SourceHealth(source=name, finished_at=now(), health=Health.OK, items=1),
        )

    def wait_for(self, *names: str) -> None:
        def crawled() -> bool:
            return set(names) <= {job.source.name for job in self.jobs}

        with self.happened:
            assert self.happened.wait_for(crawled, PATIENCE), f"{names} were not crawled"


class Stalled:
    """A crawl of a server that never answers: it ends only when it is told to."""

    def __init__(self) -> None:
        self.begun = threading.Event()

    def __call__(
        self, job: CrawlJob, *, time_limit: timedelta, on_batch: object, stop: Callable[[], bool]
    ) -> CrawlResult:
        self.begun.set()
        deadline = time.monotonic() + PATIENCE
        while not stop() and time.monotonic() < deadline:
            threading.Event().wait(0.01)
        health = SourceHealth(source=job.source.name, finished_at=now(), health=Health.TIMED_OUT)
        return CrawlResult(cursors=(), health=health)


class Counting:
    """A stage that does nothing, and tells when it was asked to."""

    name, batch = "count", 1

    def __init__(self) -> None:
        self.asked = threading.Event()
        self.trouble: Exception | None = None

    def run(self, store: Store, now: datetime) -> int:
        self.asked.set()
        if self.trouble is not None:
            raise self.trouble
        return 0


def runner(store: Store, *sources: DueSource, stage: Counting | None = None, **more: Any) -> Runner:
    more.setdefault("crawl_source", Crawls())
    return Runner(store, Pipeline((stage or Counting(),)), (ACME,), sources, now, **more)


def until(happened: Callable[[], bool]) -> None:
    """Wait for something that nobody announces."""
    deadline = time.monotonic() + PATIENCE
    while not happened():
        assert time.monotonic() < deadline, "it did not happen"
        threading.Event().wait(0.02)


@contextmanager
def running(started: Runner) -> Iterator[threading.Thread]:
    thread = threading.Thread(target=started.run)
    thread.start()
    try:
        yield thread
    finally:
        started.stop()
        thread.join(PATIENCE)
        assert not thread.is_alive(), "the runner did not stop"


def jobs(store: Store) -> dict[str, Any]:
    """The jobs as they lie in the store's own database, by id."""
    with store.engine.begin() as connection:
        rows = connection.execute(text("SELECT id, next_run_time, job_state FROM apscheduler_jobs"))
        return {
            row.id: (
                datetime.fromtimestamp(row.next_run_time, UTC),
                pickle.loads(row.job_state)["trigger"].interval,  # noqa: S301  we wrote it
            )
            for row in rows
        }


def let_pass(store: Store, time_passed: timedelta, job: str) -> None:
    """Make a job's next run lie so much earlier, as if the clock had gone on."""
    with store.engine.begin() as connection:
        query = text("SELECT job_state FROM apscheduler_jobs WHERE id = :job")
        state = pickle.loads(connection.scalar(query, {"job": job}))  # noqa: S301  we wrote it
        state["next_run_time"] -= time_passed
        connection.execute(
            text(
                "UPDATE apscheduler_jobs SET next_run_time = :at, job_state = :state "
                "WHERE id = :job"
            ),
            {"at": state["next_run_time"].timestamp(), "state": pickle.dumps(state), "job": job},
        )


def leaders(store: Store) -> list[str]:
    with store.engine.begin() as connection:
        return list(connection.scalars(text("SELECT holder FROM leases")))


# what is due


def test_each_source_is_crawled_and_the_pipeline_runs(store: Store) -> None:
    crawls, stage = Crawls(), Counting()
    with running(runner(store, source("a"), source("b"), stage=stage, crawl_source=crawls)):
        crawls.wait_for("a", "b")
        assert stage.asked.wait(PATIENCE)
    with store.read() as work:
        assert work.posts.count() == 2
        assert work.sources.cursors("a")["q"].value == "next"
        assert set(work.sources.last_health()) == {"a", "b"}
    assert crawls.jobs[0].terms == ("Acme Air", "顶点航空")


def test_the_jobs_lie_in_the_database_of_the_store(store: Store) -> None:
    crawls = Crawls()
    with running(runner(store, source("a"), crawl_source=crawls)):
        crawls.wait_for("a")
        assert set(jobs(store)) == {"crawl:a", "pipeline"}


def test_a_restart_keeps_the_time_of_the_next_crawl(store: Store) -> None:
    first = Crawls()
    with running(runner(store, source("a"), crawl_source=first)):
        first.wait_for("a")
    before = jobs(store)["crawl:a"]
    again, stage = Crawls(), Counting()
    let_pass(store, timedelta(minutes=1), "pipeline")
    with running(runner(store, source("a"), stage=stage, crawl_source=again)):
        assert stage.asked.wait(PATIENCE)
        assert jobs(store)["crawl:a"] == before
    assert again.jobs == [], "it is not due yet"


def test_a_crawl_that_was_missed_while_nothing_ran_is_made_up_for_once(store: Store) -> None:
    first = Crawls()
    with running(runner(store, source("a"), crawl_source=first)):
        first.wait_for("a")
    let_pass(store, timedelta(days=1), "crawl:a")
    again = Crawls()
    with running(runner(store, source("a"), crawl_source=again)):
        again.wait_for("a")
        until(lambda: jobs(store)["crawl:a"][0] > now())
    assert len(again.jobs) == 1


def test_the_job_of_a_removed_source_goes(store: Store) -> None:
    first, second = Crawls(), Crawls()
    with running(runner(store, source("a"), source("b"), crawl_source=first)):
        first.wait_for("a", "b")
    with running(runner(store, source("b"), source("c"), crawl_source=second)):
        second.wait_for("c")
        assert set(jobs(store)) == {"crawl:b", "crawl:c", "pipeline"}


def test_a_changed_interval_is_taken_over(store: Store) -> None:
    first, second = Crawls(), Crawls()
    with running(runner(store, source("a", timedelta(hours=1)), crawl_source=first)):
        first.wait_for("a")
    changed = runner(store, source("a", timedelta(minutes=2)), source("b"), crawl_source=second)
    with running(changed):
        second.wait_for("b")
        next_run, interval = jobs(store)["crawl:a"]
    assert interval == timedelta(minutes=2)
    assert next_run <= now() + timedelta(minutes=2)


def test_hanging_sources_do_not_hold_up_the_alerts(store: Store) -> None:
    stalled, stage = Stalled(), Counting()
    sources = [source(f"slow-{number}") for number in range(6)]
    with running(runner(store, *sources, stage=stage, crawl_source=stalled)):
        assert stalled.begun.wait(PATIENCE)
        assert stage.asked.wait(PATIENCE)


# what tells people


class Held(Counting):
    """A stage that a test holds up."""

    def __init__(self) -> None:
        super().__init__()
        self.let_go = threading.Event()

    def run(self, store: Store, now: datetime) -> int:
        self.asked.set()
        assert self.let_go.wait(PATIENCE)
        return 0


def test_a_long_look_and_a_lane_that_hangs_hold_up_no_other_lane(store: Store) -> None:
    looking, hanging, lively = Held(), Held(), Counting()
    lanes = (Pipeline((hanging,)), Pipeline((lively,)))
    with running(runner(store, stage=looking, lanes=lanes)):
        assert looking.asked.wait(PATIENCE)
        assert hanging.asked.wait(PATIENCE)
        lively.asked.clear()
        assert lively.asked.wait(PATIENCE), "it is asked again and again"
        looking.let_go.set()
        hanging.let_go.set()


def test_a_lane_outlives_a_bug_and_tells_it(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("monitor.scheduler._AFTER_TROUBLE_SECONDS", 0.05)
    lane = Counting()
    lane.trouble = ZeroDivisionError("a bug")
    with capture_logs() as logs, running(runner(store, lanes=(Pipeline((lane,)),))):
        until(lambda: "held up by a bug" in str(logs))
        lane.trouble = None
        lane.asked.clear()
        assert lane.asked.wait(PATIENCE)


def test_once_tells_people_as_well(store: Store) -> None:
    lane = Counting()
    assert runner(store, lanes=(Pipeline((lane,)),)).run_once()
    assert lane.asked.is_set()


# once


def test_once_crawls_every_source_and_gives_the_lead_back(store: Store) -> None:
    crawls, stage = Crawls(), Counting()
    assert runner(store, source("a"), source("b"), stage=stage, crawl_source=crawls).run_once()
    assert [job.source.name for job in crawls.jobs] == ["a", "b"]
    assert stage.asked.is_set()
    assert leaders(store) == []
    assert runner(store, crawl_source=crawls).run_once(), "and the next one need not wait"


def test_once_does_nothing_where_another_process_is_at_work(store: Store) -> None:
    crawls, other = Crawls(), Stalled()
    lease = timedelta(seconds=0.5)
    with running(runner(store, source("slow"), crawl_source=other, lease=lease)):
        assert other.begun.wait(PATIENCE)
        waited: list[bool] = []
        with capture_logs() as logs:
            second = runner(store, source("a"), crawl_source=crawls, lease=lease)
            assert not second.run_once(lambda: waited.append(True))
    assert waited == [True]
    assert crawls.jobs == []
    assert [log["log_level"] for log in logs].count("error") == 1


# who leads


def test_the_second_runner_waits_for_the_first_to_end(store: Store) -> None:
    lease = timedelta(seconds=1)
    first, second, waiting = Crawls(), Crawls(), threading.Event()
    with running(runner(store, source("a"), crawl_source=first, lease=lease)):
        first.wait_for("a")
        later = runner(store, source("b"), crawl_source=second, lease=lease)
        thread = threading.Thread(target=later.run, args=(waiting.set,))
        thread.start()
        assert waiting.wait(PATIENCE)
        assert second.jobs == []
    second.wait_for("b")
    later.stop()
    thread.join(PATIENCE)
    assert leaders(store) == []


def test_a_long_stage_does_not_cost_the_lead(store: Store) -> None:
    lease = timedelta(seconds=1.5)
    stalled = Stalled()
    with running(runner(store, source("slow"), crawl_source=stalled, lease=lease)):
        assert stalled.begun.wait(PATIENCE)
        [holder] = leaders(store)
        deadline = time.monotonic() + 2 * lease.total_seconds()
        while time.monotonic() < deadline:
            threading.Event().wait(0.2)
            with store.begin() as work:
                assert not work.leases.acquire("leader", "other", now(), lease)
        assert leaders(store) == [holder]


def test_whoever_lost_the_lead_gives_way_and_waits(store: Store) -> None:
    lease = timedelta(seconds=0.3)
    stalled = Stalled()
    with (
        capture_logs() as logs,
        running(runner(store, source("slow"), crawl_source=stalled, lease=lease)),
    ):
        assert stalled.begun.wait(PATIENCE)
        with store.engine.begin() as connection:
            stolen = {"holder": "other", "held_until": now() + timedelta(hours=1)}
            connection.execute(update(leases).values(stolen))
        until(lambda: "gives way" in str(logs))
        assert leaders(store) == ["other"]
    assert leaders(store) == ["other"], "somebody else's lease is not given back"
    assert "gives way" in str(logs)


LEAD = """
import sys, threading
from datetime import timedelta
from monitor.store.store import Store
from tests.test_scheduler import Crawls, runner, source

def tell_when_crawled():
    crawls.wait_for("a")
    print("<leads>", flush=True)

crawls = Crawls()
lead = runner(
    Store.open(sys.argv[1]), source("a"), crawl_source=crawls, lease=timedelta(seconds=3)
)
threading.Thread(target=tell_when_crawled).start()
lead.run(lambda: print("<waiting>", flush=True))
"""


@contextmanager
def started(code: str, *arguments: str) -> Iterator[subprocess.Popen[str]]:
    with subprocess.Popen(
        [sys.executable, "-c", code, *arguments],
        cwd=ROOT,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        watchdog = threading.Timer(60, process.kill)
        watchdog.start()
        try:
            yield process
        finally:
            watchdog.cancel()
            process.kill()


def heard(process: subprocess.Popen[str], word: str) -> None:
    """Read what a process says up to this word; a log line may stand before it."""
    assert process.stdout is not None
    lines = []
    for line in process.stdout:
        lines.append(line)
        if f"<{word}>" in line:
            return
    raise AssertionError(f"it ended without saying {word!r}: {lines}")


def test_a_second_process_takes_over_when_the_first_is_killed(address: str, store: Store) -> None:
    with started(LEAD, address) as first:
        heard(first, "leads")
        until(lambda: jobs(store)["crawl:a"][0] > now())
        with started(LEAD, address) as second:
            heard(second, "waiting")
            first.send_signal(signal.SIGKILL)
            first.wait()
            let_pass(store, timedelta(hours=1), "crawl:a")  # so that the second one has work
            heard(second, "leads")


# trouble


class FullStore(Store):
    """A store whose disk is full while ``full`` says so."""

    full = False

    @contextmanager
    def begin(self) -> Iterator[Any]:
        if self.full:
            raise StoreError(Problem.FULL, "here")
        with super().begin() as work:
            yield work


def test_trouble_with_the_store_is_one_log_line_a_job(store: Store) -> None:
    stage = Counting()
    stage.trouble = StoreError(Problem.LOCKED, "here")
    with capture_logs() as logs:
        assert not runner(store, source("a"), stage=stage).run_once()
    [line] = [log for log in logs if log["log_level"] == "error"]
    assert "held by another process" in line["reason"]


def test_no_source_is_bothered_while_the_store_takes_nothing(address: str, store: Store) -> None:
    crawls = Crawls()
    full = FullStore.open(address)
    assert isinstance(full, FullStore)
    try:
        once = runner(full, source("a"), crawl_source=crawls)
        full.full = True
        with capture_logs() as logs:
            assert not once.crawl("a")
        assert crawls.jobs == []
        assert [(log["event"], log["source"]) for log in logs] == [
            ("crawl not kept, it is repeated", "a")
        ]
        full.full = False
        assert once.crawl("a")
    finally:
        full.close()


def test_the_schedule_outlives_trouble_with_its_database(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("monitor.scheduler._AFTER_TROUBLE_SECONDS", 0.05)
    crawls, stage = Crawls(), Counting()
    with store.engine.begin() as connection:
        connection.execute(
            text(
                "CREATE TABLE apscheduler_jobs (id VARCHAR(191) PRIMARY KEY, "
                "next_run_time FLOAT, job_state BLOB NOT NULL)"
            )
        )
        connection.execute(
            text(
                "CREATE TRIGGER full BEFORE UPDATE ON apscheduler_jobs "
                "BEGIN SELECT RAISE(ABORT, 'database or disk is full'); END"
            )
        )
    with (
        capture_logs() as logs,
        running(runner(store, source("a"), stage=stage, crawl_source=crawls)),
    ):
        crawls.wait_for("a")
        until(lambda: "schedule was not kept" in str(logs))
        with store.engine.begin() as connection:
            connection.execute(text("DROP TRIGGER full"))
        stage.asked.clear()
        assert stage.asked.wait(PATIENCE)
        until(lambda: jobs(store)["crawl:a"][0] > now())
    assert {log["reason"] for log in logs if "schedule" in log["event"]} == {
        "database or disk is full"
    }


# the end


HANGING = """
import signal, sys, threading
from monitor.store.store import Store
from spiders.crawl import crawl
from tests.test_scheduler import runner, source
store = Store.open(sys.argv[1])
slow = runner(store, source("slow", url=sys.argv[2]), crawl_source=crawl)
signal.signal(signal.SIGTERM, lambda *_: threading.Thread(target=slow.stop).start())
print("<begun>", flush=True)
slow.run()
store.close()
print("<ended>", flush=True)
"""


def test_sigterm_during_a_hanging_crawl_ends_soon_with_all_kept_and_the_lead_given_back(
    address: str, store: Store
) -> None:
    with site_at("127.0.0.1") as there:
        with started(HANGING, address, there.hangs("/feed")) as process:
            heard(process, "begun")
            until(lambda: bool(there.asked))
            begun = time.monotonic()
            process.send_signal(signal.SIGTERM)
            heard(process, "ended")
            assert process.wait(PATIENCE) == 0
        assert time.monotonic() - begun < 6
    assert leaders(store) == []
    with store.read() as work:
        assert "it is repeated" in work.sources.last_health()["slow"].detail
        assert work.sources.cursors("slow") == {}


def test_ending_while_much_is_due_begins_nothing_more_and_says_nothing(
    store: Store, caplog: pytest.LogCaptureFixture
) -> None:
    for _ in range(15):
        with store.engine.begin() as connection:
            connection.execute(text("DROP TABLE IF EXISTS apscheduler_jobs"))
        stage = Counting()
        with running(runner(store, *(source(f"s{n}") for n in range(4)), stage=stage)) as thread:
            while not leaders(store) and thread.is_alive():
                threading.Event().wait(0.001)
    assert caplog.text == ""

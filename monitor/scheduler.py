"""What is due when: every source is crawled at its interval, the pipeline runs every half minute.

APScheduler keeps its jobs in the same database as everything else. They only say when to look:
what is undone is asked of the store, so a job that was missed or cut off loses nothing. One
process leads; another that is started on the same store waits until the first one is gone.
"""

from __future__ import annotations

import os
import socket
import threading
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta

import attrs
import structlog
from apscheduler.executors.pool import ThreadPoolExecutor
from apscheduler.jobstores.sqlalchemy import SQLAlchemyJobStore
from apscheduler.schedulers.background import BackgroundScheduler
from apscheduler.triggers.interval import IntervalTrigger

from monitor.domain import Brand, Deletion, Health, Observation
from monitor.pipeline import Pipeline
from monitor.store.errors import StoreError
from monitor.store.store import Store
from spiders.crawl import CrawlResult, crawl
from spiders.job import CrawlJob, SourceSpec

__all__ = ["DueSource", "Runner"]

_LEADER = "leader"
_LEASE = timedelta(seconds=90)
_PIPELINE_EVERY = timedelta(seconds=30)
_FIRST_LOOK_BACK = timedelta(days=2)
_REFRESH_FOR = timedelta(hours=48)
_REFRESHED_AT_ONCE = 100
_TIME_LIMIT = timedelta(minutes=5)
_ASK_AGAIN_SECONDS = 5
_THREADS = 4

_log = structlog.get_logger(__name__)

_running: Runner | None = None
"""The runner of this process: a job in a database can only name a function, which asks it."""


def _crawl_job(source: str) -> None:
    if _running is not None:
        _running.crawl(source)


def _pipeline_job() -> None:
    if _running is not None:
        _running.process()


@attrs.frozen(kw_only=True)
class DueSource:
    """A source and how often it is crawled."""

    spec: SourceSpec
    every: timedelta


class Runner:
    """Crawls, runs the pipeline, and stops cleanly when it is told to."""

    def __init__(
        self,
        store: Store,
        pipeline: Pipeline,
        brands: Sequence[Brand],
        sources: Sequence[DueSource],
        clock: Callable[[], datetime],
        crawl_source: Callable[..., CrawlResult] = crawl,
    ) -> None:
        self._store = store
        self._pipeline = pipeline
        self._terms = tuple(
            dict.fromkeys(
                term for brand in brands for term in (brand.name, *brand.aliases, *brand.handles)
            )
        )
        self._sources = {source.spec.name: source for source in sources}
        self._clock = clock
        self._crawl_source = crawl_source
        self._stopping = threading.Event()
        self._one_at_a_time = threading.Lock()
        self._holder = f"{socket.gethostname()}:{os.getpid()}"

    def stop(self) -> None:
        """Ask everything to come to an end; returns at once."""
        self._stopping.set()

    def run(self, on_waiting: Callable[[], None] = lambda: None) -> None:
        """Run until `stop` is called; waits first while another process leads."""
        global _running
        if not self._wait_for_the_lead(on_waiting):
            return
        scheduler = _scheduler(self._store)
        _running = self
        try:
            scheduler.start(paused=True)
            self._schedule(scheduler)
            scheduler.resume()
            self._stopping.wait()
        finally:
            scheduler.shutdown(wait=True)
            _running = None
            with self._store.begin() as work:
                work.leases.release(_LEADER, self._holder)

    def run_once(self) -> None:
        """Crawl every source once and let the pipeline do what is undone."""
        for source in self._sources:
            self.crawl(source)
        self.process()

    def crawl(self, name: str) -> None:
        """Crawl one source, keep what it found, then its cursors, then how it went."""
        if self._stopping.is_set():
            return
        try:
            result = self._crawl_source(
                self._job(name),
                time_limit=_TIME_LIMIT,
                on_batch=self._gather,
                stop=self._stopping.is_set,
            )
            with self._store.begin() as work:
                for cursor in result.cursors:
                    work.sources.save_cursor(cursor)
                work.sources.report(result.health)
        except StoreError as error:
            _log.error("crawl not kept, it is repeated", source=name, reason=str(error))
            return
        health = result.health
        note = _log.info if health.health in (Health.OK, Health.EMPTY) else _log.warning
        note("crawled", source=name, health=health.health.value, items=health.items)
        if health.detail:
            note("source says", source=name, detail=health.detail)

    def process(self) -> None:
        """Let the pipeline do all that is undone, unless it is at it or another process leads."""
        if not self._one_at_a_time.acquire(blocking=False):
            return
        try:
            done = self._pipeline.run(self._store, self._clock(), self._must_stop)
        except StoreError as error:
            _log.error("not all was done, it is tried again", reason=str(error))
        else:
            if any(stage.count for stage in done):
                _log.info("processed", **{stage.stage: stage.count for stage in done})
        finally:
            self._one_at_a_time.release()

    def _must_stop(self) -> bool:
        """Whether to stop between two pieces of work; keeps the lead while there is more to do."""
        if not self._stopping.is_set() and not self._lead():
            _log.error("another process leads by now, this one stops", holder=self._holder)
            self.stop()
        return self._stopping.is_set()

    def _lead(self) -> bool:
        with self._store.begin() as work:
            return work.leases.acquire(_LEADER, self._holder, self._clock(), _LEASE)

    def _wait_for_the_lead(self, on_waiting: Callable[[], None]) -> bool:
        if self._lead():
            return True
        on_waiting()
        while not self._stopping.wait(_ASK_AGAIN_SECONDS):
            if self._lead():
                return True
        return False

    def _job(self, name: str) -> CrawlJob:
        now = self._clock()
        with self._store.read() as work:
            return CrawlJob(
                source=self._sources[name].spec,
                terms=self._terms,
                cursors=work.sources.cursors(name),
                refresh=tuple(work.posts.to_refresh(name, now - _REFRESH_FOR, _REFRESHED_AT_ONCE)),
                since=now - _FIRST_LOOK_BACK,
            )

    def _gather(self, seen: Sequence[Observation | Deletion]) -> None:
        with self._store.begin() as work:
            work.posts.gather(seen)

    def _schedule(self, scheduler: BackgroundScheduler) -> None:
        """Add what is new, drop what is gone; what was there before keeps its time."""
        wanted: dict[str, tuple[Callable[..., None], tuple[str, ...], timedelta]] = {
            f"crawl:{name}": (_crawl_job, (name,), source.every)
            for name, source in self._sources.items()
        }
        wanted["pipeline"] = (_pipeline_job, (), _PIPELINE_EVERY)
        for job in scheduler.get_jobs():
            if job.id not in wanted:
                job.remove()
        for name, (function, arguments, every) in wanted.items():
            trigger = IntervalTrigger(seconds=every.total_seconds(), timezone=UTC)
            known = scheduler.get_job(name)
            if known is None:
                scheduler.add_job(
                    function, trigger, args=arguments, id=name, next_run_time=self._clock()
                )
            elif known.trigger.interval != every:
                known.reschedule(trigger)


def _scheduler(store: Store) -> BackgroundScheduler:
    return BackgroundScheduler(
        jobstores={"default": SQLAlchemyJobStore(engine=store.engine)},
        executors={"default": ThreadPoolExecutor(_THREADS)},
        job_defaults={"coalesce": True, "max_instances": 1, "misfire_grace_time": None},
        timezone=UTC,
    )

"""What is due when: every source is crawled at its interval, the pipeline runs every half minute.

What people are told must not wait for a long look at many posts: the stages that tell run twice a
second, each lane of them on a thread of its own.

APScheduler keeps its jobs in the same database as everything else. They only say when to look:
what is undone is asked of the store, so a job that was missed or cut off loses nothing. One
process leads; another that is started on the same store waits until the first one is gone.
"""

from __future__ import annotations

import os
import secrets
import socket
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

import attrs
import structlog
from apscheduler.executors.pool import ThreadPoolExecutor
from apscheduler.jobstores.sqlalchemy import SQLAlchemyJobStore
from apscheduler.schedulers.background import BackgroundScheduler
from apscheduler.triggers.interval import IntervalTrigger
from sqlalchemy.exc import SQLAlchemyError

from monitor.domain import Brand, Deletion, FaultyAnswer, Health, Observation
from monitor.gathering.answers import FaultyAnswers
from monitor.gathering.planning import plan_of
from monitor.pipeline import Pipeline
from monitor.store.engines import place
from monitor.store.errors import StaleWrite, StoreError, explained
from monitor.store.store import Store
from spiders.crawl import CrawlResult, crawl
from spiders.job import CrawlJob, SourceSpec

__all__ = ["DueSource", "Runner"]

LEASE = timedelta(seconds=90)
"""A process that led and was heard of no more leads no longer after this."""

_LEADER = "leader"
_PIPELINE_EVERY = timedelta(seconds=30)
_LANES_EVERY_SECONDS = 0.5
_FIRST_LOOK_BACK = timedelta(days=2)
_TIME_LIMIT = timedelta(minutes=5)
_CRAWLS_AT_ONCE = 4
_AFTER_TROUBLE_SECONDS = 5.0

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
        *,
        crawl_source: Callable[..., CrawlResult] = crawl,
        lease: timedelta = LEASE,
        faulty: FaultyAnswers | None = None,
        lanes: Sequence[Pipeline] = (),
    ) -> None:
        """Answers that cannot be read are kept in ``faulty``, where that is given.

        ``lanes`` are what tells people, apart from each other and from the pipeline.
        """
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
        self._lease = lease
        self._faulty = faulty
        self._lanes = lanes
        self._heartbeat = (lease / 10).total_seconds()
        self._told_to_stop = threading.Event()
        self._over = threading.Event()
        self._holder = f"{socket.gethostname()}:{os.getpid()}:{secrets.token_hex(4)}"

    def stop(self) -> None:
        """Ask everything to come to an end; returns at once."""
        self._told_to_stop.set()
        self._over.set()

    def run(self, on_waiting: Callable[[], None] = lambda: None) -> None:
        """Run until `stop` is called; waits while another process leads. Raises ``StoreError``."""
        while self._wait_for_the_lead(on_waiting):
            with self._leading():
                self._run_jobs()

    def run_once(self, on_waiting: Callable[[], None] = lambda: None) -> bool:
        """Crawl every source once, do what is undone; whether all that was found is kept.

        Where another process leads and lives, it does what is undone and this one does nothing.
        """
        if not self._wait_for_the_lead(on_waiting, at_most=1.2 * self._lease):
            if not self._told_to_stop.is_set():
                _log.error("another process is at work on this store, so nothing was done here")
            return False
        with self._leading():
            crawled = [self.crawl(source) for source in self._sources]
            processed = [self._through(way) for way in (self._pipeline, *self._lanes)]
            return all(crawled) and all(processed)

    def crawl(self, name: str) -> bool:
        """Crawl one source, keep what it found, then its cursors, then how it went.

        Whether all of that was kept; where the store takes nothing, no source is bothered.
        """
        try:
            if self._over.is_set() or not self._take_the_lead():
                return False
            job = self._job(name)
            result = self._crawl_source(
                job,
                time_limit=_TIME_LIMIT,
                on_batch=self._gather,
                stop=self._over.is_set,
            )
            with self._store.begin() as work:
                for cursor in result.cursors:
                    work.sources.save_cursor(cursor)
                work.sources.report(result.health)
                work.refreshes.asked(job.refresh, self._clock())
        except StoreError as error:
            _log.error("crawl not kept, it is repeated", source=name, reason=str(error))
            return False
        self._keep(result.faulty)
        health = result.health
        note = _log.info if health.health in (Health.OK, Health.EMPTY) else _log.warning
        note("crawled", source=name, health=health.health.value, items=health.items)
        if health.detail:
            note("source says", source=name, detail=health.detail)
        return True

    def _keep(self, answers: Sequence[FaultyAnswer]) -> None:
        """Answers that could not be read are for whoever mends their parser."""
        if self._faulty is None or not answers:
            return
        try:
            kept = self._faulty.keep(answers)
        except OSError as error:
            _log.error("faulty answers not kept", reason=str(error))
        else:
            _log.warning("faulty answers kept", source=answers[0].source, files=len(kept))

    def process(self) -> bool:
        """Let the pipeline do all that is undone, as long as this process leads; whether it did."""
        return self._through(self._pipeline)

    def _through(self, pipeline: Pipeline) -> bool:
        try:
            done = pipeline.run(self._store, self._clock(), self._over.is_set)
        except (StoreError, StaleWrite) as error:
            _log.error("not all was done, it is tried again", reason=str(error))
            return False
        if any(stage.count for stage in done):
            _log.info("processed", **{stage.stage: stage.count for stage in done})
        return not self._over.is_set()

    def _keep_telling(self, lane: Pipeline) -> None:
        """Run a lane every half second until all is over, whatever happens to it in between."""
        wait = 0.0
        while not self._over.wait(wait):
            wait = _LANES_EVERY_SECONDS
            try:
                well = self._through(lane)
            except Exception:  # noqa: BLE001 -- one message with a bug must not silence the others
                _log.exception("messages are held up by a bug, it is tried again")
                well = False
            if not well:
                wait = _AFTER_TROUBLE_SECONDS

    # who leads

    def _wait_for_the_lead(
        self, on_waiting: Callable[[], None], at_most: timedelta | None = None
    ) -> bool:
        begun_at = self._clock()
        told = False
        while not self._told_to_stop.is_set():
            if self._take_the_lead():
                return True
            if at_most is not None and self._clock() - begun_at > at_most:
                return False
            if not told:
                on_waiting()
                told = True
            self._told_to_stop.wait(self._heartbeat)
        return False

    def _take_the_lead(self) -> bool:
        """Take the lease, or keep it for longer; ``False`` where another process holds it."""
        with self._store.begin() as work:
            return work.leases.acquire(_LEADER, self._holder, self._clock(), self._lease)

    @contextmanager
    def _leading(self) -> Iterator[None]:
        """Keep the lease while the block runs, however long, and give it back at its end."""
        self._over.clear()
        if self._told_to_stop.is_set():
            self._over.set()
        done = threading.Event()
        keeper = threading.Thread(target=self._keep_the_lead, args=(done,), name="lead")
        keeper.start()
        try:
            yield
        finally:
            done.set()
            keeper.join()
            self._give_back_the_lead()

    def _keep_the_lead(self, done: threading.Event) -> None:
        while not done.wait(self._heartbeat):
            try:
                if not self._take_the_lead():
                    _log.error("another process leads by now, this one gives way")
                    self._over.set()
                    return
            except StoreError as error:
                _log.error("the lead was not renewed, it is tried again", reason=str(error))

    def _give_back_the_lead(self) -> None:
        try:
            with self._store.begin() as work:
                work.leases.release(_LEADER, self._holder)
        except StoreError as error:
            _log.error("the lead was not given back, it runs out by itself", reason=str(error))

    # what is due

    def _run_jobs(self) -> None:
        """Let the jobs run until this process is told to stop or no longer leads."""
        global _running
        scheduler = _scheduler(self._store)
        telling = [
            threading.Thread(target=self._keep_telling, args=(lane,), name=f"tell-{number}")
            for number, lane in enumerate(self._lanes)
        ]
        _running = self
        try:
            try:
                scheduler.start(paused=True)
                self._schedule(scheduler)
            except SQLAlchemyError as error:
                raise explained(error, place(self._store.engine.url)) or error from error
            scheduler.resume()
            for thread in telling:
                thread.start()
            self._over.wait()
        finally:
            self._over.set()
            if scheduler.running:
                scheduler.shutdown(wait=True)
            for thread in telling:
                if thread.ident is not None:
                    thread.join()
            _running = None

    def _schedule(self, scheduler: BackgroundScheduler) -> None:
        """Add what is new, drop what is gone; what was there before keeps its time."""
        wanted: dict[str, tuple[Callable[..., None], tuple[str, ...], timedelta, str]] = {
            f"crawl:{name}": (_crawl_job, (name,), source.every, "crawls")
            for name, source in self._sources.items()
        }
        wanted["pipeline"] = (_pipeline_job, (), _PIPELINE_EVERY, "pipeline")
        for job in scheduler.get_jobs():
            if job.id not in wanted:
                job.remove()
        for name, (function, arguments, every, executor) in wanted.items():
            trigger = IntervalTrigger(seconds=every.total_seconds(), timezone=UTC)
            known = scheduler.get_job(name)
            if known is None:
                scheduler.add_job(
                    function,
                    trigger,
                    args=arguments,
                    id=name,
                    executor=executor,
                    next_run_time=self._clock(),
                )
            elif known.trigger.interval != every:
                known.reschedule(trigger)

    def _job(self, name: str) -> CrawlJob:
        now = self._clock()
        spec = self._sources[name].spec
        with self._store.read() as work:
            return CrawlJob(
                source=spec,
                terms=self._terms,
                cursors=work.sources.cursors(name),
                refresh=plan_of(spec, work, now).ask,
                since=now - _FIRST_LOOK_BACK,
            )

    def _gather(self, seen: Sequence[Observation | Deletion]) -> None:
        with self._store.begin() as work:
            work.posts.gather(seen)


class _Scheduler(BackgroundScheduler):  # type: ignore[misc]  # APScheduler has no types
    """One that outlives trouble with its database: APScheduler's own thread would end for good.

    It also begins nothing once it was shut down, which the thread may not have heard of yet.
    """

    def _process_jobs(self) -> float | None:
        try:
            with self._jobstores_lock:
                wait: float | None = super()._process_jobs() if self.running else None
        except SQLAlchemyError as error:
            reason = str(getattr(error, "orig", error))
            _log.error("the schedule was not kept, it is tried again", reason=reason)
            return _AFTER_TROUBLE_SECONDS
        return wait


def _scheduler(store: Store) -> BackgroundScheduler:
    """Crawls have threads of their own: however many of them hang, alerts go out."""
    return _Scheduler(
        jobstores={"default": SQLAlchemyJobStore(engine=store.engine)},
        executors={
            "crawls": ThreadPoolExecutor(_CRAWLS_AT_ONCE),
            "pipeline": ThreadPoolExecutor(1),
        },
        job_defaults={"coalesce": True, "max_instances": 1, "misfire_grace_time": None},
        timezone=UTC,
    )

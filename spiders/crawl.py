"""Crawls one source in a process of its own, within a time limit.

What the crawl finds is handed on while it runs. The cursors are returned at the end, to be saved
after the posts were: a crawl that is cut off is repeated from where the last whole one stopped.
"""

from __future__ import annotations

import contextlib
import logging
import os
import selectors
import signal
import subprocess
import sys
import time
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import attrs

from monitor.domain import (
    Cursor,
    Deletion,
    FaultyAnswer,
    Health,
    Observation,
    SourceHealth,
)
from monitor.wire import WireError, decode
from spiders.handover import encode_job
from spiders.job import CrawlJob
from spiders.parse.text import shown

__all__ = ["CrawlResult", "crawl"]

_BATCH = 200
_POLL_SECONDS = 0.2
_MARGIN = timedelta(seconds=3)
_KEPT_VARIABLES = ("HOME", "LANG", "LC_ALL", "LC_CTYPE", "PATH", "TMPDIR", "TZ")
_KEPT_SUFFIXES = ("_PROXY", "_proxy")
_KEPT_PREFIXES = ("PYTHON", "SSL_CERT_")

_log = logging.getLogger(__name__)


@attrs.frozen(kw_only=True)
class CrawlResult:
    """How a crawl ended, the cursors to save now that its posts are stored, and what was faulty."""

    cursors: tuple[Cursor, ...]
    health: SourceHealth
    faulty: tuple[FaultyAnswer, ...] = ()


def crawl(
    job: CrawlJob,
    *,
    time_limit: timedelta,
    on_batch: Callable[[Sequence[Observation | Deletion]], None],
    stop: Callable[[], bool] = lambda: False,
    clock: Callable[[], datetime] = lambda: datetime.now(UTC),
) -> CrawlResult:
    """Run one crawl to its end, its time limit, or until ``stop`` says so.

    ``on_batch`` is called in this thread; what it raises ends the crawl and is passed on.
    """
    soft_limit = max(time_limit / 2, time_limit - _MARGIN)
    ending = _Ending(job.source.name)
    with _process(soft_limit) as process:
        _feed(process, encode_job(job))
        deadline = time.monotonic() + time_limit.total_seconds()
        batch: list[Observation | Deletion] = []
        for lines in _lines(process, ending):
            try:
                for line in lines:
                    ending.take(line, batch)
            except WireError as error:
                return ending.result(clock(), Health.CRASHED, shown(str(error), 200))
            if batch and (len(batch) >= _BATCH or not lines or ending.health):
                on_batch(tuple(batch))
                batch.clear()
            if ending.health:
                return ending.whole(ending.health)
            if stop():
                return ending.result(
                    clock(), Health.OK, "stopped before it was done; it is repeated"
                )
            if time.monotonic() > deadline:
                return ending.result(
                    clock(),
                    Health.TIMED_OUT,
                    f"not done within {time_limit.total_seconds():g} s and ended: "
                    "if that lasts, split the source or give it more time",
                )
        if batch:
            on_batch(tuple(batch))
        return ending.crashed(clock(), process.wait())


class _Ending:
    """What is kept of a crawl besides its posts, until it is known how the crawl ended."""

    def __init__(self, source: str) -> None:
        self._source = source
        self._cursors: list[Cursor] = []
        self._faulty: list[FaultyAnswer] = []
        self.health: SourceHealth | None = None
        self._items = 0
        self._last_words: deque[str] = deque(maxlen=20)

    def take(self, line: bytes, batch: list[Observation | Deletion]) -> None:
        """One line of the crawl process: a post for the batch, or something for the end."""
        value = decode(line)
        if isinstance(value, Observation | Deletion):
            self._items += 1
            batch.append(value)
        elif isinstance(value, Cursor):
            self._cursors.append(value)
        elif isinstance(value, FaultyAnswer):
            self._faulty.append(value)
        else:
            self.health = value

    def overhear(self, lines: Sequence[bytes]) -> None:
        """Lines of the crawl process's log, which may hold a stranger's words."""
        for line in lines:
            words = shown(line.decode("utf-8", "replace"), 300)
            if words:
                self._last_words.append(words)
                _log.debug("%s: %s", self._source, words)

    def result(self, now: datetime, health: Health, detail: str) -> CrawlResult:
        """The result of a crawl that did not come to its end: no cursor moves."""
        return CrawlResult(
            cursors=(),
            faulty=tuple(self._faulty),
            health=SourceHealth(
                source=self._source,
                finished_at=now,
                health=health,
                items=self._items,
                detail=detail,
            ),
        )

    def whole(self, health: SourceHealth) -> CrawlResult:
        """The result of a crawl that came to its end, well or not."""
        return CrawlResult(cursors=tuple(self._cursors), health=health, faulty=tuple(self._faulty))

    def crashed(self, now: datetime, status: int) -> CrawlResult:
        """The result where the crawl process ended without a word on the source's health."""
        how = f"was killed by signal {-status}" if status < 0 else f"ended with status {status}"
        last = self._last_words[-1] if self._last_words else "it left no message"
        return self.result(
            now,
            Health.CRASHED,
            f"the crawl process {how} ({last}): it is repeated; if that lasts, please report it",
        )


@contextlib.contextmanager
def _process(soft_limit: timedelta) -> Iterator[subprocess.Popen[bytes]]:
    """A crawl process, with all its children gone at the end."""
    process = subprocess.Popen(  # noqa: S603  our own interpreter and module, no shell
        [sys.executable, "-P", "-m", "spiders.worker", str(soft_limit.total_seconds())],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=_environment(os.environ),
        start_new_session=True,
    )
    with process:
        try:
            yield process
        finally:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(process.pid, signal.SIGKILL)


def _environment(variables: Mapping[str, str]) -> dict[str, str]:
    """What a process that reads hostile bytes needs to know; passwords are not among it."""
    kept = {
        name: value
        for name, value in variables.items()
        if name in _KEPT_VARIABLES
        or name.endswith(_KEPT_SUFFIXES)
        or name.startswith(_KEPT_PREFIXES)
    }
    home = str(Path(__file__).resolve().parent.parent)
    kept["PYTHONPATH"] = os.pathsep.join(filter(None, (home, kept.get("PYTHONPATH"))))
    return kept


def _feed(process: subprocess.Popen[bytes], job: str) -> None:
    assert process.stdin is not None  # noqa: S101  it was asked for as a pipe
    with contextlib.suppress(BrokenPipeError), process.stdin:
        process.stdin.write(job.encode())


def _lines(process: subprocess.Popen[bytes], ending: _Ending) -> Iterator[Sequence[bytes]]:
    """The lines of standard output as they come; an empty sequence after each silence."""
    with selectors.DefaultSelector() as selector:
        for pipe in (process.stdout, process.stderr):
            assert pipe is not None  # noqa: S101  both were asked for as pipes
            selector.register(pipe, selectors.EVENT_READ)
        rests = dict.fromkeys(selector.get_map(), b"")
        while selector.get_map():
            ready = selector.select(_POLL_SECONDS)
            for key, _ in ready:
                chunk = os.read(key.fd, 65_536)
                if not chunk:
                    selector.unregister(key.fileobj)
                *lines, rests[key.fd] = (rests[key.fd] + chunk).split(b"\n")
                if key.fileobj is process.stdout:
                    yield lines
                else:
                    ending.overhear(lines)
            if not ready:
                yield ()

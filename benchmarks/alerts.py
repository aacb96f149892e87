"""How soon a message is there once it is decided, and what killing its senders does to it.

    python -m benchmarks.alerts [latency] [crashes] [flood] [--kills 1000] [--seconds 30]

Everything runs against servers on the loopback interface: mail (aiosmtpd), Apprise's ``json://``,
a provider that takes idempotency keys, which posts a key once, and a Slack of the tests.

latency: from the end of the transaction that writes a message to the moment at which the server
has it, by the real scheduler with its lanes, while the pipeline itself is held up all the time.

crashes: senders are killed with SIGKILL, half of them at a named step and half at any moment.
Lost: messages that never came. Doubled: those that came more than once. Unnoticed: doubled ones
that neither their provider (a mail's Message-ID, the key) nor a reader (a note that it may be a
repeat) can tell.

flood: so many alerts within a minute through routing and grouping, by a clock that is told the
time, and what comes of them; and so many messages at once by one channel, as if nothing were
grouped, and how long until all are there.
"""

from __future__ import annotations

import argparse
import logging
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from statistics import median, quantiles

import attrs
import structlog

from alerts.channels.receiver import Channel
from benchmarks.crashes import killed_again_and_again
from benchmarks.receivers import Receiver, letter, opened, receivers, wait_until
from monitor.casework import NoticeState
from monitor.domain import Brand
from monitor.pipeline import Pipeline
from monitor.scheduler import Runner
from monitor.stages.deliver import delivering_apart
from monitor.store.store import Store
from tests.timelines.harness import Timeline, begin_all

__all__ = ["main"]

_PARTS = ("latency", "crashes", "flood")
_PATIENCE = timedelta(minutes=10)


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the figures; 1 where a message was lost, or doubled without anybody noticing."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("parts", nargs="*", help=f"{', '.join(_PARTS)}; all if none is named")
    parser.add_argument("--rates", type=int, nargs="+", default=[1, 50], help="alerts a second")
    parser.add_argument("--seconds", type=int, default=30, help="how long at each rate")
    parser.add_argument("--kills", type=int, default=1_000, help="senders that are killed")
    parser.add_argument("--seed", type=int, default=1, help="of the moments at which they are")
    parser.add_argument("--flood", type=int, default=10_000, help="messages at once")
    given = parser.parse_args(arguments)
    parts = given.parts or _PARTS
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.ERROR))
    unknown = sorted(set(parts) - set(_PARTS))
    if unknown:
        parser.error(f"there is no part called {unknown[0]}; choose of {', '.join(_PARTS)}")
    well = True
    if "latency" in parts:
        for rate in given.rates:
            _latency(rate, given.seconds)
    if "crashes" in parts:
        well = _crashes(given.kills, given.seed)
    if "flood" in parts:
        _flood_of_alerts(given.flood)
        _flood_of_messages(given.flood)
    return 0 if well else 1


def _tell(progress: str) -> None:
    print(f"\r{progress:60}", end="", file=sys.stderr, flush=True)


def _now() -> datetime:
    return datetime.now(UTC)


@attrs.frozen
class _HeldUp:
    """A stage that has so much to look at that it is never done."""

    over: threading.Event
    name: str = attrs.field(default="look", init=False)
    batch: int = attrs.field(default=1, init=False)

    def run(self, store: Store, now: datetime) -> int:
        self.over.wait()
        return 0


@contextmanager
def _running(store: Store, channels: Sequence[Channel]) -> Iterator[None]:
    over = threading.Event()
    runner = Runner(
        store,
        Pipeline((_HeldUp(over),)),
        (Brand(id="acme", name="Acme Air"),),
        (),
        _now,
        lanes=[Pipeline((deliver,)) for deliver in delivering_apart(channels, _now)],
    )
    thread = threading.Thread(target=runner.run)
    thread.start()
    try:
        yield
    finally:
        over.set()
        runner.stop()
        thread.join()


def _latency(rate: int, seconds: int) -> None:
    decided: list[float] = []
    with tempfile.TemporaryDirectory() as folder, receivers() as (mail, apprise, *_):
        store = Store.open(f"sqlite:///{Path(folder) / 'outbox.db'}")
        ways = (mail, apprise)
        channels = [opened(way.options) for way in ways]
        with _running(store, channels):
            begun = time.monotonic()
            for story in range(rate * seconds):
                _pause_until(begun + story / rate)
                _put(store, channels, [story])
                decided.append(time.monotonic())
                if story % rate == 0:
                    _tell(f"{rate} a second: {story} of {rate * seconds} alerts written …")
            wait_until(lambda: all(len(way.taken) >= len(decided) for way in ways), _PATIENCE)
        store.close()
    _tell("")
    print(f"{rate} alerts a second for {seconds} s, two channels, from decision to delivery:")
    for way in ways:
        waits = [taken.at - decided[taken.story] for taken in way.taken]
        p95 = quantiles(waits, n=20, method="inclusive")[-1]
        print(
            f"  {way.name:12}  {len(waits)} of {len(decided)} there   "
            f"median {median(waits):.2f} s   p95 {p95:.2f} s   max {max(waits):.2f} s"
        )


def _pause_until(moment: float) -> None:
    threading.Event().wait(max(0.0, moment - time.monotonic()))


def _put(store: Store, channels: Sequence[Channel], stories: Sequence[int]) -> None:
    now = _now()
    with store.begin() as work:
        for channel in channels:
            name = channel.options.name
            for story in stories:
                work.outbox.put(
                    channel.write_letter(letter(story), key=f"story-{story}:{name}", now=now)
                )


def _crashes(kills: int, seed: int) -> bool:
    begun = time.monotonic()
    with tempfile.TemporaryDirectory() as folder, receivers() as ways:
        found = killed_again_and_again(
            Path(folder),
            ways,
            kills,
            seed=seed,
            on_kill=lambda done: _tell(f"{done} of {kills} senders killed …"),
        )
    _tell("")
    struck = ", ".join(f"{step} {n}" for step, n in sorted(found.kills.items()))
    print(f"{sum(found.kills.values())} senders killed over {found.alerts} alerts ({struck})")
    print(f"in {time.monotonic() - begun:.0f} s:")
    for fate in found.fates:
        print(
            f"  {fate.receiver:13}  {fate.messages} messages   lost {fate.lost}   "
            f"doubled {fate.doubled}   unnoticed {fate.unnoticed}   "
            f"out of order {fate.out_of_order}"
        )
    return all(fate.lost == fate.unnoticed == fate.out_of_order == 0 for fate in found.fates)


def _flood_of_alerts(alerts: int) -> None:
    names = [f"flood{number:05}" for number in range(alerts)]
    with tempfile.TemporaryDirectory() as folder:
        store = Store.open(f"sqlite:///{Path(folder) / 'flood.db'}")
        line = Timeline(store)
        with store.begin() as work:
            begin_all([(name, "acme") for name in names], line.start, work)
        for part in range(10):
            line.flood(f"0:{6 * part:02}", names[part::10])
        _tell(f"{alerts} alerts on their way …")
        line.run("12:00", step="0:30")
        with store.read() as work:
            decided = work.notices.decided(line.start, line.at("12:00"))
        store.close()
    _tell("")
    took = sum(line.looks, timedelta(0)).total_seconds()
    told = sum(notice.state is NoticeState.TOLD for notice in decided)
    print(
        f"{alerts} alerts of one brand within a minute: {told} told in {len(line.heard)} messages:"
    )
    for heard in line.told():
        print(f"  {heard}")
    print(
        f"  deciding and delivering took {took:.1f} s, the longest look "
        f"{max(line.looks).total_seconds():.1f} s"
    )


def _flood_of_messages(messages: int) -> None:
    with tempfile.TemporaryDirectory() as folder, receivers() as (_, _, provider, _):
        store = Store.open(f"sqlite:///{Path(folder) / 'outbox.db'}")
        channels = [opened(provider.options)]
        begun = time.monotonic()
        for first in range(0, messages, 500):
            _put(store, channels, range(first, min(first + 500, messages)))
        written = time.monotonic()
        with _running(store, channels):
            _wait_for(provider, messages)
        taken = max((one.at for one in provider.taken), default=written) - written
        store.close()
    _tell("")
    print(
        f"{messages} messages at once: written in {written - begun:.1f} s, "
        f"{len(provider.taken)} there after {taken:.0f} s ({len(provider.taken) / taken:.0f} a "
        "second by one channel)"
    )


def _wait_for(receiver: Receiver, messages: int) -> None:
    told = 0

    def there() -> bool:
        nonlocal told
        taken = len(receiver.taken)
        if taken >= told + 100:
            _tell(f"{taken} of {messages} there …")
            told = taken
        return taken >= messages

    wait_until(there, _PATIENCE)


if __name__ == "__main__":
    raise SystemExit(main())

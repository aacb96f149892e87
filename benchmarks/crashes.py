"""A sender that is killed with SIGKILL, again and again, and what became of its messages.

Each round writes alerts, and messages that follow them, for every receiver; then a process delivers
what is due and is killed: at a named step, which it announces through a pipe and waits, or at any
moment. At the next round, three minutes and a bit later by its clock, another one takes over. The
processes come from a server of multiprocessing that has imported everything already.
"""

from __future__ import annotations

import multiprocessing
import random
import threading
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from multiprocessing.connection import Connection
from pathlib import Path

import attrs
from sqlalchemy import make_url

from alerts.channels.receiver import Channel
from alerts.delivery import LEASE, Outbox, deliver
from alerts.outcome import Outcome
from benchmarks.receivers import Receiver, conversation, opened
from monitor.domain import Delivery
from monitor.store.store import Store

__all__ = ["STEPS", "Crashes", "Fate", "killed_again_and_again"]

STEPS = (
    "before claim",
    "after claim",
    "before send",
    "after send",
    "before mark",
    "during mark",
    "after mark",
)
_START = datetime(2026, 11, 18, 9, 0, tzinfo=UTC)
_BETWEEN = LEASE + timedelta(seconds=1)
_LONGEST_RUN_SECONDS = 0.3
_NAMED_STEPS = 0.5


@attrs.frozen(kw_only=True)
class Fate:
    """What became of one receiver's messages.

    ``doubled`` came more than once; ``unnoticed`` are those of them that neither the provider nor
    a reader can tell: under two names and without a word that it may be a repeat.
    """

    receiver: str
    messages: int
    lost: int
    doubled: int
    unnoticed: int
    out_of_order: int


@attrs.frozen(kw_only=True)
class Crashes:
    """The kills by where they struck, the alerts that were raised, and what became of them."""

    kills: Mapping[str, int]
    alerts: int
    fates: tuple[Fate, ...]


def killed_again_and_again(
    folder: Path,
    receivers: Sequence[Receiver],
    kills: int,
    *,
    seed: int = 1,
    alerts_a_round: int = 2,
    on_kill: Callable[[int], None] = lambda _: None,
) -> Crashes:
    """Kill senders so often; then let one live, and look what arrived."""
    chance = random.Random(seed)  # noqa: S311 -- the same moments at every run
    address = f"sqlite:///{folder / 'outbox.db'}"
    store = Store.open(address)
    channels = [opened(receiver.options) for receiver in receivers]
    options = [dict(receiver.options) for receiver in receivers]
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["benchmarks.warm"])
    struck: Counter[str] = Counter()
    now, story = _START, 0
    try:
        while struck.total() < kills:
            for receiver in receivers:
                receiver.set_clock(now)
            _write(store, channels, range(story, story + alerts_a_round), now)
            story += alerts_a_round
            step = chance.choice(STEPS) if chance.random() < _NAMED_STEPS else "any moment"
            ours, theirs = context.Pipe()
            sender = context.Process(
                target=be_the_sender, args=(address, options, now, theirs, step != "any moment")
            )
            sender.start()
            theirs.close()
            if step == "any moment":
                ours.poll(chance.uniform(0, _LONGEST_RUN_SECONDS))
                sender.kill()
            else:
                _kill_at(step, chance.randint(1, 3 * len(receivers)), ours, sender.kill)
            sender.join()
            if sender.exitcode != 0:
                struck[step] += 1
                on_kill(struck.total())
            sender.close()
            ours.close()
            now += _BETWEEN
        _deliver_the_rest(store, channels, now)
    finally:
        store.close()
    return Crashes(
        kills=dict(struck),
        alerts=story,
        fates=tuple(_fate(receiver, story) for receiver in receivers),
    )


def _write(store: Store, channels: Sequence[Channel], stories: range, now: datetime) -> None:
    with store.begin() as work:
        for channel in channels:
            for story in stories:
                work.outbox.put(conversation(channel, story, now))


def _kill_at(step: str, occurrence: int, pipe: Connection, kill: Callable[[], None]) -> None:
    """Let the sender go on from step to step until it comes to the one that is its last."""
    seen = 0
    try:
        while True:
            seen += pipe.recv() == step
            if seen == occurrence:
                kill()
                return
            pipe.send("go on")
    except (EOFError, BrokenPipeError):  # it was done before
        return


def _deliver_the_rest(store: Store, channels: Sequence[Channel], now: datetime) -> None:
    @contextmanager
    def begin() -> Iterator[Outbox]:
        with store.begin() as work:
            yield work.outbox

    by_name = {channel.options.name: channel for channel in channels}
    while True:
        with store.read() as work:
            due = work.outbox.next_due()
        if due is None:
            return
        now = max(now + timedelta(seconds=1), due)
        deliver(begin, by_name, lambda now=now: now)  # type: ignore[misc]  # mypy infers no default


def _fate(receiver: Receiver, alerts: int) -> Fate:
    by_message: dict[tuple[int, bool], list[tuple[str, bool, float]]] = {}
    for taken in receiver.taken:
        by_message.setdefault((taken.story, taken.follows), []).append(
            (taken.twin, taken.says_repeat, taken.at)
        )
    doubled = [copies for copies in by_message.values() if len(copies) > 1]
    unnoticed = sum(
        sum(not says for _, says, _ in copies) > 1 and not _twins(copies) for copies in doubled
    )
    out_of_order = sum(
        by_message[(story, True)][0][2] < by_message[(story, False)][0][2]
        for story in range(alerts)
        if (story, True) in by_message and (story, False) in by_message
    )
    return Fate(
        receiver=receiver.name,
        messages=2 * alerts,
        lost=2 * alerts - len(by_message),
        doubled=len(doubled),
        unnoticed=unnoticed,
        out_of_order=out_of_order,
    )


def _twins(copies: Sequence[tuple[str, bool, float]]) -> bool:
    return copies[0][0] != "" and len({twin for twin, _, _ in copies}) == 1


# what runs in the process that is killed


class _Steps:
    """Announces each step and waits until it may go on, one thread at a time."""

    def __init__(self, pipe: Connection | None) -> None:
        self._pipe = pipe
        self._lock = threading.Lock()

    def reach(self, step: str) -> None:
        if self._pipe is not None:
            with self._lock:
                self._pipe.send(step)
                self._pipe.recv()


class _SteppingOutbox:
    """An outbox that stops at each step."""

    def __init__(self, outbox: Outbox, steps: _Steps) -> None:
        self._outbox, self._steps = outbox, steps
        self.reference, self.retry, self.fail = outbox.reference, outbox.retry, outbox.fail
        self.release, self.rest = outbox.release, outbox.rest
        self.kept = "after a look"

    def claim(
        self, now: datetime, lease: timedelta, limit: int, channel: str
    ) -> Sequence[Delivery]:
        self._steps.reach("before claim")
        self.kept = "after claim"
        return self._outbox.claim(now, lease, limit, channel)

    def sent(self, key: str, at: datetime, reference: str = "") -> None:
        self._steps.reach("before mark")
        self.kept = "after mark"
        self._outbox.sent(key, at, reference)
        self._steps.reach("during mark")


@attrs.frozen
class _SteppingSender:
    """A channel that stops before and after the provider has the message."""

    channel: Channel
    steps: _Steps

    def send(
        self, delivery: Delivery, *, perhaps_repeated: bool = False, head: str = ""
    ) -> Outcome:
        self.steps.reach("before send")
        outcome = self.channel.send(delivery, perhaps_repeated=perhaps_repeated, head=head)
        self.steps.reach("after send")
        return outcome


def be_the_sender(
    address: str,
    options: Sequence[Mapping[str, object]],
    now: datetime,
    pipe: Connection,
    announces: bool,
) -> None:
    """Deliver what is due; to be killed meanwhile."""
    store = Store(make_url(address))
    steps = _Steps(pipe if announces else None)

    @contextmanager
    def begin() -> Iterator[Outbox]:
        with store.begin() as work:
            outbox = _SteppingOutbox(work.outbox, steps)
            yield outbox
        steps.reach(outbox.kept)

    senders = {str(one["name"]): _SteppingSender(opened(one), steps) for one in options}
    deliver(begin, senders, lambda: now)

"""From the outbox to the channels: at least once, and never forgotten.

A message is claimed for a while, sent, and marked in a transaction of its own straight after. A
sender that dies in between leaves it claimed; when the lease has run out it is sent again. Where
its fate is unknown the channel is told, so that a reader can be.

Failures are tried again after 30 s, then twice as long each time up to an hour, for a day. What a
person has to mend is reported at once.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager
from datetime import datetime, timedelta
from typing import Protocol, TypeAlias

import attrs

from alerts.outcome import Outcome, Refused, Retry, Sent
from monitor.domain import Delivery

__all__ = ["Delivered", "Outbox", "Sender", "Trouble", "deliver", "wait_after"]

LEASE = timedelta(minutes=3)
LONGEST_SEND = timedelta(minutes=1)
CLAIMED_AT_ONCE = 20
SHORTEST_WAIT = timedelta(seconds=30)
LONGEST_WAIT = timedelta(hours=1)
GIVE_UP_AFTER = timedelta(hours=24)


class Outbox(Protocol):
    """The messages that wait, as seen within one transaction."""

    def claim(self, now: datetime, lease: timedelta, limit: int) -> Sequence[Delivery]:
        """Take messages that are due, or whose sender died; each claim counts as an attempt."""

    def sent(self, key: str, at: datetime, reference: str = "") -> None:
        """Mark a message as sent; ``reference`` is what the provider calls it."""

    def reference(self, key: str) -> str:
        """What the provider calls a message that was sent before; empty where that is unknown."""

    def retry(self, key: str, due_at: datetime, error: str) -> None:
        """Put a message back until ``due_at``."""

    def fail(self, key: str, error: str) -> None:
        """Give a message up."""


class Sender(Protocol):
    """What a channel has to be able to do here."""

    def send(
        self, delivery: Delivery, *, perhaps_repeated: bool = False, head: str = ""
    ) -> Outcome:
        """Send one message; ``head`` is the reference of the one that it follows."""


OpenOutbox: TypeAlias = Callable[[], AbstractContextManager[Outbox]]
Clock: TypeAlias = Callable[[], datetime]


@attrs.frozen(kw_only=True)
class Trouble:
    """A message that a person has to hear about, because it failed or will until it is mended."""

    channel: str
    key: str
    subject: str
    reason: str
    given_up: bool


@attrs.frozen(kw_only=True)
class Delivered:
    """What one round came to."""

    sent: int = 0
    retried: int = 0
    failed: int = 0
    troubles: tuple[Trouble, ...] = ()

    def __add__(self, other: Delivered) -> Delivered:
        return Delivered(
            sent=self.sent + other.sent,
            retried=self.retried + other.retried,
            failed=self.failed + other.failed,
            troubles=self.troubles + other.troubles,
        )


def deliver(open_outbox: OpenOutbox, channels: Mapping[str, Sender], clock: Clock) -> Delivered:
    """Send everything that is due, each channel on a thread of its own.

    ``open_outbox`` begins a transaction; it is called from several threads at once. Returns when
    nothing is due any more.
    """
    total = Delivered()
    while True:
        claimed_at = clock()
        with open_outbox() as outbox:
            claimed = outbox.claim(claimed_at, LEASE, CLAIMED_AT_ONCE)
        if not claimed:
            return total
        waiting: dict[str, list[Delivery]] = {}
        for delivery in claimed:
            waiting.setdefault(delivery.channel, []).append(delivery)
        rounds = [
            _Round(open_outbox, channels.get(name), clock, claimed_at + LEASE - LONGEST_SEND)
            for name in waiting
        ]
        with ThreadPoolExecutor(max_workers=len(waiting), thread_name_prefix="deliver") as threads:
            for result in threads.map(_Round.run, rounds, waiting.values()):
                total += result


def wait_after(key: str, attempts: int) -> timedelta:
    """How long to wait after so many attempts; the key shifts it, so that a crowd spreads out.

    >>> [round(wait_after("a", attempts).total_seconds() / 60, 1) for attempts in range(1, 10)]
    [0.5, 0.9, 1.5, 4.0, 6.4, 12.4, 30.6, 47.6, 54.7]
    """
    doubled = SHORTEST_WAIT * (1 << min(attempts - 1, 12))
    digest = hashlib.sha256(f"{key}\x1f{attempts}".encode()).digest()
    jitter = 0.75 + 0.25 * digest[0] / 255
    return max(SHORTEST_WAIT, min(doubled, LONGEST_WAIT) * jitter)


@attrs.frozen
class _Round:
    """One channel's share of a claim."""

    open_outbox: OpenOutbox
    sender: Sender | None
    clock: Clock
    until: datetime

    def run(self, deliveries: Sequence[Delivery]) -> Delivered:
        total = Delivered()
        for delivery in deliveries:
            if self.clock() > self.until:
                self._put_back(delivery)
            else:
                total += self._one(delivery)
        return total

    def _put_back(self, delivery: Delivery) -> None:
        """Another sender may claim it soon, so it is let go before that instead of sent late."""
        note = _note(delivery, "not tried yet", unsure=_fate_unknown(delivery))
        with self.open_outbox() as outbox:
            outbox.retry(delivery.key, self.clock(), note)

    def _one(self, delivery: Delivery) -> Delivered:
        if self.sender is None:
            reason = f"no channel is called {delivery.channel!r} any more; add it to the settings"
            return self._again(delivery, Refused(reason, final=False))
        if _cut_short(delivery) and self._too_old(delivery):
            return self._give_up(delivery, "given up after a day: the last attempt was cut short")
        outcome = self.sender.send(
            delivery, perhaps_repeated=_fate_unknown(delivery), head=self._head(delivery)
        )
        match outcome:
            case Sent(reference):
                with self.open_outbox() as outbox:
                    outbox.sent(delivery.key, self.clock(), reference)
                return Delivered(sent=1)
            case Refused(reason, final=True):
                return self._give_up(delivery, reason)
            case _:
                return self._again(delivery, outcome)

    def _head(self, delivery: Delivery) -> str:
        if not delivery.follows:
            return ""
        with self.open_outbox() as outbox:
            return outbox.reference(delivery.follows)

    def _again(self, delivery: Delivery, outcome: Retry | Refused) -> Delivered:
        if self._too_old(delivery):
            return self._give_up(delivery, f"given up after a day: {outcome.reason}")
        wait = wait_after(delivery.key, delivery.attempts)
        unsure = _fate_unknown(delivery)
        if isinstance(outcome, Retry):
            wait = max(wait, outcome.after or timedelta(0))
            unsure = unsure or outcome.perhaps_arrived
        with self.open_outbox() as outbox:
            outbox.retry(
                delivery.key, self.clock() + wait, _note(delivery, outcome.reason, unsure=unsure)
            )
        if isinstance(outcome, Refused) and outcome.reason not in delivery.last_error:
            return Delivered(retried=1, troubles=(_trouble(delivery, outcome.reason, False),))
        return Delivered(retried=1)

    def _too_old(self, delivery: Delivery) -> bool:
        return self.clock() - delivery.created_at >= GIVE_UP_AFTER

    def _give_up(self, delivery: Delivery, reason: str) -> Delivered:
        with self.open_outbox() as outbox:
            outbox.fail(delivery.key, _note(delivery, reason))
        return Delivered(failed=1, troubles=(_trouble(delivery, reason, True),))


def _trouble(delivery: Delivery, reason: str, given_up: bool) -> Trouble:
    return Trouble(
        channel=delivery.channel,
        key=delivery.key,
        subject=delivery.subject,
        reason=reason,
        given_up=given_up,
    )


_UNSURE = ", perhaps arrived"


def _note(delivery: Delivery, reason: str, *, unsure: bool = False) -> str:
    """What is kept with a message: which attempt it was, and how it ended."""
    return f"attempt {delivery.attempts}{_UNSURE if unsure else ''}: {reason}"


def _cut_short(delivery: Delivery) -> bool:
    """Whether the attempt before this one left no note: its sender died."""
    last = f"attempt {delivery.attempts - 1}"
    return delivery.attempts > 1 and not delivery.last_error.startswith((f"{last}:", f"{last},"))


def _fate_unknown(delivery: Delivery) -> bool:
    """Whether an earlier attempt may have arrived."""
    before_reason = delivery.last_error.partition(":")[0]
    return _cut_short(delivery) or before_reason.endswith(_UNSURE)

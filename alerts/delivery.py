"""From the outbox to the channels: at least once, and never forgotten.

A message is claimed for a while, sent, and marked in a transaction of its own straight after. A
sender that dies in between leaves it claimed; when the lease has run out it is sent again. Where
its fate is unknown the channel is told, so that a reader can be.

Failures are tried again after 30 s, then twice as long each time up to an hour, for a day. What a
person has to mend is reported at once. A failure that is the channel's and not the message's (the
network, the password, the rate) lets the whole channel rest: the messages behind it are not tried
in vain, and whoever stops the program does not wait for them.
"""

from __future__ import annotations

import hashlib
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager
from datetime import datetime, timedelta
from typing import Protocol, TypeAlias

import attrs

from alerts.outcome import Cause, Outcome, Refused, Retry, Sent
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

    def claim(
        self, now: datetime, lease: timedelta, limit: int, channel: str
    ) -> Sequence[Delivery]:
        """Take a channel's due messages, or whose sender died; each claim counts as an attempt."""

    def sent(self, key: str, at: datetime, reference: str = "") -> None:
        """Mark a message as sent; ``reference`` is what the provider calls it."""

    def reference(self, key: str) -> str:
        """What the provider calls a message that was sent before; empty where that is unknown."""

    def retry(self, key: str, due_at: datetime, error: str) -> None:
        """Put a message back until ``due_at``."""

    def fail(self, key: str, error: str) -> None:
        """Give a message up."""

    def release(self, keys: Sequence[str]) -> None:
        """Put claimed messages back as if they had not been claimed."""

    def rest(self, channel: str, until: datetime) -> None:
        """Let no waiting message of a channel be due before ``until``."""


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
    cause: Cause
    reason: str
    given_up: bool


@attrs.frozen(kw_only=True)
class Delivered:
    """What one round came to."""

    sent: int = 0
    retried: int = 0
    failed: int = 0
    troubles: tuple[Trouble, ...] = ()

    @property
    def tried(self) -> int:
        """How many messages were tried, whatever came of it."""
        return self.sent + self.retried + self.failed

    def __add__(self, other: Delivered) -> Delivered:
        return Delivered(
            sent=self.sent + other.sent,
            retried=self.retried + other.retried,
            failed=self.failed + other.failed,
            troubles=self.troubles + other.troubles,
        )


def deliver(
    open_outbox: OpenOutbox,
    channels: Mapping[str, Sender | None],
    clock: Clock,
    at_most: int | None = None,
) -> Delivered:
    """Send what is due in these channels, each on a thread of its own.

    ``open_outbox`` begins a transaction; it is called from several threads at once. A channel that
    is ``None`` is not in the settings any more. Returns when nothing is due in them, or when
    ``at_most`` messages of each were tried.
    """
    lanes = [_Lane(open_outbox, name, sender, clock) for name, sender in channels.items()]
    if len(lanes) == 1:
        return lanes[0].run(at_most)
    total = Delivered()
    with ThreadPoolExecutor(max_workers=len(lanes) or 1, thread_name_prefix="deliver") as threads:
        for done in threads.map(lambda lane: lane.run(at_most), lanes):
            total += done
    return total


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
class _Lane:
    """One channel's way out."""

    open_outbox: OpenOutbox
    name: str
    sender: Sender | None
    clock: Clock

    def run(self, at_most: int | None) -> Delivered:
        total = Delivered()
        while at_most is None or total.tried < at_most:
            left = CLAIMED_AT_ONCE if at_most is None else at_most - total.tried
            limit = min(CLAIMED_AT_ONCE, left)
            claimed_at = self.clock()
            with self.open_outbox() as outbox:
                claimed = outbox.claim(claimed_at, LEASE, limit, self.name)
            if not claimed:
                break
            total += self._round(claimed, claimed_at + LEASE - LONGEST_SEND)
        return total

    def _round(self, claimed: Sequence[Delivery], until: datetime) -> Delivered:
        """Another sender may claim what is left at ``until`` soon, so it is let go before that."""
        total = Delivered()
        left = deque(claimed)
        rest_until: datetime | None = None
        while left and rest_until is None and self.clock() <= until:
            done, rest_until = self._one(left.popleft())
            total += done
        if left or rest_until is not None:
            with self.open_outbox() as outbox:
                outbox.release([delivery.key for delivery in left])
                if rest_until is not None:
                    outbox.rest(self.name, rest_until)
        return total

    def _one(self, delivery: Delivery) -> tuple[Delivered, datetime | None]:
        """What came of one message, and until when the channel rests."""
        if self.sender is None:
            reason = f"no channel is called {self.name!r} any more; add it to the settings"
            return self._again(delivery, Refused(reason, final=False, cause=Cause.SETTINGS))
        if _cut_short(delivery) and self._too_old(delivery):
            reason = "given up after a day: the last attempt was cut short"
            return self._give_up(delivery, reason, Cause.CUT_SHORT), None
        outcome = self.sender.send(
            delivery, perhaps_repeated=_fate_unknown(delivery), head=self._head(delivery)
        )
        match outcome:
            case Sent(reference):
                with self.open_outbox() as outbox:
                    outbox.sent(delivery.key, self.clock(), reference)
                return Delivered(sent=1), None
            case Refused(reason, final=True, cause=cause):
                return self._give_up(delivery, reason, cause), None
            case _:
                return self._again(delivery, outcome)

    def _head(self, delivery: Delivery) -> str:
        if not delivery.follows:
            return ""
        with self.open_outbox() as outbox:
            return outbox.reference(delivery.follows)

    def _again(
        self, delivery: Delivery, outcome: Retry | Refused
    ) -> tuple[Delivered, datetime | None]:
        now = self.clock()
        unsure = _fate_unknown(delivery)
        asked = timedelta(0)
        if isinstance(outcome, Retry):
            asked = outcome.after or asked
            unsure = unsure or outcome.perhaps_arrived
        rest = None if outcome.cause is Cause.REFUSED else now + max(SHORTEST_WAIT, asked)
        if self._too_old(delivery):
            reason = f"given up after a day: {outcome.reason}"
            return self._give_up(delivery, reason, outcome.cause), rest
        due_at = now + max(wait_after(delivery.key, delivery.attempts), asked)
        note = _note(delivery, outcome.reason, unsure=unsure)
        with self.open_outbox() as outbox:
            outbox.retry(delivery.key, due_at, note)
        if isinstance(outcome, Refused) and outcome.reason not in delivery.last_error:
            trouble = _trouble(delivery, outcome.reason, outcome.cause, given_up=False)
            return Delivered(retried=1, troubles=(trouble,)), rest
        return Delivered(retried=1), rest

    def _too_old(self, delivery: Delivery) -> bool:
        return self.clock() - delivery.created_at >= GIVE_UP_AFTER

    def _give_up(self, delivery: Delivery, reason: str, cause: Cause) -> Delivered:
        with self.open_outbox() as outbox:
            outbox.fail(delivery.key, _note(delivery, reason))
        trouble = _trouble(delivery, reason, cause, given_up=True)
        return Delivered(failed=1, troubles=(trouble,))


def _trouble(delivery: Delivery, reason: str, cause: Cause, *, given_up: bool) -> Trouble:
    return Trouble(
        channel=delivery.channel,
        key=delivery.key,
        subject=delivery.subject,
        cause=cause,
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

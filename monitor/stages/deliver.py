"""deliver: what waits in the outbox goes out, and what cannot is told to the operator."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime

import attrs
import structlog

from alerts.channels.receiver import Channel
from alerts.delivery import CLAIMED_AT_ONCE, Outbox, deliver
from monitor.store.store import Store

__all__ = ["Deliver", "delivering_apart"]

_log = structlog.get_logger(__name__)


@attrs.frozen
class Deliver:
    """Messages that are due are sent; ``clock`` is asked again for every message.

    Live that is the real clock, since sending takes time; in a replay there is none and the
    moment of the run holds. Channels ``elsewhere`` are served by another stage like this one.
    """

    channels: Sequence[Channel]
    clock: Callable[[], datetime] | None = None
    elsewhere: Collection[str] = ()
    name: str = attrs.field(default="deliver", init=False)
    batch: int = attrs.field(default=CLAIMED_AT_ONCE, init=False)

    def run(self, store: Store, now: datetime) -> int:
        """Try what is due, up to a batch of each channel; how much was tried."""

        @contextmanager
        def outbox() -> Iterator[Outbox]:
            with store.begin() as work:
                yield work.outbox

        with store.read() as work:
            due = [name for name in work.outbox.channels_due(now) if name not in self.elsewhere]
        if not due:
            return 0
        known = {channel.options.name: channel for channel in self.channels}
        senders = {name: known.get(name) for name in due}
        done = deliver(outbox, senders, self.clock or (lambda: now), self.batch)
        for trouble in done.troubles:
            _log.error(
                "message given up" if trouble.given_up else "message cannot be sent yet",
                channel=trouble.channel,
                subject=trouble.subject,
                cause=trouble.cause.value,
                reason=trouble.reason,
            )
        return done.tried


def delivering_apart(
    channels: Sequence[Channel], clock: Callable[[], datetime]
) -> tuple[Deliver, ...]:
    """A stage for each channel, so that one that hangs holds up no other."""
    names = [channel.options.name for channel in channels]
    return tuple(
        Deliver((channel,), clock, frozenset(names) - {channel.options.name})
        for channel in channels
    )

"""deliver: what waits in the outbox goes out, and what cannot is told to the operator."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime

import attrs
import structlog

from alerts.channels.receiver import Channel
from alerts.delivery import Outbox, deliver
from monitor.store.store import Store

__all__ = ["Deliver"]

_log = structlog.get_logger(__name__)


@attrs.frozen
class Deliver:
    """Messages that are due are sent; ``clock`` is asked again for every message.

    Live that is the real clock, since sending takes time; in a replay there is none and the
    moment of the run holds.
    """

    channels: Sequence[Channel]
    clock: Callable[[], datetime] | None = None
    name: str = attrs.field(default="deliver", init=False)
    batch: int = attrs.field(default=1_000, init=False)

    def run(self, store: Store, now: datetime) -> int:
        """Send everything that is due; how much went out."""

        @contextmanager
        def outbox() -> Iterator[Outbox]:
            with store.begin() as work:
                yield work.outbox

        with store.read() as work:
            next_due = work.outbox.next_due()
        if next_due is None or next_due > now:
            return 0
        senders: Mapping[str, Channel] = {
            channel.options.name: channel for channel in self.channels
        }
        done = deliver(outbox, senders, self.clock or (lambda: now))
        for trouble in done.troubles:
            _log.error(
                "message given up" if trouble.given_up else "message cannot be sent yet",
                channel=trouble.channel,
                subject=trouble.subject,
                reason=trouble.reason,
            )
        return done.sent

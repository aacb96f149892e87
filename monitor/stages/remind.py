"""remind: promises that a brand made in public and did not keep in time are told, once."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta

import attrs

from alerts.channels.receiver import Channel
from alerts.promise_letter import Overdue, promise_letter
from monitor.casework import Promise, PromiseKind
from monitor.domain import Brand, Delivery, Level
from monitor.store.store import Store
from monitor.store.unit_of_work import UnitOfWork

__all__ = ["Remind"]

_PAUSE = timedelta(hours=1)
"""Between two letters about one brand: what falls due in between waits for the next."""
_BACKFILL = timedelta(days=7)
"""What fell due longer ago was found in an archive, and is listed only."""


@attrs.frozen
class Remind:
    """Overdue promises of a brand are told in one letter, by each channel that carries level high.

    A customer who was handed off outside any incident is listed and counted only: what follows is
    said in private, and such hand-offs are many. The letter and the note that it was written are
    one transaction.
    """

    brands: Sequence[Brand]
    channels: Sequence[Channel]
    name: str = attrs.field(default="remind", init=False)
    batch: int = attrs.field(default=1_000, init=False)

    def run(self, store: Store, now: datetime) -> int:
        """Tell of what is overdue; how many promises that were."""
        with store.read() as work:
            of_brand = self._untold(work, now)
        told = 0
        for brand, promises in of_brand.items():
            with store.begin() as work:
                overdue = list(_overdue(promises, work))
                work.outbox.put(list(self._letters(brand, overdue, now)))
                for promise in promises:
                    work.promises.save(attrs.evolve(promise, overdue_told_at=now))
            told += len(promises)
        return told

    def _untold(self, work: UnitOfWork, now: datetime) -> dict[str, list[Promise]]:
        names = {brand.id for brand in self.brands}
        found: defaultdict[str, list[Promise]] = defaultdict(list)
        for promise in work.promises.untold(now, now - _BACKFILL):
            private = promise.kind is PromiseKind.HANDOFF and promise.incident is None
            if promise.brand in names and not private:
                found[promise.brand].append(promise)
        return {
            brand: promises
            for brand, promises in sorted(found.items())
            if (last := work.promises.last_told_at(brand)) is None or now - last >= _PAUSE
        }

    def _letters(self, brand: str, overdue: Sequence[Overdue], now: datetime) -> Iterator[Delivery]:
        name = next(one.name for one in self.brands if one.id == brand)
        for channel in self.channels:
            if overdue and channel.options.min_level.rank <= Level.HIGH.rank:
                yield from channel.write_letter(
                    promise_letter(overdue, name, channel.options.reader, now),
                    key=f"promises/{brand}/{now:%Y%m%dT%H%M%S%f}:{channel.options.name}",
                    now=now,
                )


def _overdue(promises: Sequence[Promise], work: UnitOfWork) -> Iterator[Overdue]:
    posts = work.posts.get({promise.post for promise in promises})
    for promise in promises:
        post = posts.get(promise.post)
        if post is not None:
            owner = work.casework.case(promise.incident).owner if promise.incident else ""
            yield Overdue(promise=promise, text=post.text, url=post.url, owner=owner)

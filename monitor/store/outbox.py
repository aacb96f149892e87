"""The outbox: messages that wait, are being sent, were sent or failed."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta

import attrs
from sqlalchemy import ColumnElement, Connection, and_, exists, or_, select, update

from monitor.domain import Delivery, DeliveryState
from monitor.store.reading import AnyRow
from monitor.store.statements import add
from monitor.store.subscriptions import Subscriptions
from monitor.store.tables import DELIVERY_PENDING, DELIVERY_SENDING, incidents, outbox

__all__ = ["Failing", "Outbox"]

_DELIVERY = select(*(outbox.c[field.name] for field in attrs.fields(Delivery)))


@attrs.frozen(kw_only=True)
class Failing:
    """A channel by which nothing gets through: since when, and how the last attempt ended."""

    since: datetime
    error: str


class Outbox:
    """Messages, each under a key of its own, from the decision to their arrival."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def put(self, deliveries: Sequence[Delivery]) -> int:
        """Keep messages to be sent; one whose key is known is left as it is. How many were new.

        One that is optional for a receiver who has left its channel is not kept.
        """
        channels = {delivery.channel for delivery in deliveries if delivery.optional_for}
        left = Subscriptions(self._connection).ended(channels) if channels else set()
        return add(
            self._connection,
            outbox,
            [
                attrs.asdict(delivery, recurse=False)
                for delivery in deliveries
                if (delivery.channel, delivery.optional_for.lower()) not in left
            ],
        )

    def channels_due(self, now: datetime) -> list[str]:
        """The channels in which there is something to claim, by name."""
        query = select(outbox.c.channel).where(_claimable(now)).distinct()
        return list(self._connection.scalars(query.order_by(outbox.c.channel)))

    def claim(
        self, now: datetime, lease: timedelta, limit: int, channel: str | None = None
    ) -> list[Delivery]:
        """Take messages to send them; nobody else gets them until the lease has run out.

        These are the waiting ones that are due, and those whose sender died; of one channel, or of
        all. One that follows another waits until that one has been sent or given up.
        """
        query = _DELIVERY if channel is None else _DELIVERY.where(outbox.c.channel == channel)
        mine = self._connection.execute(
            query.where(_claimable(now))
            .order_by(outbox.c.due_at, outbox.c.created_at, outbox.c.key)
            .limit(limit)
            .with_for_update(skip_locked=True)
        ).all()
        self._connection.execute(
            update(outbox)
            .where(outbox.c.key.in_([row.key for row in mine]))
            .values(
                state=DeliveryState.SENDING,
                attempts=outbox.c.attempts + 1,
                lease_until=now + lease,
            )
        )
        return [
            attrs.evolve(_delivery(row), state=DeliveryState.SENDING, attempts=row.attempts + 1)
            for row in mine
        ]

    def sent(self, key: str, at: datetime, reference: str = "") -> None:
        """Note that a message has arrived, and what the provider calls it."""
        self._connection.execute(
            update(outbox)
            .where(outbox.c.key == key)
            .values(state=DeliveryState.SENT, sent_at=at, lease_until=None, reference=reference)
        )

    def reference(self, key: str) -> str:
        """What the provider calls a message that was sent; empty where it was not, or has none."""
        return self._connection.scalar(select(outbox.c.reference).where(outbox.c.key == key)) or ""

    def head(self, channel: str, incident: str) -> str:
        """The key of the oldest message about an incident that a channel got; empty if none.

        Messages about what became part of it count; one that was given up, or came by another
        channel instead, does not.
        """
        parts = select(incidents.c.id).where(incidents.c.merged_into == incident)
        names = (incident, *self._connection.scalars(parts))
        query = (
            select(outbox.c.key)
            .where(
                or_(*(_about(name) for name in names)),
                outbox.c.channel == channel,
                outbox.c.state.not_in((DeliveryState.FAILED, DeliveryState.REPLACED)),
            )
            .order_by(outbox.c.created_at, outbox.c.key)
            .limit(1)
        )
        return self._connection.scalar(query) or ""

    def about(self, incident: str) -> list[Delivery]:
        """The messages about one incident, those of a group apart, the oldest first."""
        query = _DELIVERY.where(_about(incident)).order_by(outbox.c.created_at, outbox.c.key)
        return [_delivery(row) for row in self._connection.execute(query)]

    def retry(self, key: str, due_at: datetime, error: str) -> None:
        """Let a message that is being sent wait for another attempt."""
        self._give_up(key, state=DeliveryState.PENDING, due_at=due_at, last_error=error)

    def fail(self, key: str, error: str) -> None:
        """Give up a message that is being sent, for good."""
        self._give_up(key, state=DeliveryState.FAILED, last_error=error)

    def release(self, keys: Sequence[str]) -> None:
        """Put messages that were claimed back as they were: they have not been tried."""
        self._connection.execute(
            update(outbox)
            .where(outbox.c.key.in_(keys), DELIVERY_SENDING)
            .values(state=DeliveryState.PENDING, attempts=outbox.c.attempts - 1, lease_until=None)
        )

    def rest(self, channel: str, until: datetime) -> None:
        """Let no message of a channel that waits by now be due before ``until``."""
        self._connection.execute(
            update(outbox)
            .where(outbox.c.channel == channel, DELIVERY_PENDING, outbox.c.due_at < until)
            .values(due_at=until)
        )

    def _give_up(self, key: str, **columns: object) -> None:
        # Only while it is being sent: a sender that was taken for dead must not recall a message
        # that another has sent since.
        self._connection.execute(
            update(outbox)
            .where(outbox.c.key == key, DELIVERY_SENDING)
            .values(lease_until=None, **columns)
        )

    def failing(self) -> dict[str, Failing]:
        """The channels by which nothing got through since a message was tried there in vain."""
        failing: dict[str, Failing] = {}
        tried = self._connection.execute(
            select(outbox.c.channel, outbox.c.created_at, outbox.c.last_error)
            .where(DELIVERY_PENDING, outbox.c.attempts > 0, outbox.c.last_error != "")
            .order_by(outbox.c.created_at)
        ).all()
        last_sent = {channel: self.last_sent(channel) for channel in {row[0] for row in tried}}
        for channel, created_at, error in tried:
            last = last_sent[channel]
            if channel not in failing and (last is None or created_at > last):
                failing[channel] = Failing(since=created_at, error=error)
        return failing

    def last_sent(self, channel: str) -> datetime | None:
        """When a message last got through by a channel."""
        query = select(outbox.c.sent_at).where(outbox.c.channel == channel)
        query = query.where(outbox.c.state == DeliveryState.SENT)
        return self._connection.scalar(query.order_by(outbox.c.sent_at.desc()).limit(1))

    def waiting(self, channel: str) -> list[tuple[str, datetime]]:
        """The messages that wait in a channel, by key, with when each was written."""
        query = select(outbox.c.key, outbox.c.created_at).where(DELIVERY_PENDING)
        query = query.where(outbox.c.channel == channel).order_by(outbox.c.created_at)
        return [(row.key, row.created_at) for row in self._connection.execute(query)]

    def given_up(self, channel: str, since: datetime) -> list[str]:
        """The keys of a channel's messages, written since then, that were given up."""
        query = select(outbox.c.key).where(
            outbox.c.created_at >= since,
            outbox.c.channel == channel,
            outbox.c.state == DeliveryState.FAILED,
        )
        return list(self._connection.scalars(query.order_by(outbox.c.key)))

    def replace(self, keys: Sequence[str], by: str) -> None:
        """Let messages that wait go: what they say came by another channel."""
        self._connection.execute(
            update(outbox)
            .where(outbox.c.key.in_(keys), DELIVERY_PENDING)
            .values(state=DeliveryState.REPLACED, last_error=f"it came by {by} instead")
        )

    def find(
        self,
        states: Collection[DeliveryState] = (),
        channel: str | None = None,
        limit: int | None = None,
    ) -> list[Delivery]:
        """Messages in some states (none given: all), the newest first."""
        query = _DELIVERY.order_by(outbox.c.created_at.desc(), outbox.c.key).limit(limit)
        if states:
            query = query.where(outbox.c.state.in_(states))
        if channel is not None:
            query = query.where(outbox.c.channel == channel)
        return [_delivery(row) for row in self._connection.execute(query)]

    def exists(self, key: str) -> bool:
        """Whether a message with this key was ever put here."""
        query = select(outbox.c.key).where(outbox.c.key == key)
        return self._connection.scalar(query) is not None

    def of(self, key: str) -> list[Delivery]:
        """The messages of one alert or digest: under ``key`` itself or ``key:part``, in order."""
        query = _DELIVERY.where(_under(key)).order_by(outbox.c.key)
        return [_delivery(row) for row in self._connection.execute(query)]

    def beginning(self, start: str) -> list[Delivery]:
        """The messages whose keys begin so, in the order of their keys."""
        query = _DELIVERY.where(outbox.c.key.startswith(start, autoescape=True))
        return [_delivery(row) for row in self._connection.execute(query.order_by(outbox.c.key))]

    def begun(self, key: str) -> bool:
        """Whether a message with this key, or one of its parts (``key:part``), was put here."""
        query = select(outbox.c.key).where(_under(key)).limit(1)
        return self._connection.scalar(query) is not None

    def next_due(self) -> datetime | None:
        """When there will next be something to claim; ``None`` where nothing waits."""
        waiting = select(outbox.c.due_at).where(DELIVERY_PENDING).order_by(outbox.c.due_at)
        leased = select(outbox.c.lease_until).where(DELIVERY_SENDING)
        times = (
            self._connection.scalar(waiting.limit(1)),
            self._connection.scalar(leased.order_by(outbox.c.lease_until).limit(1)),
        )
        return min((at for at in times if at is not None), default=None)


def _claimable(now: datetime) -> ColumnElement[bool]:
    before = outbox.alias()
    underway = exists().where(
        before.c.key == outbox.c.follows,
        before.c.state.in_((DeliveryState.PENDING, DeliveryState.SENDING)),
    )
    return and_(
        or_(
            and_(DELIVERY_PENDING, outbox.c.due_at <= now),
            and_(DELIVERY_SENDING, outbox.c.lease_until <= now),
        ),
        or_(outbox.c.follows == "", ~underway),
    )


def _under(key: str) -> ColumnElement[bool]:
    parts = and_(outbox.c.key >= f"{key}:", outbox.c.key < f"{key};")  # ; comes after :
    return or_(outbox.c.key == key, parts)


def _about(incident: str) -> ColumnElement[bool]:
    """The key of an alert's messages begins with its id, and that with the incident's."""
    return and_(outbox.c.key >= f"{incident}-", outbox.c.key < f"{incident}.")  # . comes after -


def _delivery(row: AnyRow) -> Delivery:
    return Delivery(**row._asdict())

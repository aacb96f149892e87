"""Receivers who asked a channel to leave them alone."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from sqlalchemy import Connection, delete, select

from monitor.store.statements import add
from monitor.store.tables import unsubscribed

__all__ = ["Subscriptions"]


class Subscriptions:
    """Everybody whom a channel names is subscribed, until they say otherwise.

    Addresses that differ in case only are one.
    """

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def end(self, channel: str, address: str, at: datetime) -> bool:
        """Note that a receiver wants no more by a channel; ``False`` where that is known."""
        record = {"channel": channel, "address": address.lower(), "at": at}
        return add(self._connection, unsubscribed, [record]) == 1

    def renew(self, channel: str, address: str) -> bool:
        """Let a receiver have everything again; ``False`` where they had it all the time."""
        renewed = self._connection.execute(
            delete(unsubscribed).where(
                unsubscribed.c.channel == channel, unsubscribed.c.address == address.lower()
            )
        )
        return bool(renewed.rowcount)

    def ended(self, channels: Collection[str]) -> set[tuple[str, str]]:
        """Channel and address of all who left one of these channels."""
        rows = self._connection.execute(
            select(unsubscribed.c.channel, unsubscribed.c.address).where(
                unsubscribed.c.channel.in_(channels)
            )
        )
        return {(row.channel, row.address) for row in rows}

"""The store: opened by its address, used one transaction at a time."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext

from sqlalchemy import URL
from sqlalchemy.exc import SQLAlchemyError

from monitor.store.engines import engines, parsed, place
from monitor.store.errors import explained
from monitor.store.opening import prepare
from monitor.store.unit_of_work import UnitOfWork

__all__ = ["Store"]


class Store:
    """Everything that Sparkwatch knows, in SQLite or PostgreSQL.

    Domain values go in and come out; no row, session or driver's error leaves it.

        store = Store.open("sqlite:///data/sparkwatch.db")
        with store.begin() as work:
            work.posts.gather(observations)
        with store.read() as work:
            work.incidents.find(brand="acme")
    """

    def __init__(self, url: URL) -> None:
        self._where = place(url)
        self.engine, self._reader = engines(url)
        # SQLite lets one write at a time, and others sleep and look again; threads queue up here.
        embedded = self.engine.dialect.name == "sqlite"
        self._turn = threading.Lock() if embedded else nullcontext()

    @classmethod
    def open(cls, url: str) -> Store:
        """Open the database at this address, making or upgrading its tables where needed."""
        address = parsed(url)
        store = cls(address)
        try:
            with store._explained():
                prepare(store.engine, address)
        except BaseException:
            store.close()
            raise
        return store

    @contextmanager
    def begin(self) -> Iterator[UnitOfWork]:
        """One transaction that writes: kept when the block ends, undone when it raises."""
        with self._explained(), self._turn, self.engine.begin() as connection:
            yield UnitOfWork(connection)

    @contextmanager
    def read(self) -> Iterator[UnitOfWork]:
        """One transaction that only reads, and sees one moment; writing in it raises."""
        with self._explained(), self._reader.begin() as connection:
            yield UnitOfWork(connection)

    def close(self) -> None:
        """Let go of every connection."""
        self._reader.dispose()
        self.engine.dispose()

    @contextmanager
    def _explained(self) -> Iterator[None]:
        try:
            yield
        except (SQLAlchemyError, sqlite3.DatabaseError) as error:
            told = explained(error, self._where)
            if told is None:
                raise
            raise told from error

"""Engines for the two databases, set up for one writer at a time or for many."""

from __future__ import annotations

import sqlite3

from sqlalchemy import URL, Connection, Engine, create_engine, event, make_url
from sqlalchemy.exc import ArgumentError
from sqlalchemy.pool import ConnectionPoolEntry

from monitor.store.errors import Problem, StoreError

__all__ = ["engines", "parsed", "place"]

_BUSY_SECONDS = 30
_CONNECT_SECONDS = 10


def parsed(address: str) -> URL:
    """Read a database's address; what it holds is never repeated, it may be a password."""
    try:
        url = make_url(address)
    except (ArgumentError, ValueError):
        raise StoreError(Problem.BAD_URL, "in store.url") from None
    if url.drivername in {"postgresql", "postgresql+psycopg"}:
        return url.set(drivername="postgresql+psycopg")
    if url.drivername != "sqlite" or url.database in {None, "", ":memory:"} or url.host:
        raise StoreError(Problem.BAD_URL, place(url))
    return url


def place(url: URL) -> str:
    """The database as a person calls it: its file, or its address without the password."""
    if url.get_backend_name() == "sqlite" and url.database:
        return url.database
    return url.set(password=None).render_as_string()


def engines(url: URL) -> tuple[Engine, Engine]:
    """One engine that writes and one that only reads."""
    if url.get_backend_name() == "sqlite":
        return _sqlite(url, writes=True), _sqlite(url, writes=False)
    engine = create_engine(
        url,
        hide_parameters=True,
        pool_pre_ping=True,
        connect_args={"connect_timeout": _CONNECT_SECONDS},
    )
    return engine, engine.execution_options(postgresql_readonly=True)


def _sqlite(url: URL, *, writes: bool) -> Engine:
    """SQLite with transactions begun by us: a writer takes the write lock before it reads.

    A transaction that reads first and writes later can lose its turn and fail; one that begins
    with the lock only waits. Commits do not wait for the disk (synchronous=NORMAL): a killed
    process loses nothing, a power cut at most the last moments, and never the file.
    """
    waits = {"timeout": _BUSY_SECONDS} if "timeout" not in url.query else {}
    engine = create_engine(url, hide_parameters=True, connect_args=waits)

    @event.listens_for(engine, "connect")
    def set_up(connection: sqlite3.Connection, _entry: ConnectionPoolEntry) -> None:
        connection.isolation_level = None
        connection.execute("PRAGMA foreign_keys = ON")
        connection.execute("PRAGMA synchronous = NORMAL")
        if not writes:
            connection.execute("PRAGMA query_only = ON")

    @event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")

    return engine

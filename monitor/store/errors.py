"""What can go wrong between Sparkwatch and its database, said so that a person can mend it."""

from __future__ import annotations

import sqlite3
from enum import StrEnum

import psycopg
from sqlalchemy import exc

__all__ = ["Problem", "StaleWrite", "StoreError", "explained"]


class Problem(StrEnum):
    """What is wrong with the database; a stable code beside the English message."""

    BAD_URL = "bad_url"
    UNREACHABLE = "unreachable"
    REFUSED = "refused"
    MISSING = "missing"
    READ_ONLY = "read_only"
    FULL = "full"
    NOT_A_DATABASE = "not_a_database"
    DAMAGED = "damaged"
    FOREIGN = "foreign"
    NEWER = "newer"
    LOCKED = "locked"
    CONNECTION_LOST = "connection_lost"
    FAILED = "failed"


_MESSAGES = {
    Problem.BAD_URL: (
        "cannot be used as a database address; write sqlite:///folder/sparkwatch.db "
        "or postgresql+psycopg://user:password@host/name"
    ),
    Problem.UNREACHABLE: (
        "cannot be reached; see that the server runs, and that host, port and name are right"
    ),
    Problem.REFUSED: "refused the user or the password; correct them in store.url",
    Problem.MISSING: "does not exist on that server; create it (createdb) or correct the name",
    Problem.READ_ONLY: "cannot be written; give this user the right to write there",
    Problem.FULL: (
        "has no room left: the disk is full; nothing of this step was kept, and it will be done "
        "again; free some space"
    ),
    Problem.NOT_A_DATABASE: "is not a database; name another file, or move this one away",
    Problem.DAMAGED: "is damaged; put back the last good copy",
    Problem.FOREIGN: "already holds tables of another program; name an empty database",
    Problem.NEWER: (
        "was written by a newer Sparkwatch; run that version, or name another database"
    ),
    Problem.LOCKED: (
        "is held by another process; nothing of this step was kept, and it will be done again; "
        "if this lasts, see which program has it open"
    ),
    Problem.CONNECTION_LOST: (
        "broke the connection; nothing of this step was kept, and it will be done again"
    ),
    Problem.FAILED: "failed",
}

_SQLITE_CODES = {
    sqlite3.SQLITE_FULL: Problem.FULL,
    sqlite3.SQLITE_BUSY: Problem.LOCKED,
    sqlite3.SQLITE_LOCKED: Problem.LOCKED,
    sqlite3.SQLITE_READONLY: Problem.READ_ONLY,
    sqlite3.SQLITE_PERM: Problem.READ_ONLY,
    sqlite3.SQLITE_CANTOPEN: Problem.READ_ONLY,
    sqlite3.SQLITE_NOTADB: Problem.NOT_A_DATABASE,
    sqlite3.SQLITE_CORRUPT: Problem.DAMAGED,
}

_POSTGRES_STATES = {
    "08": Problem.CONNECTION_LOST,
    "25006": Problem.READ_ONLY,
    "28": Problem.REFUSED,
    "3D000": Problem.MISSING,
    "40": Problem.LOCKED,
    "42501": Problem.READ_ONLY,
    "53100": Problem.FULL,
    "53300": Problem.UNREACHABLE,
    "55P03": Problem.LOCKED,
    "57P": Problem.CONNECTION_LOST,
}

# libpq gives no state for a connection that never came about, only the server's sentence.
_POSTGRES_SENTENCES = {
    "password authentication failed": Problem.REFUSED,
    "no password supplied": Problem.REFUSED,
    "no pg_hba.conf entry": Problem.REFUSED,
    "does not exist": Problem.MISSING,
}


class StoreError(Exception):
    """The database cannot do its part: what is wrong, with which one, and what to do.

    ``where`` names the database without its password.
    """

    def __init__(self, problem: Problem, where: str, detail: str = "") -> None:
        self.problem = problem
        self.where = where
        self.detail = "".join(c if c.isprintable() else " " for c in detail).strip()
        tail = f" ({self.detail})" if self.detail else ""
        super().__init__(f"The database {where} {_MESSAGES[problem]}.{tail}")


class StaleWrite(Exception):  # noqa: N818 - it is no error of the program: somebody was first
    """Somebody else changed an incident in the meantime: read it again and decide again."""

    def __init__(self, incident: str, version: int) -> None:
        self.incident = incident
        self.version = version
        super().__init__(
            f"incident {incident} cannot be saved at version {version}: "
            f"the stored one is no longer version {version - 1}; read it again"
        )


def explained(error: exc.SQLAlchemyError | sqlite3.DatabaseError, where: str) -> StoreError | None:
    """The error as a person should read it; ``None`` for what is a fault of the program."""
    if isinstance(error, sqlite3.DatabaseError):
        return _of_sqlite(error, where)
    if isinstance(error, exc.TimeoutError):
        return StoreError(Problem.LOCKED, where, "no free connection")
    if not isinstance(error, exc.DBAPIError):
        return None
    cause = error.orig
    if isinstance(cause, sqlite3.DatabaseError):
        return _of_sqlite(cause, where)
    if isinstance(cause, psycopg.Error):
        return _of_postgres(cause, where, connection_lost=error.connection_invalidated)
    return None


def _of_sqlite(cause: sqlite3.DatabaseError, where: str) -> StoreError | None:
    code = getattr(cause, "sqlite_errorcode", None)
    problem = None if code is None else _SQLITE_CODES.get(code & 0xFF)
    if problem is not None:
        return StoreError(problem, where)
    if type(cause) is sqlite3.OperationalError and code != sqlite3.SQLITE_ERROR:
        return StoreError(Problem.FAILED, where, str(cause))
    return None


def _of_postgres(cause: psycopg.Error, where: str, *, connection_lost: bool) -> StoreError | None:
    state = cause.sqlstate or ""
    for prefix, problem in _POSTGRES_STATES.items():
        if state.startswith(prefix):
            return StoreError(problem, where)
    if not isinstance(cause, psycopg.OperationalError):
        return None
    sentence = str(cause).strip()
    for part, problem in _POSTGRES_SENTENCES.items():
        if part in sentence:
            return StoreError(problem, where)
    if connection_lost:
        return StoreError(Problem.CONNECTION_LOST, where)
    problem = Problem.FAILED if state else Problem.UNREACHABLE
    return StoreError(problem, where, sentence.splitlines()[0] if sentence else "")

"""Statements that the two databases spell differently, or that come in lists too long for one."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import islice
from typing import Any, TypeAlias, TypeVar

from sqlalchemy import Connection, Table
from sqlalchemy.dialects import postgresql, sqlite

__all__ = ["Record", "add", "chunks", "put"]

Item = TypeVar("Item")
Record: TypeAlias = dict[str, Any]

_CHUNK = 1000


def chunks(items: Iterable[Item], size: int = _CHUNK) -> Iterator[list[Item]]:
    """The items in lists that fit into one statement.

    >>> list(chunks("abcde", 2))
    [['a', 'b'], ['c', 'd'], ['e']]
    """
    rest = iter(items)
    while chunk := list(islice(rest, size)):
        yield chunk


def add(connection: Connection, table: Table, records: Sequence[Mapping[str, Any]]) -> int:
    """Insert the records whose key is new and leave the others; how many were new."""
    if not records:
        return 0
    statement = insert_into(connection, table).on_conflict_do_nothing()
    return connection.execute(
        statement, records, execution_options={"preserve_rowcount": True}
    ).rowcount


def put(connection: Connection, table: Table, records: Sequence[Mapping[str, Any]]) -> None:
    """Insert the records; where the key is known, their columns replace the stored ones."""
    if not records:
        return
    keys = {column.name for column in table.primary_key}
    statement = insert_into(connection, table)
    replaced = {name: statement.excluded[name] for name in records[0] if name not in keys}
    connection.execute(
        statement.on_conflict_do_update(index_elements=sorted(keys), set_=replaced), records
    )


def insert_into(connection: Connection, table: Table) -> postgresql.Insert | sqlite.Insert:
    """An insert that may say what to do on a conflict."""
    if connection.dialect.name == "postgresql":
        return postgresql.insert(table)
    return sqlite.insert(table)

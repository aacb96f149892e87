"""A store that an earlier Sparkwatch filled is brought up to date without losing anything."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import closing
from pathlib import Path
from types import MappingProxyType
from typing import Any, TypeAlias

import pytest
from alembic import command
from alembic.config import Config
from sqlalchemy import Column, Engine, MetaData, Table, create_engine
from sqlalchemy import types as sql

import monitor.store.migrations
from monitor.domain import Emotion, Reading
from monitor.store.store import Store
from monitor.store.unit_of_work import UnitOfWork
from tests.store.making import TUESDAY, after, conclude, key

Rows: TypeAlias = dict[str, list[dict[str, Any]]]
WORDS = {
    "key": "mastodon:1",
    "post": "mastodon:1",
    "first_post": "mastodon:1",
    "brand": "acme",
    "incident": "acme-1",
    "media": "none",
    "level": "high",
    "kind": "opened",
    "quantity": "views",
    "health": "ok",
    "incidents.id": "acme-1",
    "incidents.state": "open",
    "outbox.state": "pending",
}

RENAMED = {"silences": "withheld"}


def migrate(engine: Engine, revision: str, *, back: bool = False) -> None:
    config = Config()
    config.set_main_option("script_location", str(Path(monitor.store.migrations.__path__[0])))
    with engine.begin() as connection:
        config.attributes["connection"] = connection
        (command.downgrade if back else command.upgrade)(config, revision)


def rows(engine: Engine) -> Rows:
    """All that a database holds, whatever its tables are."""
    tables = MetaData()
    tables.reflect(engine)
    with engine.connect() as connection:
        return {
            table.name: [
                dict(row._mapping)
                for row in connection.execute(table.select().order_by(*table.primary_key))
            ]
            for table in tables.sorted_tables
        }


def some_row(table: Table, changes: Mapping[str, object] = MappingProxyType({})) -> dict[str, Any]:
    """A value for each column, but for the numbers that a database gives by itself."""
    return {
        column.name: changes.get(column.name, some_value(column))
        for column in table.c
        if not (column.name == "id" and isinstance(column.type, sql.Integer))
    }


def some_value(column: Column[Any]) -> object:
    match column.type:
        case sql.Boolean():
            return True
        case sql.Integer() | sql.Float():
            return 1
        case sql.DateTime():
            return TUESDAY
        case sql.JSON():
            return []
        case sql.LargeBinary():
            return b"\x00\x3c"
    return WORDS.get(f"{column.table.name}.{column.name}", WORDS.get(column.name, "some:words"))


@pytest.fixture
def old(url: str) -> Iterator[Engine]:
    """A database of the first revision: a row in each table, and two posts more.

    The first post was grouped, the second assessed, the third only matched.
    """
    engine = create_engine(url)
    migrate(engine, "0001")
    tables = MetaData()
    tables.reflect(engine)
    with engine.begin() as connection:
        for table in tables.sorted_tables:
            if table.name != "sparkwatch_schema":
                connection.execute(table.insert(), some_row(table))
        for number, assessed_at in ((2, after(2)), (3, None)):
            changes = {
                "key": f"mastodon:{number}",
                "post": f"mastodon:{number}",
                "published_at": after(number),
                "assessed_at": assessed_at,
                "incident": None,
                "grouped_at": None,
            }
            for name in ("posts", "mentions", "assessments")[: 3 if assessed_at else 2]:
                table = tables.tables[name]
                connection.execute(table.insert(), some_row(table, changes))
    yield engine
    engine.dispose()


def test_what_an_earlier_version_stored_is_all_there_after_the_upgrade(
    old: Engine, url: str
) -> None:
    before = rows(old)
    Store.open(url).close()
    now = rows(old)
    for mention in before["mentions"]:
        assessed_at = mention.pop("assessed_at")
        mention["read_at"] = assessed_at if mention["grouped_at"] else None
    assert before.pop("sparkwatch_schema") != now["sparkwatch_schema"]
    for name, stored in before.items():
        assert stored, name
        kept = [
            {column: row[column] for column in stored[0]} for row in now[RENAMED.get(name, name)]
        ]
        assert kept == stored


def test_what_was_grouped_before_the_upgrade_is_not_read_and_what_was_not_is(
    old: Engine, url: str
) -> None:
    with closing(Store.open(url)) as store, store.begin() as work:
        [grouped] = work.mentions.of_incident("acme-1")
        assert grouped.post.key == key(1)
        assert grouped.assessment.emotions == {Emotion.ANGER: 1.0}
        assert (grouped.assessment.felt, grouped.assessment.abstained) == ((), False)
        assert grouped.reading == Reading()
        waiting = work.mentions.unread(9)
        assert [one.post.key for one in waiting] == [key(2), key(3)]
        assert [one.assessment is not None for one in waiting] == [True, False]
        assert _ungrouped(work) == []
        conclude(work, 2, 3)
        assert _ungrouped(work) == [key(2), key(3)]


def _ungrouped(work: UnitOfWork) -> list[object]:
    return [remark.post.key for remark in work.mentions.ungrouped(9)]


def test_going_back_gives_the_same_store_again(old: Engine, url: str) -> None:
    before = rows(old)
    Store.open(url).close()
    migrate(old, "0001", back=True)
    assert rows(old) == before

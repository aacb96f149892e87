"""What happens to a database before its first use: its folder, its journal, its tables."""

from __future__ import annotations

import threading
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from alembic.util import CommandError
from sqlalchemy import URL, Connection, Engine, inspect, text

from monitor.store.engines import place
from monitor.store.errors import Problem, StoreError
from monitor.store.tables import metadata

__all__ = ["VERSION_TABLE", "prepare"]

VERSION_TABLE = "sparkwatch_schema"

_MIGRATIONS = Path(__file__).parent / "migrations"
_ADVISORY_LOCK = 0x5350_4152_4B57  # "SPARKW"
_one_thread = threading.Lock()  # Alembic keeps the migration under way in module globals.


def prepare(engine: Engine, url: URL) -> None:
    """Make the database ready; two processes may do so at once, and one of them waits."""
    if url.get_backend_name() == "sqlite":
        _make_folder(url)
        with engine.connect() as connection:
            _use_write_ahead_log(connection)
    with _one_thread, engine.begin() as connection:
        if connection.dialect.name == "postgresql":
            connection.execute(text("SELECT pg_advisory_xact_lock(:n)"), {"n": _ADVISORY_LOCK})
        _migrate(connection, place(url))


def _make_folder(url: URL) -> None:
    try:
        Path(url.database or "").parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise StoreError(Problem.READ_ONLY, place(url), error.strerror or "") from error


def _use_write_ahead_log(connection: Connection) -> None:
    driver = connection.connection.driver_connection
    if driver is not None:
        driver.execute("PRAGMA journal_mode = WAL")


def _migrate(connection: Connection, where: str) -> None:
    config = Config()
    config.set_main_option("script_location", str(_MIGRATIONS).replace("%", "%%"))
    config.attributes["connection"] = connection
    scripts = ScriptDirectory.from_config(config)
    context = MigrationContext.configure(connection, opts={"version_table": VERSION_TABLE})
    revision = context.get_current_revision()
    if revision == scripts.get_current_head():
        return
    if revision is None:
        taken = set(metadata.tables) & set(inspect(connection).get_table_names())
        if taken:
            raise StoreError(Problem.FOREIGN, where, ", ".join(sorted(taken)))
    else:
        try:
            scripts.get_revision(revision)
        except CommandError:
            raise StoreError(Problem.NEWER, where) from None
    command.upgrade(config, "head")

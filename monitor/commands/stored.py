"""The store that a command looks into: the configured one, or a file that a replay left."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, TypeAlias

import typer
from sqlalchemy import URL

from config.model import Settings
from monitor import app
from monitor.store.store import Store

__all__ = ["StoreOption", "open_file", "open_store"]

StoreOption: TypeAlias = Annotated[
    Path | None,
    typer.Option("--store", help="Look into this SQLite file instead, as a replay leaves one."),
]


def open_store(settings: Settings, file: Path | None) -> Store:
    """The store that the settings name, or the one in a file that must be there."""
    if file is None:
        return app.open_store(settings)
    if not file.is_file():
        raise typer.BadParameter(f"{file} is no file", param_hint="--store")
    return open_file(file)


def open_file(path: Path) -> Store:
    """The store in a SQLite file, made where there is none."""
    return Store.open(URL.create("sqlite", database=str(path)).render_as_string())

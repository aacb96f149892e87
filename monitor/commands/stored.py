"""What a command looks into: the configured store or a replay's, and the incident it is about."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, TypeAlias

import typer
from sqlalchemy import URL

from config.model import Settings
from monitor import app
from monitor.domain import Incident
from monitor.store.store import Store
from monitor.store.unit_of_work import UnitOfWork

__all__ = ["StoreOption", "known_incident", "open_file", "open_store"]

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


def known_incident(written: str, work: UnitOfWork) -> Incident:
    """The one incident whose id begins so, be it part of another by now."""
    matching = [one for one in work.incidents.find() if one.id.startswith(written)]
    matching += work.incidents.get_all(work.incidents.merged(written)).values()
    if len(matching) != 1:
        raise typer.BadParameter(_not_one(written, matching), param_hint="ID")
    return matching[0]


def _not_one(written: str, matching: list[Incident]) -> str:
    if not matching:
        return f"there is no incident {written}; `sparkwatch incidents --all` lists them"
    ids = ", ".join(one.id for one in matching[:5])
    return f"{written} is the beginning of {len(matching)} incidents: {ids}"

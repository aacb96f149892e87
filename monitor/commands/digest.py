"""`sparkwatch digest`: the weekly summary, now and as a file."""

from __future__ import annotations

from datetime import datetime, time, timedelta
from pathlib import Path
from typing import Annotated
from zoneinfo import ZoneInfo

import typer
from rich.markup import escape

from alerts.digest import digest_letter
from alerts.i18n import Language, Reader
from config.load import load
from config.problems import printable
from monitor import app
from monitor.commands.showing import ConfigOption, console
from monitor.commands.stored import StoreOption, open_store
from monitor.stages.digest import digest_data

__all__ = ["digest"]


def digest(
    config: ConfigOption = Path("sparkwatch.yaml"),
    output: Annotated[
        Path, typer.Option("--output", "-o", help="The page; the text stands beside it as .txt.")
    ] = Path("digest.html"),
    until: Annotated[
        datetime | None,
        typer.Option(formats=["%Y-%m-%d"], help="The day after the last one; today if absent."),
    ] = None,
    language: Annotated[
        Language | None, typer.Option(help="Another language than the configured one.")
    ] = None,
    store_file: StoreOption = None,
) -> None:
    """Write the digest of the last seven days as a page to look at or to forward.

    Readers named in the configuration get theirs by `sparkwatch run`, in their language and zone.

    [bold]Examples[/bold]

      sparkwatch digest

      sparkwatch digest --until 2026-11-16 --language zh-Hant -o last-week.html
    """
    text = output.with_suffix(".txt")
    if text == output:
        raise typer.BadParameter(
            f"{output} is where the text goes; name the page, as in digest.html",
            param_hint="--output",
        )
    settings = load(config)
    zone = ZoneInfo(settings.timezone)
    day = until.date() if until else app.wall_clock().astimezone(zone).date() + timedelta(days=1)
    end = datetime.combine(day, time(0), zone)
    start = datetime.combine(day - timedelta(days=7), time(0), zone)
    reader = Reader(language=language or settings.language, timezone=settings.timezone)
    store = open_store(settings, store_file)
    try:
        with store.read() as work:
            data = digest_data(
                settings.watched(),
                app.taxonomies(settings),
                reader,
                start,
                end,
                work,
                app.teams(settings),
            )
            letter = digest_letter(data)
    finally:
        store.close()
    output.write_text(letter.page(), encoding="utf-8")
    text.write_text(letter.text, encoding="utf-8")
    console().print(f"{escape(letter.subject)}: {escape(printable(output))}")

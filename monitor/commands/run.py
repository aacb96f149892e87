"""`sparkwatch run`: the live program."""

from __future__ import annotations

import signal
from pathlib import Path
from types import FrameType
from typing import Annotated

import typer
from rich.markup import escape

from config.load import load
from monitor import app
from monitor.commands.showing import ConfigOption, console

__all__ = ["run"]


def run(
    config: ConfigOption = Path("sparkwatch.yaml"),
    once: Annotated[
        bool, typer.Option("--once", help="Crawl every source once, do what is undone, and end.")
    ] = False,
) -> None:
    """Listen: crawl, score, group, forecast, alert and write digests until told to stop.

    Ctrl-C or SIGTERM ends it cleanly; what was begun is finished or taken up again at the next
    start. A second process on the same store waits until the first is gone.

    [bold]Examples[/bold]

      sparkwatch run

      sparkwatch run --once --config acme.yaml
    """
    settings = load(config)
    out = console()
    if not settings.sources:
        out.print(
            f"[yellow]No sources are configured in {escape(str(config))}; only what was imported "
            "is looked at.[/yellow]"
        )
    store = app.open_store(settings)
    try:
        out.print(f"Loading the model ({escape(settings.nlp.model)}) …")
        runner = app.runner(settings, store)

        def stop(_signal: int, _frame: FrameType | None) -> None:
            runner.stop()

        signal.signal(signal.SIGTERM, stop)
        signal.signal(signal.SIGINT, stop)
        watched = ", ".join(brand.name for brand in settings.watched())
        sources = ", ".join(source.name for source in settings.sources) or "no source"
        out.print(f"Watching {escape(watched)} at {escape(sources)}. Ctrl-C stops.")
        if once:
            runner.run_once()
        else:
            runner.run(
                on_waiting=lambda: out.print("Another process leads; waiting for it to end.")
            )
        out.print("Stopped.")
    finally:
        store.close()

"""`sparkwatch run`: the live program."""

from __future__ import annotations

import signal
import threading
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from types import FrameType
from typing import Annotated

import typer
from rich.markup import escape

from config.load import load
from monitor import app
from monitor.commands.showing import ConfigOption, console
from monitor.listener import Listener, listening
from monitor.scheduler import Runner

__all__ = ["run"]


def run(
    config: ConfigOption = Path("sparkwatch.yaml"),
    once: Annotated[
        bool, typer.Option("--once", help="Crawl every source once, do what is undone, and end.")
    ] = False,
) -> None:
    """Listen: crawl, score, group, forecast, alert and write digests until told to stop.

    Ctrl-C or SIGTERM ends it cleanly; what was begun is finished or taken up again at the next
    start. A second process on the same store waits until the first is gone. Buttons that are
    pressed in Slack work while it runs, but not with --once.

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
        signals = _stopping_at_signals(runner)
        watched = ", ".join(brand.name for brand in settings.watched())
        sources = ", ".join(source.name for source in settings.sources) or "no source"
        out.print(f"Watching {escape(watched)} at {escape(sources)}. Ctrl-C stops.")

        def waiting() -> None:
            out.print("Another process leads; waiting for it to end.")

        whole = True
        if once:
            whole = runner.run_once(waiting)
        else:
            with closing(app.slack_desk(settings, store)) as desk:
                listeners: Sequence[Listener] = app.slack_sockets(settings, desk)
                with listening(listeners):
                    runner.run(waiting)
    finally:
        store.close()
    if signal.SIGINT in signals:
        raise typer.Exit(130)
    if signals or not once:
        out.print("Stopped.")
    elif whole:
        out.print("Done.")
    else:
        out.print("Not everything was done; the next run takes it up.")
        raise typer.Exit(1)


def _stopping_at_signals(runner: Runner) -> Sequence[int]:
    """Let SIGTERM and Ctrl-C stop the runner; the signals that came are added to the answer."""
    came: list[int] = []

    def stop(number: int, _frame: FrameType | None) -> None:
        came.append(number)
        # The signal may have interrupted the very lock that stopping takes: hence a thread.
        threading.Thread(target=runner.stop, name="stop").start()

    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, stop)
    return came

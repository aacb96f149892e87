"""`sparkwatch run`: the live program."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager, nullcontext
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, Annotated

import typer
from rich.markup import escape

from config.load import load
from config.model import Settings
from monitor import app
from monitor.commands.showing import ConfigOption, console
from monitor.listener import Listener, listening
from monitor.scheduler import Runner
from monitor.store.store import Store

if TYPE_CHECKING:
    from monitor.slack.desk import SlackDesk

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

    Where [bold]web:[/bold] is configured it also serves the pages that links in mails lead to, at
    web.listen (127.0.0.1:8765 unless configured); not with --once.

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
        signals = _Signals()
        with nullcontext() if once else _open_to_people(settings, store):
            if settings.web is not None and not once:
                where = f"{settings.web.listen}, reached by {settings.web.url}"
                out.print(f"Pages to act from messages at {escape(where)}.")
            out.print(f"Loading the model ({escape(settings.nlp.model)}) …")
            runner = app.runner(settings, store, once=once)
            signals.stop(runner)
            watched = ", ".join(brand.name for brand in settings.watched())
            sources = ", ".join(source.name for source in settings.sources) or "no source"
            out.print(f"Watching {escape(watched)} at {escape(sources)}. Ctrl-C stops.")

            def waiting() -> None:
                out.print("Another process leads; waiting for it to end.")

            whole = True
            if once:
                whole = runner.run_once(waiting)
            else:
                runner.run(waiting)
    finally:
        store.close()
    if signal.SIGINT in signals.came:
        raise typer.Exit(130)
    if signals.came or not once:
        out.print("Stopped.")
    elif whole:
        out.print("Done.")
    else:
        out.print("Not everything was done; the next run takes it up.")
        raise typer.Exit(1)


@contextmanager
def _open_to_people(settings: Settings, store: Store) -> Iterator[None]:
    """Let the buttons and links in messages work while the block runs."""
    with (
        closing(app.slack_desk(settings, store)) as desk,
        listening([*_pages(settings, store, desk), *app.slack_sockets(settings, desk)]),
    ):
        yield


def _pages(settings: Settings, store: Store, desk: SlackDesk) -> Sequence[Listener]:
    """The pages that links lead to, and the address to which Slack sends what was pressed."""
    links = app.links(settings)
    if settings.web is None or links is None:
        return ()
    from monitor.web.app import application  # half a second, which most commands need not take
    from monitor.web.server import WebListener

    pages = application(settings, store, links, app.wall_clock, desk)
    return (WebListener(pages, settings.web.address),)


class _Signals:
    """SIGTERM and Ctrl-C, from the beginning: before anything runs they are remembered."""

    def __init__(self) -> None:
        self.came: list[int] = []
        self._runner: Runner | None = None
        signal.signal(signal.SIGTERM, self._take)
        signal.signal(signal.SIGINT, self._take)

    def stop(self, runner: Runner) -> None:
        """Let them stop this one; it does not begin where one has come already."""
        self._runner = runner
        if self.came:
            runner.stop()

    def _take(self, number: int, _frame: FrameType | None) -> None:
        self.came.append(number)
        if self._runner is not None:
            # The signal may have interrupted the very lock that stopping takes: hence a thread.
            threading.Thread(target=self._runner.stop, name="stop").start()

"""The command line: reads what was typed, calls one function, shows what came of it."""

from __future__ import annotations

import errno
import logging
import sys

import structlog
import typer
from rich.console import Console
from rich.markup import escape
from structlog.typing import EventDict

from alerts.channels.receiver import SecretError
from config.problems import ConfigError, printable
from monitor.archive import ArchiveError
from monitor.commands.act import act
from monitor.commands.backtest import backtest
from monitor.commands.check import check
from monitor.commands.demo import demo
from monitor.commands.digest import digest
from monitor.commands.explain import explain
from monitor.commands.forecasts import forecasts
from monitor.commands.importing import import_posts
from monitor.commands.incidents import incidents, show
from monitor.commands.init import init
from monitor.commands.promises import promises
from monitor.commands.replay import replay
from monitor.commands.run import run
from monitor.commands.silence import silence
from monitor.commands.source import source
from monitor.commands.sources import sources
from monitor.commands.tune import tune
from monitor.commands.why import why
from monitor.listener import ListenError
from monitor.store.errors import StoreError
from nlp.errors import ModelError

__all__ = ["app", "main"]

_NO_ROOM = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
_INTERRUPTED = 130
"""What a program ends with that was stopped by Ctrl-C: 128 and the signal's number."""

app = typer.Typer(
    name="sparkwatch",
    help="Finds the complaints about a brand that are spreading, says how far each will go and how "
    "sure it is, and tells the right people before the anger snowballs.\n\n"
    "Begin with [bold]sparkwatch demo[/bold]; for your own brand, [bold]sparkwatch init[/bold], "
    "[bold]sparkwatch check[/bold], [bold]sparkwatch run[/bold].",
    no_args_is_help=True,
    rich_markup_mode="rich",
    pretty_exceptions_enable=False,
    add_completion=False,
)
app.command()(demo)
app.command()(init)
app.command()(check)
app.command()(run)
app.command()(replay)
app.command()(backtest)
app.command()(tune)
app.command("import")(import_posts)
app.command()(incidents)
app.command()(show)
app.command()(why)
app.command()(act)
app.command()(explain)
app.command()(forecasts)
app.command()(digest)
app.add_typer(promises, name="promises")
app.command()(sources)
app.add_typer(source, name="source")
app.add_typer(silence, name="silence")


def main() -> None:
    """Run the command line; a known failure is one message, not a traceback."""
    _log_to_stderr()
    try:
        app()
    except (ArchiveError, ConfigError, ListenError, ModelError, SecretError, StoreError) as error:
        _tell(str(error))
        sys.exit(1)
    except OSError as error:
        if error.filename is not None:
            _tell(f"{error.filename}: {error.strerror}")
        elif error.errno in _NO_ROOM:
            _tell(f"{error.strerror}: free some space and run it again")
        else:
            raise  # no file that a person named, so a fault of the program
        sys.exit(1)
    except SystemExit as end:
        if end.code == _INTERRUPTED:
            _tell("interrupted")
        raise


def _tell(message: str) -> None:
    """One message to whoever typed the command, with nothing in it that steers the terminal."""
    console = Console(stderr=True, highlight=False, soft_wrap=True, emoji=False)
    for line in message.splitlines():
        console.print(f"[red]sparkwatch:[/red] {escape(printable(line))}")


def _log_to_stderr() -> None:
    """Logs are for whoever operates it: one line an event, times in UTC."""
    logging.basicConfig(level=logging.WARNING, format="%(levelname)s %(name)s: %(message)s")
    # A crawl that takes longer than its interval is no news; that it goes on is in its health.
    logging.getLogger("apscheduler").setLevel(logging.ERROR)
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            _printable_values,
            structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty()),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
    )


def _printable_values(_logger: object, _method: str, event: EventDict) -> EventDict:
    """A stranger's words in a log line neither end it nor steer the terminal."""
    return {
        name: printable(value) if isinstance(value, str) else value for name, value in event.items()
    }

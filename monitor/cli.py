"""The command line: reads what was typed, calls one function, shows what came of it."""

from __future__ import annotations

import logging
import sys

import structlog
import typer
from rich.console import Console
from rich.markup import escape

from alerts.channels.receiver import SecretError
from config.problems import ConfigError
from monitor.archive import ArchiveError
from monitor.commands.check import check
from monitor.commands.demo import demo
from monitor.commands.digest import digest
from monitor.commands.importing import import_posts
from monitor.commands.incidents import incidents, show
from monitor.commands.init import init
from monitor.commands.replay import replay
from monitor.commands.run import run
from monitor.store.errors import StoreError
from nlp.errors import ModelError

__all__ = ["app", "main"]

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
app.command("import")(import_posts)
app.command()(incidents)
app.command()(show)
app.command()(digest)


def main() -> None:
    """Run the command line; a known failure is one message, not a traceback."""
    _log_to_stderr()
    try:
        app()
    except (ArchiveError, ConfigError, ModelError, SecretError, StoreError) as error:
        Console(stderr=True, highlight=False, soft_wrap=True).print(
            f"[red]sparkwatch:[/red] {escape(str(error))}"
        )
        sys.exit(1)


def _log_to_stderr() -> None:
    """Logs are for whoever operates it: one line an event, times in UTC."""
    logging.basicConfig(level=logging.WARNING, format="%(levelname)s %(name)s: %(message)s")
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty()),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
    )

"""`sparkwatch replay`: what would have been raised, and when."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Annotated

import typer
from rich.markup import escape

from config.load import load
from config.problems import printable
from monitor import archive
from monitor.commands.importing import (
    ColumnOption,
    FileArgument,
    MaxErrorsOption,
    SourceOption,
    TimeFormatOption,
    archive_of,
    whole_archive,
)
from monitor.commands.replaying import TickOption, follow, print_report, write_report
from monitor.commands.showing import ConfigOption, console

__all__ = ["replay"]


def replay(
    file: FileArgument,
    config: ConfigOption = Path("sparkwatch.yaml"),
    output: Annotated[
        Path, typer.Option("--output", "-o", help="Where messages, report and store are left.")
    ] = Path("replay-output"),
    tick: TickOption = timedelta(minutes=5),
    column: ColumnOption = None,
    source: SourceOption = "archive",
    time_format: TimeFormatOption = None,
    max_errors: MaxErrorsOption = archive.MOST_REJECTED,
) -> None:
    """Replay an archive of posts as if it happened now, and see what would have been raised.

    The posts pass the very stages that run live, each as of its own moment. Nothing is sent: the
    messages are left in the output folder, with a report (report.html, report.json) and a store
    of their own. To judge it against true incidents or another configuration there is
    `sparkwatch backtest`.

    [bold]Examples[/bold]

      sparkwatch replay week.jsonl.gz

      sparkwatch replay export.csv --column text=Comment --column published_at=Date

      sparkwatch replay week.jsonl -o out && sparkwatch incidents --store out/replay.db
    """
    settings = load(config)
    out = console()
    read = archive_of(
        file,
        settings,
        columns=column or (),
        source=source,
        time_format=time_format,
        max_errors=max_errors,
    )
    observations = whole_archive(read, file, out, "replayed")
    out.print(f"Replaying {len(observations)} observations from {escape(printable(file))}")
    replayed = follow(settings, observations, output=output, tick=tick, console=out)
    print_report(replayed, settings, out)
    write_report(replayed, output / "report.json", archive=file.name, name=config.name)
    out.print(
        f"Messages, report.html, report.json and replay.db are in {escape(printable(output))}"
    )

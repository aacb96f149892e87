"""`sparkwatch import`: surveys, tickets, reviews and exports, through a column map."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import islice
from pathlib import Path
from typing import Annotated, TypeAlias
from zoneinfo import ZoneInfo

import typer
from rich.console import Console
from rich.markup import escape

from alerts.untrusted import one_line
from config.load import load
from monitor import app, archive
from monitor.archive import Archive
from monitor.commands.showing import ConfigOption, console

__all__ = ["ColumnOption", "column_map", "import_posts", "print_rejected"]

_BATCH = 2_000
_SHOWN = 10

ColumnOption: TypeAlias = Annotated[
    Sequence[str],
    typer.Option(
        "--column",
        metavar="FIELD=HEADER",
        help="Which column holds a field, as in text=Comment; repeat it for more.",
    ),
]


def column_map(pairs: Sequence[str]) -> Mapping[str, str]:
    """``["text=Comment"]`` as a mapping; raises ``typer.BadParameter`` naming what is wrong."""
    columns = {}
    for pair in pairs:
        field, equals, header = pair.partition("=")
        if not (equals and header) or field not in archive.FIELDS:
            known = ", ".join(sorted(archive.FIELDS))
            raise typer.BadParameter(f"{pair!r} is not FIELD=HEADER; the fields are {known}")
        columns[field] = header
    return columns


def print_rejected(read: Archive, out: Console) -> None:
    """The lines that were put aside, the first few with their reasons."""
    for rejected in read.rejected[:_SHOWN]:
        reason = escape(one_line(rejected.reason, 200))
        out.print(f"[yellow]line {rejected.line} left out:[/yellow] {reason}")
    if len(read.rejected) > _SHOWN:
        out.print(f"[yellow]… and {len(read.rejected) - _SHOWN} more lines left out[/yellow]")
    if read.unknown:
        fields = ", ".join(f"{name} ({count})" for name, count in read.unknown.most_common(8))
        out.print(f"[dim]columns not used: {escape(one_line(fields, 300))}[/dim]")


def import_posts(
    file: Annotated[Path, typer.Argument(help="JSON Lines or CSV, plain or .gz.")],
    config: ConfigOption = Path("sparkwatch.yaml"),
    column: ColumnOption = (),
    source: Annotated[
        str, typer.Option(help="The source's name where the file gives none, as in 'tickets'.")
    ] = "import",
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Only tell what would be imported.")
    ] = False,
) -> None:
    """Bring in posts, reviews, tickets or survey answers from a file.

    Each row needs a text and a time; the rest (author, rating, url, views ...) is welcome. A row
    that was imported before is updated, not doubled. `sparkwatch run` takes it from there; what is
    older than a few hours joins its incidents and wakes nobody up.

    [bold]Examples[/bold]

      sparkwatch import reviews.csv --column text=Comment --column published_at=Date --dry-run

      sparkwatch import tickets.jsonl --source tickets
    """
    settings = load(config)
    out = console()
    read = archive.read(
        file, columns=column_map(column), source=source, timezone=ZoneInfo(settings.timezone)
    )
    if dry_run:
        seen = list(read)
        for observation in seen[:3]:
            post = observation.post
            out.print(
                f"[dim]{post.published_at.isoformat()}[/dim]  {post.key.source}  "
                f"{escape(one_line(post.text, 100))}"
            )
        print_rejected(read, out)
        out.print(f"{len(seen)} rows can be imported, {len(read.rejected)} not; nothing was kept")
        return
    store = app.open_store(settings)
    new = changed = 0
    try:
        rows = iter(read)
        while batch := tuple(islice(rows, _BATCH)):
            with store.begin() as work:
                gathered = work.posts.gather(batch)
            new, changed = new + gathered.new, changed + gathered.changed
    finally:
        store.close()
    print_rejected(read, out)
    out.print(f"{new} new, {changed} changed, {len(read.rejected)} lines left out")

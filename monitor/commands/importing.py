"""`sparkwatch import`: surveys, tickets, reviews and exports, through a column map."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Annotated, TypeAlias
from zoneinfo import ZoneInfo

import typer
from rich.console import Console
from rich.markup import escape

from alerts.untrusted import one_line
from config.load import load
from config.model import Settings
from config.problems import printable
from monitor import app, archive
from monitor.archive import Archive, ArchiveError
from monitor.commands.showing import ConfigOption, console
from monitor.domain import Observation

__all__ = [
    "ColumnOption",
    "FileArgument",
    "MaxErrorsOption",
    "SourceOption",
    "TimeFormatOption",
    "archive_of",
    "import_posts",
    "whole_archive",
]

_BATCH = 2_000
_SHOWN = 10
_PREVIEWED = 3

FileArgument: TypeAlias = Annotated[
    Path, typer.Argument(help="JSON Lines or CSV, plain or .gz.", show_default=False)
]
ColumnOption: TypeAlias = Annotated[
    list[str] | None,
    typer.Option(
        "--column",
        metavar="FIELD=HEADER",
        help="Which column holds a field, as in text=Comment; repeat it for more.",
    ),
]
SourceOption: TypeAlias = Annotated[
    str, typer.Option(help="The source's name where the file gives none, as in 'tickets'.")
]
TimeFormatOption: TypeAlias = Annotated[
    str | None,
    typer.Option(
        help="How times are written where they could mean two days, as in '%d/%m/%Y %H:%M'."
    ),
]
MaxErrorsOption: TypeAlias = Annotated[
    int, typer.Option(min=0, help="Give up after more unreadable lines than this.")
]


def archive_of(
    file: Path,
    settings: Settings,
    *,
    columns: Sequence[str],
    source: str,
    time_format: str | None,
    max_errors: int,
) -> Archive:
    """The file as the flags say that it is to be read; nothing is opened yet."""
    if not source.strip() or ":" in source or not source.isprintable():
        raise typer.BadParameter(
            f"{source!r} cannot name a source: use letters, digits and hyphens",
            param_hint="--source",
        )
    return archive.read(
        file,
        columns=_column_map(columns),
        source=source,
        timezone=ZoneInfo(settings.timezone),
        time_format=time_format,
        max_errors=max_errors,
    )


def whole_archive(read: Archive, file: Path, out: Console, nothing_is: str) -> list[Observation]:
    """Everything that can be read of an archive; what cannot is told, however the reading ends.

    Raises:
        ArchiveError: there is no post in it; ``nothing_is`` says what is not done therefore.
    """
    try:
        observations = list(read)
    finally:
        print_findings(read, out)
    if not observations:
        raise ArchiveError(f"{file}: no post in it could be read, so nothing is {nothing_is}")
    return observations


def _column_map(pairs: Sequence[str]) -> Mapping[str, str]:
    """``["text=Comment"]`` as a mapping; raises ``typer.BadParameter`` naming what is wrong."""
    columns: dict[str, str] = {}
    for pair in pairs:
        field, equals, header = pair.partition("=")
        if not (equals and header) or field not in archive.FIELDS:
            known = ", ".join(sorted(archive.FIELDS))
            raise typer.BadParameter(
                f"{pair!r} is not FIELD=HEADER; the fields are {known}", param_hint="--column"
            )
        if field in columns:
            raise typer.BadParameter(
                f"{field} is given twice: {columns[field]!r} and {header!r}", param_hint="--column"
            )
        columns[field] = header
    return columns


def print_findings(read: Archive, out: Console) -> None:
    """What a person should know of the reading: lines put aside, columns not used, the encoding."""
    for rejected in read.rejected[:_SHOWN]:
        reason = escape(one_line(rejected.reason, 200))
        out.print(f"[yellow]line {rejected.line} left out:[/yellow] {reason}")
    if len(read.rejected) > _SHOWN:
        out.print(f"[yellow]… and {len(read.rejected) - _SHOWN} more lines left out[/yellow]")
    if read.unknown:
        fields = ", ".join(f"{name} ({count})" for name, count in read.unknown.most_common(8))
        out.print(f"[dim]columns not used: {escape(one_line(fields, 300))}[/dim]")
    if not read.encoding.startswith("utf-8"):
        out.print(
            f"[yellow]read as {read.encoding.upper()}:[/yellow] if the text looks wrong, save the "
            "file as 'CSV UTF-8' and read that"
        )


def import_posts(
    file: FileArgument,
    config: ConfigOption = Path("sparkwatch.yaml"),
    column: ColumnOption = None,
    source: SourceOption = "import",
    time_format: TimeFormatOption = None,
    max_errors: MaxErrorsOption = archive.MOST_REJECTED,
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

      sparkwatch import survey.csv --time-format "%d/%m/%Y" --max-errors 0
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
    count = _preview(read, out) if dry_run else _keep(read, settings, out)
    if count == 0:
        raise ArchiveError(f"{file}: no row in it could be read, so nothing was imported")


def _preview(read: Archive, out: Console) -> int:
    count = 0
    try:
        for count, observation in enumerate(read, start=1):
            if count <= _PREVIEWED:
                post = observation.post
                out.print(
                    f"[dim]{post.published_at.isoformat()}[/dim]  "
                    f"{escape(printable(post.key.source))}  {escape(one_line(post.text, 100))}"
                )
    finally:
        print_findings(read, out)
        out.print(f"{count} rows can be imported, {len(read.rejected)} not; nothing was kept")
    return count


def _keep(read: Archive, settings: Settings, out: Console) -> int:
    count = new = changed = 0
    store = app.open_store(settings)
    try:
        for batch in _batches(read):
            with store.begin() as work:
                gathered = work.posts.gather(batch)
            count += len(batch)
            new, changed = new + gathered.new, changed + gathered.changed
    finally:
        store.close()
        print_findings(read, out)
        out.print(
            f"{count} rows read: {new} new, {changed} changed; {len(read.rejected)} lines left out"
        )
    return count


def _batches(rows: Iterable[Observation]) -> Iterator[Sequence[Observation]]:
    """The rows in batches; what came before a file proved unreadable is a batch as well."""
    batch: list[Observation] = []
    try:
        for row in rows:
            batch.append(row)
            if len(batch) == _BATCH:
                yield tuple(batch)
                batch.clear()
    except ArchiveError:
        if batch:
            yield tuple(batch)
        raise
    if batch:
        yield tuple(batch)

"""`sparkwatch backtest`: what a configuration is worth on an archive, or two beside each other."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated
from zoneinfo import ZoneInfo

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from alerts.untrusted import one_line
from config.load import load
from config.model import Settings
from config.problems import printable
from monitor import archive
from monitor import backtest as judging
from monitor.commands.importing import (
    ColumnOption,
    FileArgument,
    MaxErrorsOption,
    SourceOption,
    TimeFormatOption,
    archive_of,
    whole_archive,
)
from monitor.commands.replaying import (
    Replayed,
    TickOption,
    follow,
    load_model,
    results_of,
    write_results,
)
from monitor.commands.reporting import Changed, Results, figure_rows
from monitor.commands.showing import ConfigOption, console, words_for
from monitor.domain import Observation
from monitor.incidents.matching import Matcher
from monitor.labels import Label, read_labels
from monitor.replay import Replay

__all__ = ["backtest"]

_MATTERS = ("brands", "nlp", "alerts.policy")
"""What changes the course of a back-test; the rest says where from and where to."""
_LONGEST_VALUE = 160


def backtest(
    file: FileArgument,
    config: ConfigOption = Path("sparkwatch.yaml"),
    against: Annotated[
        Path | None,
        typer.Option(help="A second configuration: what would it have raised?", metavar="CONFIG"),
    ] = None,
    labels: Annotated[
        Path | None,
        typer.Option(
            help="The true incidents, as CSV with the columns brand, start, end, title, posts; "
            "see below.",
            metavar="FILE.csv",
        ),
    ] = None,
    output: Annotated[
        Path, typer.Option("--output", "-o", help="Where report.html and report.json are left.")
    ] = Path("backtest-output"),
    tick: TickOption = timedelta(minutes=5),
    column: ColumnOption = None,
    source: SourceOption = "archive",
    time_format: TimeFormatOption = None,
    max_errors: MaxErrorsOption = archive.MOST_REJECTED,
) -> None:
    """Judge a configuration on an archive: alarms, lead, precision, forecasts.

    The posts pass the very stages that run live, each as of its own moment; nothing is sent or
    kept. The report has the course of every incident that was told of, its forecasts against what
    came, how early it was told, and alarms a brand-week. The same archive and configuration give
    the same report, byte for byte.

    [bold]Labels[/bold] are the incidents that should have been told, all of them, one a line:
    brand (name or id), then start and end (2015-02-22T09:00, an offset is welcome; or dates),
    or posts (ids, separated by spaces), or both; a title if you like. An alert is right where its
    incident then held one of these posts; without posts, where it was raised between start and
    end or at least half of its incident's posts were.

    [bold]Examples[/bold]

      sparkwatch backtest week.jsonl.gz

      sparkwatch backtest week.jsonl.gz --labels true-incidents.csv

      sparkwatch backtest week.jsonl.gz --config now.yaml --against bolder.yaml -o bolder
    """
    ours = load(config)
    theirs = load(against) if against is not None else None
    out = console()
    known = {brand.id: brand for one in (theirs, ours) if one for brand in one.watched()}
    truth: list[Label] = []
    if labels is not None:
        truth = read_labels(labels, known.values(), ZoneInfo(ours.timezone))
    read = archive_of(
        file,
        ours,
        columns=column or (),
        source=source,
        time_format=time_format,
        max_errors=max_errors,
    )
    observations = whole_archive(read, file, out, "tested")
    out.print(f"Back-testing {len(observations)} observations from {escape(printable(file))}")
    output.mkdir(parents=True, exist_ok=True)
    pairs = [(config, ours)] + ([(against, theirs)] if against and theirs else [])
    replays = _replayed([settings for _, settings in pairs], observations, tick, out)
    archived = {seen.post.key for seen in observations}
    results = results_of(
        replays[0],
        tuple(
            judging.backtest(path.name, replayed.report, truth, archived)
            for (path, _), replayed in zip(pairs, replays, strict=True)
        ),
        archive=file.name,
        changed=tuple(_changed(ours, theirs)) if theirs else (),
        others=theirs,
    )
    write_results(results, output / "report.json")
    _print(results, ours, out)
    seconds = sum(replayed.seconds for replayed in replays)
    out.print(f"{seconds:.0f} s; report.html and report.json are in {escape(printable(output))}")


def _replayed(
    configured: Sequence[Settings],
    observations: Sequence[Observation],
    tick: timedelta,
    out: Console,
) -> list[Replayed]:
    """A replay under each configuration; what reads the same posts the same way reads them once."""
    first = configured[0]
    scores = load_model(first, out)
    if len(configured) > 1:
        matcher = Matcher(first.watched())
        scores = Replay(observations=observations, tick=tick).read_ahead(scores, matcher)
    replays = []
    for settings in configured:
        alike = (settings.nlp, settings.brands) == (first.nlp, first.brands)
        with TemporaryDirectory(prefix="sparkwatch-") as folder:
            replays.append(
                follow(
                    settings,
                    observations,
                    output=Path(folder),
                    tick=tick,
                    console=out,
                    scores=scores if alike else None,
                    live=False,
                )
            )
    return replays


def _changed(ours: Settings, theirs: Settings) -> Iterator[Changed]:
    """The settings that differ, of those that matter to a back-test."""
    a, b = (
        dict(_values("", ours.model_dump(mode="json"))),
        dict(_values("", theirs.model_dump(mode="json"))),
    )
    for name in sorted(a.keys() | b.keys()):
        if name.startswith(_MATTERS) and a.get(name) != b.get(name):
            yield Changed(
                setting=name,
                a=one_line(a.get(name, "–"), _LONGEST_VALUE),
                b=one_line(b.get(name, "–"), _LONGEST_VALUE),
            )


def _values(name: str, value: object) -> Iterator[tuple[str, str]]:
    """Every setting by its dotted name; a list counts as one, but for the brands."""
    if isinstance(value, Mapping):
        for key, inner in value.items():
            yield from _values(f"{name}.{key}" if name else str(key), inner)
    elif name == "brands" and isinstance(value, list):
        for brand in value:
            yield from _values(f"brands.{brand['id']}", brand)
    else:
        yield name, ", ".join(map(str, value)) if isinstance(value, list) else str(value)


def _print(results: Results, settings: Settings, out: Console) -> None:
    words = words_for(settings)
    table = Table(box=None, pad_edge=False, header_style="bold", show_header=len(results.runs) > 1)
    table.add_column("")
    for run in results.runs:
        table.add_column(escape(printable(run.name)), overflow="fold")
    for row in figure_rows(results.runs, words):
        table.add_row(escape(row.label), *map(escape, row.cells))
    out.print(table)
    if len(results.runs) == 1:
        return
    by = [told.by for told in results.told()]
    a, b = (escape(printable(run.name)) for run in results.runs)
    out.print(
        f"Incidents told of by both {by.count((True, True))}, only by {a} "
        f"{by.count((True, False))}, only by {b} {by.count((False, True))}"
    )

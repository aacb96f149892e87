"""A replay as a person follows it: progress while it runs, a timeline, and what came of it."""

from __future__ import annotations

import re
import time
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TypeAlias

import attrs
import typer
from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table

from alerts.i18n import Words
from alerts.intervals import parse_interval
from alerts.untrusted import one_line
from config.model import Settings
from monitor import app
from monitor.backtest import Backtest, backtest
from monitor.commands.report_json import as_json
from monitor.commands.report_page import page
from monitor.commands.reporting import Changed, Results
from monitor.commands.showing import forecast_line, level_text, reasons_text, span, words_for
from monitor.commands.stored import open_file
from monitor.domain import Observation, Quantity
from monitor.replay import Moment, Raised, Report

if TYPE_CHECKING:
    from nlp.scoring import Scorer

__all__ = [
    "Replayed",
    "TickOption",
    "follow",
    "load_model",
    "print_report",
    "results_of",
    "write_report",
    "write_results",
]


def _tick(written: str) -> timedelta:
    try:
        tick = parse_interval(written)
    except ValueError as error:
        raise typer.BadParameter(str(error)) from error
    if not tick:
        raise typer.BadParameter("a tick of no length never ends; write one such as 5m")
    return tick


TickOption: TypeAlias = Annotated[
    timedelta,
    typer.Option(parser=_tick, metavar="5m", help="How often the pipeline runs, simulated."),
]

_SAY_EVERY = timedelta(hours=6)
_MESSAGE = re.compile(r"\d{8}-\d{6}-[0-9a-f]{8}\.(?:eml|json|html)")


@attrs.frozen(kw_only=True)
class Replayed:
    """What a replay came to, and how long it took."""

    report: Report
    settings: Settings
    tick: timedelta
    model: str
    """The model that read the posts, with its revision."""
    seconds: float
    store: Path

    @property
    def posts_a_second(self) -> float:
        """Observations through the whole pipeline, a second."""
        return self.report.observations / self.seconds


def follow(
    settings: Settings,
    observations: Sequence[Observation],
    *,
    output: Path,
    tick: timedelta,
    console: Console,
    scores: Scorer | None = None,
    live: bool = True,
) -> Replayed:
    """Replay ``observations`` into ``output``, telling what happens as it happens.

    Where it is not ``live`` only the progress is told. ``scores`` is the model, where it was
    loaded already.
    """
    words = words_for(settings)
    output.mkdir(parents=True, exist_ok=True)
    path = output / "replay.db"
    _refuse_the_live_store(settings, path)
    scores = scores or load_model(settings, console)
    prepared = app.replay(settings, observations, scores=scores, output=output, tick=tick)
    _clear(path, prepared.folders)
    store = open_file(path)
    started = time.perf_counter()
    bar = Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
        console=console,
        transient=True,
        disable=not console.is_terminal,
    )
    try:
        with bar:
            task = bar.add_task("posts", total=len(observations))
            timeline = _Timeline(console, words, announce=not console.is_terminal, live=live)

            def tell(moment: Moment) -> None:
                bar.update(task, completed=moment.gathered, description=words.when(moment.now))
                timeline.tell(moment)

            report = prepared.replay.run(store, prepared.pipeline, tell)
    finally:
        store.close()
    return Replayed(
        report=report,
        settings=settings,
        tick=tick,
        model=f"{scores.model} {scores.revision}",
        seconds=time.perf_counter() - started,
        store=path,
    )


def load_model(settings: Settings, console: Console) -> Scorer:
    """The model that the settings name; it takes seconds, so it is told."""
    console.print(f"Loading the model ({escape(settings.nlp.model)}) …")
    return app.scorer(settings)


def _refuse_the_live_store(settings: Settings, path: Path) -> None:
    if settings.store.url.get_secret_value() == f"sqlite:///{path.absolute()}":
        raise typer.BadParameter(
            f"{path} is the store that `sparkwatch run` uses; name another folder",
            param_hint="--output",
        )


def _clear(store: Path, folders: Sequence[Path]) -> None:
    """Take out what an earlier replay left, its store and its messages, and nothing else."""
    for old in store.parent.glob(f"{store.name}*"):
        old.unlink()
    for folder in folders:
        for old in folder.iterdir() if folder.is_dir() else ():
            if _MESSAGE.fullmatch(old.name):
                old.unlink()


class _Timeline:
    """Prints what a person wants to hear of, each line with its simulated time."""

    def __init__(self, console: Console, words: Words, *, announce: bool, live: bool) -> None:
        self._console = console
        self._words = words
        self._announce = announce
        self._live = live
        self._said_at = -_SAY_EVERY.total_seconds()

    def tell(self, moment: Moment) -> None:
        stamp = f"[dim]{self._words.when(moment.now)}[/dim]"
        since = moment.now.timestamp() - self._said_at
        if self._announce and since >= _SAY_EVERY.total_seconds():
            self._said_at = moment.now.timestamp()
            self._console.print(f"{stamp}  {moment.gathered} of {moment.total} posts read")
        if self._live:
            self._tell_what_happened(moment, stamp)

    def _tell_what_happened(self, moment: Moment, stamp: str) -> None:
        for incident in moment.opened:
            posts = self._words.count("{n} post", "{n} posts", incident.posts)
            people = self._words.count("{n} person", "{n} people", incident.authors)
            self._console.print(
                f"{stamp}  incident {incident.id}  {escape(one_line(incident.title, 90))}"
                f"  [dim]({posts}, {people})[/dim]"
            )
        for alert, incident, forecasts in moment.alerts:
            level = level_text(alert.level, self._words).markup
            self._console.print(
                f"{stamp}  ALERT {level} ({alert.kind.value})  {incident.id}  "
                f"{escape(one_line(incident.title, 90))}"
            )
            self._console.print(
                f"             why: {escape(reasons_text(alert.reasons, self._words))}"
            )
            for forecast in forecasts:
                shown = forecast.quantity is not Quantity.SHARES
                if shown and forecast.horizon != timedelta(hours=6):
                    self._console.print(
                        f"             forecast: {forecast_line(forecast, self._words)}"
                    )


def print_report(replayed: Replayed, settings: Settings, console: Console) -> None:
    """What was raised, when, and how that compares with what the incident came to."""
    report, words = replayed.report, words_for(settings)
    figures = backtest("", report).figures
    names = {brand.id: brand.name for brand in settings.watched()}
    table = Table(box=None, pad_edge=False, header_style="bold")
    for heading in ("brand", "raised", "level", "why it was told", "incident"):
        table.add_column(heading, overflow="fold")
    table.add_column("posts then", justify="right")
    table.add_column("finally", justify="right")
    table.add_column("lead over half", justify="right")
    for raised in report.raised:
        table.add_row(
            escape(names.get(raised.alert.brand, raised.alert.brand)),
            words.when(raised.alert.raised_at),
            level_text(raised.alert.level, words),
            raised.alert.reasons[0].code,
            escape(one_line(raised.title, 60)),
            str(raised.posts_then),
            str(raised.posts_finally),
            _lead(raised),
        )
    console.print(table)
    days = (report.ended_at - report.started_at) / timedelta(days=1)
    rate = figures.urgent.a_brand_week
    a_week = f" ({rate:.1f} a brand-week)" if rate is not None else ""
    console.print(
        f"{report.observations} observations of {report.posts} posts over {days:.1f} days, "
        f"{report.mentions} mentions, {report.complaints} in stories, "
        f"{report.incidents} incidents; {len(report.raised)} alerts, {figures.urgent.count} of "
        f"them high or critical{a_week}; "
        f"{replayed.posts_a_second:.0f} posts a second ({replayed.seconds:.0f} s)"
    )


def write_report(replayed: Replayed, path: Path, *, archive: str = "", name: str = "") -> None:
    """Leave the report as JSON at ``path`` and as a page beside it; see ``write_results``."""
    runs = (backtest(name, replayed.report),)
    write_results(results_of(replayed, runs, archive=archive), path)


def results_of(
    replayed: Replayed,
    runs: tuple[Backtest, ...],
    *,
    archive: str,
    changed: tuple[Changed, ...] = (),
    others: Settings | None = None,
) -> Results:
    """What a report tells of, for the reader whom the settings name.

    ``others`` are the settings of the second run, which may know other brands.
    """
    settings = replayed.settings
    brands = [*(others.watched() if others else ()), *settings.watched()]
    return Results(
        archive=archive,
        model=replayed.model,
        tick=replayed.tick,
        runs=runs,
        brands={brand.id: brand.name for brand in brands},
        reader=words_for(settings).reader,
        changed=changed,
    )


def write_results(results: Results, path: Path) -> None:
    """The report as JSON at ``path`` and as a page (.html) beside it.

    The same archive and settings give the same bytes.
    """
    path.write_text(as_json(results), encoding="utf-8")
    path.with_suffix(".html").write_text(page(results), encoding="utf-8")


def _lead(raised: Raised) -> str:
    if raised.before_half is None:
        return "–"
    late = raised.before_half < timedelta(0)
    return ("−" if late else "+") + span(raised.before_half)

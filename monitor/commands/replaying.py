"""A replay as a person follows it: progress while it runs, a timeline, and what came of it."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path

import attrs
import typer
from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table

from alerts.i18n import Words
from alerts.untrusted import one_line
from config.model import Settings
from monitor import app
from monitor.commands.showing import forecast_line, level_text, reasons_text, span, words_for
from monitor.commands.stored import open_file
from monitor.domain import Observation, Quantity
from monitor.replay import Moment, Raised, Report

__all__ = ["Replayed", "follow", "print_report", "write_report"]

_SAY_EVERY = timedelta(hours=6)
_MESSAGE = re.compile(r"\d{8}-\d{6}-[0-9a-f]{8}\.(?:eml|json|html)")


@attrs.frozen
class Replayed:
    """What a replay came to, and how long it took."""

    report: Report
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
) -> Replayed:
    """Replay ``observations`` into ``output``, telling what happens as it happens."""
    words = words_for(settings)
    output.mkdir(parents=True, exist_ok=True)
    path = output / "replay.db"
    _refuse_the_live_store(settings, path)
    console.print(f"Loading the model ({escape(settings.nlp.model)}) …")
    scores = app.scorer(settings)
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
            timeline = _Timeline(console, words, announce=not console.is_terminal)

            def tell(moment: Moment) -> None:
                bar.update(task, completed=moment.gathered, description=words.when(moment.now))
                timeline.tell(moment)

            report = prepared.replay.run(store, prepared.pipeline, tell)
    finally:
        store.close()
    return Replayed(report, time.perf_counter() - started, path)


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

    def __init__(self, console: Console, words: Words, announce: bool) -> None:
        self._console = console
        self._words = words
        self._announce = announce
        self._said_at = -_SAY_EVERY.total_seconds()

    def tell(self, moment: Moment) -> None:
        stamp = f"[dim]{self._words.when(moment.now)}[/dim]"
        since = moment.now.timestamp() - self._said_at
        if self._announce and since >= _SAY_EVERY.total_seconds():
            self._said_at = moment.now.timestamp()
            self._console.print(f"{stamp}  {moment.gathered} of {moment.total} posts read")
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
    weeks = max(days / 7, 1 / 7) * len(names)
    urgent = sum(raised.alert.level.rank > 0 for raised in report.raised)
    console.print(
        f"{report.observations} observations of {report.posts} posts over {days:.1f} days, "
        f"{report.mentions} mentions, {report.complaints} in stories, "
        f"{report.incidents} incidents; {len(report.raised)} alerts, {urgent} of them high or "
        f"critical ({urgent / weeks:.1f} a brand-week); "
        f"{replayed.posts_a_second:.0f} posts a second ({replayed.seconds:.0f} s)"
    )


def write_report(replayed: Replayed, path: Path) -> None:
    """The report as JSON; the same archive and settings give the same bytes."""
    report = replayed.report
    data = {
        "started_at": report.started_at.isoformat(),
        "ended_at": report.ended_at.isoformat(),
        "observations": report.observations,
        "posts": report.posts,
        "mentions": report.mentions,
        "in_stories": report.complaints,
        "incidents": report.incidents,
        "alerts": [
            {
                "brand": raised.alert.brand,
                "incident": raised.alert.incident,
                "title": raised.title,
                "kind": raised.alert.kind.value,
                "level": raised.alert.level.value,
                "raised_at": raised.alert.raised_at.isoformat(),
                "reasons": [
                    {"code": reason.code, **dict(reason.facts)} for reason in raised.alert.reasons
                ],
                "posts_then": raised.posts_then,
                "posts_finally": raised.posts_finally,
                "minutes_after_first_post": _minutes(raised.after_first_post),
                "minutes_before_half": _minutes(raised.before_half),
            }
            for raised in report.raised
        ],
    }
    path.write_text(json.dumps(data, ensure_ascii=False, indent=2) + "\n", encoding="utf-8")


def _minutes(duration: timedelta | None) -> float | None:
    return None if duration is None else duration / timedelta(minutes=1)


def _lead(raised: Raised) -> str:
    if raised.before_half is None:
        return "–"
    late = raised.before_half < timedelta(0)
    return ("−" if late else "+") + span(raised.before_half)

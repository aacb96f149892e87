"""`sparkwatch forecasts`: how far incidents are said to go, and how such forecasts turned out."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from itertools import groupby
from pathlib import Path
from typing import Annotated, Any

import attrs
import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from alerts.i18n import Words
from alerts.untrusted import one_line
from config.load import load
from config.problems import printable
from monitor import app
from monitor.commands.pictures import MARKS, MOST_FANS, record_picture
from monitor.commands.showing import ConfigOption, console, words_for
from monitor.commands.stored import StoreOption, open_store
from monitor.domain import Forecast, Incident, IncidentState, Quantity
from monitor.store.unit_of_work import UnitOfWork
from monitor.virality.record import FACTOR, Record, Share, first_told, records

__all__ = ["forecasts"]

_HOUR = timedelta(hours=1)
_ORDER = list(Quantity)
_FEW = 30


def forecasts(
    config: ConfigOption = Path("sparkwatch.yaml"),
    graded: Annotated[
        bool, typer.Option("--graded", help="How past forecasts turned out, as far as it is known.")
    ] = False,
    incident: Annotated[
        str | None,
        typer.Option("--incident", metavar="ID", help="Only of this one; its id or its beginning."),
    ] = None,
    limit: Annotated[
        int, typer.Option(min=1, help="At most so many incidents, or times of one incident.")
    ] = 30,
    as_json: Annotated[
        bool, typer.Option("--json", help="For machines: all of it, in UTC.")
    ] = False,
    picture: Annotated[
        Path | None,
        typer.Option(
            "--picture", metavar="FILE.png", help="With --graded: draw the record into this file."
        ),
    ] = None,
    store_file: StoreOption = None,
) -> None:
    """Say how far each open incident will go, and how good such forecasts were.

    Every forecast is kept before its outcome is known and graded when it is due. With
    [bold]--graded[/bold] each incident has one vote, however often it was forecast; in brackets
    stands what so few incidents can prove.

    [bold]Examples[/bold]

      sparkwatch forecasts

      sparkwatch forecasts --incident 3f9

      sparkwatch forecasts --graded --picture record.png

      sparkwatch forecasts --graded --json --store demo-output/replay.db
    """
    if picture is not None and not graded:
        raise typer.BadParameter(
            "only what is graded is drawn: add --graded", param_hint="--picture"
        )
    settings = load(config)
    words, now = words_for(settings), app.wall_clock()
    store = open_store(settings, store_file)
    try:
        with store.read() as work:
            one = None if incident is None else _named(incident, work)
            if graded:
                _show_record(one, picture, work, words, now, as_json=as_json)
            elif one is not None:
                _show_incident(one, limit, work, words, as_json=as_json)
            else:
                _show_open(limit, work, words, as_json=as_json)
    finally:
        store.close()


def _named(written: str, work: UnitOfWork) -> Incident:
    """The incident whose id begins like this; anything but one is told."""
    matching = [one for one in work.incidents.find() if one.id.startswith(written)]
    if len(matching) == 1:
        return matching[0]
    told = (
        f"{written} is the beginning of {len(matching)} incidents; write more of its id"
        if matching
        else f"there is no incident {written}; `sparkwatch incidents --all` lists them"
    )
    raise typer.BadParameter(told, param_hint="--incident")


# --- what is forecast ---------------------------------------------------------------------------


def _show_open(limit: int, work: UnitOfWork, words: Words, *, as_json: bool) -> None:
    """The newest forecasts of each open incident, the liveliest incident first."""
    found = work.incidents.find(states=[IncidentState.OPEN], limit=None if as_json else limit + 1)
    if as_json:
        newest = (made for one in found for made in work.forecasts.latest(one.id))
        _print_json([_as_json(made) for made in newest])
        return
    rows = [(one, made) for one in found[:limit] if (made := work.forecasts.latest(one.id))]
    out = console()
    if not rows:
        out.print("No open incident has a forecast; --graded shows how past ones turned out.")
        return
    horizons = _horizons(forecast for _, made in rows for forecast in made)
    table = _table(("id", "incident", "made"), horizons, words)
    for one, made in rows:
        begins = [one.id, escape(one_line(one.title, 44))]
        for row in _rows(made, horizons, words):
            table.add_row(*begins, *row)
            begins = ["", ""]
    out.print(table)
    _explain(out, rows[0][1][0].made_at, words)
    if len(found) > limit:
        out.print(f"[dim]The {limit} liveliest incidents; --limit shows more.[/dim]")


def _show_incident(
    one: Incident, limit: int, work: UnitOfWork, words: Words, *, as_json: bool
) -> None:
    """Every forecast of one incident with what came of it, oldest first."""
    made = work.forecasts.of_incident(one.id)
    if as_json:
        _print_json([_as_json(forecast) for forecast in made])
        return
    out = console()
    out.print(f"[bold]{escape(one_line(one.title, 120))}[/bold] · {one.id}")
    if not made:
        out.print("It has not been forecast.")
        return
    horizons = _horizons(made)
    moments = sorted({forecast.made_at for forecast in made})
    shown = set(moments[-limit:])
    if len(moments) > limit:
        out.print(
            f"[dim]Forecast at {words.number(len(moments))} times; the last {limit} are shown,"
            " --limit shows more.[/dim]"
        )
    table = _table(("made",), horizons, words)
    for row in _rows([each for each in made if each.made_at in shown], horizons, words):
        table.add_row(*row)
    out.print(table)
    _explain(out, made[-1].made_at, words)


def _horizons(made: Iterable[Forecast]) -> list[timedelta]:
    return sorted({forecast.horizon for forecast in made})


def _table(begins: Sequence[str], horizons: Sequence[timedelta], words: Words) -> Table:
    table = Table(box=None, pad_edge=False, header_style="bold")
    for heading in begins:
        table.add_column(heading, no_wrap=heading != "incident")
    table.add_column("what")
    table.add_column("seen", justify="right")
    for horizon in horizons:
        table.add_column(f"+{words.hours(horizon / _HOUR)}", no_wrap=True)
    return table


def _rows(
    made: Iterable[Forecast], horizons: Sequence[timedelta], words: Words
) -> Iterable[list[str]]:
    """One row for each moment and quantity."""
    ordered = sorted(made, key=_moment)
    for (made_at, _), group in groupby(ordered, key=_moment):
        said = {forecast.horizon: forecast for forecast in group}
        first = next(iter(said.values()))
        yield [
            words.when(made_at),
            words.quantity(first.quantity),
            words.number(first.seen),
            *(_said(said.get(horizon), words) for horizon in horizons),
        ]


def _moment(forecast: Forecast) -> tuple[datetime, int]:
    return forecast.made_at, _ORDER.index(forecast.quantity)


def _said(forecast: Forecast | None, words: Words) -> str:
    """The median with its 90 % interval, and what came of it, marked where that lies outside.

    Numbers keep their digits here: a rounded interval would not show what it held.
    """
    if forecast is None:
        return ""
    said = forecast.quantiles
    if said is None:
        return f"[dim]{words.say('too little seen yet')}[/dim]"
    line = f"{words.number(said.median)} ({words.number(said.low90)}–{words.number(said.high90)})"
    if forecast.outcome is None:
        return line
    came = words.number(forecast.outcome)
    inside = said.low90 <= forecast.outcome <= said.high90
    return f"{line} → {came}" if inside else f"{line} → [red]{came} ![/red]"


def _explain(out: Console, moment: datetime, words: Words) -> None:
    out.print(
        "[dim]In all since the first post: median (90 % interval) → what came of it, ! where that"
        f" lies outside. Times in {words.zone_note(moment)}.[/dim]"
    )


# --- how forecasts turned out -------------------------------------------------------------------


def _show_record(
    one: Incident | None,
    picture: Path | None,
    work: UnitOfWork,
    words: Words,
    now: datetime,
    *,
    as_json: bool,
) -> None:
    """The record by quantity, horizon and model; nothing whose outcome is not due by ``now``."""
    named = None if one is None else one.id
    found = sorted(records(work.forecasts.every_graded(now, named)), key=_record_order)
    if as_json:
        _print_json([_record_as_json(record) for record in found])
    elif found:
        _print_record(found, words)
    else:
        console().print(
            "No forecast is graded yet. Each is graded when it is due, the first an hour after it"
            " was made; `sparkwatch forecasts` shows what is forecast."
        )
    if picture is None or not found:
        return
    chosen = [named] if named else work.forecasts.graded_incidents(now, MOST_FANS)
    fans = [(name, work.forecasts.of_incident(name)) for name in chosen]
    fans = [(name, made) for name, made in fans if first_told(made)]
    picture.write_bytes(record_picture(found, [made for _, made in fans]))
    if not as_json:
        _explain_picture(picture, [name for name, _ in fans])


def _record_order(record: Record) -> tuple[int, timedelta, str]:
    return _ORDER.index(record.quantity), record.horizon, record.model


def _print_record(found: Sequence[Record], words: Words) -> None:
    out = console()
    table = Table(box=None, pad_edge=False, header_style="bold")
    for heading in ("what", "ahead", "model"):
        table.add_column(heading, no_wrap=True)
    for heading in ("incidents", "forecasts", "error", "in 50 %", "in 90 %", "score"):
        table.add_column(heading, justify="right", no_wrap=True)
    table.add_column(f"more than ×{FACTOR:g}", justify="right", no_wrap=True)
    table.add_column("Brier", justify="right", no_wrap=True)
    for record in found:
        table.add_row(
            words.quantity(record.quantity),
            f"+{words.hours(record.horizon / _HOUR)}",
            escape(printable(record.model)),
            words.number(record.incidents),
            words.number(record.forecasts),
            words.percent(record.error),
            _share(record.inside50, words),
            _share(record.inside90, words),
            f"{record.score:.2f}",
            _share(record.exceeded, words),
            f"{record.brier:.3f} ({record.brier_of_usual:.3f})",
        )
    out.print(table)
    out.print(
        "[dim]Each incident has one vote, however often it was forecast. error: how far the median"
        " was off, half of them less. in 50 %, in 90 %: how often the interval held what came, and"
        " in brackets where that share may truly lie (Wilson, 90 %). score: weighted interval score"
        " of ln(1 + total), 0 is perfect."
        f" more than ×{FACTOR:g}: how often an incident grew beyond {FACTOR:g} times what was seen."
        " Brier: error of the probability stated for that; in brackets that of always stating the"
        " share that came true.[/dim]"
    )
    if max(record.incidents for record in found) < _FEW:
        out.print("From so few incidents nothing is proven yet: go by the brackets.")


def _share(share: Share, words: Words) -> str:
    bounds = f"{words.percent(share.low)}–{words.percent(share.high)}"
    return f"{words.percent(share.value)} ({bounds})"


def _explain_picture(picture: Path, incidents: Sequence[str]) -> None:
    out = console()
    out.print(
        f"\n{escape(printable(picture))}: top left, the probability stated for more than"
        f" ×{FACTOR:g} (across) against how often it came true; top right, the 50 % and 90 %"
        " intervals (across) against how often they held. On the dashed line stands an honest"
        " forecaster; the bars are what so few incidents can prove. Lines of the table are told"
        f" apart by their marks, from its top: {MARKS}."
    )
    if incidents:
        listed = ", ".join(f"{number} {name}" for number, name in enumerate(incidents, 1))
        out.print(
            "Below, the mentions of incidents, newest first, with the 50 % and 90 % bands as they"
            f" were first forecast, hours since then across (as their logarithm): {escape(listed)}."
        )


# --- for machines -------------------------------------------------------------------------------


def _print_json(rows: Sequence[dict[str, Any]]) -> None:
    typer.echo(json.dumps(rows, indent=2))


def _as_json(forecast: Forecast) -> dict[str, Any]:
    said = forecast.quantiles
    return {
        "incident": forecast.incident,
        "quantity": forecast.quantity,
        "horizon_hours": forecast.horizon / _HOUR,
        "made_at": forecast.made_at.astimezone(UTC).isoformat(),
        "due_at": (forecast.made_at + forecast.horizon).astimezone(UTC).isoformat(),
        "model": forecast.model,
        "seen": forecast.seen,
        "quantiles": None if said is None else attrs.asdict(said),
        "outcome": forecast.outcome,
    }


def _record_as_json(record: Record) -> dict[str, Any]:
    return {
        "quantity": record.quantity,
        "horizon_hours": record.horizon / _HOUR,
        "model": record.model,
        "incidents": record.incidents,
        "forecasts": record.forecasts,
        "median_absolute_percentage_error": record.error,
        "inside50": _share_as_json(record.inside50),
        "inside90": _share_as_json(record.inside90),
        "weighted_interval_score_of_log": record.score,
        "exceeded_factor": FACTOR,
        "exceeded": _share_as_json(record.exceeded),
        "brier": record.brier,
        "brier_of_usual": record.brier_of_usual,
        "reliability": [
            {"stated": one.stated, "happened": _share_as_json(one.happened)}
            for one in record.stated
        ],
    }


def _share_as_json(share: Share) -> dict[str, Any]:
    return {"share": share.value, "low90": share.low, "high90": share.high, "of": share.of}

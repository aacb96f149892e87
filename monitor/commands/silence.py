"""`sparkwatch silence`: hear nothing of some alerts until a moment, and say so."""

from __future__ import annotations

import secrets
from datetime import datetime
from pathlib import Path
from typing import Annotated
from zoneinfo import ZoneInfo

import typer
from rich.markup import escape
from rich.table import Table

from alerts.intervals import parse_interval
from config.load import load
from config.model import Settings
from config.problems import listed, nearest, printable
from monitor import app
from monitor.casework import Matcher, Silence
from monitor.commands.casework_words import matcher_text, silence_text
from monitor.commands.showing import ConfigOption, console, words_for
from monitor.commands.stored import StoreOption, known_incident, open_store
from monitor.domain import Level

__all__ = ["silence"]

silence = typer.Typer(
    help="Hear nothing of some alerts until a moment. Silences end by themselves.",
    no_args_is_help=True,
    rich_markup_mode="rich",
)
_MANY = 100


@silence.command("add")
def add_silence(
    by: Annotated[str, typer.Option(help="Who wishes it: a name that the others know.")],
    lasting: Annotated[
        str | None, typer.Option("--for", metavar="2h", help="How long: 30m, 2h, 3d.")
    ] = None,
    until: Annotated[
        datetime | None,
        typer.Option(
            formats=["%Y-%m-%d", "%Y-%m-%dT%H:%M", "%Y-%m-%d %H:%M"],
            help="Until when, by the clock of the configured zone.",
        ),
    ] = None,
    incident: Annotated[
        list[str] | None, typer.Option(metavar="ID", help="Of this one; its beginning is enough.")
    ] = None,
    brand: Annotated[list[str] | None, typer.Option(help="Of this brand: its name or id.")] = None,
    touchpoint: Annotated[
        list[str] | None, typer.Option(help="About this touchpoint: its id.")
    ] = None,
    level: Annotated[
        Level, typer.Option(help="Up to this level: watch, high or critical.")
    ] = Level.CRITICAL,
    language: Annotated[
        list[str] | None, typer.Option(help="In this language; zh means both scripts.")
    ] = None,
    region: Annotated[list[str] | None, typer.Option(help="From this region.")] = None,
    source: Annotated[list[str] | None, typer.Option(help="From this source.")] = None,
    comment: Annotated[str, typer.Option(help="Why; the others read it.")] = "",
    config: ConfigOption = Path("sparkwatch.yaml"),
    store_file: StoreOption = None,
) -> None:
    """Hear nothing of some alerts for a time. What is withheld is kept with its reason.

    An alert is meant that agrees with every option; of an option that is given twice one is enough.

    [bold]Examples[/bold]

      sparkwatch silence add --for 2h --by Mei --brand acme --touchpoint delay --comment "strike"

      sparkwatch silence add --for 1d --by Mei --incident 3f9a2c

      sparkwatch silence add --until 2026-12-24T18:00 --by Mei --level watch
    """
    settings = load(config)
    words, now = words_for(settings), app.wall_clock()
    ends_at = _end(lasting, until, settings, now)
    out = console()
    store = open_store(settings, store_file)
    try:
        with store.begin() as work:
            wanted = Silence(
                id=secrets.token_hex(4),
                matcher=Matcher(
                    incidents=[known_incident(one, work).id for one in incident or ()],
                    brands=_brands(brand or [], settings),
                    touchpoints=_touchpoints(touchpoint or [], settings),
                    languages=language or (),
                    regions=_known(region or [], sorted(settings.regions().values()), "--region"),
                    sources=_known(
                        source or [], [one.name for one in settings.sources], "--source"
                    ),
                    max_level=level,
                ),
                starts_at=now,
                ends_at=ends_at,
                author=by,
                comment=comment,
                created_at=now,
            )
            work.silences.add(wanted)
    finally:
        store.close()
    told = words.say(
        "Silence {id}: {what}, until {until}.",
        id=wanted.id,
        what=matcher_text(wanted.matcher, words),
        until=f"{words.when(ends_at)} {words.zone_note(ends_at)}",
    )
    out.print(escape(told))


@silence.command("list")
def list_silences(
    everything: Annotated[bool, typer.Option("--all", help="Also those that are over.")] = False,
    config: ConfigOption = Path("sparkwatch.yaml"),
    store_file: StoreOption = None,
) -> None:
    """List the silences that hold or have yet to begin.

    [bold]Example[/bold]

      sparkwatch silence list --all
    """
    settings = load(config)
    words, now = words_for(settings), app.wall_clock()
    store = open_store(settings, store_file)
    try:
        with store.read() as work:
            found = work.silences.all() if everything else work.silences.lasting(now)
    finally:
        store.close()
    out = console()
    if not found:
        out.print(escape(words.say("Nothing is silenced.")))
        return
    table = Table(box=None, pad_edge=False, show_header=False)
    table.add_column(no_wrap=True)
    table.add_column(overflow="fold")
    for one in found[-_MANY:]:
        line = escape(silence_text(one, words))
        table.add_row(one.id, line if one.ends_at > now else f"[dim]{line}[/dim]")
    out.print(table)


@silence.command("end")
def end_silence(
    name: Annotated[str, typer.Argument(metavar="ID", help="As `sparkwatch silence list` says.")],
    config: ConfigOption = Path("sparkwatch.yaml"),
    store_file: StoreOption = None,
) -> None:
    """End a silence now, before its time.

    [bold]Example[/bold]

      sparkwatch silence end 9c1f02ab
    """
    settings = load(config)
    words, now = words_for(settings), app.wall_clock()
    store = open_store(settings, store_file)
    try:
        with store.begin() as work:
            ended = work.silences.end(name, now)
    finally:
        store.close()
    if not ended:
        raise typer.BadParameter(
            f"no silence {printable(name)} lasts; `sparkwatch silence list` shows those that do",
            param_hint="ID",
        )
    console().print(escape(words.say("The silence {id} is over.", id=name)))


def _end(
    lasting: str | None, until: datetime | None, settings: Settings, now: datetime
) -> datetime:
    if (lasting is None) == (until is None):
        raise typer.BadParameter("say how long: either --for 2h or --until 2026-12-24T18:00")
    if until is not None:
        end = until.replace(tzinfo=ZoneInfo(settings.timezone))
    else:
        try:
            end = now + parse_interval(lasting)
        except ValueError as error:
            raise typer.BadParameter(str(error), param_hint="--for") from None
    if end <= now:
        raise typer.BadParameter("it would be over already; name a moment that is to come")
    return end


def _brands(written: list[str], settings: Settings) -> list[str]:
    ids = {name: brand.id for brand in settings.brands for name in (brand.name, brand.id)}
    return [ids[name] for name in _known(written, list(ids), "--brand")]


def _touchpoints(written: list[str], settings: Settings) -> list[str]:
    taxonomies = app.taxonomies(settings).values() if written else ()
    known = [place.id for taxonomy in taxonomies for place in taxonomy.touchpoints]
    return _known(written, list(dict.fromkeys(known)), "--touchpoint")


def _known(written: list[str], known: list[str], option: str) -> list[str]:
    for name in written:
        if name not in known:
            raise typer.BadParameter(
                f"{printable(name)} is not configured.{nearest(name, known)} "
                f"There is {listed(known) or 'none'}",
                param_hint=option,
            )
    return written

"""`sparkwatch sources`: the kinds that there are, how yours are, and when posts are seen again."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table
from rich.text import Text

from config.load import load
from config.problems import printable
from monitor.commands.showing import ConfigOption, console
from monitor.commands.source_health import show_health
from monitor.commands.source_plan import show_plan
from spiders.kinds import KINDS, REFUSED, SHIPPED, SourceKind

__all__ = ["sources"]


def sources(
    config: ConfigOption = Path("sparkwatch.yaml"),
    health: Annotated[
        bool, typer.Option("--health", help="How each of your sources is, and what to do.")
    ] = False,
    plan: Annotated[
        bool,
        typer.Option("--plan", help="Which known posts are seen again, when, why, at what cost."),
    ] = False,
) -> None:
    """List every kind of source: terms, limits, robots.txt, counters, what it can do.

    With --health or --plan it tells of the sources in your configuration instead.

    [bold]Examples[/bold]

      sparkwatch sources

      sparkwatch sources --health

      sparkwatch sources --plan --config acme.yaml

      sparkwatch source try hackernews --query "Delta Air Lines"
    """
    if health or plan:
        settings = load(config)
        if health:
            show_health(settings)
        if plan:
            show_plan(settings)
        return
    table = Table(box=None, header_style="bold", pad_edge=False, padding=(0, 2, 1, 0))
    for name in ("kind", "can", "counters", "robots.txt", "limits", "terms"):
        table.add_column(name, overflow="fold")
    for kind in sorted(KINDS.values(), key=lambda kind: kind.name):
        name = kind.name if kind.name in SHIPPED else f"{kind.name} (plug-in)"
        row = (name, _can(kind), ", ".join(kind.counters) or "–", kind.robots, kind.limits)
        table.add_row(*(Text(printable(cell)) for cell in (*row, kind.terms)))
    console().print(table)
    for reason in REFUSED:
        typer.echo(printable(reason), err=True)


def _can(kind: SourceKind) -> str:
    abilities = (
        (kind.can_search, "search"),
        (kind.can_refresh, "look again"),
        (kind.tells_deletions, "tell deletions"),
    )
    can = ", ".join(what for able, what in abilities if able) or "read what is new"
    return f"{can}; wants {kind.needs}" if kind.needs else can

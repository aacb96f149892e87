"""`sparkwatch sources`: the kinds of source that there are, with terms, limits and counters."""

from __future__ import annotations

import typer
from rich.table import Table
from rich.text import Text

from config.problems import printable
from monitor.commands.showing import console
from spiders.kinds import KINDS, REFUSED, SHIPPED, SourceKind

__all__ = ["sources"]


def sources() -> None:
    """List every kind of source: terms, limits, robots.txt, counters, what it can do.

    [bold]Examples[/bold]

      sparkwatch sources

      sparkwatch source try hackernews --query "Delta Air Lines"
    """
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

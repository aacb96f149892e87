"""`sparkwatch sources --plan`: which known posts are looked at again, how often and why."""

from __future__ import annotations

import math

from rich.markup import escape
from rich.table import Table

from alerts.i18n import Words
from config.model import Settings
from config.problems import printable
from monitor import app
from monitor.commands.showing import console, words_for
from monitor.gathering.planning import plan_of
from monitor.gathering.refresh import RefreshPlan
from spiders.kinds import KINDS

__all__ = ["show_plan"]


def show_plan(settings: Settings) -> None:
    """Print what each configured source would be asked for again now."""
    words, now, out = words_for(settings), app.wall_clock(), console()
    if not settings.sources:
        out.print("No sources are configured.")
        return
    store = app.open_store(settings)
    try:
        with store.read() as work:
            plans = [(source, plan_of(source.spec(), work, now)) for source in settings.sources]
    finally:
        store.close()
    table = Table(box=None, header_style="bold", pad_edge=False, padding=(0, 2, 0, 0))
    for name in ("source", "posts", "why", "looked at every", "due now"):
        table.add_column(name)
    for source, made in plans:
        for group in made.groups:
            table.add_row(
                printable(source.name),
                words.number(group.posts),
                group.why.value,
                words.hours(group.every.total_seconds() / 3600),
                words.number(group.due),
            )
    if table.row_count:
        out.print(table)
    for source, made in plans:
        can = KINDS[source.options.kind].can_refresh
        out.print(f"[bold]{escape(source.name)}[/bold]: {escape(_explained(made, can, words))}")
    out.print(
        "[dim]A post is looked at again every quarter of its age; four times as often while it "
        "grows, twice as often and at least hourly while its incident is open, half as often when "
        "it stands still. Where a source gives less, the most overdue come first.[/dim]"
    )


def _explained(made: RefreshPlan, can_refresh: bool, words: Words) -> str:
    if not can_refresh:
        return "its kind cannot look at known posts again."
    if not made.groups:
        return "no post about a brand is young enough to be looked at again."
    given = made.means
    wanted = made.looks_a_day / given.batch
    said = (
        f"the next crawl asks for {words.number(len(made.ask))} of {words.number(made.due)} due "
        f"posts, {words.number(given.batch)} a request; about {words.number(math.ceil(wanted))} "
        "requests a day are wanted"
    )
    if given.a_day is None:
        return f"{said}, and it sets no daily bound."
    bound = f"{said}, and half of its budget allows {words.number(math.floor(given.a_day))}"
    if made.stretch == 1.0:
        return f"{bound}."
    if math.isinf(made.stretch):
        return f"{bound}: nothing is looked at again."
    return f"{bound}: each look comes {words.number(made.stretch)} times later than wanted."

"""`sparkwatch incidents` and `sparkwatch show`: what is known, traced to the posts it rests on."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated
from zoneinfo import ZoneInfo

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from alerts.aftermath import aftermath_lines
from alerts.i18n import Words
from alerts.matter import matter_lines, warnings
from alerts.untrusted import one_line, safe_link
from config.load import load
from config.model import Settings
from config.problems import listed, printable
from monitor import app
from monitor.commands.showing import (
    ConfigOption,
    console,
    forecast_line,
    level_text,
    reasons_text,
    words_for,
)
from monitor.commands.spreading import spreading
from monitor.commands.stored import StoreOption, known_incident, open_store
from monitor.domain import Incident, IncidentState, Quantity, Taxonomy
from monitor.stages.aftermath import aftermath_of, usual_of
from monitor.stages.briefing import quotes
from monitor.stages.matter import matter
from monitor.store.history import Change, ChangeKind
from monitor.store.unit_of_work import UnitOfWork

__all__ = ["incidents", "show"]


def incidents(
    incident: Annotated[
        str | None, typer.Argument(metavar="ID", help="Tell what became of this one.")
    ] = None,
    config: ConfigOption = Path("sparkwatch.yaml"),
    brand: Annotated[str | None, typer.Option(help="Only of this brand (its id).")] = None,
    everything: Annotated[bool, typer.Option("--all", help="Also those that are closed.")] = False,
    limit: Annotated[int, typer.Option(min=1, help="At most so many.")] = 30,
    store_file: StoreOption = None,
) -> None:
    """List incidents, the liveliest first; or tell what one took in, went into or let go.

    [bold]Examples[/bold]

      sparkwatch incidents

      sparkwatch incidents --all --limit 100

      sparkwatch incidents 3f9a2c1b07

      sparkwatch incidents --store demo-output/replay.db
    """
    settings = load(config)
    words = words_for(settings)
    states = (IncidentState.OPEN, IncidentState.CLOSED) if everything else (IncidentState.OPEN,)
    store = open_store(settings, store_file)
    out = console()
    try:
        with store.read() as work:
            if incident is not None:
                _tell_history(known_incident(incident, work), work, words, out)
                return
            found = work.incidents.find(brand=brand, states=states, limit=limit)
    finally:
        store.close()
    if not found:
        out.print("No incidents." if everything else "No open incidents; --all shows closed ones.")
        known = [watched.id for watched in settings.watched()]
        if brand is not None and brand not in known:
            out.print(escape(printable(f"No brand has the id {brand}; there is {listed(known)}.")))
        return
    table = Table(box=None, pad_edge=False, header_style="bold")
    for heading in ("id", "level", "brand", "first post", "last post"):
        table.add_column(heading, no_wrap=True)
    table.add_column("posts", justify="right")
    table.add_column("people", justify="right")
    table.add_column("incident", overflow="fold")
    for one in found:
        title = escape(one_line(one.title, 90))
        table.add_row(
            one.id,
            level_text(one.level, words),
            escape(one.brand),
            words.when(one.first_post_at),
            words.when(one.last_post_at),
            words.number(one.posts),
            words.number(one.authors),
            title if one.state is IncidentState.OPEN else f"[dim]{title} (closed)[/dim]",
        )
    out.print(table)


def show(
    incident: Annotated[str, typer.Argument(metavar="ID", help="Its id, or the beginning of it.")],
    config: ConfigOption = Path("sparkwatch.yaml"),
    store_file: StoreOption = None,
) -> None:
    """Show one incident: what was said, how it spread, what was forecast and who was told.

    [bold]Examples[/bold]

      sparkwatch show 3f9a2c1b07

      sparkwatch show 3f9 --store demo-output/replay.db
    """
    settings = load(config)
    words = words_for(settings)
    store = open_store(settings, store_file)
    out = console()
    try:
        with store.read() as work:
            named = known_incident(incident, work)
            into = work.incidents.merged_into(named.id)
            shown = named if into is None else work.incidents.get_all([into])[into]
            if into is not None:
                out.print(f"{named.id} became part of {into}:\n")
            taxonomy = app.taxonomies(settings).get(shown.brand)
            _show(shown, taxonomy, work, words, out)
            _tell_aftermath(shown, settings, work, words, out)
            _explain(shown, ZoneInfo(settings.timezone), work, words, out)
    finally:
        store.close()


def _tell_aftermath(
    incident: Incident, settings: Settings, work: UnitOfWork, words: Words, out: Console
) -> None:
    """What was answered and what changed since, where anything was."""
    now = app.wall_clock()
    brand = next((one for one in settings.watched() if one.id == incident.brand), None)
    usual = usual_of(brand, ZoneInfo(settings.timezone), work, now) if brand else None
    aftermath = aftermath_of(incident, usual, work, now)
    if aftermath is None:
        return
    out.print("\n[bold]What was answered, and what changed since[/bold]")
    for line in aftermath_lines(aftermath, words, now):
        out.print(f"  {escape(line)}")


def _tell_history(incident: Incident, work: UnitOfWork, words: Words, out: Console) -> None:
    out.print(f"[bold]{escape(one_line(incident.title, 120))}[/bold]")
    began = f"{words.when(incident.first_post_at)} ({words.zone_note(incident.first_post_at)})"
    out.print(f"{incident.id} · {escape(incident.brand)} · first told {began}")
    history = work.incidents.history(incident.id)
    others = work.incidents.get_all({change.other for change in history})
    for change in history:
        other = others.get(change.other)
        called = change.title or (other.title if other else "")
        told = escape(_change(change, one_line(called, 80), words))
        out.print(f"  at {words.when(change.at)} {told}")
    if not history:
        out.print("  took in no other, and nothing left it")


def _change(change: Change, called: str, words: Words) -> str:
    """What became of an incident, as the end of a sentence that begins with a time."""
    posts = f"{words.number(change.posts)} {'post' if change.posts == 1 else 'posts'}"
    match change.kind:
        case ChangeKind.TOOK_IN:
            return f"took in “{called}” ({posts})"
        case ChangeKind.WENT_INTO:
            return f"became part of {change.other} “{called}” ({posts})"
        case ChangeKind.LET_GO:
            return f"let go of {posts} that tell another story, {change.other} “{called}”"
        case ChangeKind.CAME_OUT:
            return f"came out of {change.other} “{called}” ({posts})"


def _explain(
    incident: Incident, zone: ZoneInfo, work: UnitOfWork, words: Words, out: Console
) -> None:
    made = [one for one in work.forecasts.latest(incident.id) if one.quantity is Quantity.MENTIONS]
    if made:
        now = made[0].made_at
        out.print(f"\n[bold]How it spreads[/bold] (as of {words.when(now)})")
        for line in spreading(work.voices.times(incident.id), now, zone):
            out.print(f"  {escape(line)}")


def _show(
    incident: Incident, taxonomy: Taxonomy | None, work: UnitOfWork, words: Words, out: Console
) -> None:
    remarks = work.mentions.of_incident(incident.id)
    snapshots = work.posts.snapshots([remark.post.key for remark in remarks])
    views = work.voices.views([incident.id]).get(incident.id)
    out.print(f"[bold]{escape(one_line(incident.title, 120))}[/bold]")
    line = level_text(incident.level, words)
    out.print(line, f" · {incident.state.value} · {escape(incident.brand)} · {incident.id}", sep="")
    seen = f", {words.number(views)} views" if views is not None else ""
    out.print(
        f"{incident.posts} posts by {incident.authors} people{seen}; "
        f"{words.when(incident.first_post_at)} to {words.when(incident.last_post_at)} "
        f"({words.zone_note(incident.last_post_at)})"
    )
    about = matter(remarks, taxonomy)
    for told in (*warnings(about, words), *matter_lines(about, words)):
        out.print(escape(told))
    out.print("\n[bold]What was said[/bold]")
    for quote in quotes(incident, remarks, snapshots):
        author = escape(one_line(quote.author_name or "anonymous", 40))
        out.print(f"  “{escape(one_line(quote.text, 240))}”")
        link = safe_link(quote.url)
        address = f" · {escape(link)}" if link else ""
        out.print(
            f"  [dim]{author} · {escape(quote.source)} · "
            f"{words.when(quote.published_at)}{address}[/dim]"
        )
    out.print("\n[bold]Forecasts[/bold] (latest)")
    for forecast in work.forecasts.latest(incident.id):
        out.print(f"  {words.when(forecast.made_at)}  {forecast_line(forecast, words)}")
    out.print("\n[bold]Alerts[/bold]")
    once = [incident.id, *work.incidents.parts(incident.id)]
    alerts = [alert for name in once for alert in work.alerts.of_incident(name)]
    for alert in sorted(alerts, key=lambda alert: (alert.raised_at, alert.id)):
        out.print(
            f"  {words.when(alert.raised_at)}  ",
            level_text(alert.level, words),
            f" ({alert.kind.value}) {escape(reasons_text(alert.reasons, words))}",
            sep="",
        )
        for delivery in work.outbox.of(alert.id):
            state = delivery.state.value
            note = f": {escape(one_line(delivery.last_error, 160))}" if delivery.last_error else ""
            out.print(f"    [dim]{escape(delivery.channel)}: {state}{note}[/dim]")
    for silence in work.alerts.withheld(incident.id):
        reason = escape(reasons_text([silence.reason], words))
        out.print(f"  {words.when(silence.decided_at)}  [dim]silent: {reason}[/dim]")
    if not alerts:
        out.print("  nobody was told")

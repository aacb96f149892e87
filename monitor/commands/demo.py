"""`sparkwatch demo`: the re-enacted Delta incident, through the pipeline that runs live."""

from __future__ import annotations

from datetime import datetime, time, timedelta
from importlib import resources
from pathlib import Path
from typing import Annotated
from zoneinfo import ZoneInfo

import typer
from rich.console import Console
from rich.markup import escape

from alerts.digest import digest_letter
from alerts.i18n import Language, Reader, Words
from alerts.untrusted import one_line
from config.load import load
from config.model import Settings
from monitor import app, archive
from monitor.commands.replaying import Replayed, follow, print_report, write_report
from monitor.commands.showing import console, forecast_line, span, words_for
from monitor.commands.stored import open_file
from monitor.domain import Quantity
from monitor.replay import Raised
from monitor.stages.digest import digest_data
from monitor.store.unit_of_work import UnitOfWork

__all__ = ["demo"]

_TICK = timedelta(minutes=5)


def demo(
    output: Annotated[
        Path, typer.Option("--output", "-o", help="Where everything is left.")
    ] = Path("demo-output"),
) -> None:
    """Replay a re-enactment of the Delta baggage incident of June 2011 and see Sparkwatch at work.

    Every post is invented; what is known of the real incident is how its video grew. It takes a
    minute or two, sends nothing, and leaves mails, Slack messages and digests in a folder.
    """
    out = console()
    shipped = resources.files("monitor.demo")
    with resources.as_file(shipped) as folder:
        settings = load(folder / "demo.yaml")
        observations = list(archive.read(folder / "reenactment.jsonl"))
    out.print(
        "A re-enactment: every post is invented. The growth of the video follows what is known "
        "of June 2011.\n"
    )
    replayed = follow(settings, observations, output=output, tick=_TICK, console=out)
    out.print()
    print_report(replayed, settings, out)
    write_report(replayed, output / "report.json")
    store = open_file(replayed.store)
    try:
        with store.read() as work:
            pages = _write_digests(settings, replayed, output, work)
            out.print()
            _print_ending(settings, replayed, output, pages, work, out)
    finally:
        store.close()


def _write_digests(
    settings: Settings, replayed: Replayed, output: Path, work: UnitOfWork
) -> list[Path]:
    zone = ZoneInfo(settings.timezone)
    last_day = replayed.report.ended_at.astimezone(zone) - timedelta(minutes=5)
    until = datetime.combine(last_day.date() + timedelta(days=1), time(0), zone)
    taxonomies = app.taxonomies(settings)
    pages = []
    for language in Language:
        reader = Reader(language=language, timezone=settings.timezone)
        since = until - timedelta(days=7)
        data = digest_data(
            settings.watched(), taxonomies, reader, since, until, work, app.teams(settings)
        )
        page = output / f"digest-{language.value}.html"
        letter = digest_letter(data)
        page.write_text(letter.page(), encoding="utf-8")
        page.with_suffix(".txt").write_text(letter.text, encoding="utf-8")
        pages.append(page)
    return pages


def _print_ending(
    settings: Settings,
    replayed: Replayed,
    output: Path,
    pages: list[Path],
    work: UnitOfWork,
    out: Console,
) -> None:
    """What happened, how early it was raised and what to do next, in five lines."""
    words = words_for(settings)
    raised = replayed.report.raised
    if not raised:
        out.print("No alert was raised.")
        return
    worst = max(raised, key=lambda one: (one.alert.level.rank, one.posts_finally))
    first = next(one for one in raised if one.alert.incident == worst.alert.incident)
    happened, views_line = _what_happened(first, words, work)
    others = len({one.alert.incident for one in raised} - {first.alert.incident})
    channel = settings.alerts.channels[0].name
    out.print(f"[bold]What happened[/bold]  {happened}")
    out.print(
        f"[bold]How early[/bold]      raised {words.when(first.alert.raised_at)}, "
        f"{_how_early(first)}{views_line}"
    )
    out.print(f"[bold]Forecast[/bold]       {_forecast_then(first, words, work)}")
    out.print(
        f"[bold]Noise[/bold]          {others} other incidents were raised in "
        f"{_days(replayed)} days; {replayed.report.incidents} were followed"
    )
    out.print(
        f"[bold]What next[/bold]      read {escape(str(output / channel))} and "
        f"{escape(str(pages[0]))}, then watch your own brand: sparkwatch init"
    )


def _what_happened(first: Raised, words: Words, work: UnitOfWork) -> tuple[str, str]:
    incident = work.incidents.get(first.alert.incident)
    if incident is None:
        raise LookupError(f"incident {first.alert.incident} was alerted and is gone")
    views = work.voices.views([incident.id]).get(incident.id)
    title = escape(one_line(incident.title, 90))
    told = (
        f"{title}: {words.number(incident.posts)} posts by {words.number(incident.authors)} "
        f"people since {words.when(incident.first_post_at)}"
    )
    if views is None:
        return told, ""
    then = [
        snapshot.views
        for snapshot in work.voices.snapshots(incident.id)
        if snapshot.views is not None and snapshot.taken_at <= first.alert.raised_at
    ]
    seen = f", at {words.number(max(then))} of {words.number(views)} views" if then else ""
    return f"{told}, {words.number(views)} views", seen


def _how_early(first: Raised) -> str:
    if first.after_first_post is None or first.before_half is None:
        return "and none of its posts is left"
    half = "after" if first.before_half < timedelta(0) else "before"
    return (
        f"{span(first.after_first_post)} after the first post, {first.posts_then} posts in; "
        f"{span(first.before_half)} {half} half of its posts were written"
    )


def _forecast_then(first: Raised, words: Words, work: UnitOfWork) -> str:
    """The day-ahead forecast of the first alert that had one, and what it came to."""
    forecasts = [
        forecast
        for forecast in work.forecasts.of_incident(first.alert.incident)
        if forecast.horizon == timedelta(hours=24)
        and forecast.quantiles is not None
        and forecast.made_at >= first.alert.raised_at
    ]
    by_preference = sorted(
        forecasts, key=lambda one: (one.quantity is not Quantity.VIEWS, one.made_at)
    )
    if not by_preference:
        return "too little was seen to say how far it would go"
    chosen = by_preference[0]
    return f"made {words.when(chosen.made_at)}: {forecast_line(chosen, words)}"


def _days(replayed: Replayed) -> int:
    return round((replayed.report.ended_at - replayed.report.started_at) / timedelta(days=1))

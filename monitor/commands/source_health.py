"""`sparkwatch sources --health`: every configured source at a glance, by its crawls."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

from rich.markup import escape
from rich.table import Table
from rich.text import Text

from alerts.i18n import Words
from alerts.reasons import sentence
from alerts.source_letter import advice, trouble_reason
from alerts.untrusted import one_line
from config.model import Settings, SourceSettings
from config.problems import printable
from monitor import app
from monitor.commands.showing import console, words_for
from monitor.domain import Health, SourceHealth, SourceTrouble
from monitor.gathering.health import LOOK_BACK, lost_fields, usual

__all__ = ["show_health"]

_DAY, _HOUR = timedelta(days=1), timedelta(hours=1)
_WELL = (Health.OK, Health.EMPTY)
_LATE = 3
"""A source whose last crawl lies so many intervals back is not crawled."""


def show_health(settings: Settings) -> None:
    """Print how each configured source is."""
    words, now = words_for(settings), app.wall_clock()
    out = console()
    table = Table(box=None, header_style="bold", pad_edge=False, padding=(0, 2, 0, 0))
    for name in ("source", "health", "last crawl", "new in 24 h", "lag", "answers in 24 h"):
        table.add_column(name, no_wrap=name == "source")
    table.add_column("missing", overflow="fold")
    notes: list[tuple[str, str]] = []
    store = app.open_store(settings)
    try:
        with store.read() as work:
            troubled = work.sources.in_trouble()
            for source in settings.sources:
                crawls = work.sources.since(source.name, now - LOOK_BACK)
                trouble = troubled.get(source.name)
                table.add_row(*_row(source, crawls, trouble, words, now))
                notes += [
                    (source.name, note) for note in _notes(source, crawls, trouble, words, now)
                ]
    finally:
        store.close()
    if not settings.sources:
        out.print("No sources are configured.")
        return
    out.print(table)
    for name, note in notes:
        out.print(f"[yellow]{escape(name)}[/yellow]: {escape(printable(one_line(note, 500)))}")
    kept = app.faulty_answers(settings)
    for source in settings.sources:
        if answers := kept.of(source.name):
            out.print(
                f"[yellow]{escape(source.name)}[/yellow]: of the answers that could not be read "
                f"{words.number(len(answers))} kept, the newest as {escape(str(answers[0]))}"
            )


def _row(
    source: SourceSettings,
    crawls: Sequence[SourceHealth],
    trouble: SourceTrouble | None,
    words: Words,
    now: datetime,
) -> tuple[str | Text, ...]:
    name = printable(source.name)
    if not crawls:
        return (name, Text("never crawled", style="yellow"), "–", "–", "–", "–", "–")
    last = crawls[-1]
    today = [one for one in crawls if now - one.finished_at < _DAY]
    fresh = sum(one.fresh for one in today)
    expected = usual(crawls, now - _DAY, now)
    counted = words.number(fresh)
    if expected is not None:
        counted = f"{counted} (usual {words.number(expected)})"
    lags = sorted(one.lag for one in today if one.lag is not None)
    lag = words.hours(lags[len(lags) // 2] / 3600) if lags else "–"
    states = (last.health.value, trouble.kind.value) if trouble else (last.health.value,)
    colour = "red" if trouble else "green" if last.health in _WELL else "yellow"
    answers = _added(one.answers for one in today)
    refused = sum(one.refused for one in today)
    said = [f"{name} {words.number(count)}" for name, count in sorted(answers.items())]
    said += [f"robots.txt {words.number(refused)}"] if refused else []
    return (
        name,
        Text(", ".join(dict.fromkeys(states)), style=colour),
        f"{words.when(last.finished_at)}",
        counted,
        lag,
        ", ".join(said) or "–",
        _missing(today, fresh, words),
    )


def _missing(today: Sequence[SourceHealth], fresh: int, words: Words) -> str:
    """The fields that some posts have and others lack; one that all lack the platform hides."""
    lacking = _added(one.missing for one in today)
    said = [
        f"{name} {words.percent(count / fresh)}"
        for name, count in sorted(lacking.items())
        if 0 < count < fresh
    ]
    skipped = sum(one.skipped for one in today)
    said += [f"{words.number(skipped)} unreadable"] if skipped else []
    return ", ".join(said) or "–"


def _notes(
    source: SourceSettings,
    crawls: Sequence[SourceHealth],
    trouble: SourceTrouble | None,
    words: Words,
    now: datetime,
) -> list[str]:
    if not crawls:
        return []
    last, notes = crawls[-1], []
    if trouble:
        notes.append(sentence(trouble_reason(trouble), words))
        notes.append(advice(trouble.kind, words))
    if last.detail:
        notes.append(last.detail)
    if lost := lost_fields(crawls, trouble.since if trouble else None):
        notes.append(f"its posts have lost: {', '.join(lost)}")
    if now - last.finished_at > _LATE * source.every + _HOUR / 4:
        ago = words.hours((now - last.finished_at) / _HOUR)
        notes.append(f"last crawled {ago} ago: look whether `sparkwatch run` is running")
    return notes


def _added(counts: Iterable[tuple[tuple[str, int], ...]]) -> Counter[str]:
    total: Counter[str] = Counter()
    for pairs in counts:
        total.update(dict(pairs))
    return total

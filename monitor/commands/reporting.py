"""The report of a replay: what is in it, and its figures in the reader's words.

`sparkwatch replay` and `sparkwatch backtest` leave the same report. It names the archive and the
configurations by their files' names alone and holds no time but the archive's, so that the same
archive and configuration give the same bytes.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import timedelta

import attrs

from alerts.i18n import Reader, Words, message
from monitor.backtest import Alarms, Backtest, Count, Judgement, Told, compare
from monitor.virality.record import Share

__all__ = ["Changed", "Results", "Row", "duration", "figure_rows", "lead", "record_rows"]

_HOUR = timedelta(hours=1)
_NONE = "–"
_BEFORE = message("{duration} before half of the posts")
_AFTER = message("{duration} after half of the posts")


@attrs.frozen(kw_only=True)
class Changed:
    """A setting that is not the same in both configurations."""

    setting: str
    a: str
    b: str


@attrs.frozen(kw_only=True)
class Results:
    """One archive, replayed under one configuration or under two; ``brands`` are names by id."""

    archive: str
    model: str
    tick: timedelta
    runs: tuple[Backtest, ...]
    brands: Mapping[str, str]
    reader: Reader
    changed: tuple[Changed, ...] = ()

    def told(self) -> tuple[Told, ...]:
        """What either of two configurations told of, beside what the other did."""
        a, b = self.runs
        return compare(a.report, b.report)


@attrs.frozen
class Row:
    """A line of a table: what it tells of, and its cells."""

    label: str
    cells: tuple[str, ...]


def figure_rows(runs: Sequence[Backtest], words: Words) -> list[Row]:
    """What the replays came to, a figure a row and a configuration a column."""
    columns = [dict(_figures(run, words)) for run in runs]
    labels = dict.fromkeys(label for column in columns for label in column)
    return [Row(label, tuple(column.get(label, _NONE) for column in columns)) for label in labels]


def _figures(run: Backtest, words: Words) -> Iterator[tuple[str, str]]:
    report, figures = run.report, run.figures
    yield words.say("Posts read"), words.number(report.posts)
    yield (
        words.say("About a brand, and of these complaints"),
        words.say(
            "{mentions}, {complaints}",
            mentions=words.number(report.mentions),
            complaints=words.number(report.complaints),
        ),
    )
    yield words.say("Incidents followed"), words.number(report.incidents)
    yield words.say("Alarms"), _alarms(figures.alarms, words)
    yield words.say("Alarms, high or above"), _alarms(figures.urgent, words)
    yield words.say("Told before half of the posts"), _count_text(figures.lead.before_half, words)
    yield words.say("First told, median"), lead(figures.lead.median, words)
    if figures.urgent_lead.before_half.of:
        yield (
            words.say("First told at high or above, median"),
            lead(figures.urgent_lead.median, words),
        )
    if run.judgement is not None:
        yield from _judged(run.judgement, words)


def _judged(judgement: Judgement, words: Words) -> Iterator[tuple[str, str]]:
    yield words.say("Alarms that were right"), _count_text(judgement.precision, words)
    yield words.say("The same, high or above"), _count_text(judgement.urgent_precision, words)
    yield words.say("True incidents found"), _count_text(judgement.recall, words)
    yield words.say("Found at high or above"), _count_text(judgement.urgent_recall, words)
    after = judgement.median_after_start
    yield (
        words.say("Found how long after their start, median"),
        _NONE if after is None else duration(after, words),
    )


def _alarms(alarms: Alarms, words: Words) -> str:
    """How many, and how many a brand-week."""
    rate = alarms.a_brand_week
    if rate is None:
        return words.number(alarms.count)
    return words.say(
        "{count} ({rate} a brand-week)",
        count=words.number(alarms.count),
        rate=f"{rate:.1f}" if rate < 10 else words.number(rate),
    )


def _count_text(part: Count, words: Words) -> str:
    """So many of so many, and from where to where the share may lie in the long run."""
    if part.share is None:
        return _NONE
    low, high = part.interval
    return words.say(
        "{hits} of {of} ({share}; {low} to {high})",
        hits=words.number(part.hits),
        of=words.number(part.of),
        share=words.percent(part.share),
        low=words.percent(low),
        high=words.percent(high),
    )


def lead(before: timedelta | None, words: Words) -> str:
    """How long before half of the posts, or after."""
    if before is None:
        return _NONE
    if not before:
        return words.say("at half of the posts")
    said = _BEFORE if before > timedelta(0) else _AFTER
    return words.say(said, duration=duration(before, words))


def duration(length: timedelta, words: Words) -> str:
    """A length of time, to the minute below two days."""
    hours = abs(length) / _HOUR
    whole, minutes = divmod(round(hours * 60), 60)
    if not 1 <= hours < 48 or not minutes:
        return words.hours(hours)
    return words.say(
        "{hours} {minutes}", hours=words.hours(whole), minutes=words.hours(minutes / 60)
    )


def record_rows(run: Backtest, words: Words) -> list[Row]:
    """How the forecasts did: a quantity and horizon a row, and in it how much it rests on."""
    return [
        Row(
            f"{words.quantity(record.quantity)} +{words.hours(record.horizon / _HOUR)}",
            (
                words.number(record.incidents),
                words.number(record.forecasts),
                words.percent(record.error),
                _covered(record.inside50, words),
                _covered(record.inside90, words),
            ),
        )
        for record in run.figures.forecasts
    ]


def _covered(share: Share, words: Words) -> str:
    low, high = words.percent(share.low), words.percent(share.high)
    return f"{words.percent(share.value)} ({low}–{high})"

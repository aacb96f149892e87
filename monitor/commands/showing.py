"""How the commands show things: one console, the reader's words and zone, nothing unescaped."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from datetime import timedelta
from pathlib import Path
from typing import Annotated, TypeAlias

import typer
from rich.console import Console
from rich.text import Text

from alerts.i18n import Reader, Words
from alerts.reasons import sentence
from alerts.untrusted import one_line
from config.model import Settings
from monitor.domain import Forecast, Level, Reason

__all__ = [
    "ConfigOption",
    "console",
    "forecast_line",
    "level_text",
    "reasons_text",
    "span",
    "words_for",
]

ConfigOption: TypeAlias = Annotated[
    Path,
    typer.Option(
        "--config",
        "-c",
        envvar="SPARKWATCH_CONFIG",
        help="The configuration; `sparkwatch init` writes one.",
    ),
]

_PLAIN_WIDTH = 200
_COLOURS = {Level.WATCH: "cyan", Level.HIGH: "yellow", Level.CRITICAL: "bold red"}


def console() -> Console:
    """Standard output; colour only where it is a terminal, and room for tables where it is not."""
    width = None if sys.stdout.isatty() else _PLAIN_WIDTH
    return Console(highlight=False, soft_wrap=True, emoji=False, width=width)


def words_for(settings: Settings) -> Words:
    """The words, numbers and times of whoever configured Sparkwatch."""
    return Words(Reader(language=settings.language, timezone=settings.timezone))


def level_text(level: Level | None, words: Words) -> Text:
    """The level, coloured."""
    if level is None:
        return Text("–")
    return Text(words.level(level), style=_COLOURS[level])


def reasons_text(reasons: Iterable[Reason], words: Words) -> str:
    """The reasons as sentences."""
    return " ".join(one_line(sentence(reason, words), 300) for reason in reasons)


def forecast_line(forecast: Forecast, words: Words) -> str:
    """One forecast: what is seen, the median and both intervals, or that it is too early."""
    quantity = words.quantity(forecast.quantity)
    horizon = words.hours(forecast.horizon / timedelta(hours=1))
    said = forecast.quantiles
    if said is None:
        return f"{quantity} +{horizon}: {words.say('too little seen yet')}"
    line = (
        f"{quantity} +{horizon}: {words.about(said.median)} "
        f"(50 % {words.about(said.low50)}–{words.about(said.high50)}, "
        f"90 % {words.about(said.low90)}–{words.about(said.high90)})"
    )
    return f"{line} → {words.number(forecast.outcome)}" if forecast.outcome is not None else line


def span(duration: timedelta) -> str:
    """A duration in its two largest units.

    >>> span(timedelta(minutes=95)), span(timedelta(days=1, hours=3, minutes=9))
    ('1 h 35 min', '1 d 3 h')
    """
    minutes = round(abs(duration) / timedelta(minutes=1))
    days, rest = divmod(minutes, 1440)
    hours, minutes = divmod(rest, 60)
    parts = [(days, "d"), (hours, "h"), (minutes, "min")]
    shown = [f"{count} {unit}" for count, unit in parts if count][:2]
    return " ".join(shown) or "0 min"

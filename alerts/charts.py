"""Pictures for mails and digests: growth with its forecast, and sentiment day by day.

There are no words in them, because no font can be counted on that has every script: only digits
and neutral dates. What the colours mean stands beside the picture, in HTML; :data:`PALETTE` is
what both use, chosen so that colour-blind readers can tell them apart.
"""

from __future__ import annotations

import io
from collections.abc import Sequence
from datetime import date, datetime, time, timedelta, tzinfo
from typing import TYPE_CHECKING

import attrs

from alerts.brief import Series
from monitor.domain import Forecast

# matplotlib takes a second to load, so it is loaded where something is drawn.
if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = ["PALETTE", "DayOfSentiment", "growth_chart", "sentiment_chart"]


@attrs.frozen
class Palette:
    """Colours as they stand in pictures and in the legends beside them."""

    seen: str = "#1b4965"
    likely: str = "#e8871e"
    possible: str = "#f6cf9d"
    negative: str = "#b5443c"
    neutral: str = "#c9ced3"
    positive: str = "#3d7ea6"
    ink: str = "#4a5258"
    rule: str = "#e3e6e8"


PALETTE = Palette()

_STEPS = (
    *(timedelta(minutes=minutes) for minutes in (1, 5, 10, 30)),
    *(timedelta(hours=hours) for hours in (1, 2, 3, 6, 12)),
    *(timedelta(days=days) for days in (1, 2, 7, 14, 30, 90, 365)),
)
_MOST_TICKS = 5
_MOST_DAYS = 8

_PIXELS = (1120, 560)
_DENSITY = 200


@attrs.frozen
class DayOfSentiment:
    """How many posts of a day were negative, neutral and positive."""

    day: date
    negative: int
    neutral: int
    positive: int


def growth_chart(series: Series, forecasts: Sequence[Forecast], zone: tzinfo) -> bytes:
    """The running total so far, and where it may go: median, 50 % and 90 % bands."""
    figure, axes = _canvas()
    times = [moment for moment, _ in series.points]
    places = [_place(moment) for moment in times]
    totals = [total for _, total in series.points]
    ahead = sorted(
        (f for f in forecasts if f.quantity is series.quantity and f.quantiles is not None),
        key=lambda forecast: forecast.horizon,
    )
    if ahead:
        _draw_forecast(axes, ahead)
    axes.plot(places, totals, color=PALETTE.seen, linewidth=2.4, solid_capstyle="round", zorder=4)
    axes.plot(places[-1:], totals[-1:], "o", color=PALETTE.seen, markersize=5, zorder=5)
    axes.set_ylim(bottom=0)
    axes.margins(x=0.02)
    until = ahead[-1].made_at + ahead[-1].horizon if ahead else times[-1]
    ticks, form = _ticks(times[0].astimezone(zone), until)
    axes.set_xticks([_place(tick) for tick in ticks], [f"{tick:{form}}" for tick in ticks])
    return _png(figure)


def _ticks(first: datetime, until: datetime) -> tuple[list[datetime], str]:
    """Round moments on the reader's clock, and how to write them."""
    span = until - first
    step = next((step for step in _STEPS if span / step <= _MOST_TICKS), _STEPS[-1])
    tick = datetime.combine(first.date(), time.min, first.tzinfo)
    tick += (first.replace(tzinfo=None) - tick.replace(tzinfo=None)) // step * step
    ticks = []
    while tick <= until:
        if tick >= first:
            ticks.append(tick)
        tick += step
    return ticks, "%m-%d" if step >= timedelta(days=1) else "%H:%M\n%m-%d"


def _draw_forecast(axes: Axes, ahead: Sequence[Forecast]) -> None:
    made_at, seen = ahead[0].made_at, float(ahead[0].seen)
    bands = [forecast.quantiles for forecast in ahead if forecast.quantiles is not None]
    places = [_place(made_at), *(_place(f.made_at + f.horizon) for f in ahead)]
    low90, high90 = [seen, *(q.low90 for q in bands)], [seen, *(q.high90 for q in bands)]
    low50, high50 = [seen, *(q.low50 for q in bands)], [seen, *(q.high50 for q in bands)]
    axes.fill_between(places, low90, high90, color=PALETTE.possible, alpha=0.55, linewidth=0)
    axes.fill_between(places, low50, high50, color=PALETTE.likely, alpha=0.5, linewidth=0)
    median = [seen, *(q.median for q in bands)]
    axes.plot(places, median, color=PALETTE.likely, linewidth=2, linestyle=(0, (3, 2)), zorder=3)


def sentiment_chart(days: Sequence[DayOfSentiment]) -> bytes:
    """A stacked bar for each day: negative at the bottom, then neutral, then positive."""
    from matplotlib.ticker import MaxNLocator

    figure, axes = _canvas()
    places = list(range(len(days)))
    bottom = [0] * len(days)
    for counts, colour in (
        ([day.negative for day in days], PALETTE.negative),
        ([day.neutral for day in days], PALETTE.neutral),
        ([day.positive for day in days], PALETTE.positive),
    ):
        axes.bar(places, counts, bottom=bottom, color=colour, width=0.72, linewidth=0)
        bottom = [below + count for below, count in zip(bottom, counts, strict=True)]
    every = -(-len(days) // _MOST_DAYS)
    axes.set_xticks(places[::every], [f"{day.day:%m-%d}" for day in days[::every]])
    axes.yaxis.set_major_locator(MaxNLocator(nbins=4, integer=True))
    return _png(figure)


def _place(moment: datetime) -> float:
    from matplotlib.dates import date2num

    return float(date2num(moment))  # type: ignore[no-untyped-call]  # matplotlib leaves it untyped


def _canvas() -> tuple[Figure, Axes]:
    from matplotlib.figure import Figure
    from matplotlib.ticker import FuncFormatter, MaxNLocator

    figure = Figure(
        figsize=(_PIXELS[0] / _DENSITY, _PIXELS[1] / _DENSITY), dpi=_DENSITY, layout="constrained"
    )
    figure.set_facecolor("white")
    axes = figure.subplots()
    axes.spines[["top", "right", "left"]].set_visible(False)
    axes.spines["bottom"].set_color(PALETTE.rule)
    axes.tick_params(colors=PALETTE.ink, labelsize=12, length=0, pad=5)
    axes.grid(axis="y", color=PALETTE.rule, linewidth=0.8)
    axes.set_axisbelow(True)
    axes.yaxis.set_major_locator(MaxNLocator(nbins=4, integer=True))
    axes.yaxis.set_major_formatter(FuncFormatter(_grouped))
    return figure, axes


def _grouped(value: float, _position: int | None) -> str:
    """Digits in groups of three, parted by a thin space as no locale objects to."""
    return f"{value:,.0f}".replace(",", "\u2009")


def _png(figure: Figure) -> bytes:
    """Few colours are in these pictures, and a mail is the better for it."""
    from PIL import Image

    drawn, file = io.BytesIO(), io.BytesIO()
    figure.savefig(drawn, format="raw")
    picture = Image.frombytes("RGBA", _PIXELS, drawn.getvalue()).convert("RGB")
    picture.quantize(48, Image.Quantize.FASTOCTREE).save(file, "PNG", optimize=True)
    return file.getvalue()

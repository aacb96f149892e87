"""A picture of how forecasts turned out, for a person to judge at a glance.

As in all pictures there are no words in it, only digits: what they mean is told beside it.
"""

from __future__ import annotations

import io
from collections.abc import Sequence
from datetime import timedelta
from math import log1p
from typing import TYPE_CHECKING

from alerts.charts import PALETTE
from monitor.domain import Forecast, Quantity
from monitor.virality.record import Record, Share, first_told

# matplotlib takes a second to load, so it is loaded where something is drawn.
if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = ["MARKS", "MOST_FANS", "record_picture"]

MOST_FANS = 20
"""At most so many incidents are drawn."""

_COLUMNS = 5
_WIDE, _SQUARE, _ROW = 10.0, 4.6, 1.9
_DENSITY = 150
_HOUR = timedelta(hours=1)
_MARKS = ("o", "s", "^", "D", "v", "P")
MARKS = "● ■ ▲ ◆ ▼ ✚"
"""The marks of the records, in their order, as a text shows them."""


def record_picture(records: Sequence[Record], incidents: Sequence[Sequence[Forecast]]) -> bytes:
    """A PNG: stated probabilities and intervals against what came true, then forecast bands.

    Of each incident (its graded forecasts, at most ``MOST_FANS`` of them) the bands that were told
    first are drawn over its total, the hours since then on the scale of ``ln(1 + hours)``. Only
    records of mentions are drawn, each horizon with a mark of its own, where there are any; of
    other quantities otherwise.
    """
    from matplotlib.figure import Figure

    fans = [made for made in incidents if first_told(made)][:MOST_FANS]
    rows = -(-len(fans) // _COLUMNS)
    heights = [_SQUARE, *([_ROW * rows] if rows else [])]
    figure = Figure(figsize=(_WIDE, sum(heights)), dpi=_DENSITY, layout="constrained")
    figure.set_facecolor("white")
    parts = figure.subfigures(len(heights), 1, height_ratios=heights, squeeze=False)[:, 0]
    stated, held = parts[0].subplots(1, 2)
    mentions = [one for one in records if one.quantity is Quantity.MENTIONS]
    _draw_records(stated, held, mentions or records)
    if fans:
        panels = parts[1].subplots(rows, _COLUMNS, squeeze=False).ravel()
        for number, (axes, made) in enumerate(zip(panels, fans, strict=False), 1):
            _draw_fan(axes, number, made)
        for axes in panels[len(fans) :]:
            axes.set_axis_off()
    return _png(figure)


def _draw_records(stated: Axes, held: Axes, records: Sequence[Record]) -> None:
    for axes in (stated, held):
        _plain(axes)
        axes.plot((0, 1), (0, 1), color=PALETTE.ink, linewidth=1, linestyle=(0, (4, 3)))
        axes.set_aspect("equal")
        axes.set(xlim=(-0.03, 1.03), ylim=(-0.03, 1.03))
        ticks = [0.0, 0.25, 0.5, 0.75, 1.0]
        axes.set_xticks(ticks, [f"{tick:.0%}" for tick in ticks])
        axes.set_yticks(ticks, [f"{tick:.0%}" for tick in ticks])
    for place, record in enumerate(records):
        mark = _MARKS[place % len(_MARKS)]
        apart = 0.008 * (place - (len(records) - 1) / 2)
        for one in record.stated:
            _draw_share(stated, one.stated + apart, one.happened, mark, PALETTE.seen)
        for nominal, share in ((0.5, record.inside50), (0.9, record.inside90)):
            _draw_share(held, nominal + 2 * apart, share, mark, PALETTE.likely)


def _draw_share(axes: Axes, place: float, share: Share, mark: str, colour: str) -> None:
    axes.plot((place, place), (share.low, share.high), color=colour, linewidth=1.2, alpha=0.6)
    axes.plot((place,), (share.value,), mark, color=colour, markersize=6)


def _draw_fan(axes: Axes, number: int, made: Sequence[Forecast]) -> None:
    """The bands as they were first told, and the totals that came."""
    _plain(axes)
    told = first_told(made)
    start, seen, last = told[0].made_at, float(told[0].seen), told[-1].horizon
    known = {
        moment: total
        for one in made
        if one.quantity is Quantity.MENTIONS
        for moment, total in ((one.made_at, one.seen), (one.made_at + one.horizon, one.outcome))
        if total is not None and start <= moment <= start + last
    }
    path = sorted(known.items())
    said = [one.quantiles for one in told if one.quantiles is not None]
    horizons = [timedelta(), *(one.horizon for one in told)]
    places = [_place(horizon) for horizon in horizons]
    axes.fill_between(
        places,
        [seen, *(one.low90 for one in said)],
        [seen, *(one.high90 for one in said)],
        color=PALETTE.possible,
        alpha=0.55,
        linewidth=0,
    )
    axes.fill_between(
        places,
        [seen, *(one.low50 for one in said)],
        [seen, *(one.high50 for one in said)],
        color=PALETTE.likely,
        alpha=0.5,
        linewidth=0,
    )
    axes.plot(
        places,
        [seen, *(one.median for one in said)],
        color=PALETTE.likely,
        linewidth=1.3,
        linestyle=(0, (3, 2)),
    )
    axes.plot(
        [_place(moment - start) for moment, _ in path],
        [total for _, total in path],
        color=PALETTE.seen,
        linewidth=1.6,
        marker=".",
        markersize=4,
    )
    axes.set_yscale("log")
    axes.set_xticks(places, [f"{horizon / _HOUR:g}" for horizon in horizons])
    _whole_ticks(axes)
    axes.set_title(str(number), fontsize=9, color=PALETTE.ink, loc="left", pad=2)


def _place(since: timedelta) -> float:
    return log1p(since / _HOUR)


def _whole_ticks(axes: Axes) -> None:
    """Round totals in groups of three digits, few enough to be read."""
    from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter

    axes.yaxis.set_major_locator(LogLocator(subs=(1.0, 2.0, 5.0), numticks=5))
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,.0f}"))
    axes.yaxis.set_minor_formatter(NullFormatter())


def _plain(axes: Axes) -> None:
    axes.spines[["top", "right", "left"]].set_visible(False)
    axes.spines["bottom"].set_color(PALETTE.rule)
    axes.tick_params(colors=PALETTE.ink, labelsize=8, length=0, which="both")
    axes.grid(color=PALETTE.rule, linewidth=0.7)
    axes.set_axisbelow(True)


def _png(figure: Figure) -> bytes:
    file = io.BytesIO()
    figure.savefig(file, format="png", metadata={"Software": None})
    return file.getvalue()

"""An alert as a mail: HTML with the chart in it, and its plain-text twin."""

from __future__ import annotations

from collections.abc import Sequence

import attrs

from alerts.brief import Brief, Series
from alerts.charts import growth_chart
from alerts.i18n import Reader, Words
from alerts.letter import Letter, Picture
from alerts.message import compose
from alerts.pages import html_page, plain_text
from monitor.domain import Quantity

__all__ = ["alert_letter"]

_FEWEST_POINTS = 3


@attrs.frozen(kw_only=True)
class _Chart:
    picture: str
    caption: str
    alt: str
    has_forecast: bool


def alert_letter(brief: Brief, reader: Reader) -> Letter:
    """The brief as a letter to this reader."""
    words = Words(reader)
    message = compose(brief, words)
    drawn = [_drawn(brief, series, words) for series in _worth_drawing(brief.series)]
    values = {"message": message, "charts": [chart for chart, _ in drawn]}
    return Letter(
        subject=message.subject,
        text=plain_text("alert.txt.j2", words, values),
        html=html_page("alert.html.j2", words, values),
        pictures=tuple(picture for _, picture in drawn),
    )


def _worth_drawing(all_series: Sequence[Series]) -> list[Series]:
    """Views where they are known, and otherwise posts: one picture says enough."""
    drawable = {s.quantity: s for s in all_series if len(s.points) >= _FEWEST_POINTS}
    for quantity in (Quantity.VIEWS, Quantity.MENTIONS, Quantity.SHARES):
        if quantity in drawable:
            return [drawable[quantity]]
    return []


def _drawn(brief: Brief, series: Series, words: Words) -> tuple[_Chart, Picture]:
    forecasts = [f for f in brief.forecasts if f.quantity is series.quantity and f.quantiles]
    name = f"growth-{series.quantity}"
    quantity = words.quantity(series.quantity)
    chart = _Chart(
        picture=name,
        caption=words.say(
            "{quantity} in total; times in {zone}",
            quantity=quantity,
            zone=words.zone_note(brief.alert.raised_at),
        ),
        alt=words.say(
            "A rising line: {quantity} in total, {first} at first and {last} at the last look.",
            quantity=quantity,
            first=words.number(series.points[0][1]),
            last=words.number(series.points[-1][1]),
        ),
        has_forecast=bool(forecasts),
    )
    return chart, Picture(name=name, png=growth_chart(series, forecasts, words.zone))

"""An alert as a mail: HTML with the chart in it, and its plain-text twin."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Self

import attrs

from alerts.brief import Brief, Series
from alerts.buttons import Buttons
from alerts.charts import growth_chart
from alerts.handling import state_lines
from alerts.i18n import Reader, Words
from alerts.letter import Letter, Picture
from alerts.message import Message, compose
from alerts.pages import html_page, plain_text
from monitor.domain import Quantity

__all__ = ["AlertLetter", "alert_letter"]

_FEWEST_POINTS = 3


@attrs.frozen(kw_only=True)
class _Chart:
    picture: str
    caption: str
    alt: str
    has_forecast: bool


def alert_letter(brief: Brief, reader: Reader) -> Letter:
    """The brief as a letter to this reader, in which nothing can be pressed."""
    return AlertLetter.of(brief, reader).for_all()


@attrs.frozen
class AlertLetter:
    """An alert, composed and drawn once, however many receivers get it each with their links."""

    words: Words
    _message: Message
    _charts: tuple[_Chart, ...]
    _pictures: tuple[Picture, ...]
    _state: tuple[str, ...]

    @classmethod
    def of(cls, brief: Brief, reader: Reader) -> Self:
        """The brief in the words of this reader."""
        words = Words(reader)
        drawn = [_drawn(brief, series, words) for series in _worth_drawing(brief.series)]
        handled = brief.case is not None and brief.case.since is not None
        return cls(
            words,
            compose(brief, words),
            tuple(chart for chart, _ in drawn),
            tuple(picture for _, picture in drawn),
            state_lines(brief.case, words, brief.alert.raised_at) if brief.case and handled else (),
        )

    def for_all(self) -> Letter:
        """The letter without links to act by."""
        return self._written(None)

    def for_one(self, buttons: Buttons) -> Letter:
        """The letter with one receiver's own links."""
        return self._written(buttons)

    def _written(self, buttons: Buttons | None) -> Letter:
        values = {
            "message": self._message,
            "charts": self._charts,
            "state": self._state,
            "buttons": buttons,
        }
        return Letter(
            subject=self._message.subject,
            text=plain_text("alert.txt.j2", self.words, values),
            html=html_page("alert.html.j2", self.words, values),
            pictures=self._pictures,
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

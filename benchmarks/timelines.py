"""Draws the timelines of docs/alerts.md from the stories that the tests pin.

    python -m benchmarks.timelines

Each picture is what the real stages did over a real store on a clock that was told the time. A test
fails where a picture is not what comes out now.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from datetime import datetime
from html import escape
from pathlib import Path

import attrs

from monitor.casework import NoticeState
from monitor.store.store import Store
from tests.timelines.harness import Timeline, offset
from tests.timelines.stories import STORIES, TITLES

__all__ = ["FOLDER", "drawn", "main"]

FOLDER = Path(__file__).parents[1] / "docs" / "images"

_WIDTH, _ROW, _TOP, _TIME = 820, 24, 74, 66
_EVENTS, _TOLD, _SILENT = "#52606d", "#a4262c", "#8a949e"


@attrs.frozen
class _Mark:
    at: datetime
    column: int
    text: str
    colour: str


def drawn(name: str, store: Store) -> str:
    """One story as an SVG."""
    line = STORIES[name](store)
    channels = [channel.options.name for channel in line.channels]
    marks = sorted(_marks(line, channels), key=lambda mark: (mark.at, mark.column))
    columns = ["what happens", *(f"{channel} is told" for channel in channels), "not told"]
    columns = columns[: 1 + max(mark.column for mark in marks)]
    rows: list[list[_Mark]] = []
    for mark in marks:
        row = rows[-1] if rows else []
        if row and row[0].at == mark.at and row[-1].column < mark.column:
            row.append(mark)
        else:
            rows.append([mark])
    width = (_WIDTH - _TIME) / len(columns)
    height = _TOP + _ROW * len(rows) + 10
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{_WIDTH}" height="{height}" '
        f'viewBox="0 0 {_WIDTH} {height}" font-family="Helvetica, Arial, sans-serif">',
        f"<title>{escape(TITLES[name])}</title>",
        f'<rect width="{_WIDTH}" height="{height}" fill="#ffffff"/>',
        _text(10, 24, TITLES[name], "#1f2933", 15, bold=True),
    ]
    for number, column in enumerate(columns):
        left = _TIME + number * width
        parts.append(_text(left + 14, 52, column, "#1f2933", 12, bold=True))
        parts.append(f'<path d="M{left + 4:.0f} {_TOP - 12}V{height - 8}" stroke="#d9dee2"/>')
    told_at = None
    for number, row in enumerate(rows):
        y = _TOP + _ROW * number + 6
        if row[0].at != told_at:
            told_at = row[0].at
            parts.append(_text(10, y + 4, _clock(line, told_at), "#1f2933", 12))
        for mark in row:
            left = _TIME + mark.column * width
            parts.append(f'<circle cx="{left + 4:.0f}" cy="{y}" r="4.5" fill="{mark.colour}"/>')
            parts.append(_text(left + 14, y + 4, mark.text, mark.colour, 12))
    return "\n".join([*parts, "</svg>", ""])


def _marks(line: Timeline, channels: list[str]) -> Iterator[_Mark]:
    for event in line.events:
        yield _Mark(event.at, 0, event.name, _EVENTS)
    for heard in line.heard:
        text = heard.about if heard.what == "group" else f"{heard.what} {heard.about}"
        if heard.what != "update":
            yield _Mark(heard.at, 1 + channels.index(heard.channel), text, _TOLD)
    with line.store.read() as work:
        decided = work.notices.decided(line.start, line.at("9d 0:00:00"))
    for notice in decided:
        if notice.state is NoticeState.WITHHELD and notice.reason and notice.decided_at:
            text = f"{notice.incident}: {notice.reason.code.replace('_', ' ')}"
            yield _Mark(notice.decided_at, 1 + len(channels), text, _SILENT)


def _clock(line: Timeline, at: datetime) -> str:
    zone = line.rules.teams[0].zone
    if zone.key == "UTC":
        return offset(at - line.start)
    return f"{at.astimezone(zone):%H:%M:%S}"


def _text(x: float, y: float, text: str, colour: str, size: int, *, bold: bool = False) -> str:
    weight = ' font-weight="bold"' if bold else ""
    place = f'x="{x:.0f}" y="{y}" font-size="{size}" fill="{colour}"{weight}'
    return f"<text {place}>{escape(text)}</text>"


def main() -> None:
    """Draw all of them anew."""
    for name in STORIES:
        with tempfile.TemporaryDirectory() as folder:
            store = Store.open(f"sqlite:///{folder}/sparkwatch.db")
            path = FOLDER / f"timeline-{name}.svg"
            path.write_text(drawn(name, store), encoding="utf-8")
            store.close()
        print(f"{path.name}: {TITLES[name]}")


if __name__ == "__main__":
    main()

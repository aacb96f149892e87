"""Messages as Slack's Block Kit, within its published limits.

Whatever was crawled stands in plain or rich text elements, which Slack shows as they are: nothing
in them can mention a channel, become a link or change the formatting. The one field that Slack
reads as markup, the fallback ``text``, is escaped.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from typing import Any, TypeAlias

from alerts.handling import action_line
from alerts.i18n import Words
from alerts.letter import Letter
from alerts.message import Citation, ForecastRow, Message, Section
from alerts.untrusted import clean, one_line, safe_link, shorten
from monitor.casework import Action
from monitor.domain import Level

__all__ = [
    "Json",
    "action_blocks",
    "alert_blocks",
    "as_json",
    "change_blocks",
    "escape",
    "letter_blocks",
    "plain",
    "with_repeat_note",
]

Json: TypeAlias = dict[str, Any]

_HEADER_LIMIT = 150
_SECTION_LIMIT = 3000
_NOTE_LIMIT = 2000
_MOST_BLOCKS = 50
_SIGNS = {Level.WATCH: "🟡", Level.HIGH: "🟠", Level.CRITICAL: "🔴"}


def escape(text: str) -> str:
    """The text as Slack's markup shows it, letter by letter.

    >>> escape("<!channel> R&D")
    '&lt;!channel&gt; R&amp;D'
    """
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def as_json(body: Json) -> str:
    """A body as it is kept and sent."""
    return json.dumps(body, ensure_ascii=False, separators=(",", ":"))


def alert_blocks(
    message: Message,
    words: Words,
    *,
    state: Sequence[str] = (),
    mention: str | None = None,
    controls: Sequence[Json] = (),
) -> Json:
    """An alert as the body of a message.

    ``state`` is how it is being handled, ``mention`` the member who is asked to take it on, and
    ``controls`` are the blocks by which that is done.
    """
    sign = _SIGNS[message.level]
    blocks = [_header(f"{sign} {message.title}"), _context(message.status)]
    if state:
        first = _line(_text(state[0], bold=True), *_mention(mention))
        blocks.append(_rich(first, *(_line(_text(line)) for line in state[1:])))
    if message.warnings:
        blocks.append(_rich(*(_line(_text(line, bold=True)) for line in message.warnings)))
    blocks += _section(message.changes)
    blocks += _quotes(message.happened_heading, [message.happened], message.open_post)
    if message.matter:
        blocks.append(_rich(_list(message.matter)))
    blocks += _section(message.next_steps)
    blocks += controls
    blocks += _section(message.response)
    blocks.append(_figures(message))
    blocks += _forecast(message, words)
    blocks += _section(message.reasons)
    blocks += _quotes(message.citations_heading, message.citations, message.open_post)
    for section in (message.details, message.similar, message.gaps):
        blocks += _section(section)
    blocks.append(_context(message.footer))
    return _body(message.subject, blocks)


def letter_blocks(letter: Letter) -> Json:
    """A letter's plain text, cut into sections."""
    blocks = [_header(letter.subject)]
    for part in _parts(letter.text):
        blocks.append({"type": "section", "text": plain(part)})
    return _body(letter.subject, blocks[:_MOST_BLOCKS])


def change_blocks(message: Message) -> Json:
    """What a new alert about a known incident says in the thread of the first."""
    changes = message.changes if message.changes.lines else message.reasons
    told = Section(heading=f"{_SIGNS[message.level]} {message.status}", lines=changes.lines)
    return _body(message.subject, _section(told) or [_context(told.heading)])


def action_blocks(action: Action, words: Words, mention: str | None = None) -> Json:
    """What somebody did, as a line in the thread; ``mention`` is the member whose it is now."""
    line = action_line(action, words)
    elements = [_line(_text(line), *_mention(mention))]
    note = shorten(clean(action.note), _NOTE_LIMIT)
    if note:
        elements.append({"type": "rich_text_quote", "elements": [_text(note)]})
    link = safe_link(action.link or None)
    if link:
        shown = words.say("open the response")
        elements.append(_line({"type": "link", "url": link, "text": shown}))
    return _body(line, [_rich(*elements)])


def with_repeat_note(body: Json, words: Words) -> Json:
    """The same body, with a note that it may have been posted before."""
    note = words.say("This may be a repeat: Slack did not confirm the first attempt.")
    first, *rest = body["blocks"]
    return {
        **body,
        "text": f"{escape(note)} {body['text']}",
        "blocks": [first, _context(note), *rest[: _MOST_BLOCKS - 2]],
    }


def _body(subject: str, blocks: list[Json]) -> Json:
    return {
        "text": escape(one_line(subject, 300)),
        "blocks": blocks,
        "unfurl_links": False,
        "unfurl_media": False,
    }


def plain(text: str) -> Json:
    """A text that Slack shows as it is."""
    return {"type": "plain_text", "text": text, "emoji": False}


def _header(text: str) -> Json:
    return {"type": "header", "text": plain(one_line(text, _HEADER_LIMIT))}


def _context(text: str) -> Json:
    return {"type": "context", "elements": [plain(text)]}


def _text(text: str, *, bold: bool = False) -> Json:
    return {"type": "text", "text": text, **({"style": {"bold": True}} if bold else {})}


def _mention(member: str | None) -> list[Json]:
    return [_text(" "), {"type": "user", "user_id": member}] if member else []


def _rich(*elements: Json) -> Json:
    return {"type": "rich_text", "elements": list(elements)}


def _line(*elements: Json) -> Json:
    return {"type": "rich_text_section", "elements": list(elements)}


def _list(lines: Iterable[str]) -> Json:
    items = [_line(_text(line)) for line in lines]
    return {"type": "rich_text_list", "style": "bullet", "elements": items}


def _section(section: Section) -> list[Json]:
    if not section.lines:
        return []
    return [_rich(_line(_text(section.heading, bold=True)), _list(section.lines))]


def _quotes(heading: str, citations: Iterable[Citation], open_post: str) -> list[Json]:
    elements: list[Json] = []
    for citation in citations:
        elements.append({"type": "rich_text_quote", "elements": [_text(citation.text)]})
        source = [_text(citation.by)]
        if citation.link:
            source += [
                _text(" · "),
                {"type": "link", "url": citation.link, "text": open_post},
            ]
        elements.append(_line(*source))
    return [_rich(_line(_text(heading, bold=True)), *elements)] if elements else []


def _figures(message: Message) -> Json:
    fields = [
        plain("\n".join(filter(None, (figure.label, figure.value, figure.note))))
        for figure in message.figures
    ]
    return {"type": "section", "fields": fields}


def _forecast(message: Message, words: Words) -> list[Json]:
    if not message.forecast_rows:
        return []
    elements: list[Json] = [_line(_text(message.forecast_heading, bold=True))]
    for row in message.forecast_rows:
        now = words.labelled(row.label, words.noted(row.now, message.forecast_columns[0]))
        elements.append(_line(_text(now)))
        elements.append(_list(_horizons(message.forecast_columns[1:], row, words)))
    notes = [_context(note) for note in message.forecast_notes]
    return [_rich(*elements), *notes]


def _horizons(columns: tuple[str, ...], row: ForecastRow, words: Words) -> list[str]:
    return [
        words.labelled(column, words.noted(cell.median, cell.interval))
        for column, cell in zip(columns, row.cells, strict=True)
    ]


def _parts(text: str) -> list[str]:
    """The text in pieces that fit a section, parted between paragraphs."""
    parts: list[str] = []
    for paragraph in clean(text).split("\n\n"):
        piece = shorten(paragraph, _SECTION_LIMIT)
        if parts and len(parts[-1]) + 2 + len(piece) <= _SECTION_LIMIT:
            parts[-1] = f"{parts[-1]}\n\n{piece}"
        elif piece:
            parts.append(piece)
    return parts

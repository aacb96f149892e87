"""Messages as plain text or Markdown that fits: for services that take neither blocks nor mail.

A message is a row of parts, the most important first. What does not fit is left out as whole parts,
so that no link and no sentence is ever cut.

Where a service publishes how to write its special characters, they are written so. Most publish
nothing; there, characters that begin a mention, a tag, an image or a link with a text of its own
are parted from what follows by a word joiner, which nobody sees, and those that change the style
are replaced by their full-width twins.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable

import attrs

from alerts.i18n import Words
from alerts.letter import Letter
from alerts.message import Citation, Message, Section
from alerts.untrusted import clean, safe_link

__all__ = [
    "ENTITIES",
    "LINES",
    "MARKDOWN",
    "PLAIN",
    "Markup",
    "fitted",
    "letter_parts",
    "parts",
    "utf8",
]

_JOINER = "\u2060"
_PARTED = {ord(sign): sign + _JOINER for sign in "@<]!"} | {
    ord("_"): f"{_JOINER}_{_JOINER}",
    ord("*"): "＊",
    ord("`"): "｀",
    ord("~"): "～",
    ord("|"): "｜",
    ord("\\"): "＼",
}
_ENTITIES = {ord(sign): f"&#{ord(sign)};" for sign in "&<>*_~`[]()#!|\\+-:@$"}


def parted(text: str) -> str:
    """The text, looking the same, with nothing in it that could mean something to a service.

    >>> parted("<!here> [win](https://evil.example) **now** @all").replace(_JOINER, "")
    '<!here> [win](https://evil.example) ＊＊now＊＊ @all'
    >>> "](" in parted("[win](https://evil.example)")
    False
    """
    return text.translate(_PARTED)


def with_entities(text: str) -> str:
    """The text with every special character written by its number.

    >>> with_entities("<at id=all></at>")
    '&#60;at id=all&#62;&#60;/at&#62;'
    """
    return text.translate(_ENTITIES)


@attrs.frozen
class Markup:
    """How a service writes what is bold, a link, a quotation and the end of a line."""

    escape: Callable[[str], str]
    marked: bool = True
    line_end: str = "\n"

    def bold(self, text: str) -> str:
        """The text as a heading of its part."""
        return f"**{self.escape(text)}**" if self.marked else self.escape(text)

    def link(self, label: str, url: str) -> str:
        """A link that was found safe, under a text of ours."""
        if not self.marked:
            return f"{self.escape(label)}: {url}"
        return f"[{self.escape(label)}]({url.replace('(', '%28').replace(')', '%29')})"

    def lines(self, lines: Iterable[str]) -> str:
        """Lines that are written already, as one part."""
        return self.line_end.join(lines)


PLAIN = Markup(parted, marked=False)
"""Text for whatever service; some of them take it for Markdown all the same."""
MARKDOWN = Markup(parted, line_end="  \n")
"""Markdown in which a line ends with two spaces."""
LINES = Markup(parted)
"""Markdown in which a line ends where it ends."""
ENTITIES = Markup(with_entities)
"""The same where special characters may be written by their numbers."""


def parts(message: Message, words: Words, markup: Markup) -> tuple[str, ...]:
    """An alert's parts, without its title, in the order in which they matter."""
    return tuple(filter(None, _parts(message, words, markup)))


def _parts(message: Message, words: Words, markup: Markup) -> Iterable[str]:
    yield markup.bold(message.status)
    yield markup.lines(markup.bold(line) for line in message.warnings)
    yield _section(message.changes, markup)
    yield from _cited(message.happened, message, markup, heading=message.happened_heading)
    yield _bullets(message.matter, markup)
    yield _section(message.next_steps, markup)
    yield _bullets(
        (
            words.labelled(figure.label, words.noted(figure.value, figure.note))
            for figure in message.figures
        ),
        markup,
    )
    yield _forecast(message, words, markup)
    yield _section(message.reasons, markup)
    for number, citation in enumerate(message.citations):
        heading = "" if number else message.citations_heading
        yield from _cited(citation, message, markup, heading=heading)
    for section in (message.details, message.similar, message.gaps):
        yield _section(section, markup)
    yield markup.escape(message.footer)


def _bullets(lines: Iterable[str], markup: Markup) -> str:
    return "\n".join(f"- {markup.escape(line)}" for line in lines)


def _section(section: Section, markup: Markup) -> str:
    if not section.lines:
        return ""
    return f"{markup.bold(section.heading)}\n{_bullets(section.lines, markup)}"


def _cited(citation: Citation, message: Message, markup: Markup, *, heading: str) -> Iterable[str]:
    """The words and who said them; the link apart, since it may be too long to be shown."""
    quoted = [f"> {markup.escape(citation.text)}", f"> {markup.escape(citation.by)}"]
    yield markup.lines([*([markup.bold(heading)] if heading else []), *quoted])
    if citation.link:
        yield markup.link(message.open_post, citation.link)


def _forecast(message: Message, words: Words, markup: Markup) -> str:
    if not message.forecast_rows:
        return ""
    lines = []
    for row in message.forecast_rows:
        cells = [
            words.labelled(column, words.noted(cell.median, cell.interval))
            for column, cell in zip(message.forecast_columns[1:], row.cells, strict=True)
        ]
        now = words.labelled(row.label, words.noted(row.now, message.forecast_columns[0]))
        lines.append(" · ".join((now, *cells)))
    return f"{markup.bold(message.forecast_heading)}\n" + _bullets(
        (*lines, *message.forecast_notes), markup
    )


def letter_parts(letter: Letter, markup: Markup) -> tuple[str, ...]:
    """A letter's plain text by its paragraphs; a line that is a link stays one."""
    return tuple(
        markup.lines(_letter_line(line, markup) for line in paragraph.splitlines() if line.strip())
        for paragraph in re.split(r"\n\s*\n", clean(letter.text))
        if paragraph.strip()
    )


def _letter_line(line: str, markup: Markup) -> str:
    link = line.strip()
    return link if safe_link(link) == link else markup.escape(line)


def fitted(
    written: tuple[str, ...], limit: int, shortened: str, size: Callable[[str], int] = len
) -> str:
    r"""As many parts as fit, the last one always; ``shortened`` says so where some do not.

    >>> fitted(("What happened", "a very long link", "What to do", "Raised 09:42"), 46, "(cut)")
    'What happened\n\nWhat to do\n\n(cut)\n\nRaised 09:42'
    """
    whole = "\n\n".join(written)
    if size(whole) <= limit:
        return whole
    *body, last = written
    kept: list[str] = []
    for part in body:
        if size("\n\n".join((*kept, part, shortened, last))) <= limit:
            kept.append(part)
    return "\n\n".join((*kept, shortened, last))


def utf8(text: str) -> int:
    """How many bytes a text takes.

    >>> utf8("行李")
    6
    """
    return len(text.encode())

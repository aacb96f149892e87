"""Text as strangers wrote it, made plain: no markup, no control characters, not endless."""

from __future__ import annotations

import re

from lxml import etree  # type: ignore[import-untyped]  # it ships no types

__all__ = ["html_to_text", "plain", "shown"]

_LONGEST = 50_000
_LONGEST_EMOJI = 16
_UNWANTED = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\ufeff\ufffe\uffff]")
_SURROGATE = re.compile(r"[\ud800-\udfff]")
_BLANKS = re.compile(r"[^\S\n]+")
_EMPTY_LINES = re.compile(r"\n{3,}")
_LINE_ENDS = re.compile(r"\n+")
_ANY_SPACE = re.compile(r"\s+")

_UNSEEN = frozenset({"head", "script", "style", "template", "noscript", "object", "svg", "math"})
_BLOCKS = frozenset(
    {"address", "article", "aside", "blockquote", "body", "br", "center", "dd", "details", "div"}
    | {"dl", "dt", "figcaption", "figure", "footer", "form", "h1", "h2", "h3", "h4", "h5", "h6"}
    | {"header", "hr", "li", "main", "ol", "p", "pre", "section", "table", "td", "th", "tr", "ul"}
)


def plain(text: str) -> str:
    r"""The text without what no reader sees: control characters, halves of emoji, extra blanks.

    >>> plain("late \x1b[31m again\r\n\r\n\r\n\r\nangry\x00")
    'late [31m again\n\nangry'
    """
    text = text[: 4 * _LONGEST]
    if text.isprintable() and "  " not in text:  # most ids, names and titles: nothing to take out
        return text.strip()[:_LONGEST]
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    text = _SURROGATE.sub("\N{REPLACEMENT CHARACTER}", _UNWANTED.sub("", text))
    lines = (_BLANKS.sub(" ", line).strip() for line in text.split("\n"))
    return _EMPTY_LINES.sub("\n\n", "\n".join(lines)).strip()[:_LONGEST]


def html_to_text(html: str) -> str:
    r"""The words of a piece of HTML; blocks and line breaks become lines.

    >>> html_to_text("<p>Four bags &amp; $2,800<br>for soldiers</p><p>Shame</p>")
    'Four bags & $2,800\nfor soldiers\nShame'
    """
    if "<" not in html and "&" not in html:
        return plain(html)
    source = _SURROGATE.sub("", html[: 4 * _LONGEST].replace("\x00", ""))
    parser = etree.HTMLParser(
        encoding="utf-8", no_network=True, huge_tree=False, remove_comments=True, remove_pis=True
    )
    root = etree.fromstring(b"<div>" + source.encode() + b"</div>", parser)
    if root is None:
        return ""
    return _LINE_ENDS.sub("\n", plain("".join(_pieces(root))))


def shown(text: str, longest: int = 80) -> str:
    r"""The beginning of a hostile text on one line, safe in a message, a log or a terminal.

    >>> shown("<html>\x1b[2J\n<body>")
    '<html>\\x1b[2J <body>'
    """
    line = _ANY_SPACE.sub(" ", text[: 4 * longest]).strip()
    line = "".join(c if c.isprintable() else ascii(c)[1:-1] for c in line)
    return line if len(line) <= longest else line[: longest - 1] + "…"


def _pieces(root: etree._Element) -> list[str]:
    pieces: list[str] = []
    unseen: etree._Element | None = None
    for event, element in etree.iterwalk(root, events=("start", "end")):
        if event == "start":
            if unseen is None and element.tag in _UNSEEN:
                unseen = element
            if unseen is None:
                pieces.extend(_opening(element, pieces))
        else:
            if unseen is element:
                unseen = None
            if unseen is None:
                if element.tag in _BLOCKS:
                    pieces.append("\n")
                pieces.append(_one_line(element.tail))
    return pieces


def _opening(element: etree._Element, before: list[str]) -> list[str]:
    opening = ["\n"] if element.tag in _BLOCKS and before[-1:] != ["\n"] else []
    if element.tag == "br":
        opening = []
    if element.tag == "img":
        opening.append(_emoji(element.get("alt") or ""))
    opening.append(_one_line(element.text))
    return opening


def _emoji(alternative: str) -> str:
    """What a picture stands for if it is an emoji: WordPress and others draw theirs."""
    is_emoji = len(alternative) <= _LONGEST_EMOJI and not any(c.isalnum() for c in alternative)
    return alternative if is_emoji else ""


def _one_line(text: str | None) -> str:
    return _ANY_SPACE.sub(" ", text) if text else ""

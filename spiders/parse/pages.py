"""Pages as strangers serve them, made readable: the charset that is true, JSON-LD without slips."""

from __future__ import annotations

import codecs
import html
import json
import re

__all__ = ["page_text"]

_LONGEST_PAGE = 4_000_000
_DECLARED = re.compile(rb"(?:charset|encoding)\s*=\s*[\"']?\s*([\w.:-]{2,40})", re.IGNORECASE)
_MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_WIDER = {"gb2312": "gb18030", "gbk": "gb18030", "big5": "big5hkscs"}
_WIDER |= dict.fromkeys(("iso8859-1", "ascii", "latin-1"), "cp1252")
_FEW_BROKEN = 0.01
_UNWANTED = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]")

_DESCRIBED = re.compile(
    r"(<script\b[^>]*application/ld\+json[^>]*>)(.*?)(</script\s*>)", re.IGNORECASE | re.DOTALL
)
_WRAPPING = re.compile(r"^\s*(?:<!--|//\s*<!\[CDATA\[|<!\[CDATA\[)|(?:-->|//\s*\]\]>|\]\]>)\s*$")
_SLIPS = re.compile(r'("(?:[^"\\]|\\.)*")|/\*.*?\*/|//[^\n]*|,(?=\s*[}\]])', re.DOTALL)


def page_text(body: bytes, content_type: str = "") -> str:
    r"""The HTML of a page. What it says of its charset is believed where it can be true.

    UTF-8 is taken for what it is, whatever is declared: nothing else looks like it by chance.
    Comments, trailing commas and entities inside JSON-LD, which JSON does not have, are removed.

    >>> page_text("<p>行李丢了</p>".encode("gbk"), "text/html; charset=utf-8")
    '<p>行李丢了</p>'
    """
    text = _UNWANTED.sub("", _decoded(body[:_LONGEST_PAGE], content_type))
    return _DESCRIBED.sub(_mended, text)


def _decoded(body: bytes, content_type: str) -> str:
    for mark, charset in _MARKS:
        if body.startswith(mark):
            return body[len(mark) :].decode(charset, "replace")
    declared = [
        name.decode("ascii", "replace")
        for name in _DECLARED.findall(content_type.encode("ascii", "ignore"))[:1]
        + _DECLARED.findall(body[:4_096])[:2]
    ]
    fewest, best = 1.0, ""
    for charset in dict.fromkeys(("utf-8", *map(_known, declared), "gb18030", "cp1252")):
        text = body.decode(charset, "replace") if charset else ""
        broken = text.count("\N{REPLACEMENT CHARACTER}") / max(1, len(text))
        if text and broken == 0:
            return text
        if text and broken < fewest:
            fewest, best = broken, text
        if charset != "utf-8" and fewest < _FEW_BROKEN:
            break  # what is declared is true, but for a few bytes
    return best


def _known(charset: str) -> str:
    """The name of a charset, or of its successor; empty where there is none."""
    try:
        name = codecs.lookup(charset).name
    except (LookupError, ValueError):
        return ""
    is_text = name not in {"hex", "base64", "rot13", "bz2", "zlib", "uu", "quopri", "idna"}
    return _WIDER.get(name, name) if is_text and not name.startswith("utf-7") else ""


def _mended(block: re.Match[str]) -> str:
    begin, text, end = block.groups()
    if _is_json(text):
        return block[0]
    bare = _WRAPPING.sub("", _WRAPPING.sub("", text)).strip().rstrip(";")
    for attempt in (bare, _SLIPS.sub(_kept, bare), _SLIPS.sub(_kept, html.unescape(bare))):
        if _is_json(attempt):
            return f"{begin}{attempt}{end}"
    return block[0]


def _kept(found: re.Match[str]) -> str:
    return found[1] or ""


def _is_json(text: str) -> bool:
    try:
        json.loads(text, strict=False)
    except (ValueError, RecursionError):
        return False
    return True

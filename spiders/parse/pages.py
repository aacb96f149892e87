"""Pages as strangers serve them: the charset that is true, and the things that they describe.

Both take time in proportion to the page, however it is nested and wherever it is broken.
"""

from __future__ import annotations

import codecs
import html
import json
import re
from typing import Any

from lxml import etree  # type: ignore[import-untyped]  # it ships no types

__all__ = ["page_text", "things_on"]

_LONGEST_PAGE = 4_000_000
_DECLARED = re.compile(rb"(?:charset|encoding)\s*=\s*[\"']?\s*([\w.:-]{2,40})", re.IGNORECASE)
_MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_WIDER = {"gb2312": "gb18030", "gbk": "gb18030", "big5": "big5hkscs"}
_WIDER |= dict.fromkeys(("iso8859-1", "ascii", "latin-1"), "cp1252")
_NO_TEXT = frozenset({"hex", "base64", "rot13", "bz2", "zlib", "uu", "quopri", "idna", "utf-7"})
_FEW_BROKEN = 0.01
_UNWANTED = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]")

_WRAPPING = re.compile(r"\A\s*(?:<!--|//\s*<!\[CDATA\[|<!\[CDATA\[)|(?:-->|//\s*\]\]>|\]\]>)\s*\Z")
_STRING = r'("(?:[^"\\]++|\\.)*+\\?(?:"|\Z))'
_COMMENTS = re.compile(_STRING + r"|/\*.*?(?:\*/|\Z)|//[^\n]*", re.DOTALL)
_LAST_COMMAS = re.compile(_STRING + r"|,(?=\s*[}\]])", re.DOTALL)
_LINKED = {"a": "href", "area": "href", "link": "href", "object": "data"}
_LINKED |= dict.fromkeys(("audio", "embed", "iframe", "img", "source", "track", "video"), "src")
_MOST_THINGS = 10_000
_MOST_TEXT = 8_000_000
_DEEPEST = 60


def page_text(body: bytes, content_type: str = "") -> str:
    r"""The HTML of a page. What it says of its charset is believed where it can be true.

    UTF-8 is taken for what it is, whatever is declared: nothing else looks like it by chance.

    >>> page_text("<p>行李丢了</p>".encode("gbk"), "text/html; charset=utf-8")
    '<p>行李丢了</p>'
    """
    return _UNWANTED.sub("", _decoded(body[:_LONGEST_PAGE], content_type))


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
        if charset and fewest < _FEW_BROKEN:
            break  # it is true, but for a few bytes
    return best


def _known(charset: str) -> str:
    """The name of a charset, or of its successor; empty where there is none."""
    try:
        name = codecs.lookup(charset).name
    except (LookupError, ValueError):
        return ""
    return "" if name in _NO_TEXT else _WIDER.get(name, name)


def things_on(text: str) -> list[Any]:
    """The things that a page describes in JSON-LD and in microdata, in the shape of JSON-LD.

    They are nested as they are on the page. JSON-LD with comments, trailing commas or entities,
    which JSON does not have, is read even so.
    """
    parser = etree.HTMLParser(encoding="utf-8", no_network=True, huge_tree=False)
    root = etree.fromstring(b"<html>" + text.encode("utf-8", "replace"), parser)
    if root is None:
        return []
    linked = [
        described
        for script in root.iter("script")
        if "ld+json" in (script.get("type") or "").lower()
        for described in _json(script.text or "")
    ]
    return linked + _microdata(root)


def _json(text: str) -> list[Any]:
    bare = _WRAPPING.sub("", text).strip().rstrip(";")
    for repair in (str, _mended, _unescaped):
        try:
            return [json.loads(repair(bare), strict=False)]
        except (ValueError, RecursionError):
            continue
    return []


def _unescaped(text: str) -> str:
    return _mended(html.unescape(text))


def _mended(text: str) -> str:
    """JSON without its comments, and then without the commas that end a list."""
    for slips in (_COMMENTS, _LAST_COMMAS):
        text = slips.sub(lambda found: found[1] or "", text)
    return text


def _microdata(root: etree._Element) -> list[Any]:
    """The things on the page, in one walk."""
    things: list[Any] = []
    open_ones: list[tuple[etree._Element, dict[str, Any]]] = []
    made, written = 0, 0
    for event, element in etree.iterwalk(root, events=("start", "end")):
        if event == "end":
            if open_ones and open_ones[-1][0] is element:
                open_ones.pop()
            continue
        if made >= _MOST_THINGS or not isinstance(element.tag, str):
            continue
        names = (element.get("itemprop") or "").split()
        if element.get("itemscope") is not None and len(open_ones) < _DEEPEST:
            made += 1
            thing = _begun(element)
            if not names or not open_ones:
                things.append(thing)
            else:
                _enter(open_ones[-1][1], names, thing)
            open_ones.append((element, thing))
        elif names and open_ones and written < _MOST_TEXT:
            value = _value(element)
            written += len(value) + 1
            _enter(open_ones[-1][1], names, value)
    return things


def _begun(element: etree._Element) -> dict[str, Any]:
    thing: dict[str, Any] = {"@type": (element.get("itemtype") or "Thing").split()}
    number = element.get("itemid") or element.get("id")
    if number:
        thing["@id"] = number if element.get("itemid") else f"#{number}"
    return thing


def _enter(thing: dict[str, Any], names: list[str], value: Any) -> None:
    for name in names[:20]:
        if name.startswith("@"):
            continue
        if isinstance(thing.get(name), list):
            thing[name].append(value)
        else:
            thing[name] = [thing[name], value] if name in thing else value


def _value(element: etree._Element) -> str:
    for attribute in ("content", _LINKED.get(element.tag), "datetime"):
        found = element.get(attribute) if attribute else None
        if found is not None:
            return str(found)
    if element.tag in ("data", "meter") and element.get("value"):
        return str(element.get("value"))
    return " ".join(" ".join(element.itertext()).split())

"""What an XML document's own entities would grow to, told before a parser lets them grow."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterator, Mapping
from xml.parsers import expat

__all__ = ["LARGEST_GROWN", "grown_size"]

LARGEST_GROWN = 1_000_000
"""No feed needs more characters from its own entities; some do abbreviate a name by one."""

_REFERENCE = re.compile(r"&([^\s;&<#]{1,100});")
_MOST_DECLARED = 300
"""HTML 4, whose entities a feed may bring along, has 252."""


def grown_size(body: bytes) -> float:
    """How many characters its entities come to where they stand; nothing is expanded for it.

    It stops counting above ``LARGEST_GROWN``. Infinite for an entity that holds itself, and for
    more of them than anybody needs.

    >>> laughs = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 9))
    >>> grown_size(f'<!DOCTYPE rss [<!ENTITY l0 "lol">{laughs}]><rss>&l8;</rss>'.encode())
    300000000.0
    """
    values, content = _declared(body.lstrip())
    if len(values) > _MOST_DECLARED:
        return float("inf")
    sizes: dict[str, float] = {}
    total = 0.0
    for name in _references(
        content.replace(b"\0", b"").decode("latin-1") if values else "", values
    ):
        total += _size(name, values, sizes, frozenset())
        if total > LARGEST_GROWN:
            break
    return total


def _size(
    name: str, values: Mapping[str, str], sizes: dict[str, float], holders: frozenset[str]
) -> float:
    if name in holders:
        return float("inf")
    if name not in sizes:
        own = len(_REFERENCE.sub("", values[name]))
        inside = _references(values[name], values)
        sizes[name] = own + sum(_size(one, values, sizes, holders | {name}) for one in inside)
    return sizes[name]


def _references(text: str, values: Mapping[str, str]) -> Iterator[str]:
    return (found[1] for found in _REFERENCE.finditer(text) if found[1] in values)


def _declared(body: bytes) -> tuple[dict[str, str], bytes]:
    """The entities that stand before the first element, by their names, and what follows them."""
    found: dict[str, str] = {}
    begins = 0

    def declared(name: str, is_parameter: bool, value: str | None, *_: object) -> None:
        if value is not None and not is_parameter:
            found.setdefault(name, value)

    def begun(_name: str, _attributes: object) -> None:
        nonlocal begins
        begins = parser.CurrentByteIndex
        raise _BegunError

    parser = expat.ParserCreate()
    parser.EntityDeclHandler = declared
    parser.StartElementHandler = begun
    # What is broken so early declares what it did until then.
    with contextlib.suppress(_BegunError, expat.ExpatError, ValueError, LookupError):
        parser.Parse(body, False)
    return found, body[begins:]


class _BegunError(Exception):
    """The first element: nothing is declared behind it."""

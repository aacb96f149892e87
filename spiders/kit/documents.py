"""Answers taken apart: JSON, HTML, and the structured data inside HTML. Bytes in, items out.

Each document lists the items that an expression finds and looks a field up in one of them, so that
the same ``Fields`` are read from all of them.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Any, Literal, Protocol, TypeAlias

import attrs
import jmespath
from jmespath.exceptions import JMESPathError
from jmespath.parser import ParsedResult
from parsel import Selector
from w3lib.encoding import html_to_unicode

from spiders.kit.structured import structured_data
from spiders.parse.answers import json_answer, unreadable
from spiders.parse.text import html_to_text

__all__ = ["Document", "Form", "found_in", "listed", "open_document"]

Form: TypeAlias = Literal["json", "html", "structured"]

_LONGEST_PAGE = 4_000_000


class Document(Protocol):
    """One answer, taken apart."""

    @property
    def data(self) -> Any:
        """The whole: a JSON value, a selector, or the list of a page's structured things."""
        ...

    @property
    def html(self) -> Selector | None:
        """The page, where it is one."""
        ...

    def items(self, expression: str) -> Any:
        """The list of items that an expression finds, if it is one."""
        ...

    def find(self, expression: str, item: Any) -> Any:
        """What an expression finds in an item; ``None`` for nothing."""
        ...


def open_document(
    form: Form, body: bytes, *, url: str, content_type: str, expected: str
) -> Document:
    """The document; raises ``SourceError`` where the answer is not of that form."""
    if form == "json":
        return _Json(json_answer(body, url=url, expected=expected))
    try:
        _, text = html_to_unicode(content_type or None, body[:_LONGEST_PAGE])
        page = Selector(text=text, type="html", base_url=url)
    except (ValueError, LookupError) as error:
        raise unreadable(body, url=url, found="no HTML", expected=expected) from error
    if form == "html":
        return _Html(page)
    return _Json(structured_data(text), page)


def found_in(data: Any, expression: str) -> Any:
    """What a JMESPath finds; ``None`` for nothing, and where it meets a value of another type.

    >>> found_in({"posts": [{"likes": 3}]}, "posts[0].likes")
    3
    """
    try:
        return _compiled(expression).search(data)
    except (JMESPathError, TypeError, AttributeError, RecursionError):
        return None


@lru_cache(maxsize=1_000)
def _compiled(expression: str) -> ParsedResult:
    return jmespath.compile(expression)


@attrs.frozen
class _Json:
    data: Any
    html: Selector | None = None

    def items(self, expression: str) -> Any:
        return self.find(expression, self.data)

    def find(self, expression: str, item: Any) -> Any:
        return found_in(item, expression)


@attrs.frozen
class _Html:
    """A selector without ``::`` stands for the words of its first element."""

    data: Selector

    @property
    def html(self) -> Selector:
        return self.data

    def items(self, expression: str) -> Any:
        return list(self.data.css(expression))

    def find(self, expression: str, item: Any) -> Any:
        found = item.css(expression).get()
        return found if "::" in expression or found is None else html_to_text(found)


def listed(value: Any, children: str, *, most: int = 20_000) -> list[Mapping[str, Any]]:
    """A tree of items as a list, each before its children; without recursion, as trees are deep.

    ``children`` is the JMESPath of an item's children.

    >>> [i["id"] for i in listed([{"id": 1, "kids": [{"id": 2}]}, {"id": 3}], "kids")]
    [1, 2, 3]
    """
    found: list[Mapping[str, Any]] = []
    waiting = list(reversed(value)) if isinstance(value, list) else []
    while waiting and len(found) < most:
        item = waiting.pop()
        if not isinstance(item, Mapping):
            continue
        found.append(item)
        below = found_in(item, children)
        waiting.extend(reversed(below) if isinstance(below, list) else ())
    return found

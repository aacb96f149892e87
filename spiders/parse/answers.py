"""Answers of JSON interfaces: read, or refused with what was found instead."""

from __future__ import annotations

import json
from typing import Any

from monitor.domain import Health
from spiders.page import SourceError
from spiders.parse.text import shown

__all__ = ["json_answer", "says_error", "unreadable"]


def json_answer(body: bytes, *, url: str, expected: str) -> Any:
    """The JSON of an answer; raises ``SourceError`` where there is none."""
    try:
        return json.loads(body)
    except (ValueError, RecursionError) as error:
        raise unreadable(body, url=url, found="no JSON", expected=expected) from error


def unreadable(body: bytes, *, url: str, found: str, expected: str) -> SourceError:
    """The trouble of an answer that is not what ``expected`` names; a saved one has no ``url``."""
    start = shown(body[:400].decode("utf-8", "replace"))
    return SourceError(
        Health.UNREADABLE,
        f"{shown(url, 200)}{': ' if url else ''}{found}; it begins with {start!r}; "
        f"check that {'the address' if url else 'this'} is {expected}",
    )


def says_error(body: bytes) -> bool:
    """Whether a 404 is the interface's own word, not a missing page of some web server.

    >>> says_error(b'{"error":"Record not found"}'), says_error(b"<h1>Not Found</h1>")
    (True, False)
    """
    try:
        answer = json.loads(body)
    except (ValueError, RecursionError):
        return False
    return isinstance(answer, dict) and "error" in answer

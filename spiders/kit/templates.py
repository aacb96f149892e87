"""Addresses and headers with gaps: ``{api}/search?q={query}&since={since}&key={key}``."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote

import attrs
from pydantic import SecretStr

from spiders.options import Politeness, secret_of

__all__ = ["Ask", "filled", "filled_header", "path_pattern", "secrets_of"]

_GAP = re.compile(r"\{(\w+)\}")
_UNUSED = re.compile(r"(?<=[?&])[^=&?]+=(?=&|$)&?")


@attrs.frozen(kw_only=True)
class Ask:
    """One question to a source: what fills the gaps of an address, each by its name.

    ``since`` fills ``{since}`` in seconds since 1970, ``{since_ms}`` in milliseconds, and
    ``{since_iso}`` as in 2026-11-22T06:30:00Z. ``limit`` is how many items are of use, at most what
    the source gives on a page. Every option of the source fills the gap of its name.
    """

    options: Politeness
    query: str = ""
    since: datetime = datetime(1970, 1, 1, tzinfo=UTC)
    page: str = ""
    limit: int = 0
    ids: tuple[str, ...] = ()
    joint: str = ","

    def value(self, name: str) -> str:
        """What stands in a gap; raises ``AttributeError`` where nothing has that name."""
        match name:
            case "query" | "page":
                return str(getattr(self, name))
            case "limit":
                return str(self.limit)
            case "ids":
                return self.joint.join(self.ids)
            case "since":
                return str(int(self.since.timestamp()))
            case "since_ms":
                return str(int(self.since.timestamp() * 1000))
            case "since_iso":
                return f"{self.since.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"
        value: Any = getattr(self.options, name)
        if _is_secret(self.options, name):
            return secret_of(self.options, name)
        if isinstance(value, bool):
            return str(value).lower()
        return "" if value is None else str(value)


def filled(template: str, ask: Ask) -> str:
    """The address. A parameter whose gap stays empty is left out; values are escaped.

    A gap at the very beginning is an address itself and stands as it is.
    """

    def fill(gap: re.Match[str]) -> str:
        value = ask.value(gap[1])
        if gap.start() == 0:
            return value.rstrip("/")
        return quote(value, safe="," if gap[1] == "ids" else "")

    return _UNUSED.sub("", _GAP.sub(fill, template)).rstrip("?&")


def filled_header(template: str, ask: Ask) -> str:
    """A header's value; empty, and so not sent, where one of its gaps stays empty."""
    values = {name: ask.value(name) for name in _GAP.findall(template)}
    if not all(values.values()):
        return ""
    return _GAP.sub(lambda gap: values[gap[1]], template)


def secrets_of(options: Politeness) -> tuple[str, ...]:
    """The secrets among the options, so that they can be kept out of messages."""
    found = (secret_of(options, n) for n in type(options).model_fields if _is_secret(options, n))
    return tuple(secret for secret in found if secret)


def path_pattern(template: str) -> re.Pattern[str]:
    """What the path of an address of this template looks like, whatever fills its gaps."""
    path = re.sub(r"^https?://[^/]+", "", template.partition("?")[0])
    pieces = _GAP.split(path)  # text, a gap's name, text, ...
    pattern = ""
    for place, piece in enumerate(pieces):
        if place % 2 == 0:
            pattern += re.escape(piece)
        else:  # a gap that begins the template is an address with a path of its own
            pattern += "[^?]*" if place == 1 and not pieces[0] else "[^/?]+"
    return re.compile(pattern + "/?")


def _is_secret(options: Politeness, name: str) -> bool:
    return (
        isinstance(getattr(options, name, None), SecretStr)
        or f"{name}_file" in type(options).model_fields
    )

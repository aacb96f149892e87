"""Domain values as JSON lines: what a crawl process writes and its parent reads.

Only what a crawl brings can travel: ``Observation``, ``Deletion``, ``Cursor``, ``FaultyAnswer``
and ``SourceHealth``. The lines are ASCII, so no text of a stranger can break one or colour a
terminal.

>>> from datetime import UTC, datetime
>>> from monitor.domain import Deletion, PostKey
>>> gone = Deletion(
...     key=PostKey(source="forum", native_id="7"), observed_at=datetime(2026, 11, 1, tzinfo=UTC)
... )
>>> decode(encode(gone)) == gone
True
"""

from __future__ import annotations

import json
from base64 import b64decode, b64encode
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, TypeAlias

import attrs

from monitor.domain import (
    Author,
    Cursor,
    Deletion,
    EngagementSnapshot,
    FaultyAnswer,
    Health,
    MediaKind,
    Observation,
    Post,
    PostKey,
    SourceHealth,
)

__all__ = ["WireError", "WireValue", "decode", "encode"]

WireValue: TypeAlias = Observation | Deletion | Cursor | FaultyAnswer | SourceHealth
_Json: TypeAlias = Mapping[str, Any]


class WireError(ValueError):
    """A line that is no value of the domain."""


def encode(value: WireValue) -> str:
    """One value as one line, without the line feed."""
    return _ENCODER.encode({"type": type(value).__name__, **_fields(value)})


def decode(line: str | bytes) -> WireValue:
    """The value that ``encode`` wrote; raises ``WireError`` on anything else."""
    try:
        fields = json.loads(line)
        kind = fields.pop("type")
        return _READERS[kind](fields)
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise WireError(f"not a value of the domain: {line[:80]!r} ({error!r})") from error


def _fields(value: Any) -> dict[str, object]:
    return {name: getattr(value, name) for name in _NAMES[type(value)]}


def _plain(value: object) -> object:
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, bytes):
        return b64encode(value).decode("ascii")
    return _fields(value)


_ENCODER = json.JSONEncoder(separators=(",", ":"), default=_plain)
_NAMES: Mapping[type, tuple[str, ...]] = {
    kind: tuple(field.name for field in attrs.fields(kind))
    for kind in (
        Author,
        Cursor,
        Deletion,
        EngagementSnapshot,
        FaultyAnswer,
        Observation,
        Post,
        PostKey,
        SourceHealth,
    )
}


def _time(text: str) -> datetime:
    return datetime.fromisoformat(text)


def _key(fields: _Json) -> PostKey:
    return PostKey(**fields)


def _key_or_none(fields: _Json | None) -> PostKey | None:
    return None if fields is None else _key(fields)


def _post(fields: _Json) -> Post:
    author = fields["author"]
    return Post(
        **{
            **fields,
            "key": _key(fields["key"]),
            "published_at": _time(fields["published_at"]),
            "author": None if author is None else Author(**author),
            "parent": _key_or_none(fields["parent"]),
            "thread": _key_or_none(fields["thread"]),
            "media": MediaKind(fields["media"]),
        }
    )


def _snapshot(fields: _Json) -> EngagementSnapshot:
    return EngagementSnapshot(
        **{**fields, "key": _key(fields["key"]), "taken_at": _time(fields["taken_at"])}
    )


def _observation(fields: _Json) -> Observation:
    snapshot = fields["snapshot"]
    return Observation(
        post=_post(fields["post"]),
        observed_at=_time(fields["observed_at"]),
        snapshot=None if snapshot is None else _snapshot(snapshot),
    )


def _deletion(fields: _Json) -> Deletion:
    return Deletion(key=_key(fields["key"]), observed_at=_time(fields["observed_at"]))


def _cursor(fields: _Json) -> Cursor:
    return Cursor(**{**fields, "saved_at": _time(fields["saved_at"])})


def _faulty(fields: _Json) -> FaultyAnswer:
    return FaultyAnswer(
        **{
            **fields,
            "body": b64decode(fields["body"], validate=True),
            "observed_at": _time(fields["observed_at"]),
        }
    )


def _health(fields: _Json) -> SourceHealth:
    return SourceHealth(
        **{
            **fields,
            "finished_at": _time(fields["finished_at"]),
            "health": Health(fields["health"]),
        }
    )


_READERS: Mapping[str, Callable[[_Json], WireValue]] = {
    "Observation": _observation,
    "Deletion": _deletion,
    "Cursor": _cursor,
    "FaultyAnswer": _faulty,
    "SourceHealth": _health,
}

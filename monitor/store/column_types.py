"""Column types: times in UTC, post keys, enumerations and text that every database accepts."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Any

from sqlalchemy import DateTime, Dialect, Integer, Text
from sqlalchemy.types import TypeDecorator

from monitor.domain import PostKey

__all__ = ["Choice", "Clean", "Key", "Seconds", "Utc", "binary_text", "storable"]

_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")


def storable(text: str) -> str:
    """The text without NUL and lone surrogates, which no database takes; its length stays.

    >>> storable("refund" + chr(0) + "now") == "refund" + chr(0xFFFD) + "now"
    True
    """
    return _UNSTORABLE.sub("\N{REPLACEMENT CHARACTER}", text)


def binary_text() -> Text:
    """Text that sorts by code point on both databases."""
    return Text().with_variant(Text(collation="C"), "postgresql")


class Utc(TypeDecorator[datetime]):
    """A moment: time-zone aware on both sides, UTC in the database, microseconds kept.

    SQLite holds it as text of fixed width, so that comparing texts compares times.
    """

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Turn an aware time into UTC; refuse a naive one."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError(f"a stored time must carry a time zone, got {value.isoformat()}")
        return value.astimezone(UTC)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Give back a UTC time."""
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


class Clean(TypeDecorator[str]):
    """Text from outside, made storable on its way in."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: Dialect) -> str | None:
        """Replace what the database would refuse."""
        return None if value is None else storable(value)


class Key(TypeDecorator[PostKey]):
    """A post's key as the text ``source:native_id``."""

    impl = binary_text()
    cache_ok = True

    def process_bind_param(self, value: PostKey | None, dialect: Dialect) -> str | None:
        """Write the key; a source's name holds no colon, or it could not be read again."""
        if value is None:
            return None
        if ":" in value.source:
            raise ValueError(f"a source's name cannot hold a colon, got {value.source!r}")
        return storable(str(value))

    def process_result_value(self, value: str | None, dialect: Dialect) -> PostKey | None:
        """Read the key."""
        return None if value is None else PostKey.parse(value)


class Choice(TypeDecorator[Any]):
    """A member of a ``StrEnum``, stored as its value."""

    impl = Text
    cache_ok = True

    def __init__(self, kind: type[StrEnum]) -> None:
        super().__init__()
        self.kind = kind

    def process_bind_param(self, value: StrEnum | None, dialect: Dialect) -> str | None:
        """Write the member's value."""
        return None if value is None else self.kind(value).value

    def process_result_value(self, value: str | None, dialect: Dialect) -> StrEnum | None:
        """Read the member."""
        return None if value is None else self.kind(value)


class Seconds(TypeDecorator[timedelta]):
    """A span of whole seconds."""

    impl = Integer
    cache_ok = True

    def process_bind_param(self, value: timedelta | None, dialect: Dialect) -> int | None:
        """Write the seconds; refuse a fraction rather than lose it."""
        if value is None:
            return None
        if value.microseconds:
            raise ValueError(f"a stored span is in whole seconds, got {value}")
        return value // timedelta(seconds=1)

    def process_result_value(self, value: int | None, dialect: Dialect) -> timedelta | None:
        """Read the span."""
        return None if value is None else timedelta(seconds=value)

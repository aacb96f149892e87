"""Turns one row of an archive, its fields already under our names, into an observation."""

from __future__ import annotations

import hashlib
import math
import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, tzinfo
from email.utils import parsedate_to_datetime
from typing import Any

from monitor.domain import Author, EngagementSnapshot, MediaKind, Observation, Post, PostKey

COUNTERS = ("views", "likes", "shares", "replies")
FIELDS = frozenset(
    {
        "source", "id", "author", "author_name", "followers", "text", "published_at",
        "observed_at", "url", "parent", "thread", "media", "language", "rating", *COUNTERS,
    }
)  # fmt: skip  # one line a field says no more
FOREIGN_TIMES = (
    "%Y-%m-%d %H:%M:%S %z",
    "%Y/%m/%d %H:%M:%S",
    "%Y/%m/%d %H:%M",
    "%Y/%m/%d",
    "%b %d, %Y",
    "%B %d, %Y",
    "%d %b %Y",
    "%d %B %Y",
    "%Y年%m月%d日 %H:%M:%S",
    "%Y年%m月%d日 %H:%M",
    "%Y年%m月%d日",
)
EARLIEST, LATEST = 1970, 9998
LARGEST_COUNT = 2**63 - 1
UNITS = {"": 1, "k": 1_000, "m": 1_000_000, "w": 10_000, "万": 10_000, "亿": 100_000_000}


class RowError(ValueError):
    """Why a row cannot be read."""


def observation(
    row: Mapping[str, Any],
    *,
    source: str | None = None,
    timezone: tzinfo | None = None,
    time_format: str | None = None,
) -> Observation:
    """One row as an observation; raises ``RowError`` with the reason if it cannot be one."""
    text = _text(row, "text")
    if text is None:
        raise RowError("there is no text")
    origin = _text(row, "source") or source
    if origin is None:
        raise RowError("there is no source, and no default was given")
    if ":" in origin:
        raise RowError(f"the source {origin!r} holds a colon")
    published_at = _time(row, "published_at", timezone, time_format)
    if published_at is None:
        raise RowError("there is no published_at")
    observed_at = _time(row, "observed_at", timezone, time_format) or published_at
    author = _author(row)
    native_id = _text(row, "id") or _made_id(origin, author, text, published_at)
    key = PostKey(source=origin, native_id=native_id)
    counters = {name: _count(row, name) for name in COUNTERS}
    snapshot = EngagementSnapshot(key=key, taken_at=observed_at, **counters)
    post = Post(
        key=key,
        text=text,
        published_at=published_at,
        url=_link(row),
        author=author,
        parent=_key(row, "parent", origin),
        thread=_key(row, "thread", origin),
        language_hint=_text(row, "language"),
        media=_media(row),
        rating=_rating(row),
    )
    seen = any(value is not None for value in counters.values())
    return Observation(post=post, observed_at=observed_at, snapshot=snapshot if seen else None)


def _text(row: Mapping[str, Any], field: str) -> str | None:
    """Text that any database takes: no null characters, no half characters, never empty."""
    value = row.get(field)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        raise RowError(f"{field} is not text")
    text = str(value).replace("\0", "").strip()
    if not text.isascii():
        text = text.encode("utf-8", "replace").decode()
    return text or None


def _author(row: Mapping[str, Any]) -> Author | None:
    handle, name = _text(row, "author"), _text(row, "author_name")
    identity = handle or name
    if identity is None:
        return None
    return Author(native_id=identity, handle=handle, name=name, followers=_count(row, "followers"))


def _made_id(source: str, author: Author | None, text: str, published_at: datetime) -> str:
    """The same row gets the same id at every import."""
    parts = (source, author.native_id if author else "", text, published_at.timestamp())
    return "row-" + hashlib.sha256(repr(parts).encode()).hexdigest()[:20]


def _key(row: Mapping[str, Any], field: str, source: str) -> PostKey | None:
    native_id = _text(row, field)
    return PostKey(source=source, native_id=native_id) if native_id else None


def _link(row: Mapping[str, Any]) -> str | None:
    url = _text(row, "url")
    return url if url and url.startswith(("https://", "http://")) else None


def _media(row: Mapping[str, Any]) -> MediaKind:
    name = _text(row, "media")
    try:
        return MediaKind(name.lower()) if name else MediaKind.NONE
    except ValueError:
        raise RowError(f"media {name!r} is not one of {', '.join(MediaKind)}") from None


def _count(row: Mapping[str, Any], field: str) -> int | None:
    """A counter, however people write it: 1234, 1,234, 1.2K, 20万; hidden is nothing, never 0."""
    value = row.get(field)
    if value is None:
        return None
    if isinstance(value, int) and not isinstance(value, bool):
        count = value
    else:
        found = re.fullmatch(r"([0-9]+(?:\.[0-9]+)?)\s*([kmw万亿]?)\+?", _number_text(value))
        if not found:
            raise RowError(f"{field} {str(value)[:40]!r} is not a count")
        count = round(float(found[1]) * UNITS[found[2]])
    if not 0 <= count <= LARGEST_COUNT:
        raise RowError(f"{field} {count} is not a count")
    return count


def _number_text(value: object) -> str:
    return str(value).strip().lower().replace(",", "").replace("\u202f", "").replace("\xa0", "")


def _rating(row: Mapping[str, Any]) -> float | None:
    value = row.get("rating")
    if value is None:
        return None
    found = re.match(r"([0-9]+(?:\.[0-9]+)?)(?:\s*/\s*5|\s*(?:stars?|星))?$", _number_text(value))
    rating = float(found[1]) if found else math.nan
    if not 0 <= rating <= 5:
        raise RowError(f"rating {str(value)[:40]!r} is not a number of stars from 0 to 5")
    return rating


def _time(
    row: Mapping[str, Any], field: str, timezone: tzinfo | None, time_format: str | None
) -> datetime | None:
    value = row.get(field)
    if value is None or value == "":
        return None
    moment = _moment(value, time_format)
    if moment is None:
        wanted = f"the form {time_format}" if time_format else "2026-11-18T09:42:00+08:00"
        raise RowError(f"{field} {str(value)[:40]!r} is not a time as in {wanted}")
    if not EARLIEST <= moment.year <= LATEST:
        raise RowError(f"{field} {str(value)[:40]!r} does not lie from {EARLIEST} to {LATEST}")
    if moment.tzinfo is None:
        if timezone is None:
            raise RowError(
                f"{field} {str(value)[:40]!r} has no time zone, and no default was given"
            )
        moment = moment.replace(tzinfo=timezone)
    return moment


def _moment(value: object, time_format: str | None) -> datetime | None:
    if isinstance(value, bool):
        return None
    text = str(value).strip()
    if time_format is not None:
        return _attempt(_reader(time_format), text)
    if re.fullmatch(r"[0-9]{9,10}(?:\.[0-9]+)?|[0-9]{12,13}", text):
        number = float(text)
        return datetime.fromtimestamp(number / 1000 if number > 1e11 else number, UTC)
    readers = (datetime.fromisoformat, *map(_reader, FOREIGN_TIMES), parsedate_to_datetime)
    return next((moment for read in readers if (moment := _attempt(read, text))), None)


def _reader(form: str) -> Callable[[str], datetime]:
    return lambda text: datetime.strptime(text, form)  # noqa: DTZ007 (the zone is added by _time)


def _attempt(read: Callable[[str], datetime], text: str) -> datetime | None:
    try:
        return read(text)
    except (ValueError, OverflowError, TypeError):
        return None

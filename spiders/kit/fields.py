"""What a source calls things: where in an item each field of a post stands, and in what form.

A field is an expression (JMESPath in JSON, a CSS selector in HTML), a function of the item, or a
``Piece``: an expression with the form that the value is in.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from datetime import UTC, datetime, tzinfo
from email.utils import parsedate_to_datetime
from typing import Any, TypeAlias
from zoneinfo import ZoneInfo

import attrs

from monitor.domain import MediaKind
from spiders.parse.fields import count
from spiders.parse.text import html_to_text

__all__ = [
    "Field",
    "Fields",
    "Person",
    "Piece",
    "as_language",
    "as_media",
    "as_moment",
    "as_rating",
    "html",
    "local_time",
    "number",
    "stars",
]


@attrs.frozen
class Piece:
    """An expression, and what is made of the value that it finds."""

    expression: str | Callable[[Any], Any]
    convert: Callable[[Any], Any]


Field: TypeAlias = str | Callable[[Any], Any] | Piece


@attrs.frozen(kw_only=True)
class Person:
    """Where an item says who wrote it. A count of followers that is hidden stays absent."""

    id: Field | None = None
    handle: Field | None = None
    name: Field | None = None
    followers: Field | None = None


@attrs.frozen(kw_only=True)
class Fields:
    """Where in an item the fields of a post stand.

    ``id``, a ``title`` or ``text``, and ``published_at`` are needed: an item without them is
    skipped and counted. Without a ``published_at`` here, or with ``undated`` where only some items
    lack one, a post is dated when it was first seen. Times may be ISO 8601, RFC 2822 or a number
    since 1970 in seconds, milliseconds or microseconds. ``media`` may be a word such as
    ``video/mp4``, a list of such words, or a link. ``parent`` and ``thread`` are ids. Where
    ``deleted`` is true the post is gone; where ``left_out`` is true it is nobody's business
    (an advertisement, a private post). A counter that is not named here is not had.
    """

    id: Field
    text: Field | None = None
    title: Field | None = None
    published_at: Field | None = None
    undated: bool = False
    url: Field | None = None
    author: Person | None = None
    parent: Field | None = None
    thread: Field | None = None
    language: Field | None = None
    media: Field | None = None
    rating: Field | None = None
    views: Field | None = None
    likes: Field | None = None
    shares: Field | None = None
    replies: Field | None = None
    deleted: Field | None = None
    left_out: Field | None = None

    @property
    def counters(self) -> tuple[str, ...]:
        """The counters that are named here."""
        return tuple(n for n in ("views", "likes", "shares", "replies") if getattr(self, n))


# --- forms ---------------------------------------------------------------------------------------

_NUMBER = re.compile(r"(?<![\d.,])(\d{1,3}(?:[,.\u202f\u00a0 ]\d{3})+|\d+)(?![\d.,]*\d)\s*(\w?)")
_ABBREVIATED = frozenset("kKmMbB万萬億亿千")


def html(expression: str | Callable[[Any], Any]) -> Piece:
    """Text that is written as HTML, or with its entities."""
    return Piece(expression, lambda value: html_to_text(value) if isinstance(value, str) else value)


def number(expression: str | Callable[[Any], Any]) -> Piece:
    """A counter inside words; an abbreviated one ("1.2K") is no number and stays absent.

    >>> [number("x").convert(text) for text in ("1,234 likes", "1.2K", "17 条评论", "none")]
    [1234, None, 17, None]
    """
    return Piece(expression, _number)


def stars(expression: str | Callable[[Any], Any], *, best: float = 5.0) -> Piece:
    """A rating out of ``best``, as stars of five."""

    def convert(value: Any) -> float | None:
        given = _float(value)
        return None if given is None else round(given * 5.0 / best, 2)

    return Piece(expression, convert)


def local_time(expression: str | Callable[[Any], Any], zone: str) -> Piece:
    """A time that is written without its zone, which is ``zone`` ("Asia/Shanghai")."""

    def convert(value: Any) -> datetime | None:
        return as_moment(value, zone=ZoneInfo(zone))

    return Piece(expression, convert)


def _number(value: Any) -> int | None:
    if not isinstance(value, str):
        return count(value)
    found = _NUMBER.search(value[:200])
    if found is None or found[2] in _ABBREVIATED:
        return None
    return count(re.sub(r"\D", "", found[1]))


def _float(value: Any) -> float | None:
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        return float(value.replace(",", ".") if isinstance(value, str) else value)
    except (ValueError, OverflowError):
        return None


# --- what each slot makes of a value -------------------------------------------------------------

_MILLISECONDS, _MICROSECONDS = 1e11, 1e14
_LANGUAGE = re.compile(r"[A-Za-z]{2,3}([-_][A-Za-z0-9]{2,8}){0,3}")
_KINDS = (
    (MediaKind.VIDEO, ("video", "gifv", "animated_gif", "reel", "clip", "short")),
    (MediaKind.AUDIO, ("audio", "podcast")),
    (MediaKind.IMAGE, ("image", "photo", "picture", "carousel", "gallery", "gif")),
    (MediaKind.LINK, ("link", "http://", "https://", "website", "external")),
)


def as_moment(value: Any, *, zone: tzinfo = UTC) -> datetime | None:
    """When something was said, in any of the usual forms; a time without zone is ``zone``'s.

    >>> for value in (1_790_000_000, "1790000000000", "2026-09-21T16:13:20+02:00"):
    ...     print(as_moment(value))
    2026-09-21 14:13:20+00:00
    2026-09-21 14:13:20+00:00
    2026-09-21 14:13:20+00:00
    """
    if isinstance(value, datetime):
        return value if value.tzinfo else value.replace(tzinfo=zone)
    if isinstance(value, str):
        text = value.strip()[:64]
        if not re.fullmatch(r"\d{9,17}(\.\d+)?", text):
            return _written(text, zone)
        value = float(text)
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    try:
        for most, unit in ((_MICROSECONDS, 1e6), (_MILLISECONDS, 1e3)):
            if value >= most:
                return datetime.fromtimestamp(value / unit, UTC)
        return datetime.fromtimestamp(value, UTC)
    except (OverflowError, ValueError, OSError):
        return None


def _written(text: str, zone: tzinfo) -> datetime | None:
    for reader in (datetime.fromisoformat, parsedate_to_datetime):
        try:
            moment = reader(text)
            moment = moment if moment.tzinfo else moment.replace(tzinfo=zone)
            return moment.astimezone(UTC)
        except (ValueError, TypeError, IndexError, OverflowError):
            continue
    return None


def as_language(value: Any) -> str | None:
    """The language tag that a platform claims; ``None`` where it is no tag.

    >>> [as_language(v) for v in ("zh_TW", "en", "und", "", 7)]
    ['zh-TW', 'en', None, None, None]
    """
    if not isinstance(value, str) or not _LANGUAGE.fullmatch(value) or value == "und":
        return None
    return value.replace("_", "-")


def as_media(value: Any) -> MediaKind:
    """The most moving kind that a word, a link or a list of them stands for.

    >>> [str(as_media(v)) for v in ("video/mp4", ["photo", "clip"], "https://x.example", None)]
    ['video', 'video', 'link', 'none']
    """
    words = [value] if isinstance(value, str) else value
    if not isinstance(words, Iterable):
        return MediaKind.NONE
    lowered = [word[:200].lower() for word in words if isinstance(word, str)]
    for kind, beginnings in _KINDS:
        if any(word.startswith(beginnings) for word in lowered):
            return kind
    return MediaKind.NONE


def as_rating(value: Any) -> float | None:
    """Stars of five, or ``None`` where it is none."""
    given = _float(value)
    return given if given is not None and 0.0 <= given <= 5.0 else None

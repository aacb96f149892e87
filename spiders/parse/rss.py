"""RSS, Atom and RDF: the bytes of a feed in, its entries as observations out."""

from __future__ import annotations

import calendar
import hashlib
import io
import re
import time
from datetime import UTC, datetime, timedelta, timezone
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import urljoin

import feedparser

from monitor.domain import (
    Author,
    EngagementSnapshot,
    Health,
    MediaKind,
    Observation,
    Post,
    PostKey,
)
from spiders.addresses import safe_link
from spiders.page import Page, SourceError
from spiders.parse.entities import LARGEST_GROWN, grown_size
from spiders.parse.fields import count, not_after, short_id
from spiders.parse.pages import page_text
from spiders.parse.text import html_to_text, plain, shown

__all__ = ["parse_feed"]

_MAILED = re.compile(r"(?P<address>[^\s@()]+@[^\s@()]+)(?:\s*\((?P<name>[^()]*)\))?")
"""An author as RSS asks for one: address, then name; feedparser itself cuts long domains off."""

_COMMENT = re.compile(r"#comment-\d+$")
_FEED_LINK = re.compile(
    rb"<link\b[^>]*\btype=[\"']application/(?:rss|atom)\+xml[\"'][^>]*>", re.IGNORECASE
)
_HREF = re.compile(rb"\bhref=[\"']([^\"'<>\s]+)[\"']", re.IGNORECASE)
_LANGUAGE = re.compile(r"[A-Za-z]{2,3}(?:[-_][A-Za-z0-9]{2,8})*")
_CHINESE_DATE = re.compile(r"(\d{4})年(\d{1,2})月(\d{1,2})日(?:\s*(\d{1,2})[:：时](\d{1,2}))?")
_CHINA = timezone(timedelta(hours=8))

# What feedparser is known to raise on feeds that were written to break it.
_BROKEN = (
    ArithmeticError,
    AssertionError,
    AttributeError,
    LookupError,
    RecursionError,
    TypeError,
    ValueError,
)


def parse_feed(
    body: bytes, *, source: str, url: str, observed_at: datetime, content_type: str = ""
) -> Page:
    """The entries of a feed, in its order.

    An entry without a date is published when it was observed. Raises ``SourceError``: UNREADABLE
    where there is no feed, EMPTY where there is one without entries.
    """
    if grown_size(body) > LARGEST_GROWN:
        raise _unreadable(url, body, "entities that grow without measure, as no feed has them")
    readable = _as_utf8(body, content_type)
    headers = {"content-location": url, "content-type": "application/xml; charset=utf-8"}
    if readable is None:
        headers["content-type"] = content_type
    try:
        # Through a stream: feedparser takes bare bytes for the name of a file or an address.
        feed = feedparser.parse(
            io.BytesIO(body if readable is None else readable),
            response_headers=headers,
            sanitize_html=False,  # html_to_text leaves no markup at all
            resolve_relative_uris=False,
        )
    except _BROKEN as error:
        raise _unreadable(url, body, f"broken markup ({type(error).__name__})") from error
    if not feed.get("version") and not feed.entries:
        raise _unreadable(url, body, "no RSS or Atom feed")
    if not feed.entries:
        raise SourceError(
            Health.EMPTY,
            f"{shown(url, 200) or 'this'} is a feed without entries: "
            "if that lasts, look whether the site has moved its feed",
        )
    seen: dict[PostKey, Observation] = {}
    skipped = 0
    for entry in feed.entries:
        try:
            observation = _observation(entry, feed.feed, source, url, observed_at)
        except _BROKEN:
            skipped += 1
            continue
        if observation is None:
            skipped += 1
        else:
            seen.setdefault(observation.post.key, observation)
    if not seen:
        raise _unreadable(url, body, f"{skipped} entries without a word, a link or an id")
    return Page(observations=tuple(seen.values()), skipped=skipped)


def _as_utf8(body: bytes, content_type: str) -> bytes | None:
    """A feed whose charset is true, not declared; ``None`` where feedparser knows better."""
    if b"\0" in body[:100]:  # UTF-16 and UTF-32
        return None
    try:
        body.decode()
    except UnicodeDecodeError:
        return page_text(body, content_type).encode()
    return body


def _unreadable(url: str, body: bytes, found: str) -> SourceError:
    start = shown(body[:400].decode("utf-8", "replace"))
    advice = "check the address in a browser"
    for link in _FEED_LINK.findall(body[:200_000])[:1]:
        named = _HREF.search(link)
        if named:
            advice = f"the page names this feed: {shown(named[1].decode('utf-8', 'replace'), 200)}"
    return SourceError(
        Health.UNREADABLE,
        f"{shown(url, 200)}{': ' if url else ''}{found}; it begins with {start!r}; {advice}",
    )


def _observation(
    entry: Any, feed: Any, source: str, url: str, observed_at: datetime
) -> Observation | None:
    title, body = _title(entry), _body(entry)
    link = safe_link(_absolute(entry.get("link") or "", url or feed.get("link") or ""))
    native_id = short_id(entry.get("id") or entry.get("link") or _digest(title, body))
    text = _joined(title, body, comment=bool(_COMMENT.search(native_id)))
    if not text or not native_id:
        return None
    key = PostKey(source=source, native_id=native_id)
    replies = count(entry.get("slash_comments") or entry.get("thr_total"))
    return Observation(
        post=Post(
            key=key,
            text=text,
            published_at=not_after(_published(entry) or observed_at, observed_at),
            url=link,
            author=_author(entry),
            parent=_parent(source, entry),
            thread=_thread(source, native_id),
            language_hint=_language(entry, feed),
            media=_media(entry),
            rating=_rating(entry),
        ),
        observed_at=observed_at,
        snapshot=None
        if replies is None
        else EngagementSnapshot(key=key, taken_at=observed_at, replies=replies),
    )


def _absolute(link: str, base: str) -> str:
    """A link from the feed's own address, or where a saved feed has none, from its site's."""
    return urljoin(base, link) if link else ""


def _digest(title: str, body: str) -> str:
    if not title and not body:
        return ""
    return "sha256:" + hashlib.sha256(f"{title}\n{body}".encode()).hexdigest()


def _text_of(detail: Any) -> str:
    value = detail.get("value") or ""
    return plain(value) if detail.get("type") == "text/plain" else html_to_text(value)


def _title(entry: Any) -> str:
    return _text_of(entry.get("title_detail") or {}).replace("\n", " ")


def _body(entry: Any) -> str:
    texts = [_text_of(detail) for detail in entry.get("content") or ()]
    texts.append(_text_of(entry.get("summary_detail") or {}))
    return max(texts, key=len)


def _joined(title: str, body: str, *, comment: bool) -> str:
    if not body:
        return title
    if comment or body.startswith(title.rstrip("….").rstrip()):
        return body  # "Comment on ..." is not the commenter's; a short post has itself as title
    return f"{title}\n{body}"


def _thread(source: str, native_id: str) -> PostKey | None:
    """WordPress and its kin make a comment's id of its post's id and the comment's number."""
    post_id = _COMMENT.sub("", native_id)
    return PostKey(source=source, native_id=post_id) if post_id not in ("", native_id) else None


def _parent(source: str, entry: Any) -> PostKey | None:
    """The Atom threading extension (RFC 4685) names what an entry replies to."""
    answered = short_id((entry.get("thr_in-reply-to") or {}).get("ref") or "")
    return PostKey(source=source, native_id=answered) if answered else None


def _author(entry: Any) -> Author | None:
    detail = entry.get("author_detail") or {}
    written = plain(entry.get("author") or "").replace("\n", " ").strip()
    link = safe_link(detail.get("href"))
    mailed = _MAILED.fullmatch(written)
    if mailed:
        name = mailed["name"] or mailed["address"].partition("@")[0]
        return Author(native_id=short_id(link or mailed["address"]), name=name)
    name = plain(detail.get("name") or "").replace("\n", " ") or written
    if not name and not link:
        return None
    return Author(native_id=short_id(link or name), name=name or None)


def _language(entry: Any, feed: Any) -> str | None:
    for detail in (*(entry.get("content") or ()), entry.get("summary_detail"), feed):
        claimed = str((detail or {}).get("language") or "").strip()
        if _LANGUAGE.fullmatch(claimed):
            return claimed.replace("_", "-")
    return None


def _media(entry: Any) -> MediaKind:
    enclosures = [*(entry.get("enclosures") or ()), *(entry.get("media_content") or ())]
    kinds = {str(e.get("type") or e.get("medium") or "").partition("/")[0] for e in enclosures}
    for kind in (MediaKind.VIDEO, MediaKind.AUDIO, MediaKind.IMAGE):
        if kind in kinds:
            return kind
    return MediaKind.NONE


def _rating(entry: Any) -> float | None:
    """Stars of five, as the App Store's review feeds carry them."""
    stars = count(entry.get("im_rating"))
    return float(stars) if stars is not None and 1 <= stars <= 5 else None


def _published(entry: Any) -> datetime | None:
    for field in ("published", "created", "updated"):
        # .get("updated") would fall back to "published" with a warning: ask the keys themselves
        if field not in entry.keys():  # noqa: SIM118
            continue
        moment = _moment(entry.get(f"{field}_parsed"), str(entry[field] or ""))
        if moment is not None:
            return moment
    return None


def _moment(parsed: time.struct_time | None, text: str) -> datetime | None:
    chinese = _CHINESE_DATE.search(text)
    if chinese:  # feedparser reads the year and the month of these and loses the day
        year, month, day, hour, minute = (int(part or 0) for part in chinese.groups())
        try:
            return datetime(year, month, day, hour, minute, tzinfo=_CHINA)
        except ValueError:
            return None
    if parsed is not None:
        try:
            return datetime.fromtimestamp(calendar.timegm(parsed), UTC)
        except (OverflowError, ValueError, OSError):
            return None
    for reader in (datetime.fromisoformat, parsedate_to_datetime):
        try:
            moment = reader(text.strip())
        except (ValueError, TypeError, IndexError):
            continue
        return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return None

"""Guesses from an address what kind of source stands there: a feed, or a Mastodon server."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from html.parser import HTMLParser
from urllib.parse import urljoin, urlsplit

import attrs
import httpx

__all__ = ["Guess", "GuessError", "fetch", "guess", "mastodon_server"]

LARGEST = 1_000_000
FEED_TYPES = ("application/rss+xml", "application/atom+xml")
FEED_BEGINNING = re.compile(rb"<(?:rss|feed|rdf:RDF)[\s>]", re.IGNORECASE)
FEED_ADDRESS = re.compile(r"(?:\b(?:feed|rss|atom)\b|\.(?:xml|rss|atom|rdf)$)", re.IGNORECASE)


@attrs.frozen(kw_only=True)
class Guess:
    """A source that an address stands for; ``account`` is the person whose page it was."""

    kind: str
    address: str
    account: str | None = None


class GuessError(ValueError):
    """Nothing that can be listened to was found; the message says what to give instead."""


def guess(address: str, get: Callable[[str], bytes | None]) -> Guess:
    """What stands at an address; ``get`` gives the body there, or ``None`` if it cannot be had.

    >>> guess("example.org/blog/feed.xml", lambda url: None)
    Guess(kind='rss', address='https://example.org/blog/feed.xml', account=None)
    """
    address = _with_scheme(address)
    body = get(address)
    if body is not None and FEED_BEGINNING.search(body[:2_000]):
        return Guess(kind="rss", address=address)
    account = re.fullmatch(r"/@([\w.-]+)/?", urlsplit(address).path)
    if body is not None and _speaks_mastodon(address, get):
        return Guess(
            kind="mastodon",
            address=mastodon_server(address),
            account=account[1] if account else None,
        )
    feed = _announced_feed(address, body or b"")
    if feed is not None:
        return Guess(kind="rss", address=feed)
    parts = urlsplit(address)
    if body is None and FEED_ADDRESS.search(f"{parts.path}?{parts.query}".rstrip("?")):
        return Guess(kind="rss", address=address)
    found = "cannot be read now" if body is None else "is a page that announces no feed"
    raise GuessError(
        f"{address} {found}; give the address of its feed, or --mastodon for a Mastodon server"
    )


def mastodon_server(address: str) -> str:
    """The server that an address or a bare name belongs to.

    >>> mastodon_server("mastodon.example/@acme")
    'https://mastodon.example'
    """
    parts = urlsplit(_with_scheme(address))
    return f"{parts.scheme}://{parts.netloc}"


def fetch(address: str) -> bytes | None:
    """The beginning of what stands at an address of the operator's own choice."""
    try:
        with httpx.stream("GET", address, timeout=10, follow_redirects=True) as response:
            if response.status_code != httpx.codes.OK:
                return None
            body = b""
            for chunk in response.iter_bytes():
                body += chunk
                if len(body) > LARGEST:
                    break
            return body
    except (httpx.HTTPError, httpx.InvalidURL):
        return None


def _with_scheme(address: str) -> str:
    return address if re.match(r"https?://", address) else f"https://{address}"


def _speaks_mastodon(address: str, get: Callable[[str], bytes | None]) -> bool:
    body = get(f"{mastodon_server(address)}/api/v1/instance")
    try:
        answer = json.loads(body or b"")
    except ValueError:
        return False
    return isinstance(answer, dict) and "version" in answer and "uri" in answer


def _announced_feed(address: str, body: bytes) -> str | None:
    page = _Page()
    page.feed(body.decode("utf-8", "replace"))
    feed = urljoin(address, page.feeds[0]) if page.feeds else ""
    return feed if feed.startswith(("https://", "http://")) else None


class _Page(HTMLParser):
    """Gathers the feeds that a page announces in its head."""

    def __init__(self) -> None:
        super().__init__()
        self.feeds: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note a ``<link rel="alternate">`` to a feed."""
        values = dict(attrs)
        href = values.get("href")
        if tag == "link" and href and (values.get("type") or "").lower() in FEED_TYPES:
            self.feeds.append(href)

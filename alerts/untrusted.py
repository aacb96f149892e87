"""Crawled text and links on their way to a person.

Escaping is the business of each medium (HTML, Slack). What is done here holds for all of them:
no control characters, no characters that reorder or hide what follows, a bounded length, and
links that are plain web addresses or nothing.
"""

from __future__ import annotations

import re
import unicodedata
from urllib.parse import quote, urlsplit

__all__ = ["clean", "isolated", "one_line", "safe_link", "shorten"]

_HIDDEN_CATEGORIES = {"Cc", "Cf", "Cs", "Co", "Cn"}
_JOINERS = "\u200c\u200d"  # scripts and emoji are spelled with these
_LINK_LIMIT = 2000


def _visible(character: str) -> bool:
    return character in _JOINERS or unicodedata.category(character) not in _HIDDEN_CATEGORIES


def clean(text: str) -> str:
    r"""The text without what steers a display; line breaks stay, at most one empty line at a time.

    >>> clean("safe\u202egpj.exe\r\n\x1b[31mred\x00")
    'safegpj.exe\n[31mred'
    """
    text = re.sub(r"\r\n?|\u2028|\u2029|\x85|\x0b|\x0c", "\n", text).replace("\t", " ")
    text = "".join(c for c in text if c == "\n" or _visible(c))
    return re.sub(r"\n\s*\n", "\n\n", text).strip()


def shorten(text: str, limit: int) -> str:
    """The text, cut with an ellipsis at ``limit`` characters, at a word's end where one is near.

    >>> shorten("four checked bags", 14)
    'four checked…'
    """
    if len(text) <= limit:
        return text
    cut = text[: limit - 1]
    space = cut.rfind(" ")
    return (cut[:space] if space > limit * 0.7 else cut).rstrip() + "…"


def one_line(text: str, limit: int) -> str:
    r"""The cleaned text on one line, for a name, a subject or a heading.

    >>> one_line("Eve\r\nBcc: all@example.org", 80)
    'Eve Bcc: all@example.org'
    """
    return shorten(" ".join(clean(text).split()), limit)


def safe_link(url: str | None) -> str | None:
    """The address if it is a plain http(s) link that can be shown, otherwise ``None``.

    >>> safe_link("https://example.org/a b|c>")
    'https://example.org/a%20b%7Cc%3E'
    >>> safe_link("javascript:alert(1)") is None
    True
    """
    if url is None or not all(map(_visible, url.strip())):
        return None
    try:
        parts = urlsplit(url.strip())
        host, port = parts.hostname, parts.port
    except ValueError:
        return None
    if parts.scheme not in ("http", "https") or not host or "@" in parts.netloc or port == 0:
        return None
    try:
        name = host if ":" in host else host.encode("idna").decode("ascii")
    except UnicodeError:
        return None
    if not re.fullmatch(r"[A-Za-z0-9._:-]+", name):
        return None
    where = f"[{name}]" if ":" in name else name
    if port:
        where = f"{where}:{port}"
    rest = quote(parts.path, safe="/%:@!$&'()*+,;=~-._") if parts.path else ""
    if parts.query:
        rest += "?" + quote(parts.query, safe="/%:@!$&'()*+,;=~-._?")
    if parts.fragment:
        rest += "#" + quote(parts.fragment, safe="/%:@!$&'()*+,;=~-._?")
    link = f"{parts.scheme}://{where}{rest}"
    return link if len(link) <= _LINK_LIMIT else None


def isolated(text: str) -> str:
    """The text, kept from reordering its neighbours where it runs from right to left."""
    if any(unicodedata.bidirectional(c) in ("R", "AL") for c in text):
        return f"\u2068{text}\u2069"
    return text

"""What servers of the fediverse tell each other (ActivityPub): objects, and activities about them.

Read from saved answers only. What is not addressed to the public is nobody's business.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any
from urllib.parse import urlsplit

from spiders.kit.endpoint import Answer
from spiders.kit.fields import Fields, Person
from spiders.parse.text import html_to_text

__all__ = ["OBJECT", "objects"]

_PUBLIC = frozenset(
    {"https://www.w3.org/ns/activitystreams#Public", "as:Public", "Public"},
)
_POSTS = frozenset({"Note", "Page", "Article", "Video", "Audio", "Question", "Event"})
_ABOUT_POSTS = frozenset({"Create", "Update", "Announce"})
_COLLECTIONS = frozenset({"OrderedCollection", "OrderedCollectionPage"})
_MOST = 5_000
_HANDLE = re.compile(r"/(?:@|(?:u|users|accounts|profile)/)(?!\d+$)([\w.-]+)")


def objects(answer: Answer) -> list[Any] | None:
    """The posts and tombstones of a document, whatever activities and collections they are in.

    ``None`` where the document is something else: a person, a like, no ActivityPub at all.
    """
    found: list[Any] = []
    waiting = [answer.data]
    is_known = False
    while waiting and len(found) < _MOST:
        thing = waiting.pop()
        kind = thing.get("type") if isinstance(thing, Mapping) else None
        if kind in _COLLECTIONS:
            inside = thing.get("orderedItems")
            waiting.extend(reversed(inside) if isinstance(inside, list) else ())
            is_known = True
        elif kind in _ABOUT_POSTS:
            waiting.append(thing.get("object"))
        elif kind == "Delete":
            is_known = True
            found.extend(_tombstone(thing))
        elif kind == "Tombstone" or kind in _POSTS:
            found.append(thing)
    return found if found or is_known else None


def _tombstone(activity: Mapping[str, Any]) -> Iterable[Mapping[str, Any]]:
    """What a deletion is of; nothing where somebody has deleted an account."""
    gone = activity.get("object")
    native_id = gone.get("id") if isinstance(gone, Mapping) else gone
    if native_id != activity.get("actor"):
        addressed = {name: activity[name] for name in ("to", "cc") if name in activity}
        yield {"type": "Tombstone", "id": native_id, **addressed}


def _is_private(thing: Mapping[str, Any]) -> bool:
    addressed = [thing[name] for name in ("to", "cc") if name in thing]
    receivers: set[Any] = set()
    for one in addressed:
        receivers.update(one if isinstance(one, list) else [one])
    return bool(addressed) and not receivers & _PUBLIC


def _words(name: str, thing: Mapping[str, Any]) -> Any:
    text = thing.get(name)
    if not isinstance(text, str):
        return "" if name == "content" else None
    return text if thing.get("mediaType") == "text/markdown" else html_to_text(text)


def _title(thing: Mapping[str, Any]) -> Any:
    """Its name; where it has none, the warning before its text."""
    title = _words("name", thing)
    return title if title or thing.get("type") == "Article" else _words("summary", thing)


def _link(thing: Mapping[str, Any]) -> Any:
    """Where a person reads it: some servers list one link for each form."""
    links = thing.get("url")
    for link in links if isinstance(links, list) else [links]:
        if isinstance(link, str):
            return link
        if isinstance(link, Mapping) and link.get("mediaType") == "text/html":
            return link.get("href")
    return thing.get("id")


def _author(thing: Mapping[str, Any]) -> Any:
    """The person among those that it is attributed to: a video has its channel there as well."""
    by = thing.get("attributedTo") or thing.get("actor")
    makers = by if isinstance(by, list) else [by]
    people = [m for m in makers if not isinstance(m, Mapping) or m.get("type") == "Person"]
    first = (people or makers)[0]
    return first.get("id") if isinstance(first, Mapping) else first


def _handle(thing: Mapping[str, Any]) -> str | None:
    parts = urlsplit(_author(thing))
    found = _HANDLE.fullmatch(parts.path)
    return f"{found[1]}@{parts.netloc}" if found else None


def _parent(thing: Mapping[str, Any]) -> Any:
    answered = thing.get("inReplyTo")
    return answered[0] if isinstance(answered, list) else answered


def _language(thing: Mapping[str, Any]) -> Any:
    language = thing.get("language") or thing.get("inLanguage")
    if isinstance(language, Mapping):
        return language.get("identifier")
    texts = thing.get("contentMap")
    if language is None and isinstance(texts, Mapping) and len(texts) == 1:
        return next(iter(texts))
    return language


def _media(thing: Mapping[str, Any]) -> list[str]:
    attached = thing.get("attachment")
    kinds = [str(thing.get("type"))] if thing.get("type") in ("Video", "Audio") else []
    for one in attached if isinstance(attached, list) else [attached]:
        if isinstance(one, Mapping):
            kinds += [str(one.get("mediaType") or ""), str(one.get("type") or "")]
    return [*kinds, *(["image"] if thing.get("image") else [])]


def _total(name: str, thing: Mapping[str, Any]) -> Any:
    counted = thing.get(name)
    return counted.get("totalItems") if isinstance(counted, Mapping) else counted


OBJECT = Fields(
    id="id",
    title=_title,
    text=lambda thing: _words("content", thing),
    published_at="published",
    url=_link,
    author=Person(id=_author, handle=_handle),
    parent=_parent,
    language=_language,
    media=_media,
    views="views",
    likes=lambda thing: _total("likes", thing),
    shares=lambda thing: _total("shares", thing),
    replies=lambda thing: _total("replies", thing),
    deleted="type == 'Tombstone'",
    left_out=_is_private,
)

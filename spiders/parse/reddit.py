"""What Reddit's answers are made of: things in listings and threads, and their words. Pure."""

from __future__ import annotations

import html
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import quote

from spiders.parse.text import html_to_text

__all__ = [
    "author_of",
    "data_of",
    "is_gone",
    "link_to",
    "media_of",
    "shown_text",
    "things",
    "typed_words",
]

_SITE = "https://www.reddit.com"
_DEEPEST = 10_000


def things(data: Any) -> Iterator[Mapping[str, Any]]:
    """All things in an answer, each before its replies, whatever the answer is made of.

    A listing, a thread (a pair of listings) and what ``morechildren`` gives hold things of one
    form: ``t3`` is a post, ``t1`` a comment, ``more`` stands for comments that are left out.
    """
    waiting: list[Any] = [data]
    seen = 0
    while waiting and seen < _DEEPEST:
        node = waiting.pop()
        if isinstance(node, list):
            waiting.extend(reversed(node))
        elif isinstance(node, Mapping):
            inner = node.get("data")
            if isinstance(node.get("json"), Mapping):
                waiting.append(node["json"].get("data", {}).get("things"))
            elif node.get("kind") == "Listing" and isinstance(inner, Mapping):
                waiting.append(inner.get("children"))
            else:
                seen += 1
                yield node
                if isinstance(inner, Mapping):
                    waiting.append(inner.get("replies"))


def data_of(node: Mapping[str, Any]) -> Mapping[str, Any]:
    """What a thing says of itself; nothing where it says nothing."""
    inner = node.get("data")
    return inner if isinstance(inner, Mapping) else {}


def typed_words(item: Mapping[str, Any], name: str) -> str | None:
    """Words as they were typed; Reddit writes &, < and > as entities unless asked not to."""
    value = item.get(name)
    if not isinstance(value, str):
        return None
    return value if item["raw"] else html.unescape(value)


def shown_text(item: Mapping[str, Any]) -> str | None:
    """The words as they are shown, without the marks of Markdown."""
    name = "body" if item["kind"] == "t1" else "selftext"
    shown = html_to_text(typed_words(item, f"{name}_html") or "")
    return shown or typed_words(item, name)  # of a mark alone nothing is shown


def _has_author(item: Mapping[str, Any]) -> bool:
    return item.get("author") not in (None, "", "[deleted]")


def author_of(item: Mapping[str, Any]) -> Any:
    """Who wrote it, by a name that does not change; ``None`` where the account is deleted."""
    return item.get("author") if _has_author(item) else None


_TAKEN_OUT = frozenset({"[deleted]", "[removed]", "[ Removed by Reddit ]", "[deleted by user]"})


def is_gone(item: Mapping[str, Any]) -> bool:
    """Whether the author or a moderator took it down; a deleted account's words may still stand."""
    if item.get("removed_by_category"):
        return True
    words = {item.get("body"), item.get("selftext"), item.get("title")} - {None}
    return not _has_author(item) and bool(words & _TAKEN_OUT)


def link_to(item: Mapping[str, Any]) -> str:
    """Where people read it: Reddit's own link, or one made of its ids."""
    permalink = item.get("permalink")
    if isinstance(permalink, str) and permalink.startswith("/"):
        return _SITE + quote(permalink, safe="/%")
    link = str(item.get("link_id", f"t3_{item.get('id')}")).removeprefix("t3_")
    comment = f"_/{item['id']}/" if item["kind"] == "t1" else ""
    return f"{_SITE}/comments/{link}/{comment}"


def media_of(item: Mapping[str, Any]) -> list[str]:
    """Words for what it carries; a crosspost carries what its origin does."""
    if item["kind"] == "t1":
        known = item.get("media_metadata")
        kinds = known.values() if isinstance(known, Mapping) else ()
        return ["image" for kind in kinds if isinstance(kind, Mapping)]
    crossposted = item.get("crosspost_parent_list")
    origin = crossposted[0] if isinstance(crossposted, list) and crossposted else item
    hint = str(origin.get("post_hint") or "")
    if origin.get("is_video") or "video" in hint:
        return ["video"]
    embedded = origin.get("media") or origin.get("secure_media")
    if isinstance(embedded, Mapping) and "video" in str(_of(embedded.get("oembed"), "type")):
        return ["video"]
    if origin.get("is_gallery") or hint == "image" or origin.get("domain") == "i.redd.it":
        return ["image"]
    return [] if origin.get("is_self") else [str(origin.get("url") or "")]


def _of(value: Any, name: str) -> Any:
    return value.get(name) if isinstance(value, Mapping) else None

"""Hacker News as Algolia's API gives it: JSON bytes in, observations out."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import attrs

from monitor.domain import (
    Author,
    Deletion,
    EngagementSnapshot,
    MediaKind,
    Observation,
    Post,
    PostKey,
)
from spiders.page import Page
from spiders.parse.answers import json_answer, unreadable
from spiders.parse.fields import count, not_after, short_id
from spiders.parse.text import html_to_text, plain

__all__ = ["Hits", "parse_hits", "parse_item"]

_EXPECTED = "Algolia's Hacker News API"
_ITEM = "https://news.ycombinator.com/item?id="
_MALFORMED = (AttributeError, KeyError, TypeError, ValueError, OverflowError, OSError)


@attrs.frozen(kw_only=True)
class Hits:
    """One page of a search: its posts, how many it should hold in all, and its oldest second."""

    page: Page
    total: int
    oldest: int | None


def parse_hits(body: bytes, *, source: str, url: str, observed_at: datetime) -> Hits:
    """The stories and comments that a search found, newest first."""
    answer = json_answer(body, url=url, expected=_EXPECTED)
    if not isinstance(answer, dict) or not isinstance(answer.get("hits"), list):
        raise unreadable(body, url=url, found="no list of hits", expected=_EXPECTED)
    observations: list[Observation] = []
    seconds: list[int] = []
    skipped = 0
    for hit in answer["hits"]:
        try:
            observation = _from_hit(hit, source, observed_at)
            second = int(hit["created_at_i"])
        except _MALFORMED:
            skipped += 1
            continue
        seconds.append(second)
        if observation.post.text:
            observations.append(observation)
    if skipped and not seconds:
        raise unreadable(
            body,
            url=url,
            found=f"{skipped} hits in a form that is not Algolia's",
            expected=_EXPECTED,
        )
    return Hits(
        page=Page(observations=tuple(observations), skipped=skipped),
        total=count(answer.get("nbHits")) or len(answer["hits"]),
        oldest=min(seconds, default=None),
    )


def parse_item(
    body: bytes, *, source: str, url: str, observed_at: datetime
) -> Observation | Deletion:
    """One story or comment with its tree of answers, which is only counted."""
    item = json_answer(body, url=url, expected=_EXPECTED)
    try:
        key = PostKey(source=source, native_id=str(item["id"]))
        if item.get("author") is None:
            return Deletion(key=key, observed_at=observed_at)
        is_comment = item.get("type") == "comment"
        return _made(
            key=key,
            fields=item,
            text=html_to_text(item.get("text") or ""),
            story=item.get("story_id") if is_comment else None,
            replies=len(item["children"]) if is_comment else _descendants(item),
            observed_at=observed_at,
        )
    except _MALFORMED as error:
        raise unreadable(body, url=url, found="no item", expected=_EXPECTED) from error


def _from_hit(hit: Mapping[str, Any], source: str, observed_at: datetime) -> Observation:
    children = hit.get("children")
    is_comment = hit.get("comment_text") is not None or "comment" in (hit.get("_tags") or ())
    replies = count(hit.get("num_comments"))
    if replies is None and is_comment and isinstance(children, list):
        replies = len(children)
    return _made(
        key=PostKey(source=source, native_id=short_id(hit["objectID"])),
        fields=hit,
        text=html_to_text(hit.get("comment_text") or hit.get("story_text") or ""),
        story=hit.get("story_id") if is_comment else None,
        replies=replies,
        observed_at=observed_at,
    )


def _made(
    *,
    key: PostKey,
    fields: Mapping[str, Any],
    text: str,
    story: object,
    replies: int | None,
    observed_at: datetime,
) -> Observation:
    title = plain(fields.get("title") or "").replace("\n", " ")
    parent = fields.get("parent_id")
    author = plain(fields.get("author") or "")
    published_at = datetime.fromtimestamp(int(fields["created_at_i"]), UTC)
    return Observation(
        post=Post(
            key=key,
            text="\n".join(part for part in (title, text) if part),
            published_at=not_after(published_at, observed_at),
            url=_ITEM + key.native_id,
            author=Author(native_id=author, handle=author) if author else None,
            parent=_key(key.source, parent),
            thread=_key(key.source, story),
            language_hint="en",
            media=MediaKind.LINK if fields.get("url") else MediaKind.NONE,
        ),
        observed_at=observed_at,
        snapshot=EngagementSnapshot(
            key=key, taken_at=observed_at, likes=count(fields.get("points")), replies=replies
        ),
    )


def _key(source: str, item: object) -> PostKey | None:
    return PostKey(source=source, native_id=str(item)) if count(item) is not None else None


def _descendants(item: Mapping[str, Any]) -> int:
    """The comments below a story that are still there, without recursion: trees can be deep."""
    found, waiting = 0, list(item["children"])
    while waiting:
        child = waiting.pop()
        found += child.get("author") is not None
        waiting.extend(child.get("children") or ())
    return found

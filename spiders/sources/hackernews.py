"""Hacker News by Algolia's open search: stories and comments that name the brand."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any, Literal
from urllib.parse import urlencode

import attrs
from pydantic import Field

from spiders.kit.allowance import Allowance
from spiders.kit.documents import listed
from spiders.kit.endpoint import Answer, Endpoint
from spiders.kit.fields import Fields, Person, html
from spiders.kit.source import declare
from spiders.kit.templates import Ask
from spiders.options import OpenInterface, WebAddress
from spiders.parse.fields import count

__all__ = ["SOURCE", "HackerNewsOptions"]

_PAGE = "https://news.ycombinator.com/item?id="


class HackerNewsOptions(OpenInterface):
    """What to search on Hacker News."""

    kind: Literal["hackernews"] = "hackernews"
    api: WebAddress = Field(
        default="https://hn.algolia.com/api/v1", description="The address of the search interface."
    )
    comments: bool = Field(default=True, description="Whether to read comments beside stories.")


def _search(ask: Ask) -> str:
    """A term as a phrase, in slices of at most 1,000 hits: Algolia gives no more of a query."""
    span = [f"created_at_i>={ask.value('since')}"]
    if ask.page:
        span.append(f"created_at_i<={ask.page}")
    parameters = {
        "query": f'"{ask.query.replace(chr(34), " ")}"',
        "tags": "(story,comment,poll)" if ask.value("comments") == "true" else "(story,poll)",
        "numericFilters": ",".join(span),
        "hitsPerPage": str(ask.limit),
        "advancedSyntax": "true",
        "typoTolerance": "false",
        "restrictSearchableAttributes": "title,story_text,comment_text,url",
    }
    return f"{ask.value('api').rstrip('/')}/search_by_date?{urlencode(parameters)}"


def _older(answer: Answer) -> str | None:
    """The second of the oldest hit, where there are more hits than were shown."""
    hits = answer.data["hits"]
    if not hits or answer.data["nbHits"] <= len(hits):
        return None
    return str(min(hit["created_at_i"] for hit in hits))


def _is_comment(item: Mapping[str, Any]) -> bool:
    return item.get("comment_text") is not None or "comment" in (
        *(item.get("_tags") or ()),
        item.get("type"),
    )


def _replies(item: Mapping[str, Any]) -> int | None:
    """The comments that are still there: of an item below it, of a hit as Algolia counts them."""
    children = item.get("children")
    if _is_comment(item):
        return len(children) if isinstance(children, list) else None
    if "objectID" in item:
        return count(item.get("num_comments"))
    return sum(child.get("author") is not None for child in listed(children, "children"))


_HIT = Fields(
    id="objectID",
    title="title",
    text=html("comment_text || story_text || ''"),
    published_at="created_at_i",
    url=lambda hit: f"{_PAGE}{hit['objectID']}",
    author=Person(id="author", handle="author"),
    parent="parent_id",
    thread=lambda hit: hit.get("story_id") if _is_comment(hit) else None,
    language="'en'",
    media="url && 'link'",
    likes="points",
    replies=_replies,
)
_ITEM = attrs.evolve(
    _HIT,
    id="id",
    thread=lambda item: item.get("story_id") or item.get("root") if _is_comment(item) else None,
    text=html("text || ''"),
    url=lambda item: f"{_PAGE}{item['id']}",
    deleted="author == `null`",
)

_FIREBASE = attrs.evolve(
    _ITEM,
    published_at="time",
    author=Person(id="by", handle="by"),
    parent="parent",
    thread=None,
    likes="score",
    replies="descendants",
    deleted="deleted || dead",
)


def _thread(answer: Answer) -> list[Mapping[str, Any]]:
    """An item and all that is written below it, each told which item that is."""
    return [{**item, "root": answer.data["id"]} for item in listed([answer.data], "children")]


SOURCE = declare(
    options=HackerNewsOptions,
    terms="An open interface by Algolia for Hacker News; see hn.algolia.com/api.",
    limits="10,000 requests an hour; 1,000 hits a query.",
    allowance=Allowance(units=10_000, per=timedelta(hours=1)),
    discover=Endpoint(
        url=_search,
        path=r".*/search(_by_date)?",
        items="hits",
        fields=_HIT,
        next=_older,
        page_size=1_000,
        pages=1_000,
    ),
    refresh=Endpoint(url="{api}/items/{ids}", fields=_ITEM),
    also_reads=(
        Endpoint(url="{api}/hits/{ids}", fields=_HIT),  # one hit by itself
        Endpoint(url="{api}/items/{ids}", items=_thread, fields=_ITEM),
        Endpoint(
            url="{api}/item", path=r"/v0/item/\d+(\.json)?", fields=_FIREBASE
        ),  # news.ycombinator's own
    ),
    can_search=True,
)

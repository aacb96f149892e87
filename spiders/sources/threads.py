"""Threads by its API: posts that hold the brand's name."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal

from pydantic import Field

from spiders.graph import GRAPH_REFUSALS, graph_items
from spiders.kit.allowance import Allowance
from spiders.kit.documents import found_in
from spiders.kit.endpoint import Answer, Endpoint
from spiders.kit.fields import Fields, Person
from spiders.kit.source import declare
from spiders.options import KeyedInterface, Secret, WebAddress

__all__ = ["SOURCE", "ThreadsOptions"]

_FIELDS = "id,text,media_type,permalink,timestamp,username,has_replies,is_quote_post,is_reply"
_OF_A_REPLY = ",root_post,replied_to"


class ThreadsOptions(KeyedInterface):
    """How to search on Threads."""

    keyed_by = "token"
    had_from = "make an app at developers.facebook.com and have it reviewed for what it reads"
    kind: Literal["threads"] = "threads"
    api: WebAddress = Field(
        default="https://graph.threads.net/v1.0", description="The address of the interface."
    )
    token: Secret | None = Field(default=None, description="An access token; see the docs.")
    token_file: Path | None = Field(default=None, description="The file that holds the token.")
    searches_per_day: int = Field(
        default=2_000, ge=1, description="How many searches may be made in a day."
    )


def _items(answer: Answer) -> list[Any]:
    return graph_items(answer.data)


def _media(item: dict[str, Any]) -> str | None:
    kind = str(item.get("media_type") or "").lower()
    return "image" if kind == "carousel_album" else kind


_POST = Fields(
    id="id",
    text="text",
    published_at="timestamp",
    url="permalink",
    author=Person(id="username || owner.id", handle="username"),
    parent=lambda item: found_in(item, "replied_to.id") or found_in(item, "root_post.id"),
    thread="root_post.id",
    media=_media,
    likes="like_count",
    replies="reply_count",
    left_out="media_type == 'REPOST_FACADE'",
)
_HEADERS = {"Authorization": "Bearer {token}"}

SOURCE = declare(
    options=ThreadsOptions,
    terms="Meta's Platform Terms. Until the app is approved for threads_keyword_search, only "
    "posts of the token's own account are found.",
    limits="2,200 searches in 24 hours for one account; those without a result are free. "
    "Counters are told of the account's own posts only, and not here.",
    discover=Endpoint(
        url="{api}/keyword_search?q={query}&search_type=RECENT&fields="
        + _FIELDS
        + _OF_A_REPLY
        + "&limit={limit}&since={since}&after={page}",
        headers=_HEADERS,
        items=_items,
        fields=_POST,
        next="paging.cursors.after",
        allowance=Allowance(name="searches", units=lambda options: options.searches_per_day),
    ),
    refresh=Endpoint(
        url="{api}/{ids}?fields=" + _FIELDS + _OF_A_REPLY,
        headers=_HEADERS,
        items=_items,
        fields=_POST,
        allowance=Allowance(name="looks", units=4_800),
    ),
    also_reads=(
        Endpoint(url="{api}/{query}/threads", items=_items, fields=_POST),
        Endpoint(url="{api}/{query}/replies", items=_items, fields=_POST),
        Endpoint(url="{api}/{query}/conversation", items=_items, fields=_POST),
    ),
    refusals=GRAPH_REFUSALS,
    needs="an access token (app review by Meta)",
)

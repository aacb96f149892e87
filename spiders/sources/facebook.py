"""Facebook pages by the Graph API: what a page and its visitors post, and the comments there."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Any, Literal
from urllib.parse import parse_qs, urlsplit

from pydantic import Field

from spiders.graph import GRAPH_REFUSALS, graph_items
from spiders.kit.allowance import Allowance
from spiders.kit.documents import found_in
from spiders.kit.endpoint import Answer, Endpoint
from spiders.kit.fields import Fields, Person
from spiders.kit.source import declare
from spiders.options import KeyedInterface, Secret, WebAddress

__all__ = ["SOURCE", "FacebookOptions"]

_COMMENT = (
    "id,message,created_time,from{id,name},permalink_url,like_count,comment_count,parent{id,created_time},"
    "attachment{type,title}"
)
_POST = (
    "id,message,created_time,from{id,name,fan_count},permalink_url,attachments{media_type,type},"
    "shares,reactions.limit(0).summary(total_count)"
)
_FEED = f"{_POST},comments.limit(50).filter(stream).summary(total_count){{{_COMMENT}}}"
_SEEN_AGAIN = f"{_POST},comments.limit(0).summary(total_count)"
_COMMENTED = re.compile(r"/(\d+)/posts/(\d+)")
_ASKED = re.compile(r"/(\d+(?:_\d+)?)/comments$")


class FacebookOptions(KeyedInterface):
    """Which pages to read."""

    keyed_by = "token"
    had_from = "make an app at developers.facebook.com and have it reviewed for what it reads"
    kind: Literal["facebook"] = "facebook"
    pages: Annotated[tuple[str, ...], Field(min_length=1)] = Field(
        description="Names or numbers of the pages."
    )
    api: WebAddress = Field(
        default="https://graph.facebook.com/v25.0",
        description="The address of the interface, with its version.",
    )
    token: Secret | None = Field(default=None, description="An access token; see the docs.")
    token_file: Path | None = Field(default=None, description="The file that holds the token.")
    calls_per_hour: int = Field(
        default=200, ge=1, description="How many requests may be made in an hour."
    )


def _items(answer: Answer) -> list[Any]:
    items = graph_items(answer.data)
    asked = _ASKED.search(urlsplit(answer.url).path)
    for item in items if asked else ():
        if isinstance(item, dict):
            item["within"] = item["within"] or (asked and asked[1])
    return items


def _comment(item: Mapping[str, Any]) -> bool:
    return bool(
        item.get("within")
        or "comment_count" in item
        or "comment_id=" in str(item.get("permalink_url"))
    )


def _id(item: Mapping[str, Any]) -> str | None:
    if not _comment(item):
        return item.get("id")
    if item.get("id"):
        return f"comment/{item['id']}"
    address = urlsplit(item["permalink_url"])  # the id was not asked for
    asked = parse_qs(address.query)
    number = (asked.get("reply_comment_id") or asked["comment_id"])[0]
    post = _COMMENTED.search(address.path)
    return f"comment/{post[2]}_{number}" if post else None


def _thread(item: Mapping[str, Any]) -> str | None:
    if not _comment(item):
        return None
    if item.get("within"):
        return str(item["within"])
    post = _COMMENTED.search(str(item.get("permalink_url")))
    return f"{post[1]}_{post[2]}" if post else None


def _parent(item: Mapping[str, Any]) -> str | None:
    above = found_in(item, "parent.id")
    if isinstance(above, str) and above:
        return f"comment/{above}"
    address = str(item.get("permalink_url"))
    if "reply_comment_id=" in address:
        post = _COMMENTED.search(address)
        return post and f"comment/{post[2]}_{parse_qs(urlsplit(address).query)['comment_id'][0]}"
    return _thread(item)


def _media(item: Mapping[str, Any]) -> list[str]:
    kinds = found_in(item, "[attachment, attachments.data[0]][].[media_type, type][]") or []
    named = [str(kind) for kind in kinds if kind]
    if any(kind in ("album", "sticker") for kind in named):
        named.append("image")
    if "source" in item and "length" in item:
        named.append("video")
    return named


_OBJECT = Fields(
    id=_id,
    title="title",
    text="message || description",
    published_at="created_time",
    url=lambda item: (
        f"https://www.facebook.com{link}"
        if (link := item["permalink_url"]).startswith("/")
        else link
    ),
    author=Person(id='"from".id', name='"from".name', followers='"from".fan_count'),
    parent=_parent,
    thread=_thread,
    media=_media,
    likes="reactions.summary.total_count || likes.summary.total_count || like_count",
    shares="shares.count",
    replies="comments.summary.total_count || comment_count",
)
_HEADERS = {"Authorization": "Bearer {token}"}

SOURCE = declare(
    options=FacebookOptions,
    terms="Meta's Platform Terms. The app needs Page Public Content Access (app review), or a "
    "token of a page of your own.",
    limits="200 calls an hour for each user of the app; calls_per_hour keeps to it.",
    allowance=Allowance(units=lambda options: options.calls_per_hour, per=timedelta(hours=1)),
    overlap=timedelta(hours=1),
    discover=Endpoint(
        url="{api}/{query}/feed?fields=" + _FEED + "&limit={limit}&since={since}&after={page}",
        headers=_HEADERS,
        items=_items,
        fields=_OBJECT,
        next="paging.next && paging.cursors.after",
        page_size=50,
        newest_first=False,
    ),
    refresh=(
        Endpoint(
            url="{api}/{ids}?fields=" + _COMMENT,
            headers=_HEADERS,
            items=_items,
            fields=_OBJECT,
            takes=r"comment/(.+)",
        ),
        Endpoint(
            url="{api}/{ids}?fields=" + _SEEN_AGAIN,
            headers=_HEADERS,
            items=_items,
            fields=_OBJECT,
            takes=r"[^/]+",
        ),
    ),
    also_reads=(
        Endpoint(url="{api}/{query}/comments", items=_items, fields=_OBJECT),
        Endpoint(url="{api}/{query}/posts", items=_items, fields=_OBJECT),
        Endpoint(url="{api}/{query}/videos", items=_items, fields=_OBJECT),
        Endpoint(url="{api}/", items=_items, fields=_OBJECT),
    ),
    queries=lambda _job, options: options.pages,
    can_search=False,
    refusals=GRAPH_REFUSALS,
    needs="an access token (app review by Meta)",
)

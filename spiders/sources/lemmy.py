"""Lemmy: posts and comments that a server's search finds, and known ones again by number.

The interface is asked in version 3, which every server in use has; answers of version 4 and the
objects that servers exchange (ActivityPub) are read when saved.
"""

from __future__ import annotations

from collections.abc import Mapping
from html import unescape
from typing import Any, Literal
from urllib.parse import urlsplit

import attrs
from pydantic import Field

from monitor.domain import Health
from spiders.kit.endpoint import Answer, Endpoint, numbered
from spiders.kit.fields import Fields, Person
from spiders.kit.refusals import Refusal
from spiders.kit.source import declare
from spiders.options import OpenInterface, WebAddress
from spiders.parse.activitypub import OBJECT, objects

__all__ = ["SOURCE", "LemmyOptions"]

_ENDINGS = {
    "video": (".mp4", ".webm", ".mov", ".mkv", ".gifv"),
    "audio": (".mp3", ".ogg", ".m4a", ".flac"),
    "image": (".png", ".jpg", ".jpeg", ".webp", ".gif", ".avif"),
}


class LemmyOptions(OpenInterface):
    """Which server to search; it knows what its people have subscribed to on all others."""

    kind: Literal["lemmy"] = "lemmy"
    server: WebAddress = Field(description="The server's address, such as https://lemmy.world.")


# --- what an answer holds -------------------------------------------------------------------------


def _views(answer: Answer) -> list[Any] | None:
    """The views of posts and comments in an answer of version 3 or 4; ``None`` for others."""
    data = answer.data
    for name in ("post_view", "comment_view"):
        if isinstance(data.get(name), Mapping):
            return [data[name]]
    lists = [data[n] for n in ("posts", "comments", "search", "items") if n in data]
    if not lists or not all(isinstance(one, list) for one in lists):
        return None
    return [view for one in lists for view in one]


def _thing(view: Mapping[str, Any]) -> Mapping[str, Any]:
    thing: Mapping[str, Any] = view["comment"] if "comment" in view else view["post"]
    return thing


def _id(view: Mapping[str, Any]) -> str:
    return f"{'comment' if 'comment' in view else 'post'}/{int(_thing(view)['id'])}"


def _field(*names: str) -> Any:
    """A field of the post or comment itself, by its name in version 3 or 4."""

    def find(view: Mapping[str, Any]) -> Any:
        thing = _thing(view)
        return next((thing[name] for name in names if thing.get(name) is not None), None)

    return find


def _written(name: str, view: Mapping[str, Any]) -> Any:
    """Markdown as it was written, with its entities resolved; absent is empty."""
    text = _thing(view).get(name)
    return unescape(text) if isinstance(text, str) else "" if text is None else text


def _text(view: Mapping[str, Any]) -> Any:
    return _written("content" if "comment" in view else "body", view)


def _counter(*names: str) -> Any:
    """A counter beside the post or comment (version 3), or in it (version 4)."""

    def find(view: Mapping[str, Any]) -> Any:
        counts = view["counts"] if "counts" in view else _thing(view)
        return next((counts[name] for name in names if name in counts), None)

    return find


def _handle(view: Mapping[str, Any]) -> str:
    creator = view["creator"]
    return f"{creator['name']}@{urlsplit(creator.get('actor_id') or creator['ap_id']).netloc}"


def _thread(view: Mapping[str, Any]) -> str | None:
    return f"post/{int(view['comment']['post_id'])}" if "comment" in view else None


def _parent(view: Mapping[str, Any]) -> str | None:
    """A comment's path is ``0.ITS_ELDERS.ITSELF``."""
    if "comment" not in view:
        return None
    above = str(view["comment"]["path"]).split(".")[-2]
    return f"comment/{int(above)}" if int(above) else _thread(view)


def _media(view: Mapping[str, Any]) -> list[str]:
    post = _thing(view)
    if post.get("embed_video_url"):
        return ["video"]
    link = post.get("url")
    if not isinstance(link, str) or not link:
        return []
    path = urlsplit(link).path.lower()
    endings = [kind for kind, endings in _ENDINGS.items() if path.endswith(endings)]
    return [str(post.get("url_content_type") or ""), *endings, "link"]


def _is_gone(view: Mapping[str, Any]) -> bool:
    return any(_thing(view).get(name) is True for name in ("deleted", "removed"))


_VIEW = Fields(
    id=_id,
    title=lambda view: None if "comment" in view else _written("name", view),
    text=_text,
    published_at=_field("published", "published_at"),
    url=_field("ap_id"),
    author=Person(
        id="creator.actor_id || creator.ap_id", handle=_handle, name="creator.display_name"
    ),
    parent=_parent,
    thread=_thread,
    media=_media,
    likes=_counter("upvotes"),
    replies=_counter("comments", "child_count"),
    deleted=_is_gone,
    left_out=lambda view: "comment" not in view and "post" not in view and "community" in view,
)

# --- what is asked --------------------------------------------------------------------------------

_REFUSALS = (
    Refusal(status=(400,), says="error == 'not_found' || starts_with(error, 'couldnt_find_')"),
    Refusal(
        says="error == 'rate_limit_error'",
        health=Health.RATE_LIMITED,
        advice="crawl less often or raise delay_seconds",
    ),
    Refusal(
        status=(400,),
        says="error",
        health=Health.UNREADABLE,
        words="error",
        advice="check that the address is a Lemmy server with version 3 of the interface",
    ),
)
_KIND = declare(
    options=LemmyOptions,
    terms="An open interface of free servers; each server's own rules, at its address.",
    limits="Each server sets its own, usually 60 searches in 10 minutes; it answers 429 beyond.",
    discover=Endpoint(
        url="{server}/api/v3/search?q={query}&type_=All&sort=New&listing_type=All"
        "&limit={limit}&page={page}",
        path=r"/api/v\d/(search|post/list|comment/list|user|person/content)",
        items=_views,
        fields=_VIEW,
        next=numbered(),
        first_page="1",
        page_size=50,
    ),
    refresh=(
        Endpoint(
            url="{server}/api/v3/post?id={ids}", items=_views, fields=_VIEW, takes=r"post/(\d+)"
        ),
        Endpoint(
            url="{server}/api/v3/comment?id={ids}",
            items=_views,
            fields=_VIEW,
            takes=r"comment/(\d+)",
        ),
    ),
    also_reads=(
        Endpoint(
            url="",
            path=r"/(?!api/).*(post|comment|object|note|status|activit|outbox|video).*",
            items=objects,
            fields=OBJECT,
        ),
    ),
    can_search=True,
    refusals=_REFUSALS,
)
SOURCE = attrs.evolve(_KIND, counters=("likes", "replies"))

"""Bluesky's answers: bytes in, posts out. Every shape of the interface, and Jetstream's frames."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from spiders.kit.documents import listed
from spiders.kit.endpoint import Answer
from spiders.kit.fields import Fields, Person, as_moment
from spiders.parse.answers import json_answer
from spiders.parse.fields import count
from spiders.web import Fetched

__all__ = ["POSTS", "VIEW", "one_document", "parse_audiences", "views"]

POSTS = "app.bsky.feed.post"
"""The collection that posts stand in."""

_DEEPEST = 1_000


def views(answer: Answer) -> list[Any]:
    """The posts of an answer of any of the interface's shapes, each as a post's view.

    Searches, lists of posts, feeds, threads, bare records and Jetstream's frames. Of several frames
    about one post the last one holds.
    """
    data = answer.data
    if isinstance(data, list):
        return list(_last_frames(data))
    if "thread" in data:
        return list(_of_thread(data["thread"]))
    if "feed" in data:
        return [entry.get("post") for entry in data["feed"]]
    if isinstance(data.get("post"), Mapping):
        return list(_of_thread(data))
    if "commit" in data or "time_us" in data:
        return list(_last_frames([data]))
    if "uri" in data:
        return [_with_record(data)]
    return [_with_record(view) for view in data.get("posts", data.get("records"))]


def _with_record(view: Any) -> Any:
    """A record that stands alone calls itself a value."""
    if isinstance(view, Mapping) and "value" in view:
        return {**view, "record": view["value"]}
    return view


def _of_thread(thread: Mapping[str, Any]) -> Iterator[Any]:
    """The post that a thread is of, those above it, and all below; gone ones are told as such."""
    above: list[Any] = []
    node = thread.get("parent")
    while isinstance(node, Mapping) and len(above) < _DEEPEST:
        above.append(node)
        node = node.get("parent")
    for node in (*reversed(above), *listed([thread], "replies")):
        yield node.get("post", node)


def _last_frames(frames: list[Any]) -> Iterator[Any]:
    last: dict[Any, Any] = {}
    for place, frame in enumerate(frames):
        if not isinstance(frame, Mapping) or "commit" not in frame:
            if not isinstance(frame, Mapping) or frame.get("kind") not in ("identity", "account"):
                last[place] = _with_record(frame)
            continue
        commit = frame["commit"]
        if not isinstance(commit, Mapping):
            last[place] = None
        elif commit.get("collection") == POSTS:
            uri = f"at://{frame.get('did')}/{POSTS}/{commit.get('rkey')}"
            last.pop(uri, None)
            last[uri] = {
                "uri": uri,
                "author": {"did": frame.get("did")},
                "record": commit.get("record"),
                "indexedAt": frame.get("time_us"),
                "notFound": commit.get("operation") == "delete",
            }
    return iter(last.values())


def _address(uri: Any) -> tuple[str, str, str]:
    """Author, collection and key of ``at://AUTHOR/COLLECTION/KEY``; raises ``ValueError``."""
    scheme, _, rest = uri.partition("://")
    author, collection, key = rest.split("/")
    if scheme != "at" or collection != POSTS or not author.startswith("did:") or not key:
        raise ValueError(f"{uri!r} is no post")
    return author, collection, key


def _id(view: Mapping[str, Any]) -> str:
    return "at://" + "/".join(_address(view["uri"]))


def _link(view: Mapping[str, Any]) -> str:
    author, _, key = _address(view["uri"])
    return f"https://bsky.app/profile/{author}/post/{key}"


def _author(view: Mapping[str, Any]) -> str:
    return _address(view["uri"])[0]


def _said_at(view: Mapping[str, Any]) -> Any:
    """Bluesky's own order: what the author's clock says, unless it was seen before that."""
    moments = (as_moment(view["record"].get("createdAt")), as_moment(view.get("indexedAt")))
    return min(moment for moment in moments if moment)


def _handle(view: Mapping[str, Any]) -> str | None:
    handle = view["author"].get("handle")
    return None if handle == "handle.invalid" else handle


def _media(view: Mapping[str, Any]) -> list[str]:
    """The kind of what is attached, as in ``app.bsky.embed.video``."""
    embed = view["record"].get("embed") or {}
    media = embed.get("media") or {}
    kinds = (one.get("$type", "") for one in (embed, media))
    return [kind.removeprefix("app.bsky.embed.") for kind in kinds]


VIEW = Fields(
    id=_id,
    text="record.text",
    published_at=_said_at,
    url=_link,
    author=Person(
        id=_author,
        handle=_handle,
        name="author.displayName",
        followers="author.followersCount",
    ),
    parent="record.reply.parent.uri",
    thread="record.reply.root.uri",
    language="record.langs[0]",
    media=_media,
    likes="likeCount",
    shares="repostCount",
    replies="replyCount",
    deleted="notFound",
    left_out="blocked",
)


def one_document(body: bytes) -> bytes:
    """Lines of JSON as one list of them; anything else as it is."""
    lines = [line for line in body.split(b"\n") if line.strip()]
    whole = [_is_json(line) and line.lstrip().startswith(b"{") for line in lines]
    if len(lines) < 2 or not any(whole) or _is_json(body):
        return body
    told = (line if is_whole else b"null" for line, is_whole in zip(lines, whole, strict=True))
    return b"[" + b",".join(told) + b"]"


def _is_json(line: bytes) -> bool:
    try:
        json.loads(line)
    except (ValueError, RecursionError):
        return False
    return True


def parse_audiences(answer: Fetched) -> dict[str, int | None]:
    """How many follow each author of ``getProfiles``; what is in no known form is not told."""
    profiles = json_answer(answer.body, url=answer.url, expected="the interface of bluesky")
    found = profiles.get("profiles") if isinstance(profiles, dict) else None
    return {
        profile["did"]: count(profile.get("followersCount"))
        for profile in (found if isinstance(found, list) else ())
        if isinstance(profile, dict) and isinstance(profile.get("did"), str)
    }

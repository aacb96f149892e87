"""The Mastodon API's statuses: JSON bytes in, observations out."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any
from urllib.parse import parse_qs, urlsplit

from monitor.domain import (
    Author,
    EngagementSnapshot,
    MediaKind,
    Observation,
    Post,
    PostKey,
)
from spiders.addresses import host_of, safe_link
from spiders.page import Page
from spiders.parse.answers import json_answer, unreadable
from spiders.parse.fields import count, not_after, short_id
from spiders.parse.text import html_to_text, plain

__all__ = ["is_instance", "parse_account_id", "parse_paging", "parse_status", "parse_statuses"]

_EXPECTED = "a server with the Mastodon API"
_PUBLIC = ("public", "unlisted")
_MEDIA = {
    "video": MediaKind.VIDEO,
    "gifv": MediaKind.VIDEO,
    "audio": MediaKind.AUDIO,
    "image": MediaKind.IMAGE,
}
_LINK = re.compile(r'<([^>]*)>\s*;[^,]*?\brel="?([\w ]+)"?')
_CONTEXT = re.compile(r"/statuses/([^/]+)/context/?$")
_MALFORMED = (AttributeError, KeyError, TypeError, ValueError)


def parse_statuses(body: bytes, *, source: str, url: str, observed_at: datetime) -> Page:
    """A timeline, the answer to a search, or what stands around a status, in the server's order.

    One status stands for a list of one. Boosts stand for the status that they boost. What is not
    public is left out.
    """
    answer = json_answer(body, url=url, expected=_EXPECTED)
    statuses, root = _statuses(answer), _root(answer, url)
    if not isinstance(statuses, list):
        raise unreadable(body, url=url, found="no list of statuses", expected=_EXPECTED)
    seen: dict[PostKey, Observation] = {}
    skipped = 0
    for status in statuses:
        try:
            status = status.get("reblog") or status
            if status.get("visibility", "public") not in _PUBLIC:
                continue
            observation = _observation(status, source, url, observed_at, root=root)
        except _MALFORMED:
            skipped += 1
            continue
        seen.setdefault(observation.post.key, observation)
    if skipped and not seen:
        raise unreadable(
            body,
            url=url,
            found=f"{skipped} statuses in a form that is not Mastodon's",
            expected=_EXPECTED,
        )
    return Page(observations=tuple(seen.values()), skipped=skipped)


def _statuses(answer: Any) -> Any:
    """What of an answer is the list of statuses, whichever method it answers."""
    if not isinstance(answer, dict):
        return answer
    if "descendants" in answer:
        return [*(answer.get("ancestors") or ()), *(answer["descendants"] or ())]
    return [answer] if "account" in answer else answer.get("statuses")


def _root(answer: Any, url: str) -> str | None:
    """The first status of the thread that an answer shows, where it shows one."""
    if not isinstance(answer, dict) or "descendants" not in answer:
        return None
    above = answer.get("ancestors")
    if isinstance(above, list) and above and isinstance(above[0], dict):
        first = above[0]
        return None if first.get("in_reply_to_id") else str(first.get("id") or "") or None
    asked = _CONTEXT.search(urlsplit(url).path)
    return asked[1] if asked else None


def parse_status(body: bytes, *, source: str, url: str, observed_at: datetime) -> Observation:
    """One status, as ``/api/v1/statuses/:id`` answers it."""
    try:
        return _observation(
            json_answer(body, url=url, expected=_EXPECTED), source, url, observed_at
        )
    except _MALFORMED as error:
        raise unreadable(body, url=url, found="no status", expected=_EXPECTED) from error


def parse_account_id(body: bytes, *, url: str) -> str:
    """The server's own id of an account that was looked up by its name."""
    account = json_answer(body, url=url, expected=_EXPECTED)
    if not isinstance(account, dict) or not isinstance(account.get("id"), str):
        raise unreadable(body, url=url, found="no account", expected=_EXPECTED)
    return str(account["id"])


def is_instance(body: bytes) -> bool:
    """Whether this is a server's description of itself, at ``/api/v1/instance``."""
    try:
        answer = json.loads(body)
    except (ValueError, RecursionError):
        return False
    return isinstance(answer, dict) and "version" in answer


def parse_paging(link_header: str) -> Mapping[str, Mapping[str, str]]:
    """The parameters of the neighbouring pages by their relation, from a ``Link`` header.

    Only the parameters are taken: where to go is not for a server's header to say.

    >>> parse_paging('<https://m.example/api/v1/timelines/tag/x?max_id=7>; rel="next"')
    {'next': {'max_id': '7'}}
    """
    return {
        relation: {
            name: values[-1]
            for name, values in parse_qs(urlsplit(address).query).items()
            if name in ("max_id", "min_id", "since_id", "offset")
        }
        for address, relation in _LINK.findall(link_header)
    }


def _observation(
    status: Mapping[str, Any],
    source: str,
    url: str,
    observed_at: datetime,
    *,
    root: str | None = None,
) -> Observation:
    key = PostKey(source=source, native_id=short_id(status["id"]))
    replied_to = status.get("in_reply_to_id")
    thread = PostKey(source=source, native_id=short_id(root)) if root else None
    published_at = datetime.fromisoformat(status["created_at"])
    return Observation(
        post=Post(
            key=key,
            text=_text(status),
            published_at=not_after(published_at, observed_at),
            url=safe_link(status.get("url")) or safe_link(status.get("uri")),
            author=_author(status["account"], host_of(url)),
            parent=PostKey(source=source, native_id=short_id(replied_to)) if replied_to else None,
            thread=None if thread == key else thread,
            language_hint=plain(status.get("language") or "") or None,
            media=_media(status),
        ),
        observed_at=observed_at,
        snapshot=EngagementSnapshot(
            key=key,
            taken_at=observed_at,
            likes=count(status.get("favourites_count")),
            shares=count(status.get("reblogs_count")),
            replies=count(status.get("replies_count")),
        ),
    )


def _text(status: Mapping[str, Any]) -> str:
    warning = plain(status.get("spoiler_text") or "")
    words = html_to_text(status.get("content") or "")
    return "\n".join(part for part in (warning, words) if part)


def _author(account: Mapping[str, Any], host: str) -> Author:
    handle = plain(account.get("acct") or account.get("username") or "")
    if handle and "@" not in handle:
        handle = f"{handle}@{host}"
    name = plain(account.get("display_name") or "").replace("\n", " ")
    return Author(
        native_id=short_id(account["id"]),
        handle=handle or None,
        name=name or None,
        followers=count(account.get("followers_count")),
    )


def _media(status: Mapping[str, Any]) -> MediaKind:
    kinds = {_MEDIA.get(a.get("type")) for a in status.get("media_attachments") or ()}
    card = status.get("card") or {}
    if MediaKind.VIDEO in kinds or card.get("type") == "video":
        return MediaKind.VIDEO
    for kind in (MediaKind.AUDIO, MediaKind.IMAGE):
        if kind in kinds:
            return kind
    return MediaKind.LINK if card else MediaKind.NONE

"""Feeds and statuses as tests write them."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

NOW = datetime.now(UTC).replace(microsecond=0)
_FIRST_ID = 117_000_000_000_000_000
_MINUTE_OF_IDS = 60_000 << 16


def rss(*items: str) -> bytes:
    slash = "http://purl.org/rss/1.0/modules/slash/"
    channel = "<title>Flight Forum</title>" + "".join(items)
    return f'<rss version="2.0" xmlns:slash="{slash}"><channel>{channel}</channel></rss>'.encode()


def item(number: int, *, replies: int | None = None, text: str = "", hours_ago: int = 1) -> str:
    said = format_datetime(NOW - timedelta(hours=hours_ago))
    counted = "" if replies is None else f"<slash:comments>{replies}</slash:comments>"
    return (
        f"<item><guid isPermaLink='false'>post-{number}</guid><title>Bag {number}</title>"
        f"<description>{text or 'lost again'}</description><pubDate>{said}</pubDate>"
        f"{counted}</item>"
    )


def status_id(minute: int) -> str:
    """The id of a post that was made ``minute`` minutes after the first."""
    return str(_FIRST_ID + minute * _MINUTE_OF_IDS)


def status(minute: int, **fields: Any) -> Mapping[str, Any]:
    return {
        "id": status_id(minute),
        "created_at": (NOW - timedelta(hours=20) + timedelta(minutes=minute)).isoformat(),
        "visibility": "public",
        "content": f"<p>flight {minute}</p>",
        "url": f"https://social.example/@ann/{minute}",
        "account": {"id": "1", "acct": "ann", "display_name": "Ann", "followers_count": 1234},
        "favourites_count": 3,
        "reblogs_count": 2,
        "replies_count": 1,
        "media_attachments": [],
        **fields,
    }


def as_json(value: Mapping[str, Any] | Sequence[Any]) -> bytes:
    return json.dumps(value).encode()

"""Telegram: the public pages of channels, as t.me shows them to everybody.

Telegram rounds counters from a thousand on ("12.3K"); they are kept to the figures that it shows.
Reactions are of any mood and no likes, so they are not counted.
"""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Any, Literal
from urllib.parse import quote, urlsplit

from parsel import Selector
from pydantic import Field, field_validator

from spiders.kit.endpoint import Answer, Endpoint
from spiders.kit.fields import Fields, Person
from spiders.kit.source import declare
from spiders.kit.templates import Ask
from spiders.options import Politeness, WebAddress
from spiders.parse.text import html_to_text

__all__ = ["SOURCE", "TelegramOptions"]

_CHANNEL = re.compile(r"[A-Za-z]\w{2,31}", re.ASCII)
_POST = re.compile(r"[A-Za-z]\w{2,31}/\d+", re.ASCII)
_ROUNDED = re.compile(r"(\d+(?:\.\d+)?)\s*([KMB]?)")
_THOUSANDS = {"": 1, "K": 10**3, "M": 10**6, "B": 10**9}
_MEDIA = (
    ("video", "_video_player, {0}_roundvideo_player, {0}_video"),
    ("audio", "_voice_player, {0}_voice, {0}_audio"),
    ("image", "_photo_wrap, {0}_photo"),
    ("link", "_link_preview"),
)
_MESSAGE = ".tgme_widget_message"
_ERROR = f"{_MESSAGE}_error"


class TelegramOptions(Politeness):
    """Which channels to read."""

    kind: Literal["telegram"] = "telegram"
    channels: tuple[str, ...] = Field(
        min_length=1, description="Public channels by their names, with or without @."
    )
    site: WebAddress = Field(default="https://t.me", description="The address of the pages.")
    delay_seconds: float = Field(
        default=2.0, ge=0, le=300, description="The pause between two requests, in seconds."
    )

    @field_validator("channels")
    @classmethod
    def _names(cls, channels: tuple[str, ...]) -> tuple[str, ...]:
        names = tuple(name.strip().removeprefix("@") for name in channels)
        for name in names:
            if not _CHANNEL.fullmatch(name):
                raise ValueError(f"{name!r} is no channel's name: it is what follows t.me/")
        return names


def _messages(answer: Answer) -> list[Selector] | None:
    """The messages of a page, or its word that there is none; ``None`` where it is no channel."""
    page = answer.html
    if page is None:
        return None
    found = page.css(f"{_MESSAGE}[data-post], {_ERROR}")
    is_channel = found or page.css(".tgme_channel_history, .tgme_channel_info")
    return list(found) if is_channel else None


def _id(message: Selector) -> str:
    """``channel/number``, of a message that is gone by the address it was asked at."""
    shown = message.attrib.get("data-post") or urlsplit(message.root.base_url).path.strip("/")
    if not _POST.fullmatch(shown):
        raise ValueError(f"{shown!r} is no message")
    return shown


def _error(message: Selector) -> str:
    classes = message.attrib.get("class", "").split()
    return html_to_text(message.get()) if _ERROR[1:] in classes else ""


def _is_left_out(message: Selector) -> bool:
    """What the channel itself tells ("pinned a photo"), or what only the app shows."""
    error = _error(message)
    return "service_message" in message.attrib.get("class", "") or (
        bool(error) and "not found" not in error.lower()
    )


def _text(message: Selector) -> str:
    """What it says; of a poll its question and answers, of a file its name."""
    for words in (
        f"{_MESSAGE}_text.js-message_text",
        f"{_MESSAGE}_poll_question, {_MESSAGE}_poll_option_text",
        f"{_MESSAGE}_document_title",
    ):
        found = message.css(words)
        texts = (html_to_text(one.get()) for one in (found[:1] if "_text.js" in words else found))
        text = "\n".join(one for one in texts if one)
        if text:
            return text
    return ""


def _media(message: Selector) -> list[str]:
    return [kind for kind, parts in _MEDIA if message.css(_MESSAGE + parts.format(_MESSAGE))]


def _parent(message: Selector) -> str | None:
    answered = message.css(f"a{_MESSAGE}_reply::attr(href)").get()
    path = urlsplit(answered or "").path.strip("/")
    return path if _POST.fullmatch(path) else None


def _subscribers(message: Selector) -> int | None:
    for counter in message.xpath('//*[contains(@class, "tgme_channel_info_counter")]'):
        if "subscriber" in (counter.css(".counter_type::text").get() or ""):
            return _unrounded(counter.css(".counter_value::text").get())
    return None


def _views(message: Selector) -> int | None:
    return _unrounded(message.css(f"{_MESSAGE}_views::text").get())


def _unrounded(shown: str | None) -> int | None:
    """A counter in the figures it is shown with.

    >>> [_unrounded(shown) for shown in ("987", "12.3K", "1M", "", "many")]
    [987, 12300, 1000000, None, None]
    """
    found = _ROUNDED.fullmatch((shown or "").strip())
    return int(Decimal(found[1]) * _THOUSANDS[found[2]]) if found else None


def _one(ask: Ask) -> str:
    return f"{ask.value('site').rstrip('/')}/{quote(ask.ids[0])}?embed=1"


def _channels(_job: Any, options: TelegramOptions) -> tuple[str, ...]:
    return options.channels


_FIELDS = Fields(
    id=_id,
    text=_text,
    published_at=f"{_MESSAGE}_date time::attr(datetime)",
    url=lambda message: f"https://t.me/{_id(message)}",
    author=Person(
        id=lambda message: _id(message).partition("/")[0],
        handle=lambda message: _id(message).partition("/")[0],
        name=f"{_MESSAGE}_owner_name",
        followers=_subscribers,
    ),
    parent=_parent,
    media=_media,
    views=_views,
    deleted=_error,
    left_out=_is_left_out,
)

SOURCE = declare(
    options=TelegramOptions,
    terms="The pages that Telegram shows of public channels without a login (t.me/s/NAME).",
    limits="None stated; one request in two seconds here, 20 messages a page.",
    discover=Endpoint(
        url="{site}/s/{query}",
        form="html",
        items=_messages,
        fields=_FIELDS,
        next_link='link[rel="prev"]::attr(href)',
        page_size=20,
        pages=25,
    ),
    refresh=Endpoint(
        url=_one,
        path=r"/\w+/\d+",
        form="html",
        items=_messages,
        fields=_FIELDS,
        takes=_POST.pattern,
    ),
    queries=_channels,
    can_search=False,
)

"""Reviews, ratings and comments on any page that describes them (schema.org)."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from functools import partial, reduce
from operator import getitem
from typing import Annotated, Any, Literal

import attrs
from parsel import Selector
from pydantic import Field

from monitor.domain import Health
from spiders.addresses import safe_link
from spiders.kit.endpoint import Answer, Endpoint
from spiders.kit.fields import Fields, Person
from spiders.kit.source import declare
from spiders.options import Politeness, WebAddress
from spiders.page import SourceError
from spiders.parse.described import said_on
from spiders.parse.pages import page_text, things_on
from spiders.parse.text import shown
from spiders.web import Fetched

__all__ = ["SOURCE", "ReviewsOptions"]

_MOST_PAGES = 10


class ReviewsOptions(Politeness):
    """Pages to read."""

    kind: Literal["reviews"] = "reviews"
    urls: Annotated[tuple[WebAddress, ...], Field(min_length=1)] = Field(
        description="The pages with reviews or comments, each the first of its list."
    )


class _DescribedPage(Endpoint):
    """An endpoint that reads any page: its charset is put right before it is taken apart."""

    def read(self, fetched: Fetched, *, source: str, expected: str, asked: str = "") -> Answer:
        """The posts of a page; raises ``SourceError`` where it holds none that can be read."""
        text = page_text(fetched.body, fetched.headers.get("content-type", ""))
        readable = attrs.evolve(
            fetched,
            url=fetched.url or _own_address(text),
            body=text.encode("utf-8", "replace"),
            headers={**fetched.headers, "content-type": "text/html; charset=utf-8"},
        )
        page = attrs.evolve(self, items=partial(_items, text))
        return Endpoint.read(page, readable, source=source, expected=expected, asked=asked)


def _own_address(text: str) -> str:
    """The address that a saved page gives as its own; empty where it gives none."""
    page = Selector(text=text, type="html")
    own = page.css("link[rel~=canonical]::attr(href), meta[property='og:url']::attr(content)")
    return safe_link(own.get()) or ""


def _items(text: str, answer: Answer) -> list[dict[str, Any]]:
    things = things_on(text)
    if not things:
        raise SourceError(
            Health.EMPTY,
            f"{shown(answer.url or 'the page', 200)} describes nothing in JSON-LD or microdata: "
            "look in its source whether it ever does, or read it by a kind of its own",
        )
    language = answer.html.xpath("string(/html/@lang)").get() if answer.html else ""
    return said_on(things, url=answer.url, language=(language or "").strip())


def _key(*names: str) -> Callable[[Any], Any]:
    """The value at a way of keys."""
    return lambda item: reduce(getitem, names, item)


_PAGE = _DescribedPage(
    url=lambda ask: ask.query,
    path=".*",
    form="html",
    fields=Fields(
        id=_key("id"),
        title=_key("title"),
        text=_key("text"),
        published_at=_key("published"),
        undated=True,
        url=_key("url"),
        author=Person(
            id=_key("author", "id"),
            name=_key("author", "name"),
            followers=_key("author", "followers"),
        ),
        parent=_key("parent"),
        thread=_key("thread"),
        language=_key("language"),
        media=_key("media"),
        rating=_key("rating"),
        views=_key("views"),
        likes=_key("likes"),
        shares=_key("shares"),
        replies=_key("replies"),
    ),
    next_link="a[rel~=next]::attr(href), link[rel~=next]::attr(href)",
    newest_first=False,
    pages=_MOST_PAGES,
)
SOURCE = declare(
    options=ReviewsOptions,
    terms="The site's own: look whether they allow programs to read it. robots.txt is obeyed.",
    limits=f"One request a second unless robots.txt asks for fewer; {_MOST_PAGES} pages of a list.",
    discover=_PAGE,
    queries=lambda _job, options: options.urls,
    relists=True,
    overlap=timedelta(days=7),  # they wait for a moderator, and many carry no more than a day
    needs="pages that describe themselves in JSON-LD or microdata",
)

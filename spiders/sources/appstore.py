"""Customer reviews in the App Store, by the feed that Apple publishes of each app and country."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Annotated, Any, Literal

import attrs
from lxml import etree  # type: ignore[import-untyped]  # it ships no types
from pydantic import Field, StringConstraints

from spiders.kit.endpoint import Answer, Endpoint
from spiders.kit.fields import Fields, Person
from spiders.kit.source import declare
from spiders.kit.templates import Ask
from spiders.options import OpenInterface, WebAddress
from spiders.parse.answers import unreadable
from spiders.web import Fetched

__all__ = ["SOURCE", "AppstoreOptions"]

_PAGE_SIZE, _PAGES = 50, 10
_ATOM, _APPLE = "{http://www.w3.org/2005/Atom}", "{http://itunes.apple.com/rss}"


class AppstoreOptions(OpenInterface):
    """Which apps' reviews to read, and in which countries' stores."""

    kind: Literal["appstore"] = "appstore"
    apps: Annotated[
        tuple[Annotated[str, StringConstraints(pattern=r"^\d+$")], ...], Field(min_length=1)
    ] = Field(description='The numbers of the apps, in quotes: "310633997" of .../id310633997.')
    countries: Annotated[
        tuple[Annotated[str, StringConstraints(pattern=r"^[a-z]{2}$")], ...], Field(min_length=1)
    ] = Field(default=("us",), description="The stores, by country: us, gb, cn, tw, hk.")
    api: WebAddress = Field(
        default="https://itunes.apple.com", description="The address of the feeds."
    )


class _Feed(Endpoint):
    """The feed in either form that Apple gives: JSON, or Atom put into the shape of that JSON."""

    def read(self, fetched: Fetched, *, source: str, expected: str, asked: str = "") -> Answer:
        """The reviews of a page; raises ``SourceError`` where it is no such feed."""
        if fetched.body.lstrip()[:1] == b"<":
            fetched = _as_json(fetched, expected)
        return super().read(fetched, source=source, expected=expected, asked=asked)


def _as_json(fetched: Fetched, expected: str) -> Fetched:
    parser = etree.XMLParser(resolve_entities=False, no_network=True, huge_tree=False, recover=True)
    root = etree.fromstring(fetched.body, parser)
    if root is None or root.tag != f"{_ATOM}feed":
        raise unreadable(fetched.body, url=fetched.url, found="no feed", expected=expected)
    entries = [_entry(entry) for entry in root.findall(f"{_ATOM}entry")]
    return attrs.evolve(fetched, body=json.dumps({"feed": {"entry": entries}}).encode())


def _entry(entry: etree._Element) -> dict[str, Any]:
    found: dict[str, Any] = {
        name: {"label": entry.findtext(f"{_ATOM}{name}")} for name in ("id", "title", "updated")
    }
    for name in ("rating", "voteSum", "voteCount", "version", "name"):
        value = entry.findtext(f"{_APPLE}{name}")
        if value is not None:
            found[f"im:{name}"] = {"label": value}
    texts = [c.text for c in entry.findall(f"{_ATOM}content") if c.get("type") != "html"]
    author = entry.find(f"{_ATOM}author")
    if author is not None:
        found["author"] = {n: {"label": author.findtext(f"{_ATOM}{n}")} for n in ("name", "uri")}
    return found | {"content": {"label": texts[0] if texts else None}}


def _address(ask: Ask) -> str:
    country, _, app = ask.query.partition("/")
    base = ask.value("api").rstrip("/")
    return f"{base}/{country}/rss/customerreviews/page={ask.page}/id={app}/sortby=mostrecent/json"


def _items(answer: Answer) -> list[Any]:
    """The reviews; Apple writes a list of one as the one, and none at all as nothing."""
    found = answer.data["feed"].get("entry", [])
    return found if isinstance(found, list) else [found]


def _next(answer: Answer) -> str | None:
    page = int(answer.asked or 1)
    return str(page + 1) if answer.page.observations and page < _PAGES else None


SOURCE = declare(
    options=AppstoreOptions,
    terms="A feed that Apple publishes; the reviews are their writers' and under Apple's terms.",
    limits="50 reviews a page, 10 pages: the newest 500 of an app in each country.",
    discover=_Feed(
        url=_address,
        path=r".*/rss/customerreviews/.*(json|xml)",
        items=_items,
        fields=Fields(
            id="id.label",
            title="title.label",
            text="content.label",
            published_at="updated.label",
            undated=True,
            url=lambda review: review["author"]["uri"]["label"],
            author=Person(id="author.uri.label", name="author.name.label"),
            rating='"im:rating".label',
            likes='"im:voteSum".label',
            left_out='!"im:rating" && "im:name"',  # the app itself, which leads its first page
        ),
        next=_next,
        first_page="1",
        page_size=_PAGE_SIZE,
        pages=_PAGES,
    ),
    queries=lambda _job, options: tuple(
        f"{c}/{a}" for a in options.apps for c in options.countries
    ),
    relists=True,
    overlap=timedelta(days=7),  # reviews wait for a moderator
)

"""WordPress sites by their REST API: posts, comments, and how many comments each post has."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import AsyncIterator, Mapping
from datetime import timedelta
from functools import partial
from typing import Any, Literal
from urllib.parse import urlencode

import attrs
from pydantic import Field

from monitor.domain import EngagementSnapshot, Observation
from spiders.job import CrawlJob
from spiders.kit.documents import found_in
from spiders.kit.endpoint import Answer, Endpoint
from spiders.kit.fields import Fields, Person, html
from spiders.kit.source import declare
from spiders.kit.spider import KitSpider, Plan
from spiders.kit.templates import Ask
from spiders.options import Politeness, WebAddress
from spiders.page import Page
from spiders.parse.answers import json_answer
from spiders.web import Web

__all__ = ["SOURCE", "WordPressOptions", "WordPressSpider"]

_BATCH = 100
_MOST_PAGES = 5
_CLOSED = (400, 401, 403, 404)
_OK = 200


class WordPressOptions(Politeness):
    """A site, and what to read of it."""

    kind: Literal["wordpress"] = "wordpress"
    server: WebAddress = Field(description="The site's address, such as https://blog.example.")
    posts: bool = Field(default=True, description="Whether to read posts.")
    comments: bool = Field(default=True, description="Whether to read comments.")
    search: bool = Field(
        default=False,
        description="Whether to search for the brand's names instead of reading all that is new.",
    )
    plain: bool = Field(
        default=False,
        description="Whether the site has plain permalinks, and so its interface at ?rest_route=.",
    )


# --- what is asked -------------------------------------------------------------------------------


def _queries(job: CrawlJob, options: WordPressOptions) -> tuple[str, ...]:
    wanted = {"posts": options.posts, "comments": options.comments}
    routes = tuple(route for route, is_wanted in wanted.items() if is_wanted)
    if not options.search:
        return routes
    return tuple(f"{route}:{term}" for route in routes for term in job.terms)


def _address(ask: Ask, route: str, **parameters: str) -> str:
    server = ask.value("server").rstrip("/")
    given = {name: value for name, value in parameters.items() if value}
    if ask.value("plain") == "true":
        return f"{server}/?{urlencode({'rest_route': f'/wp/v2/{route}', **given}, safe='/,')}"
    return f"{server}/wp-json/wp/v2/{route}?{urlencode(given, safe=',')}"


def _newest(ask: Ask) -> str:
    """The newest, from a day earlier on: sites compare in a time zone of their own."""
    route, _, words = ask.query.partition(":")
    return _address(
        ask,
        route,
        orderby="date",
        order="desc",
        per_page=str(_BATCH),
        page=ask.page,
        after=f"{ask.since - timedelta(days=1):%Y-%m-%dT%H:%M:%S}",
        search=words,
        _embed="author" if route == "posts" else "",
    )


def _known_posts(ask: Ask) -> str:
    return _address(ask, "posts", include=ask.value("ids"), per_page=str(_BATCH), _embed="author")


def _known_comments(ask: Ask) -> str:
    return _address(ask, "comments", include=ask.value("ids"), per_page=str(_BATCH))


def _comments_of(ask: Ask) -> str:
    return _address(
        ask,
        "comments",
        post=ask.value("ids"),
        per_page=str(_BATCH),
        page=ask.page,
        _fields="id,post",
    )


def _told(headers: Mapping[str, str], name: str, *, missing: int = 0) -> int:
    """A number of pages or entries, as the site says it in a header."""
    said = headers.get(name, "")
    return int(said) if re.fullmatch(r"[0-9]{1,9}", said) else missing


def _next(answer: Answer) -> str | None:
    page = int(answer.asked or 1)
    return str(page + 1) if page < _told(answer.headers, "x-wp-totalpages") else None


# --- what an answer says -------------------------------------------------------------------------


def _is_comment(item: Mapping[str, Any]) -> bool:
    return isinstance(item.get("post"), int)


def _id(item: Mapping[str, Any]) -> str:
    number = int(item["id"])
    return f"comment/{number}" if _is_comment(item) else str(number)


def _parent(item: Mapping[str, Any]) -> str | None:
    """The comment that is answered, or the post; pages stand below pages, which is no answer."""
    if not _is_comment(item):
        return None
    return f"comment/{int(item['parent'])}" if item.get("parent") else str(item["post"])


def _author(name: str) -> str:
    """Of a comment it stands in the comment; of a post beside it, if the site shows its users."""
    return f"author_{name} || _embedded.author[0].{name}"


_VIDEO = re.compile(r"<video|youtube|youtu\.be|vimeo|videopress", re.IGNORECASE)


def _media(item: Mapping[str, Any]) -> str | None:
    content = str(found_in(item, "content.rendered") or "")
    if _VIDEO.search(content):
        return "video"
    if "<audio" in content:
        return "audio"
    return "image" if "<img" in content or item.get("featured_media") else None


def _is_private(item: Mapping[str, Any]) -> bool:
    """Whether it wants a password, or is not published: what is shown of it is no text."""
    protected = found_in(item, "content.protected")
    return bool(protected) or item.get("status") not in (None, "publish", "approved")


_ENTRY = Fields(
    id=_id,
    title=html("title.rendered"),
    text=html("content.rendered || excerpt.rendered"),
    published_at="date_gmt || date",
    url="link",
    author=Person(
        id=lambda item: item.get("author") or None,
        handle="_embedded.author[0].slug",
        name=html(_author("name")),
    ),
    parent=_parent,
    thread=lambda item: str(item["post"]) if _is_comment(item) else None,
    language="lang",
    media=_media,
    left_out=_is_private,
)
_ROUTE = r"(.*/(posts|pages|comments)(/\d+)?/?|.*/|/index\.php)"
_DISCOVER = Endpoint(
    url=_newest,
    path=_ROUTE,
    fields=_ENTRY,
    next=_next,
    first_page="1",
    page_size=_BATCH,
)
_POSTS = Endpoint(
    url=_known_posts,
    path=_ROUTE,
    fields=_ENTRY,
    batch=_BATCH,
    takes=r"\d+",
    missing_are_gone=True,
)
_COMMENTS = Endpoint(
    url=_known_comments,
    path=_ROUTE,
    fields=_ENTRY,
    batch=_BATCH,
    takes=r"comment/(\d+)",
    missing_are_gone=True,
)
_PLAN = Plan(
    expected="a WordPress site's /wp-json",
    discover=_DISCOVER,
    refresh=(_POSTS, _COMMENTS),
    queries=_queries,
)


# --- the spider ----------------------------------------------------------------------------------


class WordPressSpider(KitSpider):
    """The kit's spider, and a count of the comments, which no post carries with it."""

    async def discover(self, query: str, web: Web) -> AsyncIterator[Page]:
        """New posts, each with its count, or new comments."""
        async for page in super().discover(query, web):
            yield await self._counted(page, web)

    async def refresh(self, web: Web) -> AsyncIterator[Page]:
        """Known posts with their counts; those that are not public any more as deletions."""
        async for page in super().refresh(web):
            yield await self._counted(page, web)

    async def _counted(self, page: Page, web: Web) -> Page:
        ids = tuple(i for o in page.observations if (i := o.post.key.native_id).isdecimal())
        counts = await self._comments(ids, web) if ids else None
        if counts is None:
            return page
        return attrs.evolve(
            page, observations=tuple(_with_count(o, counts) for o in page.observations)
        )

    async def _comments(self, ids: tuple[str, ...], web: Web) -> Counter[str] | None:
        """The comments of each post; ``None`` where not all of them are shown, or too many."""
        counts: Counter[str] = Counter()
        for number in range(1, _MOST_PAGES + 1):
            ask = Ask(options=self._options, ids=ids, page=str(number))
            fetched = await web.get(_comments_of(ask), accept=_CLOSED)
            if fetched.status != _OK:
                return None
            listed = json_answer(fetched.body, url=fetched.url, expected=self._plan.expected)
            counts.update(str(post) for post in found_in(listed, "[].post") or ())
            if number >= _told(fetched.headers, "x-wp-totalpages"):
                total = _told(fetched.headers, "x-wp-total", missing=-1)
                return counts if counts.total() == total else None
        return None


def _with_count(observation: Observation, counts: Mapping[str, int]) -> Observation:
    key = observation.post.key
    if not key.native_id.isdecimal():
        return observation
    return attrs.evolve(
        observation,
        snapshot=EngagementSnapshot(
            key=key, taken_at=observation.observed_at, replies=counts[key.native_id]
        ),
    )


SOURCE = attrs.evolve(
    declare(
        options=WordPressOptions,
        terms="Each site's own terms; the REST API is part of WordPress and public unless a site "
        "closes it.",
        limits="None of WordPress's own; 100 entries a page. Hosts may have theirs.",
        discover=_DISCOVER,
        refresh=(_POSTS, _COMMENTS),
        queries=_queries,
        can_search=True,
    ),
    spider=partial(WordPressSpider, _PLAN),
    counters=("replies",),
)

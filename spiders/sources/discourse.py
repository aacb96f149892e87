"""Discourse forums: what is newest, or what a search finds; known posts again by their topics."""

from __future__ import annotations

import json
import re
from collections import defaultdict
from collections.abc import AsyncIterator, Iterator, Mapping
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any, Literal
from urllib.parse import urlencode

import attrs
from lxml import etree  # type: ignore[import-untyped]  # it ships no types
from lxml import html as lxml_html
from pydantic import Field

from monitor.domain import Deletion, PostKey
from spiders.job import CrawlJob
from spiders.kit.documents import found_in
from spiders.kit.endpoint import Answer, Endpoint
from spiders.kit.fields import Fields, Person
from spiders.kit.source import declare
from spiders.kit.spider import KitSpider, Plan
from spiders.kit.templates import Ask, filled_header
from spiders.options import Politeness, Secret, WebAddress
from spiders.page import Page
from spiders.parse.text import html_to_text
from spiders.web import Fetched, Web

__all__ = ["SOURCE", "DiscourseOptions", "DiscourseSpider"]

_NEWEST = "newest"
_NOT_SHOWN = (403, 404, 410)
_ORDINARY = (1, 2, None)
"""The types of posts that people write; 3 is the forum's own note, 4 a whisper among its staff."""


class DiscourseOptions(Politeness):
    """A forum, and whether to read all of it or to search it."""

    kind: Literal["discourse"] = "discourse"
    server: WebAddress = Field(
        description="The forum's address, such as https://meta.discourse.org."
    )
    search: bool = Field(
        default=False,
        description="Whether to search for the brand's names instead of reading all that is new. "
        "Most forums' robots.txt forbids the search: ask its operator, then set robots to ignore.",
    )
    api_key: Secret | None = Field(
        default=None, description="A key from the forum's operator, where it shows nothing without."
    )
    api_key_file: Path | None = Field(
        default=None, description="A file that holds the key, instead of the key itself."
    )
    api_username: str = Field(default="", description="The user whom the key belongs to.")


# --- what is asked -------------------------------------------------------------------------------


def _queries(job: CrawlJob, options: DiscourseOptions) -> tuple[str, ...]:
    return job.terms if options.search else (_NEWEST,)


def _newest_or_found(ask: Ask) -> str:
    server = ask.value("server").rstrip("/")
    if ask.value("search") != "true":
        return f"{server}/posts.json" + (f"?before={ask.page}" if ask.page else "")
    day_before = ask.since - timedelta(days=1)
    phrase = ask.query.replace('"', " ")
    words = f'"{phrase}" order:latest after:{day_before:%Y-%m-%d}'
    return f"{server}/search.json?{urlencode({'q': words, 'page': ask.page or '1'})}"


def _next(answer: Answer) -> str | None:
    """The next page of a search, or the number from which on older posts are shown."""
    if found_in(answer.data, "grouped_search_result"):
        more = found_in(answer.data, "grouped_search_result.more_full_page_results")
        return str(int(answer.asked or 1) + 1) if more else None
    oldest = min(post["id"] for post in answer.data["latest_posts"])
    return str(oldest - 1) if oldest > 1 else None


# --- what an answer says -------------------------------------------------------------------------

_PLACE = re.compile(r"(https?://[^?#]*?)/(t|posts|search|latest|top|hot|new|c|topics|u|tag)[/.]")


def _items(answer: Answer) -> list[Any]:
    """The posts of a topic, of the newest, or of a search; or the topics of a list."""
    data = answer.data
    place = _PLACE.match(answer.url)
    told = {"place": place[1] if place else ""}
    if isinstance(data, Mapping) and "post_stream" in data:
        private = data.get("archetype") == "private_message"
        told = {**told, "topic_title": data.get("title"), "topic_slug": data.get("slug")}
        return [_with(post, told, private=private) for post in data["post_stream"]["posts"]]
    if isinstance(data, Mapping) and "topic_list" in data:
        names = {user["id"]: user for user in data.get("users") or ()}
        return [_topic(topic, told, names) for topic in data["topic_list"]["topics"]]
    if isinstance(data, Mapping) and "grouped_search_result" in data:
        topics = {topic["id"]: topic for topic in data.get("topics") or ()}
        return [_found(post, told, topics) for post in data.get("posts") or ()]
    if isinstance(data, Mapping) and "latest_posts" in data:
        return [_with(post, told) for post in data["latest_posts"]]
    if isinstance(data, Mapping) and "post_number" in data:
        return [_with(data, told)]
    raise TypeError("neither posts nor topics")


def _with(post: Any, told: Mapping[str, Any], **more: Any) -> Any:
    """A post together with what is told about its topic; what is no post stays what it is."""
    return {**told, **post, **more} if isinstance(post, Mapping) else post


def _found(post: Any, told: Mapping[str, Any], topics: Mapping[Any, Any]) -> Any:
    if not isinstance(post, Mapping):
        return post
    topic = topics.get(post.get("topic_id"), {})
    named = {"topic_title": topic.get("title"), "topic_slug": topic.get("slug")}
    return _with(post, {**told, **named}, cooked=post.get("blurb"))


def _topic(topic: Any, told: Mapping[str, Any], names: Mapping[Any, Any]) -> Any:
    """A topic of a list, as its first post; the list tells of it as a whole."""
    if not isinstance(topic, Mapping):
        return topic
    author = names.get(found_in(topic, "posters[0].user_id"), {})
    replies = topic.get("posts_count")
    return {
        **told,
        "topic_id": topic["id"],
        "post_number": 1,
        "topic_title": topic.get("title"),
        "topic_slug": topic.get("slug"),
        "cooked": topic.get("excerpt") or "",
        "created_at": topic.get("created_at"),
        "username": author.get("username"),
        "name": author.get("name"),
        "reads": topic.get("views"),
        "like_count": topic.get("like_count"),
        "reply_count": replies - 1 if isinstance(replies, int) and replies > 0 else None,
        "private": topic.get("archetype") == "private_message",
    }


def _id(post: Mapping[str, Any]) -> str:
    return f"{int(post['topic_id'])}/{int(post['post_number'])}"


def _parent(post: Mapping[str, Any]) -> str | None:
    """The post that is answered, or else the first one."""
    if post["post_number"] == 1:
        return None
    return f"{int(post['topic_id'])}/{int(post.get('reply_to_post_number') or 1)}"


def _url(post: Mapping[str, Any]) -> str | None:
    slug = post.get("topic_slug") or post.get("slug")
    slug = slug if isinstance(slug, str) and re.fullmatch(r"[\w%-]+", slug) else "-"
    return f"{post['place']}/t/{slug}/{_id(post)}" if post["place"] else None


def _text(post: Mapping[str, Any]) -> str | None:
    """The author's own words: what is quoted from others is left out, emoji keep their names."""
    cooked = post.get("cooked")
    if not isinstance(cooked, str):
        return None
    if "<aside" not in cooked and "emoji" not in cooked:
        return html_to_text(cooked)
    try:
        root = lxml_html.fragment_fromstring(
            cooked[:200_000].replace("\x00", ""), create_parent=True
        )
    except (etree.LxmlError, ValueError):
        return html_to_text(cooked)
    for quote in root.xpath("//aside[contains(@class, 'quote')]"):
        quote.drop_tree()
    for picture in root.xpath("//img[contains(@class, 'emoji')]"):
        picture.tail = f"{picture.get('alt') or ''}{picture.tail or ''}"
        picture.drop_tree()
    return html_to_text(lxml_html.tostring(root, encoding="unicode"))


_VIDEO = re.compile(r"<video|youtube|vimeo|video-(?:onebox|placeholder)|lazy-?video", re.IGNORECASE)
_PICTURE = re.compile(r"<img(?![^>]*(?:emoji|avatar|site-icon))", re.IGNORECASE)
_LINK = re.compile(
    r"<a (?![^>]*class=\"(?:mention|hashtag|anchor))[^>]*href=\"https?://", re.IGNORECASE
)


def _media(post: Mapping[str, Any]) -> str | None:
    cooked = str(post.get("cooked") or "")
    for kind, pattern in (("video", _VIDEO), ("image", _PICTURE), ("link", _LINK)):
        if pattern.search(cooked):
            return kind
    return None


def _likes(post: Mapping[str, Any]) -> Any:
    if "like_count" in post:
        return post["like_count"]
    return found_in(post, "actions_summary[?id==`2`].count | [0]")


_POST = Fields(
    id=_id,
    title=lambda post: post.get("topic_title") if post["post_number"] == 1 else None,
    text=_text,
    published_at="created_at",
    url=_url,
    author=Person(id="username", handle="username", name="name"),
    parent=_parent,
    thread=lambda post: f"{int(post['topic_id'])}/1",
    language="locale",
    media=_media,
    views="reads",
    likes=_likes,
    replies="reply_count",
    deleted="deleted_at || user_deleted || hidden",
    left_out=lambda post: bool(post.get("private")) or post.get("post_type") not in _ORDINARY,
)
_KEY = {"Api-Key": "{api_key}", "Api-Username": "{api_username}"}
_DISCOVER = Endpoint(
    url=_newest_or_found,
    path=r".*/(posts|search)(\.json)?",
    headers=_KEY,
    items=_items,
    fields=_POST,
    next=_next,
    page_size=50,
    pages=20,
)
_TOPIC = Endpoint(
    url=lambda ask: f"{ask.value('server').rstrip('/')}/t/{ask.page}.json",
    path=r".*/t/([^/]+/)?\d+(/\d+|/posts|/last)?(\.json)?|.*/posts/\d+(\.json)?",
    headers=_KEY,
    items=_items,
    fields=_POST,
)
_LISTS = Endpoint(
    url=lambda ask: f"{ask.value('server')}/latest.json",
    path=r".*/(latest|top|hot|new|c/.+|topics/.+|tag/.+)(\.json)?",
    items=_items,
    fields=_POST,
)
_PLAN = Plan(expected="a forum of Discourse", discover=_DISCOVER, queries=_queries)


# --- the spider ----------------------------------------------------------------------------------


class DiscourseSpider(KitSpider):
    """The kit's spider; posts are looked at again twenty at a time, as their topic shows them."""

    async def refresh(self, web: Web) -> AsyncIterator[Page]:
        """The topics of the wanted posts: their counters, their replies, and what is gone."""
        topics: dict[str, list[int]] = defaultdict(list)
        for key in self._job.refresh:
            topic, _, number = key.native_id.partition("/")
            if topic.isdecimal() and number.isdecimal():
                topics[topic].append(int(number))
        for topic, numbers in topics.items():
            left = sorted(numbers)
            while left:
                fetched = await self._around(topic, left[0], web)
                if fetched.status in _NOT_SHOWN:
                    yield self._withdrawn(topic, left, fetched)
                    break
                answer = self._read(_TOPIC, fetched, "")
                shown = set(_numbers(answer.data))
                reached = max([left[0], *shown])
                gone = [n for n in left if n <= reached and n not in shown]
                wanted = set(self._job.refresh)
                told = tuple(d for d in answer.page.deletions if d.key in wanted)
                missing = self._deletions(topic, gone, fetched)
                yield attrs.evolve(answer.page, deletions=(*told, *missing))
                left = [n for n in left if n > reached]

    async def _around(self, topic: str, number: int, web: Web) -> Fetched:
        ask = Ask(options=self._options, page=f"{topic}/{number}")
        filled = {name: filled_header(text, ask) for name, text in _TOPIC.headers.items()}
        headers = {name: value for name, value in filled.items() if value}
        return await web.get(_TOPIC.address(ask), headers=headers, accept=_NOT_SHOWN)

    def _withdrawn(self, topic: str, numbers: list[int], fetched: Fetched) -> Page:
        """A topic that is deleted or not public any more, if it is the forum that says so."""
        try:
            says = json.loads(fetched.body)
        except (ValueError, RecursionError):
            says = None
        if not isinstance(says, Mapping) or "errors" not in says:
            return Page(skipped=1)
        return Page(deletions=tuple(self._deletions(topic, numbers, fetched)))

    def _deletions(self, topic: str, numbers: list[int], fetched: Fetched) -> Iterator[Deletion]:
        for number in numbers:
            key = PostKey(self._job.source.name, f"{topic}/{number}")
            yield Deletion(key=key, observed_at=fetched.observed_at)


def _numbers(data: Any) -> Iterator[int]:
    """The numbers of the posts on a topic's page, also of those that are not read."""
    for number in found_in(data, "post_stream.posts[].post_number") or ():
        if isinstance(number, int):
            yield number


SOURCE = attrs.evolve(
    declare(
        options=DiscourseOptions,
        terms="Each forum's own terms, at /tos. Only what it shows in public is read, or what the "
        "owner of a key may see.",
        limits="200 requests a minute and 50 in ten seconds from one address, unless the forum "
        "says otherwise; 50 posts a page, 20 a topic's page.",
        discover=_DISCOVER,
        also_reads=(_TOPIC, _LISTS),
        queries=_queries,
        can_search=True,
    ),
    spider=partial(DiscourseSpider, _PLAN),
    can_refresh=True,
    tells_deletions=True,
)

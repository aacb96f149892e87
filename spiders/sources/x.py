"""X (Twitter) by its API v2: recent search, and known posts again by number."""

from __future__ import annotations

import contextlib
import html
import json
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any, Literal
from urllib.parse import urlencode, urlsplit

import attrs
from pydantic import Field

from monitor.domain import Health
from spiders.kind import Budget
from spiders.kit.allowance import Allowance
from spiders.kit.documents import found_in
from spiders.kit.endpoint import Answer, Endpoint
from spiders.kit.fields import Fields, Person, as_moment
from spiders.kit.refusals import Refusal
from spiders.kit.source import declare
from spiders.kit.spider import KitSpider, Plan
from spiders.kit.templates import Ask
from spiders.options import KeyedInterface, Secret, WebAddress
from spiders.page import SourceError
from spiders.web import Fetched, Web

__all__ = ["SOURCE", "XOptions", "XSpider"]

_SITE = "https://x.com"
_OWN_HOSTS = frozenset({"x.com", "twitter.com", "t.co", "pic.twitter.com", "mobile.twitter.com"})
_LEAST_RESULTS = 10
_REACH = timedelta(days=7) - timedelta(minutes=5)
_SNOWFLAKE_EPOCH_MS = 1_288_834_974_657
_FIRST_VIEWS = datetime(2022, 12, 15, tzinfo=UTC)
_FIRST_SNOWFLAKE = 29_700_000_000
_RENAMED = {"in": "id", "iw": "he", "ji": "yi"}


class XOptions(KeyedInterface):
    """What to search on X, and what it may cost."""

    keyed_by = "token"
    had_from = "make an application at console.x.com and copy its bearer token"
    kind: Literal["x"] = "x"
    token: Secret | None = Field(default=None, description="Your application's bearer token.")
    token_file: Path | None = Field(
        default=None, description="A file that holds the token, instead of the token itself."
    )
    daily_posts: int = Field(
        default=1_000,
        ge=1,
        description="The most posts to read in a day (UTC). X charges for each, and for its "
        "author. The last answer of a day may go beyond it.",
    )
    filter: str = Field(
        default="-is:retweet",
        max_length=300,
        description="What is added to each search, in X's own words, such as lang:en.",
    )
    api: WebAddress = Field(default="https://api.x.com", description="The address of the API.")
    delay_seconds: float = Field(
        default=2.0,
        ge=0,
        le=300,
        description="The pause between two requests to the same host, in seconds.",
    )


# --- what is asked -------------------------------------------------------------------------------

_WANTED = {
    "tweet.fields": "attachments,author_id,conversation_id,created_at,entities,lang,note_tweet,"
    "public_metrics,referenced_tweets",
    "expansions": "attachments.media_keys,author_id,referenced_tweets.id,"
    "referenced_tweets.id.author_id",
    "user.fields": "name,protected,public_metrics,username",
    "media.fields": "type",
}


def _search(ask: Ask) -> str:
    name = ask.query.replace('"', " ")
    phrase = name if name.startswith(("@", "#")) and " " not in name else f'"{name}"'
    parameters = {
        "query": f"{phrase} {ask.value('filter')}".strip(),
        "start_time": ask.value("since_iso"),
        "max_results": str(max(ask.limit, _LEAST_RESULTS)),
        **_WANTED,
    }
    if ask.page:
        parameters["next_token"] = ask.page
    return f"{ask.value('api').rstrip('/')}/2/tweets/search/recent?{urlencode(parameters)}"


def _lookup(ask: Ask) -> str:
    parameters = urlencode({"ids": ask.value("ids"), **_WANTED}, safe=",")
    return f"{ask.value('api').rstrip('/')}/2/tweets?{parameters}"


# --- what an answer says -------------------------------------------------------------------------


def _items(answer: Answer) -> list[Mapping[str, Any]]:
    """The posts of an answer, those that they refer to, and word of those that are gone.

    A post that only shares another is left out where that other one is in the answer: its
    ``retweet_count`` tells. Each item carries its author and its media.
    """
    data = answer.data
    if isinstance(data, Mapping) and {"data", "meta", "errors", "includes"} & set(data):
        return list(_second_version(data))
    found = data.get("statuses", [data]) if isinstance(data, Mapping) else data
    if not isinstance(found, list):
        raise TypeError("no list of posts")
    return [status for one in found for status in _first_version(one)]


def _second_version(data: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    given = data.get("data") or []
    posts = given if isinstance(given, list) else [given]
    others = _listed(data, "includes.tweets")
    known = {post.get("id") for post in others}
    users = {user.get("id"): user for user in _listed(data, "includes.users")}
    media = {one.get("media_key"): one for one in _listed(data, "includes.media")}
    for post in [*posts, *others]:
        if not isinstance(post, Mapping) or _referred(post, "retweeted") not in known:
            yield _joined(post, users, media)
    for error in _listed(data, "errors"):
        if error.get("resource_type") == "tweet" and error.get("parameter") in ("id", "ids"):
            yield {"id": error.get("resource_id"), "gone": True}


def _listed(data: Any, expression: str) -> list[Mapping[str, Any]]:
    found = found_in(data, expression)
    return [one for one in found or () if isinstance(one, Mapping)]


def _joined(post: Any, users: Mapping[Any, Any], media: Mapping[Any, Any]) -> Mapping[str, Any]:
    if not isinstance(post, Mapping):
        return {}
    author = post.get("author_id")
    keys = found_in(post, "attachments.media_keys") or ()
    return {
        **post,
        "author": {"id": author, **users.get(author, {})} if isinstance(author, str) else {},
        "media": [media[key].get("type") for key in keys if key in media],
    }


def _first_version(status: Any, depth: int = 2) -> Iterator[Mapping[str, Any]]:
    """A status of API v1.1, as archives hold it, in the form of v2; with the ones inside it."""
    if not isinstance(status, Mapping):
        yield {}
        return
    shared = status.get("retweeted_status")
    if isinstance(shared, Mapping) and depth:
        yield from _first_version(shared, depth - 1)
        return
    user = status.get("user")
    user = user if isinstance(user, Mapping) else {}
    metrics = {f"{name}_count": status.get(f"{name}_count") for name in ("retweet", "reply")}
    yield {
        "id": status.get("id_str") or status.get("id"),
        "text": found_in(status, "extended_tweet.full_text || full_text || text"),
        "created_at": status.get("created_at"),
        "lang": status.get("lang"),
        "referenced_tweets": [
            {"type": "replied_to", "id": status.get("in_reply_to_status_id_str")},
            {"type": "quoted", "id": status.get("quoted_status_id_str")},
        ],
        "author": {
            "id": user.get("id_str"),
            "username": user.get("screen_name"),
            "name": user.get("name"),
            "protected": user.get("protected"),
            "public_metrics": {"followers_count": user.get("followers_count")},
        },
        "public_metrics": {**metrics, "like_count": status.get("favorite_count")},
        "media": found_in(status, "(extended_entities || entities).media[].type") or [],
        "entities": status.get("entities"),
    }
    quoted = status.get("quoted_status")
    if isinstance(quoted, Mapping) and depth:
        yield from _first_version(quoted, depth - 1)


def _referred(post: Mapping[str, Any], how: str) -> Any:
    """The id of the post that this one answers, quotes or shares; ``None`` where it does not."""
    for other in _listed(post, "referenced_tweets"):
        if other.get("type") == how and isinstance(other.get("id"), str):
            return other["id"]
    return None


def _parent(post: Mapping[str, Any]) -> Any:
    kinds = ("replied_to", "quoted", "retweeted")
    return next((found for kind in kinds if (found := _referred(post, kind))), None)


def _published(post: Mapping[str, Any]) -> datetime | None:
    """The time that X gives, or the one in the post's number (milliseconds since November 2010)."""
    given = as_moment(post.get("created_at"))
    number = int(post["id"])
    if given or number < _FIRST_SNOWFLAKE:
        return given
    return datetime.fromtimestamp(((number >> 22) + _SNOWFLAKE_EPOCH_MS) / 1000, UTC)


def _text(post: Mapping[str, Any]) -> str | None:
    """The whole of a long post; &, < and > stand there as entities."""
    written = found_in(post, "note_tweet.text") or post.get("text")
    return html.unescape(written) if isinstance(written, str) else None


def _views(post: Mapping[str, Any]) -> Any:
    """Views were not counted before December 2022, and X then says 0."""
    published = _published(post)
    if published is None or published < _FIRST_VIEWS:
        return None
    return found_in(post, "public_metrics.impression_count")


def _media(post: Mapping[str, Any]) -> list[str]:
    links = [
        found_in(link, "unwound_url || expanded_url") for link in _listed(post, "entities.urls")
    ]
    elsewhere = (url for url in links if isinstance(url, str) and urlsplit(url).hostname)
    return [
        *(kind for kind in post["media"] if isinstance(kind, str)),
        *(url for url in elsewhere if urlsplit(url).hostname not in _OWN_HOSTS),
    ]


def _language(post: Mapping[str, Any]) -> str | None:
    """X's guess; its codes from qaa on and zxx name no language, and a few are old ones."""
    language = post.get("lang")
    if not isinstance(language, str) or language.startswith("q") or language in ("zxx", "art"):
        return None
    return _RENAMED.get(language, language)


def _url(post: Mapping[str, Any]) -> str:
    name = str(post["author"].get("username") or "i")
    return f"{_SITE}/{name if name.replace('_', '').isalnum() else 'i'}/status/{post['id']}"


_POST = Fields(
    id="id",
    text=_text,
    published_at=_published,
    url=_url,
    author=Person(
        id="author.id",
        handle="author.username",
        name="author.name",
        followers="author.public_metrics.followers_count",
    ),
    parent=_parent,
    thread="conversation_id",
    language=_language,
    media=_media,
    views=_views,
    likes="public_metrics.like_count",
    shares="public_metrics.retweet_count",
    replies="public_metrics.reply_count",
    deleted="gone",
    left_out="author.protected",
)
_AUTHORIZED = {"Authorization": "Bearer {token}"}
_RECENT = Endpoint(
    url=_search,
    path=r"/2/tweets/search/(recent|all)",
    headers=_AUTHORIZED,
    items=_items,
    fields=_POST,
    next="meta.next_token",
)
_AGAIN = Endpoint(
    url=_lookup,
    path=r"/2/tweets(/\d+)?",
    headers=_AUTHORIZED,
    items=_items,
    fields=_POST,
    batch=100,
    takes=r"\d+",
    missing_are_gone=True,
)
_TIMELINES = (
    r"/2/(users/\d+|lists/\d+|tweets/\d+|communities/\d+)/(?!following|followers|.*by)\w+(/\w+)?"
)
_OTHER = Endpoint(
    url=_search,
    path=rf"{_TIMELINES}|/1\.1/(statuses/(?!retweeters).+|search/tweets|favorites/list|lists/statuses)\.json",
    items=_items,
    fields=_POST,
)
_PLAN = Plan(
    expected="the API of X",
    discover=_RECENT,
    refresh=(_AGAIN,),
    searches=True,
    refusals=(
        Refusal(
            status=(402,),
            health=Health.RATE_LIMITED,
            advice="the credits at X are used up: buy more at console.x.com",
        ),
        Refusal(
            says="title == 'UsageCapExceeded'",
            health=Health.RATE_LIMITED,
            words="detail",
            advice="the month's posts are used up: it goes on with the next, or on a larger plan",
        ),
        Refusal(
            says="reason == 'client-not-enrolled' || reason == 'client-forbidden'",
            health=Health.UNAUTHORIZED,
            words="detail",
            advice="put the application into a project with access to API v2 at console.x.com, and "
            "take its token",
        ),
    ),
)

# --- what it costs -------------------------------------------------------------------------------

_POSTS = Allowance(name="posts", units=lambda options: int(options.daily_posts))


class XSpider(KitSpider):
    """The kit's spider, within what X can answer and what its operator wants to pay.

    Recent search reaches back for seven days, and X refuses to be asked for more. It charges for
    each post that it gives, so the posts of each answer are counted.
    """

    async def _fetch(
        self,
        endpoint: Endpoint,
        ask: Ask,
        query: str,
        web: Web,
        *,
        accept: tuple[int, ...] = (),
        address: str = "",
    ) -> Fetched:
        now = self._clock()
        self._ledger.spend(query, _POSTS, 1, now)
        ask = attrs.evolve(ask, since=max(ask.since, now - _REACH))
        fetched = await super()._fetch(endpoint, ask, query, web, accept=accept, address=address)
        with contextlib.suppress(
            SourceError
        ):  # the next request is refused, this answer is paid for
            for _ in range(_charged(fetched.body) - 1):
                self._ledger.spend(query, _POSTS, 1, now)
        return fetched


def _charged(body: bytes) -> int:
    """How many posts an answer gives, those it includes among them."""
    try:
        answer = json.loads(body)
    except (ValueError, RecursionError):
        return 0
    return len(_listed(answer, "data")) + len(_listed(answer, "includes.tweets"))


def _budget(options: Any) -> Budget:
    units = _POSTS.units_for(options)
    return Budget(units=units, per=_POSTS.per, cost=_AGAIN.batch, by_post=True)


SOURCE = attrs.evolve(
    declare(
        options=XOptions,
        terms="X's Developer Agreement and Policy. X charges for what is read: $0.005 a post and "
        "$0.010 an author (docs.x.com, November 2026). What is deleted there must be deleted here: "
        "refresh does it.",
        limits="450 searches in 15 minutes, seven days back, 100 posts a page; 100 posts a lookup; "
        "2 million posts a month; daily_posts bounds the cost.",
        discover=_RECENT,
        refresh=_AGAIN,
        also_reads=(_OTHER,),
        allowance=_POSTS,
        can_search=True,
        needs="a bearer token, and credits",
    ),
    spider=partial(XSpider, _PLAN),
    budget=_budget,
)

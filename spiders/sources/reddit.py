"""Reddit by its Data API: search, whole subreddits, and the threads below what was found."""

from __future__ import annotations

from collections import deque
from collections.abc import AsyncIterator, Container, Iterator, Mapping
from pathlib import Path
from typing import Any, Literal, Self
from urllib.parse import parse_qs, quote, urlencode, urlsplit

import attrs
from pydantic import Field, field_validator, model_validator

from monitor.domain import Health, Observation, PostKey
from spiders.job import CrawlJob
from spiders.kit.endpoint import Answer, Endpoint
from spiders.kit.fields import Fields, Person
from spiders.kit.memory import Memory
from spiders.kit.refusals import Refusal
from spiders.kit.source import declare
from spiders.kit.spider import KitSpider, Plan
from spiders.kit.templates import Ask
from spiders.oauth import Login, application_token
from spiders.options import OpenInterface, Secret, WebAddress, secret_of
from spiders.page import Page, SourceError
from spiders.parse.reddit import (
    author_of,
    data_of,
    is_gone,
    link_to,
    media_of,
    shown_text,
    things,
    typed_words,
)
from spiders.web import Around, Fetched, Web

__all__ = ["SOURCE", "RedditOptions", "RedditSpider"]

_PAGE_SIZE = 100
_REFRESH = "refresh"
_MOST_REMEMBERED = 2_000
_NOT_SHOWN = (403, 404)


class RedditOptions(OpenInterface):
    """Where to listen on Reddit, and as whom."""

    kind: Literal["reddit"] = "reddit"
    username: str = Field(
        pattern=r"^[A-Za-z0-9_-]{2,30}$",
        description="Your name on Reddit: it wants to know who is behind a program.",
    )
    client_id: str = Field(default="", description="The id of your application (type: script).")
    client_secret: Secret | None = Field(default=None, description="The application's secret.")
    client_secret_file: Path | None = Field(
        default=None, description="A file that holds the secret, instead of the secret itself."
    )
    token: Secret | None = Field(
        default=None, description="An access token that you have already, instead of id and secret."
    )
    token_file: Path | None = Field(
        default=None, description="A file that holds the token, instead of the token itself."
    )
    search: bool = Field(
        default=True, description="Whether to search all of Reddit for the brand's names."
    )
    subreddits: tuple[str, ...] = Field(
        default=(),
        description="Subreddits of which all posts and comments are read.",
    )
    threads: int = Field(
        default=20,
        ge=0,
        le=500,
        description="How many threads a query may read in one crawl; 0: no comments below posts.",
    )
    thread_requests: int = Field(
        default=5,
        ge=1,
        le=100,
        description="What one thread may cost: the first request brings up to 500 comments, each "
        "further one up to 100.",
    )
    api: WebAddress = Field(
        default="https://oauth.reddit.com", description="The address of the interface."
    )
    login: WebAddress = Field(
        default="https://www.reddit.com/api/v1/access_token",
        description="The address that gives a token for the application's id and secret.",
    )

    @field_validator("subreddits")
    @classmethod
    def _bare(cls, names: tuple[str, ...]) -> tuple[str, ...]:
        bare = tuple(name.strip().strip("/").removeprefix("r/") for name in names)
        if not all(name.replace("_", "").isalnum() for name in bare):
            raise ValueError("a subreddit is written as its name alone, such as delta")
        return bare

    @model_validator(mode="after")
    def _is_somebody(self) -> Self:
        secret, token = self.client_secret or self.client_secret_file, self.token or self.token_file
        if not token and not (self.client_id and secret):
            raise ValueError(
                "give client_id and client_secret of your application at reddit.com/prefs/apps"
            )
        if not (self.search or self.subreddits):
            raise ValueError("nothing to listen to: give subreddits, or leave search on")
        return self


# --- what an answer says -------------------------------------------------------------------------


def _items(answer: Answer) -> list[Mapping[str, Any]]:
    """The posts and comments, each told whether its words carry entities (``raw_json``)."""
    if not isinstance(answer.data, list) and not (
        isinstance(answer.data, Mapping) and {"kind", "json"} & set(answer.data)
    ):
        raise TypeError("neither a listing nor a thread")
    is_raw = parse_qs(urlsplit(answer.url).query).get("raw_json") == ["1"]
    return [
        {**data_of(node), "kind": node.get("kind"), "raw": is_raw}
        for node in things(answer.data)
        if node.get("kind") in ("t1", "t3", None)
    ]


_THING = Fields(
    id=lambda item: item.get("name") or f"{item['kind']}_{item['id']}",
    title=lambda item: typed_words(item, "title") if item["kind"] == "t3" else None,
    text=shown_text,
    published_at="created_utc",
    url=link_to,
    author=Person(id=author_of, handle=author_of),
    parent=lambda item: item.get("parent_id") if item["kind"] == "t1" else None,
    thread=lambda item: item.get("link_id") if item["kind"] == "t1" else None,
    media=media_of,
    likes="!(score_hidden || hide_score) && score",
    shares="num_crossposts",
    replies=lambda item: item.get("num_comments") if item["kind"] == "t3" else None,
    deleted=is_gone,
    left_out="promoted",
)


# --- what is asked -------------------------------------------------------------------------------


def _queries(job: CrawlJob, options: RedditOptions) -> tuple[str, ...]:
    found = tuple(f"search:{term}" for term in job.terms) if options.search else ()
    for name in options.subreddits:
        found += (f"new:{name}", f"comments:{name}")
    return found


def _newest(ask: Ask) -> str:
    """The address of a listing, newest first."""
    api = ask.value("api").rstrip("/")
    paging = {"limit": str(max(ask.limit, 25)), "raw_json": "1", "after": ask.page}
    where, _, what = ask.query.partition(":")
    if where != "search":
        return f"{api}/r/{what}/{where}?{_parameters(paging)}"
    phrase = '"' + what.replace('"', " ") + '"'
    return f"{api}/search?{_parameters({'q': phrase, 'sort': 'new', 'type': 'link', **paging})}"


def _parameters(given: Mapping[str, str]) -> str:
    return urlencode({name: value for name, value in given.items() if value})


_LISTINGS = r"new|hot|top|best|rising|controversial|search|comments|submitted|overview|saved|gilded"
_LISTING = Endpoint(
    url=_newest,
    path=rf"(/r/[^/]+|/user/[^/]+)?(/({_LISTINGS}))?(/?\.json|/)?|/(duplicates|by_id)/[\w,]+(\.json|/)?",
    items=_items,
    fields=_THING,
    next="data.after",
    page_size=_PAGE_SIZE,
)
_INFO = Endpoint(
    url="{api}/api/info?id={ids}&raw_json=1",
    path=r"/api/info(\.json)?/?",
    items=_items,
    fields=_THING,
    batch=_PAGE_SIZE,
    takes=r"t[13]_\w+",
    missing_are_gone=True,
)
_THREAD = Endpoint(
    url=lambda ask: f"{ask.value('api')}/comments/{ask.query}",
    path=r"(/r/[\w+-]+)?/comments/\w+(/.*)?|/api/morechildren(\.json)?/?",
    items=_items,
    fields=_THING,
)
_PLAN = Plan(
    expected="the interface of reddit",
    discover=_LISTING,
    refresh=(_INFO,),
    queries=_queries,
    refusals=(
        Refusal(
            says='contains(`["private", "gold_only", "quarantined"]`, reason)',
            health=Health.FORBIDDEN,
            words="reason",
            advice="the subreddit is not open to everybody: take it out of subreddits, or let its "
            "moderators admit your account",
        ),
        Refusal(
            says="reason == 'banned'",
            health=Health.FORBIDDEN,
            advice="Reddit has closed this subreddit: take it out of subreddits",
        ),
    ),
)


# --- the spider ----------------------------------------------------------------------------------


class RedditSpider:
    """The kit's spider, signed in, and going down into the threads of what it finds."""

    def __init__(self, job: CrawlJob, options: RedditOptions) -> None:
        self._job = job
        self._options = options
        self._kit = KitSpider(_PLAN, job, options)
        self._access: _Access | None = None

    def queries(self) -> tuple[str, ...]:
        """Searches for the brands' names; the posts, and the comments, of each subreddit."""
        return self._kit.queries()

    async def discover(self, query: str, web: Web) -> AsyncIterator[Page]:
        """New posts and what is written below them, or the newest comments of a subreddit."""
        access = self._signed_in(web)
        room = self._job.item_limit
        found: dict[str, int] = {}
        async for page in self._kit.discover(query, access):
            room -= len(page.observations)
            found.update(_with_replies(page.observations))
            yield page
        if query.startswith("new:"):
            return  # the comments of this subreddit are a query of their own
        for link in list(found)[: self._options.threads]:
            async for page in self._thread(link, access):
                if room <= 0:
                    return
                fresh = [o for o in page.observations if o.post.published_at >= self._job.since]
                yield attrs.evolve(page, observations=tuple(fresh[:room]))
                room -= len(fresh)

    async def refresh(self, web: Web) -> AsyncIterator[Page]:
        """Known things with their counters; where a thread has grown, its comments as well."""
        access = self._signed_in(web)
        wanted = set(self._job.refresh)
        before = self._comments_read()
        now: dict[str, int] = {}
        async for page in self._kit.refresh(access):
            now.update(_with_replies(page.observations))
            yield page
        grown = {link: count - before.get(link, 0) for link, count in now.items()}
        busiest = sorted((link for link in grown if grown[link] > 0), key=lambda i: -grown[i])
        for link in busiest[: self._options.threads]:
            async for page in self._thread(link, access):
                others = tuple(o for o in page.observations if o.post.key not in wanted)
                yield attrs.evolve(page, observations=others, deletions=())
            before[link] = now[link]
            remembered = dict(list(before.items())[-_MOST_REMEMBERED:])
            yield Page(cursor=Memory(newest=1, seen=remembered).written({}))

    async def _thread(self, link: str, web: Web) -> AsyncIterator[Page]:
        """The comments below a post; those that Reddit leaves out are asked for in turn."""
        name = link.removeprefix("t3_")
        waiting = deque([self._comments(name)])
        known: set[PostKey] = set()
        for _ in range(self._options.thread_requests):
            if not waiting:
                return
            fetched = await web.get(waiting.popleft(), accept=_NOT_SHOWN)
            if fetched.status in _NOT_SHOWN:
                return
            answer = _THREAD.read(fetched, source=self._job.source.name, expected=_PLAN.expected)
            comments = tuple(
                o
                for o in answer.page.observations
                if o.post.parent is not None and o.post.key not in known
            )
            known.update(o.post.key for o in comments)
            yield attrs.evolve(answer.page, observations=comments)
            waiting.extend(self._further(name, answer.data))

    def _further(self, link: str, data: Any) -> Iterator[str]:
        """The addresses of the comments that an answer leaves out."""
        for node in things(data):
            if node.get("kind") != "more":
                continue
            left_out = data_of(node)
            children = [c for c in left_out.get("children") or () if isinstance(c, str)]
            if not children and isinstance(left_out.get("parent_id"), str):
                yield self._comments(link, left_out["parent_id"].removeprefix("t1_"))
            for start in range(0, len(children), _PAGE_SIZE):
                yield f"{self._api}/api/morechildren?" + urlencode(
                    {
                        "api_type": "json",
                        "link_id": f"t3_{link}",
                        "children": ",".join(children[start : start + _PAGE_SIZE]),
                        "raw_json": "1",
                    }
                )

    def _comments(self, link: str, below: str = "") -> str:
        parameters = {"limit": "500", "sort": "new", "raw_json": "1", "comment": below}
        return f"{self._api}/comments/{quote(link, safe='')}?{_parameters(parameters)}"

    @property
    def _api(self) -> str:
        return self._options.api.rstrip("/")

    def _comments_read(self) -> dict[str, int]:
        """How many comments each thread had when it was last read, as the cursor keeps it."""
        cursor = self._job.cursors.get(_REFRESH)
        return dict(Memory.read(cursor.value).seen) if cursor else {}

    def _signed_in(self, web: Web) -> _Access:
        if self._access is None:
            self._access = _Access(web, self._options)
        return self._access


class _Access(Around):
    """The web as Reddit wants it used: by an application with a name, within its limit."""

    def __init__(self, web: Web, options: RedditOptions) -> None:
        super().__init__(web)
        self._options = options
        self._login = Login(self._new_token)
        self._waits = ""

    async def get(
        self,
        url: str,
        *,
        headers: Mapping[str, str] | None = None,
        accept: Container[int] = (),
    ) -> Fetched:
        if self._waits:
            raise SourceError(
                Health.RATE_LIMITED,
                f"Reddit's limit is used up for {self._waits} s: read this source less often",
            )
        token = await self._login.token(self)
        given = {"Authorization": f"Bearer {token}", "User-Agent": self._agent, **(headers or {})}
        fetched = await super().get(url, headers=given, accept=accept)
        if fetched.headers.get("x-ratelimit-remaining", "").partition(".")[0] == "0":
            self._waits = str(int(fetched.headers.get("x-ratelimit-reset", "600").split(".")[0]))
        return fetched

    @property
    def _agent(self) -> str:
        return f"python:sparkwatch:1 (by /u/{self._options.username})"

    async def _new_token(self, web: Web) -> str:
        return secret_of(self._options, "token") or await application_token(
            web,
            self._options.login,
            client_id=self._options.client_id,
            client_secret=secret_of(self._options, "client_secret"),
            user_agent=self._agent,
        )


def _with_replies(observations: tuple[Observation, ...]) -> dict[str, int]:
    """The posts that have comments, and how many."""
    return {
        o.post.key.native_id: o.snapshot.replies
        for o in observations
        if o.snapshot and o.snapshot.replies
    }


SOURCE = attrs.evolve(
    declare(
        options=RedditOptions,
        terms="Reddit's Developer Terms and Data API Terms; an application is approved by Reddit "
        "(since November 2025), and commercial use needs a contract. What is deleted there must be "
        "deleted here: refresh does it.",
        limits="100 requests a minute for each application, over ten minutes; a listing ends after "
        "1,000 things.",
        discover=_LISTING,
        refresh=_INFO,
        also_reads=(_THREAD,),
        queries=_queries,
        can_search=True,
        needs="an approved application's id and secret",
    ),
    spider=RedditSpider,
)

"""Stack Exchange (Stack Overflow and its sisters): questions, with their answers and comments."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import AsyncIterator, Container, Mapping
from functools import partial
from pathlib import Path
from typing import Any, Literal

import attrs
from pydantic import Field

from monitor.domain import Health, Observation
from spiders.kit.allowance import Allowance
from spiders.kit.endpoint import Endpoint, numbered
from spiders.kit.fields import Fields, Person, html
from spiders.kit.memory import Memory
from spiders.kit.refusals import Refusal
from spiders.kit.source import declare
from spiders.kit.spider import KitSpider, Plan
from spiders.kit.templates import Ask
from spiders.options import OpenInterface, Secret, WebAddress, secret_of
from spiders.page import Page, SourceError
from spiders.web import Around, Fetched, Web

__all__ = ["SOURCE", "StackExchangeOptions", "StackExchangeSpider"]

_REFRESH = "refresh"
_BATCH = 100


class StackExchangeOptions(OpenInterface):
    """Which site to search."""

    kind: Literal["stackexchange"] = "stackexchange"
    site: str = Field(
        default="stackoverflow",
        pattern=r"^[a-z0-9.-]+$",
        description="The site's name in the interface, such as stackoverflow or travel.",
    )
    key: Secret | None = Field(
        default=None, description="A key from stackapps.com: 10,000 requests a day instead of 300."
    )
    key_file: Path | None = Field(
        default=None, description="A file that holds the key, instead of the key itself."
    )
    answers: bool = Field(
        default=True, description="Whether to read answers and comments beside questions."
    )
    api: WebAddress = Field(
        default="https://api.stackexchange.com/2.3", description="The address of the interface."
    )


# --- what an answer says -------------------------------------------------------------------------

_HOST = re.compile(r"https://([a-z0-9.-]+)/")
_TONGUES = frozenset({"es", "ja", "pt", "ru"})


def _host(item: Mapping[str, Any]) -> str | None:
    """The site that an item is from, by a link in it or in its author."""
    owner = item.get("owner")
    link = item.get("link") or (owner.get("link") if isinstance(owner, Mapping) else None)
    found = _HOST.match(str(link))
    return found[1] if found else None


def _language(item: Mapping[str, Any]) -> str:
    """English, but for the few sites in a language of their own."""
    tongue = (_host(item) or "").partition(".")[0]
    return tongue if tongue in _TONGUES else "en"


def _url(item: Mapping[str, Any]) -> str | None:
    host = _host(item)
    if item.get("link") or host is None:
        return item.get("link")
    if "comment_id" in item:
        number = int(item["comment_id"])
        return f"https://{host}/posts/comments/{number}"
    return f"https://{host}/a/{int(item['answer_id'])}"


_QUESTION = Fields(
    id="question_id",
    title=html("title"),
    text=html("body"),
    published_at="creation_date",
    url=_url,
    author=Person(id="owner.user_id", handle=html("owner.display_name")),
    language=_language,
    media=lambda item: "image" if "<img " in str(item.get("body")) else None,
    views="view_count",
    likes="score",
    replies="answer_count",
    left_out="answer_id || comment_id",
)
_ANSWER = attrs.evolve(
    _QUESTION,
    id=lambda item: f"answer/{int(item['answer_id'])}",
    title=None,
    parent="question_id",
    thread="question_id",
    views=None,
    replies=None,
    left_out=None,
)
_COMMENT = attrs.evolve(
    _ANSWER,
    id=lambda item: f"comment/{int(item['comment_id'])}",
    parent="post_id",
    thread="post_id",
)

# --- what is asked -------------------------------------------------------------------------------

_COMMON = "&pagesize=100&site={site}&filter=withbody&key={key}"
_SEARCH = Endpoint(
    url="{api}/search/advanced?q=%22{query}%22&sort=creation&order=desc&fromdate={since}&page={page}"
    + _COMMON,
    items="items",
    fields=_QUESTION,
    next=numbered(more="has_more"),
    first_page="1",
)


def _known(path: str, fields: Fields, takes: str) -> Endpoint:
    return Endpoint(
        url="{api}" + path + "?" + _COMMON.removeprefix("&"),
        items="items",
        fields=fields,
        batch=_BATCH,
        joint=";",
        takes=takes,
        missing_are_gone=True,
    )


_QUESTIONS = _known("/questions/{ids}", _QUESTION, r"\d+")
_ANSWERS = _known("/answers/{ids}", _ANSWER, r"answer/(\d+)")
_COMMENTS = _known("/comments/{ids}", _COMMENT, r"comment/(\d+)")
_BELOW = tuple(
    Endpoint(
        url=f"{{api}}/questions/{{ids}}/{what}?sort=creation&order=desc{_COMMON}",
        items="items",
        fields=fields,
    )
    for what, fields in (("answers", _ANSWER), ("comments", _COMMENT))
)
_LISTS = Endpoint(
    url="{api}/questions",
    path=r".*/(questions(/(featured|unanswered|no-answers))?|search(/similar)?|users/[^/]+/questions)",
    items="items",
    fields=_QUESTION,
)
_QUOTA = Allowance(units=lambda options: 10_000 if secret_of(options, "key") else 300)
_PLAN = Plan(
    expected="the interface of Stack Exchange",
    discover=_SEARCH,
    refresh=(_QUESTIONS, _ANSWERS, _COMMENTS),
    allowance=_QUOTA,
    searches=True,
    refusals=(  # the numbers are the interface's own; their status is 400
        Refusal(
            says="error_id == `502`",
            health=Health.RATE_LIMITED,
            words="error_message",
            advice="read this source less often",
        ),
        Refusal(
            says="contains(`[401, 402, 403, 404, 405, 406]`, error_id)",
            health=Health.UNAUTHORIZED,
            words="error_message",
            advice="check the key",
        ),
        Refusal(
            says="error_id",
            health=Health.UNREADABLE,
            words="error_message",
            advice="check site and api",
        ),
    ),
)


# --- the spider ----------------------------------------------------------------------------------


class StackExchangeSpider(KitSpider):
    """The kit's spider, with the answers and comments to each question, and with patience."""

    async def discover(self, query: str, web: Web) -> AsyncIterator[Page]:
        """New questions and what was written below them."""
        web = _Patient(web)
        room, cursor = self._job.item_limit, ""
        found: list[str] = []
        async for page in super().discover(query, web):
            room -= len(page.observations)
            found += _questions(page.observations)
            cursor = page.cursor or cursor
            yield page
        if room > 0:
            async for page in self._below(found, query, web):
                recent = [o for o in page.observations if o.post.published_at >= self._job.since]
                yield attrs.evolve(page, observations=tuple(recent[:room]))
                room = max(0, room - len(recent))
        if cursor:
            yield Page(cursor=Memory.read(cursor).written(self._ledger.of(query)))

    async def refresh(self, web: Web) -> AsyncIterator[Page]:
        """Known posts with their counters, and what is new below known questions."""
        web = _Patient(web)
        found: list[str] = []
        wanted = set(self._job.refresh)
        async for page in super().refresh(web):
            found += _questions(page.observations)
            yield page
        async for page in self._below(found, _REFRESH, web):
            others = tuple(o for o in page.observations if o.post.key not in wanted)
            yield attrs.evolve(page, observations=others)
        if self._ledger.of(_REFRESH):
            yield Page(cursor=Memory(newest=1).written(self._ledger.of(_REFRESH)))

    async def _below(self, questions: list[str], query: str, web: Web) -> AsyncIterator[Page]:
        if not self._options.answers:
            return
        for start in range(0, len(questions), _BATCH):
            ids = tuple(questions[start : start + _BATCH])
            for endpoint in _BELOW:
                ask = Ask(options=self._options, ids=ids, joint=";")
                fetched = await self._fetch(endpoint, ask, query, web)
                yield self._read(endpoint, fetched, "").page


def _questions(observations: tuple[Observation, ...]) -> list[str]:
    return [o.post.key.native_id for o in observations if o.post.key.native_id.isdecimal()]


class _Patient(Around):
    """The web as the interface wants it used: it says itself how long to wait.

    ``backoff`` is in seconds; ``quota_remaining`` is of the day.
    """

    def __init__(self, web: Web) -> None:
        super().__init__(web)
        self._free_at = 0.0
        self._is_used_up = False

    async def get(
        self,
        url: str,
        *,
        headers: Mapping[str, str] | None = None,
        accept: Container[int] = (),
    ) -> Fetched:
        if self._is_used_up:
            raise SourceError(
                Health.RATE_LIMITED,
                "the day's quota at Stack Exchange is used up: it goes on at midnight UTC; read "
                "this source less often, or give a key",
            )
        clock = asyncio.get_running_loop().time
        await asyncio.sleep(max(0.0, self._free_at - clock()))
        fetched = await super().get(url, headers=headers, accept=accept)
        told = _told(fetched.body)
        backoff = told.get("backoff")
        if isinstance(backoff, int | float):
            self._free_at = clock() + backoff
        self._is_used_up = told.get("quota_remaining") == 0
        return fetched


def _told(body: bytes) -> Mapping[str, Any]:
    try:
        told = json.loads(body)
    except (ValueError, RecursionError):
        return {}
    return told if isinstance(told, Mapping) else {}


SOURCE = attrs.evolve(
    declare(
        options=StackExchangeOptions,
        terms="The API's terms of use (stackoverflow.com/legal/api-terms-of-use); posts are "
        "under CC BY-SA and want their author and link to be named.",
        limits="300 requests a day from one address, 10,000 with a key; 30 a second; a `backoff` "
        "in an answer is waited for.",
        discover=_SEARCH,
        refresh=(_QUESTIONS, _ANSWERS, _COMMENTS),
        also_reads=(*_BELOW, _LISTS),
        allowance=_QUOTA,
    ),
    spider=partial(StackExchangeSpider, _PLAN),
)

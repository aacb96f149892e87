"""Mastodon and every server that speaks its API: hashtags, accounts, the local timeline, search."""

from __future__ import annotations

import json
import re
from collections.abc import AsyncIterator, Iterable, Mapping
from pathlib import Path
from typing import Literal, Self
from urllib.parse import quote, urlencode

import attrs
from pydantic import Field, field_validator, model_validator

from monitor.domain import Deletion
from spiders.job import CrawlJob
from spiders.options import Politeness, Secret, WebAddress, secret_of
from spiders.page import Page
from spiders.parse.answers import says_error
from spiders.parse.mastodon import (
    is_instance,
    parse_account_id,
    parse_paging,
    parse_status,
    parse_statuses,
)
from spiders.web import Fetched, Web

__all__ = ["MastodonOptions", "MastodonSpider"]

_PAGE_SIZE = 40
_OVERLAP_MILLISECONDS = 600_000
_SHORTEST_SNOWFLAKE = 17
_SECOND_AND_HASH = re.compile(r"(\d{10})([0-9a-f]{32})")
_GONE = (404, 410)


class MastodonOptions(Politeness):
    """A server, and where on it to listen."""

    kind: Literal["mastodon"] = "mastodon"
    server: WebAddress = Field(description="The server's address, such as https://mastodon.social.")
    hashtags: tuple[str, ...] = Field(
        default=(), description="Hashtags to follow, with or without #."
    )
    accounts: tuple[str, ...] = Field(
        default=(), description="Accounts to follow, as name (of this server) or name@server."
    )
    timeline: bool = Field(
        default=False, description="Whether to read all public posts of the server's own people."
    )
    search: bool = Field(
        default=False,
        description="Whether to search for the brand's names; servers want a token for it.",
    )
    token: Secret | None = Field(
        default=None, description="An access token with the scope read, from the server's settings."
    )
    token_file: Path | None = Field(
        default=None, description="A file that holds the token, instead of the token itself."
    )

    @field_validator("server")
    @classmethod
    def _without_slash(cls, server: str) -> str:
        return server.rstrip("/")

    @field_validator("hashtags", "accounts")
    @classmethod
    def _bare(cls, names: tuple[str, ...]) -> tuple[str, ...]:
        bare = tuple(name.strip().lstrip("#@") for name in names)
        if not all(bare):
            raise ValueError("a hashtag or an account is empty")
        return bare

    @model_validator(mode="after")
    def _listens_somewhere(self) -> Self:
        if not (self.hashtags or self.accounts or self.timeline or self.search):
            raise ValueError("nothing to listen to: give hashtags, accounts, timeline or search")
        if self.token and self.token_file:
            raise ValueError("token and token_file are both given: keep one of them")
        if self.search and not (self.token or self.token_file):
            raise ValueError("search needs a token: create one in the server's settings")
        return self


@attrs.frozen(kw_only=True)
class _Memory:
    """The newest id that was read, and the ids of the last minutes before it.

    A server numbers a post from elsewhere by when it was written and shows it when it arrives,
    so each crawl looks at those minutes again. Where an id is a second and a hash, the posts of
    one second come in any order, and that second is looked at again.
    """

    newest: str
    seen: tuple[str, ...] = ()

    @classmethod
    def read(cls, cursor: str) -> _Memory:
        fields = json.loads(cursor)
        return cls(newest=fields["newest"], seen=tuple(fields["seen"]))

    def with_ids(self, ids: Iterable[str], newest: str) -> _Memory:
        newest = max(self.newest, newest, key=_age)
        since = _shortly_before(newest)
        recent = {i for i in (*self.seen, *ids) if _age(i) > _age(since)}
        return _Memory(newest=newest, seen=tuple(sorted(recent)))

    def written(self) -> str:
        return json.dumps(attrs.asdict(self), separators=(",", ":"))


@attrs.frozen
class MastodonSpider:
    """Queries read ``tag:NAME``, ``account:NAME``, ``search:TERM`` and ``timeline``.

    The first crawl of a query goes back in time from the newest post; later ones go forward from
    the cursor, oldest page first, so an interrupted crawl continues where it was.
    """

    job: CrawlJob
    options: MastodonOptions

    def queries(self) -> tuple[str, ...]:
        """One query for each place to listen."""
        return tuple(
            dict.fromkeys(
                [
                    *(f"tag:{name}" for name in self.options.hashtags),
                    *(f"account:{name}" for name in self.options.accounts),
                    *(f"search:{term}" for term in self.job.terms if self.options.search),
                    *(("timeline",) if self.options.timeline else ()),
                ]
            )
        )

    async def discover(self, query: str, web: Web) -> AsyncIterator[Page]:
        """The posts of a query that are new since its cursor."""
        address = await self._address(query, web)
        cursor = self.job.cursors.get(query)
        pages = self._forward(address, cursor.value, web) if cursor else self._back(address, web)
        async for page in pages:
            yield page

    async def refresh(self, web: Web) -> AsyncIterator[Page]:
        """The wanted posts one by one, with their counters; deleted ones as deletions."""
        for key in self.job.refresh:
            address = f"{self.options.server}/api/v1/statuses/{quote(key.native_id, safe='')}"
            answer = await self._get(address, web, accept=_GONE)
            if answer.status in _GONE:
                if says_error(answer.body) or await self._is_itself(web):
                    yield Page(deletions=(Deletion(key=key, observed_at=answer.observed_at),))
                else:
                    yield Page(skipped=1)
                continue
            observation = parse_status(
                answer.body,
                source=self.job.source.name,
                url=address,
                observed_at=answer.observed_at,
            )
            yield Page(observations=(observation,))

    async def _is_itself(self, web: Web) -> bool:
        """Whether the API is where it was, so that a missing status is gone and not misplaced."""
        answer = await self._get(f"{self.options.server}/api/v1/instance", web, accept=_GONE)
        return is_instance(answer.body)

    async def _back(self, address: str, web: Web) -> AsyncIterator[Page]:
        memory, brought, last = _Memory(newest=""), 0, ""
        older: Mapping[str, str] = {}
        while True:
            page, paging = await self._page(address, older, web)
            ids = [o.post.key.native_id for o in page.observations]
            if not ids or ids[-1] == last:  # the end, or a server that knows no paging here
                if memory.newest:
                    yield Page(cursor=memory.written(), skipped=page.skipped)
                return
            memory, last = memory.with_ids(ids, _newest(paging, ids)), ids[-1]
            recent = [o for o in page.observations if o.post.published_at >= self.job.since]
            recent = recent[: self.job.item_limit - brought]
            brought += len(recent)
            ends = len(recent) < len(ids) or brought >= self.job.item_limit
            yield Page(
                observations=tuple(recent),
                cursor=memory.written() if ends else None,
                skipped=page.skipped,
            )
            if ends:
                return
            older = paging.get("next") or {"max_id": last}

    async def _forward(self, address: str, cursor: str, web: Web) -> AsyncIterator[Page]:
        memory, brought = _Memory.read(cursor), 0
        known, since = set(memory.seen), _shortly_before(memory.newest)
        reached = since if _is_snowflake(memory.newest) else memory.newest
        while brought < self.job.item_limit:
            page, paging = await self._page(address, {"min_id": reached}, web)
            after = [o for o in page.observations if _age(o.post.key.native_id) > _age(since)]
            ids = [o.post.key.native_id for o in after]
            newest = _newest(paging, ids) if ids else reached
            if newest == reached:
                return
            fresh = tuple(o for o in after if o.post.key.native_id not in known)
            brought += len(fresh)
            known.update(ids)
            reached, since = newest, _second_before(newest)
            memory = memory.with_ids(ids, reached)
            yield Page(observations=fresh, cursor=memory.written(), skipped=page.skipped)

    async def _page(
        self, address: str, parameters: Mapping[str, str], web: Web
    ) -> tuple[Page, Mapping[str, Mapping[str, str]]]:
        joint = "&" if "?" in address else "?"
        url = address + joint + urlencode({"limit": _PAGE_SIZE, **parameters})
        answer = await self._get(url, web)
        page = parse_statuses(
            answer.body, source=self.job.source.name, url=url, observed_at=answer.observed_at
        )
        return page, parse_paging(answer.headers.get("link", ""))

    async def _address(self, query: str, web: Web) -> str:
        api = f"{self.options.server}/api"
        where, _, what = query.partition(":")
        if where == "tag":
            return f"{api}/v1/timelines/tag/{quote(what, safe='')}"
        if where == "search":
            return f"{api}/v2/search?" + urlencode({"q": what, "type": "statuses"})
        if where == "timeline":
            return f"{api}/v1/timelines/public?local=true"
        lookup = f"{api}/v1/accounts/lookup?" + urlencode({"acct": what})
        answer = await self._get(lookup, web)
        account = parse_account_id(answer.body, url=lookup)
        return f"{api}/v1/accounts/{quote(account, safe='')}/statuses?exclude_reblogs=true"

    async def _get(self, url: str, web: Web, accept: tuple[int, ...] = ()) -> Fetched:
        token = secret_of(self.options, "token")
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        return await web.get(url, headers=headers, accept=accept)


def _newest(paging: Mapping[str, Mapping[str, str]], ids: list[str]) -> str:
    newer = paging.get("prev") or {}
    return newer.get("min_id") or newer.get("since_id") or ids[0]


def _age(native_id: str) -> tuple[int, str]:
    """Orders ids by age: servers give growing numbers, or growing text of one length."""
    return len(native_id), native_id


def _shortly_before(native_id: str) -> str:
    """An id from which on posts may still turn up: minutes older on Mastodon, else a second."""
    if not _is_snowflake(native_id):
        return _second_before(native_id)
    return str(int(native_id) - (_OVERLAP_MILLISECONDS << 16))


def _second_before(native_id: str) -> str:
    """The newest id of the second before, where ids are a second and a hash; else the id itself."""
    found = _SECOND_AND_HASH.fullmatch(native_id)
    return f"{int(found[1]) - 1}{'f' * len(found[2])}" if found else native_id


def _is_snowflake(native_id: str) -> bool:
    """Whether an id is Mastodon's: milliseconds, then sixteen bits."""
    return native_id.isdecimal() and len(native_id) >= _SHORTEST_SNOWFLAKE

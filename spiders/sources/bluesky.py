"""Bluesky: posts that a search with a login finds, and known ones again by their address.

Searching wants an account; looking at known posts and at authors does not. Frames of Jetstream
are read when they were saved, one a line: a stream that never ends is nothing for a crawl.
"""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Container, Mapping
from pathlib import Path
from typing import Any, Literal, Self
from urllib.parse import urlencode

import attrs
from pydantic import Field, model_validator

from monitor.domain import Observation
from spiders.addresses import host_of
from spiders.job import CrawlJob
from spiders.kind import Spider
from spiders.kit.endpoint import Endpoint
from spiders.kit.source import declare
from spiders.kit.templates import Ask
from spiders.oauth import Login, token_for
from spiders.options import KeyedInterface, Secret, WebAddress, secret_of
from spiders.page import Page, SourceError
from spiders.parse.bluesky import POSTS, VIEW, one_document, parse_audiences, views
from spiders.web import Around, Fetched, Web

__all__ = ["SOURCE", "BlueskyOptions", "BlueskySpider"]

_ACTORS_A_CALL = 25


class BlueskyOptions(KeyedInterface):
    """Who searches on Bluesky, and where."""

    keyed_by = "app_password"
    had_from = "one is made in Settings, Privacy and security, App passwords"
    kind: Literal["bluesky"] = "bluesky"
    handle: str = Field(
        default="", description="The account that searches, such as listener.bsky.social."
    )
    app_password: Secret | None = Field(
        default=None, description="An app password of that account; never its own password."
    )
    app_password_file: Path | None = Field(
        default=None, description="A file that holds the app password, instead of itself."
    )
    audience: bool = Field(
        default=True, description="Whether to look up how many followers an author has."
    )
    service: WebAddress = Field(
        default="https://bsky.social", description="The server that the account lives on."
    )
    appview: WebAddress = Field(
        default="https://public.api.bsky.app",
        description="The open interface at which posts and authors are looked up.",
    )

    @model_validator(mode="after")
    def _names_its_account(self) -> Self:
        if not self.handle:
            raise ValueError("a search wants a login: give the handle that app_password is of")
        return self


def _search(ask: Ask) -> str:
    parameters = {
        "q": f'"{ask.query.replace(chr(34), " ")}"',
        "sort": "latest",
        "since": ask.value("since_iso"),
        "limit": str(ask.limit),
        **({"cursor": ask.page} if ask.page else {}),
    }
    return _call(ask.value("service"), "app.bsky.feed.searchPosts", parameters)


def _posts(ask: Ask) -> str:
    return _call(ask.value("appview"), "app.bsky.feed.getPosts", {"uris": ask.ids})


def _call(server: str, method: str, parameters: Mapping[str, Any]) -> str:
    given = f"?{urlencode(parameters, doseq=True)}" if parameters else ""
    return f"{server.rstrip('/')}/xrpc/{method}{given}"


_KIND = declare(
    options=BlueskyOptions,
    terms="An open interface (AT Protocol), documented at docs.bsky.app; a search wants a login.",
    limits="3,000 requests in 5 minutes from one address; 300 logins a day, one a crawl.",
    discover=Endpoint(
        url=_search,
        path=r".*app\.bsky\.feed\.searchPosts",
        items=views,
        fields=VIEW,
        next="cursor",
    ),
    refresh=Endpoint(
        url=_posts,
        path=r".*app\.bsky\.feed\.getPosts",
        items=views,
        fields=VIEW,
        batch=25,
        takes=rf"at://.+/{POSTS}/.+",
        missing_are_gone=True,
    ),
    also_reads=(
        Endpoint(
            url="",
            path=r".*(app\.bsky\.feed\.(getPostThread|get\w*Feed)|com\.atproto\.repo\.\w+Records?"
            r"|/subscribe)",
            items=views,
            fields=VIEW,
        ),
    ),
    can_search=True,
    needs="an account's handle and app password",
)


class _SignedIn(Around):
    """The web with a login for one server, made when it is first needed."""

    def __init__(self, web: Web, options: BlueskyOptions) -> None:
        super().__init__(web)
        self._options = options
        self._login = Login(self._new_session)

    async def get(
        self,
        url: str,
        *,
        headers: Mapping[str, str] | None = None,
        accept: Container[int] = (),
    ) -> Fetched:
        token = await self._login.token(self)
        own = {"Authorization": f"Bearer {token}"} if self._is_own(url) else {}
        return await super().get(url, headers={**(headers or {}), **own}, accept=accept)

    async def _new_session(self, web: Web) -> str:
        password = secret_of(self._options, "app_password")
        login = {"identifier": self._options.handle, "password": password}
        return await token_for(
            web,
            _call(self._options.service, "com.atproto.server.createSession", {}),
            body=json.dumps(login).encode(),
            headers={"Content-Type": "application/json"},
            field="accessJwt",
            advice="check handle and app password; one is made in Settings, Privacy and security, "
            "App passwords",
        )

    def _is_own(self, url: str) -> bool:
        return host_of(url) == host_of(self._options.service)


class BlueskySpider:
    """The declared source with a login for its searches, and with its authors' audience."""

    def __init__(self, job: CrawlJob, options: BlueskyOptions) -> None:
        self._spider: Spider = _KIND.spider(job, options)
        self._options = options
        self._web: _SignedIn | None = None
        self._looks_up = options.audience
        self._followers: dict[str, int | None] = {}

    def queries(self) -> tuple[str, ...]:
        """Each of the brands' names."""
        return self._spider.queries()

    async def discover(self, query: str, web: Web) -> AsyncIterator[Page]:
        """New posts that hold the name as a phrase."""
        self._web = self._web or _SignedIn(web, self._options)
        async for page in self._spider.discover(query, self._web):
            seen = await self._with_followers(page.observations, web)
            yield attrs.evolve(page, observations=seen)

    async def refresh(self, web: Web) -> AsyncIterator[Page]:
        """Known posts, 25 at a time; one that is asked for and not shown is gone."""
        async for page in self._spider.refresh(web):
            yield page

    async def _with_followers(
        self, seen: tuple[Observation, ...], web: Web
    ) -> tuple[Observation, ...]:
        if not self._looks_up:
            return seen
        authors = (o.post.author.native_id for o in seen if o.post.author)
        unknown = [a for a in dict.fromkeys(authors) if a not in self._followers]
        for start in range(0, len(unknown), _ACTORS_A_CALL):
            actors = unknown[start : start + _ACTORS_A_CALL]
            self._followers.update(dict.fromkeys(actors))
            asked = _call(self._options.appview, "app.bsky.actor.getProfiles", {"actors": actors})
            try:
                self._followers.update(parse_audiences(await web.get(asked)))
            except SourceError:
                self._looks_up = False  # the posts matter more than how many read them
                break
        return tuple(self._reaching(observation) for observation in seen)

    def _reaching(self, observation: Observation) -> Observation:
        post = observation.post
        followers = self._followers.get(post.author.native_id) if post.author else None
        if post.author is None or followers is None:
            return observation
        author = attrs.evolve(post.author, followers=followers)
        return attrs.evolve(observation, post=attrs.evolve(post, author=author))


def _read(answer: Fetched, *, source: str) -> Page:
    """A saved answer; Jetstream's frames stand one a line."""
    return _KIND.read(attrs.evolve(answer, body=one_document(answer.body)), source=source)


SOURCE = attrs.evolve(_KIND, spider=BlueskySpider, read=_read)

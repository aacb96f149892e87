"""Bluesky: posts that a search with a login finds, and known ones again by their address.

Searching wants an account; looking at known posts and at authors does not. Frames of Jetstream
are read when they were saved, one a line: a stream that never ends is nothing for a crawl.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Container, Mapping
from pathlib import Path
from typing import Any, Literal, Self, TypeAlias
from urllib.parse import urlencode

import attrs
from pydantic import Field, model_validator

from monitor.domain import Health, Observation
from spiders.addresses import host_of, place_of
from spiders.job import CrawlJob
from spiders.kind import Spider
from spiders.kit.endpoint import Endpoint
from spiders.kit.source import declare
from spiders.kit.templates import Ask
from spiders.options import OpenInterface, Secret, WebAddress, secret_of
from spiders.page import Page, SourceError
from spiders.parse.answers import json_answer
from spiders.parse.bluesky import POSTS, VIEW, one_document, parse_audiences, views
from spiders.web import Fetched, Web

__all__ = ["SOURCE", "BlueskyOptions", "BlueskySpider"]

_ACTORS_A_CALL = 25
_LONGEST_SESSION = 65_536
_LOGIN_SECONDS = 20
_REFUSED = (Health.UNAUTHORIZED, Health.FORBIDDEN)


class BlueskyOptions(OpenInterface):
    """Who searches on Bluesky, and where."""

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
    def _login_is_whole(self) -> Self:
        if self.app_password and self.app_password_file:
            raise ValueError("app_password and app_password_file are both given: keep one of them")
        if bool(self.handle) != bool(self.app_password or self.app_password_file):
            raise ValueError("a login is a handle and an app password: give both of them or none")
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
    return f"{server.rstrip('/')}/xrpc/{method}?{urlencode(parameters, doseq=True)}"


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

SignIn: TypeAlias = Callable[[BlueskyOptions], Awaitable[str]]


async def _signed_in(options: BlueskyOptions) -> str:
    """The token of a new session; raises ``SourceError`` where there is none to be had."""
    import httpx  # here: a tenth of a second that no other crawl process need spend

    server = options.service.rstrip("/")
    login = {"identifier": options.handle, "password": secret_of(options, "app_password")}
    asked = f"{server}/xrpc/com.atproto.server.createSession"
    try:
        async with (
            asyncio.timeout(_LOGIN_SECONDS),
            httpx.AsyncClient() as client,
            client.stream("POST", asked, json=login) as response,
        ):
            body = b""
            async for piece in response.aiter_bytes():
                body += piece
                if len(body) > _LONGEST_SESSION:
                    break
    except (httpx.HTTPError, OSError) as error:  # TimeoutError is an OSError
        raise SourceError(
            Health.UNREACHABLE, f"{place_of(server)}: no login ({type(error).__name__})"
        ) from None
    if response.status_code == httpx.codes.TOO_MANY_REQUESTS:
        raise SourceError(
            Health.RATE_LIMITED,
            f"{place_of(server)} allows no more logins for now: read this source less often",
        )
    if response.status_code >= httpx.codes.INTERNAL_SERVER_ERROR:
        raise SourceError(
            Health.SERVER_ERROR, f"{place_of(server)} answers a login {response.status_code}"
        )
    session = {}
    if response.status_code == httpx.codes.OK:
        session = json_answer(body, url=asked, expected="the server of the account")
    token = session.get("accessJwt") if isinstance(session, dict) else None
    if not isinstance(token, str) or not token.isascii() or not token.isprintable():
        raise SourceError(
            Health.UNAUTHORIZED,
            f"{place_of(server)} refuses the login (status {response.status_code}): check handle "
            "and app password; one is made in Settings, Privacy and security, App passwords",
        )
    return token


@attrs.define
class _SignedInWeb:
    """The web with a login for one server, made when it is first needed."""

    web: Web
    options: BlueskyOptions
    sign_in: SignIn
    _token: str = attrs.field(default="", repr=False)
    _refused: SourceError | None = None
    _gate: asyncio.Lock = attrs.field(factory=asyncio.Lock)

    async def get(
        self,
        url: str,
        *,
        headers: Mapping[str, str] | None = None,
        accept: Container[int] = (),
    ) -> Fetched:
        if not self.options.handle:
            return await self._get_openly(url, headers, accept)
        token = await self._signed_in()
        own = {"Authorization": f"Bearer {token}"} if self._is_own(url) else {}
        return await self.web.get(url, headers={**(headers or {}), **own}, accept=accept)

    async def _signed_in(self) -> str:
        """The token of the one login; a login that was refused is not tried again."""
        async with self._gate:
            if self._refused:
                raise self._refused
            try:
                self._token = self._token or await self.sign_in(self.options)
            except SourceError as error:
                self._refused = error
                raise
        return self._token

    def _is_own(self, url: str) -> bool:
        return host_of(url) == host_of(self.options.service)

    async def _get_openly(
        self, url: str, headers: Mapping[str, str] | None, accept: Container[int]
    ) -> Fetched:
        try:
            return await self.web.get(url, headers=headers, accept=accept)
        except SourceError as error:
            if error.health not in _REFUSED:
                raise
            what = "a search wants a login: give handle and app_password_file"
            raise SourceError(Health.UNAUTHORIZED, f"{place_of(url)}: {what}") from error


class BlueskySpider:
    """The declared source with a login for its searches, and with its authors' audience."""

    def __init__(
        self, job: CrawlJob, options: BlueskyOptions, *, sign_in: SignIn = _signed_in
    ) -> None:
        self._spider: Spider = _KIND.spider(job, options)
        self._options = options
        self._sign_in = sign_in
        self._web: _SignedInWeb | None = None
        self._looks_up = options.audience
        self._followers: dict[str, int | None] = {}

    def queries(self) -> tuple[str, ...]:
        """Each of the brands' names."""
        return self._spider.queries()

    async def discover(self, query: str, web: Web) -> AsyncIterator[Page]:
        """New posts that hold the name as a phrase."""
        self._web = self._web or _SignedInWeb(web, self._options, self._sign_in)
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

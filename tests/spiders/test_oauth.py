"""The token for a login: asked for by the port that all else is asked by."""

from __future__ import annotations

import asyncio
from base64 import b64encode
from typing import Any

import attrs
import pytest

from monitor.domain import Health
from spiders.oauth import application_token
from spiders.page import SourceError
from spiders.sources.reddit import RedditOptions
from spiders.web import Fetched
from tests.spiders.crawling import crawled
from tests.spiders.feeds import NOW
from tests.spiders.site import Site

LOGIN = "https://login.example/token"
GRANTED = b'{"access_token": "t0ken", "token_type": "bearer", "expires_in": 86400}'
NOTHING = b'{"kind": "Listing", "data": {"children": []}}'


@attrs.define
class Login:
    """The port, at which only a login is answered."""

    body: bytes = GRANTED
    trouble: SourceError | None = None
    asked: list[tuple[str, bytes, dict[str, str]]] = attrs.field(factory=list)

    async def post(self, url: str, *, body: bytes, headers: Any = None) -> Fetched:
        self.asked.append((url, body, dict(headers)))
        if self.trouble:
            raise self.trouble
        return answer(200, self.body)

    async def get(self, url: str, **_given: Any) -> Fetched:
        raise AssertionError(f"{url} is no login")


def answer(status: int, body: bytes = b"") -> Fetched:
    return Fetched(url=LOGIN, status=status, headers={}, body=body, observed_at=NOW)


def token(login: Login) -> str:
    return asyncio.run(
        application_token(login, LOGIN, client_id="me", client_secret="hush", user_agent="test:1")
    )


def test_the_token_is_asked_for_with_id_and_secret() -> None:
    login = Login()
    assert token(login) == "t0ken"
    [(url, body, headers)] = login.asked
    assert (url, body) == (LOGIN, b"grant_type=client_credentials")
    assert headers["Authorization"] == f"Basic {b64encode(b'me:hush').decode()}"
    assert headers["User-Agent"] == "test:1"


@pytest.mark.parametrize("status", [400, 401, 403])
def test_a_refused_login_says_what_to_check(status: int) -> None:
    refused = SourceError(Health.UNREADABLE, "no", answer(status, b'{"error": "hush"}'))
    with pytest.raises(SourceError, match="check client_id and client_secret") as caught:
        token(Login(trouble=refused))
    assert caught.value.health is Health.UNAUTHORIZED
    assert "hush" not in caught.value.detail


@pytest.mark.parametrize("health", [Health.RATE_LIMITED, Health.SERVER_ERROR, Health.UNREACHABLE])
def test_another_trouble_keeps_its_name(health: Health) -> None:
    with pytest.raises(SourceError, match="no login: what to do") as caught:
        token(Login(trouble=SourceError(health, "what to do")))
    assert caught.value.health is health


@pytest.mark.parametrize(
    "body",
    [b"<html>", b'{"access_token": "a\\nb"}', b'{"error": "invalid_grant"}', b"[" * 100_000, b"7"],
)
def test_an_answer_without_a_token_is_no_login(body: bytes) -> None:
    with pytest.raises(SourceError, match="without a token") as caught:
        token(Login(body=body))
    assert caught.value.health is Health.UNAUTHORIZED


# --- whole crawls --------------------------------------------------------------------------------


def reddit(site: Site) -> RedditOptions:
    return RedditOptions.model_validate(
        {
            "username": "ops",
            "client_id": "me",
            "client_secret": "hush",
            "login": f"{site.url}/token",
            "api": site.url,
            "delay_seconds": 0,
        }
    )


def test_reddit_signs_in_once_for_all_that_it_asks(site: Site) -> None:
    site.says("/token", GRANTED)
    site.says("/search", NOTHING)
    assert crawled(reddit(site), terms=("a", "b")).health.health is Health.OK
    [login] = [one for one in site.asked if one.method == "POST"]
    assert login.body == b"grant_type=client_credentials"
    assert login.headers["user-agent"] == "python:sparkwatch:1 (by /u/ops)"
    searches = [one.headers["authorization"] for one in site.asked if one.method == "GET"]
    assert searches == ["Bearer t0ken"] * 2


def test_a_login_follows_no_redirect(site: Site, neighbour: Site) -> None:
    site.says("/token", b"", 307, Location=neighbour.says("/token", GRANTED))
    told = crawled(reddit(site), terms=("a",)).health
    assert told.health is Health.UNREADABLE
    assert neighbour.asked == []
    assert "hush" not in told.detail

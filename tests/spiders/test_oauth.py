"""The token for an application's own credentials, against a server on the loopback interface."""

from __future__ import annotations

import asyncio
import threading
from base64 import b64encode
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import attrs
import pytest

from monitor.domain import Health
from spiders.job import CrawlJob, SourceSpec
from spiders.oauth import application_token
from spiders.page import SourceError
from spiders.sources.reddit import RedditOptions, RedditSpider
from spiders.web import Fetched

NOW = datetime(2026, 11, 22, tzinfo=UTC)


@attrs.define
class Login:
    url: str
    status: int = 200
    body: bytes = b'{"access_token": "t0ken", "token_type": "bearer", "expires_in": 86400}'
    asked: list[tuple[str, str, bytes]] = attrs.field(factory=list)


@pytest.fixture
def login() -> Iterator[Login]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            served.asked.append((self.headers["Authorization"], self.headers["User-Agent"], body))
            self.send_response(served.status)
            self.send_header("Content-Length", str(len(served.body)))
            self.end_headers()
            self.wfile.write(served.body)

        def log_message(self, *args: object) -> None:
            """Nothing: the test asks ``asked``."""

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        served = Login(f"http://127.0.0.1:{server.server_port}/token")
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}).start()
        yield served
        server.shutdown()


def token(login: Login) -> str:
    return asyncio.run(
        application_token(login.url, client_id="me", client_secret="hush", user_agent="test:1")
    )


def test_the_token_is_asked_for_with_id_and_secret(login: Login) -> None:
    assert token(login) == "t0ken"
    [(authorization, agent, body)] = login.asked
    assert authorization == f"Basic {b64encode(b'me:hush').decode()}"
    assert agent == "test:1"
    assert body == b"grant_type=client_credentials"


@pytest.mark.parametrize(
    ("status", "body", "health"),
    [
        (401, b'{"message": "Unauthorized", "error": 401}', Health.UNAUTHORIZED),
        (400, b"", Health.UNAUTHORIZED),
        (429, b"", Health.RATE_LIMITED),
        (503, b"", Health.SERVER_ERROR),
        (200, b"<html>", Health.UNAUTHORIZED),
        (200, b'{"access_token": "a\\nb"}', Health.UNAUTHORIZED),
        (200, b'{"error": "invalid_grant"}', Health.UNAUTHORIZED),
        (200, b"[" * 100_000, Health.UNAUTHORIZED),
    ],
)
def test_a_refusal_is_named_and_tells_no_secret(
    login: Login, status: int, body: bytes, health: Health
) -> None:
    login.status, login.body = status, body
    with pytest.raises(SourceError) as caught:
        token(login)
    assert caught.value.health is health
    assert "hush" not in caught.value.detail


def test_reddit_signs_in_once_for_all_that_it_asks(login: Login) -> None:
    asked: list[Mapping[str, str]] = []

    class Reddit:
        async def get(self, url: str, *, headers: Any = None, accept: Any = ()) -> Fetched:
            asked.append(headers)
            body = b'{"kind": "Listing", "data": {"children": []}}'
            return Fetched(url=url, status=200, headers={}, body=body, observed_at=NOW)

    options = RedditOptions.model_validate(
        {"username": "ops", "client_id": "me", "client_secret": "hush", "login": login.url}
    )
    job = CrawlJob(source=SourceSpec(name="r", options=options), terms=("a", "b"), since=NOW)

    async def run() -> None:
        spider = RedditSpider(job, options)
        for query in spider.queries():
            async for _ in spider.discover(query, Reddit()):
                pass

    asyncio.run(run())
    assert [headers["Authorization"] for headers in asked] == ["Bearer t0ken"] * 2
    assert len(login.asked) == 1


def test_a_server_that_is_not_there_is_named() -> None:
    with pytest.raises(SourceError) as caught:
        token(Login("http://127.0.0.1:9/token"))
    assert caught.value.health is Health.UNREACHABLE

"""What holds for every answer, and how the server begins and ends."""

from __future__ import annotations

import json
import logging
import socket
import threading
from collections.abc import Iterator, Mapping
from pathlib import Path

import httpx
import pytest
from starlette.types import Receive, Scope, Send

from alerts.links import LinkKind
from monitor.casework import Handling
from monitor.listener import ListenError
from monitor.slack.desk import SlackAnswer
from monitor.store.errors import Problem, StoreError
from monitor.web.pages import style_source
from monitor.web.server import WebListener
from tests.web.office import Office, office


@pytest.fixture
def opened(tmp_path: Path) -> Iterator[Office]:
    with office(tmp_path) as opened:
        yield opened


def paths(opened: Office) -> list[str]:
    return [
        opened.link(LinkKind.LOOK),
        opened.link(LinkKind.RESPOND),
        opened.link(LinkKind.SUBSCRIPTION),
        "/health",
        "/nothing",
        "/act/forged",
    ]


def test_every_answer_keeps_to_itself(opened: Office) -> None:
    for path in paths(opened):
        headers = opened.web.get(path).headers
        assert headers["Content-Security-Policy"] == (
            f"default-src 'none'; style-src {style_source()}; form-action 'self'; "
            "base-uri 'none'; frame-ancestors 'none'"
        )
        assert headers["Cache-Control"] == "no-store"
        assert headers["Referrer-Policy"] == "no-referrer"
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert "Server" not in headers
        assert "Set-Cookie" not in headers


@pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH", "OPTIONS", "HEAD", "TRACE"])
def test_no_other_method_does_anything(opened: Office, method: str) -> None:
    for path in paths(opened)[:3]:
        assert opened.web.request(method, path).status_code == 405
    assert opened.actions() == []


@pytest.mark.parametrize("path", ["/docs", "/redoc", "/openapi.json", "/", "/act", "/slack/x"])
def test_there_is_no_other_page(opened: Office, path: str) -> None:
    assert opened.web.get(path).status_code == 404


@pytest.mark.parametrize("path", ["//evil.example/", "/act/", "/health/", "/act//evil.example"])
def test_nothing_leads_elsewhere(opened: Office, path: str) -> None:
    answer = opened.web.get(path)
    assert answer.status_code == 404
    assert "Location" not in answer.headers


def test_a_form_that_is_too_long_is_refused_unread(opened: Office) -> None:
    path = opened.link(LinkKind.RESPOND)
    assert opened.web.post(path, data={"note": "x" * 30_000}).status_code == 413
    assert opened.web.post(path, data={"note": "x" * 1_001}).status_code == 422
    assert opened.web.post(path, data={"once": "'; --"}).status_code == 422
    assert opened.web.post(path, data={"admin": "yes"}).status_code == 422
    assert opened.actions() == []


def test_what_was_sent_is_not_shown_to_whoever_sent_it(opened: Office) -> None:
    answer = opened.web.post(opened.link(LinkKind.SILENCE), data={"hours": "<b>soon"})
    assert answer.status_code == 422
    assert "soon" not in answer.text


def test_health_says_that_the_store_answers_and_nothing_more(opened: Office) -> None:
    assert opened.web.get("/health").text == "ok\n"


def test_a_store_that_does_not_answer_is_told_without_its_name(
    opened: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    def read() -> None:
        raise StoreError(Problem.FULL, "postgresql://db.internal")

    path = opened.link(LinkKind.LOOK)
    monkeypatch.setattr(opened.store, "read", read)
    for answer in (opened.web.get(path), opened.web.get("/health")):
        assert answer.status_code == 503
        assert "db.internal" not in answer.text
        assert "Try again in a minute" in answer.text


def test_no_link_reaches_a_log(
    opened: Office, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    caplog.set_level(logging.DEBUG, logger="uvicorn")
    path = opened.link(LinkKind.RESOLVE)
    opened.press(path)
    opened.web.get(path[:-1])
    ours = [one for one in caplog.records if not one.name.startswith("http")]  # the test's client
    logged = "".join((*(one.getMessage() for one in ours), *capfd.readouterr()))
    assert path.rpartition("/")[2][:20] not in logged


def test_slack_gets_the_answer_of_its_desk_to_the_very_bytes_that_it_sent(tmp_path: Path) -> None:
    heard: list[tuple[bytes, str]] = []

    def desk(body: bytes, headers: Mapping[str, str]) -> SlackAnswer:
        heard.append((body, headers["x-slack-signature"]))
        return SlackAnswer(body=json.dumps({"response_action": "clear"}).encode())

    with office(tmp_path, slack=desk) as opened:
        sent = b"payload=%7B%22type%22%3A%22block_actions%22%7D" + b"&x=" + b"y" * 100_000
        answer = opened.web.post(
            "/slack/interactive",
            content=sent,
            headers={
                "X-Slack-Signature": "v0=ab",
                "Content-Type": "application/x-www-form-urlencoded",
            },
        )
        assert (answer.status_code, answer.json()) == (200, {"response_action": "clear"})
        assert heard == [(sent, "v0=ab")]
        assert opened.web.get("/slack/interactive").status_code == 405
        assert opened.web.post("/slack/interactive", content=b"x" * 1_100_000).status_code == 413


def test_where_slack_is_not_used_there_is_no_desk(opened: Office) -> None:
    assert opened.web.post("/slack/interactive", content=b"x").status_code == 404


def test_two_who_press_at_once_count_once(opened: Office) -> None:
    path = opened.link(LinkKind.RESOLVE)
    page = opened.page(path)
    together = threading.Barrier(6)
    answers: list[int] = []

    def press() -> None:
        together.wait()
        answers.append(opened.press(path, page).status_code)

    threads = [threading.Thread(target=press) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert answers == [200] * 6
    assert len(opened.actions()) == 1
    assert opened.case().handling is Handling.RESOLVED


async def nothing(scope: Scope, receive: Receive, send: Send) -> None:
    """An application that answers nobody."""


def test_an_address_that_is_taken_is_told_with_what_to_do() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(ListenError, match=f"127.0.0.1:{port} .* web.listen"):
            WebListener(nothing, ("127.0.0.1", port)).start()


def test_a_server_that_was_stopped_answers_no_more_and_leaves_its_address(tmp_path: Path) -> None:
    with office(tmp_path) as opened:
        address = opened.web.base_url
        assert opened.web.get("/health").status_code == 200
    with pytest.raises(httpx.ConnectError):
        httpx.get(f"{address}/health")
    assert not [one for one in threading.enumerate() if one.name == "web"]

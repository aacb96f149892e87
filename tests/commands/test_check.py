from __future__ import annotations

import json
import socket
import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from email import message_from_bytes
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session
from typer.testing import CliRunner, Result

from monitor.cli import app
from monitor.store.store import Store

FEED = b"""<?xml version="1.0"?><rss version="2.0"><channel><title>T</title>
<link>http://127.0.0.1/</link><description>D</description></channel></rss>"""

RUBBISH = b"\x1b[31m[bold]not a feed[/bold]\x07"


def check(*flags: str) -> Result:
    return CliRunner().invoke(app, ["check", *flags], env={"NO_COLOR": "1"})


def said(result: Result) -> str:
    """The output without the line breaks of its columns."""
    return " ".join(result.output.split())


class _Inbox:
    def __init__(self) -> None:
        self.mails: list[bytes] = []

    async def handle_DATA(  # noqa: N802  aiosmtpd's name
        self, server: SMTP, session: Session, envelope: Envelope
    ) -> str:
        assert isinstance(envelope.content, bytes)
        self.mails.append(envelope.content)
        return "250 OK"


@pytest.fixture
def inbox() -> Iterator[tuple[_Inbox, int]]:
    handler = _Inbox()
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    controller = Controller(handler, hostname="127.0.0.1", port=port)
    controller.start()
    yield handler, port
    controller.stop()


class _Handler(BaseHTTPRequestHandler):
    posted: list[dict[str, object]]

    def do_GET(self) -> None:
        self._answer(200, {"/feed.xml": FEED}.get(self.path, RUBBISH))

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.posted.append(json.loads(body))
        self._answer(200, b"ok")

    def _answer(self, status: int, body: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  the name is inherited
        pass


@pytest.fixture
def web() -> Iterator[tuple[str, list[dict[str, object]]]]:
    posted: list[dict[str, object]] = []
    handler = type("Handler", (_Handler,), {"posted": posted})
    with HTTPServer(("127.0.0.1", 0), handler) as httpd:
        thread = threading.Thread(target=httpd.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{httpd.server_port}", posted
        httpd.shutdown()
        thread.join()


def write(folder: Path, text: str) -> str:
    path = folder / "sparkwatch.yaml"
    path.write_text(f"brands:\n  - name: Acme\n{text}", encoding="utf-8")
    return str(path)


def test_a_configuration_that_works_is_tried_to_the_last_channel(
    tmp_path: Path,
    web: tuple[str, list[dict[str, object]]],
    inbox: tuple[_Inbox, int],
) -> None:
    (address, posted), (handler, port) = web, inbox
    (tmp_path / "hook").write_text(f"{address}/services/T/B/secretsecret")
    config = write(
        tmp_path,
        f"""
sources:
  - {{name: blog, kind: rss, urls: ["{address}/feed.xml"], robots: ignore, delay_seconds: 0}}
alerts:
  channels:
    - {{name: pr, kind: slack, webhook_url_file: hook, language: zh-Hans}}
    - {{name: mail, kind: smtp, host: 127.0.0.1, port: {port}, security: none,
       sender: s@example.org, recipients: [a@example.org, b@example.org], language: zh-Hant}}
    - {{name: copies, kind: folder, path: sent}}
""",
    )
    result = check("--config", config, "--send-test")
    assert result.exit_code == 0, result.output
    for what in (
        "store ok",
        "source blog (rss)",
        "channel pr (slack) ok",
        "channel mail (smtp) ok",
    ):
        assert what in said(result)
    assert "secretsecret" not in result.output
    assert "测试" in json.dumps(posted, ensure_ascii=False)
    assert [message_from_bytes(mail)["To"] for mail in handler.mails] == [
        "a@example.org",
        "b@example.org",
    ]
    assert list((tmp_path / "sent").glob("*.eml"))


def test_each_thing_that_fails_is_told_with_its_remedy(tmp_path: Path) -> None:
    (tmp_path / "occupied").write_text("a file where a folder should be")
    config = write(
        tmp_path,
        """
store: {url: "sqlite:///occupied/a.db"}
nlp: {model: ./no-model}
sources:
  - {name: dead, kind: rss, urls: ["http://127.0.0.1:1/feed"], robots: ignore, delay_seconds: 0}
alerts:
  channels:
    - {name: pr, kind: slack, webhook_url_file: missing}
    - {name: mail, kind: smtp, host: 127.0.0.1, port: 1, security: none,
       sender: s@example.org, recipients: [a@example.org]}
    - {name: copies, kind: folder, path: occupied/sent}
""",
    )
    result = check("--config", config)
    assert result.exit_code == 1
    output = said(result)
    assert "6 of 7 failed: mend them and check again" in output
    assert "127.0.0.1:1" in output
    assert result.output.count("FAILED") == 6


def test_a_strangers_words_do_not_steer_the_terminal(
    tmp_path: Path, web: tuple[str, list[dict[str, object]]]
) -> None:
    source = f'{{name: blog, kind: rss, urls: ["{web[0]}/rubbish"], robots: ignore}}'
    result = check("--config", write(tmp_path, f"sources: [{source}]\n"))
    assert result.exit_code == 1
    assert "unreadable" in result.output
    assert all(line.isprintable() for line in result.output.splitlines())


def test_without_a_network_only_what_stays_here_is_tried(tmp_path: Path) -> None:
    config = write(
        tmp_path,
        """
sources:
  - {name: far, kind: rss, urls: ["https://feed.invalid/"]}
alerts:
  channels:
    - {name: mail, kind: smtp, host: mail.invalid, sender: s@example.org,
       recipients: [a@example.org]}
""",
    )
    result = check("--config", config, "--offline")
    assert result.exit_code == 0, result.output
    assert result.output.count("not tried") == 2


def test_nothing_to_listen_to_and_nobody_to_tell_is_worth_a_word(tmp_path: Path) -> None:
    result = check("--config", write(tmp_path, ""), "--offline")
    assert result.exit_code == 0
    assert "hears nothing" in said(result)
    assert "nobody hears of an incident" in said(result)


def test_a_bad_configuration_is_told_whole_before_anything_is_tried(tmp_path: Path) -> None:
    result = check("--config", write(tmp_path, "langauge: en\ntimezone: Mars\n"))
    assert result.exit_code == 1
    assert "2 mistakes in the configuration:" in result.output
    assert (
        "sparkwatch.yaml:3: langauge: is not a setting. Did you mean 'language'?" in result.output
    )
    assert "sparkwatch.yaml:4: timezone:" in result.output
    assert not (tmp_path / "sparkwatch.db").exists()


def test_a_test_message_cannot_be_sent_offline() -> None:
    result = check("--offline", "--send-test")
    assert result.exit_code == 2


def test_the_output_is_plain_where_nobody_watches(tmp_path: Path) -> None:
    result = check("--config", write(tmp_path, ""), "--offline")
    assert "\x1b" not in result.output
    assert all(line.isprintable() for line in result.output.splitlines())


@pytest.mark.parametrize(
    ("secret", "says"),
    [
        (None, "does not exist; write the secret into it"),
        ("", "is empty; write the secret into it"),
        ("hunter2", "has 7 characters and must have at least 32"),
    ],
)
def test_a_secret_that_cannot_sign_links_is_told_without_it(
    tmp_path: Path, secret: str | None, says: str
) -> None:
    if secret is not None:
        (tmp_path / "web-secret").write_text(secret)
    config = write(tmp_path, "web: {url: https://pr.example.org, secret_file: web-secret}\n")
    result = check("--config", config, "--offline")
    assert result.exit_code == 1
    assert "web pages at https://pr.example.org FAILED" in said(result)
    assert says in said(result)
    assert "hunter2" not in result.output


def test_pages_that_nobody_serves_are_told_with_what_to_do(tmp_path: Path) -> None:
    (tmp_path / "web-secret").write_text("a secret that is long enough for this test")
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    config = write(tmp_path, f"web: {{url: http://127.0.0.1:{port}, secret_file: web-secret}}\n")
    result = check("--config", config)
    assert f"web pages at http://127.0.0.1:{port} mind cannot be reached" in said(result)
    assert "`sparkwatch run` serves them" in said(result)


def test_pages_for_which_something_else_answers_are_told(
    tmp_path: Path, web: tuple[str, list[dict[str, object]]]
) -> None:
    (tmp_path / "web-secret").write_text("a secret that is long enough for this test")
    config = write(tmp_path, f"web: {{url: {web[0]}/other, secret_file: web-secret}}\n")
    assert "mind something else answers there (200)" in said(check("--config", config))


@pytest.mark.parametrize(
    ("more", "minds"),
    [("", True), ("app_token: xapp-1", False)],
)
def test_buttons_that_nobody_would_hear_are_told_with_what_to_do(
    tmp_path: Path, more: str, minds: bool
) -> None:
    config = write(
        tmp_path,
        f"""
alerts:
  channels:
    - {{name: pr, kind: slack-app, channel: C0123ABCD, bot_token: xoxb-hunter2,
       signing_secret: hunter2, {more}}}
""",
    )
    result = check("--config", config, "--offline")
    assert result.exit_code == 0, result.output
    assert ("buttons of pr (slack-app) mind" in said(result)) is minds
    assert ("or an app_token for Socket Mode" in said(result)) is minds
    assert "hunter2" not in result.output


def test_with_web_pages_a_request_url_leads_somewhere(tmp_path: Path) -> None:
    (tmp_path / "web-secret").write_text("a secret that is long enough for this test")
    config = write(
        tmp_path,
        """
web: {url: https://pr.example.org, secret_file: web-secret}
alerts:
  channels:
    - {name: pr, kind: slack-app, channel: C0123ABCD, bot_token: xoxb-1, signing_secret: s}
""",
    )
    assert "buttons of" not in said(check("--config", config, "--offline"))


def test_recipients_who_have_left_are_named(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'kept.db'}"
    store = Store.open(url)
    with store.begin() as work:
        for address in ("mei@example.org", "gone@example.org"):
            work.subscriptions.end("mail", address, datetime(2026, 11, 18, 9, 0, tzinfo=UTC))
    store.close()
    config = write(
        tmp_path,
        f"""
store: {{url: "{url}"}}
alerts:
  channels:
    - {{name: mail, kind: smtp, host: mail.invalid, sender: s@example.org,
       recipients: [Mei@example.org, wei@example.org]}}
    - {{name: other, kind: smtp, host: mail.invalid, sender: s@example.org,
       recipients: [mei@example.org]}}
""",
    )
    output = said(check("--config", config, "--offline"))
    assert "recipients of mail (smtp) mind Mei@example.org unsubscribed" in output
    assert "wei@example.org" not in output
    assert "gone@example.org" not in output
    assert "recipients of other" not in output

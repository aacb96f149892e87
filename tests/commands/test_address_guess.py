from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from monitor.commands.address_guess import LARGEST, Guess, GuessError, fetch, guess

FEED = b'<?xml version="1.0"?><rss version="2.0"><channel/></rss>'
ATOM = b'<feed xmlns="http://www.w3.org/2005/Atom"/>'
PAGE = b'<html><head><link rel=alternate type="application/rss+xml" href="/feed/"></head></html>'
INSTANCE = b'{"uri": "m.example", "version": "4.3"}'


def guessed(address: str, web: Mapping[str, bytes]) -> Guess:
    return guess(address, web.get)


@pytest.mark.parametrize("body", [FEED, ATOM])
def test_a_feed_is_a_feed_whatever_its_address_looks_like(body: bytes) -> None:
    found = guessed("https://example.org/x?y=1", {"https://example.org/x?y=1": body})
    assert found == Guess(kind="rss", address="https://example.org/x?y=1")


def test_a_page_leads_to_the_feed_that_it_announces() -> None:
    found = guessed("example.org/blog", {"https://example.org/blog": PAGE})
    assert found == Guess(kind="rss", address="https://example.org/feed/")


def test_a_page_cannot_announce_something_that_is_not_on_the_web() -> None:
    page = PAGE.replace(b"/feed/", b"file:///etc/passwd")
    with pytest.raises(GuessError, match="announces no feed"):
        guessed("example.org", {"https://example.org": page})


def test_a_mastodon_server_is_known_by_its_interface() -> None:
    web = {"https://m.example": b"<html>", "https://m.example/api/v1/instance": INSTANCE}
    assert guessed("m.example", web) == Guess(kind="mastodon", address="https://m.example")


def test_the_page_of_a_person_gives_their_server_and_account() -> None:
    web = {"https://m.example/@acme": b"<html>", "https://m.example/api/v1/instance": INSTANCE}
    found = guessed("https://m.example/@acme", web)
    assert found == Guess(kind="mastodon", address="https://m.example", account="acme")


def test_an_address_that_cannot_be_read_is_taken_by_its_look() -> None:
    assert guessed("example.org/feed.xml", {}).kind == "rss"
    with pytest.raises(GuessError, match=r"https://example\.org cannot be read now; give"):
        guessed("example.org", {})


class _Handler(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(404 if self.path == "/missing" else 200)
        self.end_headers()
        self.wfile.write(FEED if self.path == "/feed" else b"x" * (LARGEST * 3))

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  the name is inherited
        pass


@pytest.fixture
def server() -> Iterator[str]:
    with HTTPServer(("127.0.0.1", 0), _Handler) as httpd:
        thread = threading.Thread(target=httpd.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{httpd.server_port}"
        httpd.shutdown()
        thread.join()


def test_what_stands_at_an_address_is_fetched_up_to_a_bound(server: str) -> None:
    assert fetch(f"{server}/feed") == FEED
    assert fetch(f"{server}/missing") is None
    assert fetch("http://127.0.0.1:1/") is None
    assert len(fetch(f"{server}/endless") or b"") < 2 * LARGEST

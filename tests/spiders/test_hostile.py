"""A hostile server costs bounded time and memory, and its source's health tells of it."""

from __future__ import annotations

import gzip
import resource
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Executor, ProcessPoolExecutor
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from multiprocessing import get_context
from threading import Thread

import pytest

from monitor.domain import Health, TroubleKind
from monitor.gathering.health import judge
from spiders.faults import LARGEST_KEPT
from spiders.rss import RssOptions
from tests.spiders.crawling import Crawled, crawled
from tests.spiders.feeds import item, rss
from tests.spiders.site import Site

_SECONDS = 12
_ENTITIES = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10 if n else "lol"}">' for n in range(12))
_GIGABYTE = 1024**3
_PIECE = b"<item><title>bag</title></item>" * 2_000


@contextmanager
def pouring(headers: dict[str, str], pause: float = 0) -> Iterator[str]:
    """A server whose answer does not end by itself."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            try:
                self.send_response(404 if self.path == "/robots.txt" else 200)
                for name, value in headers.items():
                    self.send_header(name, value)
                self.end_headers()
                while self.path != "/robots.txt":
                    self.wfile.write(b"<" if pause else _PIECE)
                    self.wfile.flush()
                    time.sleep(pause)  # the server's own pace, not a wait for something
            except (BrokenPipeError, ConnectionResetError):
                self.close_connection = True  # the crawler has had enough

        def log_message(self, *args: object) -> None:
            """Nothing: the crawl's health is what is looked at."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/feed"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def _peak_and(options: RssOptions, seconds: float) -> tuple[int, Crawled]:
    result = crawled(options, seconds=seconds)
    return resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss, result


class Reader:
    """Reads within bounds. All that it starts are crawls, so that their memory can be told."""

    def __init__(self, process: Executor) -> None:
        self._process = process

    def __call__(self, *urls: str, seconds: float = _SECONDS) -> Crawled:
        begun = time.monotonic()
        options = RssOptions(urls=urls, robots="ignore", delay_seconds=0)
        peak, result = self._process.submit(_peak_and, options, seconds).result()
        assert time.monotonic() - begun < seconds + 6
        assert peak < 400 * 1024, "kilobytes, of the largest crawl process so far"
        return result


@pytest.fixture(scope="module")
def read() -> Iterator[Reader]:
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as process:
        process.submit(int).result()  # its own start belongs to no reading
        yield Reader(process)


def kind_of(result: Crawled) -> TroubleKind | None:
    """The trouble that a source is told of which does this at the first look."""
    trouble = judge([result.health])
    return trouble.kind if trouble else None


def test_an_answer_that_drips_for_ever_is_given_up(read: Reader) -> None:
    with pouring({}, pause=0.05) as url:
        result = read(url)
    assert result.health.health in (Health.UNREACHABLE, Health.TIMED_OUT)
    assert kind_of(result) is TroubleKind.DOWN


@pytest.mark.parametrize("headers", [{}, {"Content-Length": str(_GIGABYTE)}])
def test_a_body_of_a_gigabyte_is_not_taken(read: Reader, headers: dict[str, str]) -> None:
    with pouring(headers) as url:
        result = read(url)
    assert result.health.health is Health.UNREADABLE
    assert kind_of(result) is TroubleKind.CHANGED


def _bomb(site: Site) -> str:
    packed = gzip.compress(bytes(300 * 1024 * 1024), compresslevel=1)
    return site.says("/feed", packed, Content_Encoding="gzip")


def _laughs(site: Site) -> str:
    feed = f"<!DOCTYPE rss [{_ENTITIES}]><rss><channel><title>&l11;</title></channel></rss>"
    return site.says("/feed", feed.encode() + b" " * 2 * LARGEST_KEPT)


def _one_long_laugh(site: Site) -> str:
    feed = f"<!DOCTYPE rss [<!ENTITY l '{'lol' * 100_000}'>]><rss>{'&l;' * 100_000}</rss>"
    return site.says("/feed", feed.encode())


def _inside(site: Site) -> str:
    return site.says("/feed", b"", 302, Location="http://127.0.0.2:1/admin")


@pytest.mark.parametrize(
    ("trap", "kind"),
    [
        (_bomb, TroubleKind.CHANGED),
        (_laughs, TroubleKind.CHANGED),
        (_one_long_laugh, TroubleKind.CHANGED),
        (_inside, TroubleKind.FORBIDDEN),
    ],
)
def test_a_trap_is_named(
    read: Reader, site: Site, trap: Callable[[Site], str], kind: TroubleKind
) -> None:
    result = read(trap(site))
    assert result.health.health is not Health.OK
    assert kind_of(result) is kind
    assert result.ids == []


@pytest.mark.parametrize("trap", [_laughs, _one_long_laugh])
def test_what_entities_were_to_blow_up_is_kept_as_it_came(
    read: Reader, site: Site, trap: Callable[[Site], str]
) -> None:
    [kept] = read(trap(site)).faulty
    assert kept.body.startswith(b"<!DOCTYPE rss [<!ENTITY l")
    assert len(kept.body) == LARGEST_KEPT
    assert "entities that grow" in kept.reason


@pytest.mark.parametrize(
    ("charset", "declared"),
    [("gb18030", "utf-8"), ("utf-8", "gb2312"), ("utf-8", "iso-8859-1"), ("big5", "big5")],
)
def test_a_wrong_charset_costs_no_word(
    read: Reader, site: Site, charset: str, declared: str
) -> None:
    feed = rss(item(1, text="航空公司托行李太慢")).decode().encode(charset)
    url = site.says("/feed", feed, Content_Type=f"application/rss+xml; charset={declared}")
    assert [o.post.text for o in read(url).observations] == ["Bag 1\n航空公司托行李太慢"]


def test_ten_thousand_links_are_not_followed(read: Reader, site: Site) -> None:
    links = "".join(f"<a href='{site.url}/{n}'>{n}</a>" for n in range(10_000))
    site.says("/page", f"<html>{links}</html>".encode())
    result = read(site.url + "/page")
    assert result.health.health is Health.UNREADABLE
    assert kind_of(result) is TroubleKind.CHANGED
    assert len(site.asked) == 1


def test_of_a_feed_with_more_entries_than_a_crawl_takes_as_many_are_taken(
    read: Reader, site: Site
) -> None:
    url = site.says("/feed", rss(*(item(n) for n in range(10_000))))
    assert len(read(url, seconds=60).ids) == 1_000

"""How fast feeds are gathered, beside a bare Scrapy spider that does the same.

    python -m benchmarks.gather [--feeds 200] [--entries 50] [--rounds 3]

The feeds are served on the loopback interface. Both read them in a process of their own and bring
every entry's id, words, date, author and link to the process that asked: Sparkwatch by ``crawl``,
Scrapy as JSON lines on its standard output. Both ask the host for one feed at a time, as is polite
(``--at-once`` lets the bare spider ask for more), take it apart by the same library, feedparser,
and leave markup out. The time of a process's start is counted for both; figures are the medians
of the rounds.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from statistics import median

from monitor.domain import Deletion, Health, Observation
from spiders.crawl import crawl
from spiders.job import CrawlJob, SourceSpec
from spiders.rss import RssOptions

NOW = datetime.now(UTC).replace(microsecond=0)
WORDS = "They charged us for the fourth bag on the way home, &amp; nobody at the desk cared. " * 3

BARE = """
import io, json, sys
import feedparser, scrapy
from parsel import Selector
from scrapy.crawler import AsyncCrawlerProcess


def words(markup):
    parts = Selector(f"<div>{markup}</div>").xpath("//text()").getall() if markup else []
    return "".join(parts).strip()


class Bare(scrapy.Spider):
    name = "bare"

    async def start(self):
        for url in json.load(sys.stdin):
            yield scrapy.Request(url)

    def parse(self, response):
        feed = feedparser.parse(
            io.BytesIO(response.body),
            response_headers={  # so that links come out whole, as they do in Sparkwatch
                "content-location": response.url,
                "content-type": response.headers["Content-Type"].decode(),
            },
            sanitize_html=False,
            resolve_relative_uris=False,
        )
        lines = []
        for entry in feed.entries:
            item = {
                "id": entry.get("id"),
                "text": words(entry.get("title")) + chr(10) + words(entry.get("summary")),
                "published": entry.get("published_parsed"),
                "author": entry.get("author"),
                "link": entry.get("link"),
            }
            lines.append(json.dumps(item))
        print(chr(10).join(lines), flush=True)


process = AsyncCrawlerProcess(
    {
        "CONCURRENT_REQUESTS_PER_DOMAIN": int(sys.argv[1]),
        "DOWNLOAD_DELAY": 0,
        "LOG_LEVEL": "ERROR",
        "ROBOTSTXT_OBEY": False,
        "TELNETCONSOLE_ENABLED": False,
    }
)
process.crawl(Bare)
process.start()
"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Print items a second for both, and their ratio; 1 where one of them lost an entry."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--feeds", type=int, default=200, help="feeds on the loopback interface")
    parser.add_argument("--entries", type=int, default=50, help="entries of each feed")
    parser.add_argument("--rounds", type=int, default=3, help="how often each reads them all")
    parser.add_argument(
        "--at-once", type=int, default=8, help="requests of the bare spider at once"
    )
    given = parser.parse_args(arguments)
    wanted = given.feeds * given.entries
    ways: dict[str, Callable[[Sequence[str]], int]] = {
        "bare Scrapy": partial(bare, at_once=given.at_once),
        "Sparkwatch": sparkwatch,
    }
    speeds: dict[str, list[float]] = {"bare Scrapy": [], "Sparkwatch": []}
    with feeds(given.entries) as address:
        urls = [f"{address}/{number}.rss" for number in range(given.feeds)]
        for turn in range(given.rounds):
            for name, gather in ways.items():
                print(f"round {turn + 1} of {given.rounds}: {name} …", file=sys.stderr, flush=True)
                begun = time.perf_counter()
                brought = gather(urls)
                speeds[name].append(wanted / (time.perf_counter() - begun))
                if brought != wanted:
                    print(f"{name} brought {brought} of {wanted} entries")
                    return 1
    print(f"{given.feeds} feeds of {given.entries} entries, {given.rounds} rounds, loopback")
    for name, found in speeds.items():
        print(f"{name}: {median(found):,.0f} items a second")
    ratio = median(speeds["Sparkwatch"]) / median(speeds["bare Scrapy"])
    print(f"ratio: {ratio:.2f} (at least 0.80 is wanted)")
    return 0


def sparkwatch(urls: Sequence[str]) -> int:
    """How many posts a crawl brings."""
    options = RssOptions(urls=tuple(urls), robots="ignore", delay_seconds=0)
    job = CrawlJob(source=SourceSpec(name="bench", options=options), since=NOW - timedelta(days=30))
    found: set[str] = set()

    def take(batch: Sequence[Observation | Deletion]) -> None:
        found.update(o.post.key.native_id for o in batch if isinstance(o, Observation))

    result = crawl(job, time_limit=timedelta(minutes=10), on_batch=take)
    if result.health.health is not Health.OK:
        print(result.health.detail)
    return len(found)


def bare(urls: Sequence[str], at_once: int) -> int:
    """How many entries the bare spider brings."""
    run = subprocess.run(  # noqa: S603  our own interpreter and the text above
        [sys.executable, "-c", BARE, str(at_once)],
        input=json.dumps(list(urls)),
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    return len({json.loads(line)["id"] for line in run.stdout.splitlines()})


@contextmanager
def feeds(entries: int) -> Iterator[str]:
    """A server whose every address is a feed of its own."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        wbufsize = 1 << 16  # one packet train an answer: else the kernel waits between its parts

        def do_GET(self) -> None:
            body = feed(self.path.strip("/").partition(".")[0], entries)
            self.send_response(200)
            self.send_header("Content-Type", "application/rss+xml")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *args: object) -> None:
            """Nothing: the figures are what is printed."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def feed(name: str, entries: int) -> bytes:
    """A feed as a blog writes it: a title, a paragraph with markup, a date, an author."""
    items = "".join(
        f"<item><guid isPermaLink='false'>{name}-{number}</guid><title>Bag {number}</title>"
        f"<link>https://example.org/{name}/{number}</link><author>ann@example.org (Ann)</author>"
        f"<description><![CDATA[<p>{WORDS}</p>]]></description>"
        f"<pubDate>{format_datetime(NOW - timedelta(minutes=number + 1))}</pubDate></item>"
        for number in range(entries)
    )
    return f"<rss version='2.0'><channel><title>{name}</title>{items}</channel></rss>".encode()


if __name__ == "__main__":
    sys.exit(main())

"""The crawl process: ``python -m spiders.worker SECONDS``, a job on its standard input.

Standard output carries domain values as JSON lines, the health of the source last. Scrapy's
reactor cannot be started twice, so every crawl is a process of its own.
"""

from __future__ import annotations

import os
import resource
import sys
from collections.abc import Sequence
from datetime import UTC, datetime

from scrapy.crawler import AsyncCrawlerProcess

from monitor.wire import WireValue, encode
from spiders.engine import ListeningSpider, settings_for
from spiders.handover import decode_job

__all__ = ["main"]

_MOST_MEMORY = 1024**3


def main() -> int:
    """Crawl; 0 if the health of the source was written, whatever it is."""
    _bound_memory()
    seconds = float(sys.argv[1])
    job = decode_job(sys.stdin.read())
    lines = os.fdopen(os.dup(sys.stdout.fileno()), "w", encoding="ascii")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())  # nothing else may write between the lines

    def write(values: Sequence[WireValue]) -> None:
        lines.write("".join(encode(value) + "\n" for value in values))
        lines.flush()

    process = AsyncCrawlerProcess(settings_for(job, seconds))
    crawler = process.create_crawler(ListeningSpider)
    process.crawl(crawler, job=job, seconds=seconds, write=write, clock=lambda: datetime.now(UTC))
    process.start()
    spider = crawler.spider
    return 0 if isinstance(spider, ListeningSpider) and spider.health is not None else 1


def _bound_memory() -> None:
    _, most = resource.getrlimit(resource.RLIMIT_AS)
    allowed = _MOST_MEMORY if most == resource.RLIM_INFINITY else min(_MOST_MEMORY, most)
    resource.setrlimit(resource.RLIMIT_AS, (allowed, most))


if __name__ == "__main__":
    sys.exit(main())

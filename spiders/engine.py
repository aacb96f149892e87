"""Scrapy's part of a crawl: fetch politely, within bounds, and give every failure its name."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Container, Mapping, Sequence
from datetime import datetime, timedelta
from http import HTTPStatus
from typing import Any

import scrapy
from scrapy.exceptions import (
    CannotResolveHostError,
    DownloadCancelledError,
    DownloadConnectionRefusedError,
    DownloadFailedError,
    DownloadTimeoutError,
    IgnoreRequest,
    ResponseDataLossError,
)
from twisted.internet.error import ConnectError, ConnectionClosed, DNSLookupError

from monitor.domain import Cursor, FaultyAnswer, Health, SourceHealth
from monitor.wire import WireValue
from spiders.addresses import host_of, place_of
from spiders.faults import MOST_KEPT, Noting, faulty_answer
from spiders.job import CrawlJob
from spiders.kinds import spider_for
from spiders.kit.templates import secrets_of
from spiders.page import Page, SourceError
from spiders.parse.text import shown
from spiders.patience import wait_before_retry
from spiders.report import Tally, report
from spiders.web import Fetched

__all__ = ["ListeningSpider", "settings_for"]

USER_AGENT = "Sparkwatch (open-source reputation monitor)"
_LARGEST_BODY = 10 * 1024 * 1024
_LONGEST_ANSWER = 30.0
_MOST_QUERIES_AT_ONCE = 8
_REFRESH = "refresh"

_UNREACHABLE = (
    CannotResolveHostError,
    ConnectError,
    ConnectionClosed,
    DNSLookupError,
    DownloadConnectionRefusedError,
    DownloadFailedError,
    DownloadTimeoutError,
    OSError,
    ResponseDataLossError,
)
_UNREADABLE = (DownloadCancelledError, IgnoreRequest)


def settings_for(job: CrawlJob, seconds: float) -> dict[str, Any]:
    """Scrapy's settings for one crawl that may take ``seconds``."""
    options = job.source.options
    return {
        "CONCURRENT_REQUESTS": _MOST_QUERIES_AT_ONCE,
        "CONCURRENT_REQUESTS_PER_DOMAIN": 1,
        "DOWNLOAD_HANDLERS": dict.fromkeys(("data", "file", "ftp", "s3")),  # the web alone
        "DOWNLOAD_DELAY": options.delay_seconds,
        "DOWNLOAD_MAXSIZE": _LARGEST_BODY,
        "DOWNLOAD_TIMEOUT": min(_LONGEST_ANSWER, seconds / 3),
        "DOWNLOAD_VERIFY_CERTIFICATES": True,
        "DOWNLOAD_WARNSIZE": 0,
        "DOWNLOADER_MIDDLEWARES": {
            "scrapy.downloadermiddlewares.cookies.CookiesMiddleware": None,
            "scrapy.downloadermiddlewares.offsite.OffsiteMiddleware": None,
            "scrapy.downloadermiddlewares.robotstxt.RobotsTxtMiddleware": None,
            "spiders.guard.SpokenRobots": 100,
            "scrapy.downloadermiddlewares.redirect.MetaRefreshMiddleware": None,
            "spiders.guard.PublicAddressesOnly": 760,
        },
        "EXTENSIONS_BASE": {},  # above all no consoles that run code
        "LOG_LEVEL": "ERROR",
        "REDIRECT_MAX_TIMES": 5,
        "RETRY_ENABLED": False,  # spiders.patience waits as long as the server asks
        "ROBOTSTXT_OBEY": options.robots == "obey",
        "ROBOTSTXT_USER_AGENT": "Sparkwatch",
        "TRUSTED_HOSTS": [host_of(address) for address in options.addresses()],
        "USER_AGENT": USER_AGENT,
    }


class ListeningSpider(scrapy.Spider):
    """Runs a source's own spider inside Scrapy and hands on what it brings, page by page.

    ``write`` takes the values of each page as it comes. When all is read, the cursors are
    written and, last of all, the health of the source.
    """

    name = "sparkwatch"

    def __init__(
        self,
        *,
        job: CrawlJob,
        seconds: float,
        write: Callable[[Sequence[WireValue]], None],
        clock: Callable[[], datetime],
    ) -> None:
        super().__init__()
        self._job = job
        self._seconds = seconds
        self._write = write
        self._clock = clock
        self._tally = Tally()
        self._cursors: dict[str, str] = {}
        self._unfinished: dict[str, None] = {}
        self._faulty: list[FaultyAnswer] = []
        self._looked_at_again = frozenset(job.refresh)
        self.health: SourceHealth | None = None

    async def start(self) -> AsyncIterator[Any]:
        """The whole crawl; Scrapy itself is given no requests and no items."""
        try:
            async with asyncio.timeout(self._seconds):
                await self._listen()
        except TimeoutError:
            self.logger.info("the time is up")
        self._finish()
        for nothing in tuple[None, ...]():
            yield nothing

    async def _listen(self) -> None:
        spider = spider_for(self._job)
        web = _ScrapyWeb(self.crawler, self._seconds, self._clock, self._tally)
        webs = {query: Noting(web) for query in (*spider.queries(), _REFRESH)}
        looks = {query: spider.discover(query, webs[query]) for query in spider.queries()}
        if self._job.refresh:
            looks[_REFRESH] = spider.refresh(webs[_REFRESH])
        self._tally.looks = len(looks)
        self._unfinished = dict.fromkeys(looks)
        gate = asyncio.Semaphore(_MOST_QUERIES_AT_ONCE)
        async with asyncio.TaskGroup() as group:
            for query, pages in looks.items():
                group.create_task(self._follow(query, pages, webs[query], gate))

    async def _follow(
        self, query: str, pages: AsyncIterator[Page], web: Noting, gate: asyncio.Semaphore
    ) -> None:
        async with gate:
            try:
                async for page in pages:
                    self._take(query, page)
                    if page.skipped:
                        self._keep(web.last, f"{page.skipped} entries could not be read")
            except SourceError as error:
                self._tally.errors[query] = error
                if error.health is Health.UNREADABLE:
                    self._keep(web.last, error.detail)
            del self._unfinished[query]

    def _keep(self, answer: Fetched | None, reason: str) -> None:
        """An answer whose parser failed goes to whoever mends it."""
        if answer is None or len(self._faulty) >= MOST_KEPT:
            return
        source = self._job.source
        secrets = secrets_of(source.options)
        kept = faulty_answer(answer, source=source.name, reason=reason, secrets=secrets)
        self._faulty.append(kept)
        self._write([kept])

    def _take(self, query: str, page: Page) -> None:
        values: list[WireValue] = [*page.observations, *page.deletions]
        self._write(values)
        self._tally.take(page, self._looked_at_again)
        if page.cursor is not None:
            self._cursors[query] = page.cursor

    def _finish(self) -> None:
        now, source = self._clock(), self._job.source.name
        cursors = [
            Cursor(source=source, query=query, value=value, saved_at=now)
            for query, value in self._cursors.items()
        ]
        self.health = report(
            source=source, finished_at=now, tally=self._tally, unfinished=tuple(self._unfinished)
        )
        self._write([*cursors, self.health])


class _ScrapyWeb:
    """The port ``Web`` on Scrapy's downloader."""

    def __init__(
        self,
        crawler: scrapy.crawler.Crawler,
        seconds: float,
        clock: Callable[[], datetime],
        tally: Tally,
    ) -> None:
        self._crawler = crawler
        self._clock = clock
        self._tally = tally
        self._ends_at = asyncio.get_running_loop().time() + seconds
        self._free_at: dict[str, float] = {}

    async def get(
        self,
        url: str,
        *,
        headers: Mapping[str, str] | None = None,
        accept: Container[int] = (),
    ) -> Fetched:
        return await self._answer(scrapy.Request(url, headers=headers, dont_filter=True), accept)

    async def post(
        self,
        url: str,
        *,
        body: bytes,
        headers: Mapping[str, str] | None = None,
    ) -> Fetched:
        login = scrapy.Request(
            url,
            method="POST",
            body=body,
            headers=headers,
            dont_filter=True,
            # The operator's own account, whose secret is nobody else's: no crawling, no detour.
            meta={"dont_obey_robotstxt": True, "dont_redirect": True},
        )
        return await self._answer(login)

    async def _answer(self, request: scrapy.Request, accept: Container[int] = ()) -> Fetched:
        url = request.url
        loop = asyncio.get_running_loop()
        attempt = 0
        while True:
            attempt += 1
            await asyncio.sleep(self._free_at.get(host_of(url), 0) - loop.time())
            status, retry_after, answer = await self._once(request)
            if isinstance(answer, Fetched) and (status == HTTPStatus.OK or status in accept):
                return answer
            left = timedelta(seconds=max(0.0, self._ends_at - loop.time()))
            wait = None
            if not isinstance(answer, SourceError) or answer.health is Health.UNREACHABLE:
                wait = wait_before_retry(
                    status=status,
                    retry_after=retry_after,
                    attempt=attempt,
                    now=self._clock(),
                    left=left,
                )
            if wait is not None:
                self._free_at[host_of(url)] = loop.time() + wait.total_seconds()
                continue
            if isinstance(answer, SourceError):
                raise answer
            raise _refusal(url, answer, retry_after)

    async def _once(self, request: scrapy.Request) -> tuple[int | None, str, Fetched | SourceError]:
        url = request.url
        self._tally.requests += 1
        assert self._crawler.engine is not None  # noqa: S101  Scrapy sets it before start()
        try:
            response = await self._crawler.engine.download_async(request.copy())
        except SourceError as error:
            self._tally.refused += "robots.txt" in error.detail
            return None, "", error
        except _UNREACHABLE as error:
            self._tally.answered(None)
            return None, "", _unreachable(url, error, self._crawler)
        except _UNREADABLE as error:
            return None, "", _unusable(url, error)
        self._tally.answered(response.status)
        fetched = Fetched(
            url=response.url,
            status=response.status,
            headers={
                name.decode("latin-1").lower(): b", ".join(values).decode("utf-8", "replace")
                for name, values in response.headers.items()
            },
            body=response.body,
            observed_at=self._clock(),
        )
        return response.status, fetched.headers.get("retry-after", ""), fetched


def _unreachable(url: str, error: Exception, crawler: scrapy.crawler.Crawler) -> SourceError:
    place = place_of(url)
    if isinstance(error, CannotResolveHostError | DNSLookupError):
        why = "no name server knows this name: check its spelling and this machine's network"
    elif isinstance(error, DownloadConnectionRefusedError):
        why = "the connection was refused: check the port, and whether the server runs"
    elif isinstance(error, DownloadTimeoutError):
        seconds = crawler.settings.getfloat("DOWNLOAD_TIMEOUT")
        why = f"no answer within {seconds:g} s: the server is slow or down; it is tried again"
    elif "certificate" in str(error):
        why = "its certificate is not valid: check the server's name and this machine's clock"
    else:
        why = f"the connection broke off ({shown(str(error))}): it is tried again"
    return SourceError(Health.UNREACHABLE, f"{place}: {why}")


def _unusable(url: str, error: Exception) -> SourceError:
    if "redirect" in str(error):
        why = "it redirects in a circle: open it in a browser and configure where it ends"
    else:
        limit = _LARGEST_BODY // 1024 // 1024
        why = f"its answer is larger than {limit} MB: that is no feed; check the address"
    return SourceError(Health.UNREADABLE, f"{shown(url, 200)}: {why}")


def _refusal(url: str, answer: Fetched, retry_after: str) -> SourceError:
    """The trouble of an answer whose status is none that a spider can use."""
    status = answer.status
    try:
        said = f"{status} {HTTPStatus(status).phrase}"
    except ValueError:
        said = str(status)
    if status == HTTPStatus.UNAUTHORIZED:
        health, what = Health.UNAUTHORIZED, "give a valid token, or renew the one you have"
    elif status == HTTPStatus.FORBIDDEN:
        health, what = Health.FORBIDDEN, "the server refuses this to programs; ask its operator"
    elif status == HTTPStatus.TOO_MANY_REQUESTS:
        until = f" (it asks to wait {shown(retry_after, 40)})" if retry_after else ""
        health, what = Health.RATE_LIMITED, f"crawl less often or raise delay_seconds{until}"
    elif status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        health, what = Health.SERVER_ERROR, "the fault is the server's; it is tried again"
    else:
        health, what = Health.UNREADABLE, "check the address: there is nothing to read there"
    return SourceError(health, f"{shown(url, 200)} answers {said}: {what}", answer)

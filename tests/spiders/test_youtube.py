"""YouTube: whole videos for a search's snippets, comments below them, a quota that is kept to."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import attrs
import pytest
from pydantic import SecretStr

from monitor.domain import Cursor, Health, MediaKind, Observation, PostKey
from spiders.job import CrawlJob, SourceSpec
from spiders.kit.contract import Case
from spiders.kit.saved import SavedWeb
from spiders.page import Page, SourceError
from spiders.sources.youtube import SOURCE, YoutubeOptions
from spiders.web import Fetched, Web
from tests.spiders.crawling import crawled
from tests.spiders.feeds import NOW as NOW_OF_FEEDS
from tests.spiders.site import Answer, Asked, Site

NOW = datetime(2026, 11, 22, tzinfo=UTC)
FOLDER = Path(__file__).parent / "responses" / "youtube"
API = "https://www.googleapis.com/youtube/v3"
KEY = "AIza-not-real"
RECENTLY = f"{NOW_OF_FEEDS - timedelta(hours=12):%Y-%m-%dT%H}".encode()


def read(body: bytes, url: str = "") -> Page:
    answer = Fetched(url=url, status=200, headers={}, body=body, observed_at=NOW)
    return SOURCE.parse(answer, source="y")


def saved() -> SavedWeb:
    return Case.load(FOLDER, SOURCE).web()


def job(
    refresh: Sequence[str] = (), cursors: Mapping[str, str] | None = None, **options: Any
) -> CrawlJob:
    given = YoutubeOptions(key=SecretStr(KEY), **options)
    return CrawlJob(
        source=SourceSpec(name="y", options=given),
        terms=("delta",),
        since=datetime(2026, 11, 20, tzinfo=UTC),
        refresh=tuple(PostKey("y", native_id) for native_id in refresh),
        cursors={
            query: Cursor(source="y", query=query, value=value, saved_at=NOW)
            for query, value in (cursors or {}).items()
        },
    )


def discovered(job: CrawlJob, web: Web) -> list[Page]:
    async def listen() -> list[Page]:
        spider = SOURCE.spider(job, job.source.options)
        return [page async for page in spider.discover("delta", web)]

    return asyncio.run(listen())


def refreshed(job: CrawlJob, web: Web) -> list[Page]:
    async def look() -> list[Page]:
        return [page async for page in SOURCE.spider(job, job.source.options).refresh(web)]

    return asyncio.run(look())


def by_id(pages: Sequence[Page]) -> Mapping[str, Observation]:
    return {o.post.key.native_id: o for page in pages for o in page.observations}


def test_what_a_search_finds_comes_whole_with_its_counters_and_its_audience() -> None:
    video = by_id(discovered(job(), saved()))["vidDelta001"]
    assert video.post.text == (
        "Delta charged soldiers 'for bags' & lost them\n"
        "Four bags each, 200 dollars for the fourth.\n\n"
        "Full story &amp; receipts: https://example.org"
    )
    assert video.snapshot is not None
    assert (video.snapshot.views, video.snapshot.likes) == (204_113, 9_120)
    assert (video.snapshot.shares, video.snapshot.replies) == (None, 1_804)
    assert video.post.author is not None
    assert (video.post.author.name, video.post.author.followers) == ("Ann & Co", 1_230_000)
    assert (video.post.media, video.post.language_hint) == (MediaKind.VIDEO, "en-US")
    assert video.post.url == "https://www.youtube.com/watch?v=vidDelta001"


def test_hidden_likes_and_hidden_subscribers_are_absent() -> None:
    video = by_id(discovered(job(), saved()))["vidHushed01"]
    assert video.snapshot is not None
    assert (video.snapshot.views, video.snapshot.likes, video.snapshot.replies) == (0, None, 3)
    assert video.post.author is not None
    assert video.post.author.followers is None


def test_a_video_that_is_in_no_list_yet_comes_as_the_search_tells_it() -> None:
    found = by_id(discovered(job(), saved()))
    assert found["vidOnlyHere"].post.text == "達美航空 ✈️ 開箱\n只在搜尋裡"
    assert found["vidOnlyHere"].snapshot is None
    assert "UCdelta" not in found, "a channel is no post"


@attrs.define
class WithoutLists:
    """A search that works and lists that do not."""

    web: SavedWeb

    async def get(self, url: str, **given: Any) -> Fetched:
        if "/videos?" in url:
            raise SourceError(Health.SERVER_ERROR, "broken")
        return await self.web.get(url, **given)

    post = get


def test_what_was_found_is_kept_where_looking_it_up_fails() -> None:
    pages: list[Page] = []

    async def listen() -> None:
        given = job()
        async for page in SOURCE.spider(given, given.source.options).discover(
            "delta", WithoutLists(saved())
        ):
            pages.append(page)

    with pytest.raises(SourceError, match="broken"):
        asyncio.run(listen())
    assert by_id(pages)["vidDelta001"].post.text.startswith("Delta charged soldiers 'for bags' &")
    assert pages[0].cursor is not None


def test_comments_come_with_their_video_and_know_their_place() -> None:
    found = by_id(refreshed(job(refresh=["vidDelta001"]), saved()))
    top, reply = found["UgwTopComment1AaABAg"], found["UgwTopComment1AaABAg.reply1"]
    assert top.post.text == "Shame on you!\nThank you for your service 🇺🇸 <3"
    assert (str(top.post.parent), str(top.post.thread)) == ("y:vidDelta001", "y:vidDelta001")
    assert top.snapshot is not None
    assert (top.snapshot.likes, top.snapshot.replies, top.snapshot.views) == (512, 7, None)
    assert top.post.author is not None
    assert (top.post.author.native_id, top.post.author.handle) == ("UCbob", "@bob-77")
    assert (
        top.post.url == f"https://www.youtube.com/watch?v=vidDelta001&lc={'UgwTopComment1AaABAg'}"
    )
    assert reply.post.text == "same & worse\nin Atlanta"
    assert str(reply.post.parent) == "y:UgwTopComment1AaABAg"
    assert str(reply.post.thread) == "y:vidDelta001"
    assert reply.post.author is None, "its author has left"
    bare = found["UgwBareComment1AaABAg"]
    assert bare.snapshot is None
    assert bare.post.author is not None
    assert (bare.post.author.handle, bare.post.author.name) == (None, "李雷")


def test_comments_that_are_turned_off_stop_nothing() -> None:
    web = saved()
    pages = refreshed(job(refresh=["vidHushed01", "vidDelta001"]), web)
    assert sum("videoId=" in url for url in web.asked) == 2
    assert "UgwTopComment1AaABAg" in by_id(pages)


def test_an_operator_may_do_without_comments() -> None:
    web = saved()
    refreshed(job(refresh=["vidDelta001"], comments=False), web)
    assert len(web.asked) == 1


def test_a_comment_is_looked_at_again_by_its_sort_and_an_edit_is_read() -> None:
    web = saved()
    found = by_id(refreshed(job(refresh=["UgwTopComment1AaABAg.reply1"]), web))
    assert [url.split("?")[0] for url in web.asked] == [f"{API}/comments"]
    assert found["UgwTopComment1AaABAg.reply1"].post.text.endswith("edited")


@attrs.define
class KeyedWeb:
    """Remembers what was asked for, and with which headers."""

    web: SavedWeb
    headers: list[Mapping[str, str]] = attrs.field(factory=list)

    async def get(self, url: str, **given: Any) -> Fetched:
        self.headers.append(given["headers"])
        return await self.web.get(url, **given)

    post = get


def test_the_key_goes_into_a_header_and_into_no_address() -> None:
    web = KeyedWeb(saved())
    discovered(job(), web)
    assert {h["X-Goog-Api-Key"] for h in web.headers} == {KEY}
    assert not any(KEY in url for url in web.web.asked)


def test_searches_are_counted_across_crawls_until_midnight_in_california() -> None:
    pages = discovered(job(searches=1), saved())
    cursors = {"delta": str(pages[-1].cursor)}
    spent = json.loads(cursors["delta"])["spent"]
    assert {name: units for name, (_, units) in spent.items()} == {"searches": 1, "units": 2}
    with pytest.raises(SourceError, match="1 of 1 searches are used up") as refused:
        discovered(job(cursors=cursors, searches=1), saved())
    assert refused.value.health is Health.RATE_LIMITED


@pytest.mark.parametrize(
    ("status", "reason", "health"),
    [
        (403, "quotaExceeded", Health.RATE_LIMITED),
        (403, "accessNotConfigured", Health.UNAUTHORIZED),
        (400, "badRequest", Health.UNAUTHORIZED),
        (404, "notFound", Health.UNREADABLE),
    ],
)
def test_a_refusal_is_told_by_its_reason(status: int, reason: str, health: Health) -> None:
    body = json.dumps({"error": {"code": status, "errors": [{"reason": reason}]}}).encode()
    answer = Fetched(url=f"{API}/search", status=status, headers={}, body=body, observed_at=NOW)
    with pytest.raises(SourceError) as refused:
        discovered(job(), SavedWeb([answer], NOW))
    assert refused.value.health is health
    assert KEY not in str(refused.value)


def test_a_crawl_process_finds_looks_up_and_reads_comments(site: Site) -> None:
    def told(name: str) -> Callable[[Asked], Answer]:
        body = re.sub(rb"2026-11-21T\d\d", RECENTLY, (FOLDER / name).read_bytes())

        def answer(asked: Asked) -> Answer:
            allowed = asked.headers.get("x-goog-api-key") == KEY
            hushed = asked.query.get("videoId") == "vidHushed01"
            if hushed:
                return Answer(body=(FOLDER / "disabled.json").read_bytes(), status=403)
            return Answer(body=body if allowed else b"{}", status=200 if allowed else 400)

        return answer

    for path, name in (
        ("/search", "search.json"),
        ("/videos", "videos.json"),
        ("/channels", "channels.json"),
        ("/commentThreads", "threads.json"),
    ):
        site.routes[path] = told(name)
    options = YoutubeOptions(key=SecretStr(KEY), api=site.url, delay_seconds=0)
    seen = crawled(options, terms=("delta",), refresh=("vidDelta001", "vidHushed01"))
    assert seen.health.health is Health.OK
    assert {"vidDelta001", "vidOnlyHere", "UgwTopComment1AaABAg"} <= set(seen.ids)
    refused = crawled(options.model_copy(update={"key": SecretStr("another")}), terms=("delta",))
    assert refused.health.health is Health.UNAUTHORIZED


# --- real answers ---------------------------------------------------------------------------------


@pytest.fixture
def recorded(fixtures: Path) -> Path:
    return fixtures / "youtube" / "python-youtube" / "testdata" / "apidata"


@pytest.mark.parametrize(
    ("pattern", "files", "posts"),
    [
        ("search/*.json", 9, 97),
        ("videos/videos_*.json", 6, 14),
        ("videos/insert_response.json", 1, 1),
        ("comment_threads/*.json", 8, 21),
        ("comments/*.json", 5, 7),
        ("playlist_items/*.json", 6, 18),
    ],
)
def test_the_recorded_answers_of_a_client_are_read(
    recorded: Path, pattern: str, files: int, posts: int
) -> None:
    found = sorted(recorded.glob(pattern))
    pages = [read(file.read_bytes()) for file in found]
    assert len(found) == files
    assert sum(page.skipped for page in pages) == 0
    assert sum(len(page.observations) for page in pages) == posts


def test_recorded_titles_have_no_entities_and_counters_are_as_given(recorded: Path) -> None:
    page = read((recorded / "search" / "search_videos_by_channel.json").read_bytes())
    assert page.observations[1].post.text.startswith("YouTube's API")
    threads = recorded / "comment_threads" / "comment_threads_by_video_paged_1.json"
    given = json.loads(threads.read_bytes())["items"]
    seen = read(threads.read_bytes()).observations
    for thread, observation in zip(given, seen, strict=True):
        top = thread["snippet"]["topLevelComment"]
        assert observation.post.key.native_id == top["id"]
        assert observation.snapshot is not None
        assert observation.snapshot.likes == top["snippet"]["likeCount"]
        assert observation.snapshot.replies == thread["snippet"]["totalReplyCount"]
        assert observation.post.author is not None
        assert observation.post.author.native_id == top["snippet"]["authorChannelId"]["value"]
        assert str(observation.post.thread) == f"y:{thread['snippet']['videoId']}"

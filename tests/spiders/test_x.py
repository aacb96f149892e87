"""X: posts with their authors and media, what they refer to, and what they cost."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from monitor.domain import Health, MediaKind, Observation, PostKey
from spiders.job import CrawlJob, SourceSpec
from spiders.kit.saved import SavedWeb, saved_answers
from spiders.page import Page, SourceError
from spiders.sources.x import SOURCE, XOptions
from spiders.web import Fetched

NOW = datetime(2026, 11, 22, tzinfo=UTC)
HERE = Path(__file__).parent / "responses" / "x"
SEARCH = "https://api.x.com/2/tweets/search/recent"


def read(data: Any, url: str = SEARCH) -> Page:
    body = data if isinstance(data, bytes) else json.dumps(data).encode()
    answer = Fetched(url=url, status=200, headers={}, body=body, observed_at=NOW)
    return SOURCE.parse(answer, source="x")


def saved(name: str) -> dict[str, Observation]:
    page = read((HERE / name).read_bytes())
    return {o.post.key.native_id: o for o in page.observations}


def only(**fields: Any) -> Observation:
    post = {"id": "1991900000000000001", "text": "x", **fields}
    [found] = read({"data": [post]}).observations
    return found


def test_a_post_has_its_author_its_reach_and_its_media() -> None:
    found = saved("page2.json")["1991900000000000001"]
    assert (
        found.post.text
        == "Delta made us pay $2,800 for our bags & nobody cared <3 https://t.co/aa1"
    )
    assert found.post.url == "https://x.com/sgt_miller/status/1991900000000000001"
    assert found.post.media is MediaKind.VIDEO
    assert found.post.author
    assert found.post.author.name == "Sgt. Miller 🇺🇸"
    assert found.post.author.followers == 418
    counts = found.snapshot
    assert counts
    assert (counts.views, counts.likes, counts.shares, counts.replies) == (
        1_804_211,
        22_410,
        5_210,
        801,
    )


def test_a_long_post_is_read_whole_and_a_quote_has_a_parent() -> None:
    quote = saved("page2.json")["1991930000000000002"].post
    assert len(quote.text) > 280
    assert quote.parent == PostKey("x", "1991900000000000001")
    assert quote.media is MediaKind.LINK


def test_an_answer_keeps_its_thread_its_language_and_an_author_without_numbers() -> None:
    reply = saved("page1.json")["1991940000000000003"].post
    assert reply.text == "@delta أين حقيبتي؟ 😡😡"
    assert reply.language_hint == "ar"
    assert reply.parent == reply.thread == PostKey("x", "1991000000000000000")
    assert reply.author
    assert reply.author.followers is None


def test_a_mere_share_stands_for_what_it_shares_and_a_private_post_for_nothing() -> None:
    ids = set(saved("page1.json"))
    assert "1991960000000000005" not in ids
    assert "1991900000000000001" in ids
    assert "1991950000000000004" not in ids


def test_a_share_of_something_unknown_stays_a_post() -> None:
    post = only(referenced_tweets=[{"type": "retweeted", "id": "7"}]).post
    assert post.parent == PostKey("x", "7")


def test_a_post_without_a_time_is_dated_by_its_number() -> None:
    """A program had written the time into this post a tenth of a second before X numbered it."""
    written = datetime(2022, 10, 7, 23, 8, 12, 637_373, tzinfo=UTC)
    published = only(id="1578522611398893568").post.published_at
    assert timedelta(0) < published - written < timedelta(seconds=0.2)


def test_views_before_they_were_counted_are_absent() -> None:
    metrics = {"impression_count": 0, "like_count": 3}
    before = only(created_at="2022-10-07T00:00:00Z", public_metrics=metrics).snapshot
    after = only(created_at="2026-10-07T00:00:00Z", public_metrics=metrics).snapshot
    assert before
    assert after
    assert (before.views, after.views) == (None, 0)


@pytest.mark.parametrize(
    ("claimed", "hint"), [("en", "en"), ("in", "id"), ("qme", None), ("zxx", None), ("und", None)]
)
def test_only_languages_are_taken_for_languages(claimed: str, hint: str | None) -> None:
    assert only(lang=claimed).post.language_hint == hint


def test_a_name_that_is_no_name_stays_out_of_the_address() -> None:
    found = read(
        {
            "data": [{"id": "1991900000000000001", "text": "x", "author_id": "1"}],
            "includes": {"users": [{"id": "1", "username": "../a?b"}]},
        }
    )
    assert found.observations[0].post.url == "https://x.com/i/status/1991900000000000001"


def test_a_search_without_hits_is_no_trouble() -> None:
    assert read({"meta": {"result_count": 0}}) == Page()


def test_posts_of_the_first_version_are_read_as_well() -> None:
    found = saved("archive.json")["78240000000000000"]
    assert found.post.text == "four bags & $2,800 for soldiers"
    assert found.post.published_at == datetime(2011, 6, 7, 23, tzinfo=UTC)
    assert found.post.media is MediaKind.VIDEO
    assert found.post.language_hint == "id"
    assert found.snapshot
    assert (found.snapshot.shares, found.snapshot.likes) == (40, 17)


# --- what is asked, and what it costs ------------------------------------------------------------


def options(**more: Any) -> XOptions:
    return XOptions.model_validate({"token": "s3cret", **more})


def job(given: XOptions, **more: Any) -> CrawlJob:
    since = more.pop("since", datetime(2026, 11, 20, tzinfo=UTC))
    return CrawlJob(
        source=SourceSpec(name="x", options=given), terms=("Delta",), since=since, **more
    )


def web(files: Mapping[str, str]) -> SavedWeb:
    answers = [
        answer
        for url, file in files.items()
        for answer in saved_answers(HERE / file, url=url, observed_at=NOW)
    ]
    return SavedWeb(answers, NOW)


PAGES = {SEARCH: "page1.json", f"{SEARCH}?next_token=b26v89c": "page2.json"}


def discovered(a_job: CrawlJob, site: SavedWeb) -> list[Page]:
    make: Any = SOURCE.spider
    spider = make(a_job, a_job.source.options, clock=lambda: NOW)

    async def run() -> list[Page]:
        return [page async for page in spider.discover("Delta", site)]

    return asyncio.run(run())


def test_no_more_is_asked_for_than_the_seven_days_that_there_are() -> None:
    site = web(PAGES)
    discovered(job(options(), since=NOW - timedelta(days=30)), site)
    asked = parse_qs(urlsplit(site.asked[0]).query)
    assert asked["start_time"] == ["2026-11-15T00:05:00Z"]
    assert asked["query"] == ['"Delta" -is:retweet']


def test_every_post_is_counted_and_the_days_budget_ends_the_reading() -> None:
    pages = discovered(job(options(daily_posts=100)), web(PAGES))
    cursor = next(page.cursor for page in reversed(pages) if page.cursor)
    assert json.loads(cursor)["spent"]["posts"][1] == 5 + 1 + 2 + 1
    site = web(PAGES)
    with pytest.raises(SourceError, match="5 of 5 posts are used up") as caught:
        discovered(job(options(daily_posts=5)), site)
    assert caught.value.health is Health.RATE_LIMITED
    assert len(site.asked) == 1


class _Lookups:
    """X as it answers a look at known posts: with all of them."""

    def __init__(self) -> None:
        self.asked: list[int] = []

    async def get(self, url: str, **_given: Any) -> Fetched:
        ids = parse_qs(urlsplit(url).query)["ids"][0].split(",")
        self.asked.append(len(ids))
        body = json.dumps({"data": [{"id": number, "text": "x"} for number in ids]}).encode()
        return Fetched(url=url, status=200, headers={}, body=body, observed_at=NOW)


def test_known_posts_are_looked_at_by_the_hundred_within_the_days_budget() -> None:
    known = tuple(PostKey("x", str(1991900000000000001 + number)) for number in range(250))
    given, site = job(options(daily_posts=150), refresh=known), _Lookups()
    make: Any = SOURCE.spider
    spider = make(given, given.source.options, clock=lambda: NOW)

    async def run() -> list[Page]:
        return [page async for page in spider.refresh(site)]

    with pytest.raises(SourceError, match="150 of 150 posts are used up"):
        asyncio.run(run())
    assert site.asked == [100, 100]


def test_an_account_without_credit_is_named() -> None:
    broke = Fetched(url=SEARCH, status=402, headers={}, body=b"{}", observed_at=NOW)
    with pytest.raises(SourceError, match="credits") as caught:
        discovered(job(options()), SavedWeb([broke], NOW))
    assert caught.value.health is Health.RATE_LIMITED


# --- recorded answers ----------------------------------------------------------------------------

CASSETTES = [
    # file, posts, authors, likes, shares
    ("tweepy/cassettes/test_client_search_recent_tweets.yaml", 10, 0, 0, 0),
    ("tweepy/cassettes/test_client_get_home_timeline.yaml", 98, 0, 0, 0),
    ("tweepy/cassettes/test_asyncclient_get_tweets.yaml", 2, 0, 0, 0),
    ("tweepy/cassettes/testsearchtweets.json", 15, 13, 26_050, 7_324),
    ("tweepy/cassettes/testhometimeline.json", 19, 5, 1_019_911, 249_340),
    ("tweepy/cassettes/testgetretweets.json", 1, 1, 144, 211),
]


@pytest.mark.parametrize("expected", CASSETTES, ids=lambda expected: str(expected[0]))
def test_recorded_answers_are_read(expected: tuple[Any, ...], fixtures: Path) -> None:
    name, *figures = expected
    found = [
        observation
        for answer in saved_answers(fixtures / "x-twitter" / name, url="", observed_at=NOW)
        if SOURCE.asks(answer.url)
        for observation in SOURCE.parse(answer, source="x").observations
    ]
    authors = {o.post.author.native_id for o in found if o.post.author}
    likes = sum(o.snapshot.likes or 0 for o in found if o.snapshot)
    shares = sum(o.snapshot.shares or 0 for o in found if o.snapshot)
    assert [len(found), len(authors), likes, shares] == figures

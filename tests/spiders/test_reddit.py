"""Reddit: listings, threads with what they leave out, what is gone, and the way in."""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import attrs
import pytest

from monitor.domain import Cursor, Health, MediaKind, Observation, PostKey
from spiders.job import CrawlJob, SourceSpec
from spiders.kit.saved import SavedWeb, saved_answers
from spiders.page import Page, SourceError
from spiders.sources.reddit import SOURCE, RedditOptions, RedditSpider
from spiders.web import Fetched
from tests.spiders.crawling import crawled
from tests.spiders.feeds import NOW as TODAY
from tests.spiders.feeds import as_json
from tests.spiders.site import Answer, Asked, Site

NOW = datetime(2026, 11, 22, tzinfo=UTC)
HERE = Path(__file__).parent / "responses" / "reddit"
SEARCH = "https://oauth.reddit.com/search?raw_json=1"
THREAD = "https://oauth.reddit.com/comments/1pq7aa?raw_json=1"


def read(data: Any, url: str = SEARCH) -> Page:
    body = data if isinstance(data, bytes) else json.dumps(data).encode()
    answer = Fetched(url=url, status=200, headers={}, body=body, observed_at=NOW)
    return SOURCE.parse(answer, source="r")


def thing(kind: str = "t3", **fields: Any) -> Mapping[str, Any]:
    at = 1_795_267_200.0
    return {"kind": kind, "data": {"id": "abc", "author": "ann", "created_utc": at, **fields}}


def only(*things: Mapping[str, Any], url: str = SEARCH) -> Observation:
    [found] = read({"kind": "Listing", "data": {"children": list(things)}}, url).observations
    return found


def options(**more: Any) -> RedditOptions:
    return RedditOptions.model_validate({"username": "ops", "token": "s3cret-token", **more})


def test_a_video_is_read_with_its_counters() -> None:
    page = read((HERE / "search.json").read_bytes())
    video = page.observations[0]
    assert video.post.text == "Delta charged us for the fourth bag & kept filming <us>"
    assert video.post.media is MediaKind.VIDEO
    assert video.post.author
    assert video.post.author.handle == "soldier_dad"
    assert video.snapshot
    assert (video.snapshot.likes, video.snapshot.shares, video.snapshot.replies) == (8123, 12, 7)


def test_a_hidden_score_is_absent_and_so_is_one_below_zero() -> None:
    hidden = only(thing(title="x", score=1, hide_score=True, num_comments=0))
    assert hidden.snapshot
    assert (hidden.snapshot.likes, hidden.snapshot.replies) == (None, 0)
    assert only(thing("t1", body="x", score=-4)).snapshot is None


def test_markdown_and_entities_are_read_as_shown() -> None:
    post = read((HERE / "search.json").read_bytes()).observations[1].post
    assert post.text.startswith("Anyone else stuck? ✈️👩🏽\u200d✈️\nThird day at JFK.\nno hotel\n")
    assert "&amp; no chat" in post.text  # typed by hand, and asked for raw


@pytest.mark.parametrize(
    ("url", "title"), [(SEARCH, "Q&amp;A"), ("https://oauth.reddit.com/search", "Q&A")]
)
def test_entities_are_undone_only_where_reddit_made_them(url: str, title: str) -> None:
    assert only(thing(title="Q&amp;A", selftext=""), url=url).post.text == title


def test_the_words_of_a_deleted_account_stay_without_an_author() -> None:
    post = read((HERE / "search.json").read_bytes()).observations[2].post
    assert post.text == "שירות נורא של דלתא\nالمطار مغلق"
    assert post.author is None


@pytest.mark.parametrize(
    "gone",
    [
        thing("t1", body="[removed]", author="[deleted]"),
        thing("t1", body="[deleted]", author=None),
        thing("t1", body="[ Removed by Reddit ]", author="[deleted]"),
        thing(title="Still shown", selftext="[removed]", removed_by_category="moderator"),
        thing(title="[deleted by user]", author="[deleted]"),
        thing(title="Mine", selftext="[deleted]", author="[deleted]"),
    ],
)
def test_what_was_taken_down_is_a_deletion(gone: Mapping[str, Any]) -> None:
    page = read({"kind": "Listing", "data": {"children": [gone]}})
    assert not page.observations
    assert [d.key.native_id for d in page.deletions] == [f"{gone['kind']}_abc"]


def test_somebody_may_write_the_word_removed() -> None:
    assert only(thing("t1", body="[removed]", author="ann")).post.text == "[removed]"


def test_a_thread_keeps_who_answers_whom() -> None:
    page = read((HERE / "thread.json").read_bytes(), THREAD)
    first, below = page.observations[1:]
    assert first.post.parent == first.post.thread == PostKey("r", "t3_1pq7aa")
    assert below.post.parent == PostKey("r", "t1_nq00b2")
    assert below.post.thread == PostKey("r", "t3_1pq7aa")
    assert below.snapshot is None
    assert [d.key.native_id for d in page.deletions] == ["t1_nq00b2"]


def test_a_deep_thread_is_read_without_recursion() -> None:
    deepest: Any = ""
    for number in range(150):
        below = thing("t1", id=f"c{number}", body="deeper", replies=deepest)
        deepest = {"kind": "Listing", "data": {"children": [below]}}
    page = read([{"kind": "Listing", "data": {"children": []}}, deepest], THREAD)
    assert len(page.observations) == 150


def saved_web(*changes: Fetched) -> SavedWeb:
    files = {
        SEARCH: "search.json",
        THREAD: "thread.json",
        f"{THREAD}&comment=nq00c3": "below.json",
        "https://oauth.reddit.com/api/morechildren?raw_json=1": "more.json",
        "https://oauth.reddit.com/api/info?raw_json=1": "info.json",
    }
    answers = [
        answer
        for url, file in files.items()
        for answer in saved_answers(HERE / file, url=url, observed_at=NOW)
    ]
    return SavedWeb([*answers, *changes], NOW)


def job(**more: Any) -> CrawlJob:
    spec = SourceSpec(name="r", options=options(**more.pop("options", {})))
    since = datetime(2026, 11, 20, tzinfo=UTC)
    return CrawlJob(source=spec, since=since, terms=("Delta",), **more)


def spider(a_job: CrawlJob) -> RedditSpider:
    given = a_job.source.options
    assert isinstance(given, RedditOptions)
    return RedditSpider(a_job, given)


async def collected(pages: Any) -> list[Page]:
    return [page async for page in pages]


def test_the_comments_that_a_thread_leaves_out_are_asked_for() -> None:
    web = saved_web()
    pages = asyncio.run(collected(spider(job()).discover("search:Delta", web)))
    ids = [o.post.key.native_id for page in pages for o in page.observations]
    assert ids[3:] == ["t1_nq00a1", "t1_nq00c3", "t1_nq00e7", "t1_nq00d4", "t1_nq00d5"]
    assert "children=nq00d4%2Cnq00d5%2Cnq00d6" in web.asked[-1]


def test_a_thread_costs_no_more_requests_than_it_may() -> None:
    web = saved_web()
    asyncio.run(
        collected(spider(job(options={"thread_requests": 1})).discover("search:Delta", web))
    )
    assert len(web.asked) == 2
    web = saved_web()
    asyncio.run(collected(spider(job(options={"threads": 0})).discover("search:Delta", web)))
    assert len(web.asked) == 1


def test_a_thread_is_read_again_only_when_it_has_grown() -> None:
    first = job(refresh=(PostKey("r", "t3_1pq7aa"), PostKey("r", "t1_nq00d5")))
    web = saved_web()
    pages = asyncio.run(collected(spider(first).refresh(web)))
    assert [d.key.native_id for page in pages for d in page.deletions] == ["t1_nq00d5"]
    assert sum("/comments/" in url for url in web.asked) == 2
    cursor = next(page.cursor for page in reversed(pages) if page.cursor)
    saved = {"refresh": Cursor(source="r", query="refresh", value=cursor, saved_at=NOW)}
    web = saved_web()
    asyncio.run(collected(spider(attrs.evolve(first, cursors=saved)).refresh(web)))
    assert [url.partition("?")[0] for url in web.asked] == ["https://oauth.reddit.com/api/info"]


def test_nothing_is_asked_once_reddit_says_that_the_limit_is_reached() -> None:
    [search] = saved_answers(HERE / "search.json", url=f"{SEARCH}&sort=new", observed_at=NOW)
    spent = attrs.evolve(
        search, headers={"x-ratelimit-remaining": "0.0", "x-ratelimit-reset": "312"}
    )
    web = saved_web(spent)
    with pytest.raises(SourceError, match="312 s") as caught:
        asyncio.run(collected(spider(job()).discover("search:Delta", web)))
    assert caught.value.health is Health.RATE_LIMITED
    assert len(web.asked) == 1


def test_a_crawl_signs_in_and_keeps_its_token_to_itself(site: Site) -> None:
    at = TODAY.timestamp() - 600

    def answer(asked: Asked) -> Answer:
        found = thing(title="Delta again", created_utc=at, name="t3_abc", num_comments=0)
        return Answer(body=as_json({"kind": "Listing", "data": {"children": [found]}}))

    site.routes["/search"] = answer
    given = options(api=site.url, delay_seconds=0)
    result = crawled(given, terms=("Delta",))
    assert result.ids == ["t3_abc"]
    [asked] = site.asked
    assert asked.headers["authorization"] == "Bearer s3cret-token"
    assert asked.headers["user-agent"] == "python:sparkwatch:1 (by /u/ops)"
    assert asked.query["q"] == '"Delta"'
    site.says("/search", b"{}", status=401)
    failed = crawled(given, terms=("Delta",))
    assert failed.health.health is Health.UNAUTHORIZED
    assert "s3cret" not in failed.health.detail


@pytest.mark.parametrize(
    ("path", "is_asked"),
    [
        ("/r/delta/new", True),
        ("/r/delta+travel/comments/", True),
        ("/r/delta.json", True),
        ("/user/ann/.json", True),
        ("/comments/abc/_/def", True),
        ("/r/delta/comments/abc/title/.json", True),
        ("/api/info/", True),
        ("/api/morechildren", True),
        ("/api/v1/access_token", False),
        ("/message/comments/", False),
        ("/r/delta/about", False),
    ],
)
def test_its_own_addresses_are_known(path: str, is_asked: bool) -> None:
    assert SOURCE.asks(f"https://oauth.reddit.com{path}?raw_json=1") is is_asked


@pytest.mark.parametrize(
    "wrong",
    [
        {"username": "ops"},
        {"username": "ops", "client_id": "abc"},
        {"username": "no spaces", "token": "x"},
        {"username": "ops", "token": "x", "search": False},
        {"username": "ops", "token": "x", "subreddits": ["a/b"]},
    ],
)
def test_options_that_cannot_work_are_refused(wrong: Mapping[str, Any]) -> None:
    with pytest.raises(ValueError, match="validation error"):
        RedditOptions.model_validate(wrong)


def test_subreddits_are_followed_for_posts_and_for_comments() -> None:
    given = options(subreddits=["r/delta", "/r/travel/"], search=False)
    a_job = CrawlJob(source=SourceSpec(name="r", options=given), since=NOW)
    followed = ("new:delta", "comments:delta", "new:travel", "comments:travel")
    assert RedditSpider(a_job, given).queries() == followed


CASSETTES = [
    # name, posts, authors, without an author, gone, likes, shares
    ("TestComment.test_refresh__deleted_comment", 1, 1, 0, 1, 1, 0),
    ("TestCommentForest.test_replace__skip_at_limit", 471, 388, 10, 6, 20_745, 0),
    ("TestPollData.test_get_attrs", 483, 368, 9, 10, 128_881, 40),
    ("TestSubmission.test_comments", 3, 2, 0, 0, 13, 0),
    ("TestSubreddit.test_search", 6, 6, 0, 0, 23, 0),
    ("TestSubredditListings.test_controversial", 100, 86, 12, 0, 45_053, 0),
]


@pytest.mark.parametrize("expected", CASSETTES, ids=lambda expected: str(expected[0]))
def test_recorded_answers_are_read(expected: tuple[Any, ...], fixtures: Path) -> None:
    name, *figures = expected
    folder = fixtures / "reddit" / "praw" / "tests" / "integration" / "cassettes"
    pages = [
        SOURCE.parse(answer, source="r")
        for answer in saved_answers(folder / f"{name}.json", url="", observed_at=NOW)
        if SOURCE.asks(answer.url) and "morechildren" not in answer.url
    ]
    found = {o.post.key: o for page in pages for o in page.observations}.values()
    assert not any(page.skipped for page in pages)
    authors = Counter(o.post.author.native_id if o.post.author else "" for o in found)
    anonymous = authors.pop("", 0)
    gone = {d.key for page in pages for d in page.deletions}
    likes = sum(o.snapshot.likes or 0 for o in found if o.snapshot)
    shares = sum(o.snapshot.shares or 0 for o in found if o.snapshot)
    assert [len(found), len(authors), anonymous, len(gone), likes, shares] == figures

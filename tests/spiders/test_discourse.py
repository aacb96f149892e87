"""Discourse: posts by topic and number, and topics looked at again twenty posts at a time."""

from __future__ import annotations

import asyncio
import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from monitor.domain import MediaKind, Observation, PostKey
from spiders.job import CrawlJob, SourceSpec
from spiders.kit.saved import SavedWeb
from spiders.page import Page
from spiders.sources.discourse import SOURCE, DiscourseOptions
from spiders.web import Fetched

NOW = datetime(2026, 11, 22, tzinfo=UTC)
FORUM = "https://forum.example/sub"
HERE = Path(__file__).parent / "responses" / "discourse"


def read(data: Any, url: str = f"{FORUM}/posts.json") -> Page:
    body = data if isinstance(data, bytes) else json.dumps(data).encode()
    answer = Fetched(url=url, status=200, headers={}, body=body, observed_at=NOW)
    return SOURCE.parse(answer, source="f")


def post(number: int = 2, **fields: Any) -> dict[str, Any]:
    return {
        "id": 1000 + 7 * number,
        "username": "ana",
        "created_at": "2026-11-21T10:00:00Z",
        "cooked": "<p>words</p>",
        "post_number": number,
        "post_type": 1,
        "topic_id": 310,
        "topic_slug": "bags",
        **fields,
    }


def only(**fields: Any) -> Observation:
    [found] = read({"latest_posts": [post(**fields)]}).observations
    return found


def test_the_first_post_carries_the_title_and_its_counters() -> None:
    first = read((HERE / "posts.json").read_bytes()).observations[-1]
    assert first.post.key == PostKey("f", "310/1")
    assert first.post.text == (
        "Fourth bag charged again & nobody answers\n"
        "Two hundred dollars for the fourth bag & no answer for a week :rage:"
    )
    assert first.post.url == f"{FORUM}/t/bags-again/310/1"
    assert first.post.media is MediaKind.VIDEO
    assert first.post.thread is None
    assert first.snapshot
    assert (first.snapshot.views, first.snapshot.likes, first.snapshot.replies) == (140, 17, 2)


def test_an_answer_knows_whom_it_answers_and_leaves_out_what_it_quotes() -> None:
    answer = read((HERE / "posts.json").read_bytes()).observations[1].post
    assert answer.text == "Same here. Three weeks!"
    assert answer.parent == answer.thread == PostKey("f", "310/1")
    assert answer.published_at == datetime(2026, 11, 21, 10, 30, tzinfo=UTC)
    assert only(reply_to_post_number=7).post.parent == PostKey("f", "310/7")


def test_what_is_deleted_or_hidden_is_told() -> None:
    page = read((HERE / "posts.json").read_bytes())
    assert [d.key.native_id for d in page.deletions] == ["310/5", "310/4"]
    assert page.skipped == 1


@pytest.mark.parametrize("kind", [3, 4])
def test_the_forums_own_notes_and_whispers_are_left_out(kind: int) -> None:
    assert read({"latest_posts": [post(post_type=kind)]}) == Page()


def test_private_messages_are_left_out() -> None:
    topic = {"post_stream": {"posts": [post(1)]}, "archetype": "private_message", "title": "x"}
    assert read(topic, f"{FORUM}/t/310.json") == Page()


def test_likes_that_are_not_told_are_absent() -> None:
    assert only().snapshot is None
    counted = only(actions_summary=[{"id": 3, "count": 5}, {"id": 2, "count": 0}]).snapshot
    assert counted
    assert counted.likes == 0


def test_a_search_brings_the_passage_with_its_topic() -> None:
    [found] = read((HERE / "search.json").read_bytes(), f"{FORUM}/search.json?q=x").observations
    assert found.post.key == PostKey("f", "310/3")
    assert found.post.url == f"{FORUM}/t/bags-again/310/3"
    assert found.snapshot
    assert (found.snapshot.likes, found.snapshot.replies) == (4, None)


def spider(*refresh: str, **given: Any) -> Any:
    options = DiscourseOptions.model_validate({"server": FORUM, **given})
    job = CrawlJob(
        source=SourceSpec(name="f", options=options),
        refresh=tuple(PostKey("f", i) for i in refresh),
        terms=("Delta",),
        since=datetime(2026, 11, 20, tzinfo=UTC),
    )
    return SOURCE.spider(job, options)


def refreshed(web: SavedWeb, *ids: str) -> list[Page]:
    async def run() -> list[Page]:
        return [page async for page in spider(*ids).refresh(web)]

    return asyncio.run(run())


def saved(path: str, data: Any, status: int = 200) -> Fetched:
    body = data if isinstance(data, bytes) else json.dumps(data).encode()
    return Fetched(url=f"{FORUM}{path}", status=status, headers={}, body=body, observed_at=NOW)


def test_a_long_topic_is_read_in_as_few_pages_as_its_posts_need() -> None:
    """The numbers have gaps, where posts were moved or deleted."""
    around_two = {"post_stream": {"posts": [post(n) for n in (1, 2, 3, 5, 8, 20)]}, "title": "t"}
    around_forty = {"post_stream": {"posts": [post(n) for n in (38, 39, 41)]}, "title": "t"}
    web = SavedWeb([saved("/t/310/2.json", around_two), saved("/t/310/40.json", around_forty)], NOW)
    pages = refreshed(web, "310/40", "310/2", "310/6", "310/20", "nonsense")
    assert len(web.asked) == 2
    gone = [d.key.native_id for page in pages for d in page.deletions]
    assert gone == ["310/6", "310/40"]
    assert len([o for page in pages for o in page.observations]) == 9


def test_the_last_post_of_a_topic_may_be_gone() -> None:
    topic = {"post_stream": {"posts": [post(1), post(2)]}, "title": "t"}
    web = SavedWeb([saved("/t/310/9.json", topic), saved("/t/310/11.json", topic)], NOW)
    pages = refreshed(web, "310/9", "310/11")
    assert [d.key.native_id for page in pages for d in page.deletions] == ["310/9", "310/11"]


@pytest.mark.parametrize("status", [403, 404, 410])
def test_a_topic_that_is_gone_takes_its_posts_along(status: int) -> None:
    says = {"errors": ["not here"], "error_type": "not_found"}
    pages = refreshed(SavedWeb([saved("/t/310/1.json", says, status)], NOW), "310/1", "310/2")
    assert [d.key.native_id for page in pages for d in page.deletions] == ["310/1", "310/2"]


def test_a_404_of_some_web_server_deletes_nothing() -> None:
    pages = refreshed(SavedWeb([saved("/t/310/1.json", b"<h1>no</h1>", 404)], NOW), "310/1")
    assert pages == [Page(skipped=1)]


def test_a_search_asks_for_the_brand_and_reading_all_for_the_newest() -> None:
    assert spider().queries() == ("newest",)
    searching = spider(search=True)
    assert searching.queries() == ("Delta",)
    web = SavedWeb([saved("/search.json", (HERE / "search.json").read_bytes())], NOW)

    async def run() -> list[Page]:
        return [page async for page in searching.discover("Delta", web)]

    assert len(asyncio.run(run())) == 1
    assert "%22Delta%22+order%3Alatest+after%3A2026-11-19" in web.asked[0]


RECORDED = [
    # file, posts, authors, views, likes, replies
    ("topic", 4, 3, 124, 10, 1),
    ("posts_latest", 4, 2, 4, 0, 0),
    ("topic_posts", 1, 1, 2, 3, 0),
    ("post", 1, 1, 1, 0, 0),
    ("new", 3, 1, 84, 1, 0),
    ("private_messages", 0, 0, 0, 0, 0),
]


@pytest.mark.parametrize("expected", RECORDED, ids=lambda expected: str(expected[0]))
def test_recorded_answers_are_read(expected: tuple[Any, ...], fixtures: Path) -> None:
    name, *figures = expected
    folder = fixtures / "discourse" / "discourse_api" / "spec" / "fixtures"
    found = read((folder / f"{name}.json").read_bytes(), "").observations
    authors = {o.post.author.native_id for o in found if o.post.author}
    counts = [
        sum(getattr(o.snapshot, counter) or 0 for o in found if o.snapshot)
        for counter in ("views", "likes", "replies")
    ]
    assert [len(found), len(authors), *counts] == figures

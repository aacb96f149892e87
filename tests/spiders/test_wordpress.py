"""WordPress: posts and comments, page by page, and a count of comments that is whole or absent."""

from __future__ import annotations

import asyncio
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from monitor.domain import MediaKind, PostKey
from spiders.job import CrawlJob, SourceSpec
from spiders.kit.saved import SavedWeb
from spiders.page import Page
from spiders.sources.wordpress import SOURCE, WordPressOptions
from spiders.web import Fetched
from tests.spiders.crawling import crawled
from tests.spiders.feeds import NOW as TODAY
from tests.spiders.feeds import as_json
from tests.spiders.site import Answer, Asked, Site

NOW = datetime(2026, 11, 22, tzinfo=UTC)
BLOG = "https://blog.example"
HERE = Path(__file__).parent / "responses" / "wordpress"


def answer(path: str, data: Any, pages: int = 1, total: int = -1, status: int = 200) -> Fetched:
    body = data if isinstance(data, bytes) else json.dumps(data).encode()
    total = total if total >= 0 else len(json.loads(body))
    headers = {"x-wp-totalpages": str(pages), "x-wp-total": str(total)}
    url = f"{BLOG}/wp-json/wp/v2/{path}"
    return Fetched(url=url, status=status, headers=headers, body=body, observed_at=NOW)


def read(name: str, path: str) -> Page:
    return SOURCE.parse(answer(path, (HERE / name).read_bytes()), source="w")


def test_a_post_is_read_as_its_readers_see_it() -> None:
    post = read("posts2.json", "posts").observations[0].post
    assert post.text == "Delta’s fourth bag – a film\nSoldiers filmed it.\nShame & silence 😡"
    assert post.published_at == datetime(2026, 11, 21, 9, tzinfo=UTC)
    assert post.media is MediaKind.VIDEO
    assert post.author
    assert (post.author.handle, post.author.name) == ("rene", "René D.")


def test_a_post_behind_a_password_is_left_out_and_an_author_may_be_hidden() -> None:
    page = read("posts1.json", "posts")
    [shown] = page.observations
    assert shown.post.key == PostKey("w", "815")
    assert shown.post.language_hint == "zh-TW"
    assert shown.post.author
    assert shown.post.author.name is None
    assert page.skipped == 1


def test_comments_know_what_they_answer() -> None:
    reply, first, _ = read("comments.json", "comments").observations
    assert reply.post.parent == PostKey("w", "comment/50")
    assert reply.post.thread == first.post.parent == PostKey("w", "812")
    assert reply.post.author
    assert reply.post.author.name == "Ana’s son"
    assert first.post.author is None
    assert first.post.text == "שלוש שעות בתור 👨\u200d👩"


def refreshed(web: SavedWeb, *ids: str) -> list[Page]:
    options = WordPressOptions(server=BLOG)
    job = CrawlJob(
        source=SourceSpec(name="w", options=options),
        refresh=tuple(PostKey("w", i) for i in ids),
        since=NOW - timedelta(days=1),
    )

    async def run() -> list[Page]:
        return [page async for page in SOURCE.spider(job, options).refresh(web)]

    return asyncio.run(run())


def replies(web: SavedWeb) -> int | None:
    [page] = refreshed(web, "812")
    snapshot = page.observations[0].snapshot
    return snapshot.replies if snapshot else None


AGAIN = answer("posts", (HERE / "again.json").read_bytes())


def test_comments_are_counted_over_all_their_pages() -> None:
    one = answer("comments?page=1", [{"id": 1, "post": 812}] * 100, pages=2, total=130)
    two = answer("comments?page=2", [{"id": 2, "post": 812}] * 30, pages=2, total=130)
    assert replies(SavedWeb([AGAIN, one, two], NOW)) == 130
    assert replies(SavedWeb([AGAIN, answer("comments", [], pages=0)], NOW)) == 0


@pytest.mark.parametrize(
    "incomplete",
    [
        answer("comments", [{"id": 1, "post": 812}], total=3),
        answer("comments", {"code": "rest_forbidden"}, status=401),
        answer("comments", [{"id": 1, "post": 812}] * 100, pages=9, total=900),
        answer("comments", {"code": "x"}, pages=0, total=5),
    ],
    ids=["some are hidden", "all are hidden", "too many", "no list"],
)
def test_a_count_that_is_not_whole_is_absent(incomplete: Fetched) -> None:
    assert replies(SavedWeb([AGAIN, incomplete], NOW)) is None


@pytest.mark.parametrize("plain", [False, True])
def test_a_crawl_turns_pages_and_brings_what_is_new_once(site: Site, plain: bool) -> None:
    def entry(number: int) -> dict[str, Any]:
        at = TODAY - timedelta(minutes=number)
        return {
            "id": 1000 - number,
            "date_gmt": f"{at:%Y-%m-%dT%H:%M:%S}",
            "title": {"rendered": f"Post {number}"},
            "content": {"rendered": "<p>x</p>"},
            "author": 0,
        }

    def respond(asked: Asked) -> Answer:
        route = asked.query.get("rest_route", asked.path)
        held = [entry(n) for n in range(150)] if route.endswith("/posts") else []
        start = 100 * (int(asked.query["page"]) - 1)
        pages = {"X-WP-TotalPages": str(-(-len(held) // 100)), "X-WP-Total": str(len(held))}
        return Answer(body=as_json(held[start : start + 100]), headers=pages)

    for path in ("/", "/wp-json/wp/v2/posts", "/wp-json/wp/v2/comments"):
        site.routes[path] = respond
    options = WordPressOptions(server=site.url, plain=plain, delay_seconds=0)
    first = crawled(options)
    assert len(first.ids) == 150
    assert all(o.snapshot and o.snapshot.replies == 0 for o in first.observations)
    assert crawled(options, after=first).ids == []

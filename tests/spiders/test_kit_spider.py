"""The spider of declared sources, on saved answers: what it asks, when it stops, what it keeps."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Iterable
from datetime import UTC, datetime, timedelta
from typing import Any, Literal

import attrs
import pytest
from pydantic import Field, SecretStr

from monitor.domain import Cursor, Health, PostKey
from spiders.job import CrawlJob, SourceSpec
from spiders.kind import SourceKind
from spiders.kit.allowance import Allowance
from spiders.kit.endpoint import Endpoint
from spiders.kit.fields import Fields
from spiders.kit.saved import SavedWeb
from spiders.kit.source import declare
from spiders.kit.spider import KitSpider
from spiders.options import OpenInterface, Secret
from spiders.page import Page, SourceError
from spiders.web import Fetched

NOW = datetime(2026, 11, 22, tzinfo=UTC)
API = "https://forum.example/api"


class Options(OpenInterface):
    kind: Literal["forum"] = "forum"
    key: Secret | None = Field(default=None, description="A key.")


POST = Fields(id="id", text="text", published_at="at", likes="likes")


def kind(**more: Any) -> SourceKind:
    search = Endpoint(
        url=f"{API}/posts?q={{query}}&after={{page}}&key={{key}}",
        items="posts",
        fields=POST,
        next="after",
        pages=5,
    )
    again = Endpoint(
        url=f"{API}/again?ids={{ids}}", items="posts", fields=POST, batch=2, missing_are_gone=True
    )
    declared = {"terms": "t", "limits": "l", "discover": search, "refresh": again, **more}
    return declare(options=Options, **declared)


def answer(address: str, posts: Iterable[dict[str, Any]], after: str | None = None) -> Fetched:
    body = json.dumps({"posts": list(posts), "after": after}).encode()
    return Fetched(url=API + address, status=200, headers={}, body=body, observed_at=NOW)


def post(number: int, minutes_ago: int | None = None) -> dict[str, Any]:
    ago = number if minutes_ago is None else minutes_ago
    at = NOW - timedelta(minutes=ago)
    return {"id": number, "text": f"post {number}", "at": at.isoformat(), "likes": number}


def job(**more: Any) -> CrawlJob:
    options = more.pop("options", Options())
    return CrawlJob(
        source=SourceSpec(name="f", options=options),
        terms=("delta",),
        since=NOW - timedelta(days=1),
        **more,
    )


def spider(source: SourceKind, work: CrawlJob) -> KitSpider:
    made = source.spider(work, work.source.options)
    assert isinstance(made, KitSpider)
    return made


async def pages(found: AsyncIterator[Page]) -> list[Page]:
    return [page async for page in found]


def discovered(source: SourceKind, web: SavedWeb, **more: Any) -> list[Page]:
    return asyncio.run(pages(spider(source, job(**more)).discover("delta", web)))


def ids(found: Iterable[Page]) -> list[str]:
    return [o.post.key.native_id for page in found for o in page.observations]


def cursors(found: list[Page]) -> dict[str, Cursor]:
    value = [page.cursor for page in found if page.cursor][-1]
    return {"delta": Cursor(source="f", query="delta", value=value, saved_at=NOW)}


def test_pages_are_turned_until_the_last_and_only_then_is_there_a_cursor() -> None:
    web = SavedWeb(
        [answer("/posts", [post(1), post(2)], "2"), answer("/posts?after=2", [post(3)])],
        NOW,
    )
    found = discovered(kind(), web)
    assert ids(found) == ["1", "2", "3"]
    assert [page.cursor is None for page in found] == [True, False]
    assert web.asked == [f"{API}/posts?q=delta", f"{API}/posts?q=delta&after=2"]


def test_what_is_older_than_wanted_ends_the_turning() -> None:
    old = [post(4, 3000), post(5, 3001)]
    web = SavedWeb([answer("/posts", [post(1)], "2"), answer("/posts?after=2", old, "3")], NOW)
    assert ids(discovered(kind(), web)) == ["1"]
    assert len(web.asked) == 2


def test_what_turns_up_late_is_still_brought_once() -> None:
    first = discovered(kind(), SavedWeb([answer("/posts", [post(1), post(9)])], NOW))
    late = SavedWeb([answer("/posts", [post(1), post(5), post(9), post(30)])], NOW)
    second = discovered(kind(), late, cursors=cursors(first))
    assert ids(second) == ["5"]
    assert ids(discovered(kind(), late, cursors=cursors(second))) == []


def test_posts_without_a_time_are_brought_once() -> None:
    undated = Endpoint(url=f"{API}/posts", items="posts", fields=Fields(id="id", text="text"))
    source = kind(discover=undated, can_search=True)
    web = SavedWeb([answer("/posts", [post(1), post(2)])], NOW)
    first = discovered(source, web)
    assert ids(first) == ["1", "2"]
    later = SavedWeb(web.answers, NOW + timedelta(hours=5))
    assert ids(discovered(source, later, cursors=cursors(first))) == []


def test_a_paging_that_never_ends_is_ended() -> None:
    endless = SavedWeb([answer("/posts", [post(1)], "1"), answer("/posts?after=1", [], "1")], NOW)
    discovered(kind(), endless)
    assert len(endless.asked) == 2

    class Growing(SavedWeb):
        async def get(self, url: str, **given: Any) -> Fetched:
            self.asked.append(url)
            number = len(self.asked)
            return attrs.evolve(answer("/posts", [post(number)], str(number)), url=url)

    growing = Growing([], NOW)
    assert len(ids(discovered(kind(), growing))) == 5


def test_known_posts_are_asked_for_in_batches_and_the_missing_are_gone() -> None:
    web = SavedWeb([answer("/again?ids=1%2C2", [post(1)]), answer("/again?ids=3", [post(3)])], NOW)
    wanted = tuple(PostKey("f", i) for i in ("1", "2", "3"))
    found = asyncio.run(pages(spider(kind(), job(refresh=wanted)).refresh(web)))
    assert ids(found) == ["1", "3"]
    assert [d.key.native_id for page in found for d in page.deletions] == ["2"]
    assert len(web.asked) == 2


def test_posts_of_another_sort_are_asked_for_elsewhere() -> None:
    def again(sort: str) -> Endpoint:
        return Endpoint(
            url=f"{API}/{sort}?ids={{ids}}",
            items="posts",
            fields=attrs.evolve(POST, id=lambda item: f"{sort}/{item['id']}"),
            takes=rf"{sort}/(\d+)",
        )

    web = SavedWeb([answer("/video?ids=1", [post(1)]), answer("/comment?ids=1", [post(1)])], NOW)
    wanted = tuple(PostKey("f", i) for i in ("video/1", "comment/1", "other/1"))
    source = kind(refresh=(again("video"), again("comment")))
    found = asyncio.run(pages(spider(source, job(refresh=wanted)).refresh(web)))
    assert ids(found) == ["video/1", "comment/1"]


def test_what_is_spent_is_known_to_the_next_crawl() -> None:
    source = kind(allowance=Allowance(units=3))
    web = SavedWeb([answer("/posts", [post(1)], "2"), answer("/posts?after=2", [post(2)])], NOW)
    first = discovered(source, web)
    found: list[Page] = []

    async def second() -> None:
        following = spider(source, job(cursors=cursors(first)))
        async for page in following.discover("delta", web):
            found.append(page)

    fresh = SavedWeb([answer("/posts", [post(0)], "2"), answer("/posts?after=2", [post(3)])], NOW)
    web = fresh
    with pytest.raises(SourceError, match="3 of 3 requests") as caught:
        asyncio.run(second())
    assert caught.value.health is Health.RATE_LIMITED
    assert len(fresh.asked) == 1
    assert ids(found) == ["0"]
    assert "requests" in (found[-1].cursor or "")


def test_a_key_is_cut_out_of_messages() -> None:
    class Refusing(SavedWeb):
        async def get(self, url: str, **given: Any) -> Fetched:
            raise SourceError(Health.FORBIDDEN, f"{url} answers 403")

    options = Options(key=SecretStr("s3/cret"))
    with pytest.raises(SourceError) as caught:
        discovered(kind(), Refusing([], NOW), options=options)
    assert "cret" not in str(caught.value)
    assert "key=***" in str(caught.value)

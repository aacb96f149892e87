"""Stack Exchange: questions with what stands below them, and the interface's own pauses."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from monitor.domain import Health, MediaKind, PostKey
from spiders.job import CrawlJob, SourceSpec
from spiders.kit.saved import SavedWeb
from spiders.page import Page, SourceError
from spiders.sources.stackexchange import SOURCE, StackExchangeOptions
from spiders.web import Fetched

NOW = datetime(2026, 11, 22, tzinfo=UTC)
API = "https://api.stackexchange.com/2.3"
HERE = Path(__file__).parent / "responses" / "stackexchange"


def answer(path: str, data: Any, status: int = 200) -> Fetched:
    body = data if isinstance(data, bytes) else json.dumps(data).encode()
    return Fetched(url=API + path, status=status, headers={}, body=body, observed_at=NOW)


def read(name: str, path: str) -> Page:
    return SOURCE.parse(answer(path, (HERE / name).read_bytes()), source="s")


def test_a_question_is_read_with_its_entities_undone() -> None:
    first, deleted_user, hidden = read("search.json", "/search/advanced?q=x").observations[:3]
    assert first.post.text == 'Delta "lost" my bag — what now?\nThey don\'t answer. See\nREF <none>'
    assert first.post.author
    assert first.post.author.handle == "Jörg & Ana"
    assert first.post.media is MediaKind.IMAGE
    assert first.snapshot
    counts = first.snapshot
    assert (counts.views, counts.likes, counts.replies) == (913, 14, 2)
    assert deleted_user.post.author
    assert deleted_user.post.author.native_id == "user77120"
    assert deleted_user.snapshot
    assert (deleted_user.snapshot.likes, deleted_user.snapshot.replies) == (None, 0)
    assert hidden.snapshot is None
    assert hidden.post.author is None


def test_answers_and_comments_know_their_question() -> None:
    later, sooner = read("answers.json", "/questions/190011/answers").observations
    assert sooner.post.key == PostKey("s", "answer/190020")
    assert sooner.post.parent == sooner.post.thread == PostKey("s", "190011")
    assert sooner.post.url == "https://travel.stackexchange.com/a/190020"
    assert later.post.author is None
    [comment] = read("comments.json", "/questions/190011/comments").observations
    assert comment.post.key == PostKey("s", "comment/700100")
    assert comment.post.text == "Two weeks & counting"
    assert comment.post.url == "https://travel.stackexchange.com/posts/comments/700100"


def test_a_site_in_another_language_is_known_by_its_name() -> None:
    question = {
        "question_id": 1,
        "title": "Где багаж?",
        "creation_date": 1_795_267_200,
        "link": "https://ru.stackoverflow.com/questions/1/x",
    }
    [found] = SOURCE.parse(answer("/questions", {"items": [question]}), source="s").observations
    assert found.post.language_hint == "ru"


def discovered(*answers: Fetched, **given: Any) -> tuple[list[Page], SavedWeb]:
    options = StackExchangeOptions.model_validate(given)
    since = datetime(2026, 11, 20, tzinfo=UTC)
    job = CrawlJob(source=SourceSpec(name="s", options=options), terms=("Delta",), since=since)
    web = SavedWeb(answers, NOW)

    async def run() -> list[Page]:
        return [page async for page in SOURCE.spider(job, options).discover("Delta", web)]

    return asyncio.run(run()), web


def page(number: int, **told: Any) -> Mapping[str, Any]:
    question = {"question_id": number, "title": "x", "creation_date": 1_795_267_200 - number}
    return {"items": [question], "has_more": False, **told}


def test_a_pause_that_is_asked_for_is_kept() -> None:
    first = answer("/search/advanced?page=1", page(1, has_more=True, backoff=0.3))
    second = answer("/search/advanced?page=2", page(2))
    begun = time.monotonic()
    pages, _ = discovered(first, second, answers=False)
    assert time.monotonic() - begun >= 0.3
    assert len([o for one in pages for o in one.observations]) == 2


def test_nothing_is_asked_once_the_days_quota_is_used_up() -> None:
    first = answer("/search/advanced", page(1, has_more=True, quota_remaining=0))
    with pytest.raises(SourceError, match="quota") as caught:
        discovered(first)
    assert caught.value.health is Health.RATE_LIMITED


@pytest.mark.parametrize(
    ("error_id", "health"),
    [(502, Health.RATE_LIMITED), (403, Health.UNAUTHORIZED), (400, Health.UNREADABLE)],
)
def test_the_interfaces_own_errors_are_named(error_id: int, health: Health) -> None:
    says = {"error_id": error_id, "error_message": "wait\x1b[2J", "error_name": "x"}
    with pytest.raises(SourceError) as caught:
        discovered(answer("/search/advanced", says, 400))
    assert caught.value.health is health
    assert "\x1b" not in caught.value.detail


def test_what_a_crawl_costs_is_kept_with_its_cursor() -> None:
    search = answer("/search/advanced", (HERE / "search.json").read_bytes())
    below = "/questions/190011%3B190002%3B189990"
    pages, web = discovered(
        search,
        answer(f"{below}/answers", (HERE / "answers.json").read_bytes()),
        answer(f"{below}/comments", (HERE / "comments.json").read_bytes()),
        key="s3cret",
    )
    cursor = pages[-1].cursor
    assert cursor
    assert json.loads(cursor)["spent"]["requests"][1] == 3
    assert all("key=s3cret" in url for url in web.asked)


def test_recorded_questions_are_read(fixtures: Path) -> None:
    body = (fixtures / "stackexchange" / "orderquestions_static.json").read_bytes()
    found = SOURCE.parse(answer("/questions", body), source="s").observations
    assert len(found) == 10
    assert len({o.post.author.native_id for o in found if o.post.author}) == 9
    assert sum(o.snapshot.views or 0 for o in found if o.snapshot) == 29_212_070
    assert sum(o.snapshot.likes or 0 for o in found if o.snapshot) == 111_564
    assert sum(o.snapshot.replies or 0 for o in found if o.snapshot) == 437

"""What a platform's own words for an error mean."""

from __future__ import annotations

import asyncio
import json
from datetime import UTC, datetime
from typing import Any

import pytest

from monitor.domain import Health, PostKey
from spiders.job import CrawlJob, SourceSpec
from spiders.kinds import KINDS
from spiders.kit.refusals import GONE, Refusal, understood
from spiders.kit.saved import SavedWeb
from spiders.page import SourceError
from spiders.web import Fetched

NOW = datetime(2026, 11, 22, tzinfo=UTC)
USED_UP = Refusal(
    says="error.reason == 'quota'", health=Health.RATE_LIMITED, words="error.text", advice="wait"
)
TAKEN_DOWN = Refusal(status=(400,), says="error.code == `33`")


def trouble(status: int, body: Any) -> SourceError:
    said = body if isinstance(body, bytes) else json.dumps(body).encode()
    answer = Fetched(
        url="https://x.example/a?key=s3cret", status=status, headers={}, body=said, observed_at=NOW
    )
    return SourceError(Health.FORBIDDEN, "answers 403", answer)


def test_the_first_that_fits_says_what_it_is_and_what_to_do() -> None:
    told = {"error": {"reason": "quota", "text": "used\x1b[2J up"}}
    meant = understood(trouble(403, told), (TAKEN_DOWN, USED_UP))
    assert isinstance(meant, SourceError)
    assert meant.health is Health.RATE_LIMITED
    assert meant.detail.endswith("wait")
    assert "answers 403" in meant.detail
    assert "\x1b" not in meant.detail
    assert "s3cret" not in meant.detail


def test_what_is_gone_comes_as_an_answer() -> None:
    meant = understood(trouble(400, {"error": {"code": 33}}), (TAKEN_DOWN, USED_UP))
    assert isinstance(meant, Fetched)
    assert meant.status == GONE


@pytest.mark.parametrize(
    "error",
    [
        trouble(403, {"error": {"code": 33}}),
        trouble(403, {"error": "text"}),
        trouble(403, b"<html>"),
        trouble(403, b"[" * 100_000),
        trouble(403, [1]),
        SourceError(Health.UNREACHABLE, "no answer"),
    ],
)
def test_what_fits_none_stays_what_it_was(error: SourceError) -> None:
    assert understood(error, (TAKEN_DOWN, USED_UP)) is error


# --- what platforms document ---------------------------------------------------------------------

X = "https://api.x.com/2/tweets/search/recent"
REDDIT = "https://oauth.reddit.com/r/closed/new"
GOOGLE = "https://www.googleapis.com/youtube/v3/search"


@pytest.mark.parametrize(
    ("kind", "options", "url", "status", "body", "health", "advice"),
    [
        (
            "x",
            {"token": "s3cret"},
            X,
            403,
            {"reason": "client-not-enrolled"},
            "unauthorized",
            "project",
        ),
        ("x", {"token": "s3cret"}, X, 429, {"title": "UsageCapExceeded"}, "rate_limited", "month"),
        ("x", {"token": "s3cret"}, X, 402, {}, "rate_limited", "buy more"),
        (
            "reddit",
            {"token": "s3cret", "username": "ops", "subreddits": ["closed"], "search": False},
            REDDIT,
            403,
            {"reason": "private", "error": 403},
            "forbidden",
            "take it out of subreddits",
        ),
        (
            "youtube",
            {"key": "s3cret"},
            GOOGLE,
            403,
            {"error": {"errors": [{"reason": "quotaExceeded"}]}},
            "rate_limited",
            "quota",
        ),
    ],
)
def test_a_platforms_refusal_is_told_by_its_body(
    kind: str, options: dict[str, Any], url: str, status: int, body: Any, health: str, advice: str
) -> None:
    made = KINDS[kind].options.model_validate({"kind": kind, **options})
    job = CrawlJob(
        source=SourceSpec(name="s", options=made),
        terms=("delta",),
        refresh=(PostKey("s", "1"),),
        since=NOW,
    )
    said = json.dumps(body).encode()
    answer = Fetched(url=url, status=status, headers={}, body=said, observed_at=NOW)

    async def look() -> None:
        spider = KINDS[kind].spider(job, made)
        async for _page in spider.discover(spider.queries()[0], SavedWeb([answer], NOW)):
            pass

    with pytest.raises(SourceError, match=advice) as told:
        asyncio.run(look())
    assert told.value.health == health

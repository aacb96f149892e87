"""What one request looks at again, and what it costs, as each platform documents it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import pytest

from spiders.kind import Budget
from spiders.kinds import SHIPPED
from spiders.rss import WHOLE_FEED

HOUR, DAY = timedelta(hours=1), timedelta(days=1)

BATCHES = {
    "appstore": 50,  # a page of the feed
    "bluesky": 25,  # app.bsky.feed.getPosts
    "googleplaces": 5,  # all that a place shows
    "instagram": 50,
    "isso": 100,
    "reddit": 100,  # /api/info
    "reviews": 100,
    "rss": WHOLE_FEED,
    "stackexchange": 100,  # /questions/{ids}
    "wordpress": 100,  # ?include=
    "x": 100,  # /2/tweets?ids=
    "yelp": 50,
    "youtube": 50,  # videos.list
}
"""The others are asked for one post at a time."""


@pytest.mark.parametrize("name", SHIPPED)
def test_known_posts_are_asked_for_by_as_many_as_the_platform_takes(name: str) -> None:
    assert SHIPPED[name].batch == BATCHES.get(name, 1)


@pytest.mark.parametrize(
    ("name", "given", "budget"),
    [
        ("facebook", {"pages": ["a"]}, Budget(units=200, per=HOUR)),
        ("googleplaces", {"places": ["a"], "calls_per_day": 7}, Budget(units=7, per=DAY)),
        ("hackernews", {}, Budget(units=10_000, per=HOUR)),
        ("instagram", {"user": "1", "accounts": ["a"]}, Budget(units=100, per=HOUR)),
        ("stackexchange", {}, Budget(units=300, per=DAY)),
        ("stackexchange", {"key": "k"}, Budget(units=10_000, per=DAY)),
        ("threads", {}, Budget(units=4_800, per=DAY)),
        (
            "trustpilot",
            {"business_units": ["a"], "calls_per_day": 9},
            Budget(units=9, per=DAY),
        ),
        ("v2ex", {}, Budget(units=120, per=HOUR)),
        ("x", {"daily_posts": 300}, Budget(units=300, per=DAY, cost=100, by_post=True)),
        ("yelp", {"businesses": ["a"], "calls_per_day": 8}, Budget(units=8, per=DAY)),
        ("youtube", {"units": 500}, Budget(units=500, per=DAY)),
    ],
)
def test_what_a_platform_or_its_operator_allows_bounds_the_plan(
    name: str, given: Mapping[str, Any], budget: Budget
) -> None:
    kind = SHIPPED[name]
    token = {"token": "t"} if "token" in kind.options.model_fields else {}
    key = {"key": "k"} if "key" in kind.options.model_fields and name != "stackexchange" else {}
    assert kind.budget(kind.options.model_validate({**token, **key, **given})) == budget


@pytest.mark.parametrize("name", SHIPPED)
def test_every_bound_that_is_an_option_is_a_budget(name: str) -> None:
    bounds = {"calls_per_day", "calls_per_hour", "daily_posts", "units"}
    kind = SHIPPED[name]
    construct: Any = kind.options.model_construct
    if bounds & set(kind.options.model_fields):
        assert kind.budget(construct(**dict.fromkeys(bounds, 40))) is not None

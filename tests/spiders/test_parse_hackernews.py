from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from monitor.domain import Health, MediaKind, Observation
from spiders.page import Page, SourceError
from spiders.sources.hackernews import SOURCE
from spiders.web import Fetched

NOW = datetime(2026, 11, 21, tzinfo=UTC)
SEARCH = "https://hn.example/api/v1/search_by_date?query=x"
ITEM = "https://hn.example/api/v1/items/100"


def read(body: bytes, url: str = SEARCH) -> Page:
    answer = Fetched(url=url, status=200, headers={}, body=body, observed_at=NOW)
    return SOURCE.parse(answer, source="hn")


def hits(*found: Any) -> Page:
    return read(json.dumps({"hits": found, "nbHits": len(found)}).encode())


def story(**fields: Any) -> dict[str, Any]:
    return {
        "objectID": "100",
        "title": "Airline charges soldiers",
        "url": "https://news.example/1",
        "author": "ann",
        "points": 320,
        "num_comments": 41,
        "created_at_i": 1_790_000_000,
        "_tags": ["story", "author_ann", "story_100"],
        **fields,
    }


def counters(observation: Observation) -> tuple[int | None, int | None]:
    assert observation.snapshot is not None
    return observation.snapshot.likes, observation.snapshot.replies


def test_a_recorded_comment_has_hidden_points_a_parent_and_a_thread(fixtures: Path) -> None:
    recorded = json.loads((fixtures / "hackernews" / "search_comment_hit.json").read_text())
    recorded["comment_text"] = "Because it&#x27;s <i>good</i>.<p>Really."
    [observation] = hits(recorded).observations
    post = observation.post
    assert post.key.native_id == "9999999"
    assert post.text == "Because it's good.\nReally."
    assert post.parent is not None
    assert post.parent.native_id == "9999826"
    assert post.thread is not None
    assert post.thread.native_id == "9998227"
    assert post.published_at == datetime(2015, 8, 3, 21, 32, 1, tzinfo=UTC)
    assert counters(observation) == (None, 1)


def test_a_recorded_hit_is_read_by_itself_too(fixtures: Path) -> None:
    recorded = json.loads((fixtures / "hackernews" / "search_comment_hit.json").read_text())
    recorded["comment_text"] = "Because."
    [observation] = read(json.dumps(recorded).encode(), url="").observations
    assert observation.post.key.native_id == "9999999"


def test_a_recorded_page_is_read(fixtures: Path) -> None:
    page = read((fixtures / "hackernews" / "search_pollopt_page.json").read_bytes())
    [observation] = page.observations
    assert observation.post.text == "10+ years"
    assert counters(observation)[0] == 3042


def test_a_story_has_points_comments_and_its_page_on_hacker_news() -> None:
    [observation] = hits(story(story_text="<p>Four bags")).observations
    assert observation.post.text == "Airline charges soldiers\nFour bags"
    assert observation.post.url == "https://news.ycombinator.com/item?id=100"
    assert observation.post.media is MediaKind.LINK
    assert observation.post.thread is None
    assert counters(observation) == (320, 41)


def test_an_item_counts_the_comments_below_it_that_are_still_there() -> None:
    deleted: dict[str, Any] = {"id": 103, "author": None, "children": []}
    tree = story(id=100, type="story", children=[])
    del tree["objectID"]
    tree["children"] = [{"id": 102, "author": "bob", "children": [deleted]}, deleted]
    [observation] = read(json.dumps(tree).encode(), ITEM).observations
    assert counters(observation) == (320, 1)


def test_an_item_without_an_author_is_deleted() -> None:
    item: dict[str, Any] = {
        "id": 100,
        "author": None,
        "children": [],
        "created_at_i": 1_790_000_000,
    }
    [deletion] = read(json.dumps(item).encode(), ITEM).deletions
    assert deletion.key.native_id == "100"


def test_a_very_deep_tree_is_counted_without_recursion() -> None:
    tree = story(id=100, type="story")
    del tree["objectID"]
    child: dict[str, Any] = {"id": 1, "author": "a", "children": []}
    for number in range(200):
        child = {"id": number, "author": "a", "children": [child]}
    [observation] = read(json.dumps({**tree, "children": [child]}).encode(), ITEM).observations
    assert counters(observation)[1] == 201


def test_a_broken_hit_does_not_cost_the_others() -> None:
    page = hits({"objectID": "1"}, None, 7, story())
    assert [o.post.key.native_id for o in page.observations] == ["100"]
    assert page.skipped == 3


@pytest.mark.parametrize("body", [b"<html>", b"[]x", b'{"hits": 3}', b'{"hits": [{"id": 1}]}'])
def test_what_is_no_search_is_unreadable(body: bytes) -> None:
    with pytest.raises(SourceError) as caught:
        read(body)
    assert caught.value.health is Health.UNREADABLE

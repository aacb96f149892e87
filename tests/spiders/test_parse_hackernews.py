from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from monitor.domain import Deletion, Health, MediaKind, Observation
from spiders.page import SourceError
from spiders.parse.hackernews import parse_hits, parse_item

NOW = datetime(2026, 11, 21, tzinfo=UTC)
URL = "https://hn.example/api/v1/search_by_date"


def hits(*found: Any, total: int = 1) -> Any:
    body = json.dumps({"hits": found, "nbHits": total}).encode()
    return parse_hits(body, source="hn", url=URL, observed_at=NOW)


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


def test_a_recorded_comment_has_hidden_points_a_parent_and_a_thread(fixtures: Path) -> None:
    recorded = json.loads((fixtures / "hackernews" / "search_comment_hit.json").read_text())
    recorded["comment_text"] = "Because it&#x27;s <i>good</i>.<p>Really."
    [observation] = hits(recorded).page.observations
    assert observation.post.key.native_id == "9999999"
    assert observation.post.text == "Because it's good.\nReally."
    assert observation.post.parent.native_id == "9999826"
    assert observation.post.thread.native_id == "9998227"
    assert observation.post.published_at == datetime(2015, 8, 3, 21, 32, 1, tzinfo=UTC)
    assert observation.snapshot.likes is None
    assert observation.snapshot.replies == 1


def test_a_recorded_page_is_read_with_its_total(fixtures: Path) -> None:
    body = (fixtures / "hackernews" / "search_pollopt_page.json").read_bytes()
    found = parse_hits(body, source="hn", url=URL, observed_at=NOW)
    assert found.total == 22174649
    assert [o.post.text for o in found.page.observations] == ["10+ years"]
    assert found.page.observations[0].snapshot is not None
    assert found.page.observations[0].snapshot.likes == 3042


def test_a_story_has_points_comments_and_its_page_on_hacker_news() -> None:
    [observation] = hits(story(story_text="<p>Four bags")).page.observations
    assert observation.post.text == "Airline charges soldiers\nFour bags"
    assert observation.post.url == "https://news.ycombinator.com/item?id=100"
    assert observation.post.media is MediaKind.LINK
    assert observation.post.thread is None
    assert (observation.snapshot.likes, observation.snapshot.replies) == (320, 41)


def test_an_item_counts_the_comments_below_it_that_are_still_there() -> None:
    deleted: dict[str, Any] = {"id": 103, "author": None, "children": []}
    tree = story(id=100, type="story", children=[])
    tree["children"] = [{"id": 102, "author": "bob", "children": [deleted]}, deleted]
    observation = parse_item(json.dumps(tree).encode(), source="hn", url=URL, observed_at=NOW)
    assert isinstance(observation, Observation)
    assert observation.snapshot is not None
    assert observation.snapshot.replies == 1
    assert observation.snapshot.likes == 320


def test_an_item_without_an_author_is_deleted() -> None:
    body = b'{"id":100,"author":null,"type":"comment","children":[]}'
    item = parse_item(body, source="hn", url=URL, observed_at=NOW)
    assert isinstance(item, Deletion)
    assert item.key.native_id == "100"


def test_one_malformed_hit_is_counted_and_does_not_hide_the_others() -> None:
    page = hits({"objectID": "1"}, None, story()).page
    assert page.skipped == 2
    assert len(page.observations) == 1


@pytest.mark.parametrize("body", [b"", b"<html>", b"[]", b'{"hits":3}', b'{"hits":[{}]}'])
def test_what_is_no_search_result_is_unreadable_by_name(body: bytes) -> None:
    with pytest.raises(SourceError) as caught:
        parse_hits(body, source="hn", url=URL, observed_at=NOW)
    assert caught.value.health is Health.UNREADABLE


@pytest.mark.parametrize("body", [b"", b"[]", b"{}", b'{"id":1,"author":"a"}'])
def test_what_is_no_item_is_unreadable_by_name(body: bytes) -> None:
    with pytest.raises(SourceError):
        parse_item(body, source="hn", url=URL, observed_at=NOW)

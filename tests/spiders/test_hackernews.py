"""The Hacker News spider against a loopback server that searches as Algolia does."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from monitor.domain import Health
from spiders.sources.hackernews import HackerNewsOptions
from tests.spiders.crawling import crawled
from tests.spiders.feeds import NOW, as_json
from tests.spiders.site import Answer, Asked, Site

START = int(NOW.timestamp()) - 40_000


def hit(number: int, at: int | None = None, **fields: Any) -> Mapping[str, Any]:
    return {
        "objectID": str(number),
        "title": f"Airline story {number}",
        "author": "ann",
        "points": 10,
        "num_comments": 4,
        "created_at_i": START + number if at is None else at,
        **fields,
    }


def algolia(site: Site, *hits: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    held = list(hits)

    def answer(asked: Asked) -> Answer:
        found = sorted(held, key=lambda h: int(h["created_at_i"]), reverse=True)
        for bound, second in re.findall(r"created_at_i(>=|<=)(\d+)", asked.query["numericFilters"]):
            least = bound == ">="
            found = [
                h
                for h in found
                if (h["created_at_i"] >= int(second)) is least or h["created_at_i"] == int(second)
            ]
        shown = found[: int(asked.query["hitsPerPage"])]
        return Answer(body=as_json({"hits": shown, "nbHits": len(found)}))

    site.routes["/api/search_by_date"] = answer
    return held


def options(site: Site, **more: Any) -> HackerNewsOptions:
    return HackerNewsOptions(api=f"{site.url}/api", delay_seconds=0, **more)


def test_what_is_new_is_brought_once(site: Site) -> None:
    held = algolia(site, *(hit(n) for n in range(30)))
    first = crawled(options(site), terms=("delta",))
    assert len(set(first.ids)) == len(first.ids) == 30
    held.append(hit(31))
    second = crawled(options(site), terms=("delta",), after=first)
    assert second.ids == ["31"]
    third = crawled(options(site), terms=("delta",), after=second)
    assert third.ids == []
    assert third.health.health is Health.OK


def test_more_than_a_thousand_hits_are_read_in_slices(site: Site) -> None:
    algolia(site, *(hit(n) for n in range(2500)))
    result = crawled(options(site), terms=("delta",), item_limit=5000)
    assert sorted(map(int, result.ids)) == list(range(2500))
    assert len(site.asked) == 3


def test_a_thousand_posts_of_one_second_do_not_hold_the_crawl(site: Site) -> None:
    algolia(site, *(hit(n, START) for n in range(1500)))
    result = crawled(options(site), terms=("delta",), item_limit=5000)
    assert len(result.ids) == 1000
    assert len(site.asked) == 2


def test_a_comment_that_is_indexed_late_is_still_seen(site: Site) -> None:
    held = algolia(site, hit(1), hit(500))
    first = crawled(options(site), terms=("delta",))
    held.append(hit(300))
    second = crawled(options(site), terms=("delta",), after=first)
    assert second.ids == ["300"]


def test_terms_are_phrases_and_comments_can_be_left_out(site: Site) -> None:
    algolia(site)
    crawled(options(site, comments=False), terms=('Delta "Air" Lines',))
    [asked] = site.asked
    assert asked.query["query"] == '"Delta  Air  Lines"'
    assert asked.query["tags"] == "(story,poll)"


def test_the_item_limit_holds(site: Site) -> None:
    algolia(site, *(hit(n) for n in range(100)))
    result = crawled(options(site), terms=("delta",), item_limit=10)
    assert result.ids == [str(n) for n in range(99, 89, -1)]


def test_refresh_brings_counters_and_deletions(site: Site) -> None:
    tree = {"id": 7, "title": "t", "author": "a", "points": 99, "created_at_i": START}
    site.says("/api/items/7", as_json({**tree, "children": [{"author": "b", "children": []}]}))
    site.says("/api/items/8", b'{"status":404,"error":"Not Found"}', 404)
    site.says("/api/items/9", as_json({"id": 9, "author": None, "children": []}))
    result = crawled(options(site), refresh=("7", "8", "9"))
    assert result.ids == ["7"]
    assert result.observations[0].snapshot is not None
    assert result.observations[0].snapshot.likes == 99
    assert result.observations[0].snapshot.replies == 1
    assert sorted(d.key.native_id for d in result.deletions) == ["8", "9"]


def test_a_source_that_is_asked_nothing_says_so(site: Site) -> None:
    result = crawled(options(site))
    assert result.health.health is Health.EMPTY
    assert "no brand has a name" in result.health.detail

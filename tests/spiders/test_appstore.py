"""Customer reviews of the App Store, in both forms of its feed."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

from monitor.domain import Observation
from spiders.sources.appstore import SOURCE
from spiders.web import Fetched

SAVED = Path(__file__).parent / "responses" / "appstore"
NOW = datetime(2026, 11, 22, tzinfo=UTC)


def read(file: str) -> tuple[Observation, ...]:
    url = f"https://itunes.apple.com/us/rss/customerreviews/page=1/id=1/sortby=mostrecent/{file}"
    body = (SAVED / file).read_bytes()
    fetched = Fetched(url=url, status=200, headers={}, body=body, observed_at=NOW)
    return SOURCE.parse(fetched, source="x").observations


def test_a_review_carries_its_stars_its_votes_and_its_own_time_zone() -> None:
    first, second = read("first.json")
    assert first.post.text == (
        "Check-in broken & no help\nIt logs me out at the gate.\n\nTwice <3 days running. 👩🏽‍✈️"
    )
    assert first.post.published_at == datetime(2026, 11, 21, 15, 31, 2, tzinfo=UTC)
    assert (first.post.rating, first.snapshot and first.snapshot.likes) == (1.0, 7)
    assert second.snapshot is None
    assert second.post.author is not None
    assert second.post.author.native_id == "ליאור"


def test_the_atom_form_gives_the_same_review_and_not_its_table() -> None:
    [review] = read("first.xml")
    assert review.post.key == read("first.json")[0].post.key
    assert review.post.text == "Check-in broken & no help\nIt logs me out at the gate."
    assert (review.post.rating, review.snapshot and review.snapshot.likes) == (1.0, 7)


def test_one_review_and_none_are_lists_too() -> None:
    assert [o.post.rating for o in read("second.json")] == [5.0]
    assert read("none.json") == ()

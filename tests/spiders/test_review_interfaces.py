"""Trustpilot, Yelp and Google Places: reviews by interfaces that want a key."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

from monitor.domain import Observation
from spiders.kinds import KINDS
from spiders.web import Fetched

SAVED = Path(__file__).parent / "responses"
NOW = datetime(2026, 11, 22, tzinfo=UTC)


def read(kind: str, file: str, url: str) -> tuple[Observation, ...]:
    body = (SAVED / kind / file).read_bytes()
    fetched = Fetched(url=url, status=200, headers={}, body=body, observed_at=NOW)
    return KINDS[kind].parse(fetched, source="x").observations


def test_trustpilot_tells_stars_and_likes_and_keeps_reported_reviews_to_itself() -> None:
    url = "https://api.trustpilot.com/v1/business-units/46d6a890ffa235a75b00021d/reviews"
    first, second, _old = read("trustpilot", "reviews.json", url)
    assert first.post.text == "No answer for a week\nLost bag.\n\nThree calls, three stories 😤"
    assert (first.post.rating, first.snapshot and first.snapshot.likes) == (1.0, 4)
    assert (second.post.author, second.snapshot, second.post.language_hint) == (None, None, "ar")
    assert second.post.published_at == datetime(2026, 11, 20, 22, tzinfo=UTC)


def test_yelp_tells_times_of_the_pacific_coast() -> None:
    url = "https://api.yelp.com/v3/businesses/acme/reviews"
    first, second, _old = read("yelp", "reviews.json", url)
    assert first.post.published_at == datetime(2026, 11, 21, 17, 41, 13, tzinfo=UTC)
    assert (first.post.rating, first.snapshot, second.post.author) == (1.0, None, None)


def test_google_tells_a_review_in_its_own_language() -> None:
    url = "https://places.googleapis.com/v1/places/ChIJacme"
    first, second = read("googleplaces", "place.json", url)
    assert (first.post.text, first.post.language_hint) == ("柜台没有人，等了两个小时。", "zh-TW")
    assert first.post.published_at == datetime(2026, 11, 20, 21, 4, 14, 123456, tzinfo=UTC)
    assert second.post.text == "مطار نظيف"

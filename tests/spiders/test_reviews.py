"""Reviews, comments and articles on pages that describe themselves."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from monitor.domain import Health, Observation
from spiders.page import Page, SourceError
from spiders.parse.pages import page_text, things_on
from spiders.sources.reviews import SOURCE, ReviewsOptions
from spiders.web import Fetched
from tests.spiders import feeds
from tests.spiders.crawling import crawled
from tests.spiders.site import Site

SAVED = Path(__file__).parent / "responses" / "reviews"
NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
START = feeds.NOW - timedelta(hours=2)


def read(body: bytes, url: str = "https://shop.example/airline/reviews", **headers: str) -> Page:
    fetched = Fetched(url=url, status=200, headers=headers, body=body, observed_at=NOW)
    return SOURCE.parse(fetched, source="x")


def described(*things: object) -> bytes:
    text = json.dumps(things, ensure_ascii=False)
    return f'<script type="application/ld+json">{text}</script>'.encode()


def by_author(observations: tuple[Observation, ...]) -> dict[str | None, Observation]:
    return {o.post.author.name if o.post.author else None: o for o in observations}


def test_a_review_is_brought_with_its_stars_author_and_counters() -> None:
    page = read((SAVED / "first.html").read_bytes())
    ann = by_author(page.observations)["Ann O'Hara"]
    assert ann.post.text.startswith("Four bags & $2,800\nThey charged soldiers twice — nobody")
    assert ann.post.text.endswith("😡👩🏽‍✈️")
    assert ann.post.published_at == datetime(2026, 11, 21, 17, 4, tzinfo=UTC)
    assert (ann.post.rating, ann.post.author and ann.post.author.followers) == (1.0, 312)
    assert ann.snapshot is not None
    assert (ann.snapshot.likes, ann.snapshot.replies) == (41, None)


def test_a_rating_out_of_ten_becomes_stars_of_five() -> None:
    page = read((SAVED / "first.html").read_bytes())
    assert by_author(page.observations)["ليلى"].post.rating == 4.0


def test_an_answer_of_the_firm_hangs_on_its_review() -> None:
    page = read((SAVED / "first.html").read_bytes())
    firm = by_author(page.observations)["Acme Air"].post
    assert firm.parent == firm.thread
    assert firm.parent is not None
    assert firm.parent.native_id == "https://shop.example/r/1001"


def test_stars_without_words_are_no_post_and_cost_the_others_nothing() -> None:
    page = read((SAVED / "first.html").read_bytes())
    assert (len(page.observations), page.skipped) == (4, 1)


def test_a_thread_of_a_forum_is_read_with_its_comments() -> None:
    page = read((SAVED / "thread.html").read_bytes(), url="https://forum.example/t/lost-bag")
    first, second, third = page.observations
    assert first.snapshot is not None
    assert first.snapshot.replies == 2
    assert {second.post.thread, third.post.thread} == {first.post.key}
    assert second.post.key.native_id == "https://forum.example/t/lost-bag#post-55102"
    assert third.post.author is None


def test_a_page_in_gbk_that_says_utf8_is_read_and_dated_in_china() -> None:
    headers = {"content-type": "text/html; charset=utf-8"}
    [review] = read((SAVED / "chinese.html").read_bytes(), **headers).observations
    assert review.post.text == "行李丢了三天，客服一直让我等，喆哥也没办法。"
    assert review.post.published_at == datetime(2026, 11, 21, 1, 30, tzinfo=UTC)
    assert (review.post.rating, review.post.language_hint) == (1.0, "zh-CN")


@pytest.mark.parametrize("charset", ["utf-8", "utf-8-sig", "gb18030", "big5"])
@pytest.mark.parametrize(
    "declared", ["", "iso-8859-1", "utf-8", "gb2312", "big5", "nonsense", "hex"]
)
def test_a_wrong_charset_does_not_spoil_utf8(charset: str, declared: str) -> None:
    text = "行李又丟了" if charset == "big5" else "行李又丢了"
    body = f"<p>{text}，客服一直不回答。</p>".encode(charset)
    found = page_text(body, f"text/html; charset={declared}" if declared else "")
    if charset.startswith("utf-8") or (declared in ("", "utf-8") and charset == "gb18030"):
        assert text in found
    assert found.startswith("<p>")
    assert found.endswith("</p>")


def test_an_edited_review_stays_the_same_post() -> None:
    review = {"@type": "Review", "author": "Ann", "datePublished": "2026-11-20T10:00:00Z"}
    [before] = read(described(review | {"reviewBody": "Bad"})).observations
    [after] = read(described(review | {"reviewBody": "Bad. Edit: they paid."})).observations
    assert before.post.key == after.post.key


def test_two_reviews_by_the_same_hand_on_the_same_day_are_two_posts() -> None:
    review = {"@type": "Review", "author": "Anonymous", "datePublished": "2026-11-20"}
    page = read(described(review | {"reviewBody": "Bad"}, review | {"reviewBody": "Good"}))
    assert len({o.post.key for o in page.observations}) == 2


def test_what_is_told_in_two_vocabularies_is_one_post() -> None:
    microdata = (
        b'<div itemscope itemtype="https://schema.org/Review"><b itemprop="author">Ann</b>'
        b'<p itemprop="reviewBody">Bad</p><i itemprop="reviewRating">2</i></div>'
    )
    page = read(described({"@type": "Review", "author": "Ann", "reviewBody": "Bad"}) + microdata)
    assert [(o.post.text, o.post.rating) for o in page.observations] == [("Bad", 2.0)]


def test_an_author_may_be_named_elsewhere_in_the_graph() -> None:
    graph = {
        "@graph": [
            {"@type": "Review", "author": {"@id": "#ann"}, "reviewBody": "Bad"},
            {"@type": "Person", "@id": "#ann", "name": "Ann"},
        ]
    }
    [review] = read(described(graph)).observations
    assert review.post.author is not None
    assert review.post.author.name == "Ann"


def test_json_with_comments_and_trailing_commas_is_read_even_so() -> None:
    text = '<!-- --><script type="application/ld+json">{"a": "// no comment", /* one */ "b": [1,],}'
    assert things_on(text + "</script>") == [{"a": "// no comment", "b": [1]}]


def test_a_page_that_describes_nothing_says_so() -> None:
    with pytest.raises(SourceError, match="describes nothing") as told:
        read(b"<html><p>Hello</p></html>")
    assert told.value.health is Health.EMPTY


def test_an_unreadable_thing_is_told() -> None:
    with pytest.raises(SourceError):
        read(described({"@type": "Review", "reviewBody": ["", None]}))


@pytest.mark.parametrize(
    "body",
    [
        b'<div itemscope itemtype="Review" itemprop="a">' * 20_000,
        b'<div itemscope itemtype="Review"><p itemprop="text">' * 20_000,
        b'<script type="application/ld+json">' + b'"\\' * 500_000,
        b'<script type="application/ld+json">' + b"/*" * 500_000,
        b'<script type="application/ld+json">' + b'{"@type":"Review","comment":' * 50_000,
        b'<script type="application/ld+json">' * 50_000,
    ],
    ids=["scopes", "properties", "strings", "comments", "depth", "scripts"],
)
def test_a_hostile_page_is_read_in_bounded_time(body: bytes) -> None:
    began = datetime.now(UTC)
    try:
        page = read(body)
        assert len(page.observations) <= 5_000
    except SourceError:
        pass  # refused is as good
    assert (datetime.now(UTC) - began).total_seconds() < 10


def test_pages_are_turned_on_the_same_host_and_known_reviews_are_not_brought_again(
    site: Site,
) -> None:
    review = {"@type": "Review", "datePublished": f"{START:%Y-%m-%dT%H:%M:%SZ}", "author": "Ann"}
    one, two = (
        described(review | {"@id": f"https://shop.example/r/{n}", "reviewBody": f"Bad {n}"})
        for n in (1, 2)
    )
    first = site.says("/reviews", one + b'<a rel="nofollow next" href="/more">next</a>')
    site.says("/more", two + b'<a rel="next" href="http://127.0.0.2:1/private">next</a>')
    options = ReviewsOptions(urls=(first,), delay_seconds=0)
    once = crawled(options)
    assert once.ids == ["https://shop.example/r/1", "https://shop.example/r/2"]
    again = crawled(options, after=once, refresh=("https://shop.example/r/2",))
    assert again.ids == ["https://shop.example/r/2"]


# file, posts, authors, ratings
READ = {
    "schema.org/CreativeWork.001.html": (2, 2, 2),
    "misc/null_ld_mock.html": (1, 0, 0),
    "songkick/jsonld_empty_item_test.html": (1, 1, 0),
    "songkick/Years & Years Tickets, Tour Dates 2015 & Concerts.html": (1, 1, 0),
    "w3c/microdata.7.1.html": (1, 0, 0),
    "schema.org/product.html": (0, 0, 0),
    "websites/microdata-with-description.html": (0, 0, 0),
}


@pytest.mark.parametrize("name", READ)
def test_pages_of_the_wild_are_read(fixtures: Path, name: str) -> None:
    body = (fixtures / "schemaorg/extruct/tests/samples" / name).read_bytes()
    posts = [o.post for o in read(body).observations]
    figures = (
        len(posts),
        len({p.author.native_id for p in posts if p.author}),
        sum(p.rating is not None for p in posts),
    )
    assert figures == READ[name]

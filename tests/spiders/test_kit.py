"""The kit: what a declaration makes of answers, hostile ones included. No network, no process."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any, Literal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import Field, SecretStr

from monitor.domain import Health, MediaKind, Observation
from spiders.kit.allowance import Allowance, Ledger
from spiders.kit.endpoint import Answer, Endpoint, numbered
from spiders.kit.fields import Fields, Person, html, local_time, number, stars
from spiders.kit.memory import Memory
from spiders.kit.templates import Ask, filled, filled_header, path_pattern
from spiders.options import OpenInterface, Secret, WebAddress
from spiders.page import SourceError
from spiders.web import Fetched

NOW = datetime(2026, 11, 22, tzinfo=UTC)
URL = "https://forum.example/api/posts"


class Options(OpenInterface):
    kind: Literal["forum"] = "forum"
    api: WebAddress = Field(default="https://forum.example/api/", description="Where it is.")
    token: Secret | None = Field(default=None, description="A token.")
    language: str = Field(default="", description="A language.")


POST = Fields(
    id="id",
    title="title",
    text=html("body"),
    published_at="at",
    url="url",
    author=Person(id="user.id", handle="user.name", followers="user.followers"),
    parent="parent",
    thread="thread",
    language="lang",
    media="media",
    rating=stars("score", best=10),
    likes="likes",
    replies="replies",
    deleted="deleted",
    left_out="ad",
)
LIST = Endpoint(url="{api}/posts?q={query}", fields=POST)


def post(**fields: Any) -> dict[str, Any]:
    return {"id": 1, "title": "Late", "body": "<p>again</p>", "at": 1_795_000_000, **fields}


def read(answer: Any, endpoint: Endpoint = LIST) -> Answer:
    body = answer if isinstance(answer, bytes) else json.dumps(answer).encode()
    fetched = Fetched(url=URL, status=200, headers={}, body=body, observed_at=NOW)
    return endpoint.read(fetched, source="forum", expected="the forum's interface")


def only(answer: Any, endpoint: Endpoint = LIST) -> Observation:
    [observation] = read(answer, endpoint).page.observations
    return observation


def test_a_post_is_read_with_all_that_the_platform_tells() -> None:
    seen = only(
        [
            post(
                url="https://forum.example/p/1",
                user={"id": 7, "name": "ann", "followers": 1200},
                parent=3,
                thread="2",
                lang="zh_TW",
                media=["photo", "video/mp4"],
                score=4,
                likes=12,
                replies="3",
            )
        ]
    )
    said = seen.post
    assert said.key.native_id == "1"
    assert said.text == "Late\nagain"
    assert said.published_at == datetime.fromtimestamp(1_795_000_000, UTC)
    assert said.author is not None
    assert (said.author.native_id, said.author.handle, said.author.followers) == ("7", "ann", 1200)
    assert str(said.parent) == "forum:3"
    assert str(said.thread) == "forum:2"
    assert (said.language_hint, said.media, said.rating) == ("zh-TW", MediaKind.VIDEO, 2.0)
    assert seen.snapshot is not None
    assert (seen.snapshot.likes, seen.snapshot.replies, seen.snapshot.views) == (12, 3, None)


def test_hidden_counters_are_absent() -> None:
    assert only([post()]).snapshot is None
    seen = only([post(likes=None, replies=0)]).snapshot
    assert seen is not None
    assert (seen.likes, seen.replies) == (None, 0)


@pytest.mark.parametrize(
    "at",
    ["2026-11-18T09:46:40+00:00", 1_794_995_200_000, "1794995200", "Wed, 18 Nov 2026 09:46:40 GMT"],
)
def test_times_are_understood_as_they_come(at: object) -> None:
    assert only([post(at=at)]).post.published_at == datetime(2026, 11, 18, 9, 46, 40, tzinfo=UTC)


def test_a_time_without_a_zone_is_that_of_its_place() -> None:
    fields = Fields(id="id", text="body", published_at=local_time("at", "Asia/Shanghai"))
    seen = only([post(at="2026-11-18 17:46:40")], Endpoint(url=URL, fields=fields))
    assert seen.post.published_at == datetime(2026, 11, 18, 9, 46, 40, tzinfo=UTC)


def test_a_post_from_the_future_is_dated_when_it_was_seen() -> None:
    assert only([post(at="2031-01-01T00:00:00Z")]).post.published_at == NOW


def test_what_cannot_be_read_is_counted_and_costs_nothing_else() -> None:
    page = read(
        [None, 7, {}, post(at=None), post(id=None), post(title=3, body=[]), post(id=9)]
    ).page
    assert [o.post.key.native_id for o in page.observations] == ["9"]
    assert page.skipped == 6


def test_deleted_posts_are_told_and_advertisements_left_out() -> None:
    page = read([post(id=1, deleted=True), post(id=2, ad=True), post(id=3, title="", body="")]).page
    assert [d.key.native_id for d in page.deletions] == ["1"]
    assert page.observations == ()
    assert page.skipped == 0


def test_a_picture_without_words_is_a_post() -> None:
    assert only([post(title="", body="", media="image/png")]).post.media is MediaKind.IMAGE


@pytest.mark.parametrize("body", [b"", b"<html>", b"null", b"7", b"[7]", b"[" * 100_000])
def test_what_is_no_list_of_posts_is_unreadable(body: bytes) -> None:
    with pytest.raises(SourceError) as caught:
        read(body)
    assert caught.value.health is Health.UNREADABLE


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=8,
)


@settings(deadline=None)  # the first call compiles expressions
@given(st.dictionaries(st.sampled_from(sorted({*post(), "likes", "user", "media", "lang"})), _JSON))
def test_nothing_but_a_named_trouble_comes_of_any_item(fields: dict[str, Any]) -> None:
    page = read([{**post(id=8), **fields}, post(id=9)]).page
    assert "9" in {o.post.key.native_id for o in page.observations}


def test_html_is_read_by_selectors() -> None:
    fields = Fields(
        id="::attr(id)",
        text=".words",
        published_at="time::attr(datetime)",
        likes=number(".likes"),
        replies=number(".replies"),
    )
    endpoint = Endpoint(
        url=URL, form="html", items="li.post", fields=fields, next_link="a[rel=next]::attr(href)"
    )
    page = (
        b"<meta charset=utf-8><ul><li class=post id=p1><time datetime='2026-11-20T08:00Z'></time>"
        b"<div class=words>Four <b>bags</b> &amp; a fee<br>\xe8\xa1\x8c\xe6\x9d\x8e</div>"
        b"<i class=likes>1,204 likes</i><i class=replies>1.2K</i></li></ul>"
        b"<a rel=next href='/api/posts?page=2'>older</a>"
    )
    answer = read(page, endpoint)
    [seen] = answer.page.observations
    assert seen.post.text == "Four bags & a fee\n行李"
    assert seen.snapshot is not None
    assert (seen.snapshot.likes, seen.snapshot.replies) == (1204, None)
    assert endpoint.following_address(answer) == "https://forum.example/api/posts?page=2"


def test_a_next_link_to_another_host_is_not_followed() -> None:
    endpoint = Endpoint(url=URL, form="html", items="li", fields=POST, next_link="a::attr(href)")
    answer = read(b"<a href='http://169.254.169.254/'>next</a>", endpoint)
    assert endpoint.following_address(answer) is None


def test_structured_data_of_both_sorts_is_one_list() -> None:
    fields = Fields(
        id="id || url || author.name",
        text="reviewBody",
        published_at="datePublished",
        author=Person(name="author.name"),
        rating="reviewRating.ratingValue",
        thread="within.name",
    )
    endpoint = Endpoint(
        url=URL, form="structured", items="[?contains(type, 'Review')]", fields=fields
    )
    page = b"""<script type="application/ld+json">{"@context": "https://schema.org",
      "@type": "Hotel", "name": "Grand", "review": [{"@type": "Review", "@id": "r1",
      "reviewBody": "Cold", "datePublished": "2026-11-01", "reviewRating": {"ratingValue": "2"},
      "author": {"@type": "Person", "name": "Ann"}}]}</script>
      <script type="application/ld+json">{broken</script>
      <div itemscope itemtype="https://schema.org/Hotel"><b itemprop="name">Petit</b>
      <div itemprop="review" itemscope itemtype="https://schema.org/Review">
      <span itemprop="author" itemscope itemtype="https://schema.org/Person">
      <i itemprop="name">Bo</i></span><meta itemprop="datePublished" content="2026-11-02">
      <p itemprop="reviewBody">Loud</p></div></div>"""
    first, second = read(page, endpoint).page.observations
    assert (first.post.key.native_id, first.post.text, first.post.rating) == ("r1", "Cold", 2.0)
    assert (second.post.key.native_id, second.post.text) == ("Bo", "Loud")
    assert str(first.post.thread) == "forum:Grand"
    assert str(second.post.thread) == "forum:Petit"


def test_pages_are_turned_by_what_the_answer_says() -> None:
    by_mark = Endpoint(url=URL, items="posts", fields=POST, next="after")
    assert by_mark.following(read({"posts": [], "after": 7}, by_mark)) == "7"
    assert by_mark.following(read({"posts": [], "after": None}, by_mark)) is None
    counted = Endpoint(url=URL, items="posts", fields=POST, next=numbered(more="more"))
    assert counted.following(read({"posts": [], "more": True}, counted)) == "2"
    assert counted.following(read({"posts": [], "more": False}, counted)) is None


def test_gaps_are_filled_escaped_or_left_out() -> None:
    ask = Ask(options=Options(), query="达美 & co", since=NOW, ids=("1", "a/b"), limit=5)
    template = "{api}/posts?q={query}&lang={language}&since={since}&n={limit}"
    assert filled(template, ask) == (
        "https://forum.example/api/posts?q=%E8%BE%BE%E7%BE%8E%20%26%20co&since=1795305600&n=5"
    )
    assert filled("{api}/posts/{ids}", ask) == "https://forum.example/api/posts/1,a%2Fb"
    assert filled("{api}/posts?after={page}", ask) == "https://forum.example/api/posts"


def test_a_header_is_sent_only_with_its_token() -> None:
    assert filled_header("Bearer {token}", Ask(options=Options())) == ""
    given = Options(token=SecretStr("s3cret"))
    assert filled_header("Bearer {token}", Ask(options=given)) == "Bearer s3cret"
    assert "s3cret" not in given.model_dump_json()
    revealed = given.model_dump_json(context={"reveal_secrets": True})
    assert Options.model_validate_json(revealed) == given


def test_saved_answers_are_known_by_their_path() -> None:
    pattern = path_pattern("{api}/topics/{ids}.json?x={query}")
    assert pattern.fullmatch("/some/where/topics/7.json")
    assert not pattern.fullmatch("/topics/7/posts.json")
    assert path_pattern("https://x.example/a").fullmatch("/a")


def test_an_allowance_lasts_for_its_period_and_says_when_it_goes_on() -> None:
    hourly = Allowance(units=3, per=timedelta(hours=1))
    ledger = Ledger(Options(), {"old": {"requests": (hourly.period(NOW)[0], 1)}})
    ledger.spend("a", hourly, 1, NOW)
    ledger.spend("b", hourly, 1, NOW)
    with pytest.raises(SourceError, match=r"3 of 3 requests .* 2026-11-22 01:00 UTC") as caught:
        ledger.spend("a", hourly, 1, NOW)
    assert caught.value.health is Health.RATE_LIMITED
    ledger.spend("a", hourly, 1, NOW + timedelta(hours=1))


def test_a_day_begins_where_the_platform_counts() -> None:
    daily = Allowance(units=1, zone="America/Los_Angeles")
    assert daily.period(NOW)[1] == datetime(2026, 11, 22, 8, tzinfo=UTC)


def test_a_memory_survives_its_cursor_and_forgets_what_is_past() -> None:
    overlap = timedelta(minutes=10)
    observations = read([post(id=1, at=1_795_000_000), post(id=2, at=1_795_000_900)]).page
    memory = Memory.since(NOW - timedelta(days=9))
    memory = memory.with_page(observations.observations, (), overlap)
    again = Memory.read(memory.written({"requests": ("today", 4)}))
    assert again.newest == 1_795_000_900
    assert again.knows("2")
    assert not again.knows("1")
    assert again.spent == {"requests": ("today", 4)}

"""Bluesky: what its answers mean, who is allowed to search, and how far a voice reaches."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import attrs
import pytest
from pydantic import SecretStr, ValidationError

from monitor.domain import Health, MediaKind, Observation
from spiders.job import CrawlJob, SourceSpec
from spiders.kit.saved import SavedWeb
from spiders.page import Page, SourceError
from spiders.sources.bluesky import SOURCE, BlueskyOptions, BlueskySpider
from spiders.web import Fetched, Web
from tests.spiders.crawling import crawled
from tests.spiders.feeds import NOW as NOW_OF_FEEDS
from tests.spiders.site import Site

NOW = datetime(2026, 11, 22, tzinfo=UTC)
FOLDER = Path(__file__).parent / "responses" / "bluesky"
SESSION = "https://bsky.social/xrpc/com.atproto.server.createSession"
SEARCH = "https://bsky.social/xrpc/app.bsky.feed.searchPosts"
PROFILES = "https://public.api.bsky.app/xrpc/app.bsky.actor.getProfiles"
ANN = "at://did:plc:ann/app.bsky.feed.post/3man1"


SIGNED_IN = BlueskyOptions(handle="me.example", app_password=SecretStr("x-x-x"))


def fetched(body: bytes, url: str = "") -> Fetched:
    return Fetched(url=url, status=200, headers={}, body=body, observed_at=NOW)


def read(body: bytes) -> Page:
    return SOURCE.parse(fetched(body), source="b")


def read_file(name: str) -> Mapping[str, Observation]:
    page = read((FOLDER / name).read_bytes())
    return {o.post.key.native_id.rpartition("/")[2]: o for o in page.observations}


def job(options: BlueskyOptions) -> CrawlJob:
    spec = SourceSpec(name="b", options=options)
    return CrawlJob(source=spec, terms=("delta",), since=datetime(2026, 11, 20, tzinfo=UTC))


def discovered(spider: BlueskySpider, web: Web) -> list[Observation]:
    async def listen() -> list[Observation]:
        pages = [page for query in spider.queries() async for page in spider.discover(query, web)]
        return [o for page in pages for o in page.observations]

    return asyncio.run(listen())


# --- what an answer means -------------------------------------------------------------------------


def test_a_post_brings_its_counters_its_place_in_a_thread_and_its_video() -> None:
    ann = read_file("search.json")["3man1"]
    assert ann.snapshot is not None
    assert (ann.snapshot.likes, ann.snapshot.shares) == (5012, 340)
    assert ann.snapshot.replies == 12
    assert ann.snapshot.views is None
    assert str(ann.post.parent) == "b:at://did:plc:bob/app.bsky.feed.post/3bob"
    assert str(ann.post.thread) == "b:at://did:plc:delta/app.bsky.feed.post/3root"
    assert ann.post.media is MediaKind.VIDEO
    assert ann.post.url == "https://bsky.app/profile/did:plc:ann/post/3man1"
    assert ann.post.language_hint == "en"
    assert ann.post.published_at == datetime(2026, 11, 21, 18, 30, 0, 123_000, tzinfo=UTC)


def test_a_text_is_no_html_and_an_emoji_stays_whole() -> None:
    posts = read_file("search.json")
    assert posts["3man1"].post.text == "Delta lost my bag &amp; nobody answers 😡 👩‍👩‍👧‍👦\n\nday 3"
    assert posts["3mom"].post.text == "تأخرت رحلة Delta \u202aDL 42\u202c سبع ساعات"


def test_a_clock_that_is_ahead_does_not_bring_a_post_from_the_future() -> None:
    assert read_file("search.json")["3mom"].post.published_at == datetime(
        2026, 11, 21, 17, tzinfo=UTC
    )


def test_a_hidden_counter_and_an_invalid_handle_are_absent() -> None:
    omar = read_file("search.json")["3mom"]
    assert omar.snapshot is not None
    assert (omar.snapshot.likes, omar.snapshot.shares, omar.snapshot.replies) == (0, None, None)
    assert omar.post.author is not None
    assert (omar.post.author.native_id, omar.post.author.handle) == ("did:plc:omar", None)


def test_a_picture_without_words_is_a_post_and_a_blocked_one_is_none() -> None:
    page = read((FOLDER / "search.json").read_bytes())
    posts = read_file("search.json")
    assert (posts["3pic"].post.text, posts["3pic"].post.media) == ("", MediaKind.IMAGE)
    assert "3shy" not in posts
    assert page.skipped == 1, "a list is no post"


def test_frames_of_jetstream_are_read_one_a_line_and_the_last_word_holds() -> None:
    page = read((FOLDER / "jetstream.jsonl").read_bytes())
    [seen], [gone] = page.observations, page.deletions
    assert seen.post.text == "delta cancelled us three times"
    assert seen.snapshot is None
    assert seen.post.published_at == datetime(2026, 11, 21, 21, 29, 59, tzinfo=UTC)
    assert gone.key.native_id == "at://did:plc:sad/app.bsky.feed.post/3msad"
    assert page.skipped == 1, "the line that is cut off"


def test_one_frame_alone_is_read() -> None:
    first = (FOLDER / "jetstream.jsonl").read_bytes().splitlines()[0]
    assert [o.post.text for o in read(first + b"\n").observations] == ["delta cancelled us twice"]


def test_a_thread_tells_what_is_gone_above_and_what_is_said_below() -> None:
    page = read((FOLDER / "thread.json").read_bytes())
    assert [o.post.text for o in page.observations] == ["Delta lost my bag", "same here"]
    assert [str(o.post.parent) for o in page.observations] == ["None", f"b:{ANN}"]
    assert [d.key.native_id for d in page.deletions] == ["at://did:plc:bob/app.bsky.feed.post/3bob"]


# --- who may search -------------------------------------------------------------------------------


@attrs.define
class ListeningWeb:
    """Saved answers, and the headers that came with each question."""

    web: SavedWeb
    headers: list[Mapping[str, str]] = attrs.field(factory=list)

    async def get(self, url: str, **given: Any) -> Fetched:
        self.headers.append(dict(given.get("headers") or {}))
        return await self.web.get(url, **given)

    async def post(self, url: str, *, body: bytes, headers: Any = None) -> Fetched:
        return await self.web.post(url, body=body, headers=headers)


def saved(*more: Fetched) -> SavedWeb:
    answers = [
        fetched((FOLDER / "search.json").read_bytes(), SEARCH),
        fetched((FOLDER / "search-older.json").read_bytes(), f"{SEARCH}?cursor=4"),
        *(more or (fetched(b'{"accessJwt": "the-token"}', SESSION),)),
    ]
    return SavedWeb(answers, NOW)


def test_one_login_serves_a_crawl_and_its_token_goes_to_its_own_server_only() -> None:
    web = ListeningWeb(saved())
    options = BlueskyOptions(handle="listener.example", app_password=SecretStr("x-x-x"))
    assert len(discovered(BlueskySpider(job(options), options), web)) == 6
    assert web.web.asked.count(SESSION) == 1
    others = [url for url in web.web.asked if url != SESSION]
    sent = {url.split("/")[2]: h for url, h in zip(others, web.headers, strict=True)}
    assert sent["bsky.social"] == {"Authorization": "Bearer the-token"}
    assert sent["public.api.bsky.app"] == {}


def test_a_login_that_is_refused_is_not_tried_again_for_the_next_name() -> None:
    refused = Fetched(url=SESSION, status=401, headers={}, body=b"{}", observed_at=NOW)
    options = BlueskyOptions(handle="me.example", app_password=SecretStr("x"))
    spider, web = BlueskySpider(job(options), options), saved(refused)
    for _name in ("delta", "united"):
        with pytest.raises(SourceError, match="check handle and app password"):
            discovered(spider, web)
    assert web.asked == [SESSION]


@pytest.mark.parametrize("half", [{"handle": "a.example"}, {"app_password": "x"}])
def test_half_a_login_is_none(half: Mapping[str, str]) -> None:
    with pytest.raises(ValidationError, match=r"give the handle|give app_password_file"):
        BlueskyOptions.model_validate(half)


def test_a_crawl_process_signs_in_and_searches(site: Site) -> None:
    said = (NOW_OF_FEEDS - timedelta(hours=1)).isoformat()
    uri = "at://did:plc:me/app.bsky.feed.post/3live"
    found = {"posts": [{"uri": uri, "record": {"text": "delta again", "createdAt": said}}]}
    site.says("/xrpc/com.atproto.server.createSession", b'{"accessJwt": "abc"}')
    site.says("/xrpc/app.bsky.feed.searchPosts", json.dumps(found).encode())
    options = BlueskyOptions(
        handle="me.example",
        app_password=SecretStr("x-x-x"),
        service=site.url,
        appview=site.url,
        audience=False,
        delay_seconds=0,
    )
    first = crawled(options, terms=("delta",))
    second = crawled(options, terms=("delta",), after=first)
    assert (first.ids, first.health.health) == ([uri], Health.OK)
    assert (second.ids, second.health.health) == ([], Health.OK)
    assert [asked.method for asked in site.asked] == ["POST", "GET"] * 2, "one login a crawl"
    assert json.loads(site.asked[0].body) == {"identifier": "me.example", "password": "x-x-x"}
    assert site.asked[1].headers["authorization"] == "Bearer abc"


@pytest.mark.parametrize(
    ("status", "body", "health"),
    [
        (401, b'{"error":"AuthenticationRequired"}', Health.UNAUTHORIZED),
        (200, b'{"accessJwt": ["x"]}', Health.UNAUTHORIZED),
        (200, b'{"accessJwt": "a\\nb"}', Health.UNAUTHORIZED),
        (200, b"<html>", Health.UNAUTHORIZED),
    ],
)
def test_a_login_that_fails_says_why_and_keeps_the_secret(
    status: int, body: bytes, health: Health
) -> None:
    options = BlueskyOptions(handle="me.example", app_password=SecretStr("s3cr3t"))
    session = Fetched(url=SESSION, status=status, headers={}, body=body, observed_at=NOW)
    with pytest.raises(SourceError) as refused:
        discovered(BlueskySpider(job(options), options), saved(session))
    assert refused.value.health is health
    assert "s3cr3t" not in str(refused.value)


# --- how far a voice reaches ----------------------------------------------------------------------


def test_followers_are_looked_up_and_absent_where_hidden() -> None:
    profiles = {
        "profiles": [
            {"did": "did:plc:ann", "followersCount": 120_034},
            {"did": "did:plc:omar"},
            {"did": 7, "followersCount": 1},
            "rubbish",
        ]
    }
    session = fetched(b'{"accessJwt": "the-token"}', SESSION)
    web = saved(session, fetched(json.dumps(profiles).encode(), PROFILES))
    seen = discovered(BlueskySpider(job(SIGNED_IN), SIGNED_IN), web)
    audience = {o.post.author.native_id: o.post.author.followers for o in seen if o.post.author}
    assert audience["did:plc:ann"] == 120_034
    assert {a for a, count in audience.items() if count is None} == set(audience) - {"did:plc:ann"}


def test_posts_come_even_where_nobody_tells_who_follows_their_authors() -> None:
    web = saved()
    seen = discovered(BlueskySpider(job(SIGNED_IN), SIGNED_IN), web)
    assert len(seen) == 6
    assert sum("getProfiles" in url for url in web.asked) == 1, "it is not asked for ever"


def test_an_operator_may_do_without_the_audience() -> None:
    options, web = SIGNED_IN.model_copy(update={"audience": False}), saved()
    assert len(discovered(BlueskySpider(job(options), options), web)) == 6
    assert not any("getProfiles" in url for url in web.asked)


# --- real answers ---------------------------------------------------------------------------------


def readable(file: Path) -> tuple[Observation, ...]:
    """The posts of a file; none where it is an answer about something else."""
    try:
        return read(file.read_bytes()).observations
    except SourceError:
        return ()


def test_the_recorded_answers_of_a_client_are_read(fixtures: Path) -> None:
    folder = fixtures / "bluesky" / "marshalx"
    seen = {file.stem: o for file in sorted(folder.rglob("*.json")) for o in readable(file)}
    assert sorted(seen) == [
        "custom_record",
        "extended_post_record",
        "post_record",
        "thread_view_post_with_embed_media",
    ]
    assert {o.post.author.native_id for o in seen.values() if o.post.author} == {
        "did:plc:kvwvcn5iqfooopmyzvb4qzba"
    }
    shown = seen["thread_view_post_with_embed_media"]
    assert (shown.post.media, shown.post.text) == (MediaKind.IMAGE, "")
    assert shown.snapshot is not None
    assert (shown.snapshot.likes, shown.snapshot.shares, shown.snapshot.replies) == (0, 0, 0)
    assert seen["post_record"].snapshot is None

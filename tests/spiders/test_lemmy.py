"""Lemmy: posts and comments of its interface, and what servers tell each other."""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path

import pytest

from monitor.domain import Deletion, Health, MediaKind, Observation, PostKey
from spiders.job import CrawlJob, SourceSpec
from spiders.kit.saved import SavedWeb
from spiders.page import Page, SourceError
from spiders.sources.lemmy import SOURCE, LemmyOptions
from spiders.web import Fetched

NOW = datetime(2026, 11, 22, tzinfo=UTC)
FOLDER = Path(__file__).parent / "responses" / "lemmy"


def fetched(body: bytes, url: str = "", status: int = 200) -> Fetched:
    return Fetched(url=url, status=status, headers={}, body=body, observed_at=NOW)


def read(body: bytes) -> Page:
    return SOURCE.parse(fetched(body), source="l")


def posts(name: str) -> dict[str, Observation]:
    return {o.post.key.native_id: o for o in read((FOLDER / name).read_bytes()).observations}


def test_a_post_has_its_title_its_body_its_counters_and_its_video() -> None:
    seen = posts("search.json")["post/9001"]
    assert seen.post.text == (
        "Delta charged soldiers for bags <again>\nI <3 flying, but $200?\n\n- bag *four*"
    )
    assert seen.snapshot is not None
    assert (seen.snapshot.likes, seen.snapshot.replies, seen.snapshot.views) == (1200, 212, None)
    assert seen.post.media is MediaKind.VIDEO
    assert seen.post.url == "https://far.example/post/88"
    assert (seen.post.parent, seen.post.thread) == (None, None)
    assert seen.post.author is not None
    assert seen.post.author.native_id == "https://far.example/u/bob"
    assert (seen.post.author.handle, seen.post.author.name) == ("bob@far.example", "Bob 🧳")


def test_a_comment_knows_its_elders() -> None:
    seen = posts("search.json")
    first, deeper = seen["comment/77001"], seen["comment/77003"]
    assert (str(first.post.parent), str(first.post.thread)) == ("l:post/9001", "l:post/9001")
    assert (str(deeper.post.parent), str(deeper.post.thread)) == ("l:comment/77002", "l:post/9001")
    assert first.post.text.startswith("They did it to me too & never answered")
    assert first.snapshot is not None
    assert (first.snapshot.likes, first.snapshot.replies) == (44, 3)
    assert deeper.snapshot is None
    assert deeper.post.published_at == datetime(2026, 11, 21, 14, tzinfo=UTC), "no zone is UTC"


def test_a_score_is_no_count_of_likes() -> None:
    seen = posts("search.json")["post/8700"]
    assert seen.snapshot is not None
    assert (seen.snapshot.likes, seen.snapshot.replies) == (None, 0)
    assert seen.post.published_at == datetime(2026, 11, 20, 0, tzinfo=UTC)
    assert seen.post.media is MediaKind.LINK
    assert posts("search.json")["post/8600"].post.media is MediaKind.IMAGE


def test_version_four_reads_as_version_three() -> None:
    seen = posts("search-v4.json")
    assert list(seen) == ["comment/77101", "post/9001"]
    comment, post = seen["comment/77101"], seen["post/9001"]
    assert comment.snapshot is not None
    assert (comment.snapshot.likes, comment.snapshot.replies) == (2, 0)
    assert post.snapshot is not None
    assert (post.snapshot.likes, post.snapshot.replies) == (1200, 212)
    assert comment.post.author is not None
    assert comment.post.author.handle == "bob@far.example"


def test_what_servers_tell_each_other_is_read_and_private_messages_are_not() -> None:
    page = read((FOLDER / "outbox.json").read_bytes())
    [seen], [gone] = page.observations, page.deletions
    assert seen.post.text == "Delta & I\nKept on hold for three hours"
    assert seen.post.key.native_id == seen.post.url == "https://lemmy.example/post/9500"
    assert seen.post.language_hint == "en"
    assert seen.post.author is not None
    assert seen.post.author.handle == "wei@lemmy.example"
    assert gone.key.native_id == "https://lemmy.example/post/9400"


def refreshed(body: bytes, status: int) -> list[Deletion]:
    options = LemmyOptions(server="https://lemmy.example")
    job = CrawlJob(
        source=SourceSpec(name="l", options=options), since=NOW, refresh=(PostKey("l", "post/7"),)
    )
    web = SavedWeb([fetched(body, "https://lemmy.example/api/v3/post?id=7", status)], NOW)

    async def look() -> list[Deletion]:
        pages = [page async for page in SOURCE.spider(job, options).refresh(web)]
        return [d for page in pages for d in page.deletions]

    return asyncio.run(look())


@pytest.mark.parametrize(
    ("status", "error"), [(400, "couldnt_find_post"), (404, "not_found"), (404, "unknown")]
)
def test_a_server_says_that_a_post_is_gone_in_several_ways(status: int, error: str) -> None:
    [gone] = refreshed(json.dumps({"error": error}).encode(), status)
    assert gone.key.native_id == "post/7"


def test_another_refusal_is_no_deletion() -> None:
    with pytest.raises(SourceError, match="crawl less often") as refused:
        refreshed(b'{"error": "rate_limit_error"}', 400)
    assert refused.value.health is Health.RATE_LIMITED
    with pytest.raises(SourceError, match="not_logged_in") as refused:
        refreshed(b'{"error": "not_logged_in"}', 400)
    assert refused.value.health is Health.UNREADABLE
    assert refreshed(b"<html>Not Found</html>", 404) == []


# --- real answers ---------------------------------------------------------------------------------


def test_the_objects_of_fifteen_servers_are_read(fixtures: Path) -> None:
    assets = fixtures / "fediverse-activitypub" / "lemmy" / "crates" / "apub" / "apub" / "assets"
    seen: dict[str, list[Observation]] = {}
    gone: list[str] = []
    for file in sorted(assets.rglob("*.json")):
        try:
            page = read(file.read_bytes())
        except SourceError:
            continue  # a person, a like, a follower: no post
        assert page.skipped == 0, file.name
        seen[str(file.relative_to(assets))] = list(page.observations)
        gone += [d.key.native_id for d in page.deletions]
    servers = Counter(name.split("/")[0] for name, found in seen.items() if found)
    assert len(servers) == 13
    assert sum(map(len, seen.values())) == 46
    assert (len(gone), len(set(gone))) == (8, 7)
    assert not seen["mastodon/activities/private_message.json"]

    [video] = seen["peertube/objects/video.json"]
    assert video.post.media is MediaKind.VIDEO
    assert video.post.language_hint == "en"
    assert video.post.author is not None
    assert video.post.author.handle == "thelinuxexperiment@tilvids.com"
    assert video.snapshot is not None
    assert (video.snapshot.views, video.snapshot.likes) == (360, None)
    [note] = seen["mastodon/objects/note_2.json"]
    assert note.snapshot is not None
    assert (note.snapshot.likes, note.snapshot.shares, note.snapshot.replies) == (39, 24, None)
    [reply] = seen["lemmy/objects/comment.json"]
    assert str(reply.post.parent) == "l:https://enterprise.lemmy.ml/post/55143"
    assert reply.post.language_hint == "fr"

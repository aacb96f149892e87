"""Facebook, Instagram and Threads by the Graph API."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from monitor.domain import EngagementSnapshot, Health, MediaKind, Observation, PostKey
from spiders.job import CrawlJob, SourceSpec
from spiders.kinds import KINDS
from spiders.page import Page, SourceError
from spiders.web import Fetched

SAVED = Path(__file__).parent / "responses"
NOW = datetime(2026, 11, 22, tzinfo=UTC)


def read(kind: str, file: Path, url: str = "https://x.example/") -> Page:
    fetched = Fetched(url=url, status=200, headers={}, body=file.read_bytes(), observed_at=NOW)
    return KINDS[kind].parse(fetched, source="x")


def counts(observation: Observation) -> tuple[int | None, int | None, int | None]:
    snapshot = observation.snapshot
    assert isinstance(snapshot, EngagementSnapshot)
    return snapshot.likes, snapshot.shares, snapshot.replies


def test_a_page_is_read_with_the_comments_on_its_posts() -> None:
    posts = read("facebook", SAVED / "facebook/first.json").observations
    assert [o.post.key.native_id for o in posts] == [
        "1200_9001",
        "comment/9001_71",
        "comment/9001_75",
        "1200_8990",
    ]
    post, comment, answer, plain = posts
    assert (post.post.media, counts(post)) == (MediaKind.VIDEO, (1507, 412, 96))
    assert post.post.author is not None
    assert post.post.author.followers == 81234
    assert comment.post.thread == comment.post.parent == post.post.key
    assert answer.post.parent == comment.post.key
    assert answer.post.published_at == datetime(2026, 11, 21, 10, 5, tzinfo=UTC)
    assert (answer.post.media, counts(answer)) == (MediaKind.IMAGE, (0, None, 0))
    assert plain.snapshot is None


def test_an_account_is_read_with_its_audience_and_a_hashtag_without_authors() -> None:
    account = read("instagram", SAVED / "instagram/discovery.json").observations
    assert [o.post.author and o.post.author.followers for o in account] == [64976] * 3
    assert counts(account[0]) == (0, None, 16)
    tagged = read("instagram", SAVED / "instagram/recent.json").observations
    assert [(o.post.author, o.post.media) for o in tagged] == [
        (None, MediaKind.VIDEO),
        (None, MediaKind.IMAGE),
    ]
    assert counts(tagged[1]) == (None, None, 2)


def test_a_reply_on_threads_knows_its_thread() -> None:
    first, reply, root = read("threads", SAVED / "threads/search.json").observations[:3]
    assert first.post.text == "Acme lost my bag &amp; says nothing 👨‍👩‍👧‍👦"
    assert reply.post.thread == reply.post.parent == root.post.key
    assert reply.post.published_at == datetime(2026, 11, 21, 20, tzinfo=UTC)
    assert root.post.media is MediaKind.VIDEO
    assert root.snapshot is None


class _Refusing:
    def __init__(self, body: bytes) -> None:
        self.body = body
        self.headers: list[Mapping[str, str] | None] = []
        self.urls: list[str] = []

    async def get(self, url: str, *, headers: Any = None, **_given: Any) -> Fetched:
        self.headers.append(headers)
        self.urls.append(url)
        answer = Fetched(url=url, status=400, headers={}, body=self.body, observed_at=NOW)
        raise SourceError(Health.UNREADABLE, "answers 400", answer)

    post = get


def _refreshed(web: _Refusing) -> list[Page]:
    options = KINDS["facebook"].options.model_validate(
        {"kind": "facebook", "pages": ["1"], "token": "s3cret"}
    )
    job = CrawlJob(
        source=SourceSpec(name="x", options=options),
        refresh=(PostKey("x", "1_2"), PostKey("x", "comment/2_3")),
        since=NOW,
    )

    async def pages() -> list[Page]:
        return [page async for page in KINDS["facebook"].spider(job, options).refresh(web)]

    return asyncio.run(pages())


def test_what_is_deleted_on_facebook_is_told_to_be_gone() -> None:
    web = _Refusing((SAVED / "facebook/gone.json").read_bytes())
    gone = {d.key.native_id for page in _refreshed(web) for d in page.deletions}
    assert gone == {"1_2", "comment/2_3"}


def test_the_token_travels_in_a_header_and_never_in_an_address() -> None:
    web = _Refusing((SAVED / "facebook/gone.json").read_bytes())
    _refreshed(web)
    assert web.headers == [{"Authorization": "Bearer s3cret"}] * 2
    assert not any("s3cret" in url for url in web.urls)


@pytest.mark.parametrize(
    ("body", "health"),
    [
        (b'{"error": {"message": "expired", "code": 190}}', Health.UNAUTHORIZED),
        (b'{"error": {"message": "slower", "code": 4}}', Health.RATE_LIMITED),
        (b'{"error": {"message": "later", "code": 2}}', Health.SERVER_ERROR),
        (b'{"error": {"message": "no", "code": 100}}', Health.UNREADABLE),
        (b"<html>", Health.UNREADABLE),
        (b'{"error": "text"}', Health.UNREADABLE),
    ],
)
def test_another_refusal_deletes_nothing(body: bytes, health: Health) -> None:
    with pytest.raises(SourceError) as refused:
        _refreshed(_Refusing(body))
    assert refused.value.health is health


# file, kind: posts, authors, sum of likes
READ = {
    ("facebook", "facebook/apidata/posts/feed_fields_p1.json"): (5, 0, 0),
    ("facebook", "facebook/apidata/posts/feeds_default_fields_p1.json"): (5, 0, None),
    ("facebook", "facebook/apidata/posts/multi_posts_data.json"): (17, 14, None),
    ("facebook", "facebook/apidata/posts/single_post_data.json"): (1, 0, 1),
    ("facebook", "facebook/apidata/comments/comments_p1.json"): (10, 0, 0),
    ("facebook", "facebook/apidata/comments/comments_info.json"): (2, 0, 0),
    ("facebook", "facebook/apidata/videos/videos_p1.json"): (3, 0, 0),
    ("facebook", "facebook/models/post.json"): (1, 0, 8878),
    ("facebook", "facebook/models/comment.json"): (1, 1, 0),
    ("instagram", "instagram/apidata/discovery/medias_p1.json"): (2, 1, 273),
    ("instagram", "instagram/apidata/hashtags/hashtag_recent_medias_p1.json"): (5, 0, 3349),
    ("instagram", "instagram/apidata/hashtags/hashtag_top_medias_p1.json"): (25, 0, None),
    ("instagram", "instagram/apidata/comments/comments_fields.json"): (2, 2, 1),
    ("instagram", "instagram/apidata/users/tagged_medias.json"): (5, 0, None),
    ("instagram", "instagram/apidata/users/mentioned_media.json"): (1, 0, 0),
    ("instagram", "instagram/models/ig_comment.json"): (2, 1, 1),
}


@pytest.mark.parametrize(("kind", "name"), READ)
def test_recorded_answers_are_read(fixtures: Path, kind: str, name: str) -> None:
    file = fixtures / "facebook-instagram/python-facebook/testdata" / name
    seen = read(kind, file).observations
    posts, authors, likes = READ[kind, name]
    assert len(seen) == posts
    assert len({o.post.author.native_id for o in seen if o.post.author}) == authors
    if likes is not None:
        assert sum((o.snapshot.likes or 0) for o in seen if o.snapshot) == likes


def test_recorded_threads_are_read(fixtures: Path) -> None:
    file = fixtures / "feeds/huginn/spec/data_fixtures/threads_user_posts.json"
    seen = read("threads", file, "https://graph.threads.net/v1.0/me/threads").observations
    assert [(o.post.key.native_id, o.post.text) for o in seen] == [
        ("1002", "Second post"),
        ("1001", "First post"),
    ]
    assert {o.post.author.handle for o in seen if o.post.author} == {"threads-user"}

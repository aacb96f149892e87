from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import yaml

from monitor.domain import Health, MediaKind
from spiders.page import SourceError
from spiders.parse.mastodon import (
    parse_account_id,
    parse_paging,
    parse_status,
    parse_statuses,
)
from tests.spiders.feeds import as_json, status, status_id

NOW = datetime(2030, 1, 1, tzinfo=UTC)
URL = "https://social.example/api/v1/timelines/tag/x"


def read_one(**fields: Any) -> Any:
    return parse_status(as_json(status(0, **fields)), source="m", url=URL, observed_at=NOW)


def recorded(fixtures: Path, name: str = "*") -> Iterator[tuple[str, bytes]]:
    """Addresses and bodies of the recorded answers of real servers."""
    for path in sorted((fixtures / "mastodon").rglob(f"{name}.yaml")):
        for exchange in yaml.load(path.read_text(), Loader=yaml.CSafeLoader)["interactions"]:
            request, response = exchange["request"], exchange["response"]
            body = response["body"].get("string") or ""
            if request["method"] == "GET" and response["status"]["code"] == 200:
                yield request["uri"], body if isinstance(body, bytes) else body.encode()


def test_every_recorded_status_is_read(fixtures: Path) -> None:
    read = 0
    for uri, body in recorded(fixtures):
        if "/api/v1/statuses/" not in uri:
            continue
        answer = json.loads(body)
        if not isinstance(answer, dict) or "account" not in answer:
            continue
        observation = parse_status(body, source="m", url=uri, observed_at=NOW)
        read += 1
        assert observation.post.key.native_id == answer["id"]
        assert observation.post.url == answer["url"]
        assert observation.snapshot is not None
        assert observation.snapshot.likes == answer["favourites_count"]
        assert observation.snapshot.shares == answer["reblogs_count"]
        assert observation.snapshot.replies == answer["replies_count"]
        assert observation.post.author is not None
        assert observation.post.author.followers == answer["account"]["followers_count"]
        assert "<" not in observation.post.text
    assert read >= 8


def test_every_recorded_timeline_is_read_whole(fixtures: Path) -> None:
    read = 0
    for uri, body in recorded(fixtures):
        if "/filters/" in uri:
            continue
        if "/timelines/" not in uri and not uri.split("?")[0].endswith("/statuses"):
            continue
        answer = json.loads(body)
        if not isinstance(answer, list):
            continue
        page = parse_statuses(body, source="m", url=uri, observed_at=NOW)
        assert page.skipped == 0
        assert [o.post.key.native_id for o in page.observations] == [s["id"] for s in answer]
        read += len(answer)
    assert read >= 50


def test_an_edited_status_is_read_as_it_is_now(fixtures: Path) -> None:
    [body] = [
        body
        for uri, body in recorded(fixtures, "test_status_edit")
        if uri.rpartition("/")[2].isdecimal()
    ]
    answer = json.loads(body)
    assert answer["edited_at"]
    post = parse_status(body, source="m", url=URL, observed_at=NOW).post
    assert post.text
    assert post.text in answer["content"]


def test_the_answer_to_a_search_is_a_list_of_statuses(fixtures: Path) -> None:
    bodies = [body for uri, body in recorded(fixtures, "test_search") if "type=statuses" in uri]
    assert bodies
    for body in bodies:
        page = parse_statuses(body, source="m", url=URL, observed_at=NOW)
        assert len(page.observations) == len(json.loads(body)["statuses"])


def test_counters_author_and_reply_are_taken_over() -> None:
    observation = read_one(in_reply_to_id=status_id(7), language="zh-TW")
    snapshot, post = observation.snapshot, observation.post
    assert (snapshot.likes, snapshot.shares, snapshot.replies, snapshot.views) == (3, 2, 1, None)
    assert post.author.handle == "ann@social.example"
    assert post.author.followers == 1234
    assert post.parent.native_id == status_id(7)
    assert post.language_hint == "zh-TW"


def test_a_hidden_counter_is_absent_and_nonsense_is_hidden() -> None:
    snapshot = read_one(favourites_count=None, reblogs_count=-1, replies_count="many").snapshot
    assert (snapshot.likes, snapshot.shares, snapshot.replies) == (None, None, None)


def test_a_content_warning_is_the_first_line() -> None:
    post = read_one(spoiler_text="airline rant", content="<p>four bags<br>no refund</p>").post
    assert post.text == "airline rant\nfour bags\nno refund"


def test_a_shortened_link_is_whole_again() -> None:
    content = (
        '<p>see <a href="https://x.example/a/b"><span class="invisible">https://</span>'
        '<span class="ellipsis">x.example/a</span><span class="invisible">/b</span></a></p>'
    )
    assert read_one(content=content).post.text == "see https://x.example/a/b"


@pytest.mark.parametrize(
    ("attached", "card", "media"),
    [
        (["image", "video"], None, MediaKind.VIDEO),
        (["gifv"], None, MediaKind.VIDEO),
        (["image"], None, MediaKind.IMAGE),
        (["audio"], None, MediaKind.AUDIO),
        (["unknown"], None, MediaKind.NONE),
        ([], "video", MediaKind.VIDEO),
        ([], "link", MediaKind.LINK),
        ([], None, MediaKind.NONE),
    ],
)
def test_what_a_status_carries_is_named(
    attached: list[str], card: str | None, media: MediaKind
) -> None:
    post = read_one(
        media_attachments=[{"type": kind} for kind in attached], card=card and {"type": card}
    ).post
    assert post.media is media


def test_private_statuses_are_left_out_and_boosts_stand_for_what_they_boost() -> None:
    timeline = [
        status(1, visibility="private"),
        status(2, visibility="direct"),
        status(3, visibility="unlisted"),
        status(4, reblog=status(5)),
    ]
    page = parse_statuses(as_json(timeline), source="m", url=URL, observed_at=NOW)
    assert [o.post.key.native_id for o in page.observations] == [status_id(3), status_id(5)]


def test_one_malformed_status_is_counted_and_does_not_hide_the_others() -> None:
    timeline: list[Any] = [{"id": 3}, None, "x", status(1), status(2, created_at="soon")]
    page = parse_statuses(as_json(timeline), source="m", url=URL, observed_at=NOW)
    assert [o.post.key.native_id for o in page.observations] == [status_id(1)]
    assert page.skipped == 4


@pytest.mark.parametrize("body", [b"", b"<html>", b"{}", b"[1]", b'"x"', b"[" * 100_000, b"null"])
def test_what_is_no_timeline_is_unreadable_by_name(body: bytes) -> None:
    with pytest.raises(SourceError) as caught:
        parse_statuses(body, source="m", url=URL, observed_at=NOW)
    assert caught.value.health is Health.UNREADABLE
    assert URL in caught.value.detail


def test_an_account_is_known_by_its_id() -> None:
    assert parse_account_id(b'{"id":"42","acct":"ann"}', url=URL) == "42"
    with pytest.raises(SourceError, match="no account"):
        parse_account_id(b'{"error":"Record not found"}', url=URL)


def test_paging_takes_parameters_and_never_an_address() -> None:
    header = (
        '<https://evil.example/api?limit=40&max_id=7&access_token=x>; rel="next", '
        '<https://evil.example/api?min_id=9>; rel="prev"'
    )
    assert parse_paging(header) == {"next": {"max_id": "7"}, "prev": {"min_id": "9"}}
    assert parse_paging("") == {}

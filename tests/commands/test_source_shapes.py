"""``sparkwatch source try`` on answers of many shapes, without their address."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import yaml
from typer.testing import CliRunner

from monitor.cli import app
from monitor.domain import Deletion, Observation
from monitor.wire import decode

STATUS = {
    "id": "11",
    "created_at": "2026-11-20T10:00:00+08:00",
    "content": "<p>lost &amp; found</p>",
    "visibility": "public",
    "account": {"id": "1", "acct": "ann"},
    "favourites_count": 2,
}


def tried(folder: Path, kind: str, content: Any, *more: str, name: str = "answer.json") -> Any:
    """The values, the exit code, and what was said of a saved answer."""
    file = folder / name
    said = content if isinstance(content, bytes) else json.dumps(content).encode()
    file.write_bytes(said)
    arguments = ["source", "try", kind, "--response", str(file), "--json", *more]
    result = CliRunner().invoke(app, arguments)
    assert "Traceback" not in result.output
    return [decode(line) for line in result.stdout.splitlines()], result.exit_code, result.stderr


def posts(values: list[Any]) -> dict[str, Observation]:
    return {v.post.key.native_id: v for v in values if isinstance(v, Observation)}


def gone(values: list[Any]) -> list[str]:
    return [v.key.native_id for v in values if isinstance(v, Deletion)]


def test_an_error_of_a_platform_is_no_empty_list(tmp_path: Path) -> None:
    error = {"error": {"code": 400, "errors": [{"reason": "keyInvalid"}]}}
    values, code, said = tried(tmp_path, "youtube", error)
    assert (values, code) == ([], 1)
    assert "answer.json: unreadable: no list" in said
    assert "check that this is the interface of youtube" in said


def test_an_empty_list_is_no_error_and_is_told(tmp_path: Path) -> None:
    values, code, said = tried(tmp_path, "stackexchange", {"items": [], "has_more": False})
    assert (values, code) == ([], 0)
    assert "answer.json: an answer without a public post" in said


def test_one_status_stands_for_a_list_of_one(tmp_path: Path) -> None:
    values, code, _ = tried(tmp_path, "mastodon", STATUS)
    assert code == 0
    [seen] = values
    assert seen.post.text == "lost & found"
    assert f"{seen.post.published_at:%H:%M %Z}" == "02:00 UTC"
    assert seen.snapshot.likes == 2
    assert seen.snapshot.replies is None


def test_a_private_status_stands_for_nothing(tmp_path: Path) -> None:
    assert tried(tmp_path, "mastodon", {**STATUS, "visibility": "direct"})[:2] == ([], 0)


def test_what_stands_around_a_status_is_one_thread(tmp_path: Path) -> None:
    root = {**STATUS, "id": "10"}
    below = {**STATUS, "id": "12", "in_reply_to_id": "11"}
    context = {"ancestors": [root], "descendants": [below]}
    seen = posts(tried(tmp_path, "mastodon", context)[0])
    assert seen["10"].post.thread is None
    assert str(seen["12"].post.thread) == "mastodon:10"
    assert str(seen["12"].post.parent) == "mastodon:11"
    url = "https://town.example/api/v1/statuses/11/context"
    asked = tried(tmp_path, "mastodon", {"ancestors": [], "descendants": [below]}, "--url", url)
    assert str(posts(asked[0])["12"].post.thread) == "mastodon:11"


def test_what_a_client_has_deleted_is_not_read_from_its_cassette(tmp_path: Path) -> None:
    def of(method: str, native_id: str) -> dict[str, Any]:
        uri = f"https://town.example/api/v1/statuses/{native_id}"
        body = {"string": json.dumps({**STATUS, "id": native_id})}
        return {
            "request": {"uri": uri, "method": method},
            "response": {"status": {"code": 200}, "headers": {}, "body": body},
        }

    tape = {"interactions": [of("GET", "11"), of("DELETE", "12")], "version": 1}
    recorded = yaml.safe_dump(tape).encode()
    values, _, _ = tried(tmp_path, "mastodon", recorded, name="tape.yaml")
    assert list(posts(values)) == ["11"]


def item(number: int, *children: Any, **more: Any) -> dict[str, Any]:
    said = {"id": number, "created_at_i": 1_790_000_000 + number, "author": "ann", "points": None}
    return {**said, "type": "comment", "text": f"<p>c{number}", "children": [*children], **more}


def test_a_thread_of_hacker_news_comes_with_all_that_is_below_it(tmp_path: Path) -> None:
    deleted = item(4, author=None, text=None, parent_id=2)
    below = item(2, item(3, parent_id=2), deleted, parent_id=1)
    story = item(1, below, type="story", title="Bags", text=None, points=9)
    values, code, _ = tried(tmp_path, "hackernews", story)
    seen = posts(values)
    assert (code, list(seen), gone(values)) == (0, ["1", "2", "3"], ["4"])
    assert [str(seen[i].post.parent) for i in "23"] == ["hackernews:1", "hackernews:2"]
    assert {str(seen[i].post.thread) for i in "23"} == {"hackernews:1"}
    assert seen["1"].snapshot is not None
    assert (seen["1"].snapshot.likes, seen["1"].snapshot.replies) == (9, 2)


def test_an_item_of_hacker_newss_own_interface_is_read(tmp_path: Path) -> None:
    told = {"id": 8, "by": "ann", "time": 1_790_000_000, "type": "comment", "parent": 7}
    values, _, _ = tried(tmp_path, "hackernews", {**told, "text": "a &gt; b", "kids": [9]})
    [seen] = values
    assert (seen.post.text, str(seen.post.parent)) == ("a > b", "hackernews:7")
    removed = {**told, "deleted": True}
    url = "https://hacker-news.firebaseio.com/v0/item/8.json"
    assert gone(tried(tmp_path, "hackernews", removed, "--url", url)[0]) == ["8"]


def test_one_answer_of_stack_exchange_is_not_taken_for_its_question(tmp_path: Path) -> None:
    told = {"answer_id": 5, "question_id": 3, "creation_date": 1_790_000_000, "body": "<p>so</p>"}
    values, _, _ = tried(tmp_path, "stackexchange", {"items": [told]})
    [seen] = values
    assert seen.post.key.native_id == "answer/5"
    assert str(seen.post.parent) == "stackexchange:3"


def frame(operation: str, key: str, **record: Any) -> bytes:
    commit: dict[str, Any] = {
        "operation": operation,
        "collection": "app.bsky.feed.post",
        "rkey": key,
    }
    commit |= {"record": record} if record else {}
    told = {"did": "did:plc:ann", "time_us": 1_790_000_000_000_000, "kind": "commit"}
    return json.dumps({**told, "commit": commit}).encode()


def test_frames_are_read_though_the_first_is_cut_off(tmp_path: Path) -> None:
    said = {"text": "a\u2028b", "createdAt": "2026-09-21T14:13:19.000Z", "langs": ["en"]}
    account = b'{"did": "did:plc:ann", "time_us": 1, "kind": "account", "account": {}}'
    lines = [b'"text": "cut"}}', frame("create", "1", **said), account, frame("delete", "2")]
    values, code, told = tried(tmp_path, "bluesky", b"\r\n".join(lines), name="frames.jsonl")
    assert code == 0
    assert list(posts(values)) == ["at://did:plc:ann/app.bsky.feed.post/1"]
    assert gone(values) == ["at://did:plc:ann/app.bsky.feed.post/2"]
    assert "1 entries could not be read" in told


def test_a_comment_of_a_mark_alone_keeps_its_mark(tmp_path: Path) -> None:
    told = {"name": "t1_a", "id": "a", "author": "ann", "created_utc": 1_790_000_000, "score": 1}
    told |= {"body": "&gt;", "body_html": "<div><blockquote></blockquote></div>"}
    told |= {"link_id": "t3_b", "parent_id": "t3_b"}
    listing = {"kind": "Listing", "data": {"children": [{"kind": "t1", "data": told}]}}
    values, _, _ = tried(tmp_path, "reddit", listing)
    assert [v.post.text for v in values] == [">"]


def test_a_saved_page_is_at_the_address_that_it_calls_its_own(tmp_path: Path) -> None:
    page = b"""<html><head><link rel="canonical" href="https://shop.example/bag?x=1"></head>
    <script type="application/ld+json">
    {"@type": "Review", "url": "#r-20031", "reviewBody": "torn", "datePublished": "2026", // new
    }</script></html>"""
    values, _, _ = tried(tmp_path, "reviews", page, name="page.html")
    assert list(posts(values)) == ["https://shop.example/bag#r-20031"]


def test_links_of_a_saved_feed_begin_at_its_site(tmp_path: Path) -> None:
    feed = b"""<rss version="2.0"><channel><link>https://news.example/</link>
    <item><title>Lost &amp;amp; found</title><link>/a/1</link></item></channel></rss>"""
    values, _, _ = tried(tmp_path, "rss", feed, name="feed.xml")
    assert [(v.post.url, v.post.text) for v in values] == [
        ("https://news.example/a/1", "Lost & found")
    ]

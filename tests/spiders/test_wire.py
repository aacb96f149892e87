from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.domain import (
    Author,
    Cursor,
    Deletion,
    EngagementSnapshot,
    FaultyAnswer,
    Health,
    MediaKind,
    Observation,
    Post,
    PostKey,
    SourceHealth,
)
from monitor.wire import WireError, WireValue, decode, encode

NOW = datetime(2026, 11, 21, 12, 0, 0, 123456, tzinfo=timezone(timedelta(hours=8)))
KEY = PostKey(source="s", native_id="a:b")


@pytest.mark.parametrize(
    "value",
    [
        Observation(
            post=Post(
                key=KEY,
                text="四件行李\n😡",
                published_at=NOW,
                url="https://x.example/",
                author=Author(native_id="1", handle="ann", name="安", followers=3),
                parent=PostKey(source="s", native_id="p"),
                thread=PostKey(source="s", native_id="t"),
                language_hint="zh-Hans",
                media=MediaKind.VIDEO,
                rating=4.5,
            ),
            observed_at=NOW,
            snapshot=EngagementSnapshot(key=KEY, taken_at=NOW, views=0, likes=None, shares=7),
        ),
        Observation(post=Post(key=KEY, text="x", published_at=NOW), observed_at=NOW),
        Deletion(key=KEY, observed_at=NOW),
        Cursor(source="s", query="tag:达美", value='{"a":1}', saved_at=NOW),
        SourceHealth(source="s", finished_at=NOW, health=Health.FORBIDDEN, items=3, detail="d"),
        SourceHealth(
            source="s",
            finished_at=NOW,
            health=Health.OK,
            answers=(("2xx", 3), ("none", 1)),
            missing=(("url", 2),),
            lag=1.5,
        ),
        FaultyAnswer(
            source="s",
            place="https://x.example/",
            status=200,
            content_type="text/html",
            reason="no JSON",
            body=b"\x00\xff<html>",
            observed_at=NOW,
        ),
    ],
    ids=lambda value: type(value).__name__,
)
def test_a_value_arrives_as_it_was_sent(value: WireValue) -> None:
    line = encode(value)
    assert decode(line) == value
    assert "\n" not in line


@given(st.text())
def test_no_text_breaks_a_line_or_reaches_a_terminal(text: str) -> None:
    post = Post(key=KEY, text=text, published_at=NOW)
    line = encode(Observation(post=post, observed_at=NOW))
    assert line.isascii()
    assert line.isprintable()
    arrived = decode(line.encode())
    assert isinstance(arrived, Observation)
    assert arrived.post.text == text


@pytest.mark.parametrize(
    "line",
    [
        "",
        "{}",
        "[]",
        "3",
        "Traceback (most recent call last):",
        '{"type":"Brand"}',
        '{"type":"Deletion"}',
        '{"type":"Deletion","key":{"source":"s","native_id":"1"},"observed_at":"2026-11-21T00:00"}',
        '{"type":"SourceHealth","source":"s","finished_at":"2026-11-21T00:00+00:00","health":"?"}',
    ],
)
def test_what_is_no_value_is_an_error(line: str) -> None:
    with pytest.raises(WireError):
        decode(line)


def test_an_error_shows_no_control_characters() -> None:
    with pytest.raises(WireError) as caught:
        decode(b"\x1b[2J")
    assert "\x1b" not in str(caught.value)


def test_a_moment_keeps_its_zone() -> None:
    arrived = decode(encode(Deletion(key=KEY, observed_at=NOW.astimezone(UTC))))
    assert isinstance(arrived, Deletion)
    assert arrived.observed_at.utcoffset() == timedelta(0)

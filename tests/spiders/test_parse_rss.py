from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from monitor.domain import Health, MediaKind, Observation
from spiders.page import Page, SourceError
from spiders.parse.rss import parse_feed

NOW = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
URL = "https://forum.example/feed"
NAMESPACES = (
    'xmlns:slash="http://purl.org/rss/1.0/modules/slash/" '
    'xmlns:thr="http://purl.org/syndication/thread/1.0" '
    'xmlns:dc="http://purl.org/dc/elements/1.1/" '
    'xmlns:content="http://purl.org/rss/1.0/modules/content/" '
    'xmlns:im="http://itunes.apple.com/rss"'
)


def parsed(items: str, channel: str = "") -> Page:
    feed = f'<rss version="2.0" {NAMESPACES}><channel>{channel}{items}</channel></rss>'
    return parse_feed(feed.encode(), source="forum", url=URL, observed_at=NOW)


def only(item: str, channel: str = "") -> Observation:
    page = parsed(f"<item><guid isPermaLink='false'>g</guid>{item}</item>", channel)
    [observation] = page.observations
    return observation


def outcome(path: Path) -> Page | SourceError:
    try:
        return parse_feed(path.read_bytes(), source="s", url=URL, observed_at=NOW)
    except SourceError as error:
        return error


def test_every_feed_of_the_collection_parses_or_gives_a_named_error(fixtures: Path) -> None:
    files = [p for p in (fixtures / "feeds").rglob("*") if p.suffix in (".xml", ".rss", ".atom")]
    outcomes = {path: outcome(path) for path in files}
    assert len(outcomes) > 1_000
    # Most of these feeds are miniatures that hold a single element and no text.
    errors = {path: o for path, o in outcomes.items() if isinstance(o, SourceError)}
    assert len(outcomes) - len(errors) > 200
    for path, error in errors.items():
        assert error.health in (Health.EMPTY, Health.UNREADABLE), path
        assert error.detail.isprintable(), path
    for path, page in outcomes.items():
        for observation in () if isinstance(page, SourceError) else page.observations:
            post = observation.post
            assert post.text.strip(), path
            assert "\x00" not in post.text, path
            assert post.key.native_id, path
            assert post.published_at <= NOW, path
            assert post.url is None or post.url.startswith("http"), path
            assert post.text.encode(), path


def test_real_feeds_of_the_collection_bring_all_their_entries(fixtures: Path) -> None:
    counts = {
        path.name: len(
            parse_feed(path.read_bytes(), source="s", url=URL, observed_at=NOW).observations
        )
        for path in (fixtures / "feeds" / "huginn").rglob("*.rss")
    }
    assert counts
    assert min(counts.values()) > 0


def test_the_title_is_the_first_line_and_blocks_are_lines() -> None:
    post = only(
        "<title>Fees &amp;amp; soldiers</title>"
        "<description>&lt;p&gt;Four bags&lt;/p&gt;"
        "&lt;p&gt;$2,800&lt;br/&gt;each&lt;/p&gt;</description>"
    ).post
    assert post.text == "Fees & soldiers\nFour bags\n$2,800\neach"


def test_the_full_text_wins_over_the_excerpt() -> None:
    post = only(
        "<title>Bag</title><description>It was […]</description>"
        "<content:encoded>&lt;p&gt;It was lost again.&lt;/p&gt;</content:encoded>"
    ).post
    assert post.text == "Bag\nIt was lost again."


def test_a_short_post_that_has_itself_as_title_is_not_doubled() -> None:
    post = only("<title>航班又延误了…</title><description>航班又延误了，没人管</description>").post
    assert post.text == "航班又延误了，没人管"


def test_scripts_and_styles_are_not_text() -> None:
    post = only(
        "<title>t</title><description>&lt;style&gt;p{}&lt;/style&gt;&lt;script&gt;alert(1)"
        "&lt;/script&gt;words&lt;img src=x onerror=alert(1)&gt;</description>"
    ).post
    assert post.text == "t\nwords"


def test_emoji_sequences_and_right_to_left_text_stay_whole() -> None:
    text = "عائلة 👨‍👩‍👧‍👦 على الرحلة 🇸🇦 غاضبة 😡\ufe0f"
    assert only(f"<title>{text}</title>").post.text == text


def test_an_emoji_that_was_drawn_as_a_picture_is_an_emoji_again() -> None:
    html = "angry &lt;img src='/1f621.png' alt='😡' class='wp-smiley'/&gt;&lt;img alt='me'/&gt;"
    post = only(f"<title>t</title><description>{html}</description>").post
    assert post.text == "t\nangry 😡"


def test_comments_are_counted_as_replies_and_a_hidden_counter_is_absent() -> None:
    counted = only("<title>t</title><slash:comments>17</slash:comments>").snapshot
    assert counted is not None
    assert (counted.replies, counted.likes, counted.views) == (17, None, None)
    assert only("<title>t</title>").snapshot is None
    zero = only("<title>t</title><slash:comments>0</slash:comments>").snapshot
    assert zero is not None
    assert zero.replies == 0


@pytest.mark.parametrize(
    ("date", "moment"),
    [
        ("Sat, 21 Nov 2026 10:00:00 +0800", datetime(2026, 11, 21, 2, tzinfo=UTC)),
        ("Sat, 21 Nov 2026 10:00:00 EST", datetime(2026, 11, 21, 15 - 3, tzinfo=UTC)),
        ("2026-11-20T23:00:00Z", datetime(2026, 11, 20, 23, tzinfo=UTC)),
        ("2026-11-20T23:00:00.123-05:00", datetime(2026, 11, 21, 4, tzinfo=UTC)),
        ("2026-11-20 08:30:00", datetime(2026, 11, 20, 8, 30, tzinfo=UTC)),
        ("2026年11月21日 10:05", datetime(2026, 11, 21, 2, 5, tzinfo=UTC)),
        ("2026年11月20日", datetime(2026, 11, 19, 16, tzinfo=UTC)),
        ("Fri, 20 Nov 26 08:00 GMT", datetime(2026, 11, 20, 8, tzinfo=UTC)),
    ],
)
def test_dates_in_many_forms_become_utc(date: str, moment: datetime) -> None:
    published_at = only(f"<title>t</title><pubDate>{date}</pubDate>").post.published_at
    assert abs((min(moment, NOW) - published_at).total_seconds()) < 1


@pytest.mark.parametrize(
    "date",
    ["", "yesterday", "Sat, 21 Nov 2099 10:00:00 GMT", "0001-01-01T00:00:00Z", "2026年13月41日"],
)
def test_a_missing_or_impossible_date_is_when_it_was_observed(date: str) -> None:
    assert only(f"<title>t</title><pubDate>{date}</pubDate>").post.published_at == NOW


def test_a_wordpress_comment_belongs_to_its_post_and_carries_only_its_own_words() -> None:
    page = parsed(
        "<item><guid isPermaLink='false'>https://blog.example/?p=7#comment-3</guid>"
        "<title>Comment on Delta is great by Ann</title><dc:creator>Ann</dc:creator>"
        "<description>No it is not</description></item>"
    )
    post = page.observations[0].post
    assert post.text == "No it is not"
    assert post.thread is not None
    assert post.thread.native_id == "https://blog.example/?p=7"
    assert post.author is not None
    assert post.author.name == "Ann"


def test_the_threading_extension_names_the_parent() -> None:
    post = only('<title>t</title><thr:in-reply-to ref="tag:forum,2026:1"/>').post
    assert post.parent is not None
    assert post.parent.native_id == "tag:forum,2026:1"


def test_stars_video_and_language_are_taken_over() -> None:
    post = only(
        "<title>t</title><im:rating>1</im:rating>"
        '<enclosure url="https://v.example/a.mp4" type="video/mp4" length="1"/>',
        channel="<language>zh_TW</language>",
    ).post
    assert post.rating == 1.0
    assert post.media is MediaKind.VIDEO
    assert post.language_hint is not None
    assert post.language_hint.lower() == "zh-tw"


def test_a_link_that_is_not_of_the_web_is_dropped() -> None:
    post = only("<title>t</title><link>javascript:alert(document.cookie)</link>").post
    assert post.url is None


def test_an_entry_without_an_id_is_known_by_its_link_and_else_by_its_words() -> None:
    page = parsed(
        "<item><title>a</title><link>https://x.example/1</link></item><item><title>b</title></item>"
    )
    first, second = (o.post.key.native_id for o in page.observations)
    assert first == "https://x.example/1"
    assert second.startswith("sha256:")


def test_an_entry_that_stands_twice_is_brought_once() -> None:
    item = "<item><guid>https://x.example/1</guid><title>a</title></item>"
    assert len(parsed(item + item).observations) == 1


def test_an_endless_id_is_replaced_by_its_digest() -> None:
    page = parsed(f"<item><guid isPermaLink='false'>{'x' * 5000}</guid><title>a</title></item>")
    assert len(page.observations[0].post.key.native_id) < 100


def test_bytes_that_name_a_file_are_not_opened() -> None:
    with pytest.raises(SourceError, match="no RSS or Atom feed"):
        parse_feed(b"/etc/passwd", source="s", url=URL, observed_at=NOW)


def test_an_external_entity_is_not_fetched(tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("hunter2")
    feed = (
        f'<!DOCTYPE rss [<!ENTITY x SYSTEM "{secret.as_uri()}">]>'
        '<rss version="2.0"><channel><item><title>a &x; b</title></item></channel></rss>'
    )
    page = parse_feed(feed.encode(), source="s", url=URL, observed_at=NOW)
    assert "hunter2" not in page.observations[0].post.text


@pytest.mark.parametrize("charset", ["gb18030", "big5", "utf-16", "utf-8"])
def test_chinese_is_read_in_its_own_encodings(charset: str) -> None:
    text = "航班延誤" if charset == "big5" else "航班延误"
    feed = (
        f'<?xml version="1.0" encoding="{charset}"?><rss version="2.0"><channel><item>'
        f"<title>{text}</title></item></channel></rss>"
    )
    page = parse_feed(feed.encode(charset), source="s", url=URL, observed_at=NOW)
    assert page.observations[0].post.text == text


@pytest.mark.parametrize(
    "body",
    [b"", b"\x00\xff\xfe", b"<", b"<rss", b"<!DOCTYPE", b"<![CDATA[", b"{}", b"<html>" * 5000],
)
def test_rubbish_gives_a_named_error(body: bytes) -> None:
    with pytest.raises(SourceError) as caught:
        parse_feed(body, source="s", url=URL, observed_at=NOW)
    assert URL in caught.value.detail


@pytest.mark.parametrize(
    ("written", "name"),
    [
        ("ann@forum.example", "ann"),
        ("bob@forum.example (Bob B)", "Bob B"),
        ("Carol", "Carol"),
    ],
)
def test_an_author_is_told_apart_by_an_address_of_any_length(written: str, name: str) -> None:
    author = only(f"<title>Bag lost</title><author>{written}</author>").post.author
    other = only("<title>Bag lost</title><author>zoe@forum.example</author>").post.author
    assert author is not None
    assert other is not None
    assert author.name == name
    assert author.native_id != other.native_id

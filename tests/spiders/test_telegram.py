"""Telegram: what the public pages of a channel say, and what they do not."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from pydantic import ValidationError

from monitor.domain import Health, MediaKind, Observation
from spiders.page import Page, SourceError
from spiders.sources.telegram import SOURCE, TelegramOptions
from spiders.web import Fetched
from tests.spiders.crawling import crawled
from tests.spiders.feeds import NOW as NOW_OF_FEEDS
from tests.spiders.site import Answer, Asked, Site

NOW = datetime(2026, 11, 22, tzinfo=UTC)
FOLDER = Path(__file__).parent / "responses" / "telegram"


def read(body: bytes, url: str = "https://t.me/s/airline_news") -> Page:
    answer = Fetched(url=url, status=200, headers={}, body=body, observed_at=NOW)
    return SOURCE.parse(answer, source="t")


def posts(name: str) -> dict[str, Observation]:
    page = read((FOLDER / name).read_bytes())
    return {o.post.key.native_id.rpartition("/")[2]: o for o in page.observations}


def test_a_message_is_read_with_its_channel_its_views_and_what_it_answers() -> None:
    seen = posts("newest.html")["1042"]
    assert seen.post.text == "Delta & the fourth bag: soldiers charged $200\nWatch 😡 <here>"
    assert seen.post.media is MediaKind.VIDEO
    assert seen.post.published_at == datetime(2026, 11, 21, 7, tzinfo=UTC)
    assert seen.post.url == "https://t.me/airline_news/1042"
    assert str(seen.post.parent) == "t:airline_news/1038"
    assert seen.post.author is not None
    assert (seen.post.author.native_id, seen.post.author.name) == ("airline_news", "Airline News ✈️")
    assert seen.post.author.followers == 48_100
    assert seen.snapshot is not None
    assert seen.snapshot.views == 12_300
    assert (seen.snapshot.likes, seen.snapshot.shares, seen.snapshot.replies) == (None, None, None)


def test_every_sort_of_message_has_its_words_and_its_kind() -> None:
    seen = {**posts("newest.html"), **posts("older.html")}
    assert {number: (o.post.text, str(o.post.media)) for number, o in seen.items()} == {
        "1042": ("Delta & the fourth bag: soldiers charged $200\nWatch 😡 <here>", "video"),
        "1043": ("", "image"),
        "1044": ("شركة دلتا لم ترد على المسافرين 🧳", "link"),
        "1045": ("Who lost your bag?\nDelta\nUnited", "none"),
        "1031": ("complaints.pdf", "none"),
        "1035": ("", "audio"),
        "1038": ("罢工：航班全部取消，没有人解释", "none"),
    }


def test_views_keep_the_figures_that_are_shown_and_hidden_ones_are_absent() -> None:
    seen = {**posts("newest.html"), **posts("older.html")}
    views = {number: o.snapshot.views if o.snapshot else None for number, o in seen.items()}
    assert views == {
        "1042": 12_300,
        "1043": 987,
        "1044": None,
        "1045": 1_000_000,
        "1031": 3,
        "1035": None,
        "1038": 1_050_000,
    }


def test_what_cannot_be_read_is_counted() -> None:
    assert read((FOLDER / "older.html").read_bytes()).skipped == 1


def test_a_message_that_is_gone_is_told_by_the_address_it_was_asked_at() -> None:
    page = read((FOLDER / "gone.html").read_bytes(), "https://t.me/airline_news/1041?embed=1")
    assert [d.key.native_id for d in page.deletions] == ["airline_news/1041"]


def test_a_message_that_only_the_app_shows_is_not_gone() -> None:
    body = b'<div class="tgme_widget_message_error">Please open Telegram to view this post</div>'
    page = read(body, "https://t.me/airline_news/1041?embed=1")
    assert (page.observations, page.deletions, page.skipped) == ((), (), 0)


def test_a_page_that_is_no_channel_is_told_and_not_taken_for_silence() -> None:
    body = b'<html><div class="tgme_page"><a class="tgme_action_button_new">View</a></div></html>'
    with pytest.raises(SourceError) as refused:
        read(body)
    assert refused.value.health is Health.UNREADABLE


def test_a_channel_without_a_message_is_no_trouble() -> None:
    assert read(b'<section class="tgme_channel_history"></section>') == Page()


@pytest.mark.parametrize("name", ["", "a b", "https://t.me/x", "x/../y", "новости"])
def test_what_is_no_channels_name_is_refused(name: str) -> None:
    with pytest.raises(ValidationError, match="no channel's name"):
        TelegramOptions(channels=(name,))


def test_a_name_may_carry_an_at_sign() -> None:
    assert TelegramOptions(channels=("@airline_news",)).channels == ("airline_news",)


def test_a_crawl_process_turns_pages_back_and_brings_nothing_twice(site: Site) -> None:
    recent = f"{NOW_OF_FEEDS - timedelta(hours=12):%Y-%m-%dT%H}".encode()

    def page(asked: Asked) -> Answer:
        body = (FOLDER / ("older.html" if "before" in asked.query else "newest.html")).read_bytes()
        return Answer(body=re.sub(rb"2026-11-2\dT\d\d", recent, body))

    site.routes["/s/airline_news"] = page
    site.says("/airline_news/1041", (FOLDER / "gone.html").read_bytes())
    options = TelegramOptions(channels=("airline_news",), site=site.url, delay_seconds=0)
    first = crawled(options, refresh=("airline_news/1041",))
    assert len(first.ids) == 7
    assert [d.key.native_id for d in first.deletions] == ["airline_news/1041"]
    second = crawled(options, after=first)
    assert (second.ids, second.health.health) == ([], Health.OK)

"""What the feed spider remembers between crawls."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from spiders.rss import RssOptions
from tests.spiders.crawling import Crawled, crawled
from tests.spiders.feeds import item, rss
from tests.spiders.site import Answer, Asked, Site


def read(url: str, **how: object) -> Crawled:
    return crawled(RssOptions(urls=(url,), delay_seconds=0), **how)  # type: ignore[arg-type]  # passed on


def test_an_entry_whose_text_or_counter_changes_is_seen_again(site: Site) -> None:
    url = site.says("/feed", rss(item(1, replies=1), item(2, replies=1), item(3, replies=1)))
    first = read(url)
    site.says(
        "/feed", rss(item(1, replies=9), item(2, replies=1, text="edited"), item(3, replies=1))
    )
    second = read(url, after=first)
    assert second.ids == ["post-1", "post-2"]
    assert second.observations[0].snapshot is not None
    assert second.observations[0].snapshot.replies == 9


def test_old_entries_are_left_out_of_the_first_crawl_and_stay_out(site: Site) -> None:
    url = site.says("/feed", rss(item(1), item(2, hours_ago=72)))
    first = read(url)
    assert first.ids == ["post-1"]
    assert read(url, after=first).ids == []


def test_an_entry_without_a_date_keeps_the_moment_of_its_first_sight(site: Site) -> None:
    undated = "<item><guid isPermaLink='false'>u</guid><title>{}</title></item>"
    url = site.says("/feed", rss(undated.format("one")))
    first = read(url)
    site.says("/feed", rss(undated.format("two")))
    second = read(url, after=first)
    assert second.observations[0].post.text == "two"
    assert second.observations[0].post.published_at == first.observations[0].post.published_at


def test_refresh_brings_wanted_entries_again_though_nothing_changed(site: Site) -> None:
    def answer(asked: Asked) -> Answer:
        if "if-none-match" in asked.headers:
            return Answer(status=304)
        return Answer(body=rss(item(1), item(2)), headers={"ETag": '"v1"'})

    site.routes["/feed"] = answer
    first = read(f"{site.url}/feed")
    second = read(f"{site.url}/feed", after=first, refresh=("post-1",))
    assert second.ids == ["post-1"]


def test_a_feed_that_counts_replies_is_read_whole_each_time(site: Site) -> None:
    """WordPress answers 304 while only the number of comments has changed."""
    replies = iter((1, 2))

    def answer(asked: Asked) -> Answer:
        if "if-none-match" in asked.headers or "if-modified-since" in asked.headers:
            return Answer(status=304)
        return Answer(body=rss(item(1, replies=next(replies))), headers={"ETag": '"v1"'})

    site.routes["/feed"] = answer
    first = read(f"{site.url}/feed")
    second = read(f"{site.url}/feed", after=first)
    assert [o.snapshot.replies for o in second.observations if o.snapshot] == [2]


def test_entries_beyond_the_item_limit_come_with_the_next_crawl(site: Site) -> None:
    def answer(asked: Asked) -> Answer:
        if "if-none-match" in asked.headers:
            return Answer(status=304)
        return Answer(body=rss(*(item(n) for n in range(10))), headers={"ETag": '"v1"'})

    site.routes["/feed"] = answer
    first = read(f"{site.url}/feed", item_limit=6)
    second = read(f"{site.url}/feed", item_limit=6, after=first)
    assert len(first.ids) == 6
    assert sorted(first.ids + second.ids) == sorted(f"post-{n}" for n in range(10))


def test_a_search_feed_is_asked_for_each_term(site: Site) -> None:
    site.says("/search", rss(item(1)))
    options = RssOptions(urls=(f"{site.url}/search?q={{query}}",), delay_seconds=0)
    crawled(options, terms=("Delta Air Lines", "达美"))
    assert sorted(asked.query["q"] for asked in site.asked) == ["Delta Air Lines", "达美"]


@pytest.mark.parametrize(
    ("urls", "complaint"),
    [
        ([], "at least 1"),
        (["example.org/feed"], "must begin with https"),
        (["https://"], "names no host"),
        (["https://a b"], "a space"),
        (["file:///etc/passwd"], "must begin with https"),
        (["https://u:p@x.example/"], "password does not belong"),
    ],
)
def test_addresses_that_cannot_work_say_why(urls: list[str], complaint: str) -> None:
    with pytest.raises(ValidationError, match=complaint):
        RssOptions.model_validate({"urls": urls})

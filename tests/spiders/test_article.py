"""News articles out of their pages, and feeds that are completed with them."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from pathlib import Path

from parsel import Selector

from monitor.domain import Health
from spiders.parse.article import article_text
from spiders.parse.pages import page_text
from spiders.rss import RssOptions
from spiders.web import Fetched
from tests.spiders.crawling import crawled
from tests.spiders.feeds import rss
from tests.spiders.site import Site

SENTENCE = "The airline lost forty bags on Tuesday and told nobody for a week, passengers say. "
ARTICLE = f"""<html><head><title>Bags</title></head><body>
<nav><ul><li><a href="/">Home</a></li><li><a href="/s">Sport</a></li></ul></nav>
<article><h1>Bags lost</h1><p>{SENTENCE * 4}</p><p>&lt;b&gt;{SENTENCE * 4}</p></article>
<footer>All rights reserved</footer></body></html>"""


def entry(site: Site, path: str, text: str) -> str:
    return (
        f"<item><guid isPermaLink='false'>{path}</guid><title>Bags lost</title>"
        f"<link>{site.url}{path}</link><description>{text}</description></item>"
    )


def fetched(body: bytes) -> Fetched:
    return Fetched(
        url="https://news.example/a",
        status=200,
        headers={},
        body=body,
        observed_at=datetime(2026, 11, 22, tzinfo=UTC),
    )


def test_a_teaser_is_completed_from_the_page_it_links_to(site: Site) -> None:
    site.says("/bags", ARTICLE.encode())
    url = site.says("/feed", rss(entry(site, "/bags", "The airline lost ...")))
    [found] = crawled(RssOptions(urls=(url,), fulltext=True, delay_seconds=0)).observations
    assert found.post.text.count("told nobody for a week") == 8
    assert found.post.text.startswith("Bags lost\n")
    assert "Sport" not in found.post.text
    assert "All rights" not in found.post.text


def test_without_the_option_no_page_is_asked_for(site: Site) -> None:
    url = site.says("/feed", rss(entry(site, "/bags", "The airline lost ...")))
    [found] = crawled(RssOptions(urls=(url,), delay_seconds=0)).observations
    assert found.post.text == "Bags lost\nThe airline lost ..."


def test_a_teaser_stays_where_its_page_is_gone_and_the_feed_is_well(site: Site) -> None:
    url = site.says("/feed", rss(entry(site, "/gone", "The airline lost ...")))
    result = crawled(RssOptions(urls=(url,), fulltext=True, delay_seconds=0))
    assert [o.post.text for o in result.observations] == ["Bags lost\nThe airline lost ..."]
    assert result.health.health is Health.OK


def test_a_completed_entry_is_not_new_in_the_next_crawl(site: Site) -> None:
    site.says("/bags", ARTICLE.encode())
    url = site.says("/feed", rss(entry(site, "/bags", "The airline lost ...")))
    options = RssOptions(urls=(url,), fulltext=True, delay_seconds=0)
    assert crawled(options, after=crawled(options)).ids == []


def test_a_page_without_an_article_gives_nothing() -> None:
    assert article_text(fetched(b"")) == ""
    assert article_text(fetched(b"\xff\xfe\x00<html")) == ""


def test_chinese_news_is_read_whole(fixtures: Path) -> None:
    kept = of = 0
    for file in sorted((fixtures / "news-zh/gne/tests").rglob("*.html")):
        body = file.read_bytes()
        found = re.sub(r"\s", "", article_text(fetched(body)))
        words = (
            "".join(p.xpath(".//text()").getall()).strip()
            for p in Selector(page_text(body)).css("p")
        )
        wanted = [re.sub(r"\s", "", w)[:20] for w in words if len(w) > 25 and "。" in w]
        kept, of = kept + sum(w in found for w in wanted), of + len(wanted)
    assert of > 400
    assert kept / of > 0.97

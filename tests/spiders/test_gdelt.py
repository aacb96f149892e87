"""GDELT: headlines from everywhere, its own kind of JSON, and its own way to refuse."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest

from monitor.domain import Health, MediaKind, Observation
from spiders.job import CrawlJob, SourceSpec
from spiders.kit.contract import Case
from spiders.kit.saved import SavedWeb
from spiders.page import Page, SourceError
from spiders.sources.gdelt import SOURCE, GdeltOptions
from spiders.web import Fetched

NOW = datetime(2026, 11, 22, tzinfo=UTC)
FOLDER = Path(__file__).parent / "responses" / "gdelt"
API = "https://api.gdeltproject.org/api/v2/doc/doc"


def fetched(body: bytes) -> Fetched:
    return Fetched(url=API, status=200, headers={}, body=body, observed_at=NOW)


def articles() -> dict[str, Observation]:
    page = SOURCE.parse(fetched((FOLDER / "newest.json").read_bytes()), source="g")
    assert page.skipped == 1, "the one without a date"
    return {
        str(o.post.url).partition(".")[0].removeprefix("https://"): o for o in page.observations
    }


def discovered(
    web: SavedWeb, since: datetime = datetime(2026, 11, 20, tzinfo=UTC)
) -> Sequence[Page]:
    spec = SourceSpec(name="g", options=GdeltOptions())
    job = CrawlJob(source=spec, terms=("Delta Air Lines",), since=since)

    async def listen() -> list[Page]:
        spider = SOURCE.spider(job, job.source.options)
        return [page async for page in spider.discover("Delta Air Lines", web)]

    return asyncio.run(listen())


def test_an_article_is_its_headline_its_site_and_when_it_was_seen() -> None:
    post = articles()["news"].post
    assert post.text == 'Delta charged soldiers for bags : \\d "shame" , say veterans'
    assert post.key.native_id == post.url == "https://news.example/delta-bags?a=1&b=2"
    assert post.published_at == datetime(2026, 11, 21, 15, tzinfo=UTC)
    assert post.author is not None
    assert (post.author.native_id, post.author.followers) == ("news.example", None)
    assert post.media is MediaKind.LINK
    assert articles()["news"].snapshot is None


def test_languages_are_told_by_their_tags() -> None:
    hints = {site: o.post.language_hint for site, o in articles().items()}
    assert hints == {"news": "en", "xinwen": "zh", "akhbar": "ar", "odd": None}


def test_json_with_raw_tabs_and_stray_backslashes_is_read_and_good_escapes_stay() -> None:
    assert articles()["odd"].post.text == 'Path C:\\Users\u2019 and " and / stay'


def test_a_long_list_is_read_in_slices_and_each_article_once() -> None:
    web = Case.load(FOLDER, SOURCE).web()
    pages = discovered(web)
    assert [len(page.observations) for page in pages] == [4, 1]
    asked = [parse_qs(urlsplit(url).query) for url in web.asked]
    assert asked[0]["query"] == ['"Delta Air Lines"']
    assert asked[0]["startdatetime"] == ["20261120000000"]
    assert [q.get("enddatetime") for q in asked] == [None, ["20261121144500"]]


def test_nothing_found_is_no_trouble() -> None:
    assert [page.observations for page in discovered(SavedWeb([fetched(b"{}")], NOW))] == [()]


@pytest.mark.parametrize(
    ("words", "health"),
    [
        (b"Please limit requests to one every 5 seconds or contact us.", Health.RATE_LIMITED),
        (b"The specified phrase is too short.\n", Health.UNREADABLE),
    ],
)
def test_a_refusal_in_words_is_told_in_its_words(words: bytes, health: Health) -> None:
    with pytest.raises(SourceError, match=words.decode().strip()[:20]) as refused:
        discovered(SavedWeb([fetched(words)], NOW))
    assert refused.value.health is health

"""What could not be read is kept without what nobody should see."""

from __future__ import annotations

from datetime import timedelta

from monitor.domain import FaultyAnswer
from spiders.crawl import crawl
from spiders.faults import LARGEST_KEPT, MOST_KEPT, faulty_answer
from spiders.job import CrawlJob, SourceSpec
from spiders.rss import RssOptions
from spiders.web import Fetched
from tests.spiders.feeds import NOW
from tests.spiders.site import Site


def test_no_secret_and_no_query_is_kept_and_no_more_than_is_useful() -> None:
    answer = Fetched(
        url="https://ann:pw@x.example/hunter2/api?key=hunter2",
        status=200,
        headers={"content-type": "text/html\x1b[2J"},
        body=b"you sent hunter2" + b"x" * LARGEST_KEPT,
        observed_at=NOW,
    )
    kept = faulty_answer(answer, source="s", reason="no JSON", secrets=("hunter2",))
    assert kept.place == "https://x.example/***/api"
    assert kept.body.startswith(b"you sent ***")
    assert len(kept.body) == LARGEST_KEPT
    assert kept.content_type.isprintable()


def test_a_crawl_hands_on_the_first_answers_that_it_could_not_read(site: Site) -> None:
    urls = tuple(site.says(f"/{n}", f"<html>{n}</html>".encode()) for n in range(9))
    options = RssOptions(urls=urls, robots="ignore", delay_seconds=0)
    job = CrawlJob(source=SourceSpec(name="here", options=options), since=NOW)
    result = crawl(job, time_limit=timedelta(seconds=30), on_batch=lambda _batch: None)
    assert len(result.faulty) == MOST_KEPT
    assert all(isinstance(one, FaultyAnswer) for one in result.faulty)
    assert result.faulty[0].body.startswith(b"<html>")

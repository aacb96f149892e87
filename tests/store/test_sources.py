from __future__ import annotations

from monitor.domain import Cursor, Health, SourceHealth
from monitor.store.store import Store
from tests.store.making import after


def crawl(source: str, minutes: int, health: Health = Health.OK) -> SourceHealth:
    return SourceHealth(
        source=source, finished_at=after(minutes), health=health, items=3, requests=2, detail="页"
    )


def test_a_cursor_is_kept_for_each_query_and_replaced(store: Store) -> None:
    def cursor(query: str, value: str) -> Cursor:
        return Cursor(source="mastodon", query=query, value=value, saved_at=after(0))

    with store.begin() as work:
        work.sources.save_cursor(cursor("#bag", "1"))
        work.sources.save_cursor(cursor("行李", "5"))
        work.sources.save_cursor(cursor("#bag", "2"))
        assert work.sources.cursors("mastodon") == {
            "#bag": cursor("#bag", "2"),
            "行李": cursor("行李", "5"),
        }
        assert work.sources.cursors("rss") == {}


def test_the_health_of_a_source_is_its_last_crawl_and_its_history_newest_first(
    store: Store,
) -> None:
    crawls = [crawl("rss", 0), crawl("rss", 2, Health.EMPTY), crawl("rss", 1)]
    with store.begin() as work:
        for one in [*crawls, crawl("mastodon", 5)]:
            work.sources.report(one)
        assert work.sources.last_health() == {"rss": crawls[1], "mastodon": crawl("mastodon", 5)}
        assert work.sources.history("rss", 2) == [crawls[1], crawls[2]]
        assert work.sources.last_ok("rss") == after(1)
        assert work.sources.last_ok("nowhere") is None

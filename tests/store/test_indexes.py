"""Looking for undone work costs nothing when there is none: SQLite finds it by an index."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta

import pytest
from sqlalchemy import Connection, event

from monitor.domain import IncidentState, Quantity
from monitor.store.store import Store
from monitor.store.unit_of_work import UnitOfWork
from tests.store.making import TUESDAY, after

QUERIES: dict[str, Callable[[UnitOfWork], object]] = {
    "posts_by_match": lambda work: work.posts.unmatched("f", 9),
    "posts_by_source": lambda work: work.refreshes.watched(
        "rss", young_from=TUESDAY, story_from=TUESDAY, limit=9
    ),
    "refreshes_by_source": lambda work: work.refreshes.last_asked("rss"),
    "source_troubles_by_end": lambda work: work.sources.in_trouble(),
    "posts_by_first_sight": lambda work: work.posts.first_observed_at(),
    "posts_of_source_by_first_sight": lambda work: work.posts.first_observed_at("rss"),
    "posts_by_author": lambda work: work.posts.erase_author("rss", "7"),
    "mentions_unread": lambda work: work.mentions.unread(9),
    "mentions_ungrouped": lambda work: work.mentions.ungrouped(9),
    "mentions_by_incident": lambda work: work.mentions.of_incident("acme-1"),
    "mentions_by_time": lambda work: work.mentions.times("acme", TUESDAY, after(1)),
    "assessments_newest": lambda work: (
        list(work.readings.between("acme", TUESDAY, after(1))),
        work.readings.balances("acme", [("rss", "7")], TUESDAY),
    ),
    "incidents_by_state": lambda work: work.incidents.find(states=[IncidentState.OPEN]),
    "incidents_by_brand": lambda work: work.incidents.find(brand="acme"),
    "incidents_merged": lambda work: work.incidents.merged("3f9"),
    "ix_incident_history_incident": lambda work: work.incidents.history("acme-1"),
    "incidents_undecided": lambda work: work.incidents.undecided(),
    "forecasts_due": lambda work: work.forecasts.due(TUESDAY, 9),
    "forecasts_graded": lambda work: work.forecasts.graded(Quantity.VIEWS, timedelta(hours=1), 9),
    "notices_waiting": lambda work: work.notices.due(TUESDAY, 9),
    "notices_by_team": lambda work: work.notices.told_at("pr", "acme", TUESDAY),
    "ix_notices_incident": lambda work: work.notices.of_incident("acme-1"),
    "actions_untold": lambda work: work.casework.untold(9),
    "outbox_pending": lambda work: work.outbox.claim(TUESDAY, timedelta(minutes=1), 9),
    "outbox_sending": lambda work: work.outbox.next_due(),
    "source_health_ok": lambda work: work.sources.last_ok("rss"),
    "source_health_by_time": lambda work: work.sources.history("rss", 9),
}


@pytest.mark.parametrize("index", QUERIES)
def test_undone_work_is_found_by_its_index(sqlite_url: str, index: str) -> None:
    store = Store.open(sqlite_url)
    plans: list[str] = []

    @event.listens_for(store.engine, "after_cursor_execute")
    def explain(
        connection: Connection,
        _cursor: object,
        statement: str,
        parameters: tuple[object, ...],
        *_: object,
    ) -> None:
        if statement.startswith(("SELECT", "DELETE")):
            driver = connection.connection.driver_connection
            assert driver is not None
            rows = driver.execute(f"EXPLAIN QUERY PLAN {statement}", parameters)
            plans.extend(row[3] for row in rows)

    with store.begin() as work:
        QUERIES[index](work)
    store.close()
    assert any(re.search(rf"INDEX {index}\b", step) for step in plans), plans
    assert not [step for step in plans if re.fullmatch(r"SCAN (posts|mentions|outbox)", step)]

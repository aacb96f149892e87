from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing

import pytest

from monitor.store.store import Store
from tests.alerts.slack_service import SlackService, slack_service
from tests.slack.office import Office
from tests.store.conftest import sqlite_url

__all__ = ["sqlite_url"]


@pytest.fixture
def slack() -> Iterator[SlackService]:
    with slack_service() as service:
        yield service


@pytest.fixture
def office(sqlite_url: str, slack: SlackService) -> Iterator[Office]:
    """A store with one incident, and a desk that serves a channel."""
    with closing(Store.open(sqlite_url)) as store, closing(Office(store, slack)) as office:
        yield office

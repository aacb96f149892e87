from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from spiders.patience import wait_before_retry

NOW = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)


def wait(
    status: int | None, retry_after: str = "", attempt: int = 1, left: int = 60
) -> float | None:
    found = wait_before_retry(
        status=status,
        retry_after=retry_after,
        attempt=attempt,
        now=NOW,
        left=timedelta(seconds=left),
    )
    return None if found is None else found.total_seconds()


def test_retry_after_is_honoured_in_seconds_and_as_a_date() -> None:
    assert wait(429, "7") == 7
    assert wait(503, "Sat, 21 Nov 2026 12:00:09 GMT") == 9
    assert wait(503, "Sat, 21 Nov 2026 11:00:00 GMT") == 0


def test_waits_grow_where_the_server_names_none() -> None:
    assert [wait(502, attempt=n) for n in (1, 2, 3)] == [1, 2, None]
    assert [wait(429, attempt=n) for n in (1, 2)] == [5, 10]
    assert wait(None) == 1


def test_a_wait_beyond_the_end_of_the_crawl_is_not_begun() -> None:
    assert wait(429, "61") is None
    assert wait(429, "9" * 50) is None


@pytest.mark.parametrize("status", [400, 401, 403, 404, 410, 418, 501])
def test_what_will_not_change_is_not_repeated(status: int) -> None:
    assert wait(status, "1") is None


@pytest.mark.parametrize("nonsense", ["soon", "-5", "1.5", "٣", "\x1b"])
def test_a_nonsensical_retry_after_is_ignored(nonsense: str) -> None:
    assert wait(503, nonsense) in (1, 3)

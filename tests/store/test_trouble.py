"""Many writers at once, a full disk, a lost connection: nothing half done, and a clear message."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
import threading

import pytest
from sqlalchemy import event, text
from sqlalchemy.pool import ConnectionPoolEntry

from monitor.domain import IncidentState
from monitor.store.errors import Problem, StaleWrite, StoreError, explained
from monitor.store.store import Store
from tests.store.making import after, incident, key, post, seen, snapshot


def test_threads_that_write_at_once_all_succeed(store: Store) -> None:
    together = threading.Barrier(4)
    failures: list[BaseException] = []

    def write(writer: int) -> None:
        together.wait()
        try:
            for step in range(15):
                with store.begin() as work:
                    work.posts.gather(
                        [seen(post(f"{writer}-{step}"), step), seen(post("shared"), step)]
                    )
        except BaseException as error:  # noqa: BLE001 - shown by the assertion below
            failures.append(error)

    writers = [threading.Thread(target=write, args=(writer,)) for writer in range(4)]
    for thread in writers:
        thread.start()
    for thread in writers:
        thread.join()
    assert failures == []
    with store.read() as work:
        assert work.posts.count() == 4 * 15 + 1


def test_processes_that_bring_the_same_new_posts_at_once_agree(url: str) -> None:
    Store.open(url).close()
    program = """
import sys
from monitor.store.store import Store
from tests.store.making import after, post, seen, snapshot
store = Store.open(sys.argv[1])
writer = int(sys.argv[2])
sys.stdin.read(1)
new = 0
for batch in range(20):
    numbers = range(batch * 20, batch * 20 + 20)
    with store.begin() as work:
        new += work.posts.gather(
            [seen(post(n, text=f"by {writer}"), writer, snapshot=snapshot(n, writer, views=writer))
             for n in numbers]
        ).new
print(new)
"""
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", program, url, str(writer)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for writer in (1, 2, 3)
    ]
    for process in processes:
        assert process.stdin is not None
        process.stdin.write("!")
        process.stdin.flush()
    said = [process.communicate(timeout=120)[0] for process in processes]
    assert sum(int(new) for new in said) == 400
    store = Store.open(url)
    with store.read() as work:
        keys = [key(n) for n in range(400)]
        assert {p.text for p in work.posts.get(keys).values()} == {"by 3"}
        assert {len(taken) for taken in work.posts.snapshots(keys).values()} == {3}
    store.close()


def test_of_two_that_change_an_incident_at_once_one_is_told_to_read_it_again(
    store: Store,
) -> None:
    with store.begin() as work:
        work.incidents.save(incident())
    with store.begin() as work:
        work.incidents.save(incident(version=2, state=IncidentState.CLOSED))
    with pytest.raises(StaleWrite), store.begin() as work:
        work.incidents.save(incident(version=2))


def test_a_full_disk_keeps_what_was_there_and_says_so(sqlite_url: str) -> None:
    store = Store.open(sqlite_url)
    with store.begin() as work:
        work.posts.gather([seen(post("before"))])
    limit_the_size(store, pages=80)
    long = "fourth bag " * 1000
    with pytest.raises(StoreError) as raised, store.begin() as work:
        work.posts.gather([seen(post(n, text=long)) for n in range(100)])
    assert raised.value.problem is Problem.FULL
    assert f"{sqlite_url.removeprefix('sqlite:///')} has no room left" in str(raised.value)
    assert "fourth bag" not in str(raised.value) + str(raised.value.__cause__)
    with store.begin() as work:
        assert work.posts.count() == 1
        work.posts.gather([seen(post("small"), snapshot=snapshot("small", views=1))])
    store.close()


def test_an_error_of_the_driver_itself_is_told_like_any_other() -> None:
    error = sqlite3.OperationalError("database or disk is full")
    error.sqlite_errorcode = sqlite3.SQLITE_FULL
    told = explained(error, "data/sparkwatch.db")
    assert told is not None
    assert told.problem is Problem.FULL


def test_what_a_driver_says_cannot_break_a_line_or_colour_a_terminal() -> None:
    told = StoreError(Problem.FAILED, "here", "first\nsecond \x1b[31m red")
    assert told.detail == "first second  [31m red"


def limit_the_size(store: Store, pages: int) -> None:
    @event.listens_for(store.engine, "connect")
    def limit(connection: sqlite3.Connection, _entry: ConnectionPoolEntry) -> None:
        connection.execute(f"PRAGMA max_page_count = {pages}")

    store.engine.dispose()


def test_a_database_held_by_another_program_is_told(sqlite_url: str) -> None:
    store = Store.open(f"{sqlite_url}?timeout=0")
    other = sqlite3.connect(sqlite_url.removeprefix("sqlite:///"), isolation_level=None)
    other.execute("BEGIN EXCLUSIVE")
    with pytest.raises(StoreError) as raised, store.begin():
        pytest.fail("the lock cannot be taken twice")
    assert raised.value.problem is Problem.LOCKED
    other.close()
    store.close()


def test_a_connection_that_the_server_ends_is_told_and_the_next_step_works(
    postgres_url: str,
) -> None:
    store = Store.open(postgres_url)
    end_the_others = text(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
        "WHERE datname = current_database() AND pid <> pg_backend_pid()"
    )

    def interrupted() -> None:
        with store.begin() as work:
            work.posts.gather([seen(post())])
            with store.engine.begin() as another:
                another.execute(end_the_others)
            work.posts.gather([seen(post(2), 1)])

    with pytest.raises(StoreError) as raised:
        interrupted()
    assert raised.value.problem is Problem.CONNECTION_LOST
    with store.begin() as work:
        assert work.posts.count() == 0
        work.posts.gather([seen(post())])
        assert work.posts.first_observed_at() == after(0)
    store.close()

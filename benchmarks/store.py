"""How fast the store takes in posts and counters, and what a tiny transaction costs.

    python -m benchmarks.store [--url sqlite:///bench.db] [--posts 20000]

Each figure stands beside a bare ``executemany`` by the database's own driver into the same tables
in the same run, so that it can be compared between machines. The database must be empty; without
``--url`` it is a SQLite file in a temporary folder.
"""

from __future__ import annotations

import argparse
import sqlite3
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import psycopg
from sqlalchemy import make_url

from monitor.domain import Author, EngagementSnapshot, Observation, Post, PostKey
from monitor.store.store import Store

BATCH = 2_000
TINY = 2_000
START = datetime(2026, 3, 3, tzinfo=UTC)
TEXT = "They charged us for the fourth bag on the way home. 回家的路上第四件行李也要收费。" * 2


def look(number: int, round_: int) -> Observation:
    """A look at a post; every fifth post has the same author, counters grow from round to round."""
    key = PostKey("bench", str(number))
    at = START + timedelta(seconds=number, hours=round_)
    return Observation(
        post=Post(
            key=key,
            text=f"{TEXT} {number}",
            published_at=START + timedelta(seconds=number),
            url=f"https://example.org/{number}",
            author=Author(native_id=str(number // 5), handle=f"@{number // 5}", followers=10),
        ),
        observed_at=at,
        snapshot=EngagementSnapshot(key=key, taken_at=at, views=number * round_, likes=round_),
    )


def per_second(count: int, work: Callable[[], object]) -> float:
    """How many a second, when the work does so many."""
    start = time.perf_counter()
    work()
    return count / (time.perf_counter() - start)


def gather(store: Store, looks: Sequence[Observation]) -> None:
    """Take the looks in, a transaction for each batch."""
    for start in range(0, len(looks), BATCH):
        with store.begin() as work:
            work.posts.gather(looks[start : start + BATCH])


def bare(url: str, looks: Sequence[Observation]) -> tuple[float, float]:
    """Posts and snapshots a second by the driver alone, into the same empty tables."""
    address = make_url(url)
    connection: Any
    if address.get_backend_name() == "sqlite":
        connection = sqlite3.connect(address.database or "")
        connection.execute("PRAGMA synchronous = NORMAL")
        mark = "?"
    else:
        plain = address.set(drivername="postgresql").render_as_string(hide_password=False)
        connection = psycopg.connect(plain)
        mark = "%s"
    cursor = connection.cursor()

    def insert(columns: str, rows: Sequence[tuple[object, ...]]) -> float:
        marks = ", ".join([mark] * len(rows[0]))
        statement = f"INSERT INTO {columns} VALUES ({marks}) ON CONFLICT DO NOTHING"  # noqa: S608 - both are ours
        start = time.perf_counter()
        for first in range(0, len(rows), BATCH):
            cursor.executemany(statement, rows[first : first + BATCH])
            connection.commit()
        return len(rows) / (time.perf_counter() - start)

    posts = insert(
        "posts (key, source, text, published_at, url, author, media, first_observed_at, "
        "last_observed_at)",
        [
            (str(o.post.key), "bench", o.post.text, at, o.post.url, "1", "none", at, at)
            for o in looks
            for at in [o.post.published_at.isoformat()]
        ],
    )
    counters = insert(
        "snapshots (post, taken_at, views, likes)",
        [(str(o.post.key), o.observed_at.isoformat(), 10, 2) for o in looks],
    )
    cursor.execute("DELETE FROM posts")
    connection.commit()
    connection.close()
    return posts, counters


def measure(url: str, count: int) -> None:
    """Print the table."""
    first = [look(number, 0) for number in range(count)]
    again = [look(number, 1) for number in range(count)]
    later = [look(number, hour) for number in range(count // 10) for hour in range(2, 12)]
    store = Store.open(url)
    bare_posts, bare_snapshots = bare(url, first)
    new = per_second(count, lambda: gather(store, first))
    known = per_second(count, lambda: gather(store, again))
    appended = per_second(len(later), lambda: gather(store, later))

    def tiny() -> None:
        for number in range(TINY):
            with store.begin() as work:
                work.leases.acquire("bench", "me", START + timedelta(seconds=number), timedelta(1))

    def reads() -> None:
        for _ in range(TINY):
            with store.read() as work:
                work.incidents.undecided()

    writes, looked_up = per_second(TINY, tiny), per_second(TINY, reads)
    store.close()
    versions = f"Python {sys.version.split()[0]}, SQLite {sqlite3.sqlite_version}"
    print(f"{count} posts in batches of {BATCH}; {make_url(url).get_backend_name()}; {versions}")
    print(f"{'':44}{'a second':>10}{'bare':>10}{'ratio':>8}")
    for name, rate, floor in (
        ("new posts, each with author and counters", new, bare_posts),
        ("known posts, each with author and counters", known, bare_posts),
        ("counters, ten of a post in one batch", appended, bare_snapshots),
    ):
        print(f"{name:44}{rate:>10,.0f}{floor:>10,.0f}{rate / floor:>8.2f}")
    print(f"{'one transaction with one small write':44}{1000 / writes:>10.2f} ms")
    print(f"{'one transaction with one small read':44}{1000 / looked_up:>10.2f} ms")


def main() -> None:
    """Measure as the command line says."""
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    arguments.add_argument("--url", help="an empty database (default: a temporary SQLite file)")
    arguments.add_argument("--posts", type=int, default=20_000)
    wanted = arguments.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        measure(wanted.url or f"sqlite:///{Path(folder) / 'bench.db'}", wanted.posts)


if __name__ == "__main__":
    main()

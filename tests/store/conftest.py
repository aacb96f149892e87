"""The same tests over both databases: a fresh one for each test."""

from __future__ import annotations

import os
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import create_engine, make_url, text

from monitor.store.store import Store

POSTGRES = "SPARKWATCH_TEST_POSTGRES"


@pytest.fixture
def sqlite_url(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path}/sparkwatch.db"


@pytest.fixture
def postgres_url() -> Iterator[str]:
    """A database of its own on the server that the environment names."""
    if POSTGRES not in os.environ:
        pytest.skip(f"{POSTGRES} names no server: start one with .ci/postgres.sh")
    server = create_engine(os.environ[POSTGRES], isolation_level="AUTOCOMMIT")
    name = f"sparkwatch_{uuid.uuid4().hex}"
    with server.connect() as connection:
        connection.execute(text(f"CREATE DATABASE {name}"))
    yield make_url(os.environ[POSTGRES]).set(database=name).render_as_string(hide_password=False)
    with server.connect() as connection:
        connection.execute(text(f"DROP DATABASE {name} WITH (FORCE)"))
    server.dispose()


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest) -> str:
    """The address of an empty database of each kind."""
    fixture = "sqlite_url" if request.param == "sqlite" else "postgres_url"
    address: str = request.getfixturevalue(fixture)
    return address


@pytest.fixture
def store(url: str) -> Iterator[Store]:
    opened = Store.open(url)
    yield opened
    opened.close()

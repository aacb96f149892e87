from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from monitor.store.store import Store
from tests.stages.scene import Scene
from tests.store.conftest import postgres_url, sqlite_url, store, url

__all__ = ["postgres_url", "sqlite_url", "store", "url"]


@pytest.fixture
def lite(sqlite_url: str) -> Iterator[Store]:
    """An empty SQLite store, where the kind of database makes no difference."""
    opened = Store.open(sqlite_url)
    yield opened
    opened.close()


@pytest.fixture
def scene(store: Store) -> Scene:
    """A stage set over both databases."""
    return Scene(store)


@pytest.fixture
def lite_scene(lite: Store) -> Scene:
    return Scene(lite)


@pytest.fixture
def make_store(tmp_path: Path) -> Iterator[Callable[[], Store]]:
    """As many more stores as a test asks for."""
    opened: list[Store] = []

    def make() -> Store:
        opened.append(Store.open(f"sqlite:///{tmp_path}/another-{len(opened)}.db"))
        return opened[-1]

    yield make
    for one in opened:
        one.close()


@pytest.fixture
def make_scene(make_store: Callable[[], Store]) -> Callable[[], Scene]:
    """As many more scenes as a test asks for, each with a store of its own."""
    return lambda: Scene(make_store())

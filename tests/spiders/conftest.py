from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.spiders.site import Site, site_at


@pytest.fixture
def site() -> Iterator[Site]:
    with site_at("127.0.0.1") as served:
        yield served


@pytest.fixture
def neighbour() -> Iterator[Site]:
    """A site on another loopback address: a private place that nobody has configured."""
    with site_at("127.0.0.2") as served:
        yield served


@pytest.fixture(scope="session")
def fixtures() -> Path:
    root = Path(__file__).parents[2]
    shared = root / os.environ.get("SPARKWATCH_SHARED", "../shared")
    if not (shared / "fixtures").is_dir():
        pytest.skip(f"no fixtures at {shared}: set SPARKWATCH_SHARED to the folder that has them")
    return shared / "fixtures"

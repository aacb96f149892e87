"""The stories of docs/alerts.md: what is told in them, and that the pictures show just that."""

from __future__ import annotations

import pytest

from benchmarks.timelines import FOLDER, drawn
from monitor.store.store import Store
from tests.timelines.stories import STORIES


@pytest.mark.parametrize("name", STORIES)
def test_a_picture_shows_what_comes_out_now(name: str, store: Store) -> None:
    kept = (FOLDER / f"timeline-{name}.svg").read_text(encoding="utf-8")
    assert drawn(name, store) == kept, "draw it anew: python -m benchmarks.timelines"

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import attrs
import pytest

from monitor.pipeline import Done, Pipeline
from monitor.store.store import Store

NOW = datetime(2026, 3, 3, 9, tzinfo=UTC)


@attrs.define
class Work:
    """A stage with so much to do, that notes when it ran."""

    name: str
    left: int
    log: list[str]
    batch: int = 3

    def run(self, store: Store, now: datetime) -> int:
        done = min(self.left, self.batch)
        self.left -= done
        self.log.append(f"{self.name} {done}")
        return done


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    opened = Store.open(f"sqlite:///{tmp_path}/sparkwatch.db")
    yield opened
    opened.close()


def test_every_stage_does_all_that_is_undone_before_the_next_begins(store: Store) -> None:
    log: list[str] = []
    pipeline = Pipeline((Work("match", 7, log), Work("assess", 3, log), Work("group", 0, log)))
    done = pipeline.run(store, NOW)
    assert done == (Done("match", 7), Done("assess", 3), Done("group", 0))
    assert log == ["match 3", "match 3", "match 1", "assess 3", "assess 0", "group 0"]
    assert [stage.count for stage in pipeline.run(store, NOW)] == [0, 0, 0]


def test_it_stops_between_two_pieces_when_it_is_told_to(store: Store) -> None:
    log: list[str] = []
    pipeline = Pipeline((Work("match", 9, log), Work("assess", 3, log)))
    done = pipeline.run(store, NOW, stop=lambda: len(log) == 2)
    assert log == ["match 3", "match 3"]
    assert done == (Done("match", 6), Done("assess", 0))


def test_a_stage_that_fails_is_taken_up_where_it_was(store: Store) -> None:
    log: list[str] = []

    class Failing(Work):
        def run(self, store: Store, now: datetime) -> int:
            if self.left == 4 and not log.count("failed"):
                log.append("failed")
                raise OSError("no space left on device")
            return super().run(store, now)

    pipeline = Pipeline((Failing("match", 7, log), Work("assess", 1, log)))
    with pytest.raises(OSError, match="no space"):
        pipeline.run(store, NOW)
    assert pipeline.run(store, NOW) == (Done("match", 4), Done("assess", 1))

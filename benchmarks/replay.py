"""The whole way of a post, timed, and what a replay of real complaints raises.

    python -m benchmarks.replay [FILE] [--config FILE] [--first N] [--json]

Replays an archive (by default the tweets to six US airlines of February 2015) through the live
pipeline into a store of its own and prints what was raised, when and how many posts later, then
how many posts a second passed the whole way and where the time went. Nothing is sent.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import tempfile
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path

import attrs

from config.load import load
from monitor import app, archive
from monitor.commands.replaying import Replayed, print_report
from monitor.commands.showing import console
from monitor.pipeline import Pipeline
from monitor.replay import Moment
from monitor.stages.stage import Stage
from monitor.store.store import Store

HERE = Path(__file__).parent
SHARED = Path(os.environ.get("SPARKWATCH_SHARED", HERE.parent.parent / "shared"))
TICK = timedelta(minutes=5)
ARCHIVE = SHARED / "replays" / "us-airlines-2015.jsonl.gz"


@attrs.frozen
class Timed:
    """A stage that notes how long it took."""

    stage: Stage
    seconds: defaultdict[str, float]

    @property
    def name(self) -> str:
        """The stage's name."""
        return self.stage.name

    @property
    def batch(self) -> int:
        """The stage's batch."""
        return self.stage.batch

    def run(self, store: Store, now: datetime) -> int:
        """Run the stage."""
        started = time.perf_counter()
        try:
            return self.stage.run(store, now)
        finally:
            self.seconds[self.name] += time.perf_counter() - started


def main() -> None:
    """Replay, print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("file", nargs="?", type=Path, default=ARCHIVE)
    parser.add_argument("--config", type=Path, default=HERE / "airlines.yaml")
    parser.add_argument("--first", type=int, help="only the first so many observations")
    parser.add_argument("--json", action="store_true", help="one JSON object instead of a table")
    wanted = parser.parse_args()
    settings = load(wanted.config)
    observations = list(archive.read(wanted.file, source="archive", timezone=UTC))[: wanted.first]
    seconds: defaultdict[str, float] = defaultdict(float)
    with tempfile.TemporaryDirectory() as folder:
        output = Path(folder)
        scores = app.scorer(settings)
        prepared = app.replay(settings, observations, scores=scores, output=output, tick=TICK)
        stages = tuple(Timed(stage, seconds) for stage in prepared.pipeline.stages)
        store = Store.open(f"sqlite:///{output / 'replay.db'}")
        started = time.perf_counter()
        report = prepared.replay.run(store, Pipeline(stages), _silent())
        replayed = Replayed(
            report=report,
            settings=settings,
            tick=TICK,
            model=f"{scores.model} {scores.revision}",
            seconds=time.perf_counter() - started,
            store=output / "replay.db",
        )
        store.close()
    seconds["gather, clock, report"] = replayed.seconds - sum(seconds.values())
    setting = (
        f"{platform.machine()}, {os.cpu_count()} processors, "
        f"one thread for the model, SQLite, ticks of 5 minutes"
    )
    if wanted.json:
        figures = {
            "setting": setting,
            "observations": report.observations,
            "posts_a_second": round(replayed.posts_a_second, 1),
            "seconds": {name: round(taken, 1) for name, taken in _longest(seconds)},
            "alerts": Counter(raised.alert.level.value for raised in report.raised),
            "incidents": report.incidents,
        }
        print(json.dumps(figures, ensure_ascii=False, indent=2))
        return
    print_report(replayed, settings, console())
    print(f"\n{setting}")
    for name, taken in _longest(seconds):
        print(f"  {name:22} {taken:7.1f} s  {taken / replayed.seconds:5.0%}")


def _longest(seconds: Mapping[str, float]) -> list[tuple[str, float]]:
    return sorted(seconds.items(), key=lambda pair: -pair[1])


def _silent() -> Callable[[Moment], None]:
    return lambda _moment: None


if __name__ == "__main__":
    main()

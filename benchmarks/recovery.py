"""How often the intervals hold, and how often "recovering" is said where nobody answered.

    python -m benchmarks.recovery [--archive FILE] [--cascades FOLDER] [--json]

1. `intervals`: shares and means of two groups are drawn, with a known difference between them;
   how often the 95 % interval holds it, by the number of people on each side.
2. `cascades`: real stories that nobody answered, of the last quarter of each data set, are said to
   be answered one hour after their first post, with at least ten posts. Only their volume is known:
   how often is it called lower, or higher, than foreseen, 6 and 24 hours later? Then the same where
   the answer is made to work: of the later posts only the share `kept` is left.
3. `archive`: real complaints to six US airlines go through the model, the grouping and the
   forecasts. Every incident is said to be answered one, three and six hours after it opened, though
   the archive holds no answer. What is said 3, 6, 12 and 24 hours later is a false verdict but for
   "no change shown" and "too little seen". (The airlines did answer in private and by posts that
   the archive leaves out, so a part of what is seen may be real.)

An incident is said to recover or to get worse at any of four looks; `ever` tells how often that
happens at one of them or more.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TypeAlias
from zoneinfo import ZoneInfo

import attrs
import numpy as np

from config.load import load
from monitor import app, archive
from monitor.domain import Forecast, PostKey, Voice
from monitor.effect import Effect, Place, Verdict
from monitor.incidents.matching import Matcher
from monitor.pipeline import Pipeline
from monitor.replay import Moment, Replay
from monitor.stages.assess import Assess
from monitor.stages.forecast import ForecastStage
from monitor.stages.group import Group
from monitor.stages.match import Match
from monitor.store.store import Store
from monitor.virality.cascade import Cascade
from monitor.virality.cascades import cut, read
from monitor.virality.fit import LEARNED
from monitor.virality.forecast import Forecaster
from monitor.virality.recovery import effect, mean_difference, share_difference

HERE = Path(__file__).parent
SHARED = Path(os.environ.get("SPARKWATCH_SHARED", HERE.parent.parent / "shared"))
HOUR = timedelta(hours=1)
BEGAN = datetime(2026, 1, 1, tzinfo=UTC)
DRAWS = 4_000
SIDES = ((8, 8), (8, 40), (20, 20), (60, 60), (200, 200))
SHARES = ((0.9, 0.9), (0.9, 0.7), (0.6, 0.6), (0.6, 0.3))
ANSWERED_AFTER = (1, 3, 6)
LOOKS = (3, 6, 12, 24)
FEWEST = 10
KEPT = (1.0, 0.5, 0.2, 0.0)

Row: TypeAlias = dict[str, str | int | float]


@attrs.frozen(kw_only=True)
class Story:
    """An incident that nobody answered, and when it is said to be answered."""

    name: str
    voices: Sequence[Voice]
    forecasts: Sequence[Forecast]
    answered_at: datetime


def main() -> None:
    """The command."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.recovery",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "--archive", type=Path, default=SHARED / "replays" / "us-airlines-2015.jsonl.gz"
    )
    parser.add_argument("--cascades", type=Path, default=SHARED / "data" / "cascades")
    parser.add_argument("--json", action="store_true", help="figures for a program")
    wanted = parser.parse_args()
    told: dict[str, list[Row]] = {
        "intervals": list(intervals()),
        "cascades": list(of_cascades(wanted.cascades)),
        "archive": list(of_archive(wanted.archive)),
    }
    if wanted.json:
        print(json.dumps(told, indent=1))
        return
    for heading, rows in told.items():
        print(f"\n{heading}")
        print("\n".join(_table(rows)))


def intervals() -> Iterator[Row]:
    """How often a 95 % interval holds the difference that the draws were made with."""
    chance = np.random.default_rng(7)
    for was, became in SHARES:
        for before, after in SIDES:
            held = {"share": 0, "mean": 0}
            for _ in range(DRAWS):
                flags = (
                    (chance.random(before) < was).astype(float).tolist(),
                    (chance.random(after) < became).astype(float).tolist(),
                )
                scores = (
                    chance.beta(4 * was, 4 * (1 - was), before).tolist(),
                    chance.beta(4 * became, 4 * (1 - became), after).tolist(),
                )
                for name, seen in (
                    ("share", share_difference(*flags)),
                    ("mean", mean_difference(*scores)),
                ):
                    held[name] += seen is not None and seen.low <= became - was <= seen.high
            yield {
                "before": was,
                "after": became,
                "people": f"{before}, {after}",
                "share_held": round(held["share"] / DRAWS, 3),
                "mean_held": round(held["mean"] / DRAWS, 3),
            }


def of_cascades(folder: Path) -> Iterator[Row]:
    """What is said of the volume of stories that nobody answered."""
    _, unseen = cut(read(folder), LEARNED)
    model = Forecaster.load().growth
    stories = [
        _story(one, model_forecasts)
        for one in unseen
        if one.total(1.0) >= FEWEST
        for model_forecasts in [Forecaster(growth=model, source=one.source)]
    ]
    chance = random.Random(11)  # noqa: S311 - draws that can be repeated, no secret
    for kept in KEPT:
        thinned = [_thinned(story, kept, chance) for story in stories]
        for hours in (6, 24):
            seen = [one for story in thinned if (one := _look(story, hours)).volume is not None]
            places = Counter(one.volume.place for one in seen if one.volume is not None)
            verdicts = Counter(one.verdict for one in seen)
            row: Row = {"kept": kept, "hours": hours, "stories": len(seen)}
            row.update({place.value: round(places[place] / len(seen), 3) for place in Place})
            for verdict in (Verdict.RECOVERING, Verdict.WORSE):
                row[verdict.value] = round(verdicts[verdict] / len(seen), 3)
            yield row


def of_archive(file: Path) -> Iterator[Row]:
    """What is said of real incidents at each look, and at any of them."""
    stories = list(_replayed(file))
    looks = {story.name: {hours: _look(story, hours) for hours in LOOKS} for story in stories}
    for hours in LOOKS:
        yield _counted(f"{hours} h", [seen[hours] for seen in looks.values()])
    ever: Counter[str] = Counter()
    for seen in looks.values():
        ever.update({one.verdict.value for one in seen.values()})
    row: Row = {"look": "ever", "answers": len(looks)}
    row.update({verdict: round(ever[verdict] / len(looks), 3) for verdict in _TOLD})
    yield row


_TOLD = (
    Verdict.RECOVERING.value,
    Verdict.WORSE.value,
    Verdict.NO_CHANGE_SHOWN.value,
    Verdict.TOO_LITTLE_SEEN.value,
)


def _counted(look: str, seen: Sequence[Effect]) -> Row:
    verdicts = Counter(one.verdict.value for one in seen)
    row: Row = {"look": look, "answers": len(seen)}
    row.update({verdict: round(verdicts[verdict] / len(seen), 3) for verdict in _TOLD})
    volumes = [one.volume.place for one in seen if one.volume]
    negative = [one.negative for one in seen if one.negative]
    anger = [one.anger for one in seen if one.anger]
    return row | {
        "volume_low": _share(sum(place is Place.BELOW90 for place in volumes), len(volumes)),
        "volume_high": _share(sum(place is Place.ABOVE90 for place in volumes), len(volumes)),
        "negative_fell": _share(sum(one.fell for one in negative), len(negative)),
        "negative_rose": _share(sum(one.rose for one in negative), len(negative)),
        "anger_fell": _share(sum(one.fell for one in anger), len(anger)),
        "anger_rose": _share(sum(one.rose for one in anger), len(anger)),
    }


def _share(count: int, of: int) -> str:
    return f"{count}/{of}"


def _thinned(story: Story, kept: float, chance: random.Random) -> Story:
    """The story as if the answer had kept all but a share of the later posts from being written."""
    left = [
        one
        for one in story.voices
        if one.published_at <= story.answered_at or chance.random() < kept
    ]
    return attrs.evolve(story, voices=left)


def _story(cascade: Cascade, forecaster: Forecaster) -> Story:
    began = BEGAN + (cascade.hour_of_day(0.0) or 0.0) * HOUR
    times = [began + float(hour) * HOUR for hour in cascade.hours]
    answered_at = began + HOUR
    return Story(
        name=f"{cascade.dataset}/{cascade.name}",
        voices=[
            Voice(
                post=PostKey("cascade", str(number)),
                published_at=time,
                author=str(number),
                negative=1.0,
            )
            for number, time in enumerate(times)
        ],
        forecasts=list(
            forecaster.mentions(
                cascade.name, [time for time in times if time <= answered_at], answered_at
            )
        ),
        answered_at=answered_at,
    )


def _look(story: Story, hours: float) -> Effect:
    return effect(
        story.voices, story.forecasts, story.answered_at, story.answered_at + hours * HOUR
    )


def _replayed(file: Path) -> Iterator[Story]:
    settings = load(HERE / "airlines.yaml")
    brands = settings.watched()
    observed = list(archive.read(file, source="archive", timezone=UTC))
    replay = Replay(observations=observed, tick=timedelta(minutes=15))
    scores = replay.read_ahead(app.scorer(settings), Matcher(brands))
    stages = (
        Match(Matcher(brands)),
        Assess(scores, app.reader(settings, scores)),
        Group(brands),
        ForecastStage(Forecaster.load(zone=ZoneInfo(settings.timezone))),
    )
    last = max(one.observed_at for one in observed)
    with tempfile.TemporaryDirectory() as folder:
        store = Store.open(f"sqlite:///{folder}/recovery.db")
        try:
            replay.run(store, Pipeline(stages), _Progress())
            with store.read() as work:
                for incident in work.incidents.find():
                    if incident.opened_at is None:
                        continue
                    voices = work.voices.of(incident.id)
                    forecasts = work.forecasts.of_incident(incident.id)
                    for after in ANSWERED_AFTER:
                        answered_at = incident.opened_at + after * HOUR
                        if answered_at + LOOKS[-1] * HOUR <= last:
                            yield Story(
                                name=f"{incident.id}+{after}",
                                voices=voices,
                                forecasts=forecasts,
                                answered_at=answered_at,
                            )
        finally:
            store.close()


class _Progress:
    """Says every simulated day how far it is."""

    def __init__(self) -> None:
        self._next = datetime.min.replace(tzinfo=UTC)

    def __call__(self, moment: Moment) -> None:
        if moment.now >= self._next:
            self._next = moment.now + timedelta(days=1)
            print(f"{moment.now:%Y-%m-%d}: {moment.gathered} posts", file=sys.stderr, flush=True)


def _table(rows: Sequence[Row]) -> Iterator[str]:
    names = list(dict.fromkeys(name for row in rows for name in row))
    cells = [names, *([str(row.get(name, "")) for name in names] for row in rows)]
    widths = [max(len(row[column]) for row in cells) for column in range(len(names))]
    for row in cells:
        yield "  ".join(cell.rjust(width) for cell, width in zip(row, widths, strict=True))


if __name__ == "__main__":
    main()

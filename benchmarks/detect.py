"""How many spreading stories are found within an hour, at how many false alarms.

    python -m benchmarks.detect [--volumes FOLDER] [--cascades FOLDER] [--cases N]
                                [--grouped] [--archive FILE] [--first N] [--json]

Real cascades are injected into the real volumes of seven brands. A story counts as found when its
score crosses the threshold at a look (every 5 minutes) within an hour of its first post. A false
alarm is another story that crosses it, once however often; what happened in a brand's labelled
anomalies is left out.

The threshold is the lowest that keeps to one alarm a brand-week, on the highest score that each
story ever reached, over all brands and stories at once. It is chosen on the first half of every
volume with cascades of the first three quarters by time, and reported on the second half with
cascades of the last quarter. Cascades are drawn from those that came to 20 posts in a day.

1. `brand`: the brand's whole volume of an hour against its seasonal baseline, for scale.
2. `incident`: the volume spread over stories, and the score of `monitor/virality/prominence.py`.
   A background post looks at a random one of the last three days: it tells the same story, or,
   with probability .92 over the number of posts of that story, one of its own (a Pitman-Yor
   process). That gives 5 stories for every 8 posts and a few large ones, as
   the grouping gave for real complaints to six airlines.
3. `--grouped`: the same cascades through the real model, the real grouping and the real decision
   on a real archive, told in paraphrases (`benchmarks/stories.tsv`); see `benchmarks/injected.py`.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import sys
from collections.abc import Iterator, Sequence
from datetime import UTC, timedelta
from pathlib import Path

import attrs
import numpy as np
import numpy.typing as npt

from alerts.policy import PolicyOptions
from benchmarks.volumes import BIN, PAST, Volume, spread, volumes
from monitor.virality.baseline import Baseline
from monitor.virality.cascade import Cascade
from monitor.virality.cascades import cut, read
from monitor.virality.prominence import WINDOWS, prominence

SHARED = Path(os.environ.get("SPARKWATCH_SHARED", Path(__file__).parent.parent.parent / "shared"))
SIZES = tuple(window // BIN for window in WINDOWS)
WEEK = timedelta(days=7) // BIN
LOOKS = np.arange(1, 13) / 12
"""When it is looked after a first post, in hours."""
BUDGET = 1.0
"""Alarms a brand-week."""
LEAST = 20
"""Posts in a day from which a cascade is drawn."""
AFTERMATH = timedelta(days=1) // BIN
"""A volume that stays high for so long is one alarm."""

Counts = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]


@attrs.frozen(kw_only=True)
class Figures:
    """What one detector came to on the half that nothing was chosen on."""

    detector: str
    threshold: float
    found: float
    alarms: float
    found_when_chosen: float
    alarms_when_chosen: float
    by_brand: dict[str, tuple[float, float]]


# --- the incidents' own counts ------------------------------------------------------------------


@attrs.frozen(kw_only=True, eq=False)
class Background:
    """Each look at each story of a brand at which it had grown."""

    story: Counts
    place: Counts
    lately: dict[int, Floats]
    own: dict[int, Floats]


def background(volume: Volume, seed: int) -> Background:
    """Spread a volume over stories and count each in every window."""
    story = spread(volume.counts.tolist(), seed).astype(np.int64)
    width = len(volume.counts) + PAST
    keys, held = np.unique(
        story * width + np.repeat(np.arange(len(volume.counts)), volume.counts), return_counts=True
    )
    until = np.concatenate([[0], np.cumsum(held)])
    first = keys // width * width

    def within(bins: int) -> Floats:
        start = np.searchsorted(keys, np.maximum(keys - bins + 1, first))
        total: Floats = (until[1:] - until[start]).astype(np.float64)
        return total

    past = within(PAST)
    lately = {size: within(size) for size in SIZES}
    return Background(
        story=keys // width,
        place=keys % width,
        lately=lately,
        own={size: past - lately[size] for size in SIZES},
    )


def usual(volume: Volume, half: range) -> tuple[Floats, float]:
    """The usual mentions of each bin, and their dispersion, as the first half teaches them."""
    learned = range(len(volume.counts) // 2)
    times = [
        volume.began + place * BIN for place in learned for _ in range(int(volume.counts[place]))
    ]
    ends = volume.began + len(learned) * BIN
    baseline = Baseline.fit(times, volume.began, ends, UTC)
    found = np.zeros(len(volume.counts))
    for place in range(max(0, half.start - max(SIZES)), half.stop + len(LOOKS)):
        start = volume.began + place * BIN
        found[place] = baseline.expected(start, start + BIN)
    return found, baseline.dispersion


def windowed(values: npt.NDArray[np.number], size: int) -> Floats:
    """The sum of each bin with the ``size - 1`` before it."""
    until = np.concatenate([[0.0], np.cumsum(values)])
    ends = np.arange(1, len(until))
    total: Floats = until[ends] - until[np.maximum(ends - size, 0)]
    return total


# --- the detectors ------------------------------------------------------------------------------


@attrs.frozen(kw_only=True, eq=False)
class Outcome:
    """What one half of one brand came to: the highest score of each story and of each cascade."""

    brand: str
    weeks: float
    background: Floats
    injected: Floats


def by_incident(
    volume: Volume, stories: Background, half: range, cases: Sequence[Cascade], seed: int
) -> Outcome:
    """Each cascade is an incident of its own among those of the background."""
    floor = PolicyOptions().spike_posts
    expected, _ = usual(volume, half)
    calm = ~volume.anomalous
    looked = (stories.place >= half.start) & (stories.place < half.stop)
    looked &= calm[np.minimum(stories.place, len(calm) - 1)]
    place = stories.place[looked]
    highest = np.full(int(looked.sum()), -np.inf)
    injected = np.full(len(cases), -np.inf)
    drawn = list(_draws(volume, half, cases, seed))
    for size in SIZES:
        normal, total = windowed(expected, size), windowed(volume.counts, size)
        count = stories.lately[size][looked]
        score = prominence(count, stories.own[size][looked], normal[place], total[place] - count)
        highest = np.maximum(highest, np.where(count >= floor, score, -np.inf))
        for number, (start, hours) in enumerate(drawn):
            looks = start + np.arange(len(LOOKS))
            lately = _lately(hours, size)
            own = np.searchsorted(hours, LOOKS, "right") - lately
            said = prominence(lately, own, normal[looks], total[looks])
            best = np.where(lately >= floor, said, -np.inf).max()
            injected[number] = max(injected[number], best)
    most = np.full(int(stories.story.max()) + 1, -np.inf)
    np.maximum.at(most, stories.story[looked], highest)
    return Outcome(
        brand=volume.name,
        weeks=float(calm[half.start : half.stop].sum() / WEEK),
        background=most,
        injected=injected,
    )


def by_brand(volume: Volume, half: range, cases: Sequence[Cascade], seed: int) -> Outcome:
    """The volume of the last hour in deviations from its seasonal mean (negative binomial)."""
    hour = timedelta(hours=1) // BIN
    expected, dispersion = usual(volume, half)
    normal, total = windowed(expected, hour), windowed(volume.counts, hour)
    places = np.arange(half.start, half.stop)

    def score(count: Floats, mean: Floats) -> Floats:
        deviation = np.sqrt(np.maximum(mean, 1.0) + dispersion * mean**2)
        above: Floats = (count - mean) / deviation
        return above

    said = np.where(volume.anomalous[places], -np.inf, score(total[places], normal[places]))
    injected = np.array(
        [
            score(
                total[start + np.arange(len(LOOKS))] + _lately(hours, hour),
                normal[start + np.arange(len(LOOKS))],
            ).max()
            for start, hours in _draws(volume, half, cases, seed)
        ]
    )
    calm = ~volume.anomalous[half.start : half.stop]
    days = [said[start : start + AFTERMATH].max() for start in range(0, len(said), AFTERMATH)]
    return Outcome(
        brand=volume.name,
        weeks=float(calm.sum() / WEEK),
        background=np.array(days),
        injected=injected,
    )


def _draws(
    volume: Volume, half: range, cases: Sequence[Cascade], seed: int
) -> Iterator[tuple[int, Floats]]:
    """Where each cascade is injected, and when its posts of the first hour come, in hours."""
    draw = np.random.default_rng(seed)
    calm = np.flatnonzero(~volume.anomalous[half.start : half.stop]) + half.start
    for case in cases:
        start = int(calm[draw.integers(len(calm))])
        yield start, case.hours[: case.total(1.0)] + draw.random() / len(LOOKS)


def _lately(hours: Floats, size: int) -> Floats:
    """The posts of a cascade in the window that ends at each look."""
    window = size * (BIN / timedelta(hours=1))
    ends = np.searchsorted(hours, LOOKS, "right")
    lately: Floats = (ends - np.searchsorted(hours, LOOKS - window, "right")).astype(np.float64)
    return lately


# --- the figures --------------------------------------------------------------------------------


def threshold_for(outcomes: Sequence[Outcome], budget: float) -> float:
    """The lowest threshold that keeps to so many alarms a brand-week."""
    highest = np.sort(np.concatenate([one.background for one in outcomes]))[::-1]
    allowed = int(budget * sum(one.weeks for one in outcomes))
    over = float(highest[allowed]) if allowed < len(highest) else -np.inf
    return float(np.nextafter(over, np.inf)) if np.isfinite(over) else 0.0


def figures(
    detector: str, threshold: float, chosen: Sequence[Outcome], reported: Sequence[Outcome]
) -> Figures:
    """Found and false alarms at a threshold, where it was chosen and where it was not."""

    def found(outcomes: Sequence[Outcome]) -> float:
        return float(np.mean([(one.injected >= threshold).mean() for one in outcomes]))

    def alarms(outcomes: Sequence[Outcome]) -> float:
        raised = sum(int((one.background >= threshold).sum()) for one in outcomes)
        return raised / sum(one.weeks for one in outcomes)

    return Figures(
        detector=detector,
        threshold=threshold,
        found=found(reported),
        alarms=alarms(reported),
        found_when_chosen=found(chosen),
        alarms_when_chosen=alarms(chosen),
        by_brand={one.brand: (found([one]), alarms([one])) for one in reported},
    )


def cases_of(cascades: Sequence[Cascade], count: int, seed: int) -> list[Cascade]:
    """So many of those cascades that came to `LEAST` posts in a day, drawn by a fixed seed."""
    large = [one for one in cascades if one.total(24.0) >= LEAST]
    draw = random.Random(seed)  # noqa: S311 - draws that can be repeated, no secret
    return draw.sample(large, min(count, len(large)))


def measure(brands: Sequence[Volume], cascades: Sequence[Cascade], count: int) -> Iterator[Figures]:
    """Every detector, in the order of the docstring."""
    earlier, later = cut(cascades, 0.75)
    drawn = cases_of(earlier, count, 1), cases_of(later, count, 2)
    totals: tuple[list[Outcome], list[Outcome]] = ([], [])
    incidents: tuple[list[Outcome], list[Outcome]] = ([], [])
    for number, volume in enumerate(brands):
        _say(f"{volume.name}: {int(volume.counts.sum())} mentions are spread over stories")
        stories = background(volume, number)
        for part, half in enumerate(volume.halves()):
            totals[part].append(by_brand(volume, half, drawn[part], number))
            incidents[part].append(by_incident(volume, stories, half, drawn[part], number))
    yield figures("brand", threshold_for(totals[0], BUDGET), *totals)
    yield figures("incident", threshold_for(incidents[0], BUDGET), *incidents)
    yield figures("incident, as shipped", PolicyOptions().spike_score, *incidents)
    critical = PolicyOptions().critical_spike_score
    yield figures("incident, as shipped: critical", critical, *incidents)


def _say(progress: str) -> None:
    print(progress, file=sys.stderr, flush=True)


def main() -> None:
    """Inject, look, print."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.detect",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--volumes", type=Path, default=SHARED / "data" / "volumes")
    parser.add_argument("--cascades", type=Path, default=SHARED / "data" / "cascades")
    parser.add_argument("--cases", type=int, default=300, help="so many cascades of each part")
    parser.add_argument("--grouped", action="store_true", help="through the real grouping instead")
    parser.add_argument(
        "--archive", type=Path, default=SHARED / "replays" / "us-airlines-2015.jsonl.gz"
    )
    parser.add_argument("--first", type=int, help="only so many observations of the archive")
    parser.add_argument("--json", action="store_true", help="one JSON object instead of a table")
    wanted = parser.parse_args()
    cascades = read(wanted.cascades)
    if wanted.grouped:
        from benchmarks.injected import report  # the model takes seconds to load

        later = cut(cascades, 0.75)[1]
        print(report(wanted.archive, later, first=wanted.first, as_json=wanted.json))
        return
    found = list(measure(volumes(wanted.volumes), cascades, wanted.cases))
    if wanted.json:
        print(json.dumps([attrs.asdict(one) for one in found]))
        return
    later = cases_of(cut(cascades, 0.75)[1], wanted.cases, 2)
    size = np.median([one.total(24.0) for one in later])
    print(f"{len(later)} cascades, a median of {size:.0f} posts a day, into each of 7 brands")
    print(
        "detector                        threshold  found in 1 h  alarms a brand-week  (chosen on)"
    )
    for one in found:
        print(
            f"{one.detector:31} {one.threshold:9.2f}  {one.found:12.3f}  {one.alarms:19.2f}"
            f"  ({one.found_when_chosen:.3f}, {one.alarms_when_chosen:.2f})"
        )
        for brand, (share, alarms) in one.by_brand.items():
            print(f"    {brand:27} {'':9}  {share:12.2f}  {alarms:19.1f}")


if __name__ == "__main__":
    main()

"""How often the interval of the reproduction number holds the true one, and what it costs.

    python -m benchmarks.reproduction [--runs N] [--seed N] [--json]

Branching stories are simulated (Hawkes processes by their clusters: posts from outside at an even
rate, each post with a Poisson number of answers after exponential or power-law times) and watched
for 3 to 48 hours; those with fewer than 30 posts are passed over, as the estimate passes them over.
Sizes are expected to be 50 to 1,500 posts, scales of the answering times 2 minutes to an hour, tail
exponents .5 to 2. True numbers are .2 to .95. The last lines bring posts from outside in bursts
instead, which is what the estimate cannot tell from answers.

Then the rate of posting grows exponentially, once by posts that come independently and once by
answers (R from 1.2 to 2, from one first post), and the doubling time's interval is held against the
true one. Last, the milliseconds for 1,000 posts and for 100,000.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from functools import partial

import attrs
import numpy as np
import numpy.typing as npt

from monitor.virality.reproduction import (
    FEWEST_EVENTS,
    Doubling,
    Reproduction,
    doubling,
    reproduction,
)

TRUE = (0.2, 0.4, 0.6, 0.8, 0.9, 0.95)
START = datetime(2026, 1, 1, tzinfo=UTC)
HOUR = 3600.0

Floats = npt.NDArray[np.float64]
Lags = Callable[[np.random.Generator, int], Floats]


@attrs.frozen(kw_only=True)
class Coverage:
    """How often intervals of nominally 90 % held the truth, and where they missed it."""

    what: str
    true: float | None
    n: int
    covered: float
    too_high: float
    too_low: float
    width: float
    posts: float


def exponential(mean: float) -> Lags:
    """Answering times that are forgotten at an even rate."""
    return lambda rng, size: rng.exponential(mean, size)


def power_law(onset: float, tail: float) -> Lags:
    """Answering times with the density ``(1 + t/onset)**-(1 + tail)``, up to its constant."""
    return lambda rng, size: onset * (rng.random(size) ** (-1 / tail) - 1)


def story(
    rng: np.random.Generator, ratio: float, lags: Lags, roots: Floats, until: float, most: int
) -> Floats:
    """Times of the posts that descend from ``roots``, in order; cut off where they get too many."""
    generation, found = roots, [roots]
    while len(generation) and sum(map(len, found)) < most:
        parents = np.repeat(generation, rng.poisson(ratio, len(generation)))
        generation = parents + lags(rng, len(parents))
        generation = generation[generation < until]
        found.append(generation)
    return np.sort(np.concatenate(found))


def fed_stories(
    rng: np.random.Generator, ratio: float, kind: str, *, bursts: bool
) -> Iterator[tuple[Floats, float]]:
    """Without end: stories fed from outside, and how long they were watched, in seconds."""
    while True:
        until = _between(rng, 3 * HOUR, 48 * HOUR)
        fed = max(_between(rng, 50, 1500) * (1 - ratio), 1.0)
        scale = _between(rng, 120.0, 3600.0)
        lags = exponential(scale)
        if kind == "power":
            lags = power_law(scale / 2, _between(rng, 0.5, 2.0))
        at = rng.uniform(0, until, rng.poisson(fed))
        if bursts:
            centres = rng.uniform(0, until, max(1, round(fed / 20)))
            at = np.clip(rng.choice(centres, len(at)) + rng.normal(0, 600, len(at)), 0, until)
        yield story(rng, ratio, lags, np.append(at, 0.0), until, 100_000), until


def reproduction_coverage(
    rng: np.random.Generator, ratio: float, kind: str, runs: int, *, bursts: bool = False
) -> Coverage:
    """Simulate until ``runs`` stories were long enough, and count."""
    found: list[Reproduction] = []
    posts = []
    for came, until in fed_stories(rng, ratio, kind, bursts=bursts):
        if len(found) == runs:
            break
        if len(came) < FEWEST_EVENTS:
            continue
        said = reproduction(moments(came), START + timedelta(seconds=until))
        if said is not None:
            found.append(said)
            posts.append(len(came))
    low, high = (np.array([getattr(one, end) for one in found]) for end in ("low90", "high90"))
    what = f"R, {kind} kernel" + (", fed in bursts" if bursts else "")
    return _coverage(what, ratio, low, high, np.full(len(found), ratio), posts)


def doubling_coverage(rng: np.random.Generator, kind: str, runs: int) -> Coverage:
    """Growing stories, watched until some 30 to 2,000 posts have come."""
    found: list[Doubling] = []
    truths, posts = [], []
    while len(found) < runs:
        size = round(_between(rng, 30, 2000))
        if kind == "answers":
            mean, ratio = _between(rng, 300, 3600), rng.uniform(1.2, 2.0)
            rate = (ratio - 1) / mean
            until = float(np.log(size)) / rate
            came = story(rng, ratio, exponential(mean), np.zeros(1), until, 100_000)
        else:
            rate = np.log(2) / _between(rng, 600, 3 * HOUR)
            came = np.sort(-rng.exponential(1 / rate, size))
            came = came - came[0]
            until = float(came[-1]) + 1
        said = doubling(moments(came), START + timedelta(seconds=until))
        if said is not None and len(came) >= FEWEST_EVENTS:
            found.append(said)
            truths.append(rate)
            posts.append(len(came))
    low = np.array([_rate(one.high90) for one in found])
    high = np.array([_rate(one.low90) for one in found])
    truth = np.array(truths)
    return _coverage(
        f"doubling, growth by {kind}", None, low / truth, high / truth, np.ones(runs), posts
    )


def _rate(time_to_double: timedelta | None) -> float:
    """The growth rate; one that may not grow at all reaches down to nothing."""
    return 0.0 if time_to_double is None else float(np.log(2)) / time_to_double.total_seconds()


def _coverage(
    what: str, true: float | None, low: Floats, high: Floats, truth: Floats, posts: list[int]
) -> Coverage:
    return Coverage(
        what=what,
        true=true,
        n=len(low),
        covered=float(np.mean((low <= truth) & (truth <= high))),
        too_high=float(np.mean(low > truth)),
        too_low=float(np.mean(high < truth)),
        width=float(np.median(high - low)),
        posts=float(np.median(posts)),
    )


def milliseconds(posts: int, runs: int = 30) -> float:
    """The least of ``runs`` estimates from ``posts`` times: a busy machine only adds to it."""
    came = moments(np.sort(np.random.default_rng(1).uniform(0, 24 * HOUR, posts)))
    spent = []
    for _ in range(runs):
        began = time.perf_counter()
        reproduction(came, START + timedelta(days=1))
        spent.append(time.perf_counter() - began)
    return 1000 * min(spent)


def moments(seconds: Floats) -> list[datetime]:
    """Seconds since the start as times."""
    return [START + timedelta(seconds=float(one)) for one in seconds]


def _between(rng: np.random.Generator, low: float, high: float) -> float:
    return float(np.exp(rng.uniform(np.log(low), np.log(high))))


def main() -> None:
    """The command."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.reproduction",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--runs", type=int, default=300, help="stories a line")
    parser.add_argument("--seed", type=int, default=4)
    parser.add_argument("--json", action="store_true")
    chosen = parser.parse_args()
    rng = np.random.default_rng(chosen.seed)
    runs = chosen.runs
    jobs: list[Callable[[], Coverage]] = [
        *(
            partial(reproduction_coverage, rng, ratio, kind, runs)
            for kind in ("exponential", "power")
            for ratio in TRUE
        ),
        *(
            partial(reproduction_coverage, rng, ratio, "exponential", runs, bursts=True)
            for ratio in (0.2, 0.6)
        ),
        *(partial(doubling_coverage, rng, kind, runs) for kind in ("chance", "answers")),
    ]
    found = []
    if not chosen.json:
        print(f"intervals of 90 %, {runs} simulated stories a line, seed {chosen.seed}")
        print("what                               true  covered  too high  too low  width  posts")
    for job in jobs:
        one = job()
        found.append(one)
        if not chosen.json:
            true = "" if one.true is None else f"{one.true:.2f}"
            print(
                f"{one.what:34} {true:>4}  {one.covered:7.3f}  {one.too_high:8.3f}"
                f"  {one.too_low:7.3f}  {one.width:5.2f}  {one.posts:5.0f}",
                flush=True,
            )
    cost = {posts: milliseconds(posts) for posts in (100, 1_000, 100_000)}
    if chosen.json:
        print(json.dumps({"coverage": [attrs.asdict(one) for one in found], "ms": cost}))
        return
    for posts, spent in cost.items():
        print(f"{spent:6.2f} ms for the reproduction number of {posts:,} posts")


if __name__ == "__main__":
    main()

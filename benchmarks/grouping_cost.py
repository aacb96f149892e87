"""What grouping one post costs, in time and memory, as more and more posts are stored.

    python -m benchmarks.grouping_cost [--posts 10000,100000,1000000] [--an-hour N] [--json]

The talk about one brand is made up: a thousand posts an hour by default, of which a third begin
stories and the others join one that was told lately, the more often the later it began. Embeddings
lie around their stories' centres (256 numbers; the cosine is .6 within a story and .35 between
stories), words follow Zipf's law (30,000 of them) with a dozen of each story's own. Each post goes
through the whole of the live grouping: its text is read, it is placed, twins are looked for and
merged, stories that have doubled are looked at for a split, and what faded is forgotten every hour.

Prints, as each number of posts is reached, microseconds of processor time a post over the 5,000
before (mean, and the slowest hundredth), the stories that are compared and the memory in use, that
of the posts which this program itself keeps for the splits included. The sweep is left out.
"""

from __future__ import annotations

import argparse
import json
import math
import resource
import sys
import time
from collections import deque
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import attrs
import numpy as np

from monitor.domain import Assessment, Author, Post, PostKey, Remark
from monitor.incidents.grouping import Grouper, GroupingOptions
from monitor.stages.regrouping import has_doubled, has_grown

START = datetime(2026, 1, 1, tzinfo=UTC)
SIZE = 256
WORDS = 30_000
OWN_WORDS = 12
BEGINS = 1 / 3
LIVELY = 400
"""So many of the stories told last are still being told."""
COMMON, OWN = math.sqrt(0.35), math.sqrt(0.25)
OVER = 5_000
SWEEP = timedelta(hours=1)


@attrs.frozen
class Cost:
    """What was measured when so many posts had been grouped."""

    posts: int
    microseconds: float
    slowest_hundredth: float
    stories: int
    megabytes: float


def talk(posts: int, an_hour: int) -> Iterator[Remark]:
    """Posts of a brand that is talked about without end, always the same."""
    lot = np.random.default_rng(1)
    common = _unit(lot.standard_normal(SIZE))
    lively: deque[tuple[np.ndarray[tuple[int], np.dtype[np.float64]], list[int]]] = deque(
        maxlen=LIVELY
    )
    for number in range(posts):
        if not lively or lot.random() < BEGINS:
            centre = _unit(lot.standard_normal(SIZE))
            lively.append((centre, lot.integers(WORDS, WORDS + 500_000, OWN_WORDS).tolist()))
        place = len(lively) - 1 - int(len(lively) * lot.random() ** 2)
        centre, own = lively[max(place, 0)]
        noise = _unit(lot.standard_normal(SIZE))
        vector = COMMON * common + OWN * centre + math.sqrt(1 - COMMON**2 - OWN**2) * noise
        said = [*np.minimum(lot.zipf(1.2, 8), WORDS).tolist(), *lot.choice(own, 4).tolist()]
        yield Remark(
            post=Post(
                key=PostKey("talk", f"{number:08}"),
                text=" ".join(f"word{rank}x" for rank in said),
                published_at=START + timedelta(hours=number / an_hour),
                author=Author(native_id=str(number % 50_000)),
            ),
            brand="talk",
            assessment=Assessment(
                model="made up",
                revision="1",
                language="en",
                negative=1.0,
                neutral=0.0,
                positive=0.0,
                embedding=vector.astype("<f2").tobytes(),
            ),
        )


def _unit(
    vector: np.ndarray[tuple[int], np.dtype[np.float64]],
) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    return vector / float(np.linalg.norm(vector))


def measure(marks: list[int], an_hour: int) -> Iterator[Cost]:
    """Group as many posts as the last mark says; a cost at each."""
    options = GroupingOptions()
    grouper = Grouper("talk", (), options)
    members: dict[str, list[Remark]] = {}
    spent: deque[float] = deque(maxlen=OVER)
    swept_at = START
    for number, remark in enumerate(talk(marks[-1], an_hour), 1):
        now = remark.post.published_at
        started = time.process_time()
        _group(grouper, remark, members, options)
        took = time.process_time() - started
        if now - swept_at >= SWEEP:
            swept_at = now
            grouper.forget(grouper.faded(now - options.memory))
            for gone in members.keys() - grouper.stories.keys():
                del members[gone]
        spent.append(took)
        if number in marks:
            yield Cost(
                number,
                1e6 * sum(spent) / len(spent),
                1e6 * sorted(spent)[int(0.99 * len(spent))],
                len(grouper.stories),
                resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
            )
        if number % 10_000 == 0:
            print(f"  {number} posts", file=sys.stderr)


def _group(
    grouper: Grouper, remark: Remark, members: dict[str, list[Remark]], options: GroupingOptions
) -> None:
    story = grouper.place(remark)
    if story is None:
        return
    told = members.setdefault(story, [])
    if len(told) < options.splitting.to_posts:
        told.append(remark)
    posts = grouper.stories[story].posts
    twin = grouper.twin(story) if has_grown(posts - 1, posts) else None
    if twin is not None:
        grouper.merge(story, twin)
        members[twin] = (members[twin] + members.pop(story))[: options.splitting.to_posts]
    elif has_doubled(posts - 1, posts) and posts < options.splitting.to_posts:
        grouper.later_part(told)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--posts", default="10000,100000,1000000", help="where to measure")
    parser.add_argument("--an-hour", type=int, default=1_000, help="posts an hour")
    parser.add_argument("--json", action="store_true", help="one JSON object a line")
    wanted = parser.parse_args()
    marks = sorted(int(mark) for mark in wanted.posts.split(","))
    if not wanted.json:
        print(f"{'posts':>9}{'us a post':>11}{'slowest 1 %':>13}{'stories':>9}{'MB':>7}")
    for cost in measure(marks, wanted.an_hour):
        if wanted.json:
            print(json.dumps(attrs.asdict(cost)), flush=True)
        else:
            print(
                f"{cost.posts:9}{cost.microseconds:11.0f}{cost.slowest_hundredth:13.0f}"
                f"{cost.stories:9}{cost.megabytes:7.0f}",
                flush=True,
            )


if __name__ == "__main__":
    main()

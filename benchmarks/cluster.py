"""How well posts that tell the same story come together.

    python -m benchmarks.cluster [FILE] [--first N] [--threshold T] [--json]

FILE holds one object a line with `textCleaned` and `clusterNo` (by default the headlines of
News-T). The texts are shuffled by a fixed seed, since they have no times, and brought one a minute,
as complaints, through the grouping that runs live. Prints B-cubed precision, recall and F1 and the
normalised mutual information with the clusters given.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import random
import time
from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import attrs

from monitor.domain import Assessment, Author, Post, PostKey, Remark
from monitor.incidents.grouping import Grouper, GroupingOptions
from nlp.scoring import load_scorer

SHARED = Path(os.environ.get("SPARKWATCH_SHARED", Path(__file__).parent.parent.parent / "shared"))
FILE = SHARED / "data" / "clusters" / "news-t.jsonl"
START = datetime(2026, 1, 1, tzinfo=UTC)


def b_cubed(found: Sequence[str], given: Sequence[str]) -> tuple[float, float]:
    """Precision and recall (Bagga and Baldwin 1998): the mean over texts of each one's own.

    >>> b_cubed(["a", "a", "b"], ["x", "x", "x"])
    (1.0, 0.5555555555555556)
    """
    both = Counter(zip(found, given, strict=True))
    of_found, of_given = Counter(found), Counter(given)
    count = len(found)
    precision = sum(n * n / of_found[f] for (f, _), n in both.items()) / count
    recall = sum(n * n / of_given[g] for (_, g), n in both.items()) / count
    return precision, recall


def mutual_information(found: Sequence[str], given: Sequence[str]) -> float:
    """Mutual information over the mean of both entropies, from 0 to 1.

    >>> mutual_information(["a", "a", "b"], ["x", "x", "y"])
    1.0
    """
    count = len(found)
    both = Counter(zip(found, given, strict=True))
    of_found, of_given = Counter(found), Counter(given)

    def entropy(sizes: Counter[str]) -> float:
        return -sum(n / count * math.log(n / count) for n in sizes.values())

    shared = sum(
        n / count * math.log(n * count / (of_found[f] * of_given[g])) for (f, g), n in both.items()
    )
    return 2 * shared / (entropy(of_found) + entropy(of_given))


def main() -> None:
    """Group, compare, print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("file", nargs="?", type=Path, default=FILE)
    parser.add_argument("--first", type=int, default=3_000, help="so many after shuffling")
    parser.add_argument("--threshold", type=float, help="another one than the default")
    parser.add_argument("--json", action="store_true", help="one JSON object instead of text")
    wanted = parser.parse_args()
    rows = [json.loads(line) for line in wanted.file.read_text(encoding="utf-8").splitlines()]
    random.Random(1).shuffle(rows)  # noqa: S311 - an order that can be repeated, no secret
    rows = rows[: wanted.first]
    texts = [row["textCleaned"] for row in rows]
    said = load_scorer(threads=1).score(texts)
    options = GroupingOptions()
    if wanted.threshold is not None:
        options = attrs.evolve(options, threshold=wanted.threshold)
    started = time.perf_counter()
    found = group(
        texts, [attrs.evolve(one, negative=1, neutral=0, positive=0) for one in said], options
    )
    seconds = time.perf_counter() - started
    given = [str(row["clusterNo"]) for row in rows]
    precision, recall = b_cubed(found, given)
    figures = {
        "set": wanted.file.stem,
        "n": len(rows),
        "clusters_given": len(set(given)),
        "stories_found": len(set(found)),
        "b_cubed_precision": round(precision, 3),
        "b_cubed_recall": round(recall, 3),
        "b_cubed_f1": round(2 * precision * recall / (precision + recall), 3),
        "nmi": round(mutual_information(found, given), 3),
        "posts_a_second": round(len(rows) / seconds),
        "threshold": options.threshold,
    }
    if wanted.json:
        print(json.dumps(figures))
    else:
        for name, value in figures.items():
            print(f"{name:18} {value}")


def group(texts: Sequence[str], said: Sequence[Assessment], options: GroupingOptions) -> list[str]:
    """The story of each text, after all were placed and twins had merged."""
    grouper = Grouper("benchmark", (), options)
    merged: dict[str, str] = {}
    placed = []
    for number, (text, assessment) in enumerate(zip(texts, said, strict=True)):
        post = Post(
            key=PostKey("benchmark", str(number)),
            text=text,
            published_at=START + timedelta(minutes=number),
            author=Author(native_id=str(number)),
        )
        story = grouper.place(Remark(post=post, brand="benchmark", assessment=assessment))
        placed.append(story or str(number))
        twin = grouper.twin(story) if story and grouper.stories[story].posts in _LOOKED_AT else None
        if story and twin:
            gone, into = sorted((story, twin), key=lambda s: grouper.stories[s].posts)
            grouper.merge(gone, into)
            merged[gone] = into
    return [_final(story, merged) for story in placed]


_LOOKED_AT = frozenset(round(2 * 1.34**step) for step in range(24))
"""A twin is looked for as a story grows by a third, as the live stage does."""


def _final(story: str, merged: dict[str, str]) -> str:
    while story in merged:
        story = merged[story]
    return story


if __name__ == "__main__":
    main()

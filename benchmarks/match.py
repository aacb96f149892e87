"""How many posts a second are matched against six brands: ``python -m benchmarks.match``.

The posts are made here: 31 words each, one in three about a brand, one in four Chinese. ``--json``
prints the same for machines.
"""

from __future__ import annotations

import argparse
import json
import random
import time
from datetime import UTC, datetime

from monitor.domain import Brand, Post, PostKey
from monitor.incidents.matching import Matcher

TOLD = (
    "the flight was late again and nobody at the desk could tell us when our bags would come so "
    "we waited for three hours with two children while staff walked past without a single word"
)
CHINESE = list(
    "今天的航班又晚點了行李也沒有到客服說不知道我們等了三個小時沒人管真的太失望了以後再也不坐"
)
NAMES = {
    "delta": ("Delta Air Lines", "Delta", "达美航空", "@Delta"),
    "united": ("United Airlines", "United", "美联航", "@united"),
    "american": ("American Airlines", "AA", "美国航空", "@AmericanAir"),
    "southwest": ("Southwest Airlines", "Southwest", "西南航空", "@SouthwestAir"),
    "jetblue": ("JetBlue Airways", "JetBlue", "捷蓝航空", "@JetBlue"),
    "virgin": ("Virgin America", "Virgin", "维珍美国", "@VirginAmerica"),
}


def brands() -> list[Brand]:
    """Six airlines with the words that tell them from their namesakes."""
    return [
        Brand(
            id=key,
            name=name,
            aliases=(english, chinese),
            handles=(handle,),
            required=("flight*", "bag*", "airport", "delay*", "航班", "行李"),
            excluded=("delta force", "manchester united", "virgin islands"),
        )
        for key, (name, english, chinese, handle) in NAMES.items()
    ]


def posts(count: int, seed: int = 1) -> list[Post]:
    """The same posts for the same seed."""
    draw = random.Random(seed)  # noqa: S311 - made-up posts need no secrecy
    now = datetime(2026, 1, 1, tzinfo=UTC)
    made = []
    for number in range(count):
        named = [draw.choice(draw.choice(list(NAMES.values())))] if draw.random() < 1 / 3 else []
        if draw.random() < 1 / 4:
            text = "".join(draw.choices(CHINESE, k=40) + named)
        else:
            text = " ".join(named + draw.choices(TOLD.split(), k=31))
        made.append(Post(key=PostKey("made", str(number)), text=text, published_at=now))
    return made


def main() -> None:
    """The command."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.match", description=__doc__)
    parser.add_argument("--posts", type=int, default=50_000)
    parser.add_argument("--json", action="store_true")
    chosen = parser.parse_args()
    matcher, made = Matcher(brands()), posts(chosen.posts)
    matcher.match(made[0])
    started = time.perf_counter()
    mentions = sum(len(matcher.match(post)) for post in made)
    rate = len(made) / (time.perf_counter() - started)
    if chosen.json:
        print(json.dumps({"posts_per_second": round(rate), "mentions": mentions}))
    else:
        print(f"{len(made):,} posts, six brands: {rate:,.0f} posts/s, {mentions:,} mentions")


if __name__ == "__main__":
    main()

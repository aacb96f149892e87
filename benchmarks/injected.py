"""Cascades injected into an archive, through the model, the grouping and the rules that run live.

The archive's own posts are the background, at their own times: by default complaints to six US
airlines. Into each brand's stream a cascade begins every twelve hours from the time on when the
brand is known, each time with another story of ``benchmarks/stories.tsv``. Its posts keep their
real times. Half of them pass an earlier post on (``RT``), the others tell the story in one of six
ways, with an opening and an end of their own. A story counts as found when an incident most of
whose posts were injected crosses the threshold within an hour; as a false alarm counts every other
incident that crosses it, true ones among them.
"""

from __future__ import annotations

import csv
import json
import random
import sys
import tempfile
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import attrs
import numpy as np

from config.load import load
from monitor import app, archive
from monitor.domain import Author, Brand, Observation, Post, PostKey
from monitor.incidents.matching import Matcher
from monitor.pipeline import Pipeline
from monitor.replay import Moment, Replay
from monitor.stages.assess import Assess
from monitor.stages.group import Group
from monitor.stages.match import Match
from monitor.stages.tally import Look, Tally
from monitor.store.store import Store
from monitor.virality.cascade import Cascade

__all__ = ["report"]

HERE = Path(__file__).parent
EVERY = timedelta(hours=12)
KNOWN = timedelta(hours=30)
WATCHED = timedelta(hours=2)
"""Of each cascade so much is injected: what comes later can be found too late only."""
LEAST = 20
COPIED = 0.5
OPENINGS = (
    "",
    "Unbelievable:",
    "So",
    "Wow,",
    "Read this:",
    "Hey",
    "Seriously?",
    "FYI",
    "Today",
    "!!",
)
ENDINGS = ("", "#fail", "shame on you", "never again", "please retweet", "disgusting", "😡", "why?")
THRESHOLDS = (0.2, 0.4, 0.6, 1.0, 1.5, 2.0, 4.0)


@attrs.frozen(kw_only=True)
class Case:
    """One cascade in one brand's stream."""

    brand: str
    story: str
    began: datetime
    posts: frozenset[PostKey]


def report(file: Path, cascades: Sequence[Cascade], *, first: int | None, as_json: bool) -> str:
    """Run it; the figures at each threshold, as a table or as JSON."""
    settings = load(HERE / "airlines.yaml")
    brands = settings.watched()
    observed = list(archive.read(file, source="archive", timezone=UTC))[:first]
    injected, cases = _inject(observed, brands, cascades)
    policy = settings.alerts.policy
    tally = Tally(brands, policy)
    replay = Replay(observations=[*observed, *injected])
    scores = replay.read_ahead(app.scorer(settings), Matcher(brands))
    stages = (
        Match(Matcher(brands)),
        Assess(scores, app.reader(settings, scores)),
        Group(brands),
        tally,
    )
    with tempfile.TemporaryDirectory() as folder:
        store = Store.open(f"sqlite:///{folder}/injected.db")
        try:
            replay.run(store, Pipeline(stages), _Progress())
            with store.read() as work:
                members = {name: work.mentions.of_incident(name) for name in tally.looks}
        finally:
            store.close()
    posts = {
        name: Counter(remark.post.key in keys for remark in remarks)
        for keys in [frozenset(key for case in cases for key in case.posts)]
        for name, remarks in members.items()
    }
    held = {remark.post.key: name for name, remarks in members.items() for remark in remarks}
    days = sum(
        (times[-1] - times[0]) / timedelta(days=1) - 1
        for times in _times(observed, brands).values()
        if times[-1] - times[0] > KNOWN
    )
    rows = [
        {
            "threshold": threshold,
            "found": float(
                np.mean([_found(case, held, tally.looks, posts, threshold) for case in cases])
            ),
            "alarms_a_brand_week": sum(
                looks[-1].prominence >= threshold and posts[name][False] >= posts[name][True]
                for name, looks in tally.looks.items()
            )
            / (days / 7),
        }
        for threshold in sorted({*THRESHOLDS, policy.spike_score, policy.critical_spike_score})
    ]
    reachable = np.mean([len(case.posts) >= policy.spike_posts for case in cases])
    setting = {
        "cascades": len(cases),
        "brand_weeks": round(days / 7, 1),
        "posts": len(observed),
        "injected_posts": len(injected),
        "model": f"{scores.model}/{scores.revision}",
        "with_posts_enough": round(float(reachable), 3),
        "shipped_threshold": policy.spike_score,
    }
    if as_json:
        return json.dumps({**setting, "figures": rows})
    lines = [", ".join(f"{name} {value}" for name, value in setting.items())]
    lines.append("threshold  found in 1 h  alarms a brand-week")
    lines += [
        f"{row['threshold']:9.2f}  {row['found']:12.3f}  {row['alarms_a_brand_week']:19.2f}"
        for row in rows
    ]
    return "\n".join(lines)


def _found(
    case: Case,
    held: dict[PostKey, str],
    looks: Mapping[str, Sequence[Look]],
    posts: dict[str, Counter[bool]],
    threshold: float,
) -> bool:
    """Whether one of the incidents that hold its posts was told of within an hour."""
    until = case.began + timedelta(hours=1)
    return any(
        posts[name][True] > posts[name][False]
        and any(look.prominence >= threshold and look.at <= until for look in looks[name])
        for name in {held[key] for key in case.posts if key in held}
    )


def _inject(
    observed: Sequence[Observation], brands: Sequence[Brand], cascades: Sequence[Cascade]
) -> tuple[list[Observation], list[Case]]:
    draw = random.Random(3)  # noqa: S311 - draws that can be repeated, no secret
    stories = _stories()
    large = draw.sample([one for one in cascades if one.total(24.0) >= LEAST], 300)
    drawn = iter(large)
    injected: list[Observation] = []
    cases: list[Case] = []
    for name, times in sorted(_times(observed, brands).items()):
        brand = next(brand for brand in brands if brand.id == name)
        begins = times[0] + KNOWN + timedelta(minutes=draw.uniform(0, 720))
        for story in stories:
            if begins + WATCHED > times[-1]:
                break
            posts = list(_tell(brand, story, stories[story], next(drawn), begins, draw))
            injected += posts
            cases.append(
                Case(
                    brand=name,
                    story=story,
                    began=begins,
                    posts=frozenset(seen.post.key for seen in posts),
                )
            )
            begins += EVERY
    return injected, cases


def _tell(
    brand: Brand,
    story: str,
    ways: Sequence[str],
    cascade: Cascade,
    begins: datetime,
    draw: random.Random,
) -> Iterator[Observation]:
    said: list[str] = []
    for number, hour in enumerate(cascade.hours[: cascade.total(WATCHED / timedelta(hours=1))]):
        if said and draw.random() < COPIED:
            text = f"RT @u{draw.randrange(9999)}: {draw.choice(said)}"
        else:
            parts = (
                draw.choice(OPENINGS),
                brand.handles[0],
                draw.choice(ways),
                draw.choice(ENDINGS),
            )
            text = " ".join(part for part in parts if part)
            said.append(text)
        when = begins + timedelta(hours=float(hour))
        name = f"{brand.id}-{story}-{number}"
        yield Observation(
            post=Post(
                key=PostKey("twitter", name),
                text=text,
                published_at=when,
                author=Author(native_id=name),
            ),
            observed_at=when,
        )


def _stories() -> dict[str, list[str]]:
    found: defaultdict[str, list[str]] = defaultdict(list)
    with (HERE / "stories.tsv").open(encoding="utf-8", newline="") as opened:
        for row in csv.DictReader(opened, delimiter="\t"):
            found[row["story"]].append(row["text"])
    return dict(found)


def _times(observed: Sequence[Observation], brands: Sequence[Brand]) -> dict[str, list[datetime]]:
    """When each brand was mentioned in the archive, in order."""
    matcher = Matcher(brands)
    found: defaultdict[str, list[datetime]] = defaultdict(list)
    for seen in observed:
        for mention in matcher.match(seen.post):
            found[mention.brand].append(seen.post.published_at)
    return {brand: sorted(times) for brand, times in found.items()}


class _Progress:
    """Says every simulated six hours how far it is."""

    def __init__(self) -> None:
        self._next = datetime.min.replace(tzinfo=UTC)

    def __call__(self, moment: Moment) -> None:
        if moment.now >= self._next:
            self._next = moment.now + timedelta(hours=6)
            print(
                f"{moment.now:%Y-%m-%d %H:%M}  {moment.gathered} of {moment.total} posts",
                file=sys.stderr,
                flush=True,
            )

"""Which known posts are looked at again, and how often: calls go where something moves.

A post's rhythm follows its age: a look every quarter of its age, from five minutes to a day. What
grows is looked at four times as often, what belongs to an open incident twice as often and at least
every hour; what stands still half as often, and what shows no counters a quarter as often, for it
can only be edited or deleted. Where a source gives less than that, the most overdue come first.

>>> from datetime import UTC, datetime
>>> now = datetime(2026, 11, 22, 12, tzinfo=UTC)
>>> key = PostKey("forum", "1")
>>> said = now - timedelta(hours=2)
>>> post = WatchedPost(key=key, published_at=said, looked_at=said, in_incident=False)
>>> print(rhythm(post, now).every)
0:30:00
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from enum import StrEnum

import attrs

from monitor.domain import EngagementSnapshot, PostKey
from monitor.store.refreshes import WatchedPost
from spiders.kind import Budget

__all__ = [
    "MOST_WATCHED",
    "STORY_FOR",
    "YOUNG_FOR",
    "Group",
    "Means",
    "RefreshPlan",
    "Rhythm",
    "Why",
    "means",
    "plan",
    "rhythm",
]

YOUNG_FOR = timedelta(days=7)
"""A post that belongs to no open incident is looked at again for so long."""
STORY_FOR = timedelta(days=28)
"""One that does, for so long."""
MOST_WATCHED = 5_000
"""The most posts of one source that a plan looks at, the youngest first."""

_OFTENEST, _SELDOMEST = timedelta(minutes=5), timedelta(days=2)
_DAILY = timedelta(days=1)
_STORY_EVERY = timedelta(hours=1)
_YOUNG = timedelta(hours=6)
_GROWING = 0.05
"""The share of itself by which a growing counter grows in an hour."""
_LEAST = 10
"""A counter below this is taken for it, so that the third like is no growth by half."""
_STILL_FOR = timedelta(hours=1)
_AT_ONCE = 100
"""The most requests for known posts in one crawl."""
_PATIENCE = timedelta(minutes=2)
"""What looking again may take of a crawl."""
_ANSWER_SECONDS = 0.5
_SHARE = 0.5
"""What looking again may take of a source's budget; the rest is for what is new."""
_COUNTS = ("views", "likes", "shares", "replies")


class Why(StrEnum):
    """What sets a post's rhythm, in the order of their weight."""

    STORY = "in an open incident"
    GROWING = "growing"
    YOUNG = "young"
    ORDINARY = "older"
    STILL = "standing still"
    HIDDEN = "without counters"


@attrs.frozen(kw_only=True)
class Rhythm:
    """How often a post is looked at again, and why."""

    every: timedelta
    why: Why


@attrs.frozen(kw_only=True)
class Means:
    """What a source leaves for known posts: ``now`` requests, of ``batch`` posts each.

    Where it charges by the post, ``now`` may hold a part of a request. ``a_day`` is how many
    requests it leaves in a day; ``None`` where it sets no bound.
    """

    batch: int
    now: float
    a_day: float | None


@attrs.frozen(kw_only=True)
class Group:
    """The posts of one reason: how many, how often by the median, how many are due."""

    why: Why
    posts: int
    every: timedelta
    due: int


@attrs.frozen(kw_only=True)
class RefreshPlan:
    """What is looked at again now, and how that compares with what would be wanted."""

    ask: tuple[PostKey, ...]
    groups: tuple[Group, ...]
    looks_a_day: float
    means: Means

    @property
    def due(self) -> int:
        """How many posts are due, whether or not the means suffice for them."""
        return sum(group.due for group in self.groups)

    @property
    def stretch(self) -> float:
        """How many times longer than wanted a post waits because the source gives no more."""
        if self.means.a_day is None:
            return 1.0
        wanted = self.looks_a_day / self.means.batch
        return max(1.0, wanted / self.means.a_day) if self.means.a_day > 0 else math.inf


def rhythm(post: WatchedPost, now: datetime) -> Rhythm:
    """How often a post is worth a look ``now``."""
    age = max(now - post.published_at, timedelta(0))
    every, why = age / 4, Why.YOUNG if age < _YOUNG else Why.ORDINARY
    every = min(max(every, _OFTENEST), _DAILY)
    grown = _growth(post.latest)
    if grown is not None and grown >= _GROWING:
        every, why = every / 4, Why.GROWING
    elif grown == 0 and not post.in_incident:
        every, why = every * 2, Why.STILL
    elif not post.latest and post.looked_at > post.published_at and not post.in_incident:
        every, why = (every * 4, Why.HIDDEN) if age >= _YOUNG else (every, why)
    if post.in_incident:
        every, why = min(every / 2, _STORY_EVERY), Why.STORY
    return Rhythm(every=min(max(every, _OFTENEST), _SELDOMEST), why=why)


def means(
    *,
    batch: int,
    delay_seconds: float,
    budget: Budget | None,
    last_asked: datetime | None,
    now: datetime,
) -> Means:
    """What may be asked now, by the pause between requests and by the source's own budget.

    A budget comes in evenly over its period: what has come in since posts were last asked for is
    there to be spent, and what was left over before that is not.
    """
    at_once = min(_AT_ONCE, int(_PATIENCE.total_seconds() / (delay_seconds + _ANSWER_SECONDS)))
    if budget is None:
        return Means(batch=batch, now=max(at_once, 1), a_day=None)
    a_period = _SHARE * budget.units / max(budget.cost, 1)
    since = min(now - last_asked, budget.per) if last_asked else budget.per
    come_in = a_period * (since / budget.per)
    come_in = come_in if budget.by_post else math.floor(come_in)
    return Means(
        batch=batch, now=max(min(at_once, come_in), 0), a_day=a_period * (_DAILY / budget.per)
    )


def plan(posts: Sequence[WatchedPost], given: Means, now: datetime) -> RefreshPlan:
    """The posts to ask for now: those that are due, the most overdue by their own rhythm first."""
    rhythms = {post.key: rhythm(post, now) for post in posts}
    waited = {post.key: (now - post.looked_at) / rhythms[post.key].every for post in posts}
    due = [post.key for post in posts if waited[post.key] >= 1]
    due.sort(key=lambda key: (-waited[key], key))
    return RefreshPlan(
        ask=tuple(due[: math.floor(given.now * given.batch)]),
        groups=_groups(rhythms, frozenset(due)),
        looks_a_day=sum(_DAILY / one.every for one in rhythms.values()),
        means=given,
    )


def _groups(rhythms: Mapping[PostKey, Rhythm], due: frozenset[PostKey]) -> tuple[Group, ...]:
    waiting = Counter(rhythms[key].why for key in due)
    found = []
    for why in Why:
        spans = sorted(one.every for one in rhythms.values() if one.why is why)
        if spans:
            middle = spans[len(spans) // 2]
            found.append(Group(why=why, posts=len(spans), every=middle, due=waiting[why]))
    return tuple(found)


def _growth(latest: Sequence[EngagementSnapshot]) -> float | None:
    """By what share of itself the fastest counter grew in an hour; ``None`` where unknown.

    It is unknown where there were not two looks, or where they lie too close to call it still.
    """
    if len(latest) < 2:
        return None
    after, before = latest[0], latest[1]
    hours = (after.taken_at - before.taken_at) / timedelta(hours=1)
    grown = [
        (new - old) / max(old, _LEAST) / hours
        for name in _COUNTS
        if (new := getattr(after, name)) is not None
        and (old := getattr(before, name)) is not None
        and hours > 0
    ]
    fastest = max(grown, default=None)
    if fastest is not None and fastest <= 0:
        return 0.0 if after.taken_at - before.taken_at >= _STILL_FOR else None
    return fastest

"""What changed since a brand answered: volume against a forecast, negative share, anger.

- **Volume** is held against the latest forecast from before the answer, at the longest horizon that
  has come due since. A story that dies down as foreseen owes nothing to the answer.
- **The negative share** is compared by Newcombe's hybrid score interval for the difference of two
  proportions (Newcombe 1998, method 10), each of Wilson's intervals at 95 %.
- **Anger** is compared by Welch's interval for the difference of two means (Welch 1947), at 95 %.

Somebody who posts ten times counts once on each side, by the mean of their posts: posts of one
person resemble each other. ``benchmarks/recovery.py`` prints how often the intervals hold and how
often "recovering" is said of incidents that nobody answered.

>>> from datetime import UTC
>>> from monitor.domain import PostKey
>>> posted = datetime(2026, 3, 3, 9, tzinfo=UTC)
>>> voices = [
...     Voice(
...         post=PostKey("mastodon", str(n)),
...         published_at=posted + timedelta(minutes=5 * n),
...         author=f"person {n}",
...         negative=0.9 if n < 20 or n % 3 == 0 else 0.1,
...         anger=0.8 if n < 20 else 0.2,
...     )
...     for n in range(40)
... ]
>>> answered = posted + timedelta(minutes=99)
>>> seen = effect(voices, [], answered, posted + timedelta(hours=4))
>>> seen.verdict.value, seen.posts_before, seen.posts_after
('recovering', 20, 20)
>>> round(seen.negative.before, 2), round(seen.negative.after, 2), seen.negative.fell
(1.0, 0.35, True)
"""

from __future__ import annotations

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from math import sqrt
from statistics import fmean, variance

import attrs

from monitor.domain import Forecast, Quantiles, Quantity, Voice
from monitor.effect import Difference, Effect, Held, Place, Verdict
from monitor.virality.outcome import mentions_outcome

__all__ = ["Calm", "effect", "mean_difference", "share_difference"]

WINDOW = timedelta(hours=24)
"""How long before the answer, and how long up to now, the mood is looked at."""
SOONEST = timedelta(hours=1)
"""Before so much time has passed nothing is said of an answer."""
FEWEST = 8
"""With fewer people than this on a side their mood is not compared."""
_NEGATIVE = 0.5
_LEVEL = 0.95
_DEVIATIONS = 1.959964
_HOUR = timedelta(hours=1)
_EPSILON = 1e-9


@attrs.frozen(kw_only=True)
class Calm:
    """What is known beside the posts of an incident of whether it is over.

    ``complaints`` are the times of all complaints about the brand, in order; ``usual_per_day`` how
    many of them are usual, ``None`` where that is not known. ``over_at`` is when the last post of
    a closed incident was published; ``came_back`` whether it was over after the answer and is told
    again.
    """

    complaints: Sequence[datetime] = ()
    usual_per_day: float | None = None
    over_at: datetime | None = None
    came_back: bool = False


def effect(
    voices: Sequence[Voice],
    forecasts: Sequence[Forecast],
    answered_at: datetime,
    now: datetime,
    calm: Calm = Calm(),
) -> Effect:
    """What changed since ``answered_at``, as of ``now``; ``voices`` oldest first.

    ``forecasts`` are those of the incident, in any order; only those of its mentions count that
    were made before the answer.
    """
    passed = now - answered_at
    before = [one for one in voices if answered_at - WINDOW <= one.published_at <= answered_at]
    after = [one for one in voices if max(answered_at, now - WINDOW) < one.published_at <= now]
    window = min(WINDOW, passed)
    held = _held(voices, forecasts, answered_at, now)
    negative = share_difference(_people(before, _is_negative), _people(after, _is_negative))
    anger = mean_difference(_people(before, _anger), _people(after, _anger))
    posts_before = _between(voices, answered_at - window, answered_at)
    posts_after = _between(voices, answered_at, answered_at + window)
    recovered_at = _recovered_at(voices, answered_at, now, calm)
    if calm.came_back:
        verdict = Verdict.RELAPSED
    elif recovered_at is not None:
        verdict = Verdict.RECOVERED
    elif passed < SOONEST:
        verdict = Verdict.TOO_LITTLE_SEEN
    else:
        verdict = _verdict(held, negative, anger, grew=posts_after > posts_before)
    return Effect(
        verdict=verdict,
        answered_at=answered_at,
        as_of=now,
        window_hours=window / _HOUR,
        posts_before=posts_before,
        posts_after=posts_after,
        volume=held,
        negative=negative,
        anger=anger,
        hours_to_recovery=(
            max(0.0, (recovered_at - answered_at) / _HOUR)
            if recovered_at is not None and not calm.came_back
            else None
        ),
    )


def share_difference(before: Sequence[float], after: Sequence[float]) -> Difference | None:
    """The difference of two shares, each value the share of one person; ``None`` for too few.

    >>> told = share_difference([1.0] * 56 + [0.0] * 14, [1.0] * 48 + [0.0] * 32)
    >>> round(told.low, 4), round(told.high, 4)  # Newcombe's example, 56/70 against 48/80
    (-0.3339, -0.0524)
    """
    if min(len(before), len(after)) < FEWEST:
        return None
    was, became = fmean(before), fmean(after)
    (low_was, high_was), (low_became, high_became) = (
        _wilson(was, len(before)),
        _wilson(became, len(after)),
    )
    return Difference(
        before=was,
        after=became,
        of_before=len(before),
        of_after=len(after),
        low=became - was - sqrt((became - low_became) ** 2 + (high_was - was) ** 2),
        high=became - was + sqrt((high_became - became) ** 2 + (was - low_was) ** 2),
    )


def mean_difference(before: Sequence[float], after: Sequence[float]) -> Difference | None:
    """The difference of two means, each value of one person; ``None`` for too few."""
    if min(len(before), len(after)) < FEWEST:
        return None
    was, became = fmean(before), fmean(after)
    spread_was, spread_became = variance(before) / len(before), variance(after) / len(after)
    spread = spread_was + spread_became + _EPSILON
    freedom = spread**2 / (
        spread_was**2 / (len(before) - 1) + spread_became**2 / (len(after) - 1) + _EPSILON**2
    )
    from scipy.special import stdtrit  # a quarter of a second that few commands need

    reach = float(stdtrit(freedom, (1 + _LEVEL) / 2)) * sqrt(spread)
    return Difference(
        before=was,
        after=became,
        of_before=len(before),
        of_after=len(after),
        low=became - was - reach,
        high=became - was + reach,
    )


def _wilson(share: float, of: int) -> tuple[float, float]:
    spread = _DEVIATIONS**2 / of
    middle = share + spread / 2
    reach = sqrt(share * (1 - share) * spread + spread**2 / 4)
    return (middle - reach) / (1 + spread), (middle + reach) / (1 + spread)


def _held(
    voices: Sequence[Voice], forecasts: Sequence[Forecast], answered_at: datetime, now: datetime
) -> Held | None:
    """The latest forecast from before the answer, at the longest horizon that came due since."""
    due = [
        one
        for one in forecasts
        if one.quantity is Quantity.MENTIONS
        and one.quantiles is not None
        and one.made_at <= answered_at < one.made_at + one.horizon <= now
    ]
    if not due:
        return None
    forecast = max(due, key=lambda one: (one.made_at, one.horizon))
    outcome = mentions_outcome(
        [one.published_at for one in voices],
        seen=forecast.seen,
        made_at=forecast.made_at,
        due=forecast.made_at + forecast.horizon,
    )
    if outcome is None or forecast.quantiles is None:
        return None
    return Held(forecast=forecast, outcome=outcome, place=_place(forecast.quantiles, outcome))


def _place(said: Quantiles, outcome: int) -> Place:
    if outcome < said.low90:
        return Place.BELOW90
    if outcome < said.low50:
        return Place.BELOW50
    if outcome > said.high90:
        return Place.ABOVE90
    return Place.ABOVE50 if outcome > said.high50 else Place.INSIDE50


def _verdict(
    held: Held | None, negative: Difference | None, anger: Difference | None, *, grew: bool
) -> Verdict:
    """What the signs say together; ``grew`` where more was posted after the answer than before.

    More posts than foreseen are no worsening while they get fewer, nor the reverse.
    """
    moods = [one for one in (negative, anger) if one is not None]
    if held is None and not moods:
        return Verdict.TOO_LITTLE_SEEN
    better = [one.fell for one in moods]
    worse = [one.rose for one in moods]
    if held is not None:
        better.append(held.place is Place.BELOW90 and not grew)
        worse.append(held.place is Place.ABOVE90 and grew)
    if any(better) and not any(worse):
        return Verdict.RECOVERING
    if any(worse) and not any(better):
        return Verdict.WORSE
    return Verdict.NO_CHANGE_SHOWN


def _recovered_at(
    voices: Sequence[Voice], answered_at: datetime, now: datetime, calm: Calm
) -> datetime | None:
    """When it was over: its last post where it closed, or the start of the first usual day."""
    if calm.over_at is not None:
        return max(calm.over_at, answered_at)
    if calm.usual_per_day is None:
        return None
    until = answered_at + WINDOW
    told = [one.published_at for one in voices]
    at_first = _count(told, answered_at - WINDOW, answered_at)
    while until <= now:
        quiet = _count(calm.complaints, until - WINDOW, until) <= calm.usual_per_day
        if quiet and _count(told, until - WINDOW, until) < at_first:
            return until - WINDOW
        until += _HOUR
    return None


def _between(voices: Sequence[Voice], since: datetime, until: datetime) -> int:
    return _count([one.published_at for one in voices], since, until)


def _count(times: Sequence[datetime], since: datetime, until: datetime) -> int:
    """How many lie after ``since``, up to ``until``."""
    return max(0, bisect_right(times, until) - bisect_right(times, since))


def _people(voices: Sequence[Voice], measure: Callable[[Voice], float | None]) -> list[float]:
    """One value for each person: the mean over their posts."""
    said: defaultdict[str, list[float]] = defaultdict(list)
    for one in voices:
        value = measure(one)
        if value is not None:
            said[one.author].append(value)
    return [fmean(values) for _, values in sorted(said.items())]


def _is_negative(voice: Voice) -> float:
    return float(voice.negative >= _NEGATIVE)


def _anger(voice: Voice) -> float | None:
    return voice.anger

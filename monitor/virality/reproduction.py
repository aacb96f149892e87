"""Why an incident spreads: how many posts one post leads to, and how fast their number doubles.

Both explain what was seen so far; neither is a forecast.

>>> from datetime import UTC
>>> posted = datetime(2011, 6, 7, 22, 0, tzinfo=UTC)
>>> faster = [posted + timedelta(hours=log(n)) for n in range(1, 121)]
>>> found = reproduction(faster, now=faster[-1])
>>> 0 <= found.low90 <= found.median <= found.high90
True
>>> reproduction(faster[:29], now=faster[-1]) is None
True
>>> doubling(faster, now=faster[-1]).growing
True
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from functools import cache
from math import log

import attrs
import numpy as np
import numpy.typing as npt

__all__ = ["FEWEST_EVENTS", "Doubling", "Reproduction", "doubling", "reproduction"]

FEWEST_EVENTS = 30
"""Below this many posts the times say nothing about how one leads to another."""
FEWEST_TO_DOUBLE = 12
"""Below this many posts in the window nothing is said of their growth."""

Floats = npt.NDArray[np.float64]

_TRUSTED = 0.5
_NEWEST = 1000
"""Older posts are remembered, but no longer asked what led to them."""
_MEMORIES = 256
_MEMORY_SECONDS = 30.0 * 2.0 ** np.arange(15)
"""Means of the exponentials of which every kernel is made: 30 seconds to six days."""
_EXPONENTIAL = 11
"""The first eleven of them, to 8.5 hours, serve as kernels themselves."""
_ONSET_SECONDS = (60.0, 240.0, 960.0, 3840.0)
_TAILS = (0.5, 1.0, 2.0)
_SHARES = (1 - np.cos(np.linspace(0.0, np.pi, 33))) / 2
_FINE_SHARES = (1 - np.cos((np.arange(256) + 0.5) * np.pi / 256)) / 2
"""Spaced so that each is as likely as the next under Jeffreys' prior of a share."""
_MOST = 3.0
_LOG_STEP = 0.01
_LOG_RATIOS = np.arange(log(0.002), log(_MOST), _LOG_STEP)
_RATIOS = np.exp(_LOG_RATIOS)
_LOG_REACH = 1.2
_NEVER = np.float32(1e-30)

_RECENT_POSTS = 60
_RECENT_SHARE = 0.75
_PARTS = 8
_GROWTH = np.linspace(-25.0, 25.0, 2000)
"""By what factor the rate grew over the window, as a logarithm; 0 is not among them."""

_RESOLUTIONS = (3600.0, 60.0, 1.0)


@attrs.frozen(kw_only=True)
class Reproduction:
    """How many further posts one post leads to, with its central 90 % interval.

    It is *effective*: it says how strongly posts follow upon posts, whoever caused them. Below 1 a
    story dies out unless it is fed from outside; at 1 and above it feeds itself. Where parents are
    unknown it is biased, mostly upwards, because whatever makes many post at once looks as if they
    answered each other: reshares on Weibo gave .83 from their times and .33 from their parents.
    """

    low90: float
    median: float
    high90: float


@attrs.frozen(kw_only=True)
class Doubling:
    """In what time the rate of posts doubles if it goes on as lately, with its 90 % interval.

    A ``median`` of ``None`` says that the rate is not growing. A ``high90`` of ``None`` says that
    it may not be growing at all; so does a ``low90`` of ``None``, that it surely is not.
    """

    low90: timedelta | None
    median: timedelta | None
    high90: timedelta | None

    @property
    def growing(self) -> bool:
        """Whether it is growing for all that can be told, and not by chance."""
        return self.high90 is not None


def reproduction(times: Sequence[datetime], now: datetime) -> Reproduction | None:
    """The effective reproduction number from when posts came; ``None`` below 30 of them.

    The rate of posts is taken to be ``background + R * sum(kernel(t - t_i))`` over all posts before
    ``t``, as in Hawkes (1971): a self-exciting process whose kernel is a density. Kernels are
    exponentials with means of 30 seconds to 8.5 hours, and power laws ``(1 + t/c)**-(1 + a)`` with
    c from one minute to an hour and a from .5 to 2, written as sums of exponentials (Bochud and
    Challet 2007) so that the cost grows with n log n. The posterior is read off a grid over R, the
    background's share of the posts and the kernel, each held equally likely beforehand; the scale
    of the whole is integrated exactly. R is at most 3. Nobody answers by a textbook's kernel, so
    what the posts say on R and kernel counts half (a power posterior, Grünwald and van Ommen 2017):
    then the intervals held in simulations whose kernels are not among those above.

    Times may come in any order; those after ``now`` are not looked at. The newest 1,000 posts are
    explained and older ones, in bins, only remembered. Posts of one second, minute or hour of
    a source with coarse clocks are spread over it. Posts published before ``now`` that nobody has
    gathered yet are missing, and make R look smaller than it is.
    """
    seconds, until = _elapsed(times, now)
    if len(seconds) < FEWEST_EVENTS or until <= 0:
        return None
    explained = seconds[1:][-_NEWEST:]
    remembered = seconds[: -len(explained)]
    began = float(remembered[-1])
    if until <= began:
        return None
    state = _state(remembered, began)
    before = _recalled(state, np.diff(np.concatenate(([began], explained, [until]))))
    excited, at_end = before[:, :-1], before[:, -1]
    kernels = _kernels()
    mass = kernels @ (state + len(explained) - at_end)
    rates = (kernels / _MEMORY_SECONDS) @ excited
    likely = _log_likelihood(rates * ((until - began) / mass)[:, None])
    weights = np.exp(_TRUSTED * (likely - likely.max()))
    return _posterior(weights, mass, len(explained))


def _elapsed(times: Sequence[datetime], now: datetime) -> tuple[Floats, float]:
    """Seconds from the first post, in order, and how many there are until now."""
    stamps = np.sort(np.fromiter((time.timestamp() for time in times if time <= now), np.float64))
    if not len(stamps):
        return stamps, 0.0
    spread = _spread(stamps)
    until = max(now.timestamp(), float(spread[-1]))
    return spread - spread[0], until - float(spread[0])


def _spread(stamps: Floats) -> Floats:
    """Posts that share a moment, evenly over the second, minute or hour that the source counts in.

    >>> _spread(np.array([60.0, 120.0, 120.0, 180.0])).tolist()
    [60.0, 120.0, 150.0, 180.0]
    """
    unit = next((unit for unit in _RESOLUTIONS if not np.any(stamps % unit)), 0.0)
    _, first, inverse, count = np.unique(
        stamps, return_index=True, return_inverse=True, return_counts=True
    )
    place = np.arange(len(stamps)) - first[inverse]
    spread: Floats = stamps + unit * place / count[inverse]
    return spread


def doubling(times: Sequence[datetime], now: datetime) -> Doubling | None:
    """How fast the rate of posts doubles, from its recent growth; ``None`` where that is too short.

    The rate is taken to grow or fall exponentially over the newest three quarters of the posts (two
    doublings of a total that grows that way), or the newest 60 where that is more, until ``now``.
    Given their number, their times then follow a truncated exponential distribution, whose
    posterior over a flat prior is read off a grid. Posts come in bursts, so the
    log-likelihood is divided by their dispersion about that growth in eight parts of the window
    (quasi-likelihood, Wedderburn 1974), and counts half, as for `reproduction`.

    Times may come in any order; those after ``now`` are not looked at. At least twelve are needed.
    """
    seconds, until = _elapsed(times, now)
    newest = max(_RECENT_POSTS, round(_RECENT_SHARE * len(seconds)))
    window = seconds[-newest - 1 :]
    if len(window) <= FEWEST_TO_DOUBLE or until <= window[0]:
        return None
    length = until - float(window[0])
    places = (window[1:] - window[0]) / length
    half = np.abs(_GROWTH) / 2
    normaliser = _GROWTH / 2 + half + np.log1p(-np.exp(-2 * half)) - np.log(2 * half)
    likely = _GROWTH * places.sum() - len(places) * normaliser
    likely *= _TRUSTED / _dispersion(places, float(_GROWTH[likely.argmax()]))
    below = np.cumsum(np.exp(likely - likely.max()))
    slow, usual, fast = np.interp((0.05, 0.5, 0.95), below / below[-1], _GROWTH)
    return Doubling(
        low90=_doubled(length, fast), median=_doubled(length, usual), high90=_doubled(length, slow)
    )


def _doubled(length: float, growth: float) -> timedelta | None:
    return timedelta(seconds=length * log(2) / growth) if growth > 0 else None


def _dispersion(places: Floats, growth: float) -> float:
    """How much more the counts vary about this growth than independent ones: at least 1."""
    evened = np.expm1(growth * places) / np.expm1(growth)
    counts, _ = np.histogram(evened, _PARTS, (0.0, 1.0))
    expected = len(places) / _PARTS
    return max(1.0, float(((counts - expected) ** 2).sum() / expected / (_PARTS - 2)))


def _state(remembered: Floats, began: float) -> Floats:
    """What each exponential remembers of these posts at ``began``; many are taken in bins."""
    starts = np.unique(np.linspace(0, len(remembered), _MEMORIES, endpoint=False).astype(np.int64))
    counts = np.diff(np.append(starts, len(remembered)))
    means = np.add.reduceat(remembered, starts) / counts
    state: Floats = np.exp((means - began) / _MEMORY_SECONDS[:, None]) @ counts
    return state


def _recalled(state: Floats, gaps: Floats) -> Floats:
    """What each exponential remembers just before each post, the gaps between them given.

    It is ``recalled[i + 1] = (recalled[i] + 1) * exp(-gap)``, solved by doubling: each round joins
    steps that reach back twice as far (Hillis and Steele 1986).
    """
    kept = np.exp(-gaps / _MEMORY_SECONDS[:, None])
    added = kept.copy()
    added[:, 0] = kept[:, 0] * state
    reach = 1
    while reach < len(gaps):
        added[:, reach:] += kept[:, reach:] * added[:, :-reach].copy()
        kept[:, reach:] *= kept[:, :-reach].copy()
        reach *= 2
    return added


@cache
def _kernels() -> Floats:
    """Each kernel as weights of the exponentials, which sum to 1.

    A power law is a mixture of exponentials whose rates follow a gamma distribution.
    """
    rates = 1 / _MEMORY_SECONDS
    mixtures = [rates**tail * np.exp(-onset * rates) for onset in _ONSET_SECONDS for tail in _TAILS]
    power = np.array([mixture / mixture.sum() for mixture in mixtures])
    return np.concatenate([np.eye(len(rates))[:_EXPONENTIAL], power])


def _log_likelihood(rates: Floats) -> Floats:
    """By kernel and share of the posts that follow upon others, up to a constant.

    ``rates`` are those that each kernel gives each post, relative to an even rate.
    """
    relative = rates.astype(np.float32)
    known = np.empty((len(rates), len(_SHARES)))
    for index, share in enumerate(_SHARES.astype(np.float32)):
        known[:, index] = np.log(np.maximum(1 - share + share * relative, _NEVER)).sum(axis=1)
    return np.array([np.interp(_FINE_SHARES, _SHARES, row) for row in known])


def _posterior(weights: Floats, mass: Floats, explained: int) -> Reproduction:
    """The share that follows upon others, in posts, over the posts that it is spread on.

    The expected number of posts in all is a gamma variate, independent of that share.
    """
    ratios = np.log(_FINE_SHARES * explained / mass[:, None])
    places = np.rint((ratios - _LOG_RATIOS[0]) / _LOG_STEP).astype(np.int64)
    held = np.bincount(
        np.clip(places, 0, len(_LOG_RATIOS)).ravel(), weights.ravel(), len(_LOG_RATIOS) + 1
    )[:-1]
    around = np.arange(-_LOG_REACH, _LOG_REACH, _LOG_STEP)
    blurred = np.convolve(held, np.exp(explained * (around + 1 - np.exp(around))), mode="same")
    below = np.cumsum(blurred) / blurred.sum()
    low90, median, high90 = np.interp((0.05, 0.5, 0.95), below, _RATIOS)
    return Reproduction(low90=float(low90), median=float(median), high90=float(high90))

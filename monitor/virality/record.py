"""How forecasts turned out: errors, coverage, and whether stated probabilities came true.

Forecasts of one incident resemble each other, so every incident has one vote, however often it
was forecast, and intervals are those of as many cases as there were incidents.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from datetime import timedelta
from itertools import groupby
from math import exp, log, log1p, sqrt

import attrs
import numpy as np
import numpy.typing as npt

from monitor.domain import Forecast, Quantiles, Quantity

__all__ = [
    "FACTOR",
    "Bin",
    "Record",
    "Share",
    "exceeding",
    "first_told",
    "interval_score",
    "records",
]

FACTOR = 2.0
"""The probability that is graded is that of more than this many times what was seen."""

LEVELS = (0.05, 0.25, 0.5, 0.75, 0.95)
"""The probabilities of staying at or below each of ``Quantiles``, in their order."""

_EDGES = (0.0, 0.05, 0.2, 0.4, 0.6, 0.8, 0.95, 1.0)
_DEVIATIONS = 1.6449
_ROUNDING = 1e-9

Floats = npt.NDArray[np.float64]


@attrs.frozen(kw_only=True)
class Share:
    """A share of some cases, and how far it can be told from so few of them.

    >>> Share(value=1.0, of=5)
    Share(value=1.0, of=5)
    >>> [round(bound, 2) for bound in (Share(value=1.0, of=5).low, Share(value=1.0, of=500).low)]
    [0.65, 0.99]
    """

    value: float
    of: int

    @property
    def low(self) -> float:
        """The lower end of its 90 % interval (Wilson 1927)."""
        return self._wilson(-1)

    @property
    def high(self) -> float:
        """The upper end of its 90 % interval."""
        return self._wilson(1)

    def _wilson(self, side: int) -> float:
        spread = _DEVIATIONS**2 / self.of
        middle = self.value + spread / 2
        reach = sqrt(self.value * (1 - self.value) * spread + spread**2 / 4)
        return min(max((middle + side * reach) / (1 + spread), 0.0), 1.0)


@attrs.frozen(kw_only=True)
class Bin:
    """Forecasts that stated much the same probability, and how often it came true."""

    stated: float
    happened: Share


@attrs.frozen(kw_only=True)
class Record:
    """How forecasts of one quantity, horizon and model turned out, each incident with one vote.

    ``error`` is the median absolute percentage error of the median. ``score`` is the weighted
    interval score (Bracher et al. 2021) of the five quantiles on the scale of ``ln(1 + total)``
    (Bosse et al. 2023), so that large incidents do not drown the rest: .1 is about a tenth of the
    total, and less is better. ``brier`` grades P(more than ``FACTOR`` times what was seen), and
    ``brier_of_usual`` the same for one who had always stated ``exceeded``.
    """

    quantity: Quantity
    horizon: timedelta
    model: str
    forecasts: int
    incidents: int
    error: float
    inside50: Share
    inside90: Share
    score: float
    brier: float
    exceeded: Share
    stated: tuple[Bin, ...]

    @property
    def brier_of_usual(self) -> float:
        """The Brier score of always stating the share that came true, known only afterwards."""
        return self.exceeded.value * (1 - self.exceeded.value)


def exceeding(said: Quantiles, seen: int, total: float) -> float:
    """The probability of more than ``total``, read from the quantiles.

    Between them, and from ``seen`` to the lowest, the level is taken to rise evenly with
    ``ln(1 + total)``; above the highest, what is left shrinks at the rate at which it did between
    the last two. A total below ``seen`` is exceeded already.

    >>> said = Quantiles(low90=10, low50=14, median=20, high50=30, high90=60)
    >>> [round(exceeding(said, 10, total), 2) for total in (9, 14, 20, 25, 60, 120)]
    [1.0, 0.75, 0.5, 0.36, 0.05, 0.01]
    """
    floor = min(seen, said.low90)
    places = [log1p(max(value, 0.0)) for value in (floor, *attrs.astuple(said))]
    levels = (0.0, *LEVELS)
    wanted = log1p(max(total, 0.0))
    right = bisect_right(places, wanted)
    if right == 0:
        return 1.0
    if right < len(places):
        before, after = places[right - 1], places[right]
        rise = (wanted - before) / (after - before)
        return 1 - (levels[right - 1] + rise * (levels[right] - levels[right - 1]))
    left, last = 1 - LEVELS[-1], places[-1] - places[-2]
    if wanted == places[-1]:
        return left
    fall = log((1 - LEVELS[-2]) / left)
    return left * exp(-fall * (wanted - places[-1]) / last) if last > 0 else 0.0


def interval_score(said: Quantiles, outcome: int) -> float:
    """The weighted interval score on the scale of ``ln(1 + total)``: 0 is a perfect forecast.

    It is twice the pinball loss, averaged over the five quantiles.

    >>> sure = Quantiles(low90=20, low50=20, median=20, high50=20, high90=20)
    >>> wide = Quantiles(low90=10, low50=14, median=20, high50=30, high90=60)
    >>> interval_score(sure, 20) < interval_score(wide, 20) < interval_score(sure, 60)
    True
    """
    happened = log1p(outcome)
    losses = (
        max(level * (happened - log1p(value)), (level - 1) * (happened - log1p(value)))
        for level, value in zip(LEVELS, attrs.astuple(said), strict=True)
    )
    return 2 * sum(losses) / len(LEVELS)


def first_told(forecasts: Iterable[Forecast]) -> list[Forecast]:
    """Of one incident's graded forecasts of its mentions those made first, the nearest first.

    The first ones were made with the least to go by, and are nobody's choice.
    """
    graded = [
        one
        for one in forecasts
        if one.quantity is Quantity.MENTIONS and one.quantiles and one.outcome is not None
    ]
    first = min((one.made_at for one in graded), default=None)
    return sorted((one for one in graded if one.made_at == first), key=lambda one: one.horizon)


def records(forecasts: Iterable[Forecast]) -> Iterator[Record]:
    """The record of each quantity, horizon and model, one group in memory at a time.

    Forecasts of one group must follow each other, as the store gives them. Those without numbers
    or without an outcome are passed over.
    """
    for (quantity, horizon, model), group in groupby(forecasts, key=_kind):
        graded = [
            _grade(one.incident, one.quantiles, one.seen, one.outcome)
            for one in group
            if one.quantiles is not None and one.outcome is not None
        ]
        if graded:
            yield _record(quantity, horizon, model, graded)


@attrs.frozen
class _Grade:
    """One forecast against its outcome."""

    incident: str
    error: float
    inside50: bool
    inside90: bool
    score: float
    stated: float
    exceeded: bool


def _kind(forecast: Forecast) -> tuple[Quantity, timedelta, str]:
    return forecast.quantity, forecast.horizon, forecast.model


def _grade(incident: str, said: Quantiles, seen: int, outcome: int) -> _Grade:
    return _Grade(
        incident=incident,
        error=abs(said.median - outcome) / max(outcome, 1),
        inside50=said.low50 <= outcome <= said.high50,
        inside90=said.low90 <= outcome <= said.high90,
        score=interval_score(said, outcome),
        stated=exceeding(said, seen, FACTOR * seen),
        exceeded=outcome > FACTOR * seen,
    )


def _record(quantity: Quantity, horizon: timedelta, model: str, graded: Sequence[_Grade]) -> Record:
    incidents, votes = _votes([grade.incident for grade in graded])

    def column(name: str) -> Floats:
        return np.array([getattr(grade, name) for grade in graded], dtype=np.float64)

    def share(name: str) -> Share:
        return Share(value=_mean(column(name), votes), of=incidents)

    stated, exceeded = column("stated"), column("exceeded")
    return Record(
        quantity=quantity,
        horizon=horizon,
        model=model,
        forecasts=len(graded),
        incidents=incidents,
        error=_median(column("error"), votes),
        inside50=share("inside50"),
        inside90=share("inside90"),
        score=_mean(column("score"), votes),
        brier=_mean((stated - exceeded) ** 2, votes),
        exceeded=share("exceeded"),
        stated=tuple(_bins(graded, stated, exceeded)),
    )


def _votes(names: Sequence[str]) -> tuple[int, Floats]:
    """How many incidents there are, and the weight of each forecast of theirs."""
    _, whose, count = np.unique(np.array(names), return_inverse=True, return_counts=True)
    votes: Floats = 1.0 / count[whose]
    return len(count), votes


def _bins(graded: Sequence[_Grade], stated: Floats, exceeded: Floats) -> Iterator[Bin]:
    """Each range of stated probabilities in which something was stated."""
    places = np.clip(np.searchsorted(_EDGES, stated, side="right") - 1, 0, len(_EDGES) - 2)
    for place in np.unique(places):
        there = np.flatnonzero(places == place).tolist()
        incidents, votes = _votes([graded[index].incident for index in there])
        yield Bin(
            stated=_mean(stated[there], votes),
            happened=Share(value=_mean(exceeded[there], votes), of=incidents),
        )


def _mean(values: Floats, votes: Floats) -> float:
    return min(float(values @ votes / votes.sum()), float(values.max()))


def _median(values: Floats, votes: Floats) -> float:
    order = np.argsort(values, kind="stable")
    below = np.cumsum(votes[order]) / votes.sum()
    middle = np.searchsorted(below, (0.5 - _ROUNDING, 0.5 + _ROUNDING))
    return float(values[order[middle]].mean())

"""Known ways to foretell how large a cascade grows, to hold Sparkwatch's forecasts against.

Each is given what a story looked like at one age and what it should be told of: the total at a
later age. The first two learn from other stories; the last two read the story's own times and learn
one factor from others.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import attrs
import numpy as np
import numpy.typing as npt

from monitor.virality.cascade import Cascade

__all__ = ["Hawkes", "Ratio", "Seismic", "SzaboHuberman", "discount"]

Floats = npt.NDArray[np.float64]

_MOST_POINTS = 200
_MOST_LEARNED = 150
_SUPERCRITICAL = 0.97


@attrs.frozen
class Ratio:
    """What stories of the same kind grew by, as their median."""

    factor: float

    @classmethod
    def fit(cls, known: Sequence[Cascade], age: float, until: float) -> Ratio:
        """Learn from stories that had a post at ``age``."""
        return cls(float(np.median([one.total(until) / one.total(age) for one in known])))

    def total(self, seen: int) -> float:
        """What is foretold."""
        return seen * self.factor


@attrs.frozen
class SzaboHuberman:
    """The log-linear law of Szabo and Huberman (2010), by least squares."""

    slope: float
    level: float

    @classmethod
    def fit(cls, known: Sequence[Cascade], age: float, until: float) -> SzaboHuberman:
        """Learn from stories that had a post at ``age``."""
        seen = np.log([one.total(age) for one in known])
        slope, level = np.polyfit(seen, np.log([one.total(until) for one in known]), 1)
        return cls(float(slope), float(level))

    def total(self, seen: int) -> float:
        """What is foretold; never less than what was seen."""
        return max(float(np.exp(self.level + self.slope * np.log(seen))), float(seen))


@attrs.frozen
class Seismic:
    """SEISMIC (Zhao et al. 2015) where no followers are known.

    Every post then has the same audience, which cancels: what is estimated is how many posts one
    post leads to, as posts seen over the share of each one's memory that has run off. The memory
    kernel is the paper's: constant for five minutes, then a power law with exponent 1.242. Its
    correction for a story that ages is one factor on what is still to come, learned as `discount`
    learns it.
    """

    factor: float

    @classmethod
    def fit(cls, known: Sequence[Cascade], age: float, until: float) -> Seismic:
        """Learn the factor."""
        return cls(discount(known, age, until, cls(1.0).total))

    def total(self, hours: Floats, age: float, until: float) -> float:
        """What is foretold of a story whose posts came at ``hours``."""
        seconds = hours * 3600
        exposure = _seismic_memory(age * 3600 - seconds).sum()
        ratio = (len(hours) - 1) / max(exposure, 1e-9)
        ahead = _seismic_memory(until * 3600 - seconds) - _seismic_memory(age * 3600 - seconds)
        later = float(_seismic_memory(np.array([(until - age) * 1800.0]))[0])
        children = ratio * float(ahead.sum())
        return len(hours) + self.factor * _with_descendants(children, ratio * later)


def discount(
    known: Sequence[Cascade],
    age: float,
    until: float,
    total: Callable[[Floats, float, float], float],
) -> float:
    """The factor on foretold growth that gives the least median error on other stories."""
    some = known[:: max(1, len(known) // _MOST_LEARNED)]
    seen = np.array([one.total(age) for one in some], dtype=np.float64)
    reached = np.array([one.total(until) for one in some], dtype=np.float64)
    growth = np.array([total(one.hours[: one.total(age)], age, until) for one in some]) - seen
    factors = np.geomspace(0.001, 3.0, 80)
    errors = [np.median(np.abs(seen + each * growth - reached) / reached) for each in factors]
    return float(factors[int(np.argmin(errors))])


def _seismic_memory(seconds: Floats) -> Floats:
    """The share of a post's direct consequences that has come after so many seconds."""
    level, flat, exponent = 6.265e-4, 300.0, 0.242
    young = level * np.minimum(seconds, flat)
    grown = np.maximum(seconds, flat) / flat
    total = level * flat * (1 + 1 / exponent)
    found: Floats = (young + level * flat / exponent * (1 - grown**-exponent)) / total
    return found


@attrs.frozen
class Hawkes:
    """A self-exciting process with a power-law kernel, by maximum likelihood over a grid.

    For a given kernel the best branching factor is known in closed form: the posts that followed
    over what the kernel's mass allowed for (Mishra, Rizoiu and Xie 2016 use the same kernel). As
    they do, what the process foretells is corrected by a factor learned from other stories.
    """

    factor: float

    @classmethod
    def fit(cls, known: Sequence[Cascade], age: float, until: float) -> Hawkes:
        """Learn the factor."""
        return cls(discount(known, age, until, cls(1.0).total))

    def total(self, hours: Floats, age: float, until: float) -> float:
        """What is foretold of a story whose posts came at ``hours``."""
        branching, onset, exponent = _likeliest(hours, age)
        ahead = _power_law(until - hours, onset, exponent) - _power_law(
            age - hours, onset, exponent
        )
        later = float(_power_law(np.array([(until - age) / 2]), onset, exponent)[0])
        children = branching * float(ahead.sum())
        return len(hours) + self.factor * _with_descendants(children, branching * later)


def _likeliest(hours: Floats, age: float) -> tuple[float, float, float]:
    """Branching factor, onset in hours and exponent; of a large story a sample of posts counts."""
    times = hours[:: max(1, -(-len(hours) // _MOST_POINTS))]
    gaps = times[1:, None] - times[None, :-1]
    before = np.tril(np.ones(gaps.shape, dtype=bool))
    gaps = np.where(before, gaps, np.inf)
    best, most = (0.0, 1.0, 1.0), -np.inf
    for onset in (1 / 60, 5 / 60, 0.25, 1.0):
        for exponent in (0.1, 0.25, 0.5, 1.0):
            kernel = exponent / onset * (1 + gaps / onset) ** (-1 - exponent)
            mass = float(_power_law(age - times, onset, exponent).sum())
            branching = (len(times) - 1) / max(mass, 1e-9)
            rates = branching * kernel.sum(axis=1)
            likelihood = float(np.log(np.maximum(rates, 1e-12)).sum()) - branching * mass
            if likelihood > most:
                best, most = (branching, onset, exponent), likelihood
    return best


def _power_law(hours: Floats, onset: float, exponent: float) -> Floats:
    found: Floats = 1 - (1 + hours / onset) ** -exponent
    return found


def _with_descendants(children: float, ratio: float) -> float:
    """Children with what they lead to; a process that would never end is cut just below that."""
    return children / (1 - min(ratio, _SUPERCRITICAL))

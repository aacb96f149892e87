"""How a total grew: of posts, which come one by one, or of a counter that is read now and then."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Self

import attrs
import numpy as np
import numpy.typing as npt

__all__ = ["Curve", "Floats"]

Floats = npt.NDArray[np.float64]


@attrs.frozen(kw_only=True, eq=False)
class Curve:
    """A total that never falls, by age: ``totals[i]`` was reached at ``hours[i]``.

    Between two points a counter is taken to grow evenly and posts not at all.
    """

    hours: Floats = attrs.field(repr=False)
    totals: Floats = attrs.field(repr=False)
    even: bool = False

    @classmethod
    def of_posts(cls, hours: Sequence[float] | Floats) -> Self:
        """From the ages at which posts came, in order.

        >>> Curve.of_posts([0.0, 0.5, 2.0]).at([1.0, 2.0]).tolist()
        [2.0, 3.0]
        """
        ages = np.asarray(hours, dtype=np.float64)
        return cls(hours=ages, totals=np.arange(1.0, len(ages) + 1))

    @classmethod
    def of_readings(cls, readings: Sequence[tuple[float, int]]) -> Self:
        """From what a counter showed at rising ages; it begins with nothing at age 0.

        Where it falls (a post was deleted, a platform removed false views) the newest reading
        stands, and the fall counts as no growth: the curve is rebuilt backwards by the rises.

        >>> Curve.of_readings([(1.0, 500), (2.0, 1_000), (3.0, 400), (4.0, 450)]).totals.tolist()
        [0.0, 0.0, 400.0, 400.0, 450.0]
        """
        ages, counts = (np.array(each, dtype=np.float64) for each in zip(*readings, strict=True))
        left = np.cumsum(np.maximum(np.diff(counts), 0.0)[::-1])[::-1]
        totals = np.maximum(counts[-1] - np.append(left, 0.0), 0.0)
        return cls(
            hours=np.concatenate([[0.0], ages]), totals=np.concatenate([[0.0], totals]), even=True
        )

    def at(self, ages: Sequence[float] | Floats) -> Floats:
        """The totals at some ages in hours."""
        wanted = np.asarray(ages, dtype=np.float64)
        if self.even:
            return np.interp(wanted, self.hours, self.totals)
        found: Floats = np.searchsorted(self.hours, wanted, side="right").astype(np.float64)
        return found

    def reached(self, totals: Sequence[float] | Floats) -> Floats:
        """The ages at which some totals were reached; the last age where one was not."""
        wanted = np.asarray(totals, dtype=np.float64)
        if self.even:
            return np.interp(wanted, self.totals, self.hours)
        places = np.ceil(wanted - 1e-9).astype(np.int64) - 1
        found: Floats = self.hours[places.clip(0, len(self.hours) - 1)]
        return found

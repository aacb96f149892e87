"""What a source allows in an hour or a day, and what of it is used up, kept across crawls.

Each query's cursor carries what that query has spent in the current period, so a new process
knows what the ones before it did.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, TypeAlias
from zoneinfo import ZoneInfo

import attrs

from monitor.domain import Health
from spiders.options import Politeness
from spiders.page import SourceError

__all__ = ["Allowance", "Ledger", "Spent"]

Spent: TypeAlias = Mapping[str, tuple[str, int]]
"""By the allowance's name: the period, and the units spent in it."""


@attrs.frozen(kw_only=True)
class Allowance:
    """``units`` that may be spent in each period: requests, or what the platform charges for them.

    ``units`` may depend on the options (a key, a daily budget). ``per`` is an hour or a day; a day
    begins at midnight in ``zone``, where the platform counts.
    """

    name: str = "requests"
    units: int | Callable[[Any], int]
    per: timedelta = timedelta(days=1)
    zone: str = "UTC"

    def units_for(self, options: Politeness) -> int:
        """The units of one period under these options."""
        return self.units if isinstance(self.units, int) else self.units(options)

    def period(self, now: datetime) -> tuple[str, datetime]:
        """The period that ``now`` is in, and when the next one begins."""
        local = now.astimezone(ZoneInfo(self.zone))
        midnight = local.replace(hour=0, minute=0, second=0, microsecond=0)
        past = int((local - midnight) / self.per)
        begins = midnight + past * self.per
        return begins.astimezone(UTC).isoformat(), (begins + self.per).astimezone(UTC)


class Ledger:
    """The spending of one crawl, with what earlier crawls have spent of the same periods."""

    def __init__(self, options: Politeness, earlier: Mapping[str, Spent]) -> None:
        self._options = options
        self._spent = {query: dict(spent) for query, spent in earlier.items()}

    def spend(self, query: str, allowance: Allowance, cost: int, now: datetime) -> None:
        """Enter a cost before it is incurred; raises ``SourceError`` where it is too much."""
        period, next_one = allowance.period(now)
        total = sum(self._of(spent, allowance.name, period) for spent in self._spent.values())
        most = allowance.units_for(self._options)
        if total + cost > most:
            raise SourceError(
                Health.RATE_LIMITED,
                f"{total} of {most} {allowance.name} are used up for now: it goes on at "
                f"{next_one:%Y-%m-%d %H:%M} UTC; read this source less often, or raise its limit",
            )
        own = self._spent.setdefault(query, {})
        own[allowance.name] = (period, self._of(own, allowance.name, period) + cost)

    def of(self, query: str) -> Spent:
        """What a query has spent, for its cursor."""
        return self._spent.get(query, {})

    @staticmethod
    def _of(spent: Spent, name: str, period: str) -> int:
        when, units = spent.get(name, ("", 0))
        return units if when == period else 0

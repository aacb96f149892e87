"""The times at which a team wants to sleep: hours of the week, and days of the calendar."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from typing import Literal, Self, TypeAlias, get_args

from pydantic import BaseModel, ConfigDict, Field, model_validator

__all__ = ["MuteDays", "QuietHours", "Weekday", "quiet_until"]

Weekday: TypeAlias = Literal[
    "monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"
]
_WEEK: tuple[Weekday, ...] = get_args(Weekday)
_DAY = timedelta(days=1)
_LONGEST_CHAIN = 100
"""So many quiet times one after the other are followed; then it is looked at again."""


class QuietHours(BaseModel):
    """Hours at which only what is critical is told, on some days of the week."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    days: tuple[Weekday, ...] = Field(
        default=_WEEK, min_length=1, description="The days on which they begin; all if absent."
    )
    begin: time = Field(alias="from", description='When they begin, as in "22:00".')
    end: time = Field(
        alias="to", description='When they end; on the next day where that is no later: "07:00".'
    )

    def spans(self, now: datetime, zone: tzinfo) -> Iterator[tuple[datetime, datetime]]:
        """The quiet times that may hold ``now``, by the clock of ``zone``."""
        today = now.astimezone(zone).date()
        for day in (today - _DAY, today):
            if _WEEK[day.weekday()] in self.days:
                last = day if self.begin < self.end else day + _DAY
                yield _moment(day, self.begin, zone), _moment(last, self.end, zone)


class MuteDays(BaseModel):
    """Days of the calendar on which only what is critical is told: holidays, a planned stop."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    first: date = Field(alias="from", description="The first of the days: 2026-12-24.")
    last: date = Field(alias="to", description="The last of them.")

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.last < self.first:
            raise ValueError(f"ends on {self.last}, before it begins on {self.first}")
        return self

    def spans(self, now: datetime, zone: tzinfo) -> Iterator[tuple[datetime, datetime]]:
        """From the first midnight to the last, by the clock of ``zone``."""
        yield _moment(self.first, time(0), zone), _moment(self.last + _DAY, time(0), zone)


def quiet_until(
    quiet: Sequence[QuietHours | MuteDays], zone: tzinfo, now: datetime
) -> datetime | None:
    """When the quiet that holds ``now`` ends; ``None`` where none does.

    Times that touch or overlap are one. A local time that the clocks skip or show twice is the
    earlier of both.
    """
    until = now
    for _ in range(_LONGEST_CHAIN):
        ends = [end for begin, end in _spans(quiet, until, zone) if begin <= until < end]
        if not ends:
            break
        until = max(ends)
    return until if until > now else None


def _spans(
    quiet: Iterable[QuietHours | MuteDays], now: datetime, zone: tzinfo
) -> Iterator[tuple[datetime, datetime]]:
    for one in quiet:
        yield from one.spans(now, zone)


def _moment(day: date, at: time, zone: tzinfo) -> datetime:
    """In UTC, since two times of one zone are compared by what its clocks show."""
    return datetime.combine(day, at, zone).astimezone(UTC)

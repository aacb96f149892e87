"""How spans of time are written in the configuration and on the command line: 90s, 5m, 1h30m."""

from __future__ import annotations

import re
from datetime import timedelta

__all__ = ["UNITS", "parse_interval", "written_interval"]

UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400}


def parse_interval(written: object) -> timedelta:
    """Read an interval of seconds, minutes, hours and days; raises ``ValueError``.

    >>> parse_interval("1h30m")
    datetime.timedelta(seconds=5400)
    """
    if isinstance(written, timedelta):
        return written
    text = str(written)
    if not re.fullmatch(r"(?:[0-9]{1,6}[smhd])+", text):
        shown = ascii(text if len(text) <= 60 else f"{text[:57]}...")
        raise ValueError(f"must be an interval such as 90s, 5m, 1h or 1d, not {shown}")
    seconds = sum(
        int(number) * UNITS[unit] for number, unit in re.findall(r"([0-9]+)([smhd])", text)
    )
    return timedelta(seconds=seconds)


def written_interval(interval: timedelta) -> str:
    """Write an interval as it is written in the configuration.

    >>> written_interval(timedelta(minutes=90))
    '90m'
    """
    seconds = int(interval.total_seconds())
    unit = next(unit for unit in "dhms" if seconds % UNITS[unit] == 0)
    return f"{seconds // UNITS[unit]}{unit}"

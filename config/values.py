"""The kinds of value that several settings share: intervals, zones, language tags, file names."""

from __future__ import annotations

import re
from collections.abc import Collection
from datetime import timedelta
from typing import Annotated, TypeAlias
from zoneinfo import available_timezones

from pydantic import AfterValidator, BeforeValidator, PlainSerializer, StringConstraints

from alerts.intervals import parse_interval, written_interval
from config.problems import nearest, quoted

Word: TypeAlias = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1)]
"""Text that is not empty."""


def _polling(interval: timedelta) -> timedelta:
    if not timedelta(seconds=10) <= interval <= timedelta(days=7):
        raise ValueError(
            f"must lie between 10s and 7d, not {written_interval(interval)}; "
            "5m is a good choice for what spreads fast"
        )
    return interval


Interval: TypeAlias = Annotated[
    timedelta,
    BeforeValidator(parse_interval),
    AfterValidator(_polling),
    PlainSerializer(written_interval),
]
"""How often something is done: ``5m``, ``1h30m``."""


def _known_zone(name: str) -> str:
    zones = available_timezones()
    if name not in zones:
        raise ValueError(
            "must be a time zone such as Europe/London or Asia/Shanghai, "
            f"not {quoted(name)}.{nearest(_zone_of_city(name, zones), zones)}"
        )
    return name


def _zone_of_city(name: str, zones: Collection[str]) -> str:
    """The zone that bears the name of this city, or the name itself."""
    city = name.rpartition("/")[2].replace(" ", "_").casefold()
    if city == "beijing":
        return "Asia/Shanghai"
    return next((zone for zone in sorted(zones) if zone.casefold().endswith(f"/{city}")), name)


ZoneName: TypeAlias = Annotated[str, AfterValidator(_known_zone)]
"""An IANA time zone."""


def _language_tag(tag: str) -> str:
    if not re.fullmatch(r"[a-z]{2,3}(?:-[A-Z][a-z]{3})?(?:-[A-Z]{2})?", tag):
        raise ValueError(f"must be a language tag such as en, de or zh-Hans, not {quoted(tag)}")
    return tag


LanguageTag: TypeAlias = Annotated[str, AfterValidator(_language_tag)]
"""A BCP 47 tag of a language that is read."""

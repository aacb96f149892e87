"""The reader's words: sentences from the catalogues, numbers and times in their locale and zone.

English is the language of the sources; ``locales/`` holds the Chinese catalogues. Sentences use
named braces, and what goes into them is formatted before it goes in:

>>> from datetime import UTC
>>> words = Words(Reader(language="en", timezone="Asia/Taipei"))
>>> words.count("{n} post", "{n} posts", 1200)
'1,200 posts'
>>> words.when(datetime(2026, 11, 18, 1, 42, tzinfo=UTC))
'Nov 18, 09:42'
"""

from __future__ import annotations

import math
from datetime import date, datetime, tzinfo
from enum import StrEnum
from functools import cache
from gettext import GNUTranslations, NullTranslations
from pathlib import Path
from zoneinfo import ZoneInfo, available_timezones

import attrs
from babel import Locale, UnknownLocaleError
from babel.dates import format_date, format_datetime, get_timezone_gmt
from babel.lists import format_list
from babel.numbers import format_compact_decimal, format_decimal, format_percent

from monitor.domain import Level, Quantity

__all__ = ["CATALOGUES", "DOMAIN", "Language", "Reader", "Words", "message"]

DOMAIN = "sparkwatch"
CATALOGUES = Path(__file__).parent / "locales"


class Language(StrEnum):
    """The languages in which Sparkwatch writes to people."""

    ENGLISH = "en"
    CHINESE_SIMPLIFIED = "zh-Hans"
    CHINESE_TRADITIONAL = "zh-Hant"


@cache
def _zones() -> frozenset[str]:
    return frozenset(available_timezones())


def _zone(_reader: Reader, _attribute: attrs.Attribute[str], value: str) -> None:
    if value not in _zones():
        raise ValueError(f"{value!r} is not an IANA time zone; write one such as 'Asia/Taipei'")


@attrs.frozen(kw_only=True)
class Reader:
    """For whom something is written: the language, and the zone in which their clock runs."""

    language: Language = attrs.field(default=Language.ENGLISH, converter=Language)
    timezone: str = attrs.field(default="UTC", validator=_zone)


def message(text: str) -> str:
    """Mark a text for the catalogues where it is defined; it is looked up where it is said."""
    return text


@attrs.frozen
class _Conventions:
    """What a locale's own data does not settle."""

    locale: str
    date_and_time: str
    day: str
    weekday: str
    compact_from: int
    compact_format: str


_CONVENTIONS = {
    Language.ENGLISH: _Conventions(
        "en_US", "MMM d, HH:mm", "MMM d, yyyy", "EEE, MMM d", 1_000_000, "long"
    ),
    Language.CHINESE_SIMPLIFIED: _Conventions(
        "zh_Hans_CN", "M月d日 HH:mm", "y年M月d日", "M月d日 EEE", 10_000, "short"
    ),
    Language.CHINESE_TRADITIONAL: _Conventions(
        "zh_Hant_TW", "M月d日 HH:mm", "y年M月d日", "M月d日 EEE", 10_000, "short"
    ),
}


@cache
def _translations(language: Language) -> NullTranslations:
    if language is Language.ENGLISH:
        return NullTranslations()
    folder = CATALOGUES / language.value.replace("-", "_") / "LC_MESSAGES"
    with (folder / f"{DOMAIN}.mo").open("rb") as compiled:
        return GNUTranslations(compiled)


class Words:
    """Speaks to one reader. Whatever it returns is plain text: each medium escapes it itself."""

    def __init__(self, reader: Reader) -> None:
        self.reader = reader
        self.language = reader.language
        self.zone: tzinfo = ZoneInfo(reader.timezone)
        self._conventions = _CONVENTIONS[reader.language]
        self._locale = Locale.parse(self._conventions.locale)
        self._translations = _translations(reader.language)

    # sentences

    def say(self, text: str, /, **values: object) -> str:
        """The text in the reader's language, with the values in its braces."""
        return self._translations.gettext(text).format_map(values)

    def labelled(self, label: str, value: str) -> str:
        """A value with what it is."""
        return self.say("{label}: {value}", label=label, value=value)

    def noted(self, text: str, note: str) -> str:
        """A text with a note in brackets, where there is one."""
        return self.say("{text} ({note})", text=text, note=note) if note else text

    def count(self, singular: str, plural: str, n: float, /) -> str:
        """The form that goes with ``n``, which stands as ``{n}`` in both texts."""
        shown = self.number(n)
        form = self._translations.ngettext(singular, plural, 1 if shown == "1" else 2)
        return form.format_map({"n": shown})

    def together(self, parts: list[str]) -> str:
        """A list as it is written in a sentence."""
        return format_list(parts, locale=self._locale)

    # numbers

    def number(self, value: float) -> str:
        """A counted or measured number; small fractions keep one decimal."""
        if value < 10 and not float(value).is_integer():
            return str(format_decimal(round(value, 1), locale=self._locale))
        return str(format_decimal(round(value), locale=self._locale))

    def about(self, value: float, at_least: float = 0) -> str:
        """An estimate, with no more digits than it deserves: 983,412 is '980,000' or '98万'.

        Where rounding would take it below ``at_least`` it keeps its digits.
        """
        exact = value
        if value >= 100:
            value = round(value, 1 - math.floor(math.log10(value)))
        if value < at_least <= exact:
            return self.number(exact)
        if value < self._conventions.compact_from:
            return str(format_decimal(round(value), locale=self._locale))
        style = self._conventions.compact_format
        compact = format_compact_decimal(
            value,
            format_type="long" if style == "long" else "short",
            locale=self._locale,
            fraction_digits=1,
        )
        return str(compact)

    def percent(self, share: float) -> str:
        """A share of one, in whole percent."""
        return str(format_percent(share, locale=self._locale))

    # time

    def when(self, moment: datetime) -> str:
        """Day and time on the reader's clock."""
        local = moment.astimezone(self.zone)
        return format_datetime(local, self._conventions.date_and_time, locale=self._locale)

    def clock(self, moment: datetime) -> str:
        """The time on the reader's clock, without the day."""
        return f"{moment.astimezone(self.zone):%H:%M}"

    def day(self, moment: datetime | date) -> str:
        """The day, with its year."""
        return self._date(moment, self._conventions.day)

    def weekday(self, moment: datetime | date) -> str:
        """The day with its day of the week, without its year."""
        return self._date(moment, self._conventions.weekday)

    def _date(self, moment: datetime | date, pattern: str) -> str:
        local = moment.astimezone(self.zone) if isinstance(moment, datetime) else moment
        return format_date(local, pattern, locale=self._locale)

    def zone_note(self, moment: datetime) -> str:
        """The reader's zone and its distance from UTC at that moment."""
        offset = get_timezone_gmt(moment.astimezone(self.zone), locale=self._locale)
        zone = self.reader.timezone
        return zone if zone == "UTC" else f"{zone} ({offset})"

    def hours(self, hours: float) -> str:
        """A duration: minutes below an hour, days from two days on."""
        if hours < 1:
            return self.count("{n} minute", "{n} minutes", max(1, round(hours * 60)))
        if hours < 48:
            return self.count("{n} hour", "{n} hours", round(hours))
        return self.days(hours / 24)

    def days(self, days: float) -> str:
        """A duration in days."""
        return self.count("{n} day", "{n} days", round(days))

    # names

    def language_name(self, tag: str) -> str:
        """A language as the reader calls it; a tag that means nothing is shown as it is."""
        if tag == "und":
            return self.say("an unrecognised language")
        try:
            name = Locale.parse(tag, sep="-").get_display_name(self._locale)
        except (UnknownLocaleError, ValueError):
            name = None
        return name or tag

    def level(self, level: Level) -> str:
        """A level's name."""
        return self.say(_LEVELS[level])

    def quantity(self, quantity: Quantity) -> str:
        """What is counted."""
        return self.say(_QUANTITIES[quantity])


_LEVELS = {
    Level.WATCH: message("Watch"),
    Level.HIGH: message("High"),
    Level.CRITICAL: message("Critical"),
}

_QUANTITIES = {
    Quantity.MENTIONS: message("Posts"),
    Quantity.VIEWS: message("Views"),
    Quantity.SHARES: message("Shares"),
}

"""By when something will be done, as people write it: "by Friday", "within 24 hours", 周五前.

Where the words leave it open, the later reading holds, so that nobody is called late who is not:
a day lasts until its end, "by Friday" said on a Friday is the Friday of next week, "3/4" is the
later of the 4th of March and the 3rd of April, and of "2-3 business days" it is three. Business
days are Monday to Friday; holidays are not known.

>>> from datetime import UTC
>>> monday = datetime(2026, 11, 23, 10, 30, tzinfo=UTC)
>>> def by_when(text: str) -> str | None:
...     found = deadline(Folded.of(text).text, monday)
...     return f"{found:%a %d %b %H:%M}" if found else None
>>> by_when("within 24 hours"), by_when("by Friday"), by_when("in 2-3 business days")
('Tue 24 Nov 10:30', 'Fri 27 Nov 23:59', 'Thu 26 Nov 23:59')
>>> by_when("周五前答复"), by_when("24小時內"), by_when("明天下午"), by_when("soon")
('Fri 27 Nov 23:59', 'Tue 24 Nov 10:30', 'Tue 24 Nov 23:59', None)
"""

from __future__ import annotations

import calendar
import re
from collections.abc import Callable, Iterator
from datetime import date, datetime, time, timedelta
from typing import TypeAlias

from nlp.folding import Folded

__all__ = ["Folded", "deadline"]

_LAST_MINUTE = time(23, 59)
_WEEKEND, _SUNDAY = 5, 6
_MOST_DAYS = 366
"""What is promised for later than this is no promise, or was misread."""

_ONE_TO_TEN = ("one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten")
_NUMBERS = {
    **{word: number for number, word in enumerate(_ONE_TO_TEN, start=1)},
    **{"a": 1, "an": 1, "a couple of": 2, "couple of": 2, "a few": 5, "few": 5, "several": 7},
    **{"twelve": 12, "twenty four": 24, "forty eight": 48, "seventy two": 72},
    **{word: number for number, word in enumerate("一二三四五六七八九十", start=1)},
    **{"两": 2, "几": 5, "数": 7, "半": 0.5, "十五": 15, "二十四": 24, "四十八": 48, "七十二": 72},
    **{"un": 1, "una": 1, "dos": 2, "tres": 3, "ein": 1, "eine": 1, "einer": 1, "einem": 1},
    **{"zwei": 2, "drei": 3, "une": 1, "deux": 2, "trois": 3},
}
_NUMBER = r"\d{1,3}|" + "|".join(sorted(_NUMBERS, key=len, reverse=True))
_DAYS = {
    name: index
    for index, names in enumerate(
        (
            "monday mon lunes montag lundi 一",
            "tuesday tue tues martes dienstag mardi 二",
            "wednesday wed miercoles mittwoch mercredi 三",
            "thursday thu thur thurs jueves donnerstag jeudi 四",
            "friday fri viernes freitag vendredi 五",
            "saturday sat sabado samstag samedi 六",
            "sunday sun domingo sonntag dimanche 日 天 末",
        )
    )
    for name in names.split()
}
_MONTHS = {
    name: index
    for index, names in enumerate(
        (
            "january jan enero januar janvier",
            "february feb febrero februar fevrier",
            "march mar marzo marz mars",
            "april apr abril avril",
            "may mayo mai",
            "june jun junio juni juin",
            "july jul julio juli juillet",
            "august aug agosto aout",
            "september sep sept septiembre septembre",
            "october oct octubre oktober octobre",
            "november nov noviembre novembre",
            "december dec diciembre dezember decembre",
        ),
        start=1,
    )
    for name in names.split()
}
_SHORT_DAYS = r"(?:mon|tues?|wed|thu(?:rs?)?|fri|sat|sun|lunes|lundi|mardi|jeudi)"
_LONG_DAYS = "|".join(day for day in _DAYS if day.isascii() and len(day) > 5)
_LATIN_MONTHS = "|".join(sorted(_MONTHS, key=len, reverse=True))

_Read: TypeAlias = Callable[[re.Match[str], datetime], datetime | None]


def deadline(folded: str, said_at: datetime) -> datetime | None:
    """The latest moment that the folded text names, read as of ``said_at`` and in its zone.

    ``None`` where it names none. What is found always lies after ``said_at``.
    """
    found = [
        moment
        for pattern, read in _READINGS
        for one in pattern.finditer(folded)
        if (moment := _read(read, one, said_at)) is not None
    ]
    within = [
        moment for moment in found if said_at < moment <= said_at + timedelta(days=_MOST_DAYS)
    ]
    return max(within, default=None)


def _read(read: _Read, found: re.Match[str], said_at: datetime) -> datetime | None:
    try:
        return read(found, said_at)
    except (KeyError, ValueError, OverflowError):  # a number unknown, the 31st of February
        return None


def _end_of(day: date, said_at: datetime) -> datetime:
    return datetime.combine(day, _LAST_MINUTE, said_at.tzinfo)


def _span(found: re.Match[str], said_at: datetime) -> datetime:
    """So many minutes, hours, days, business days, weeks or months; of two numbers the larger."""
    counts = [_count(one) for one in (found["n"], found["m"]) if one]
    n, unit = max(counts), found["unit"]
    if unit.startswith(("min", "分")):
        return said_at + timedelta(minutes=n)
    if unit.startswith(("h", "hr", "st", "小", "钟")):
        return said_at + timedelta(hours=n)
    if found["business"] or "工作" in unit or unit.startswith("werk"):
        return _end_of(_business_days(said_at.date(), round(n)), said_at)
    if unit.startswith(("w", "sem", "周", "星", "礼")):
        return _end_of(said_at.date() + timedelta(weeks=n), said_at)
    if unit.startswith(("mo", "mes", "个月", "月")):
        return _end_of(said_at.date() + timedelta(days=31 * n), said_at)
    return _end_of(said_at.date() + timedelta(days=n), said_at)


def _count(written: str) -> float:
    return float(written) if written.isdigit() else _NUMBERS[written]


def _business_days(day: date, n: int) -> date:
    while n > 0:
        day += timedelta(days=1)
        n -= day.weekday() < _WEEKEND
    return day


def _weekday(found: re.Match[str], said_at: datetime) -> datetime:
    """The next such day; "next" and a day that is today mean the one after that."""
    today = said_at.date()
    wanted = _DAYS[found["day"]]
    which = found["which"] or ""
    if which in ("next", "下", "下个"):
        monday = today - timedelta(days=today.weekday()) + timedelta(weeks=1)
        return _end_of(monday + timedelta(days=wanted), said_at)
    ahead = (wanted - today.weekday()) % 7
    if ahead == 0 and which not in ("this", "本", "这", "这个"):
        ahead = 7
    return _end_of(today + timedelta(days=ahead), said_at)


def _near_day(found: re.Match[str], said_at: datetime) -> datetime:
    word = found[0]
    if "day after tomorrow" in word or word in ("后天", "ubermorgen", "pasado manana"):
        ahead = 2
    elif word.startswith(("tomorrow", "明", "次日", "manana", "morgen", "demain")):
        ahead = 1
    else:
        ahead = 0
    return _end_of(said_at.date() + timedelta(days=ahead), said_at)


def _week_end(found: re.Match[str], said_at: datetime) -> datetime:
    """The end of this week or the next, which is its Sunday."""
    later = found["next"] is not None
    today = said_at.date()
    ahead = (_SUNDAY - today.weekday()) or 7  # on a Sunday it may be the week that begins
    ahead += 7 if later else 0
    return _end_of(today + timedelta(days=ahead), said_at)


def _month_end(found: re.Match[str], said_at: datetime) -> datetime:
    year, month = said_at.year, said_at.month
    if found["next"] is not None:
        year, month = _month_after(year, month)
    return _end_of(date(year, month, calendar.monthrange(year, month)[1]), said_at)


def _month_after(year: int, month: int) -> tuple[int, int]:
    return (year, month + 1) if month < 12 else (year + 1, 1)


def _named_month(found: re.Match[str], said_at: datetime) -> datetime:
    day = int(found["day"] or found["day_after"])
    month = found["month"]
    return _coming(_MONTHS[month] if month in _MONTHS else int(month), day, said_at)


def _coming(month: int, day: int, said_at: datetime) -> datetime:
    """The next time this day of the year ends."""
    this_year = _end_of(date(said_at.year, month, day), said_at)
    if this_year > said_at:
        return this_year
    return _end_of(date(said_at.year + 1, month, day), said_at)


def _day_of_month(found: re.Match[str], said_at: datetime) -> datetime:
    """The next such day of a month: 20日前, by the 20th."""
    day, year, month = int(found["day"]), said_at.year, said_at.month
    while day > calendar.monthrange(year, month)[1] or date(year, month, day) < said_at.date():
        year, month = _month_after(year, month)
        if year > said_at.year + 1:
            raise ValueError(f"no month has a day {day}")
    return _end_of(date(year, month, day), said_at)


def _two_numbers(found: re.Match[str], said_at: datetime) -> datetime | None:
    """3/4 is a day in March or in April: the later one that can be."""
    first, second = int(found["a"]), int(found["b"])
    readings = []
    for month, day in ((first, second), (second, first)):
        try:
            readings.append(_coming(month, day, said_at))
        except ValueError:
            continue
    return max(readings, default=None)


def _iso(found: re.Match[str], said_at: datetime) -> datetime:
    return _end_of(date(int(found["y"]), int(found["m"]), int(found["d"])), said_at)


def _clock(found: re.Match[str], said_at: datetime) -> datetime:
    """The next time that the clock shows this."""
    hour, minute = int(found["h"]), int(found["min"] or 0)
    half = found["half"]
    if half.startswith("p") and hour < 12:
        hour += 12
    elif half.startswith("a") and hour == 12:
        hour = 0
    moment = datetime.combine(said_at.date(), time(hour, minute), said_at.tzinfo)
    return moment if moment > said_at else moment + timedelta(days=1)


def _readings() -> Iterator[tuple[re.Pattern[str], _Read]]:
    between = r"(?: ?,? ?(?:to|or|and|bis|a|至|到)? ?)"
    numbers = rf"(?P<n>{_NUMBER})(?:{between}(?P<m>{_NUMBER}))?"
    yield (
        re.compile(
            rf"(?<![a-z])(?:within|in|allow|take|takes|up to|en|dentro de|in den nachsten|innerhalb"
            rf"(?: von)?|binnen|dans|sous|another|next)(?: (?:us|the|next|about|around|las|les|los|"
            rf"up to|at least|another|days?))*? {numbers} ?"
            r"(?P<business>business |working |work |labor days )?"
            r"(?P<unit>minutes?|minuten|mins?|hours?|hrs?|heures?|horas?|h|stunden?|std|days?|dias?|"
            r"tagen?|tage|jours?|weeks?|semanas?|semaines?|wochen?|months?|meses|mes|mois|monaten?|"
            r"werktagen?|werktage)(?! ago)(?![a-z])"
        ),
        _span,
    )
    yield (
        re.compile(
            rf"(?<![a-z\d.])(?P<n>\d{{1,3}})(?:{between}(?P<m>\d{{1,3}}))? ?"
            r"(?P<business>business |working )(?P<unit>days?|hours?)(?! ago)"
        ),
        _span,
    )
    han_number = r"\d{1,3}|[一二两三四五六七八九十几数半]{1,3}"
    han = rf"(?P<n>{han_number})(?: ?[,到至或] ?(?P<m>{han_number}))?"
    yield (
        re.compile(
            rf"{han} ?(?P<business>)(?P<unit>分钟|个?小时|个?钟头?|个?工作日|个?星期|个?礼拜|"
            "周|天|日|个月) ?(?:之内|以内|内|后|之后|左右)"
        ),
        _span,
    )
    yield (
        re.compile(rf"(?<![a-z])(?:(?P<which>next|this|coming) )?(?P<day>{_LONG_DAYS})(?![a-z'])"),
        _weekday,
    )
    yield (  # a short one may be another word: they sat, the sun
        re.compile(
            r"(?<![a-z])(?:(?:by|on|before|until|till|el|le|avant|antes del|del) |"
            rf"(?P<which>next|this|coming) )(?P<day>{_SHORT_DAYS})(?![a-z'])"
        ),
        _weekday,
    )
    yield (
        re.compile(r"(?P<which>下个?|本|这个?)?(?:周|星期|礼拜)(?P<day>[一二三四五六日天末])"),
        _weekday,
    )
    yield (
        re.compile(
            r"(?<![a-z])(?:(?:the )?day after tomorrow|tomorrow|today|tonight|this (?:morning|"
            r"afternoon|evening)|(?:end of|close of|by) (?:the )?(?:business )?day|eod|cob|"
            r"close of business|pasado manana|manana|hoy|ubermorgen|morgen|heute|demain|"
            r"aujourd'hui)(?![a-z])|后天|明天|明日|明早|明晚|明午|次日|今天|今日|今晚|今早|当天|当日"
        ),
        _near_day,
    )
    yield (
        re.compile(
            r"(?<![a-z])(?:(?P<next>next|coming) week|(?:this|the|end of) week|esta semana|"
            r"diese woche|cette semaine)(?![a-z])|"
            r"(?:本|这个?)(?:周|星期|礼拜)(?![一二三四五六日天])"
        ),
        _week_end,
    )
    yield re.compile(r"(?P<next>下个?)(?:周|星期|礼拜)(?![一二三四五六日天])"), _week_end
    yield (
        re.compile(
            r"(?<![a-z])(?:(?P<next>next) month|(?:this|the|end of) month|este mes|diesen monat|"
            r"ce mois)(?![a-z])|(?:本|这个?)?月(?:底|末|内)"
        ),
        _month_end,
    )
    yield re.compile(r"(?P<next>下个?)月(?!\d)"), _month_end
    yield (
        re.compile(
            rf"(?<![a-z])(?:(?P<month>{_LATIN_MONTHS}) (?P<day>\d{{1,2}})(?:st|nd|rd|th)?(?![\d:]))"
            r"(?P<day_after>)"
        ),
        _named_month,
    )
    yield (
        re.compile(
            r"(?<!\d)(?P<day_after>\d{1,2})(?:st|nd|rd|th)?\.? (?:of |de )?(?P<day>)"
            rf"(?P<month>{_LATIN_MONTHS})(?![a-z])"
        ),
        _named_month,
    )
    yield re.compile(r"(?P<month>\d{1,2})月(?P<day>\d{1,2})(?P<day_after>)[日号]"), _named_month
    yield re.compile(r"(?<![月\d])(?P<day>\d{1,2})[日号](?:之前|以前|前)"), _day_of_month
    yield (
        re.compile(r"(?<![a-z])(?:the|am|el|le) (?P<day>\d{1,2})(?:st|nd|rd|th)(?![a-z])"),
        _day_of_month,
    )
    yield re.compile(r"(?<!\d)(?P<y>20\d\d) (?P<m>\d{1,2}) (?P<d>\d{1,2})(?!\d)"), _iso
    yield (
        re.compile(
            r"(?<![a-z])(?:by|on|before|until|till|bis|antes del|avant le) "
            r"(?P<a>\d{1,2}) (?P<b>\d{1,2})"
            r"(?! ?(?:hours?|hrs?|h|min|days?|weeks?|business|working|am|pm|\d))"
        ),
        _two_numbers,
    )
    yield (
        re.compile(
            r"(?<![\d:])(?P<h>1[0-2]|[1-9])(?:[:.](?P<min>[0-5]\d))? ?"
            r"(?P<half>am|pm|a\.m|p\.m)(?![a-z])"
        ),
        _clock,
    )


_READINGS = tuple(_readings())

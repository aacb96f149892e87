"""What a brand's own post promises, and by when."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

import config
from monitor.casework import PromiseKind
from nlp.deadlines import deadline
from nlp.folding import Folded
from nlp.promises import PromiseFinder
from nlp.responses import ReplyReader, load_replies

FINDER = PromiseFinder(ReplyReader(load_replies(Path(config.__path__[0]) / "responses.yaml")))
MONDAY = datetime(2026, 11, 23, 10, 30, tzinfo=UTC)
FRIDAY = MONDAY + timedelta(days=4)
MOMENTS = st.datetimes(
    datetime(2020, 1, 1),  # noqa: DTZ001 -- hypothesis adds the zone
    datetime(2040, 12, 31),  # noqa: DTZ001 -- as above
    timezones=st.sampled_from([UTC, ZoneInfo("Asia/Shanghai"), ZoneInfo("America/New_York")]),
)
DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
HAN_DAYS = "一二三四五六日"


def due(text: str, said_at: datetime = MONDAY) -> str | None:
    found = deadline(Folded.of(text).text, said_at)
    return f"{found:%m-%d %H:%M}" if found else None


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("We will get back to you by Friday.", [("reply", "11-27 23:59")]),
        ("We'll refund you within 5 business days", [("action", "11-30 23:59")]),
        ("Please DM us your details", [("handoff", None)]),
        ("We are looking into this and will update you soon", [("reply", None), ("action", None)]),
        ("会在24小时内给您答复", [("reply", "11-24 10:30")]),
        ("我們將於週五前公布調查結果", [("reply", "11-27 23:59")]),
        ("三个工作日内为您退款", [("action", "11-26 23:59")]),
        ("请私信订单号，我们会尽快处理", [("action", None), ("handoff", None)]),
        ("Wir melden uns bis Freitag", [("reply", "11-27 23:59")]),
        ("Le contactaremos mañana", [("reply", "11-24 23:59")]),
        ("Nous vous recontacterons dans les 48 heures", [("reply", "11-25 10:30")]),
        ("We cannot get back to everyone", []),
        ("If we find it we will call you", []),
        ("Your flight leaves tomorrow at 9 am", []),
        ("谢谢您的支持", []),
    ],
)
def test_a_promise_has_its_kind_and_its_time(
    text: str, expected: list[tuple[str, str | None]]
) -> None:
    found = FINDER.find(text, MONDAY)
    told = [(one.kind.value, f"{one.due_at:%m-%d %H:%M}" if one.due_at else None) for one in found]
    assert told == expected


def test_the_place_that_promises_is_the_original_words() -> None:
    text = "＠ann 😡 We’ll get back to you by Friday"
    (promise,) = FINDER.find(text, MONDAY)
    assert text[slice(*promise.span)] == "We’ll get back"


def test_a_time_beside_a_hand_off_is_the_customers() -> None:
    (promise,) = FINDER.find("Please DM us by Friday", MONDAY)
    assert (promise.kind, promise.due_at) == (PromiseKind.HANDOFF, None)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("by Friday", "12-04 23:59"),  # said on a Friday: the later one
        ("this Friday", "11-27 23:59"),
        ("next Friday", "12-04 23:59"),
        ("by end of day", "11-27 23:59"),
        ("by 3/4", "04-03 23:59"),  # the 4th of March or the 3rd of April
        ("by 13/4", "04-13 23:59"),
        ("in 2-3 business days", "12-02 23:59"),
        ("24 to 48 hours from now, allow 24 to 48 hours", "11-29 10:30"),
        ("by March 5th", "03-05 23:59"),
        ("by 2026-12-01", "12-01 23:59"),
        ("by 9am", "11-28 09:00"),
        ("下周三前", "12-02 23:59"),
        ("本周五", "11-27 23:59"),
        ("周五之前", "12-04 23:59"),
        ("30日前", "11-30 23:59"),
        ("12月31日", "12-31 23:59"),
        ("3到5個工作日內", "12-04 23:59"),
        ("31 February", None),
        ("2 hours ago", None),
        ("they sat in the sun", None),
        ("in 99 months", None),
    ],
)
def test_where_the_words_leave_it_open_the_later_reading_holds(
    text: str, expected: str | None
) -> None:
    assert due(text, FRIDAY) == expected


@given(said_at=MOMENTS, day=st.integers(0, 6), han=st.booleans())
def test_a_named_day_is_the_next_one_and_lasts_until_its_end(
    said_at: datetime, day: int, *, han: bool
) -> None:
    found = deadline(f"周{HAN_DAYS[day]}前" if han else f"by {DAYS[day]}", said_at)
    assert found is not None
    assert found.weekday() == day
    assert found.time() == time(23, 59)
    assert 1 <= (found.date() - said_at.date()).days <= 7


@given(said_at=MOMENTS, days=st.integers(1, 60))
def test_business_days_fall_on_no_weekend_and_are_as_many_as_were_said(
    said_at: datetime, days: int
) -> None:
    found = deadline(f"within {days} business days", said_at)
    assert found is not None
    passed = (found.date() - said_at.date()).days
    working = [
        one
        for one in (said_at.date() + timedelta(days=n) for n in range(1, passed + 1))
        if one.weekday() < 5
    ]
    assert len(working) == days
    assert found.weekday() < 5


@given(
    said_at=MOMENTS,
    low=st.integers(1, 48),
    more=st.integers(0, 48),
    unit=st.sampled_from(["hours", "days", "小时", "天"]),
)
def test_of_two_numbers_the_larger_counts(
    said_at: datetime, low: int, more: int, unit: str
) -> None:
    shape = "{}到{}{}内" if unit in "小时天" else "within {} to {} {}"
    both = deadline(shape.format(low, low + more, unit), said_at)
    larger = "{}{}内" if unit in "小时天" else "within {} {}"
    assert both == deadline(larger.format(low + more, unit), said_at)


@given(
    text=st.text(st.sampled_from("by within 0123456789/-:fridaymonth周五前内小时天月日号pm ")),
    at=MOMENTS,
)
def test_whatever_is_found_lies_ahead_within_a_year(text: str, at: datetime) -> None:
    found = deadline(Folded.of(text).text, at)
    assert found is None or at < found <= at + timedelta(days=366)


@given(
    said_at=MOMENTS, words=st.sampled_from(["by tomorrow", "in 24 hours", "by Friday", "周五前"])
)
def test_the_same_moment_said_in_another_zone_is_never_read_as_the_past(
    said_at: datetime, words: str
) -> None:
    shanghai = deadline(Folded.of(words).text, said_at.astimezone(ZoneInfo("Asia/Shanghai")))
    assert shanghai is not None
    assert shanghai > said_at

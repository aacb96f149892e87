"""What an incident is about, as an alert tells it."""

from __future__ import annotations

import json

import attrs
import pytest

from alerts.alert_letter import alert_letter
from alerts.brief import Brief, Matter
from alerts.channels.slack_blocks import alert_blocks
from alerts.i18n import Language, Reader, Words
from alerts.matter import matter_lines, warnings
from alerts.message import compose
from alerts.naming import aggravator_name, emotion_name, touchpoint_name
from monitor.domain import Aggravator, Emotion
from tests.alerts.examples import DELTA, FEES, NO_COUNTERS, SLOW_BURN, WIFI

ENGLISH = Words(Reader())


def matter(complaints: int, *aggravators: tuple[Aggravator, int]) -> Matter:
    return Matter(complaints=complaints, aggravators=aggravators)


def test_the_touchpoint_the_feelings_and_the_aggravators_are_told() -> None:
    assert matter_lines(DELTA.matter, ENGLISH) == (
        "Touchpoint: ◆ Fees and charges (a moment of truth), in 27 of 35 complaints",
        "What people feel: anger 69% · sadness 17%",
        "What makes it worse: unfair charges 22 · rigid rules 9 · discrimination 1",
    )


def test_of_what_is_not_known_nothing_is_told() -> None:
    assert matter_lines(Matter(), ENGLISH) == ()
    nothing_to_say = Matter(complaints=9, felt=((Emotion.NONE, 9), (Emotion.JOY, 3)))
    assert matter_lines(nothing_to_say, ENGLISH) == ()
    assert "Touchpoint" not in alert_letter(SLOW_BURN, Reader()).text


@pytest.mark.parametrize(
    ("kind", "posts", "complaints", "told"),
    [
        (Aggravator.SAFETY, 1, 1, True),
        (Aggravator.SAFETY, 1, 20, True),
        (Aggravator.SAFETY, 1, 21, False),
        (Aggravator.DISCRIMINATION, 2, 40, True),
        (Aggravator.IGNORED, 40, 40, False),
    ],
)
def test_danger_and_discrimination_are_told_first_unless_one_post_in_many_speaks_of_it(
    kind: Aggravator, posts: int, complaints: int, told: bool
) -> None:
    assert bool(warnings(matter(complaints, (kind, posts)), ENGLISH)) is told


def test_a_warning_stands_before_everything_else_in_every_medium() -> None:
    warning = "Safety: 2 of 12 complaints speak of danger to people."
    letter = alert_letter(NO_COUNTERS, Reader())
    assert letter.text.split("\n")[2] == f"! {warning}"
    assert letter.html.index(warning) < letter.html.index("What happened")
    body = json.dumps(alert_blocks(compose(NO_COUNTERS, ENGLISH), ENGLISH), ensure_ascii=False)
    assert body.index(warning) < body.index("What happened")


def test_what_it_is_about_stands_with_what_happened_in_every_medium() -> None:
    line = "What makes it worse: unfair charges 22"
    letter = alert_letter(DELTA, Reader())
    body = json.dumps(alert_blocks(compose(DELTA, ENGLISH), ENGLISH), ensure_ascii=False)
    for text in (letter.text, letter.html, body):
        assert text.index("What happened") < text.index(line) < text.index("What to do now")


def test_an_advocate_who_complains_is_told() -> None:
    assert "2 advocates of the brand are now among those who complain." in _text(DELTA)
    one = attrs.evolve(DELTA, people=attrs.evolve(DELTA.people, advocates=1))
    assert "1 advocate of the brand is now among those who complain." in _text(one)
    assert "advocate" not in _text(NO_COUNTERS)


def _text(brief: Brief) -> str:
    return alert_letter(brief, Reader()).text


# --- names --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("language", "fees", "wifi"),
    [
        ("en", "◆ Fees and charges", "Wi-Fi and entertainment"),
        ("zh-Hans", "◆ 收费", "机上网络与娱乐"),
        ("zh-Hant", "◆ 收費", "機上網路與娛樂"),
    ],
)
def test_a_touchpoint_is_called_as_the_reader_calls_it(language: str, fees: str, wifi: str) -> None:
    words = Words(Reader(language=language))
    assert touchpoint_name(FEES, words) == fees
    assert touchpoint_name(WIFI, words) == wifi


@pytest.mark.parametrize("language", Language)
def test_every_emotion_and_aggravator_has_a_name_of_its_own(language: Language) -> None:
    words = Words(Reader(language=language))
    names = [emotion_name(one, words) for one in Emotion]
    names += [aggravator_name(one, words) for one in Aggravator]
    assert len(set(names)) == len(names)
    assert all(names)

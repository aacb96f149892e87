"""Every reason has its sentence, in every language."""

from __future__ import annotations

import pytest

from alerts.i18n import Language, Reader, Words
from alerts.reasons import REASON_CODES, REASON_FACTS, UnknownReasonError, sentence
from monitor.domain import Fact, Reason
from tests.alerts.examples import HOSTILE_TEXT

FACTS: dict[str, Fact] = {
    "posts": 12,
    "authors": 9,
    "hours": 3,
    "days": 4,
    "needed": 5,
    "views": 12_480,
    "count": 21,
    "usual": 0.6,
    "share": 0.64,
    "followers": 96_000,
    "median": 214_000,
    "high": 910_000,
    "horizon_hours": 24,
    "quantity": "views",
    "level": "high",
    "name": "Mei-Ling Chen",
    "source": "weibo-bridge",
    "since": "2026-11-17T20:10:00+00:00",
    "until": "2026-11-18T02:10:00+00:00",
    "tag": "zh-Hant",
    "incident": "3f9a2c1b07",
}


def reason(code: str) -> Reason:
    levels: dict[str, Fact] = {"before": "high", "after": "critical"}
    numbers: dict[str, Fact] = {"before": 9, "after": 38}
    known = FACTS | (levels if code == "level_raised" else numbers)
    return Reason(code=code, facts=tuple((name, known[name]) for name in REASON_FACTS[code]))


@pytest.mark.parametrize("language", Language)
@pytest.mark.parametrize("code", sorted(REASON_CODES))
def test_every_reason_is_a_whole_sentence(code: str, language: Language) -> None:
    said = sentence(reason(code), Words(Reader(language=language, timezone="Asia/Taipei")))
    assert said.endswith((".", "。"))
    assert not {"{", "}"} & set(said)
    if language is not Language.ENGLISH:
        assert any("\u4e00" <= character <= "\u9fff" for character in said)


@pytest.mark.parametrize(
    ("code", "says"),
    [
        ("story_many_people", "The same story in 12 posts by 9 people within 3 hours."),
        (
            "spike",
            "21 posts by 9 people within 3 hours; all complaints about this brand together are"
            " usually 0.6 in that time.",
        ),
        ("slow_burn", "The same complaint comes back week after week: 12 posts on 4 days."),
        ("spreading_fast", "21 posts in the last hour; 0.6 an hour is usual for this brand."),
        (
            "forecast_reach",
            "Views: about 210,000 in total expected within 24 hours, possibly 910,000.",
        ),
        ("level_raised", "The level went up from High to Critical."),
        (
            "source_down",
            "weibo-bridge has not answered since Nov 18, 04:10; what was posted there is missing.",
        ),
        ("new_language", "It is now told in another language: Chinese (Traditional)."),
    ],
)
def test_facts_are_written_as_a_reader_expects(code: str, says: str) -> None:
    assert sentence(reason(code), Words(Reader(timezone="Asia/Taipei"))) == says


def test_a_single_post_is_not_counted_as_several() -> None:
    facts: tuple[tuple[str, Fact], ...] = (("posts", 1), ("authors", 1), ("hours", 1))
    said = sentence(Reason(code="story_many_people", facts=facts), Words(Reader()))
    assert said == "The same story in 1 post by 1 person within 1 hour."


def test_a_window_of_less_than_an_hour_is_told_in_minutes() -> None:
    facts: tuple[tuple[str, Fact], ...] = (
        ("count", 8),
        ("authors", 7),
        ("hours", 0.25),
        ("usual", 0.5),
    )
    said = sentence(Reason(code="spike", facts=facts), Words(Reader()))
    assert said.startswith("8 posts by 7 people within 15 minutes;")


@pytest.mark.parametrize(
    ("code", "facts"),
    [
        ("spreading_fast", {"count", "usual"}),
        ("slow_burn", {"posts", "days"}),
        ("within_usual", {"count", "usual"}),
        ("influential_author", {"name", "followers"}),
    ],
)
def test_what_an_earlier_version_stored_can_still_be_said(code: str, facts: set[str]) -> None:
    assert REASON_FACTS[code] == facts


def test_a_code_without_a_sentence_is_an_error() -> None:
    with pytest.raises(
        UnknownReasonError, match="no sentence is written for the reason 'nonsense'"
    ):
        sentence(Reason(code="nonsense"), Words(Reader()))


def test_a_missing_fact_is_an_error_that_names_it() -> None:
    with pytest.raises(UnknownReasonError, match=r"'high_anger' lacks the facts \['share'\]"):
        sentence(Reason(code="high_anger"), Words(Reader()))


@pytest.mark.parametrize("code", ["influential_author", "new_source", "source_down"])
def test_a_hostile_name_stays_one_short_line(code: str) -> None:
    hostile = Reason(
        code=code,
        facts=tuple(
            (name, HOSTILE_TEXT if name in ("name", "source") else fact)
            for name, fact in reason(code).facts
        ),
    )
    said = sentence(hostile, Words(Reader()))
    assert len(said) < 200
    assert not {"\n", "\r", "\x1b", "\u202e"} & set(said)


def test_somebody_without_a_name_is_called_so() -> None:
    facts: tuple[tuple[str, Fact], ...] = (("name", ""), ("followers", 60_000))
    said = sentence(Reason(code="influential_author", facts=facts), Words(Reader()))
    assert said.startswith("somebody without a name, who has 60,000 followers")

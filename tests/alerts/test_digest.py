"""The week, as an executive reads it."""

from __future__ import annotations

import attrs
import pytest
from parsel import Selector

from alerts.brief import Record
from alerts.charts import DayOfSentiment
from alerts.digest import DigestData, Sentiment, digest_letter
from alerts.i18n import Language, Reader
from alerts.topics import BrandHeard
from monitor.domain import Level, Quantity
from tests.alerts.examples import BUSY_WEEK, CALM_WEEK, HOSTILE_WEEK, NOW, WEEKS


def headline(data: DigestData) -> str:
    return Selector(digest_letter(data).html).css("h1::text").get("").strip()


def in_language(data: DigestData, language: Language) -> DigestData:
    return attrs.evolve(data, reader=Reader(language=language, timezone="Asia/Taipei"))


def test_the_first_sentence_says_what_needed_the_reader() -> None:
    assert headline(BUSY_WEEK) == (
        "2 incidents needed you this week; the most serious: "
        "soldiers charged fourth checked bag (Delta Air Lines)."
    )
    one = attrs.evolve(BUSY_WEEK, burned=BUSY_WEEK.burned[:2])
    assert headline(one) == (
        "One incident needed you this week: soldiers charged fourth checked bag (Delta Air Lines)."
    )


def test_what_only_smoulders_did_not_need_the_reader() -> None:
    smouldering = attrs.evolve(BUSY_WEEK, burned=BUSY_WEEK.burned[:1], unseen=())
    assert smouldering.burned[0].level is Level.WATCH
    assert headline(smouldering) == "Nothing needed you this week."


def test_silence_is_not_told_as_calm() -> None:
    blind = attrs.evolve(BUSY_WEEK, burned=())
    assert headline(blind) == (
        "Nothing that was seen needed you this week, but not everything was seen."
    )
    foreign = BrandHeard(brand_name="Delta Air Lines", unjudged=(("th", 500),))
    unread = attrs.evolve(BUSY_WEEK, burned=(), unseen=(), heard=(foreign,))
    assert headline(unread) == headline(blind)
    little = attrs.evolve(unread, heard=(attrs.evolve(foreign, unjudged=(("th", 5),)),))
    assert headline(little) == "Nothing needed you this week."
    assert headline(CALM_WEEK).startswith("No posts were read this week")


def test_the_week_is_named_by_its_days_in_the_readers_zone() -> None:
    text = digest_letter(BUSY_WEEK).text
    assert "Nov 16, 2026 to Nov 22, 2026" in text
    assert "Times are in Asia/Taipei" in text


def test_incidents_come_with_the_worst_first_and_with_their_outcome() -> None:
    letter = digest_letter(BUSY_WEEK)
    titles = Selector(letter.html).css(".said::text").getall()
    assert [title.strip() for title in titles] == [
        "soldiers charged fourth checked bag",
        "行李箱 摔壞 沒人理",
        "voucher code rejected again",
    ]
    assert "210,000 expected (51,000 to 910,000); it came to 198,400." in letter.text
    assert "33 expected (14 to 90); not due yet." in letter.text


def test_only_the_worst_five_are_told_and_the_rest_counted() -> None:
    letter = digest_letter(attrs.evolve(BUSY_WEEK, burned=BUSY_WEEK.burned * 3))
    assert len(Selector(letter.html).css(".said")) == 5
    assert "And 4 more." in letter.text


def test_alerts_that_did_not_arrive_are_told() -> None:
    assert "9 messages sent · 1 could not be delivered" in digest_letter(BUSY_WEEK).text
    fine = attrs.evolve(BUSY_WEEK, messages_failed=0)
    assert "could not be delivered" not in digest_letter(fine).text


def test_nothing_is_said_of_answers_until_there_are_some() -> None:
    text = digest_letter(CALM_WEEK).text
    for heading in ("What was answered", "Loops left open", "Promises made in public"):
        assert heading not in text


def test_a_record_of_nothing_is_not_told() -> None:
    empty = Record(quantity=Quantity.VIEWS, horizon_hours=24, graded=0, inside90=0)
    text = digest_letter(attrs.evolve(BUSY_WEEK, record=(empty,))).text
    assert "How good the forecasts were" not in text


def test_every_brand_has_its_picture_and_says_it_in_words() -> None:
    letter = digest_letter(BUSY_WEEK)
    pictures = Selector(letter.html).css("img")
    assert [p.attrib["src"] for p in pictures] == [f"cid:{p.name}" for p in letter.pictures]
    assert pictures[0].attrib["alt"] == (
        "Bars, one a day, for Delta Air Lines. "
        "495 negative among 1,103 posts; most of them on Wed, Nov 18 (240)."
    )
    assert all(len(picture.png) < 40_000 for picture in letter.pictures)


def test_a_brand_of_which_nobody_spoke_has_no_picture() -> None:
    silent = Sentiment(
        brand_name="Quiet Air",
        days=(DayOfSentiment(NOW.date(), negative=0, neutral=0, positive=0),),
    )
    assert digest_letter(attrs.evolve(BUSY_WEEK, sentiment=(silent,))).pictures == ()


def test_a_brand_without_complaints_is_told_as_such() -> None:
    praised = Sentiment(
        brand_name="Nice Air", days=(DayOfSentiment(NOW.date(), negative=0, neutral=3, positive=9),)
    )
    text = digest_letter(attrs.evolve(BUSY_WEEK, sentiment=(praised,))).text
    assert "Nice Air: None negative among 12 posts." in text


@pytest.mark.parametrize("language", Language)
@pytest.mark.parametrize("name", WEEKS)
def test_the_text_twin_says_what_the_html_says(name: str, language: Language) -> None:
    letter = digest_letter(in_language(WEEKS[name], language))
    text = " ".join(letter.text.split())
    for node in Selector(letter.html).css("h1, .said, li, .footer"):
        said = " ".join("".join(node.css("*::text").getall()).split())
        assert said in text


def test_hostile_titles_are_text_and_nothing_else() -> None:
    letter = digest_letter(HOSTILE_WEEK)
    parsed = Selector(letter.html)
    assert parsed.css("script, b, a").getall() == []
    assert "\n" not in letter.subject
    assert not {"\u202e", "\x1b", "\x00"} & set(letter.html + letter.text + letter.subject)

"""What was answered and what came of it, in an alert, a digest and a letter."""

from __future__ import annotations

from datetime import timedelta

import attrs
import pytest
from parsel import Selector

from alerts.aftermath import Aftermath, aftermath_lines, effect_lines
from alerts.alert_letter import alert_letter
from alerts.brief import Matter
from alerts.channels.slack_blocks import alert_blocks
from alerts.crisis import Cluster, cluster
from alerts.digest import digest_letter
from alerts.i18n import Language, Reader, Words
from alerts.message import compose
from alerts.promise_letter import promise_letter
from monitor.casework import ResponseKind
from monitor.domain import Aggravator, AlertKind
from monitor.effect import Place, Verdict
from tests.alerts.aftermath_examples import (
    AFTERMATH,
    ANSWERED_AT,
    action,
    effect,
    overdue,
    promise,
)
from tests.alerts.examples import BUSY_WEEK, DELTA, HOSTILE_TEXT, SLOW_BURN

ENGLISH = Words(Reader())
HOUR = timedelta(hours=1)


def test_an_alert_tells_what_was_answered_and_what_changed_since() -> None:
    assert aftermath_lines(AFTERMATH, ENGLISH, ANSWERED_AT + 3 * HOUR) == (
        "Answered Nov 17, 23:00 with an apology: https://delta.example/statement",
        "2 more since: an answer and a refund or compensation",
        "Since the answer of Nov 17, 23:00: recovering.",
        "Posts by Nov 18, 01:00: 44, fewer than foreseen before the answer (60 to 260).",
        "Negative: 93% before (28 people), 71% after (34 people) (more than chance)",
        "Anger: 60% before (28 people), 55% after (34 people) (within chance)",
        "A change after an answer is no proof that the answer brought it about.",
        "1 public promise is overdue.",
        "Promised in public: to do something, due Nov 19, 05:00",
    )


def test_what_somebody_logged_names_them() -> None:
    told = Aftermath(answers=(action(ResponseKind.POLICY_CHANGE, by="Mei\u202e"),))
    assert aftermath_lines(told, ENGLISH, ANSWERED_AT) == (
        "Answered Nov 17, 23:00 with a change of policy (logged by Mei)",
    )


def test_a_link_that_cannot_be_shown_is_left_out() -> None:
    told = Aftermath(answers=(action(ResponseKind.ANSWER, link="javascript:alert(1)"),))
    assert aftermath_lines(told, ENGLISH, ANSWERED_AT) == ("Answered Nov 17, 23:00 with an answer",)


def test_where_too_little_was_seen_no_figures_are_told() -> None:
    assert effect_lines(effect(Verdict.TOO_LITTLE_SEEN, Place.BELOW90), ENGLISH) == (
        "Since the answer of Nov 17, 23:00: too little seen to say.",
    )


def test_few_people_are_no_mood() -> None:
    few = attrs.evolve(effect(Verdict.WORSE, Place.ABOVE90), negative=None, anger=None)
    assert "Too few people spoke before or after it to compare their mood." in effect_lines(
        few, ENGLISH
    )


def test_a_recovery_tells_how_long_it_took() -> None:
    assert "It was over 20 hours after the answer." in effect_lines(
        effect(Verdict.RECOVERED, hours=20), ENGLISH
    )


def test_kept_and_dropped_promises_are_not_told() -> None:
    kept = promise(kept_hours=1)
    assert aftermath_lines(Aftermath(promises=(kept,)), ENGLISH, ANSWERED_AT + 9 * HOUR) == ()


@pytest.mark.parametrize("place", Place)
@pytest.mark.parametrize("language", Language)
def test_every_place_is_told_in_every_language(place: Place, language: Language) -> None:
    words = Words(Reader(language=language))
    line = effect_lines(effect(Verdict.NO_CHANGE_SHOWN, place), words)[1]
    assert "44" in line
    assert "60" in line


def test_mail_and_slack_show_the_section() -> None:
    heading = "What was answered, and what changed since"
    letter = alert_letter(DELTA, Reader())
    assert heading in letter.text
    assert heading in letter.html
    assert heading in str(alert_blocks(compose(DELTA, ENGLISH), ENGLISH))
    assert heading not in alert_letter(SLOW_BURN, Reader()).text


def test_a_like_incident_before_tells_what_was_done_and_how_it_ended() -> None:
    (line,) = compose(DELTA, ENGLISH).similar.lines
    assert line.endswith(
        "· answered with a holding statement and a refund or compensation · over 26 hours later"
    )
    back = attrs.evolve(
        DELTA.similar[0], answers=(), hours_to_end=None, lasted_hours=72, came_back=True
    )
    (line,) = compose(attrs.evolve(DELTA, similar=(back,)), ENGLISH).similar.lines
    assert line.endswith("· no public answer is known · over after 3 days · it came back")


# --- the kind of crisis -------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("matter", "expected"),
    [
        (Matter(complaints=2), None),
        (Matter(complaints=3), Cluster.ACCIDENTAL),
        (Matter(complaints=9, aggravators=((Aggravator.SAFETY, 9),)), Cluster.ACCIDENTAL),
        (Matter(complaints=9, aggravators=((Aggravator.RUDE_STAFF, 3),)), Cluster.PREVENTABLE),
        (Matter(complaints=9, aggravators=((Aggravator.RUDE_STAFF, 2),)), Cluster.ACCIDENTAL),
        (Matter(complaints=4, blameless=4), Cluster.VICTIM),
        (Matter(complaints=5, blameless=4), Cluster.ACCIDENTAL),
    ],
)
def test_the_cluster_is_told_by_whom_people_blame(matter: Matter, expected: Cluster | None) -> None:
    assert cluster(matter) is expected


def test_the_cluster_is_a_suggestion_among_what_to_do_now() -> None:
    lines = compose(DELTA, ENGLISH).next_steps.lines
    assert "preventable cluster; please confirm" in lines[2]


def test_history_makes_people_hold_a_brand_more_responsible() -> None:
    mishap = attrs.evolve(DELTA, matter=Matter(complaints=9), similar=())
    assert "It happened before" not in str(compose(mishap, ENGLISH).next_steps)
    again = attrs.evolve(mishap, alert=attrs.evolve(mishap.alert, kind=AlertKind.RECURRED))
    assert "It happened before" in str(compose(again, ENGLISH).next_steps)


# --- the digest ---------------------------------------------------------------------------------


def test_the_digest_tells_open_loops_answers_and_promises() -> None:
    text = digest_letter(attrs.evolve(BUSY_WEEK, reader=Reader())).text
    assert (
        "Loops left open\n"
        "- soldiers charged fourth checked bag (Delta Air Lines, Critical): answered, not resolved"
        " · Mei · 5 days\n"
        "- voucher code rejected again (Delta Air Lines, High): told, and nobody has taken it on"
        " · no owner · 6 days\n"
    ) in text
    assert (
        "- soldiers charged fourth checked bag (Delta Air Lines): an apology, an answer, and a "
        "refund or compensation, first Nov 17, 23:00 · recovering · fewer posts than foreseen · "
        "Negative 93% → 71%\n"
    ) in text
    assert "a holding statement, first Nov 17, 23:00 · recovered (20 hours after)" in text
    assert (
        "Promises made in public\n"
        "- 14 made, 9 kept (2 of them late), 1 overdue\n"
        "- Overdue since Nov 18, 01:00 (Delta Air Lines), a reply: “We'll get back"
    ) in text


# --- the letter ---------------------------------------------------------------------------------


def test_the_letter_names_what_was_promised_its_owner_and_what_to_do() -> None:
    told = [overdue("We'll call you", "Mei", "https://a.example/1"), overdue("We will")]
    letter = promise_letter(told, "Delta Air Lines", Reader(), ANSWERED_AT + 9 * HOUR)
    assert letter.subject == "[Promise] Delta Air Lines: 2 public promises are overdue"
    assert "“We'll call you” · Mei" in letter.text
    assert "https://a.example/1" in letter.text
    assert "no owner" in letter.text
    assert "sparkwatch promises keep" in letter.text


def test_of_very_many_the_letter_cites_ten() -> None:
    letter = promise_letter(
        [overdue("We will")] * 25, "Delta", Reader(language="zh-Hant"), ANSWERED_AT
    )
    assert letter.text.count("We will") == 10
    assert "15" in letter.text


@pytest.mark.parametrize("language", Language)
def test_a_hostile_post_stays_text(language: Language) -> None:
    letter = promise_letter(
        [overdue(HOSTILE_TEXT, HOSTILE_TEXT, "javascript:x")],
        "<b>\r\nBcc: x",
        Reader(language=language),
        ANSWERED_AT,
    )
    assert "\n" not in letter.subject
    assert "javascript:" not in letter.html
    page = Selector(letter.html)
    assert page.css("script, img, iframe, b").getall() == []

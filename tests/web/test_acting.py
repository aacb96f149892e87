"""From a mail to a changed case: a real mail server, the links in the mail, a real web server."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import attrs
import pytest
from parsel import Selector

from alerts.links import ActionLinks, Link, LinkKind
from monitor.casework import ActionKind, Handling, ResponseKind
from tests.alerts.examples import DELTA, NOW
from tests.alerts.mail_servers import mail_server
from tests.web.office import (
    HOSTILE,
    INCIDENT,
    JONAS,
    MEI,
    Office,
    incident,
    links_in_html,
    links_in_text,
    mailed,
    office,
    said,
)

DOES = {
    LinkKind.ACKNOWLEDGE: Handling.ACKNOWLEDGED,
    LinkKind.ASSIGN: Handling.ASSIGNED,
    LinkKind.RESPOND: Handling.RESPONDING,
    LinkKind.RESOLVE: Handling.RESOLVED,
    LinkKind.NOISE: Handling.NOISE,
    LinkKind.SILENCE: Handling.OPEN,
    LinkKind.USEFUL: Handling.OPEN,
}
LABELS = {
    "en": ("Acknowledge", "Done.", "Acknowledged by Mei, Nov 18, 09:47"),
    "zh-Hans": ("我来处理", "已完成。", "Mei 已接手，11月18日 09:47"),
    "zh-Hant": ("我來處理", "已完成。", "Mei 已接手，11月18日 09:47"),
}


@pytest.fixture
def opened(tmp_path: Path) -> Iterator[Office]:
    with office(tmp_path) as opened:
        yield opened


@pytest.mark.parametrize("language", LABELS)
def test_a_mail_arrives_its_button_is_pressed_and_the_case_is_taken_on(
    tmp_path: Path, language: str
) -> None:
    label, done, state = LABELS[language]
    with office(tmp_path, language=language) as opened, mail_server() as inbox:
        mails = mailed(opened, inbox)
        path = links_in_html(mails[MEI], opened)[label]
        answer = opened.press(path)
        assert answer.status_code == 200
        page = Selector(answer.text)
        assert page.css("html::attr(lang)").get() == language
        assert said(page, ".banner") == [done]
        assert said(page, ".state") == [state]
        case = opened.case()
        assert (case.handling, case.owner, case.since) == (Handling.ACKNOWLEDGED, "Mei", NOW)


def test_text_and_html_of_a_mail_lead_to_the_same_pages_and_no_two_receivers_to_one(
    opened: Office,
) -> None:
    with mail_server() as inbox:
        mails = mailed(opened, inbox)
    mine, theirs = (links_in_html(mails[who], opened) for who in (MEI, JONAS))
    assert links_in_text(mails[MEI], opened) == mine
    assert list(mine) == [
        *("Acknowledge", "Assign to me", "Silence 4 h", "Log response", "Resolve", "Noise"),
        *("Useful", "Open the incident", "Unsubscribe"),
    ]
    assert not set(mine.values()) & set(theirs.values())


@pytest.mark.parametrize("kind", DOES)
def test_opening_a_link_changes_nothing_and_its_button_does_one_thing(
    opened: Office, kind: LinkKind
) -> None:
    path = opened.link(kind)
    page = opened.page(path)
    assert len(page.css("button")) == 1
    assert not page.css("script")
    assert opened.actions() == []
    assert "You act as Mei." in said(page, ".note")
    assert opened.press(path, page).status_code == 200
    (action,) = opened.actions()
    assert (action.kind, action.by, action.at) == (ActionKind(kind.value), "Mei", NOW)
    assert opened.case().handling is DOES[kind]


@pytest.mark.parametrize("kind", DOES)
def test_a_button_that_is_pressed_twice_counts_once(opened: Office, kind: LinkKind) -> None:
    path = opened.link(kind)
    page = opened.page(path)
    answers = [opened.press(path, page) for _ in range(2)]
    assert [said(Selector(one.text), ".banner") for one in answers] == [
        ["Done."],
        ["This was done already, Nov 18, 09:47."],
    ]
    assert len(opened.actions()) == 1


def test_a_link_that_was_used_says_when_and_has_no_button(opened: Office) -> None:
    path = opened.link(LinkKind.RESOLVE)
    opened.press(path)
    opened.now = NOW + timedelta(hours=3)
    page = opened.page(path)
    assert said(page, ".banner") == ["This was done already, Nov 18, 09:47."]
    assert not page.css("form")


def test_a_form_that_is_opened_again_logs_another_response(opened: Office) -> None:
    path = opened.link(LinkKind.RESPOND)
    opened.press(path, response="holding_statement", link="https://example.com/first")
    opened.press(path, response="apology", note="We are\r\nsorry\x1b[31m")
    first, second = opened.case().responses
    assert (first.response, first.link) == (
        ResponseKind.HOLDING_STATEMENT,
        "https://example.com/first",
    )
    assert (second.response, second.note) == (ResponseKind.APOLOGY, "We are\nsorry[31m")


def test_a_link_that_is_no_web_address_is_asked_for_again_with_what_was_filled_in(
    opened: Office,
) -> None:
    path = opened.link(LinkKind.RESPOND)
    answer = opened.press(path, response="refund", link="javascript:alert(1)", note="all of it")
    assert answer.status_code == 422
    page = Selector(answer.text)
    assert said(page, ".mistake") == ["The link must be a web address that begins with https://"]
    assert page.css("option[selected]::attr(value)").get() == "refund"
    assert said(page, "textarea") == ["all of it"]
    assert opened.actions() == []
    assert opened.press(path, page, link="https://example.com/x").status_code == 200
    assert opened.case().responses[0].note == "all of it"


def test_an_incident_is_given_to_a_colleague_and_to_nobody_else(opened: Office) -> None:
    path = opened.link(LinkKind.ASSIGN)
    assert said(opened.page(path), "option") == ["Mei", "Jonas <b>"]
    assert opened.press(path, to="Eve").status_code == 422
    assert opened.actions() == []
    opened.press(path, to="Jonas <b>")
    assert (opened.case().owner, opened.case().by) == ("Jonas <b>", "Mei")


def test_silence_lasts_as_long_as_was_chosen(opened: Office) -> None:
    opened.press(opened.link(LinkKind.SILENCE), hours="24")
    assert opened.case().silenced_until == NOW + timedelta(hours=24)
    with opened.store.read() as work:
        (silence,) = work.silences.lasting(NOW)
    assert (silence.author, list(silence.matcher.incidents)) == ("Mei", [INCIDENT])
    assert opened.press(opened.link(LinkKind.SILENCE), hours="99999").status_code == 422


def test_somebody_whose_name_is_not_known_acts_by_their_address(opened: Office) -> None:
    opened.press(opened.link(LinkKind.ACKNOWLEDGE, "duty@example.com"))
    assert opened.case().owner == "duty@example.com"


def test_what_is_done_about_an_incident_that_was_merged_is_done_about_the_other(
    opened: Office,
) -> None:
    path = opened.link(LinkKind.ACKNOWLEDGE)
    with opened.store.begin() as work:
        work.incidents.save(incident("delta-2", title="soldiers and bags"))
        gone = attrs.evolve(incident(version=2), title="gone")
        work.incidents.absorb(gone, "delta-2")
    assert said(opened.page(path), "h1") == ["soldiers and bags"]
    opened.press(path)
    assert opened.case("delta-2").owner == "Mei"


def test_the_page_of_an_incident_tells_what_is_known_and_what_was_done(opened: Office) -> None:
    opened.press(opened.link(LinkKind.ACKNOWLEDGE, JONAS))
    page = opened.page(opened.link(LinkKind.LOOK))
    assert said(page, ".status") == ["Critical · Delta Air Lines"]
    assert said(page, ".state") == ["Acknowledged by Jonas <b>, Nov 18, 09:47"]
    assert "They charged a soldier for his bag!" in said(page, "blockquote p")
    assert said(page, "h2 + ul li") == ["Nov 18, 09:47: Jonas <b> took it on"]
    offered = list(page.css("a.choice"))
    assert said(page, "a.choice") == [
        *("Log response", "Assign", "Silence", "Resolve", "Noise", "Useful")
    ]
    follow = offered[3].attrib["href"].removeprefix(opened.links.base_url)
    assert follow == opened.link(LinkKind.RESOLVE)


def test_once_it_is_over_it_can_be_reopened_and_then_be_resolved_again(opened: Office) -> None:
    resolve, reopen = opened.link(LinkKind.RESOLVE), opened.link(LinkKind.REOPEN)
    answer = opened.press(resolve)
    assert said(Selector(answer.text), "a.choice") == ["Reopen", "Useful"]
    page = opened.page(reopen)
    opened.press(reopen, page)
    opened.press(reopen, page)
    assert opened.case().handling is Handling.OPEN
    assert said(Selector(opened.press(resolve).text), ".banner") == ["Done."]
    kinds = [action.kind for action in opened.actions()]
    assert kinds == [ActionKind.RESOLVE, ActionKind.REOPEN, ActionKind.RESOLVE]


@pytest.mark.parametrize("language", LABELS)
@pytest.mark.parametrize("kind", [LinkKind.LOOK, *DOES])
def test_hostile_text_is_text(tmp_path: Path, kind: LinkKind, language: str) -> None:
    with office(tmp_path, text=HOSTILE, language=language) as opened:
        path = opened.link(kind)
        answer = opened.web.get(path)
        page = Selector(answer.text)
        assert not page.css("script, img, iframe, [onerror], [href^=javascript]")
        assert said(page, "h1")[0].startswith("<script>alert(1)</script>")
        assert "{{ 7 * 7 }}" in said(page, "h1")[0]
        assert not {"\u202e", "\x1b"} & set(answer.text)


def forged(opened: Office) -> list[str]:
    path = opened.link(LinkKind.RESOLVE)
    stranger = ActionLinks(opened.links.base_url, "another secret that is long enough too")
    link = Link(
        kind=LinkKind.RESOLVE, channel="pr-mail", address=MEI, incident=INCIDENT, signed_at=NOW
    )
    theirs = stranger.url(link).removeprefix(stranger.base_url)
    swapped = opened.link(LinkKind.NOISE).split(".")[0] + "." + path.split(".", 1)[1]
    return [
        theirs,
        swapped,
        path[:-1],
        path + "A",
        "/act/" + "A" * 3000,
        "/act/.eJ.x.y",
        "/act/%00%ff",
        opened.link(LinkKind.LOOK).replace("/incident/", "/act/"),
        opened.link(LinkKind.SUBSCRIPTION).replace("/unsubscribe/", "/act/"),
        path.replace("/act/", "/incident/"),
        path.replace("/act/", "/unsubscribe/"),
    ]


def test_every_forged_link_gets_the_same_answer_and_does_nothing(opened: Office) -> None:
    answers = [
        answer
        for path in forged(opened)
        for answer in (
            opened.web.get(path),
            *([] if "incident" in path else [opened.web.post(path, data={"do": "leave"})]),
        )
        if answer.status_code != 422
    ]
    assert {answer.status_code for answer in answers} == {404}
    assert len({answer.text for answer in answers}) == 1
    assert opened.actions() == []


def test_a_link_works_for_two_weeks_and_then_says_that_it_has_expired(opened: Office) -> None:
    path = opened.link(LinkKind.RESOLVE)
    page = opened.page(path)
    opened.now = NOW + timedelta(days=14, seconds=1)
    assert opened.web.get(path).status_code == 410
    answer = opened.press(path, page)
    assert (answer.status_code, said(Selector(answer.text), "h1")) == (
        410,
        ["This link has expired"],
    )
    assert opened.actions() == []


def test_an_incident_that_is_not_there_any_more_is_told_so(opened: Office) -> None:
    path = opened.link(LinkKind.RESOLVE, incident="delta-gone")
    assert opened.web.get(path).status_code == 404
    answer = opened.web.post(path, data={})
    assert answer.status_code == 404
    assert said(Selector(answer.text), "h1") == ["This incident is not known any more"]


def test_a_mail_about_a_case_that_was_taken_on_says_so_and_offers_the_rest(
    opened: Office,
) -> None:
    opened.press(opened.link(LinkKind.ACKNOWLEDGE, JONAS))
    with mail_server() as inbox:
        brief = attrs.evolve(DELTA, case=opened.case())
        letter = mailed(opened, inbox, brief)[MEI]
    labels = list(links_in_html(letter, opened))
    assert labels[0] == "Log response"
    assert "Acknowledge" not in labels
    plain = letter.get_body(("plain",))
    assert plain is not None
    assert "Acknowledged by Jonas <b>, Nov 18, 09:47" in plain.get_content()

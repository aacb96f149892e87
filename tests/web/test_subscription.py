"""Leaving a channel by one click, as RFC 8058 has it, and coming back."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from email.message import EmailMessage
from pathlib import Path

import attrs
import pytest
from parsel import Selector

from alerts.brief import Brief
from alerts.channels.smtp import SmtpChannel, SmtpOptions
from alerts.i18n import Reader
from alerts.links import LinkKind
from alerts.trial import trial_letter
from monitor.domain import Delivery, Level
from tests.alerts.examples import DELTA, NOW
from tests.alerts.mail_servers import mail_server
from tests.web.office import JONAS, MEI, Office, links_in_html, mailed, office, said


@pytest.fixture
def opened(tmp_path: Path) -> Iterator[Office]:
    with office(tmp_path) as opened:
        yield opened


def channel(opened: Office) -> SmtpChannel:
    (options,) = opened.settings.alerts.channels
    assert isinstance(options, SmtpOptions)
    return SmtpChannel(options, links=opened.links)


def at(level: Level) -> Brief:
    return attrs.evolve(DELTA, alert=attrs.evolve(DELTA.alert, level=level))


def kept(opened: Office, deliveries: tuple[Delivery, ...]) -> list[str]:
    """Who will get these messages."""
    with opened.store.begin() as work:
        work.outbox.put(deliveries)
    with opened.store.read() as work:
        waiting = {one.key for one in work.outbox.find()}
    return [one.key.rpartition(":")[2] for one in deliveries if one.key in waiting]


def leave(letter: EmailMessage, opened: Office) -> str:
    address = str(letter["List-Unsubscribe"])
    assert address.startswith(f"<{opened.links.base_url}/unsubscribe/")
    assert letter["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    return address.strip("<>").removeprefix(opened.links.base_url)


def test_a_mail_client_takes_its_receiver_off_by_one_post(opened: Office) -> None:
    with mail_server() as inbox:
        letter = mailed(opened, inbox)[MEI]
    path = leave(letter, opened)
    assert path == links_in_html(letter, opened)["Unsubscribe"]
    one_click = {"List-Unsubscribe": "One-Click"}
    assert opened.web.post(path, data=one_click).status_code == 200
    written = channel(opened).write_alert(at(Level.HIGH), key="high", now=NOW)
    assert kept(opened, written) == [JONAS]


def test_it_may_be_posted_as_multipart_too(opened: Office) -> None:
    path = opened.link(LinkKind.SUBSCRIPTION)
    answer = opened.web.post(path, files={"List-Unsubscribe": (None, "One-Click")})
    assert answer.status_code == 200
    written = channel(opened).write_alert(at(Level.HIGH), key="high", now=NOW)
    assert kept(opened, written) == [JONAS]


def test_critical_alerts_come_all_the_same(opened: Office) -> None:
    opened.press(opened.link(LinkKind.SUBSCRIPTION))
    written = channel(opened).write_alert(at(Level.CRITICAL), key="critical", now=NOW)
    assert kept(opened, written) == [MEI, JONAS]


def test_digests_and_other_letters_stay_away(opened: Office) -> None:
    opened.press(opened.link(LinkKind.SUBSCRIPTION))
    letter = trial_letter("pr-mail", Reader(), NOW)
    assert kept(opened, channel(opened).write_letter(letter, key="l", now=NOW)) == [JONAS]


def test_opening_the_page_changes_nothing_and_its_button_leads_there_and_back(
    opened: Office,
) -> None:
    path = opened.link(LinkKind.SUBSCRIPTION)
    everything = ["By pr-mail all alerts and digests are sent there."]
    assert said(opened.page(path), ".banner") == everything
    left = Selector(opened.press(path).text)
    assert said(left, ".banner") == ["By pr-mail only critical alerts are sent there."]
    back = Selector(opened.press(path).text)
    assert said(back, ".banner") == everything
    written = channel(opened).write_alert(at(Level.HIGH), key="high", now=NOW)
    assert kept(opened, written) == [MEI, JONAS]


def test_a_post_that_says_nothing_changes_nothing(opened: Office) -> None:
    path = opened.link(LinkKind.SUBSCRIPTION)
    assert opened.web.post(path, data={}).status_code == 422
    assert opened.web.post(path, data={"List-Unsubscribe": "Maybe"}).status_code == 422
    written = channel(opened).write_alert(at(Level.HIGH), key="high", now=NOW)
    assert kept(opened, written) == [MEI, JONAS]


def test_who_wants_to_leave_can_do_so_after_a_year(opened: Office) -> None:
    opened.now = NOW + timedelta(days=400)
    assert opened.press(opened.link(LinkKind.SUBSCRIPTION)).status_code == 200


def test_leaving_one_channel_is_not_leaving_another(opened: Office) -> None:
    opened.press(opened.link(LinkKind.SUBSCRIPTION))
    (options,) = opened.settings.alerts.channels
    other = SmtpChannel(SmtpOptions.model_validate({**options.model_dump(), "name": "duty"}))
    assert kept(opened, other.write_alert(at(Level.HIGH), key="x", now=NOW)) == [MEI, JONAS]

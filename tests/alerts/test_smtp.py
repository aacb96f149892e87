"""Mail through real servers: kind ones, strict ones, and ones that fail in every way."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import timedelta
from email import message_from_string
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import parsedate_to_datetime
from pathlib import Path

import attrs
import pytest
from parsel import Selector
from pydantic import SecretStr, ValidationError

from alerts.brief import Brief
from alerts.channels.smtp import SmtpChannel, SmtpOptions
from alerts.links import ActionLinks, LinkKind
from alerts.outcome import Cause, Refused, Retry, Sent
from monitor.domain import Delivery, Level
from tests.alerts.examples import BRIEFS, DELTA, HOSTILE, NOW, SLOW_BURN
from tests.alerts.mail_servers import (
    NAME,
    PASSWORD,
    Inbox,
    mail_server,
    scripted_server,
    write_certificate,
)


@pytest.fixture
def inbox() -> Iterator[Inbox]:
    with mail_server() as inbox:
        yield inbox


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_certificate(tmp_path_factory.mktemp("tls"))


def channel(port: int | None, **more: object) -> SmtpChannel:
    options = {
        "kind": "smtp",
        "name": "pr-mail",
        "host": "127.0.0.1",
        "port": port,
        "security": "none",
        "sender": "Sparkwatch <alerts@example.com>",
        "recipients": ("pr@example.com",),
        **more,
    }
    return SmtpChannel(SmtpOptions.model_validate(options), timeout=timedelta(seconds=0.5))


def delivery(mail: SmtpChannel, brief: Brief = SLOW_BURN) -> Delivery:
    (delivery,) = mail.write_alert(brief, key="alert-1:pr-mail", now=NOW)
    return delivery


def part(letter: EmailMessage, kind: str) -> EmailMessage:
    found = [part for part in letter.walk() if part.get_content_type() == kind]
    assert len(found) == 1
    assert isinstance(found[0], EmailMessage)
    return found[0]


def test_a_mail_arrives_with_text_html_and_its_picture(inbox: Inbox) -> None:
    mail = channel(inbox.port)
    assert mail.send(delivery(mail, DELTA)) == Sent()
    (letter,) = inbox.letters
    assert letter["From"] == "Sparkwatch <alerts@example.com>"
    assert letter["To"] == "pr@example.com"
    assert letter["Subject"] == ("[Critical] Delta Air Lines: soldiers charged fourth checked bag")
    assert parsedate_to_datetime(letter["Date"]) == NOW
    assert letter.get_content_type() == "multipart/alternative"
    assert "達美航空" in part(letter, "text/plain").get_content()
    (picture,) = Selector(part(letter, "text/html").get_content()).xpath("//img/@src").getall()
    image = part(letter, "image/png")
    assert image["Content-ID"] == f"<{picture.removeprefix('cid:')}>"
    assert image.get_content().startswith(b"\x89PNG")


def test_each_recipient_gets_a_mail_of_their_own(inbox: Inbox) -> None:
    mail = channel(inbox.port, recipients=("a@example.com", "b@example.com"))
    deliveries = mail.write_alert(DELTA, key="k", now=NOW)
    assert [mail.send(delivery) for delivery in deliveries] == [Sent(), Sent()]
    assert inbox.recipients == [["a@example.com"], ["b@example.com"]]
    assert len({delivery.key for delivery in deliveries}) == 2
    assert len({letter["Message-ID"] for letter in inbox.letters}) == 2


def test_the_same_alert_is_written_byte_for_byte_alike() -> None:
    mail = channel(25)
    assert delivery(mail, DELTA).payload == delivery(mail, DELTA).payload


def test_alerts_about_one_incident_are_one_conversation() -> None:
    mail = channel(25)
    first, second = (
        _headers(mail.write_alert(DELTA, key=key, now=NOW)[0].payload) for key in ("one", "two")
    )
    assert first["Message-ID"] != second["Message-ID"]
    assert first["References"] == second["References"]
    assert first["In-Reply-To"] == first["References"]


def base_subject(subject: str) -> str:
    """What mail clients compare: RFC 5256 takes off a leading text in brackets."""
    return re.sub(r"^(?:\[[^\]]*\]\s*)+(?=.)", "", subject)


def test_a_rise_in_level_does_not_begin_another_conversation() -> None:
    mail = channel(25)
    high = attrs.evolve(DELTA, alert=attrs.evolve(DELTA.alert, level=Level.HIGH))
    first, second = (_headers(delivery(mail, brief).payload) for brief in (high, DELTA))
    assert first["Subject"] != second["Subject"]
    assert base_subject(first["Subject"]) == base_subject(second["Subject"])
    assert base_subject(second["Subject"]) == (
        "Delta Air Lines: soldiers charged fourth checked bag"
    )


@pytest.mark.parametrize(
    ("name", "list_id"),
    [
        ("pr-mail", "<pr-mail.sparkwatch.example.com>"),
        ("pr..team.", "<pr-team.sparkwatch.example.com>"),
        ("公关", "<e5c56fcbec73.sparkwatch.example.com>"),
    ],
)
def test_mails_say_which_list_they_are_of_and_that_a_machine_wrote_them(
    name: str, list_id: str
) -> None:
    headers = _headers(delivery(channel(25, name=name)).payload)
    assert headers["List-Id"] == list_id
    assert headers["Auto-Submitted"] == "auto-generated"
    assert headers["Precedence"] == "list"


def test_without_web_pages_a_mail_says_nothing_of_them() -> None:
    headers = _headers(delivery(channel(25)).payload)
    assert headers["List-Unsubscribe"] is None
    assert headers["List-Unsubscribe-Post"] is None
    text = part(headers, "text/plain").get_content()
    assert "Unsubscribe" not in text
    assert "Acknowledge" not in text


def test_a_long_address_stays_on_one_line_and_is_read_as_it_was_written() -> None:
    links = ActionLinks(f"https://pr.example.com/{'path/' * 30}end", "s" * 32)
    options = channel(25, name="c" * 60, recipients=(f"{'a' * 60}@example.com",)).options
    (written,) = SmtpChannel(options, links=links).write_alert(DELTA, key="k", now=NOW)
    (line,) = re.findall(r"^List-Unsubscribe: (.*)\r$", written.payload, re.MULTILINE)
    assert 250 < len(line) < 998
    assert line == _headers(written.payload)["List-Unsubscribe"]
    link = links.read(line.strip("<>").rpartition("/")[2], NOW)
    assert (link.kind, link.address) == (LinkKind.SUBSCRIPTION, f"{'a' * 60}@example.com")


def _headers(payload: str) -> EmailMessage:
    message = message_from_string(payload, policy=SMTP)
    assert isinstance(message, EmailMessage)
    return message


@pytest.mark.parametrize("language", ["en", "zh-Hans", "zh-Hant"])
@pytest.mark.parametrize("name", BRIEFS)
def test_every_example_survives_the_way_through_a_server(
    inbox: Inbox, name: str, language: str
) -> None:
    mail = channel(inbox.port, language=language)
    (written,) = mail.write_alert(BRIEFS[name], key="k", now=NOW)
    assert written.payload.isascii()
    assert mail.send(written) == Sent()
    (letter,) = inbox.letters
    assert not letter.defects
    assert part(letter, "text/plain").get_content().strip()
    assert letter["Subject"] == written.subject


def test_hostile_names_cannot_add_headers_or_recipients(inbox: Inbox) -> None:
    mail = channel(inbox.port)
    (written,) = mail.write_alert(HOSTILE, key="k\r\nBcc: x@example.org", now=NOW)
    assert mail.send(written) == Sent()
    (letter,) = inbox.letters
    assert inbox.recipients == [["pr@example.com"]]
    assert letter["Bcc"] is None
    assert letter.get_all("Subject") == [written.subject]
    assert not {"\r", "\n"} & set(written.subject)


def test_a_lone_dot_in_a_post_does_not_end_the_mail(inbox: Inbox) -> None:
    mail = channel(inbox.port)
    (written,) = mail.write_alert(HOSTILE, key="k", now=NOW)
    mail.send(written)
    assert "Incident delta-1f3a9c" in part(inbox.letters[0], "text/plain").get_content()


def test_starttls_and_login(certificate: Path) -> None:
    with mail_server(tls=certificate, login=True) as inbox:
        mail = channel(
            inbox.port,
            security="starttls",
            ca_file=certificate,
            username=NAME,
            password=SecretStr(PASSWORD),
        )
        assert mail.probe() == Sent()
        assert inbox.letters == []
        assert mail.send(delivery(mail)) == Sent()
        assert len(inbox.letters) == 1


@pytest.mark.filterwarnings("ignore:Requiring AUTH")  # aiosmtpd overlooks TLS from the first byte
def test_tls_from_the_first_byte_with_the_password_from_a_file(
    certificate: Path, tmp_path: Path
) -> None:
    secret = tmp_path / "password"
    secret.write_text(f"{PASSWORD}\n", encoding="utf-8")
    with mail_server(tls=certificate, implicit=True, login=True) as inbox:
        mail = channel(
            inbox.port,
            security="tls",
            ca_file=certificate,
            username=NAME,
            password_file=secret,
        )
        assert mail.send(delivery(mail)) == Sent()


def test_a_wrong_password_is_told_without_the_password(certificate: Path) -> None:
    with mail_server(tls=certificate, login=True) as inbox:
        mail = channel(
            inbox.port,
            security="starttls",
            ca_file=certificate,
            username=NAME,
            password=SecretStr("wrong-battery-staple"),
        )
        outcome = mail.send(delivery(mail))
    assert isinstance(outcome, Refused)
    assert not outcome.final
    assert "username and password" in outcome.reason
    assert "wrong-battery-staple" not in outcome.reason


def test_a_missing_password_file_is_named(tmp_path: Path) -> None:
    mail = channel(25, username=NAME, password_file=tmp_path / "absent")
    outcome = mail.send(delivery(mail))
    assert isinstance(outcome, Refused)
    assert not outcome.final
    assert str(tmp_path / "absent") in outcome.reason


def test_a_certificate_that_nobody_vouches_for_is_refused(certificate: Path) -> None:
    with mail_server(tls=certificate) as inbox:
        outcome = channel(inbox.port, security="starttls").probe()
    assert isinstance(outcome, Refused)
    assert "certificate" in outcome.reason
    assert "ca_file" in outcome.reason


def test_a_server_without_starttls_is_told_apart(inbox: Inbox) -> None:
    outcome = channel(inbox.port, security="starttls").probe()
    assert isinstance(outcome, Refused)
    assert "security: starttls" in outcome.reason


def test_tls_on_a_port_without_it_is_refused(inbox: Inbox) -> None:
    outcome = channel(inbox.port, security="tls").probe()
    assert outcome == Refused(
        f"127.0.0.1:{inbox.port} does not speak TLS in this way; check port and security",
        final=False,
        cause=Cause.SETTINGS,
    )


def test_a_server_that_demands_a_login_is_not_a_fault_of_the_message(certificate: Path) -> None:
    with mail_server(tls=certificate, login=True) as inbox:
        mail = channel(inbox.port, security="starttls", ca_file=certificate)
        outcome = mail.send(delivery(mail))
    assert isinstance(outcome, Refused)
    assert not outcome.final
    assert "530" in outcome.reason


@pytest.mark.parametrize(
    ("command", "reply", "outcome", "says"),
    [
        ("", "421 too busy", Retry, "421 too busy"),
        ("", "554 go away", Refused, "refused the connection: 554"),
        ("MAIL", "451 later", Retry, "refused the sender: 451 later"),
        ("MAIL", "550 not you", Refused, "refused the sender: 550 not you"),
        ("RCPT", "450 greylisted", Retry, "refused the recipient: 450 greylisted"),
        ("RCPT", "550 no such user", Refused, "refused the recipient: 550 no such user"),
        ("DATA", "452 disk full", Retry, "refused the message: 452 disk full"),
        (".", "552 too big", Refused, "refused the message: 552 too big"),
        ("EHLO", "close", Retry, "broke off"),
        (".", "close", Retry, "broke off"),
        (".", "hang", Retry, "did not answer within 0.5 s"),
        ("", "hang", Retry, "did not answer within 0.5 s"),
    ],
)
def test_every_ending_says_what_happened_and_whether_to_try_again(
    command: str, reply: str, outcome: type[Retry | Refused], says: str
) -> None:
    with scripted_server({command: reply}) as port:
        mail = channel(port)
        ended = mail.send(delivery(mail))
    assert isinstance(ended, outcome)
    assert says in ended.reason
    assert f"127.0.0.1:{port}" in ended.reason


@pytest.mark.parametrize(("command", "final"), [("MAIL", False), ("RCPT", True), (".", True)])
def test_only_a_refusal_of_the_message_or_its_recipient_is_final(command: str, final: bool) -> None:
    with scripted_server({command: "550 no"}) as port:
        mail = channel(port)
        ended = mail.send(delivery(mail))
    assert isinstance(ended, Refused)
    assert ended.final is final


@pytest.mark.parametrize(("command", "perhaps"), [("EHLO", False), ("RCPT", False), (".", True)])
def test_a_connection_lost_after_the_text_may_have_delivered_it(
    command: str, perhaps: bool
) -> None:
    with scripted_server({command: "close"}) as port:
        mail = channel(port)
        ended = mail.send(delivery(mail))
    assert isinstance(ended, Retry)
    assert ended.perhaps_arrived is perhaps


def test_a_goodbye_that_fails_does_not_undo_the_delivery() -> None:
    with scripted_server({"QUIT": "hang"}) as port:
        mail = channel(port)
        assert mail.send(delivery(mail)) == Sent()


def test_a_server_that_is_not_there_is_tried_again() -> None:
    with scripted_server({}) as port:
        pass
    outcome = channel(port).probe()
    assert isinstance(outcome, Retry)
    assert "could not be reached" in outcome.reason


def test_what_a_server_says_is_shown_cleaned_and_without_the_password(certificate: Path) -> None:
    rude = f"550 \x1b[31m{PASSWORD} is no good"
    replies = {"EHLO": "250-here\r\n250 AUTH PLAIN", "AUTH": "235 ok", "MAIL": rude}
    with scripted_server(replies) as port:
        mail = channel(port, username=NAME, password=SecretStr(PASSWORD))
        outcome = mail.send(delivery(mail))
    assert isinstance(outcome, Refused)
    assert outcome.reason.endswith("refused the sender: 550 [31m*** is no good")


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        ({"sender": "nobody"}, "is not a mail address"),
        ({"sender": "a@example.com\r\nBcc: b@example.com"}, "is not a mail address"),
        ({"recipients": ()}, "recipients"),
        ({"recipients": ("a@example.com", "A <a@example.com>")}, "twice: a@example.com"),
        ({"recipients": ("a b@example.com",)}, "is not a mail address"),
        ({"username": "me"}, "goes together"),
        ({"password": "x"}, "goes together"),
        ({"username": "me", "password": "x", "password_file": "y"}, "only one of password"),
        ({"host": "mail.example.com", "username": "me", "password": "x"}, "show the password"),
        ({"timezone": "Mars/Olympus"}, "IANA"),
        ({"host": ""}, "host"),
        ({"min_level": "urgent"}, "watch"),
        ({"language": "de"}, "zh-Hans"),
        ({"colour": "red"}, "colour"),
    ],
)
def test_options_that_cannot_work_are_refused(wrong: dict[str, object], says: str) -> None:
    with pytest.raises(ValidationError, match=says):
        channel(25, **wrong)


def test_options_never_show_the_password() -> None:
    mail = channel(25, username=NAME, password=SecretStr(PASSWORD))
    assert PASSWORD not in repr(mail)
    assert PASSWORD not in mail.options.model_dump_json()


@pytest.mark.parametrize(("security", "port"), [("starttls", 587), ("tls", 465), ("none", 25)])
def test_the_usual_port_goes_with_the_protection(security: str, port: int) -> None:
    mail = channel(None, security=security)
    assert mail.options.server == f"127.0.0.1:{port}"

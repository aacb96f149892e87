"""Mail, by SMTP: one message to each receiver, so that one full mailbox holds up nobody else."""

from __future__ import annotations

import smtplib
import ssl
from contextlib import suppress
from datetime import datetime, timedelta
from email.parser import BytesHeaderParser
from email.policy import SMTP
from pathlib import Path
from typing import Literal, Self

import attrs
from pydantic import Field, SecretStr, field_validator, model_validator

from alerts.alert_letter import AlertLetter
from alerts.brief import Brief, Update
from alerts.buttons import buttons_for
from alerts.channels.mime import MailingList, mail, mail_address
from alerts.channels.receiver import ReceiverOptions, SecretError, read_secret
from alerts.letter import Letter
from alerts.links import ActionLinks, Link, LinkKind
from alerts.outcome import Cause, Outcome, Refused, Retry, Sent
from alerts.untrusted import one_line
from monitor.domain import Delivery, Level

__all__ = ["SmtpChannel", "SmtpOptions"]

_USUAL_PORTS = {"starttls": 587, "tls": 465, "none": 25}
_THIS_MACHINE = ("127.0.0.1", "localhost", "::1")


class SmtpOptions(ReceiverOptions):
    """Mail to one or more receivers through one server."""

    kind: Literal["smtp"]
    host: str = Field(min_length=1, description="The mail server's host.")
    port: int | None = Field(
        default=None,
        ge=1,
        le=65535,
        description="Its port; by default 587 with starttls, 465 with tls, 25 with none.",
    )
    security: Literal["starttls", "tls", "none"] = Field(
        default="starttls",
        description="How the connection is protected; none sends everything readable.",
    )
    ca_file: Path | None = Field(
        default=None, description="A PEM file of authorities to trust instead of the system's."
    )
    username: str | None = Field(default=None, description="The name to log in with.")
    password: SecretStr | None = Field(default=None, description="The password to log in with.")
    password_file: Path | None = Field(
        default=None, description="A file that holds the password, instead of password."
    )
    sender: str = Field(description="The address in From; a name may stand before it.")
    recipients: tuple[str, ...] = Field(
        min_length=1, max_length=100, description="The addresses to which each message goes."
    )

    @field_validator("sender")
    @classmethod
    def _a_sender(cls, value: str) -> str:
        mail_address(value)
        return value

    @field_validator("recipients")
    @classmethod
    def _the_recipients(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        addresses = tuple(mail_address(item) for item in value)
        doubled = sorted({a for a in addresses if addresses.count(a) > 1})
        if doubled:
            raise ValueError(f"these recipients stand there twice: {', '.join(doubled)}")
        return addresses

    @model_validator(mode="after")
    def _a_whole_login(self) -> Self:
        if self.password is not None and self.password_file is not None:
            raise ValueError("give only one of password and password_file")
        has_password = self.password is not None or self.password_file is not None
        if has_password != (self.username is not None):
            raise ValueError("username goes together with password or password_file")
        if has_password and self.security == "none" and self.host not in _THIS_MACHINE:
            raise ValueError("security: none would show the password; use starttls or tls")
        return self

    @property
    def server(self) -> str:
        """Host and port, as they stand in messages."""
        return f"{self.host}:{self.server_port}"

    @property
    def server_port(self) -> int:
        """The port that is given, or the usual one."""
        return self.port or _USUAL_PORTS[self.security]


@attrs.frozen
class SmtpChannel:
    """Sends through one mail server, each receiver a mail of their own.

    With ``links`` each can act from their mail and leave the list; critical alerts still come.
    """

    options: SmtpOptions
    timeout: timedelta = timedelta(seconds=10)
    links: ActionLinks | None = None

    def write_alert(
        self, brief: Brief, *, key: str, now: datetime, head: str = ""
    ) -> tuple[Delivery, ...]:
        """The alert as a mail for each receiver, in its incident's conversation."""
        written = AlertLetter.of(brief, self.options.reader)
        links = self.links

        def letter(recipient: str) -> Letter:
            if links is None:
                return written.for_all()
            name = self.options.name
            mine = buttons_for(
                brief, links, written.words, channel=name, address=recipient, now=now
            )
            return written.for_one(mine)

        return tuple(
            self._delivery(
                letter(recipient),
                recipient,
                key,
                now,
                thread=brief.incident.id,
                optional=brief.alert.level is not Level.CRITICAL,
            )
            for recipient in self.options.recipients
        )

    def write_update(
        self, update: Update, *, key: str, now: datetime, head: str
    ) -> tuple[Delivery, ...]:
        """Nothing: who has acted is not worth another message here."""
        return ()

    def write_letter(self, letter: Letter, *, key: str, now: datetime) -> tuple[Delivery, ...]:
        """The letter as a mail for each receiver."""
        return tuple(
            self._delivery(letter, recipient, key, now, thread="", optional=True)
            for recipient in self.options.recipients
        )

    def _delivery(
        self,
        letter: Letter,
        recipient: str,
        key: str,
        now: datetime,
        *,
        thread: str,
        optional: bool,
    ) -> Delivery:
        key = f"{key}:{recipient}"
        return Delivery(
            key=key,
            channel=self.options.name,
            subject=letter.subject,
            payload=mail(
                letter,
                sender=self.options.sender,
                recipient=recipient,
                key=key,
                created_at=now,
                thread=thread,
                to=MailingList(channel=self.options.name, leave=self._leave(recipient, now)),
            ),
            created_at=now,
            due_at=now,
            optional_for=recipient if optional else "",
        )

    def _leave(self, recipient: str, now: datetime) -> str:
        if self.links is None:
            return ""
        return self.links.url(
            Link(
                kind=LinkKind.SUBSCRIPTION,
                channel=self.options.name,
                address=recipient,
                signed_at=now,
            )
        )

    def probe(self) -> Outcome:
        """Connect, protect the connection, log in, and leave again."""
        return self._converse(None)

    def send(
        self, delivery: Delivery, *, perhaps_repeated: bool = False, head: str = ""
    ) -> Outcome:
        """Hand the mail to the server. A repeat is told by its Message-ID, not by its text."""
        return self._converse(delivery)

    def _converse(self, delivery: Delivery | None) -> Outcome:
        """One conversation with the server; every way in which it can end is named here."""
        options = self.options
        try:
            password = self._password()
        except SecretError as error:
            return Refused(str(error), final=False, cause=Cause.SETTINGS)
        conversation = _Conversation(self.timeout)
        try:
            server = conversation.open(options)
            try:
                conversation.enter(server, options, password)
                if delivery is not None:
                    conversation.hand_over(server, options, delivery)
                with suppress(smtplib.SMTPException, OSError):  # it has all been said already
                    server.quit()
            finally:
                server.close()
        except OSError as error:  # every error of smtplib and ssl is one
            return _judge(error, options, conversation, password)
        return Sent()

    def _password(self) -> str:
        options = self.options
        if options.username is None:
            return ""
        return read_secret(options.password, options.password_file)


_GREETING, _SENDER, _RECIPIENT, _MESSAGE = (
    "the connection",
    "the sender",
    "the recipient",
    "the message",
)


class _Conversation:
    """How far a conversation with a mail server has come."""

    def __init__(self, timeout: timedelta) -> None:
        self.timeout = timeout.total_seconds()
        self.step = _GREETING
        self.left = False

    def open(self, options: SmtpOptions) -> smtplib.SMTP:
        """Connect; with ``tls`` the connection is protected from its first byte."""
        if options.security == "tls":
            return smtplib.SMTP_SSL(
                options.host,
                options.server_port,
                timeout=self.timeout,
                context=_trust(options),
            )
        return smtplib.SMTP(options.host, options.server_port, timeout=self.timeout)

    def enter(self, server: smtplib.SMTP, options: SmtpOptions, password: str) -> None:
        """Protect the connection and log in, as far as the options want it."""
        server.ehlo_or_helo_if_needed()
        if options.security == "starttls":
            server.starttls(context=_trust(options))
            server.ehlo_or_helo_if_needed()
        if options.username is not None:
            server.login(options.username, password)

    def hand_over(self, server: smtplib.SMTP, options: SmtpOptions, delivery: Delivery) -> None:
        """Give the server one mail; returns when it has taken responsibility for it."""
        payload = delivery.payload.encode("ascii")
        recipient = BytesHeaderParser(policy=SMTP).parsebytes(payload)["To"]
        self.step = _SENDER
        _accepted(server.mail(mail_address(options.sender)))
        self.step = _RECIPIENT
        _accepted(server.rcpt(mail_address(str(recipient))))
        self.step = _MESSAGE
        self.left = True
        _accepted(server.data(payload))


def _accepted(reply: tuple[int, bytes]) -> None:
    code, text = reply
    if not 200 <= code < 300:
        raise smtplib.SMTPResponseException(code, text)


def _trust(options: SmtpOptions) -> ssl.SSLContext:
    return ssl.create_default_context(cafile=options.ca_file)


def _judge(
    error: OSError, options: SmtpOptions, conversation: _Conversation, password: str
) -> Outcome:
    server = options.server
    match error:
        case ssl.SSLCertVerificationError():
            why = one_line(error.verify_message, 80)
            reason = f"the certificate of {server} is not trusted ({why}); "
            reason += "mend it or name its authority in ca_file"
            return Refused(reason, final=False, cause=Cause.SETTINGS)
        case ssl.SSLError():
            reason = f"{server} does not speak TLS in this way; check port and security"
            return Refused(reason, final=False, cause=Cause.SETTINGS)
        case smtplib.SMTPNotSupportedError():
            reason = f"{server} does not offer what security: {options.security} or the login needs"
            return Refused(reason + "; check both", final=False, cause=Cause.SETTINGS)
        case smtplib.SMTPAuthenticationError(smtp_code=code):
            if code < 500:
                return Retry(f"{server} cannot check the login now ({code})", cause=Cause.BUSY)
            reason = f"{server} does not accept username and password ({code}); check both"
            return Refused(reason, final=False, cause=Cause.AUTH)
        case smtplib.SMTPResponseException():
            return _refusal(error, server, conversation.step, password)
        case _ if isinstance(error, TimeoutError) or isinstance(error.__context__, TimeoutError):
            reason = f"{server} did not answer within {conversation.timeout:g} s"
            return Retry(reason, perhaps_arrived=conversation.left)
        case smtplib.SMTPServerDisconnected() | ConnectionResetError() | BrokenPipeError():
            return Retry(f"{server} broke off", perhaps_arrived=conversation.left)
        case smtplib.SMTPException():
            reason = f"{server} offers no way to log in that is known here; check username"
            return Refused(reason, final=False, cause=Cause.AUTH)
        case _:
            why = one_line(error.strerror or "no answer", 80)
            return Retry(
                f"{server} could not be reached ({why}); check host, port and network",
                perhaps_arrived=conversation.left,
            )


def _refusal(
    error: smtplib.SMTPResponseException, server: str, step: str, password: str
) -> Outcome:
    code, said = error.smtp_code, error.smtp_error
    text = said.decode("utf-8", "replace") if isinstance(said, bytes) else str(said)
    if password:
        text = text.replace(password, "***")
    reason = f"{server} refused {step}: {code} {one_line(text, 120)}".rstrip()
    of_this_mail = step in (_RECIPIENT, _MESSAGE)
    if code < 500:
        return Retry(reason, cause=Cause.REFUSED if of_this_mail else Cause.BUSY)
    if code in (530, 538):
        return Refused(reason, final=False, cause=Cause.AUTH)
    return Refused(
        reason, final=of_this_mail, cause=Cause.REFUSED if of_this_mail else Cause.SETTINGS
    )

"""A letter as a mail: text and HTML together, pictures inside, the same bytes every time."""

from __future__ import annotations

import re
from datetime import datetime
from email.headerregistry import BaseHeader, HeaderRegistry, UnstructuredHeader
from email.message import EmailMessage
from email.policy import SMTP, Policy
from email.utils import format_datetime, parseaddr

import attrs

from alerts.channels.receiver import fingerprint
from alerts.letter import Letter
from alerts.untrusted import one_line

__all__ = ["MailingList", "mail", "mail_address"]


class _Unfolded(UnstructuredHeader, BaseHeader):
    """A header on one line: a long address, folded by the library, is no address any more."""

    def fold(self, *, policy: Policy) -> str:
        return f"{self.name}: {self}{policy.linesep}"


_HEADERS = HeaderRegistry()
_HEADERS.map_to_type("list-unsubscribe", _Unfolded)
_ASCII_ONLY = SMTP.clone(cte_type="7bit", header_factory=_HEADERS)


def mail_address(value: str) -> str:
    """The bare address of ``Name <address>``; raises ``ValueError`` where there is none.

    >>> mail_address("Sparkwatch <alerts@example.com>")
    'alerts@example.com'
    """
    address = parseaddr(value)[1]
    local, _, domain = address.rpartition("@")
    readable = value.isprintable() and address.isascii() and " " not in address
    if not (local and domain and readable):
        raise ValueError(f"{value!r} is not a mail address; write one such as pr@example.com")
    return address


@attrs.frozen(kw_only=True)
class MailingList:
    """As what mail systems see the receivers of a channel: who it is, and how to leave it."""

    channel: str
    leave: str
    """An address that takes a receiver off at one POST (RFC 8058); empty where there is none."""


def mail(
    letter: Letter,
    *,
    sender: str,
    recipient: str,
    key: str,
    created_at: datetime,
    thread: str,
    to: MailingList | None = None,
) -> str:
    """The letter as a MIME message in ASCII.

    Its id is made from the key, so a mail that went out twice can be told by every mail system on
    its way. Mails with the same ``thread`` refer to one that never was, which mail clients take
    for the beginning of a conversation.
    """
    domain = mail_address(sender).rpartition("@")[2]
    message = EmailMessage(policy=_ASCII_ONLY)
    message["Subject"] = one_line(letter.subject, 200)
    message["From"] = sender
    message["To"] = recipient
    message["Date"] = format_datetime(created_at)
    message["Message-ID"] = f"<{fingerprint(key)}@{domain}>"
    if thread:
        root = f"<{fingerprint('thread', thread)}@{domain}>"
        message["In-Reply-To"] = root
        message["References"] = root
    message["Auto-Submitted"] = "auto-generated"
    if to is not None:
        message["Precedence"] = "list"
        message["List-Id"] = f"<{_list_id(to.channel, domain)}>"
        if to.leave:
            message["List-Unsubscribe"] = f"<{to.leave}>"
            message["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"
    message.set_content(letter.text)
    message.add_alternative(letter.html, subtype="html")
    html = list(message.iter_parts())[1]
    assert isinstance(html, EmailMessage)  # noqa: S101 -- for the type checker: parts are made alike
    for picture in letter.pictures:
        html.add_related(
            picture.png,
            "image",
            "png",
            cid=f"<{picture.name}>",
            filename=f"{picture.name}.png",
            disposition="inline",
        )
    _name_boundaries(message, fingerprint(key))
    return message.as_bytes().decode("ascii")


def _list_id(channel: str, domain: str) -> str:
    """A lasting name for a channel, as RFC 2919 wants it."""
    plain = re.sub(r"[^A-Za-z0-9-]+", "-", channel).strip("-")
    label = plain if channel.isascii() and plain else fingerprint(channel)[:12]
    return f"{label}.sparkwatch.{domain}"


def _name_boundaries(message: EmailMessage, name: str) -> None:
    """Boundaries left to chance would make the same message differ at every writing."""
    multiparts = (part for part in message.walk() if part.is_multipart())
    for number, part in enumerate(multiparts):
        part.set_boundary(f"={name}-{number}")

"""Signed links, by which somebody acts on an incident from their mail.

A link says what it is for, about which incident, and in whose name; nobody can change that or make
one without the secret. Whoever has the link can use it, as with any mail that says "click here":
so it ends after two weeks, and pages that it leads to do nothing before a button is pressed.

>>> from datetime import UTC, datetime, timedelta
>>> links = ActionLinks("https://pr.example.com", "a secret of at least 32 characters")
>>> now = datetime(2026, 11, 18, 1, 47, tzinfo=UTC)
>>> link = Link(
...     kind=LinkKind.RESOLVE, channel="pr", address="mei@example.com", incident="i", signed_at=now
... )
>>> url = links.url(link)
>>> links.read(url.rpartition("/")[2], now + timedelta(days=13)) == link
True
"""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Any

import attrs
from itsdangerous import BadData, TimestampSigner, URLSafeTimedSerializer

from monitor.casework import ActionKind

__all__ = [
    "LIFETIME",
    "SECRET_LENGTH",
    "ActionLinks",
    "ExpiredLinkError",
    "ForgedLinkError",
    "Link",
    "LinkKind",
]

LIFETIME = timedelta(days=14)
SECRET_LENGTH = 32
"""The fewest characters that a secret must have."""

_LONGEST = 2000
_SALT = "sparkwatch.links"


class LinkKind(StrEnum):
    """What a link is for."""

    LOOK = "look"
    """To see what is known of an incident, and how it is being handled."""
    ACKNOWLEDGE = "acknowledge"
    ASSIGN = "assign"
    SILENCE = "silence"
    NOISE = "noise"
    USEFUL = "useful"
    RESPOND = "respond"
    RESOLVE = "resolve"
    REOPEN = "reopen"
    SUBSCRIPTION = "subscription"
    """To be left alone by a channel, or to be told by it again; it does not expire."""

    @property
    def action(self) -> ActionKind | None:
        """What it does about an incident; ``None`` where it does nothing about one."""
        return None if self in (LinkKind.LOOK, LinkKind.SUBSCRIPTION) else ActionKind(self.value)


_FOLDERS = {LinkKind.LOOK: "incident", LinkKind.SUBSCRIPTION: "unsubscribe"}


class ForgedLinkError(ValueError):
    """A link that was not made here, or was changed on its way."""


def _seconds(moment: datetime) -> datetime:
    return moment.astimezone(UTC).replace(microsecond=0)


@attrs.frozen(kw_only=True)
class Link:
    """What a link says. ``address`` is the receiver's, in whose name it acts.

    ``incident`` and ``alert`` are empty where it is about a subscription. ``signed_at`` is kept to
    the second.
    """

    kind: LinkKind
    channel: str
    address: str
    incident: str = ""
    alert: str = ""
    signed_at: datetime = attrs.field(converter=_seconds)

    @property
    def id(self) -> str:
        """Its own name: the same link gives the same one, however often it is used."""
        said = (*self.words, self.signed_at.isoformat())
        return hashlib.sha256("\x1f".join(said).encode()).hexdigest()[:32]

    @property
    def words(self) -> tuple[str, ...]:
        """What is signed, beside the time."""
        return (self.kind, self.channel, self.address, self.incident, self.alert)


class ExpiredLinkError(ValueError):
    """A link that was made here, too long ago."""

    def __init__(self, link: Link) -> None:
        super().__init__("the link has expired")
        self.link = link


@attrs.frozen
class ActionLinks:
    """Makes links and reads them; ``base_url`` is how receivers reach the web pages."""

    base_url: str
    secret: str = attrs.field(repr=False)

    def url(self, link: Link) -> str:
        """The address that says this; the same link gives the same address."""
        token = self._serializer(link.signed_at).dumps(link.words)
        return f"{self.base_url}/{_FOLDERS.get(link.kind, 'act')}/{token}"

    def read(self, token: str, now: datetime) -> Link:
        """What a link's last part says.

        Raises ``ForgedLinkError`` or ``ExpiredLinkError``.
        """
        if len(token) > _LONGEST:
            raise ForgedLinkError
        try:
            words, signed_at = self._serializer(now).loads(token, return_timestamp=True)
            kind, channel, address, incident, alert = words
            link = Link(
                kind=LinkKind(kind),
                channel=channel,
                address=address,
                incident=incident,
                alert=alert,
                signed_at=signed_at,
            )
        except (BadData, ValueError):  # a ValueError: from another version, with other words
            raise ForgedLinkError from None
        if link.kind is not LinkKind.SUBSCRIPTION and now - link.signed_at > LIFETIME:
            raise ExpiredLinkError(link)
        return link

    def _serializer(self, now: datetime) -> URLSafeTimedSerializer:
        return URLSafeTimedSerializer(
            self.secret,
            salt=_SALT,
            signer=_SignerAt,
            signer_kwargs={
                "now": now,
                "key_derivation": "hmac",
                "digest_method": hashlib.sha256,
            },
        )


class _SignerAt(TimestampSigner):
    """Signs at the time that it is told: a mail that is written again is the same mail."""

    def __init__(self, *secrets: Any, now: datetime, **options: Any) -> None:
        super().__init__(*secrets, **options)
        self._now = int(now.timestamp())

    def get_timestamp(self) -> int:
        return self._now

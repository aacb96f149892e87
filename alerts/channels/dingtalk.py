"""DingTalk (钉钉), by a group's custom bot: a card with a button, signed where it asks for it.

A bot cannot be asked what it has posted, so a message whose fate is unknown is sent again with a
note that says so.

Limits and the signature are as in the vendor's guide for custom bots: a request has at most 20,000
bytes, and the address of a signed one carries the time in milliseconds and the HMAC-SHA256 of
"time, line feed, secret" under the secret.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import time
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any, Literal
from urllib.parse import urlencode

import attrs

from alerts.brief import Brief, Update
from alerts.channels.attempt import Service
from alerts.channels.markup import MARKDOWN, fitted, letter_parts, parts, utf8
from alerts.channels.receiver import SecretError
from alerts.channels.webhook import SignedWebhookOptions, Verdict, judged, post
from alerts.i18n import Words
from alerts.letter import Letter
from alerts.message import compose
from alerts.outcome import Cause, Outcome, Refused
from alerts.untrusted import one_line
from monitor.domain import Delivery

__all__ = ["DingTalkChannel", "DingTalkOptions"]

_SERVICE = Service("DingTalk")

_TEXT_BYTES = 16_000
"""What is left of the 20,000 bytes of a request for its text: quoting it as JSON makes it grow."""
_NEW_BOT = "the bot was removed or its address is wrong; add one to the group again"
_MINUTE = timedelta(minutes=1)
_CODES = {
    -1: Verdict(Cause.BUSY, "it is busy"),
    40035: Verdict(Cause.REFUSED, "the message is not as it wants it"),
    43004: Verdict(Cause.REFUSED, "the message is not as it wants it"),
    300001: Verdict(Cause.AUTH, _NEW_BOT),
    300005: Verdict(Cause.AUTH, _NEW_BOT),
    310000: Verdict(Cause.SETTINGS, "check secret and the bot's security settings"),
    130101: Verdict(Cause.RATE_LIMIT, "it takes 20 a minute", 10 * _MINUTE),
    400013: Verdict(Cause.AUTH, "the group does not exist any more; add a bot to another one"),
    400101: Verdict(Cause.AUTH, _NEW_BOT),
    400102: Verdict(Cause.AUTH, "the bot is switched off; switch it on in the group's settings"),
    400105: Verdict(Cause.REFUSED, "the message is not as it wants it"),
    400106: Verdict(Cause.AUTH, _NEW_BOT),
    410100: Verdict(Cause.RATE_LIMIT, "it takes 20 a minute", _MINUTE),
    430101: Verdict(Cause.REFUSED, "it takes a link for unsafe"),
    430102: Verdict(Cause.REFUSED, "it takes a word for improper"),
    430103: Verdict(Cause.REFUSED, "it takes a picture for improper"),
    430104: Verdict(Cause.REFUSED, "it takes what is said for improper"),
    460101: Verdict(Cause.REFUSED, "the message is too long"),
}


class DingTalkOptions(SignedWebhookOptions):
    """A DingTalk group behind a custom bot."""

    kind: Literal["dingtalk"]


@attrs.frozen
class DingTalkChannel:
    """Sends cards to one bot; ``clock`` tells the seconds since 1970 for the signature."""

    options: DingTalkOptions
    timeout: timedelta = timedelta(seconds=10)
    clock: Callable[[], float] = time.time

    def write_alert(
        self, brief: Brief, *, key: str, now: datetime, head: str = ""
    ) -> tuple[Delivery, ...]:
        """The alert as a card whose button opens the post that is cited first."""
        words = Words(self.options.reader)
        message = compose(brief, words)
        text = _text(message.subject, parts(message, words, MARKDOWN), words)
        link = message.happened.link
        return (self._delivery(key, message.subject, text, now, message.open_post, link),)

    def write_update(
        self, update: Update, *, key: str, now: datetime, head: str
    ) -> tuple[Delivery, ...]:
        """Nothing: who has acted is not worth another message here."""
        return ()

    def write_letter(self, letter: Letter, *, key: str, now: datetime) -> tuple[Delivery, ...]:
        """The letter's plain text as Markdown."""
        words = Words(self.options.reader)
        text = _text(letter.subject, letter_parts(letter, MARKDOWN), words)
        return (self._delivery(key, letter.subject, text, now),)

    def _delivery(
        self,
        key: str,
        subject: str,
        text: str,
        now: datetime,
        button: str = "",
        link: str | None = None,
    ) -> Delivery:
        """A card has to have a button; what has no link to open is Markdown alone."""
        kind = "actionCard" if link else "markdown"
        content = {"title": one_line(subject, 100), "text": text}
        if link:
            content |= {"singleTitle": button, "singleURL": link}
        return Delivery(
            key=key,
            channel=self.options.name,
            subject=subject,
            payload=json.dumps({"msgtype": kind, kind: content}, ensure_ascii=False),
            created_at=now,
            due_at=now,
        )

    def probe(self) -> Outcome | None:
        """Only whether there is an address: a bot cannot be tried without posting."""
        return self.options.probe()

    def send(
        self, delivery: Delivery, *, perhaps_repeated: bool = False, head: str = ""
    ) -> Outcome:
        """Post it, signed, and say what DingTalk answered."""
        body: dict[str, Any] = json.loads(delivery.payload)
        if perhaps_repeated:
            note = Words(self.options.reader).say(
                "This may be a repeat: {service} did not confirm the first attempt.",
                service="DingTalk",
            )
            content = body[body["msgtype"]]
            content["text"] = f"{note}\n\n{content['text']}"
        try:
            address, key = self.options.address(), self.options.signing_key()
        except SecretError as error:
            return Refused(str(error), final=False, cause=Cause.SETTINGS)
        return post(
            _SERVICE,
            signed(address, key, int(self.clock() * 1000)) if key else address,
            json.dumps(body, ensure_ascii=False),
            self.timeout,
            lambda response: judged(
                _SERVICE, response, ("errcode", "errmsg"), _CODES, address, key
            ),
        )


def signed(address: str, key: str, milliseconds: int) -> str:
    """The address of a signed request.

    >>> signed("https://oapi.example/send?token=x", "demo", 1)
    'https://oapi.example/send?token=x&timestamp=1&sign=HEENQa4EHzTrEqpzt62mjSfd5ZfIVUMoyJpc8uNUItg%3D'
    """
    said = f"{milliseconds}\n{key}".encode()
    digest = hmac.new(key.encode(), said, hashlib.sha256).digest()
    signature = {"timestamp": milliseconds, "sign": base64.b64encode(digest).decode()}
    return f"{address}{'&' if '?' in address else '?'}{urlencode(signature)}"


def _text(subject: str, text: tuple[str, ...], words: Words) -> str:
    titled = (f"### {MARKDOWN.escape(one_line(subject, 200))}", *text)
    return fitted(titled, _TEXT_BYTES, words.say("Shortened to what fits here."), utf8)

"""Feishu and Lark, by a custom bot: an interactive card of schema 2.0, signed where it asks for it.

A bot cannot be asked what it has posted, so a message whose fate is unknown is sent again with a
note that says so.

Limits and the signature are as in the vendor's guide for custom bots: a request has at most 20 KB,
and the signature is the HMAC-SHA256 of nothing under the key "time in seconds, line feed, secret".
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

import attrs

from alerts.brief import Brief, Update
from alerts.channels.attempt import Service
from alerts.channels.markup import ENTITIES, fitted, letter_parts, parts, utf8
from alerts.channels.receiver import SecretError
from alerts.channels.webhook import SignedWebhookOptions, Verdict, judged, post
from alerts.i18n import Words
from alerts.letter import Letter
from alerts.message import compose
from alerts.outcome import Cause, Outcome, Refused
from alerts.untrusted import one_line
from monitor.domain import Delivery, Level

__all__ = ["FeishuChannel", "FeishuOptions"]

_SERVICE = Service("Feishu")

_TEXT_BYTES = 16_000
"""What is left of the 20 KB of a request for the card's text: quoting it as JSON makes it grow."""
_TITLE = 150
_COLOURS = {Level.WATCH: "yellow", Level.HIGH: "orange", Level.CRITICAL: "red"}
_CODES = {
    9499: Verdict(Cause.REFUSED, "the message is not as it wants it"),
    10003: Verdict(Cause.AUTH, "copy the webhook's address from the bot's settings again"),
    19001: Verdict(Cause.AUTH, "copy the webhook's address from the bot's settings again"),
    19002: Verdict(Cause.REFUSED, "the message is not as it wants it"),
    19021: Verdict(Cause.AUTH, "check secret, and this machine's clock"),
    19022: Verdict(Cause.SETTINGS, "add this machine's address to the bot's allowed addresses"),
    19024: Verdict(Cause.SETTINGS, "let the bot check a signature instead of keywords"),
    11232: Verdict(Cause.RATE_LIMIT, "it takes 100 a minute", timedelta(minutes=1)),
    11246: Verdict(Cause.REFUSED, "the card is not as it wants it"),
}


class FeishuOptions(SignedWebhookOptions):
    """A Feishu or Lark group behind a custom bot."""

    kind: Literal["feishu"]


@attrs.frozen
class FeishuChannel:
    """Sends cards to one bot; ``clock`` tells the seconds since 1970 for the signature."""

    options: FeishuOptions
    timeout: timedelta = timedelta(seconds=10)
    clock: Callable[[], float] = time.time

    def write_alert(
        self, brief: Brief, *, key: str, now: datetime, head: str = ""
    ) -> tuple[Delivery, ...]:
        """The alert as a card."""
        words = Words(self.options.reader)
        message = compose(brief, words)
        text = parts(message, words, ENTITIES)
        card = _card(message.title, message.subject, text, _COLOURS[message.level], words)
        return (self._delivery(key, message.subject, card, now),)

    def write_update(
        self, update: Update, *, key: str, now: datetime, head: str
    ) -> tuple[Delivery, ...]:
        """Nothing: who has acted is not worth another message here."""
        return ()

    def write_letter(self, letter: Letter, *, key: str, now: datetime) -> tuple[Delivery, ...]:
        """The letter's plain text as a card."""
        words = Words(self.options.reader)
        text = letter_parts(letter, ENTITIES)
        card = _card(letter.subject, letter.subject, text, "blue", words)
        return (self._delivery(key, letter.subject, card, now),)

    def _delivery(self, key: str, subject: str, card: dict[str, Any], now: datetime) -> Delivery:
        return Delivery(
            key=key,
            channel=self.options.name,
            subject=subject,
            payload=json.dumps({"msg_type": "interactive", "card": card}, ensure_ascii=False),
            created_at=now,
            due_at=now,
        )

    def probe(self) -> Outcome | None:
        """Only whether there is an address: a bot cannot be tried without posting."""
        return self.options.probe()

    def send(
        self, delivery: Delivery, *, perhaps_repeated: bool = False, head: str = ""
    ) -> Outcome:
        """Post it, signed, and say what Feishu answered."""
        body: dict[str, Any] = json.loads(delivery.payload)
        if perhaps_repeated:
            note = Words(self.options.reader).say(
                "This may be a repeat: {service} did not confirm the first attempt.",
                service="Feishu",
            )
            body["card"]["body"]["elements"].insert(0, _markdown(ENTITIES.escape(note)))
        try:
            address, key = self.options.address(), self.options.signing_key()
        except SecretError as error:
            return Refused(str(error), final=False, cause=Cause.SETTINGS)
        if key:
            body |= signed(key, int(self.clock()))
        return post(
            _SERVICE,
            address,
            json.dumps(body, ensure_ascii=False),
            self.timeout,
            lambda response: judged(_SERVICE, response, ("code", "msg"), _CODES, address, key),
        )


def signed(key: str, seconds: int) -> dict[str, str]:
    """What a signed request carries beside the message.

    >>> signed("demo", 1599360473)["timestamp"]
    '1599360473'
    """
    digest = hmac.new(f"{seconds}\n{key}".encode(), digestmod=hashlib.sha256).digest()
    return {"timestamp": str(seconds), "sign": base64.b64encode(digest).decode()}


def _card(
    title: str, subject: str, text: tuple[str, ...], colour: str, words: Words
) -> dict[str, Any]:
    shortened = ENTITIES.escape(words.say("Shortened to what fits here."))
    return {
        "schema": "2.0",
        "config": {"summary": {"content": one_line(subject, _TITLE)}},
        "header": {
            "title": {"tag": "plain_text", "content": one_line(title, _TITLE)},
            "template": colour,
        },
        "body": {
            "elements": [
                _markdown(part) for part in fitted(text, _TEXT_BYTES, shortened, utf8).split("\n\n")
            ]
        },
    }


def _markdown(text: str) -> dict[str, str]:
    return {"tag": "markdown", "content": text}

"""WeCom (企业微信), by a group's bot: Markdown within 4096 bytes.

A bot cannot be asked what it has posted, so a message whose fate is unknown is sent again with a
note that says so.
"""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from typing import Any, Literal

import attrs

from alerts.brief import Brief, Update
from alerts.channels.attempt import Service
from alerts.channels.markup import LINES, fitted, letter_parts, parts, utf8
from alerts.channels.receiver import SecretError
from alerts.channels.webhook import Verdict, WebhookOptions, judged, post
from alerts.i18n import Words
from alerts.letter import Letter
from alerts.message import compose
from alerts.outcome import Cause, Outcome, Refused
from alerts.untrusted import one_line
from monitor.domain import Delivery

__all__ = ["WeComChannel", "WeComOptions"]

_SERVICE = Service("WeCom")

_BYTES = 4096
_KEPT_FOR_A_NOTE = 200
_NEW_BOT = "the bot was removed or its address is wrong; add one to the group again"
_CODES = {
    -1: Verdict(Cause.BUSY, "it is busy"),
    40008: Verdict(Cause.REFUSED, "the message is not as it wants it"),
    40058: Verdict(Cause.REFUSED, "the message is not as it wants it"),
    44004: Verdict(Cause.REFUSED, "the message is empty"),
    45002: Verdict(Cause.REFUSED, "the message is too long"),
    45009: Verdict(Cause.RATE_LIMIT, "it takes 20 a minute", timedelta(minutes=1)),
    45033: Verdict(Cause.RATE_LIMIT, "too many at once", timedelta(minutes=1)),
    93000: Verdict(Cause.AUTH, _NEW_BOT),
    93004: Verdict(Cause.AUTH, _NEW_BOT),
    93008: Verdict(Cause.AUTH, _NEW_BOT),
}


class WeComOptions(WebhookOptions):
    """A WeCom group behind its bot."""

    kind: Literal["wecom"]


@attrs.frozen
class WeComChannel:
    """Sends Markdown to one bot."""

    options: WeComOptions
    timeout: timedelta = timedelta(seconds=10)

    def write_alert(
        self, brief: Brief, *, key: str, now: datetime, head: str = ""
    ) -> tuple[Delivery, ...]:
        """The alert as Markdown."""
        words = Words(self.options.reader)
        message = compose(brief, words)
        return self._written(key, message.subject, parts(message, words, LINES), words, now)

    def write_update(
        self, update: Update, *, key: str, now: datetime, head: str
    ) -> tuple[Delivery, ...]:
        """Nothing: who has acted is not worth another message here."""
        return ()

    def write_letter(self, letter: Letter, *, key: str, now: datetime) -> tuple[Delivery, ...]:
        """The letter's plain text as Markdown."""
        words = Words(self.options.reader)
        return self._written(key, letter.subject, letter_parts(letter, LINES), words, now)

    def _written(
        self, key: str, subject: str, text: tuple[str, ...], words: Words, now: datetime
    ) -> tuple[Delivery, ...]:
        shortened = words.say("Shortened to what fits here.")
        titled = (LINES.bold(one_line(subject, 200)), *text)
        content = fitted(titled, _BYTES - _KEPT_FOR_A_NOTE, shortened, utf8)
        body = {"msgtype": "markdown", "markdown": {"content": content}}
        delivery = Delivery(
            key=key,
            channel=self.options.name,
            subject=subject,
            payload=json.dumps(body, ensure_ascii=False),
            created_at=now,
            due_at=now,
        )
        return (delivery,)

    def probe(self) -> Outcome | None:
        """Only whether there is an address: a bot cannot be tried without posting."""
        return self.options.probe()

    def send(
        self, delivery: Delivery, *, perhaps_repeated: bool = False, head: str = ""
    ) -> Outcome:
        """Post it, and say what WeCom answered."""
        body: dict[str, Any] = json.loads(delivery.payload)
        if perhaps_repeated:
            note = Words(self.options.reader).say(
                "This may be a repeat: {service} did not confirm the first attempt.",
                service="WeCom",
            )
            body["markdown"]["content"] = f"{note}\n\n{body['markdown']['content']}"
        try:
            address = self.options.address()
        except SecretError as error:
            return Refused(str(error), final=False, cause=Cause.SETTINGS)
        return post(
            _SERVICE,
            address,
            json.dumps(body, ensure_ascii=False),
            self.timeout,
            lambda response: judged(_SERVICE, response, ("errcode", "errmsg"), _CODES, address),
        )

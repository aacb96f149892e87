"""Everything else, by Apprise: Teams, Telegram, PagerDuty, Discord and over a hundred services.

One channel is one address, so that each service fails, waits and fails over by itself. Most
services cannot be asked what they have: a message whose fate is unknown is sent again with a note
that says so. PagerDuty takes the message's key and makes one incident of both.

Apprise tells in its log why something failed, and nowhere else; the log may hold the address, so
it is read here and goes no further.
"""

from __future__ import annotations

import json
import logging
import re
from collections.abc import Iterable
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Literal, Self

import attrs
from pydantic import Field, SecretStr, field_validator, model_validator

from alerts.brief import Brief, Update
from alerts.channels.markup import MARKDOWN, PLAIN, Markup, fitted, letter_parts, parts
from alerts.channels.receiver import ReceiverOptions, SecretError, read_secret
from alerts.i18n import Words
from alerts.letter import Letter
from alerts.message import compose
from alerts.outcome import Cause, Outcome, Refused, Retry, Sent
from alerts.untrusted import one_line
from monitor.domain import Delivery, Level

if TYPE_CHECKING:
    from apprise.logger import NotifyLogEntry
    from apprise.plugins.base import NotifyBase

__all__ = ["AppriseChannel", "AppriseOptions"]

_SHORTEST_TITLE = 100
_LONGEST_BODY = 20_000
_KEPT_FOR_A_NOTE = 120
_MARKUP_GROWS = 0.8
"""What remains for the text where Apprise makes HTML of it."""
_UNKNOWN_LIMIT = 1_000
"""For a service whose address cannot be had just now."""
_TYPES = {Level.WATCH: "info", Level.HIGH: "warning", Level.CRITICAL: "failure"}
_NEVER_LEFT = ("NewConnectionError", "ConnectTimeout", "NameResolution", "ProxyError", "SSLError")


class AppriseOptions(ReceiverOptions):
    """A service that Apprise reaches, by its Apprise address."""

    kind: Literal["apprise"]
    url: SecretStr | None = Field(
        default=None, description="The service's address in Apprise's form; it is a secret."
    )
    url_file: Path | None = Field(
        default=None, description="A file that holds that address, instead of url."
    )

    @field_validator("url")
    @classmethod
    def _an_address(cls, value: SecretStr | None) -> SecretStr | None:
        if value is not None:
            _service(value.get_secret_value())
        return value

    @model_validator(mode="after")
    def _one_of_both(self) -> Self:
        if (self.url is None) == (self.url_file is None):
            raise ValueError("give exactly one of url and url_file")
        return self


@attrs.frozen
class AppriseChannel:
    """Sends to one service; a send that takes longer than ``timeout`` is taken for unanswered."""

    options: AppriseOptions
    timeout: timedelta = timedelta(seconds=30)

    def write_alert(
        self, brief: Brief, *, key: str, now: datetime, head: str = ""
    ) -> tuple[Delivery, ...]:
        """The alert as text or Markdown, whichever the service takes."""
        words = Words(self.options.reader)
        message = compose(brief, words)
        form = self._form()
        text = parts(message, words, form.markup)
        kind = _TYPES[message.level]
        return (self._delivery(key, message.subject, text, kind, form, words, now),)

    def write_update(
        self, update: Update, *, key: str, now: datetime, head: str
    ) -> tuple[Delivery, ...]:
        """Nothing: who has acted is not worth another message here."""
        return ()

    def write_letter(self, letter: Letter, *, key: str, now: datetime) -> tuple[Delivery, ...]:
        """The letter's plain text."""
        words = Words(self.options.reader)
        form = self._form()
        text = letter_parts(letter, form.markup)
        return (self._delivery(key, letter.subject, text, "info", form, words, now),)

    def _form(self) -> _Form:
        try:
            return _Form.of(self._connected())
        except SecretError:
            return _Form(markup=PLAIN, title=0, body=_UNKNOWN_LIMIT)

    def _delivery(
        self,
        key: str,
        subject: str,
        text: tuple[str, ...],
        kind: str,
        form: _Form,
        words: Words,
        now: datetime,
    ) -> Delivery:
        title = PLAIN.escape(one_line(subject, min(form.title, 250) or 250))[: form.title]
        if not title:
            text = (form.markup.bold(one_line(subject, 200)), *text)
        shortened = words.say("Shortened to what fits here.")
        room = form.body - len(title) - _KEPT_FOR_A_NOTE
        payload = {
            "title": title,
            "body": fitted(text, room, shortened),
            "format": "markdown" if form.markup.marked else "text",
            "type": kind,
        }
        return Delivery(
            key=key,
            channel=self.options.name,
            subject=subject,
            payload=json.dumps(payload, ensure_ascii=False),
            created_at=now,
            due_at=now,
        )

    def probe(self) -> Outcome | None:
        """Only whether the address is one: most services cannot be tried without posting."""
        try:
            self._connected()
        except SecretError as error:
            return Refused(str(error), final=False, cause=Cause.SETTINGS)
        return None

    def send(
        self, delivery: Delivery, *, perhaps_repeated: bool = False, head: str = ""
    ) -> Outcome:
        """Hand it to the service, and say what it answered."""
        from apprise import Apprise  # most of its weight is for services that are not used

        try:
            service = self._connected()
        except SecretError as error:
            return Refused(str(error), final=False, cause=Cause.SETTINGS)
        name = str(service.service_name)
        message: dict[str, str] = json.loads(delivery.payload)
        body = message["body"]
        if _makes_one_of_both(service, delivery.key):
            pass
        elif perhaps_repeated:
            note = Words(self.options.reader).say(
                "This may be a repeat: {service} did not confirm the first attempt.", service=name
            )
            body = f"{note}\n\n{body}"
        one = Apprise(asset=service.asset)
        one.add(service)
        result = one.notify(
            body=body,
            title=message["title"],
            notify_type=message["type"],
            body_format=message["format"],
            timeout=self.timeout.total_seconds(),
            log_level=logging.DEBUG,
        )
        return Sent() if result else _judge(name, list(result.logs()))

    def _connected(self) -> NotifyBase:
        return _service(read_secret(self.options.url, self.options.url_file))


@attrs.frozen
class _Form:
    """What a service takes: its markup, and how long a title and a body may be."""

    markup: Markup
    title: int
    body: int

    @classmethod
    def of(cls, service: NotifyBase) -> _Form:
        form = service.resolve_format("text").value
        body = min(service.body_maxlen, _LONGEST_BODY)
        return cls(
            markup=MARKDOWN if form == "markdown" else PLAIN,
            title=service.title_maxlen if service.title_maxlen >= _SHORTEST_TITLE else 0,
            body=int(body * _MARKUP_GROWS) if form == "html" else body,
        )


def _service(address: str) -> NotifyBase:
    """The service at an address; raises ``SecretError``, which never shows the address."""
    from apprise import Apprise, AppriseAsset  # most of its weight is for services not used

    _hear_nothing()
    asset = AppriseAsset(
        app_id="Sparkwatch",
        app_desc="Sparkwatch",
        app_url="",
        image_url_mask="",
        image_url_logo="",
        async_mode=False,
        http_redirects=False,
        storage_mode="memory",
        allow_templates=False,
    )
    service = Apprise.instantiate(address, asset=asset)
    if service is None:
        raise SecretError(
            "Apprise knows no service by this address; its documentation tells how to write one"
        )
    if len(service) > 1:
        raise SecretError(
            f"the address reaches {len(service)} targets; give each a channel of its own, so that "
            "a repeat goes only to the one that failed"
        )
    return service


def _hear_nothing() -> None:
    """Apprise's log holds addresses: all of it is read here, and none reaches another log.

    So does what the library beneath it tells of its connections.
    """
    log = logging.getLogger("apprise")
    log.propagate = False
    log.setLevel(logging.DEBUG)
    logging.getLogger("urllib3").setLevel(logging.WARNING)


def _makes_one_of_both(service: NotifyBase, key: str) -> bool:
    """Give PagerDuty the message's key, by which it makes one incident of it and its repeat."""
    from apprise.plugins.pagerduty import NotifyPagerDuty

    if not isinstance(service, NotifyPagerDuty):
        return False
    service.dedup = service.dedup or key
    return True


def _judge(service: str, log: Iterable[NotifyLogEntry]) -> Outcome:
    """What a failure was, by what Apprise noted: the status, or that there was no connection."""
    entries = list(log)
    said = " ".join(entry.message for entry in entries if entry.level in ("WARNING", "ERROR"))
    codes = re.findall(r"error=(\d{3})\b", said)
    if not codes:
        detail = " ".join(entry.message for entry in entries)
        left = not any(sign in detail for sign in _NEVER_LEFT)
        reason = f"{service} could not be reached, or broke off; check the network and the address"
        return Retry(reason, perhaps_arrived=left)
    code = int(codes[-1])
    reason = f"{service} answered {code}"
    if code == 429:
        return Retry(f"{service} limits the rate", cause=Cause.RATE_LIMIT)
    if code >= 500:
        return Retry(f"{reason}, an error of its own", cause=Cause.BUSY)
    if code in (401, 403, 404, 410) or 300 <= code < 400:
        advice = "it does not accept the address; make a new one there"
        return Refused(f"{reason}: {advice}", final=False, cause=Cause.AUTH)
    return Refused(f"{reason} to the message itself")

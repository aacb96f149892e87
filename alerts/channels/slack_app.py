"""Slack, by an app of one's own: one message an incident, with buttons, edited in place.

What changes stands in the thread of that message. Every message carries its key as metadata, so
that one whose fate is unknown is looked for before it is posted again. An edit carries the moment
at which it was written: one that is late never undoes a newer one.
"""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from pathlib import Path
from typing import Any, Literal, Self

import attrs
from pydantic import Field, SecretStr, field_validator, model_validator

from alerts.brief import Brief, Update
from alerts.channels.receiver import ReceiverOptions, SecretError, read_secret
from alerts.channels.slack_api import API, Answer, Fault, SlackApi
from alerts.channels.slack_blocks import (
    Json,
    action_blocks,
    alert_blocks,
    as_json,
    change_blocks,
    letter_blocks,
    with_repeat_note,
)
from alerts.channels.slack_controls import controls
from alerts.channels.slack_http import checked_address
from alerts.handling import state_lines
from alerts.i18n import Words
from alerts.letter import Letter
from alerts.message import Message, compose
from alerts.outcome import Outcome, Refused, Retry, Sent
from alerts.people import People
from monitor.casework import ActionKind, Case, Handling
from monitor.domain import Delivery

__all__ = ["SlackAppChannel", "SlackAppOptions"]

_EVENT = "sparkwatch_alert"
_SCOPES = ("chat:write", "users:read")
_PUBLIC_SCOPES = ("channels:history", "channels:read")
_PRIVATE_SCOPES = ("groups:history", "groups:read")
_NOBODY = People(())
_CLOCKS_DIFFER = timedelta(minutes=5)
_PAGE = 500
_MOST_PAGES = 4


class SlackAppOptions(ReceiverOptions):
    """A Slack channel, reached by an app with a bot token."""

    kind: Literal["slack-app"]
    channel: str = Field(
        description="The channel's ID (C…): in Slack, at the end of the channel's details."
    )
    bot_token: SecretStr | None = Field(
        default=None, description="The app's bot token (xoxb-…); a secret. Give this or the file."
    )
    bot_token_file: Path | None = Field(
        default=None, description="A file that holds the bot token."
    )
    signing_secret: SecretStr | None = Field(
        default=None,
        description="The app's signing secret, for buttons that come to a request URL; a secret.",
    )
    signing_secret_file: Path | None = Field(
        default=None, description="A file that holds the signing secret."
    )
    app_token: SecretStr | None = Field(
        default=None,
        description="An app-level token (xapp-…), for buttons that come by Socket Mode; a secret.",
    )
    app_token_file: Path | None = Field(
        default=None, description="A file that holds the app-level token."
    )
    api_url: str = Field(
        default=API, description="The address of Slack's Web API; https, or this machine."
    )

    @field_validator("channel")
    @classmethod
    def _an_id(cls, value: str) -> str:
        if not re.fullmatch(r"[CDG][A-Z0-9]{2,20}", value):
            raise ValueError(
                "must be the channel's ID, such as C0123ABCD, which is at the end of its details in"
                " Slack; its name is not enough"
            )
        return value

    @field_validator("api_url")
    @classmethod
    def _an_address(cls, value: str) -> str:
        return checked_address(value, "api_url")

    @model_validator(mode="after")
    def _one_of_each(self) -> Self:
        if (self.bot_token is None) == (self.bot_token_file is None):
            raise ValueError("give exactly one of bot_token and bot_token_file")
        for name in ("signing_secret", "app_token"):
            if getattr(self, name) is not None and getattr(self, f"{name}_file") is not None:
                raise ValueError(f"give only one of {name} and {name}_file")
        return self

    @property
    def hears_buttons(self) -> bool:
        """Whether it is configured how a pressed button comes back."""
        return self.uses_sockets or self.uses_requests

    @property
    def uses_sockets(self) -> bool:
        """Whether Socket Mode is configured."""
        return self.app_token is not None or self.app_token_file is not None

    @property
    def uses_requests(self) -> bool:
        """Whether signed requests are configured."""
        return self.signing_secret is not None or self.signing_secret_file is not None


class _Part(StrEnum):
    """What a message in the outbox does."""

    WHOLE = "whole"
    """It is posted."""
    EDIT = "edit"
    """It replaces the message that it follows."""
    LINE = "line"
    """It stands in the thread of the message that it follows."""


@attrs.frozen(kw_only=True)
class _Written:
    """The payload of a message in the outbox.

    ``lasting`` tells that it matters without the message that it follows: should that one be gone
    (or never have arrived), this one is posted by itself.
    """

    part: _Part
    body: Json
    written_at: str
    lasting: bool

    @classmethod
    def read(cls, payload: str) -> _Written:
        given: dict[str, Any] = json.loads(payload)
        return cls(**{**given, "part": _Part(given["part"])})


@attrs.frozen
class SlackAppChannel:
    """Posts to one Slack channel, as an app."""

    options: SlackAppOptions
    people: People = _NOBODY
    timeout: timedelta = timedelta(seconds=10)

    def write_alert(
        self, brief: Brief, *, key: str, now: datetime, head: str = ""
    ) -> tuple[Delivery, ...]:
        """The alert; where its incident has a message, that one anew and a line in its thread.

        A change is also shown in the channel, for nobody is notified of an edit.
        """
        words = Words(self.options.reader)
        message = compose(brief, words)
        case = brief.case or Case(incident=brief.incident.id)
        body = self._alert(message, brief, case, now)
        if not head:
            return (self._delivery(key, message.subject, _Part.WHOLE, body, now),)
        line = change_blocks(message) | {"reply_broadcast": True}
        return (
            self._delivery(f"{key}:edit", message.subject, _Part.EDIT, body, now, head),
            self._delivery(f"{key}:line", message.subject, _Part.LINE, line, now, head),
        )

    def write_update(
        self, update: Update, *, key: str, now: datetime, head: str
    ) -> tuple[Delivery, ...]:
        """The incident's message anew, and who did what as a line in its thread."""
        words = Words(self.options.reader)
        message = compose(update.brief, words)
        assigned = update.action.kind is ActionKind.ASSIGN
        mention = self.people.slack_of(update.action.assignee) if assigned else None
        body = self._alert(message, update.brief, update.case, now)
        line = action_blocks(update.action, words, mention)
        subject = message.subject
        edit = self._delivery(f"{key}:edit", subject, _Part.EDIT, body, now, head, lasting=False)
        return (edit, self._delivery(f"{key}:line", subject, _Part.LINE, line, now, head))

    def write_letter(self, letter: Letter, *, key: str, now: datetime) -> tuple[Delivery, ...]:
        """The letter's plain text as Block Kit; its pictures stay with the mail."""
        return (self._delivery(key, letter.subject, _Part.WHOLE, letter_blocks(letter), now),)

    def api(self) -> SlackApi:
        """The Web API with the bot's token; raises ``SecretError``."""
        options = self.options
        token = read_secret(options.bot_token, options.bot_token_file)
        return SlackApi(options.api_url, token, self.timeout)

    def socket_api(self) -> SlackApi:
        """The Web API with the app-level token; raises ``SecretError``."""
        options = self.options
        token = read_secret(options.app_token, options.app_token_file)
        return SlackApi(options.api_url, token, self.timeout)

    def signing_secret(self) -> str:
        """By what Slack signs its requests; raises ``SecretError``."""
        return read_secret(self.options.signing_secret, self.options.signing_secret_file)

    def probe(self) -> Outcome:
        """Whether the tokens are accepted, with every scope, and the app is in the channel."""
        try:
            bot = self.api()
            if self.options.uses_requests:
                self.signing_secret()
            socket = self.socket_api() if self.options.uses_sockets else None
        except SecretError as error:
            return Refused(str(error), final=False)
        known = bot.call("auth.test")
        if isinstance(known, Fault):
            return known.outcome
        lacking = _lacking(_SCOPES, known)
        found = bot.call("conversations.info", channel=self.options.channel)
        if isinstance(found, Fault) and found.word != "missing_scope":
            return found.outcome
        channel: Json = found.body.get("channel", {}) if isinstance(found, Answer) else {}
        private = channel.get("is_private", self.options.channel.startswith("G"))
        lacking += _lacking(_PRIVATE_SCOPES if private else _PUBLIC_SCOPES, known)
        if lacking or isinstance(found, Fault):
            named = ", ".join(lacking) or "that it needs to look up the channel"
            return Refused(
                f"the app lacks the scopes {named}; add them under OAuth & Permissions and "
                "install the app again",
                final=False,
            )
        if channel.get("is_archived"):
            return Refused("the channel is archived; restore it or choose another", final=False)
        if not channel.get("is_member", True):
            return Refused(
                "the app is not a member of the channel; invite it there: /invite @app", final=False
            )
        opened = socket.call("apps.connections.open") if socket else None
        return opened.outcome if isinstance(opened, Fault) else Sent()

    def send(
        self, delivery: Delivery, *, perhaps_repeated: bool = False, head: str = ""
    ) -> Outcome:
        """Post or edit it, and say what Slack answered; ``head`` is ``channel:ts``."""
        try:
            api = self.api()
        except SecretError as error:
            return Refused(str(error), final=False)
        written = _Written.read(delivery.payload)
        outcome: Outcome | None = None
        if written.part is _Part.EDIT and head:
            outcome = _edit(api, written, delivery, head)
        elif written.part is _Part.LINE and head:
            outcome = self._post(api, written, delivery, perhaps_repeated, head)
        if outcome is not None:
            return outcome
        if not written.lasting:
            return Refused(
                "the message that it would change is not in Slack, or cannot be edited any more"
            )
        return self._post(api, written, delivery, perhaps_repeated) or Refused(
            "Slack answered that a new message is not there"
        )

    def _alert(self, message: Message, brief: Brief, case: Case, now: datetime) -> Json:
        words = Words(self.options.reader)
        asked = brief.owner if case.handling is Handling.OPEN else ""
        return alert_blocks(
            message,
            words,
            state=state_lines(case, words, now),
            mention=self.people.slack_of(asked),
            controls=controls(case, words) if self.options.hears_buttons else (),
        )

    def _delivery(
        self,
        key: str,
        subject: str,
        part: _Part,
        body: Json,
        now: datetime,
        head: str = "",
        *,
        lasting: bool = True,
    ) -> Delivery:
        at = now.astimezone(UTC).isoformat(timespec="microseconds")
        written = _Written(part=part, body=body, written_at=at, lasting=lasting)
        return Delivery(
            key=key,
            channel=self.options.name,
            subject=subject,
            payload=as_json(attrs.asdict(written)),
            created_at=now,
            due_at=now,
            follows=head,
        )

    def _post(
        self,
        api: SlackApi,
        written: _Written,
        delivery: Delivery,
        perhaps_repeated: bool,
        head: str = "",
    ) -> Outcome | None:
        """Post it, in the thread of ``head`` if there is one; ``None`` where that is gone."""
        channel, _, thread = head.rpartition(":")
        channel = channel or self.options.channel
        body = written.body
        if perhaps_repeated:
            found = _found(api, channel, thread, delivery)
            if isinstance(found, str):
                return Sent(f"{channel}:{found}")
            if isinstance(found, Fault):
                if isinstance(found.outcome, Retry):
                    return attrs.evolve(found.outcome, perhaps_arrived=True)
                body = with_repeat_note(body, Words(self.options.reader))
        broadcast = body.get("reply_broadcast", False)
        said = {name: value for name, value in body.items() if name != "reply_broadcast"}
        into = {"thread_ts": thread, "reply_broadcast": broadcast} if thread else {}
        answer = api.call(
            "chat.postMessage",
            channel=channel,
            metadata=_metadata(delivery.key, written),
            **said,
            **into,
        )
        if isinstance(answer, Answer):
            return Sent(f"{answer.body.get('channel', channel)}:{answer.body.get('ts', '')}")
        return None if thread and answer.gone else answer.outcome


def _edit(api: SlackApi, written: _Written, delivery: Delivery, head: str) -> Outcome | None:
    """Replace a message; ``None`` where it is gone. One that is newer already is left as it is."""
    channel, _, ts = head.rpartition(":")
    if delivery.attempts > 1:
        there = api.call(
            "conversations.history",
            channel=channel,
            oldest=ts,
            latest=ts,
            inclusive=True,
            limit=1,
            include_all_metadata=True,
        )
        if isinstance(there, Answer) and any(
            message.get("ts") == ts and _payload(message).get("written_at", "") > written.written_at
            for message in there.body.get("messages", ())
        ):
            return Sent(head)
    said = {name: written.body[name] for name in ("text", "blocks")}
    answer = api.call(
        "chat.update", channel=channel, ts=ts, metadata=_metadata(delivery.follows, written), **said
    )
    if isinstance(answer, Answer):
        return Sent(head)
    return None if answer.gone else answer.outcome


def _metadata(key: str, written: _Written) -> Json:
    payload = {"key": key, "written_at": written.written_at}
    return {"event_type": _EVENT, "event_payload": payload}


def _payload(message: Json) -> Json:
    metadata = message.get("metadata") or {}
    payload: Json = metadata.get("event_payload") or {}
    return payload if metadata.get("event_type") == _EVENT else {}


def _found(api: SlackApi, channel: str, thread: str, delivery: Delivery) -> str | Fault | None:
    """The ``ts`` of a message that was posted already; ``None`` where it was not."""
    since = (delivery.created_at - _CLOCKS_DIFFER).timestamp()
    where: Json = {"channel": channel, "oldest": f"{since:.6f}", "limit": _PAGE}
    method = "conversations.history"
    if thread:
        method, where = "conversations.replies", where | {"ts": thread}
    cursor = ""
    for _ in range(_MOST_PAGES):
        page = api.call(method, include_all_metadata=True, cursor=cursor, **where)
        if isinstance(page, Fault):
            return None if thread and page.gone else page
        for message in page.body.get("messages", ()):
            if _payload(message).get("key") == delivery.key:
                return str(message["ts"])
        cursor = (page.body.get("response_metadata") or {}).get("next_cursor", "")
        if not cursor:
            return None
    return Fault(Refused("the channel has too many messages to look through"))


def _lacking(scopes: tuple[str, ...], known: Answer) -> list[str]:
    """Those of the scopes that Slack does not list; none where it lists nothing."""
    return [scope for scope in scopes if known.scopes and scope not in known.scopes]

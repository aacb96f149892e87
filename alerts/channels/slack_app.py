"""Slack, by an app of one's own: one message an incident, with buttons, edited in place.

What changes stands in the thread of that message.
"""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from pathlib import Path
from typing import Literal, Self

import attrs
from pydantic import Field, SecretStr, field_validator, model_validator

from alerts.brief import Brief, Update
from alerts.channels.attempt import checked_address
from alerts.channels.receiver import ReceiverOptions, SecretError, read_secret
from alerts.channels.slack_api import API, Answer, Fault, SlackApi
from alerts.channels.slack_blocks import (
    Json,
    action_blocks,
    alert_blocks,
    change_blocks,
    letter_blocks,
)
from alerts.channels.slack_controls import controls
from alerts.channels.slack_posting import Part, Written, send_written
from alerts.handling import state_lines
from alerts.i18n import Words
from alerts.letter import Letter
from alerts.message import Message, compose
from alerts.outcome import Outcome, Refused, Sent
from alerts.people import People
from monitor.casework import ActionKind, Case
from monitor.domain import Delivery

__all__ = ["SlackAppChannel", "SlackAppOptions"]

_SCOPES = ("chat:write", "users:read")
_PUBLIC_SCOPES = ("channels:history", "channels:read")
_PRIVATE_SCOPES = ("groups:history", "groups:read")
_NOBODY = People(())


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
            return (self._delivery(key, message.subject, Part.WHOLE, body, now),)
        line = change_blocks(message) | {"reply_broadcast": True}
        return (
            self._delivery(f"{key}:edit", message.subject, Part.EDIT, body, now, head),
            self._delivery(f"{key}:line", message.subject, Part.LINE, line, now, head),
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
        edit = self._delivery(f"{key}:edit", subject, Part.EDIT, body, now, head, lasting=False)
        return (edit, self._delivery(f"{key}:line", subject, Part.LINE, line, now, head))

    def write_letter(self, letter: Letter, *, key: str, now: datetime) -> tuple[Delivery, ...]:
        """The letter's plain text as Block Kit; its pictures stay with the mail."""
        return (self._delivery(key, letter.subject, Part.WHOLE, letter_blocks(letter), now),)

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
        return send_written(
            api,
            self.options.channel,
            delivery,
            Words(self.options.reader),
            perhaps_repeated=perhaps_repeated,
            head=head,
        )

    def _alert(self, message: Message, brief: Brief, case: Case, now: datetime) -> Json:
        words = Words(self.options.reader)
        asked = brief.owner if case.needs_somebody else ""
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
        part: Part,
        body: Json,
        now: datetime,
        head: str = "",
        *,
        lasting: bool = True,
    ) -> Delivery:
        written = Written.at(now, part=part, body=body, lasting=lasting)
        return Delivery(
            key=key,
            channel=self.options.name,
            subject=subject,
            payload=written.payload(),
            created_at=now,
            due_at=now,
            follows=head,
        )


def _lacking(scopes: tuple[str, ...], known: Answer) -> list[str]:
    """Those of the scopes that Slack does not list; none where it lists nothing."""
    return [scope for scope in scopes if known.scopes and scope not in known.scopes]

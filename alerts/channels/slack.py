"""Slack, by an incoming webhook.

A webhook cannot be asked what it has posted, so a message whose fate is unknown is sent again with
a note that says so.
"""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from typing import Any, Literal

import attrs
import httpx

from alerts.brief import Brief, Update
from alerts.channels.attempt import Service, reason_word
from alerts.channels.receiver import SecretError
from alerts.channels.slack_blocks import alert_blocks, as_json, letter_blocks, with_repeat_note
from alerts.channels.webhook import WebhookOptions, post
from alerts.i18n import Words
from alerts.letter import Letter
from alerts.message import compose
from alerts.outcome import Cause, Outcome, Refused, Sent
from monitor.domain import Delivery

__all__ = ["SlackChannel", "SlackOptions"]

_SLACK = Service("Slack")
_MENDABLE = {
    "invalid_token": "the webhook's secret part is wrong; copy the address from Slack again",
    "no_service": "the webhook was switched off or deleted; create a new one in Slack",
    "no_service_id": "the webhook's address is incomplete; copy it from Slack again",
    "no_team": "the webhook's workspace does not exist; copy the address from Slack again",
    "team_disabled": "the workspace is switched off; ask its owner",
    "channel_not_found": "the webhook's channel does not exist any more; create a new webhook",
    "channel_is_archived": "the webhook's channel is archived; restore it or create a new webhook",
    "action_prohibited": "an administrator restricts posting there; ask them",
    "posting_to_general_channel_denied": "only administrators may post there; choose a channel",
}


class SlackOptions(WebhookOptions):
    """A Slack channel behind an incoming webhook."""

    kind: Literal["slack"]


@attrs.frozen
class SlackChannel:
    """Sends to one incoming webhook."""

    options: SlackOptions
    timeout: timedelta = timedelta(seconds=10)

    def write_alert(
        self, brief: Brief, *, key: str, now: datetime, head: str = ""
    ) -> tuple[Delivery, ...]:
        """The alert as Block Kit."""
        words = Words(self.options.reader)
        message = compose(brief, words)
        return (self._delivery(key, message.subject, alert_blocks(message, words), now),)

    def write_update(
        self, update: Update, *, key: str, now: datetime, head: str
    ) -> tuple[Delivery, ...]:
        """Nothing: who has acted is not worth another message here."""
        return ()

    def write_letter(self, letter: Letter, *, key: str, now: datetime) -> tuple[Delivery, ...]:
        """The letter's plain text as Block Kit; its pictures stay with the mail."""
        return (self._delivery(key, letter.subject, letter_blocks(letter), now),)

    def _delivery(self, key: str, subject: str, payload: dict[str, Any], now: datetime) -> Delivery:
        return Delivery(
            key=key,
            channel=self.options.name,
            subject=subject,
            payload=as_json(payload),
            created_at=now,
            due_at=now,
        )

    def probe(self) -> Outcome | None:
        """Only whether there is an address: a webhook cannot be tried without posting."""
        return self.options.probe()

    def send(
        self, delivery: Delivery, *, perhaps_repeated: bool = False, head: str = ""
    ) -> Outcome:
        """Post it, and say what Slack answered."""
        body = json.loads(delivery.payload)
        if perhaps_repeated:
            body = with_repeat_note(body, Words(self.options.reader))
        try:
            address = self.options.address()
        except SecretError as error:
            return Refused(str(error), final=False, cause=Cause.SETTINGS)
        return post(_SLACK, address, as_json(body), self.timeout, lambda r: _judge(r, address))


def _judge(response: httpx.Response, address: str) -> Outcome:
    status = response.status_code
    if status == 200 and response.text.strip() == "ok":
        return Sent()
    if status == 200:
        return _SLACK.answers_otherwise()
    outcome = _SLACK.judge_status(response)
    if outcome is not None:
        return outcome
    word = reason_word(response.text, address)
    if word in _MENDABLE:
        reason = f"Slack answered {status} {word}: {_MENDABLE[word]}"
        return Refused(reason, final=False, cause=Cause.AUTH)
    if status in (401, 403, 404, 410):
        reason = f"Slack answered {status}: the webhook is not accepted; create a new one"
        return Refused(reason, final=False, cause=Cause.AUTH)
    return Refused(f"Slack answered {status} to the message itself: {word}")

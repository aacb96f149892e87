"""Calls of Slack's Web API: one attempt each, and what its errors mean to a person.

slack_sdk's own client is not used for them: it repeats by itself what the outbox repeats by cause,
and takes the token along when it is redirected.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from datetime import timedelta
from typing import Any, TypeAlias
from urllib.parse import urlencode

import attrs
import httpx

from alerts.channels.attempt import Service, reason_word
from alerts.outcome import Cause, Refused, Retry

__all__ = ["API", "Answer", "Fault", "SlackApi"]

Json: TypeAlias = dict[str, Any]

API = "https://slack.com/api/"
_SLACK = Service("Slack", "`api_url`")

_PASSES = {
    "accesslimited": "Slack limits the access for a while",
    "fatal_error": "Slack had a fatal error",
    "internal_error": "Slack had an error of its own",
    "ratelimited": "Slack limits the rate",
    "rate_limited": "Slack limits the rate",
    "request_timeout": "Slack did not get the whole message in time",
    "service_unavailable": "Slack is not available for the moment",
    "team_added_to_org": "the workspace is being moved into an organisation",
}

_NEW_TOKEN = "install the app again and take over its new bot token"  # noqa: S105 -- a sentence
_MENDABLE = {
    "access_denied": "an administrator restricts the app; ask them",
    "account_inactive": f"the app was removed or switched off; {_NEW_TOKEN}",
    "channel_not_found": "the app sees no such channel; check `channel`, and invite the app there",
    "ekm_access_denied": "an administrator has suspended posting; ask them",
    "enterprise_is_restricted": "an administrator restricts the app; ask them",
    "invalid_auth": "the token is not accepted; copy it from the app's settings again",
    "invalid_auth_type": "the token is of the wrong kind; it must be the app's bot token (xoxb-)",
    "is_archived": "the channel is archived; restore it or choose another",
    "no_permission": "the token lacks a permission; compare the app with the manifest in the docs",
    "not_allowed_token_type": "the token is of the wrong kind; check which token stands where",
    "not_authed": "no token arrived; check the settings of this channel",
    "not_in_channel": "the app is not a member of the channel; invite it there: /invite @app",
    "org_login_required": "the workspace is being moved into an organisation; ask its owner",
    "restricted_action": "an administrator restricts posting there; ask them",
    "restricted_action_non_threadable_channel": "no threads are allowed there; choose a channel",
    "restricted_action_read_only_channel": "the channel is read-only; choose another",
    "restricted_action_thread_locked": "the thread is locked; unlock it",
    "restricted_action_thread_only_channel": "only threads are allowed there; choose a channel",
    "team_access_not_granted": "the app has no access to the workspace; ask its owner",
    "team_not_found": "the token's workspace does not exist any more",
    "token_expired": f"the token has expired; {_NEW_TOKEN}",
    "token_revoked": f"the token was revoked; {_NEW_TOKEN}",
    "two_factor_setup_required": "the workspace demands a second factor of the app's owner",
}

_TOO_MUCH = {
    "msg_blocks_too_long": "the message is longer than Slack takes",
    "msg_too_long": "the message is longer than Slack takes",
}

_GONE = frozenset(
    {"cant_update_message", "edit_window_closed", "message_not_found", "thread_not_found"}
    | {"cannot_reply_to_message"}
)


@attrs.frozen
class Answer:
    """What Slack answered; ``scopes`` are those that the token has, where Slack tells them."""

    body: Json
    scopes: frozenset[str] = frozenset()


@attrs.frozen
class Fault:
    """A call that did not succeed: Slack's word for it, if any, and what it means."""

    outcome: Retry | Refused
    word: str = ""

    @property
    def gone(self) -> bool:
        """Whether the message that was to be changed or answered is not there any more."""
        return self.word in _GONE


@attrs.frozen
class SlackApi:
    """The Web API at an address, with one token."""

    address: str
    token: str = attrs.field(repr=False)
    timeout: timedelta = timedelta(seconds=10)

    def call(self, method: str, **arguments: object) -> Answer | Fault:
        """Call a method; what is not text is sent as JSON, as Slack wants it in a form."""
        form = {name: _written(value) for name, value in arguments.items()}
        response = _SLACK.post(
            f"{self.address.rstrip('/')}/{method}",
            urlencode(form).encode(),
            {
                "Authorization": f"Bearer {self.token}",
                "Content-Type": "application/x-www-form-urlencoded; charset=utf-8",
            },
            self.timeout,
        )
        if not isinstance(response, httpx.Response):
            return Fault(response)
        by_status = _SLACK.judge_status(response)
        if by_status is not None:
            return Fault(by_status)
        body = _json(response)
        if body is None:
            return Fault(_SLACK.answers_otherwise())
        if body["ok"]:
            scopes = response.headers.get("X-OAuth-Scopes", "")
            return Answer(body, frozenset(filter(None, map(str.strip, scopes.split(",")))))
        return self._fault(method, body)

    def _fault(self, method: str, body: Mapping[str, object]) -> Fault:
        word = reason_word(str(body.get("error", "")), self.token)
        if word in _PASSES:
            # Slack warns that part of a call that ended so may have been done.
            perhaps = word in ("fatal_error", "internal_error", "request_timeout")
            cause = Cause.RATE_LIMIT if "limited" in word else Cause.BUSY
            told = f"{_PASSES[word]} ({word})"
            return Fault(Retry(told, perhaps_arrived=perhaps, cause=cause), word)
        if word == "missing_scope":
            needed = str(body.get("needed", ""))
            scope = needed if re.fullmatch(r"[a-z:.,]{3,80}", needed) else "that it needs"
            reason = f"the app lacks the scope {scope}; add it and install the app again"
            return _mendable(f"Slack answered {word} to {method}: {reason}", word)
        if word in _MENDABLE:
            return _mendable(f"Slack answered {word} to {method}: {_MENDABLE[word]}", word)
        why = _TOO_MUCH.get(word, "it does not take the message as it is")
        return Fault(Refused(f"Slack answered {word} to {method}: {why}"), word)


def _mendable(reason: str, word: str) -> Fault:
    return Fault(Refused(reason, final=False, cause=Cause.AUTH), word)


def _written(value: object) -> str:
    if isinstance(value, str):
        return value
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def _json(response: httpx.Response) -> Json | None:
    try:
        body = response.json()
    except ValueError:
        return None
    return body if isinstance(body, dict) and isinstance(body.get("ok"), bool) else None

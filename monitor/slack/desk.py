"""Where pressed buttons arrive, signed requests and Socket Mode alike.

Slack waits three seconds for an answer. Whatever can be said from the request alone is said in it;
what is asked for is done right after, and whoever asked is told where it cannot be done.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import datetime
from typing import Any, TypeAlias

import attrs
import structlog

from alerts.channels.receiver import SecretError
from alerts.channels.slack_actions import (
    Asked,
    Nothing,
    OpenModal,
    WrongLink,
    read_interaction,
    read_request,
    verify,
)
from alerts.channels.slack_api import Answer, Fault
from alerts.channels.slack_app import SlackAppChannel
from alerts.channels.slack_blocks import escape
from alerts.channels.slack_controls import Field, Told, modal
from alerts.handling import state_lines
from alerts.i18n import Words
from alerts.people import People
from alerts.untrusted import one_line
from monitor.acting import UnknownIncidentError, act
from monitor.casework import ActionKind
from monitor.store.errors import StoreError
from monitor.store.store import Store

__all__ = ["SlackAnswer", "SlackDesk"]

Json: TypeAlias = dict[str, Any]

_AT_ONCE = 4
"""A window has to be opened within three seconds, however slowly other calls are answered."""

_log = structlog.get_logger(__name__)


@attrs.frozen(kw_only=True)
class SlackAnswer:
    """What a request of Slack's is answered; ``body`` is JSON, or empty."""

    status: int = 200
    body: bytes = b""


class SlackDesk:
    """Does what members ask for by buttons and windows, for every channel of the Slack app."""

    def __init__(
        self,
        store: Store,
        channels: Iterable[SlackAppChannel],
        people: People,
        clock: Callable[[], datetime],
    ) -> None:
        self._store = store
        self._channels = {channel.options.channel: channel for channel in channels}
        self._people = people
        self._clock = clock
        self._hands = ThreadPoolExecutor(_AT_ONCE, thread_name_prefix="slack-desk")

    def __call__(self, body: bytes, headers: Mapping[str, str]) -> SlackAnswer:
        """Answer a request that came from outside; one that Slack did not sign is refused."""
        if not self._signed(headers, body):
            return SlackAnswer(status=401)
        payload = read_request(body)
        if payload is None:
            return SlackAnswer(status=400)
        answer = self.take(payload)
        return SlackAnswer() if answer is None else SlackAnswer(body=json.dumps(answer).encode())

    def take(self, payload: Mapping[str, Any]) -> Json | None:
        """What Slack is to be answered to an interaction that is known to be Slack's."""
        interaction = read_interaction(payload, self._people, self._clock())
        if isinstance(interaction, Nothing):
            _log.warning("nothing was done for Slack", reason=interaction.reason)
            return None
        channel = self._channels.get(interaction.channel)
        if channel is None:
            _log.warning("nothing was done for Slack", reason="no such channel is configured")
            return None
        if isinstance(interaction, WrongLink):
            told = Words(channel.options.reader).say(Told.WHOLE_ADDRESS)
            return {"response_action": "errors", "errors": {Field.LINK.value: told}}
        self._hands.submit(self._serve, channel, interaction).add_done_callback(_tell_of_failure)
        return None

    def close(self) -> None:
        """Finish what was asked for, and take nothing more."""
        self._hands.shutdown(wait=True)

    def _signed(self, headers: Mapping[str, str], body: bytes) -> bool:
        now = self._clock()
        for channel in self._channels.values():
            if channel.options.uses_requests:
                try:
                    secret = channel.signing_secret()
                except SecretError as error:
                    _log.error("Slack's requests cannot be checked", reason=str(error))
                    continue
                if verify(headers, body, secret, now):
                    return True
        return False

    def _serve(self, channel: SlackAppChannel, interaction: Asked | OpenModal) -> None:
        match interaction:
            case Asked():
                self._act(channel, interaction)
            case OpenModal():
                self._open(channel, interaction)

    def _act(self, channel: SlackAppChannel, asked: Asked) -> None:
        words = Words(channel.options.reader)
        action = asked.action
        if asked.assignee:
            action = attrs.evolve(action, assignee=_member_name(channel, asked.assignee))
        try:
            acted = act(self._store, action, action.at)
        except UnknownIncidentError:
            _tell(channel, asked, words.say(Told.UNKNOWN))
        except StoreError as error:
            _log.error("what was asked for in Slack was not kept", reason=str(error))
            _tell(channel, asked, words.say(Told.NOT_KEPT))
        else:
            case = acted.case
            if action.kind is ActionKind.ACKNOWLEDGE and case.owner != action.by:
                state = " · ".join(state_lines(case, words, action.at))
                _tell(channel, asked, words.say(Told.TAKEN, state=state))

    def _open(self, channel: SlackAppChannel, wish: OpenModal) -> None:
        words = Words(channel.options.reader)
        answer = channel.api().call(
            "views.open",
            trigger_id=wish.trigger,
            view=modal(wish.incident, wish.channel, words),
        )
        if isinstance(answer, Fault):
            _log.error("Slack's window was not opened", reason=answer.outcome.reason)
            _tell(channel, wish, words.say(Told.NO_WINDOW))


def _tell(channel: SlackAppChannel, asked: Asked | OpenModal, text: str) -> None:
    """Tell one member, where nobody else sees it."""
    told = channel.api().call(
        "chat.postEphemeral", channel=asked.channel, user=asked.member, text=escape(text)
    )
    if isinstance(told, Fault):
        _log.error("a member of Slack was not told", reason=told.outcome.reason)


def _member_name(channel: SlackAppChannel, member: str) -> str:
    """What a member is called in Slack; their id where Slack does not tell."""
    answer = channel.api().call("users.info", user=member)
    user = answer.body.get("user", {}) if isinstance(answer, Answer) else {}
    return one_line(str(user.get("real_name") or user.get("name") or member), 60)


def _tell_of_failure(done: Future[None]) -> None:
    error = done.exception()
    if error is not None:
        _log.error("what was asked for in Slack was not done", reason=str(error))

"""Socket Mode: a connection to Slack by which pressed buttons come without a public address.

slack_sdk keeps the connection; whether there is one, and when to try again, is decided here, so
that trouble is told once and in plain words.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from datetime import timedelta

import structlog
from slack_sdk.errors import SlackClientError
from slack_sdk.socket_mode.builtin import SocketModeClient
from slack_sdk.socket_mode.client import BaseSocketModeClient
from slack_sdk.socket_mode.request import SocketModeRequest
from slack_sdk.socket_mode.response import SocketModeResponse

from alerts.channels.attempt import checked_address
from alerts.channels.receiver import SecretError
from alerts.channels.slack_api import Fault, SlackApi
from monitor.slack.desk import SlackDesk

__all__ = ["SlackSocket"]

LOOK_EVERY = timedelta(seconds=1)
LONGEST_WAIT = timedelta(minutes=1)

_log = structlog.get_logger(__name__)

_quiet = logging.getLogger(__name__)
_quiet.setLevel(logging.CRITICAL + 1)  # what matters is told below, without the library's details


class SlackSocket:
    """Hands what comes by one connection to the desk; connects anew whenever it is lost."""

    def __init__(
        self,
        open_api: Callable[[], SlackApi],
        desk: SlackDesk,
        look_every: timedelta = LOOK_EVERY,
    ) -> None:
        """``open_api`` gives the Web API with the app-level token, or raises ``SecretError``."""
        self._open_api = open_api
        self._desk = desk
        self._look_every = look_every.total_seconds()
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._keep, name="slack-socket", daemon=True)

    def start(self) -> None:
        """Begin to connect, and stay connected."""
        self._thread.start()

    def stop(self) -> None:
        """Close the connection, when what is being answered has been."""
        self._over.set()
        self._thread.join()

    def _keep(self) -> None:
        client = _Client(self._open_api)
        client.socket_mode_request_listeners.append(self._take)
        wait, told = self._look_every, "not connected yet"
        try:
            while not self._over.is_set():
                trouble = "" if client.is_connected() else _connect(client)
                if trouble != told:
                    if trouble:
                        _log.error("no buttons come from Slack, it is tried again", reason=trouble)
                    else:
                        _log.info("connected to Slack, buttons work")
                told = trouble
                longer = min(2 * wait, LONGEST_WAIT.total_seconds())
                wait = longer if trouble else self._look_every
                self._over.wait(wait)
        finally:
            client.close()

    def _take(self, client: BaseSocketModeClient, request: SocketModeRequest) -> None:
        answer = self._desk.take(request.payload) if request.type == "interactive" else None
        try:
            client.send_socket_mode_response(
                SocketModeResponse(envelope_id=request.envelope_id, payload=answer)
            )
        except SlackClientError:
            _log.warning("Slack was not answered: the connection was lost; it may ask again")


class _UnansweredError(Exception):
    """Slack names no address to connect to, and why."""


class _Client(SocketModeClient):
    """slack_sdk's client, with Sparkwatch's own way to call the Web API."""

    def __init__(self, open_api: Callable[[], SlackApi]) -> None:
        super().__init__(app_token="", logger=_quiet, auto_reconnect_enabled=False)
        self._open_api = open_api

    def issue_new_wss_url(self) -> str:
        """The address to connect to; each can be used once."""
        answer = self._open_api().call("apps.connections.open")
        if isinstance(answer, Fault):
            raise _UnansweredError(answer.outcome.reason)
        return checked_address(str(answer.body.get("url", "")), "the socket's address", "wss")


def _connect(client: _Client) -> str:
    """Try to connect; why that did not work, or nothing."""
    try:
        client.connect_to_new_endpoint()
    except (SecretError, _UnansweredError) as error:
        return str(error)
    return "" if client.is_connected() else "Slack's socket could not be opened; check the network"

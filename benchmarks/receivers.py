"""Servers on the loopback interface that take messages and note which, when and how often.

Every message that the benchmarks send names its number as "story 17"; by that it is found again in
a mail, in what Apprise posts, and at a provider that takes idempotency keys. In Slack it is found
by the key that the app leaves in a message's metadata.
"""

from __future__ import annotations

import asyncio
import json
import re
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime, timedelta
from email import message_from_bytes
from email.message import Message
from http.client import HTTPConnection, HTTPException
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, cast

import attrs
from aiosmtpd import smtp
from aiosmtpd.controller import Controller
from pydantic import TypeAdapter

from alerts.brief import Brief, Update
from alerts.channels.configured import ChannelOptions, configured_channel
from alerts.channels.receiver import Channel, ReceiverOptions
from alerts.channels.slack_app import SlackAppChannel
from alerts.letter import Letter
from alerts.outcome import Outcome, Retry, Sent
from monitor.domain import Delivery
from tests.alerts.examples import DELTA
from tests.alerts.slack_service import BOT_TOKEN, CHANNEL, SlackService, slack_service

__all__ = [
    "IdempotentChannel",
    "Receiver",
    "Taken",
    "conversation",
    "letter",
    "opened",
    "receivers",
    "wait_until",
]

_OPTIONS: TypeAdapter[Any] = TypeAdapter(ChannelOptions)
_IDEMPOTENT = "idempotent"


@attrs.frozen
class Taken:
    """One message as a server took it; ``twin`` is equal for what the provider can tell alike."""

    story: int
    follows: bool
    twin: str
    says_repeat: bool
    at: float


@attrs.define
class Receiver:
    """A server, the options of the channel that leads to it, and what it took."""

    options: Mapping[str, object]
    taken: list[Taken] = attrs.field(factory=list)
    set_clock: Callable[[datetime], None] = lambda _: None
    """Tell the server the time, where it dates what it takes."""

    @property
    def name(self) -> str:
        """The channel's name."""
        return str(self.options["name"])

    def take(self, text: str, twin: str) -> None:
        """Note a message by its text."""
        found = re.search(r"story (\d+)( goes on)?", text)
        if found is None:
            raise ValueError(f"a message that nobody wrote: {text[:200]}")
        self.taken.append(
            Taken(int(found[1]), bool(found[2]), twin, "may be a repeat" in text, time.monotonic())
        )


def letter(story: int, *, goes_on: bool = False) -> Letter:
    """A message by its number; one that goes on follows the first one."""
    subject = f"story {story}{' goes on' if goes_on else ''}"
    return Letter(subject=subject, text=f"{subject}\n\nNothing has happened.\n", html="<p></p>")


def conversation(channel: Channel, story: int, now: datetime) -> tuple[Delivery, ...]:
    """A message about a story, and what follows it.

    By the Slack app these are an alert, its edit and a line in its thread; else two letters.
    """
    name = channel.options.name
    first_key, more_key = f"story-{story}:{name}", f"story-{story}/update:{name}"
    if isinstance(channel, SlackAppChannel):
        first = channel.write_alert(DELTA, key=first_key, now=now)
        more = channel.write_alert(DELTA, key=more_key, now=now, head=first[0].key)
        return (*first, *more)
    first = channel.write_letter(letter(story), key=first_key, now=now)
    more = channel.write_letter(letter(story, goes_on=True), key=more_key, now=now)
    return (*first, *(attrs.evolve(one, follows=first[0].key) for one in more))


@attrs.frozen
class IdempotentChannel:
    """A provider as one would wish: it takes a key with each message and posts a key once."""

    options: ReceiverOptions
    port: int

    def write_alert(
        self, brief: Brief, *, key: str, now: datetime, head: str = ""
    ) -> tuple[Delivery, ...]:
        """Nothing: letters are sent here."""
        return ()

    def write_update(
        self, update: Update, *, key: str, now: datetime, head: str
    ) -> tuple[Delivery, ...]:
        """Nothing."""
        return ()

    def write_letter(self, letter: Letter, *, key: str, now: datetime) -> tuple[Delivery, ...]:
        """The subject alone."""
        delivery = Delivery(
            key=key,
            channel=self.options.name,
            subject=letter.subject,
            payload=letter.subject,
            created_at=now,
            due_at=now,
        )
        return (delivery,)

    def send(
        self, delivery: Delivery, *, perhaps_repeated: bool = False, head: str = ""
    ) -> Outcome:
        """Post it under its key."""
        connection = HTTPConnection("127.0.0.1", self.port, timeout=5)
        try:
            headers = {"Idempotency-Key": delivery.key}
            connection.request("POST", "/provider", delivery.payload.encode(), headers)
            connection.getresponse().read()
        except (OSError, HTTPException):
            return Retry("the provider is not there", perhaps_arrived=True)
        finally:
            connection.close()
        return Sent(delivery.key)

    def probe(self) -> Outcome | None:
        """Nothing can be tried."""
        return None


def opened(options: Mapping[str, object]) -> Channel:
    """The channel that leads to a receiver."""
    if options["kind"] != _IDEMPOTENT:
        return configured_channel(_OPTIONS.validate_python(options))
    common = ReceiverOptions.model_validate({"name": options["name"]})
    return IdempotentChannel(common, int(str(options["port"])))


@contextmanager
def receivers() -> Iterator[tuple[Receiver, ...]]:
    """Mail, Apprise's json://, an idempotent provider and Slack, each with a real server."""
    apprise = Receiver({})
    provider = Receiver({})
    posted: set[str] = set()

    def take_post(path: str, headers: Message, raw: bytes) -> None:
        if path.startswith("/json"):
            body = json.loads(raw)
            apprise.take(f"{body['title']} {body['message']}", "")
            return
        key = headers["Idempotency-Key"]
        if key not in posted:
            posted.add(key)
            provider.take(raw.decode(), key)

    with _http(take_post) as port, _mail() as mail, _slack() as slack:
        apprise.options = {
            "kind": "apprise",
            "name": "apprise-json",
            "url": f"json://127.0.0.1:{port}/json",
        }
        provider.options = {
            "kind": _IDEMPOTENT,
            "name": "idempotent",
            "port": port,
        }
        yield mail, apprise, provider, slack


@contextmanager
def _slack() -> Iterator[Receiver]:
    """A workspace whose clock is set: what is in doubt is looked for by when it was written."""
    receiver = Receiver({})

    def take(message: Mapping[str, Any]) -> None:
        key, _, _ = message["metadata"]["event_payload"]["key"].partition(":")
        story, update, _ = key.removeprefix("story-").partition("/update")
        receiver.take(f"story {story}{' goes on' if update else ''} {message['text']}", "")

    with slack_service() as service:
        service.on_posted = take
        receiver.set_clock = lambda now: _set(service, now)
        receiver.options = {
            "kind": "slack-app",
            "name": "slack-app",
            "channel": CHANNEL,
            "bot_token": BOT_TOKEN,
            "api_url": service.address,
        }
        yield receiver


def _set(service: SlackService, now: datetime) -> None:
    service.at = max(service.at, now.timestamp())


@contextmanager
def _http(take: Callable[[str, Message, bytes], None]) -> Iterator[int]:
    lock = threading.Lock()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            """Take the message before the answer: a sender may die in between."""
            length = int(self.headers.get("Content-Length", 0))
            raw = self.rfile.read(length)
            if len(raw) == length:  # otherwise the sender died while it spoke
                with lock:
                    take(self.path, self.headers, raw)
            self.send_response(200)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 -- the base's name
            """Say nothing."""

        def finish(self) -> None:
            """A sender that died leaves a connection that cannot be written to."""
            try:
                super().finish()
            except OSError:
                self.close_connection = True

    class Server(ThreadingHTTPServer):
        daemon_threads = True
        request_queue_size = 128

        def handle_error(self, request: object, client_address: object) -> None:
            """Say nothing of connections whose other end was killed."""

    server = Server(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    try:
        yield server.server_port
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


class _OnAnyPort(Controller):
    def _trigger_server(self) -> None:
        server = cast(asyncio.Server, self.server)
        self.port = server.sockets[0].getsockname()[1]
        super()._trigger_server()  # type: ignore[no-untyped-call]  # aiosmtpd leaves it untyped


@attrs.frozen
class _Postbox:
    receiver: Receiver

    async def handle_DATA(  # noqa: N802 -- aiosmtpd calls it so
        self, server: smtp.SMTP, session: smtp.Session, envelope: smtp.Envelope
    ) -> str:
        """Take a mail, which is told from another by its Message-ID."""
        mail = message_from_bytes(cast(bytes, envelope.content))
        self.receiver.take(str(mail["Subject"]), str(mail["Message-ID"]))
        return "250 taken"


@contextmanager
def _mail() -> Iterator[Receiver]:
    receiver = Receiver({})
    controller = _OnAnyPort(_Postbox(receiver), hostname="127.0.0.1", port=0)
    controller.start()
    receiver.options = {
        "kind": "smtp",
        "name": "mail",
        "host": "127.0.0.1",
        "port": controller.port,
        "security": "none",
        "sender": "alerts@example.com",
        "recipients": ("pr@example.com",),
    }
    try:
        yield receiver
    finally:
        controller.stop()


def wait_until(happened: Callable[[], bool], at_most: timedelta) -> bool:
    """Whether it happens within that time."""
    deadline = time.monotonic() + at_most.total_seconds()
    tick = threading.Event()
    while not happened():
        if time.monotonic() > deadline:
            return False
        tick.wait(0.02)
    return True

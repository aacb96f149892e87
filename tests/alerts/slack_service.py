"""A Slack on 127.0.0.1: channels that keep what is posted, windows, and a socket.

It takes nothing that Slack's published limits forbid, knows the methods that Sparkwatch calls, and
presses only buttons that stand in a message.
"""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlencode

import attrs
from aiohttp import WSMsgType, web

from tests.alerts.examples import NOW
from tests.alerts.slack_endpoint import problems, problems_of_view

Json = dict[str, Any]

CHANNEL = "C0ALERTS"
BOT_TOKEN = "xoxb-very-secret"
APP_TOKEN = "xapp-very-secret"
SIGNING_SECRET = "signing-very-secret"
SCOPES = "chat:write,channels:history,channels:read,groups:history,groups:read,users:read"
MEMBERS = {"U01": "Mei Chen", "U02": "Wei Zhang", "U09": "Sam <Guest>"}


@attrs.frozen
class Trouble:
    """What is done with one call instead of answering it as usual.

    ``after`` tells that the call is carried out all the same: only its answer is lost.
    """

    method: str
    error: str = ""
    status: int = 200
    headers: tuple[tuple[str, str], ...] = ()
    hangs: bool = False
    closes: bool = False
    after: bool = False
    body: Json | None = None


@attrs.define
class SlackService:
    """What members would see, and what was called."""

    address: str = ""
    messages: list[Json] = attrs.field(factory=list)
    ephemeral: list[Json] = attrs.field(factory=list)
    views: list[Json] = attrs.field(factory=list)
    calls: list[tuple[str, Json]] = attrs.field(factory=list)
    troubles: list[Trouble] = attrs.field(factory=list)
    acknowledged: list[Json] = attrs.field(factory=list)
    scopes: str = SCOPES
    channel: Json = attrs.field(
        factory=lambda: {"id": CHANNEL, "is_member": True, "is_private": False}
    )
    page: int = 500
    at: float = NOW.timestamp()
    sockets: list[web.WebSocketResponse] = attrs.field(factory=list)
    on_posted: Callable[[Json], None] = lambda _: None
    _changed: threading.Condition = attrs.field(factory=threading.Condition)
    _loop: asyncio.AbstractEventLoop | None = None
    _presses: int = 0

    # what members see

    def in_channel(self) -> list[Json]:
        """The messages that stand in the channel itself."""
        return [m for m in self.messages if "thread_ts" not in m]

    def thread(self, message: Json) -> list[Json]:
        """What stands in the thread of a message."""
        return [m for m in self.messages if m.get("thread_ts") == message["ts"]]

    def delete(self, message: Json) -> None:
        """Delete a message, as a member may."""
        self.messages.remove(message)

    # what members do

    def press(self, message: Json, control: str, member: str = "U01", chosen: str = "") -> Json:
        """What Slack sends when a member uses a button or menu that stands in a message."""
        found = [
            (block, element)
            for block in message["blocks"]
            if block["type"] == "actions"
            for element in block["elements"]
            if element["action_id"] == control
        ]
        assert found, f"no {control} in the message"
        [(block, element)] = found
        self._presses += 1
        pressed = {
            "type": element["type"],
            "action_id": control,
            "block_id": block["block_id"],
            "action_ts": f"1700000000.{self._presses:06}",
        }
        if element["type"] == "static_select":
            assert chosen in [option["value"] for option in element["options"]]
            pressed["selected_option"] = {"value": chosen}
        if element["type"] == "users_select":
            pressed["selected_user"] = chosen
        return {
            "type": "block_actions",
            "user": {"id": member, "name": MEMBERS[member].split()[0].lower()},
            "container": {
                "type": "message",
                "message_ts": message["ts"],
                "channel_id": CHANNEL,
            },
            "channel": {"id": CHANNEL},
            "trigger_id": f"trigger-{self._presses}",
            "actions": [pressed],
        }

    def submit(self, view: Json, member: str = "U01", **given: str) -> Json:
        """What Slack sends when a member submits a window, with its fields filled in."""
        values: Json = {}
        for block in view["blocks"]:
            name, element = block["block_id"], block["element"]
            value = given.get(name)
            if element["type"] == "static_select":
                filled: Json = {"selected_option": {"value": value} if value else None}
            else:
                filled = {"value": value}
            values[name] = {element["action_id"]: filled}
        return {
            "type": "view_submission",
            "user": {"id": member, "name": MEMBERS[member].split()[0].lower()},
            "view": {**view, "id": f"V{len(self.views)}", "state": {"values": values}},
        }

    def send_by_socket(self, payload: Json, envelope: str = "e1") -> None:
        """Send an interaction by the newest connection."""
        sent = {
            "type": "interactive",
            "envelope_id": envelope,
            "accepts_response_payload": True,
            "payload": payload,
        }
        self._soon(self.sockets[-1].send_str(json.dumps(sent)))

    def hang_up(self) -> None:
        """Close the newest connection, as Slack does every few hours."""
        self._soon(self.sockets.pop().close())

    def wait_until(self, holds: Callable[[], bool]) -> None:
        """Wait until something holds that calls or connections change."""
        with self._changed:
            assert self._changed.wait_for(holds, timeout=60)

    # the server

    def _soon(self, work: Any) -> None:
        assert self._loop is not None
        asyncio.run_coroutine_threadsafe(work, self._loop).result(10)

    def _notify(self) -> None:
        with self._changed:
            self._changed.notify_all()

    async def api(self, request: web.Request) -> web.StreamResponse:
        method = request.match_info["method"]
        form = {name: str(value) for name, value in (await request.post()).items()}
        trouble = next((t for t in self.troubles if t.method in (method, "*")), None)
        if trouble is not None:
            self.troubles.remove(trouble)
            if trouble.after:
                self._answer(request, method, form)
            if trouble.hangs:
                await asyncio.sleep(30)
            if trouble.closes and request.transport is not None:
                request.transport.close()
            body = trouble.body if trouble.body is not None else _error(trouble.error)
            answer = web.json_response(body, status=trouble.status, headers=dict(trouble.headers))
        else:
            answer = web.json_response(
                self._answer(request, method, form), headers={"X-OAuth-Scopes": self.scopes}
            )
        self._notify()
        return answer

    def _answer(self, request: web.Request, method: str, form: Json) -> Json:
        wanted = APP_TOKEN if method == "apps.connections.open" else BOT_TOKEN
        if request.headers.get("Authorization") != f"Bearer {wanted}":
            return _error("invalid_auth")
        if request.content_type != "application/x-www-form-urlencoded":
            return _error("invalid_form_data")
        self.calls.append((method, form))
        handler = getattr(self, "_" + method.replace(".", "_").lower(), None)
        return _error("unknown_method") if handler is None else handler(form)

    def _auth_test(self, _form: Json) -> Json:
        return {"ok": True, "user_id": "U0BOT"}

    def _conversations_info(self, form: Json) -> Json:
        if form["channel"] != self.channel["id"]:
            return _error("channel_not_found")
        return {"ok": True, "channel": self.channel}

    def _users_info(self, form: Json) -> Json:
        name = MEMBERS.get(form["user"])
        return {"ok": True, "user": {"real_name": name}} if name else _error("user_not_found")

    def _apps_connections_open(self, _form: Json) -> Json:
        return {
            "ok": True,
            "url": self.address.replace("http", "ws").replace("/api/", "/socket?x=1"),
        }

    def _chat_postmessage(self, form: Json) -> Json:
        refused = self._refused(form)
        if refused:
            return refused
        thread = form.get("thread_ts")
        if thread and not any(m["ts"] == thread for m in self.messages):
            return _error("thread_not_found")
        message = self._message(form, self._stamp())
        if thread:
            message |= {"thread_ts": thread, "broadcast": form.get("reply_broadcast") == "true"}
        self.messages.append(message)
        self.on_posted(message)
        return {"ok": True, "channel": form["channel"], "ts": message["ts"]}

    def _stamp(self) -> str:
        self.at += 0.001
        return f"{self.at:.6f}"

    def _chat_update(self, form: Json) -> Json:
        refused = self._refused(form)
        if refused:
            return refused
        for number, message in enumerate(self.messages):
            if message["ts"] == form["ts"]:
                kept = {name: message[name] for name in ("thread_ts",) if name in message}
                edited = self._message({"metadata": "null", **form}, form["ts"]) | kept
                self.messages[number] = edited | {"edited": True}
                return {"ok": True, "channel": form["channel"], "ts": form["ts"]}
        return _error("message_not_found")

    def _conversations_history(self, form: Json) -> Json:
        return self._page_of(self.in_channel()[::-1], form)  # the newest first

    def _conversations_replies(self, form: Json) -> Json:
        parents = [m for m in self.messages if m["ts"] == form["ts"]]
        return self._page_of(parents + self.thread(parents[0]), form) if parents else _error(
            "thread_not_found"
        )  # fmt: skip

    def _page_of(self, messages: list[Json], form: Json) -> Json:
        if form["channel"] != CHANNEL:
            return _error("channel_not_found")
        oldest, latest = float(form.get("oldest", 0)), float(form.get("latest", "inf"))
        meant = [m for m in messages if oldest <= float(m["ts"]) <= latest]
        begin = int(form.get("cursor") or 0)
        end = begin + min(self.page, int(form["limit"]))
        shown = [
            m if form.get("include_all_metadata") == "true" else {**m, "metadata": None}
            for m in meant[begin:end]
        ]
        cursor = str(end) if end < len(meant) else ""
        return {"ok": True, "messages": shown, "response_metadata": {"next_cursor": cursor}}

    def _chat_postephemeral(self, form: Json) -> Json:
        assert "<" not in form["text"], "unescaped markup"
        self.ephemeral.append(form)
        return {"ok": True, "message_ts": "1"}

    def _views_open(self, form: Json) -> Json:
        view = json.loads(form["view"])
        found = problems_of_view(view)
        if found:
            return _error("invalid_arguments") | {"problems": found}
        self.views.append(view)
        return {"ok": True, "view": {"id": f"V{len(self.views)}"}}

    def _message(self, form: Json, ts: str) -> Json:
        return {
            "ts": ts,
            "text": form["text"],
            "blocks": json.loads(form["blocks"]),
            "metadata": json.loads(form["metadata"]),
        }

    def _refused(self, form: Json) -> Json | None:
        if form["channel"] != CHANNEL:
            return _error("channel_not_found")
        body = {"text": form["text"], "blocks": json.loads(form["blocks"])}
        found = problems(body)
        metadata = json.loads(form["metadata"])
        if set(metadata) != {"event_type", "event_payload"}:
            found.append("metadata")
        return _error("invalid_blocks") | {"problems": found} if found else None

    async def socket(self, request: web.Request) -> web.StreamResponse:
        connection = web.WebSocketResponse()
        await connection.prepare(request)
        await connection.send_str(json.dumps({"type": "hello"}))
        self.sockets.append(connection)
        self._notify()
        async for message in connection:
            if message.type is WSMsgType.TEXT:
                self.acknowledged.append(json.loads(message.data))
                self._notify()
        return connection


def _error(word: str) -> Json:
    return {"ok": False, "error": word}


def signed(payload: Any, at: float, secret: str = SIGNING_SECRET) -> tuple[dict[str, str], bytes]:
    """The headers and the body of the request by which Slack would deliver a payload."""
    body = urlencode({"payload": json.dumps(payload)}).encode()
    stamp = str(int(at))
    digest = hmac.new(secret.encode(), f"v0:{stamp}:".encode() + body, hashlib.sha256).hexdigest()
    return {"X-Slack-Request-Timestamp": stamp, "X-Slack-Signature": f"v0={digest}"}, body


@contextmanager
def slack_service(*troubles: Trouble) -> Iterator[SlackService]:
    """A Slack at a port that the system chose."""
    service = SlackService(troubles=list(troubles))
    ready, over = threading.Event(), asyncio.Event()

    async def serve() -> None:
        service._loop = asyncio.get_running_loop()
        app = web.Application()
        app.router.add_post("/api/{method}", service.api)
        app.router.add_get("/socket", service.socket)
        server = web.AppRunner(app, shutdown_timeout=0.1, access_log=None)
        await server.setup()
        await web.TCPSite(server, "127.0.0.1", 0).start()
        service.address = f"http://127.0.0.1:{server.addresses[0][1]}/api/"
        ready.set()
        await over.wait()
        for connection in list(service.sockets):
            await connection.close()
        await server.cleanup()

    thread = threading.Thread(target=lambda: asyncio.run(serve()), daemon=True)
    thread.start()
    assert ready.wait(10)
    try:
        yield service
    finally:
        assert service._loop is not None
        service._loop.call_soon_threadsafe(over.set)
        thread.join(10)

"""What holds for every answer: headers that keep a page to itself, and bounded requests."""

from __future__ import annotations

import asyncio
from http import HTTPStatus

from starlette.datastructures import MutableHeaders
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

__all__ = ["Guard"]

_SLACK = "/slack/"
_SLACK_LIMIT = 1_000_000
"""Slack sends back the whole message whose button was pressed."""
_FORM_LIMIT = 20_000
_SECONDS = 10.0


class Guard:
    """Stands before the pages, outside of everything that can fail.

    Nothing is kept by browsers or proxies on the way, nothing but the page's own style is loaded,
    no other site frames a page, and the address (which lets whoever has it act) is not told to
    sites that are linked to. A request is read whole before it is looked at: within ten seconds,
    and up to 20 kB (1 MB from Slack).
    """

    def __init__(self, app: ASGIApp, style: str) -> None:
        """``style`` is the source of styles for the content security policy."""
        self._app = app
        self._headers = {
            "Content-Security-Policy": f"default-src 'none'; style-src {style}; "
            "form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
            "Cache-Control": "no-store",
            "Referrer-Policy": "no-referrer",
            "X-Content-Type-Options": "nosniff",
            "X-Frame-Options": "DENY",
            "X-Robots-Tag": "noindex, nofollow",
            "Cross-Origin-Opener-Policy": "same-origin",
            "Cross-Origin-Resource-Policy": "same-origin",
        }

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def guarded(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in self._headers.items():
                    headers[name] = value
            await send(message)

        limit = _SLACK_LIMIT if scope["path"].startswith(_SLACK) else _FORM_LIMIT
        try:
            async with asyncio.timeout(_SECONDS):
                body = await _body(receive, limit)
        except TimeoutError:
            await _refusal(HTTPStatus.REQUEST_TIMEOUT)(scope, receive, guarded)
            return
        except _TooLongError:
            await _refusal(HTTPStatus.REQUEST_ENTITY_TOO_LARGE)(scope, receive, guarded)
            return
        if body is not None:
            await self._app(scope, _again(body, receive), guarded)


class _TooLongError(Exception):
    pass


async def _body(receive: Receive, limit: int) -> bytes | None:
    """All that is sent; ``None`` where the sender has gone.

    What is too long is heard to its end and thrown away: a sender that is cut off hears no answer.
    """
    body, size = bytearray(), 0
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            return None
        part = message.get("body", b"")
        size += len(part)
        if size <= limit:
            body += part
        if not message.get("more_body", False):
            break
    if size > limit:
        raise _TooLongError
    return bytes(body)


def _again(body: bytes, receive: Receive) -> Receive:
    """What was read already, handed on; then whatever else comes."""
    waiting: list[Message] = [{"type": "http.request", "body": body, "more_body": False}]

    async def replayed() -> Message:
        return waiting.pop() if waiting else await receive()

    return replayed


def _refusal(status: HTTPStatus) -> PlainTextResponse:
    return PlainTextResponse(
        f"{status.phrase}\n", status_code=status, headers={"Connection": "close"}
    )

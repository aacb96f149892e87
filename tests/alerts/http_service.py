"""A real HTTP service on 127.0.0.1 that keeps what it is sent and answers as it is told."""

from __future__ import annotations

import json
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import attrs

Json = dict[str, Any]


@attrs.frozen
class Request:
    """What was asked."""

    path: str
    query: dict[str, str]
    headers: dict[str, str]
    raw: bytes

    @property
    def body(self) -> Json:
        found: Json = json.loads(self.raw)
        return found


@attrs.frozen
class Reply:
    """What is answered."""

    status: int = 200
    body: str = "{}"
    headers: tuple[tuple[str, str], ...] = ()


@attrs.define
class HttpService:
    """The requests that came, and how they are answered."""

    port: int = 0
    requests: list[Request] = attrs.field(factory=list)
    answer: Callable[[Request], Reply] = lambda _: Reply()

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.port}"


@contextmanager
def http_service(
    answer: Callable[[Request], Reply] = lambda _: Reply(), *, tls: Path | None = None
) -> Iterator[HttpService]:
    """A service at a port that the system chose; with ``tls``, a PEM file, it speaks TLS."""
    service = HttpService(answer=answer)

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            raw = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            parts = urlsplit(self.path)
            query = dict(parse_qsl(parts.query, keep_blank_values=True))
            request = Request(parts.path, query, dict(self.headers.items()), raw)
            service.requests.append(request)
            reply = service.answer(request)
            self.send_response(reply.status)
            for name, value in reply.headers:
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(reply.body.encode())))
            self.end_headers()
            self.wfile.write(reply.body.encode())

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 -- the base's name
            """Keep the test's output quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    if tls is not None:
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.load_cert_chain(tls)
        server.socket = context.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    service.port = server.server_port
    try:
        yield service
    finally:
        server.shutdown()
        server.server_close()
        thread.join()

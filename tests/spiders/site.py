"""A small web site on the loopback interface: a real server whose answers a test decides."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qsl, urlsplit

import attrs


@attrs.frozen(kw_only=True)
class Asked:
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    method: str = "GET"
    body: bytes = b""


@attrs.frozen(kw_only=True)
class Answer:
    body: bytes = b""
    status: int = 200
    headers: Mapping[str, str] = attrs.field(factory=dict)


Route = Callable[[Asked], Answer]


@attrs.define
class Site:
    """Paths without a route answer 404; ``asked`` keeps every request but those for robots.txt."""

    url: str
    routes: dict[str, Route] = attrs.field(factory=dict)
    asked: list[Asked] = attrs.field(factory=list)
    released: threading.Event = attrs.field(factory=threading.Event)

    def says(self, path: str, body: bytes, status: int = 200, **headers: str) -> str:
        answer = Answer(
            body=body,
            status=status,
            headers={name.replace("_", "-"): value for name, value in headers.items()},
        )
        self.routes[path] = lambda _asked: answer
        return self.url + path

    def hangs(self, path: str) -> str:
        """Nothing is answered at ``path`` until the test is over."""

        def wait(_asked: Asked) -> Answer:
            self.released.wait()
            return Answer(status=503)

        self.routes[path] = wait
        return self.url + path


@contextmanager
def site_at(host: str) -> Iterator[Site]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            self.answer(self.rfile.read(int(self.headers["Content-Length"])))

        def do_GET(self) -> None:
            self.answer(b"")

        def answer(self, body: bytes) -> None:
            parts = urlsplit(self.path)
            asked = Asked(
                path=parts.path,
                query=dict(parse_qsl(parts.query)),
                headers={name.lower(): value for name, value in self.headers.items()},
                method=self.command,
                body=body,
            )
            if parts.path != "/robots.txt":
                site.asked.append(asked)
            route = site.routes.get(parts.path)
            answer = route(asked) if route else Answer(status=404)
            try:
                self.send_response(answer.status)
                for name, value in answer.headers.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(answer.body)))
                self.end_headers()
                self.wfile.write(answer.body)
            except (BrokenPipeError, ConnectionResetError):
                self.close_connection = True  # the crawler was killed, or has had enough

        def log_message(self, *args: object) -> None:
            """Nothing: the test asks ``asked``."""

    server = ThreadingHTTPServer((host, 0), Handler)
    site = Site(f"http://{host}:{server.server_port}")
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield site
    finally:
        site.released.set()
        server.shutdown()
        thread.join()
        server.server_close()

"""A web server in a thread of its own, beside the program that it belongs to."""

from __future__ import annotations

import os
import socket
import threading

import uvicorn
from starlette.types import ASGIApp

from monitor.listener import ListenError

__all__ = ["WebListener"]

_GOODBYE_SECONDS = 3


class WebListener:
    """Serves an application at one address."""

    def __init__(self, application: ASGIApp, address: tuple[str, int]) -> None:
        """Port 0 is any that is free; `port` tells which."""
        self._address = address
        self._server = _Server(
            uvicorn.Config(
                application,
                loop="asyncio",
                lifespan="off",
                ws="none",
                log_config=None,
                log_level="warning",
                access_log=False,  # addresses let whoever has them act
                server_header=False,
                proxy_headers=False,
                limit_concurrency=100,
                timeout_graceful_shutdown=_GOODBYE_SECONDS,
            )
        )
        self._thread: threading.Thread | None = None
        self.port = address[1]

    def start(self) -> None:
        """Begin to serve; raises ``ListenError`` where the address is taken or is no own one."""
        host, port = self._address
        try:
            family = socket.AF_INET6 if ":" in host else socket.AF_INET
            listening = socket.create_server((host, port), family=family)
        except OSError as error:
            raise ListenError(
                f"cannot listen at {host}:{port} ({_why(error)}); end what listens there, or "
                "write another address as web.listen"
            ) from error
        self.port = listening.getsockname()[1]
        self._thread = threading.Thread(target=self._server.run, args=([listening],), name="web")
        self._thread.start()
        self._server.is_up.wait()

    def stop(self) -> None:
        """End; answers that are under way are given a few seconds."""
        if self._thread is not None:
            self._server.should_exit = True
            self._thread.join()
            self._thread = None


def _why(error: OSError) -> str:
    """In the system's words alone: Python adds the address once more."""
    return os.strerror(error.errno) if error.errno and error.errno > 0 else "no such address"


class _Server(uvicorn.Server):
    """One that says when it can be reached."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.is_up = threading.Event()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        try:
            await super().startup(sockets)
        finally:
            self.is_up.set()

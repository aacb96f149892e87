"""What runs beside the pipeline and waits for people: a web server, a connection to Slack."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Protocol

__all__ = ["ListenError", "Listener", "listening"]


class ListenError(RuntimeError):
    """An address that cannot be listened at; the message says what to do."""


class Listener(Protocol):
    """Something that listens on threads of its own."""

    def start(self) -> None:
        """Begin to listen; returns at once. Raises ``ListenError`` where that can never be.

        Other trouble is its own to log and to mend.
        """

    def stop(self) -> None:
        """Finish what was begun, and return when nothing runs any more."""


@contextmanager
def listening(listeners: Iterable[Listener]) -> Iterator[None]:
    """Let all of them listen as long as the block runs."""
    with ExitStack() as stack:
        for listener in listeners:
            listener.start()
            stack.callback(listener.stop)
        yield

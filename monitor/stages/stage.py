"""What every stage of the pipeline is: a named step that does what the store says is undone."""

from __future__ import annotations

from datetime import datetime
from typing import Protocol

from monitor.store.store import Store

__all__ = ["Stage"]


class Stage(Protocol):
    """One step on the way of a post.

    A stage asks the store what is undone, does some of it and commits in a transaction of its own.
    Running it again, or after a crash at any point, loses nothing and does nothing twice.
    """

    @property
    def name(self) -> str:
        """The verb that names it."""

    @property
    def batch(self) -> int:
        """The most that one run does; where it does less, nothing is left undone."""

    def run(self, store: Store, now: datetime) -> int:
        """Do up to ``batch`` of what is undone as of ``now``; how much was done, 0 for nothing."""

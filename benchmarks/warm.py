"""Loads what every sender needs, once, in the server of processes that the senders come from."""

from __future__ import annotations

from apprise import Apprise

import benchmarks.crashes

__all__ = ["benchmarks"]

Apprise.instantiate("json://127.0.0.1")  # it loads all services when it is first asked for one

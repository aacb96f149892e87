"""The Graph API that Facebook, Instagram and Threads share: its lists, and its word for gone."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from monitor.domain import Health
from spiders.kit.refusals import Refusal

__all__ = ["GRAPH_REFUSALS", "graph_items"]

_LISTS = ("comments", "replies")


def graph_items(data: Any) -> list[dict[str, Any]]:
    """The objects of an answer: a list, one, or several by their ids; and the comments in them.

    Each comment is told in which object it stands (``within``).
    """
    if isinstance(data, Mapping) and "data" not in data and "id" not in data:
        found = [v for k, v in data.items() if isinstance(v, Mapping) and v.get("id") == k]
        data = found or [data]
    elif isinstance(data, Mapping):
        data = data.get("data", [data])
    if not isinstance(data, list):
        raise TypeError("no list of objects")
    items: list[dict[str, Any]] = []
    waiting: list[tuple[Any, Any]] = [(one, None) for one in reversed(data)]
    while waiting and len(items) < 20_000:
        value, within = waiting.pop()
        item = {**value, "within": within} if isinstance(value, Mapping) else value
        items.append(item)
        if isinstance(value, Mapping):
            root = within or value.get("id")
            for name in _LISTS:
                below = value.get(name)
                below = below.get("data") if isinstance(below, Mapping) else None
                waiting.extend((one, root) for one in reversed(below or ()))
    return items


GRAPH_REFUSALS = (
    Refusal(says="error.code == `100` && error.error_subcode == `33`"),  # deleted, or hidden
    Refusal(
        says="contains(`[4, 17, 32, 341, 368, 613, 80001, 80002]`, error.code)",
        health=Health.RATE_LIMITED,
        words="error.message",
        advice="read this source less often",
    ),
    Refusal(
        says="contains(`[10, 102, 190, 200]`, error.code)",
        health=Health.UNAUTHORIZED,
        words="error.message",
        advice="check the token and its permissions",
    ),
    Refusal(
        says="contains(`[1, 2]`, error.code)",
        health=Health.SERVER_ERROR,
        words="error.message",
        advice="the fault is the server's; it is tried again",
    ),
    Refusal(
        says="error.code",
        health=Health.UNREADABLE,
        words="error.message",
        advice="check the names and numbers that this source is configured with",
    ),
)
"""What the codes of the API's errors mean; it answers nearly all of them with status 400."""

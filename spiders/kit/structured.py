"""What a web page says of itself for machines: schema.org in JSON-LD and in microdata.

Every thing that is described becomes one entry of a list, whatever it was nested in, so that
``[?contains(type, 'Review')]`` finds all reviews of a page. Keys are schema.org's own, except that
``type`` is the list of the thing's short type names, ``id`` its identifier, and ``within`` the
``type``, ``name``, ``url`` and ``id`` of the thing around it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from spiders.parse.pages import things_on

__all__ = ["structured_data"]

_MOST_THINGS = 5_000


def structured_data(text: str) -> list[Mapping[str, Any]]:
    """The things that a page describes, JSON-LD before microdata."""
    return _flat(things_on(text))


def _flat(described: Any) -> list[Mapping[str, Any]]:
    """Each thing of a description, the outer before the inner."""
    found: list[Mapping[str, Any]] = []
    waiting: list[tuple[Any, Mapping[str, Any]]] = [(described, {})]
    while waiting and len(found) < _MOST_THINGS:
        value, within = waiting.pop()
        if isinstance(value, list):
            waiting.extend((one, within) for one in reversed(value))
        elif isinstance(value, Mapping):
            if "@type" in value:
                thing = {k: v for k, v in value.items() if not k.startswith("@")}
                thing |= {"type": _types(value["@type"]), "within": within}
                if isinstance(value.get("@id"), str):
                    thing["id"] = value["@id"]
                found.append(thing)
                within = {k: thing.get(k) for k in ("type", "name", "url", "id")}
            waiting.extend((v, within) for v in reversed(list(value.values())))
    return found


def _types(value: Any) -> list[str]:
    names = value if isinstance(value, list) else [value]
    return [
        n.rstrip("/").rpartition("/")[2].rpartition("#")[2] for n in names if isinstance(n, str)
    ]

"""What a web page says of itself for machines: schema.org in JSON-LD and in microdata.

Every thing that is described becomes one entry of a list, whatever it was nested in, so that
``[?contains(type, 'Review')]`` finds all reviews of a page. Keys are schema.org's own, except that
``type`` is the list of the thing's short type names, ``id`` its identifier, and ``within`` the
``type``, ``name``, ``url`` and ``id`` of the thing around it.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any
from urllib.parse import urljoin

from parsel import Selector

__all__ = ["structured_data"]

_MOST_THINGS = 5_000
_DEEPEST = 40
_LINKED = {"a": "href", "area": "href", "link": "href", "img": "src", "audio": "src"}
_LINKED |= {"video": "src", "source": "src", "iframe": "src", "embed": "src", "object": "data"}


def structured_data(page: Selector) -> list[Mapping[str, Any]]:
    """The things that a page describes, JSON-LD before microdata."""
    things: list[Mapping[str, Any]] = []
    for script in page.css('script[type*="ld+json"]::text').getall():
        try:
            described = json.loads(script.strip().rstrip(";"), strict=False)
        except (ValueError, RecursionError):
            continue  # one broken block does not hide the others
        things.extend(_flat(described))
    for element in page.css("[itemscope]:not([itemprop])"):
        things.extend(_flat(_microdata(element, page.root.base_url or "", 0)))
    return things[:_MOST_THINGS]


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


def _microdata(element: Selector, base: str, depth: int) -> Mapping[str, Any]:
    """A thing in the shape that JSON-LD would give it."""
    thing: dict[str, Any] = {"@type": (element.attrib.get("itemtype") or "Thing").split()}
    if element.attrib.get("itemid"):
        thing["@id"] = element.attrib["itemid"]
    if depth >= _DEEPEST:
        return thing
    for own in element.xpath(
        ".//*[@itemprop][count(ancestor::*[@itemscope]) = $scopes]",
        scopes=int(float(element.xpath("count(ancestor-or-self::*[@itemscope])").get() or 0)),
    ):
        value: Any = (
            _microdata(own, base, depth + 1) if "itemscope" in own.attrib else _value(own, base)
        )
        for name in own.attrib["itemprop"].split():
            if name in thing:
                before = thing[name] if isinstance(thing[name], list) else [thing[name]]
                thing[name] = [*before, value]
            else:
                thing[name] = value
    return thing


def _value(element: Selector, base: str) -> str:
    attributes, tag = element.attrib, element.root.tag
    if "content" in attributes:
        return str(attributes["content"])
    if tag in _LINKED and _LINKED[tag] in attributes:
        return urljoin(base, attributes[_LINKED[tag]])
    if tag in ("data", "meter") and "value" in attributes:
        return str(attributes["value"])
    if tag == "time" and "datetime" in attributes:
        return str(attributes["datetime"])
    return " ".join(" ".join(element.xpath(".//text()").getall()).split())

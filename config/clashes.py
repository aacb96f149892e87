"""Finds settings that contradict each other: two of one name, a channel that does not exist.

It looks at what is written rather than at checked settings, so that these mistakes are told in the
same breath as all the others.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Mapping
from typing import Any

from config.problems import Location, Problem, dotted, listed, nearest, quoted


def brand_id(name: str) -> str:
    """The id that a brand gets from its name.

    >>> brand_id("Delta Air Lines")
    'delta-air-lines'
    """
    return re.sub(r"[^\w]+", "-", unicodedata.normalize("NFKC", name).casefold()).strip("-")


def clashes(data: Mapping[str, Any]) -> list[Problem]:
    """Every contradiction in the written settings."""
    return [
        *_doubled(data, ("sources",), "name"),
        *_doubled(data, ("alerts", "channels"), "name"),
        *_doubled(data, ("alerts", "teams"), "name"),
        *_doubled(data, ("people",), "name"),
        *_doubled(data, ("digest", "readers"), "name"),
        *_doubled_brands(data),
        *_shared_handles(data),
        *_contradicting_words(data),
        *_readers_without_channel(data),
        *_failing_over_to_nothing(data),
        *_sources_about_nobody(data),
    ]


def items(data: Mapping[str, Any], path: Location) -> Iterator[tuple[Location, dict[str, Any]]]:
    """The groups in a list of the written settings, each with its place."""
    value: object = data
    for part in path:
        if isinstance(value, list) and isinstance(part, int):
            value = value[part]
        else:
            value = value.get(part) if isinstance(value, Mapping) else None
    if isinstance(value, list):
        for index, item in enumerate(value):
            if isinstance(item, dict):
                yield (*path, index), item


def _doubled(data: Mapping[str, Any], path: Location, key: str) -> Iterator[Problem]:
    first: dict[str, Location] = {}
    for location, item in items(data, path):
        name = item.get(key)
        if not isinstance(name, str):
            continue
        here = (*location, key)
        other = first.setdefault(name.strip().casefold(), here)
        if other != here:
            yield Problem(
                message=f"{quoted(name)} is also the name of {dotted(other[:-1])}; "
                "give each a name of its own",
                location=here,
                related=other,
            )


def _doubled_brands(data: Mapping[str, Any]) -> Iterator[Problem]:
    first: dict[str, Location] = {}
    for location, brand in items(data, ("brands",)):
        given, name = brand.get("id"), brand.get("name")
        identity = (
            given if isinstance(given, str) else brand_id(name) if isinstance(name, str) else ""
        )
        other = first.setdefault(identity, location)
        if identity and other != location:
            yield Problem(
                message=f"has the id {quoted(identity)}, and so has {dotted(other)}; "
                "write another 'id:' for one of them",
                location=location,
                related=other,
            )


def _shared_handles(data: Mapping[str, Any]) -> Iterator[Problem]:
    first: dict[str, Location] = {}
    for location, brand in items(data, ("brands",)):
        for place, handle in _words(location, brand, "handles"):
            other = first.setdefault(handle.casefold(), place)
            if other[:2] != place[:2]:
                yield Problem(
                    message=f"{quoted(handle)} is also a handle of {dotted(other[:2])}; "
                    "a handle belongs to one brand",
                    location=place,
                    related=other,
                )


def _contradicting_words(data: Mapping[str, Any]) -> Iterator[Problem]:
    for location, brand in items(data, ("brands",)):
        names = {
            word.casefold(): place
            for key in ("aliases", "required")
            for place, word in _words(location, brand, key)
        }
        if isinstance(brand.get("name"), str):
            names[brand["name"].casefold()] = (*location, "name")
        for place, word in _words(location, brand, "excluded"):
            other = names.get(word.casefold())
            if other is not None:
                yield Problem(
                    message=f"{quoted(word)} stands in {dotted(other)} as well, "
                    "so that such posts could never match; remove one",
                    location=place,
                    related=other,
                )


def _words(
    location: Location, brand: Mapping[str, Any], key: str
) -> Iterator[tuple[Location, str]]:
    words = brand.get(key)
    for index, word in enumerate(words if isinstance(words, list) else []):
        if isinstance(word, str):
            yield (*location, key, index), word.strip()


def _readers_without_channel(data: Mapping[str, Any]) -> Iterator[Problem]:
    channels = [
        channel["name"]
        for _, channel in items(data, ("alerts", "channels"))
        if isinstance(channel.get("name"), str)
    ]
    for location, reader in items(data, ("digest", "readers")):
        channel = reader.get("channel")
        if isinstance(channel, str) and channel not in channels:
            hint = nearest(channel, channels)
            yield Problem(
                message=f"{quoted(channel)} is not the name of a channel.{hint} "
                f"alerts.channels holds {listed(channels) or 'none'}",
                location=(*location, "channel"),
            )


def _failing_over_to_nothing(data: Mapping[str, Any]) -> Iterator[Problem]:
    channels = [
        channel["name"]
        for _, channel in items(data, ("alerts", "channels"))
        if isinstance(channel.get("name"), str)
    ]
    for location, channel in items(data, ("alerts", "channels")):
        other, name = channel.get("failover"), channel.get("name")
        if not isinstance(other, str):
            continue
        here = (*location, "failover")
        if other == name:
            yield Problem(message="names the channel itself; name another one", location=here)
        elif other not in channels:
            yield Problem(
                message=f"{quoted(other)} is not the name of a channel.{nearest(other, channels)} "
                f"alerts.channels holds {listed(channels)}",
                location=here,
            )


def _sources_about_nobody(data: Mapping[str, Any]) -> Iterator[Problem]:
    names = [
        brand["name"] for _, brand in items(data, ("brands",)) if isinstance(brand.get("name"), str)
    ]
    ids = {brand.get("id") for _, brand in items(data, ("brands",))} | set(map(brand_id, names))
    for location, source in items(data, ("sources",)):
        about = source.get("about")
        if isinstance(about, str) and about not in ids and about not in names:
            yield Problem(
                message=f"{quoted(about)} is not the name of a brand.{nearest(about, names)} "
                f"brands holds {listed(names) or 'none'}",
                location=(*location, "about"),
            )

"""Finds names in the settings that stand for nothing: a team, a channel, a brand, a touchpoint.

Like `config.clashes` it looks at what is written, so that these mistakes are told with the others.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from config.clashes import brand_id, items
from config.problems import ConfigError, Location, Problem, listed, nearest, quoted
from config.taxonomy import load_taxonomy

__all__ = ["unknown_names"]

_TEAMS, _ROUTES = ("alerts", "teams"), ("alerts", "routes")


def unknown_names(data: Mapping[str, Any]) -> list[Problem]:
    """Every name in teams and routes that nothing bears."""
    channels = _names(data, ("alerts", "channels"))
    teams = _names(data, _TEAMS)
    sources = _names(data, ("sources",))
    brands = _names(data, ("brands",))
    regions = [
        source["region"]
        for _, source in items(data, ("sources",))
        if isinstance(source.get("region"), str)
    ]
    known = {
        "brands": ([*brands, *_ids(data)], "the name of a brand", "brands holds"),
        "sources": (sources, "the name of a source", "sources holds"),
        "regions": (regions, "the region of a source", "sources name"),
    }
    problems: list[Problem] = []
    for location, team in items(data, _TEAMS):
        tiers = items(data, (*location, "escalation"))
        for place, group in ((location, team), *tiers):
            problems += _strangers(
                place, group, "channels", channels, "the name of a channel", "alerts.channels holds"
            )
    for location, route in items(data, _ROUTES):
        problems += _stranger(
            location, route, "team", teams, "the name of a team", "alerts.teams holds"
        )
        people = _names(data, ("people",))
        if route.get("owner"):
            who = "the name of a person"
            problems += _stranger(location, route, "owner", people, who, "people holds")
        for key, (names, kind, holder) in known.items():
            problems += _strangers(location, route, key, names, kind, holder)
        problems += _touchpoints(location, route, data)
    return problems


def _touchpoints(
    location: Location, route: Mapping[str, Any], data: Mapping[str, Any]
) -> list[Problem]:
    if not route.get("touchpoints"):
        return []
    known: list[str] = []
    for _, brand in items(data, ("brands",)):
        taxonomy = brand.get("taxonomy")
        if isinstance(taxonomy, str) and taxonomy.strip():
            try:
                known += [one.id for one in load_taxonomy(taxonomy.strip()).touchpoints]
            except ConfigError:  # it is told where the brand names it
                return []
    names = list(dict.fromkeys(known))
    kind = "a touchpoint of these brands"
    return list(_strangers(location, route, "touchpoints", names, kind, "their taxonomies hold"))


def _strangers(
    location: Location,
    group: Mapping[str, Any],
    key: str,
    known: list[str],
    kind: str,
    holder: str,
) -> Iterator[Problem]:
    written = group.get(key)
    for index, name in enumerate(written if isinstance(written, list) else []):
        if isinstance(name, str) and name not in known:
            yield _problem(name, (*location, key, index), known, kind, holder)


def _stranger(
    location: Location,
    group: Mapping[str, Any],
    key: str,
    known: list[str],
    kind: str,
    holder: str,
) -> Iterator[Problem]:
    name = group.get(key)
    if isinstance(name, str) and name not in known:
        yield _problem(name, (*location, key), known, kind, holder)


def _problem(name: str, location: Location, known: list[str], kind: str, holder: str) -> Problem:
    hint = nearest(name, known)
    message = f"{quoted(name)} is not {kind}.{hint} "
    return Problem(message=f"{message}{holder} {listed(known) or 'none'}", location=location)


def _names(data: Mapping[str, Any], path: Location) -> list[str]:
    return [group["name"] for _, group in items(data, path) if isinstance(group.get("name"), str)]


def _ids(data: Mapping[str, Any]) -> list[str]:
    return [
        str(brand["id"]) if "id" in brand else brand_id(brand["name"])
        for _, brand in items(data, ("brands",))
        if isinstance(brand.get("id", brand.get("name")), str)
    ]

"""What may be written where: looks a place in the configuration up in the schema of its models."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import attrs

from config.problems import Location

FLATTENED = "x-flattened"
"""Marks a model one of whose fields is not written as a group: its keys stand beside the others."""


@attrs.frozen
class Schema:
    """The JSON schema of the settings, walked by the places that people write."""

    root: Mapping[str, Any]

    def keys(self, location: Location, data: object) -> list[str]:
        """The keys that may stand at a place, given what is written there."""
        return [key for option in self._options(location, data) for key in _properties(option)]

    def allowed(self, location: Location, data: object) -> list[str]:
        """The values that a setting may have, where they can be counted."""
        return [
            str(value)
            for option in self._options(location, data)
            for value in [
                *option.get("enum", []),
                *([option["const"]] if "const" in option else []),
            ]
        ]

    def description(self, location: Location, data: object) -> str:
        """What a setting is for, in the words of its model."""
        *parents, key = location
        for option in self._options(tuple(parents), data):
            described = _properties(option).get(str(key), {}).get("description")
            if described:
                return str(described)
        return ""

    def is_secret(self, location: Location, data: object) -> bool:
        """Whether a value must never be shown."""
        return any(option.get("writeOnly") for option in self._options(location, data))

    def kinds(self, location: Location) -> list[str]:
        """The kinds that the items at a place can be of."""
        return [
            kind
            for option in self._options(location, None)
            for kind in option.get("discriminator", {}).get("mapping", {})
        ]

    def _options(self, location: Location, data: object) -> list[Mapping[str, Any]]:
        nodes = [self.root]
        for part in location:
            nodes = [
                option
                for node in nodes
                for chosen in self._chosen(node, data)
                for child in _children(chosen, part)
                for option in self._alternatives(child)
            ]
            data = _descend(data, part)
        return [chosen for node in nodes for chosen in self._chosen(node, data)]

    def _chosen(self, node: Mapping[str, Any], data: object) -> list[Mapping[str, Any]]:
        """The nodes that describe ``data`` together: a union gives the member of its kind."""
        if node.get(FLATTENED):
            properties = dict(_properties(node))
            beside = properties.pop(node[FLATTENED])
            return [
                {**node, "properties": properties, FLATTENED: None},
                *self._chosen(beside, data),
            ]
        union = node.get("discriminator")
        if union is None or not isinstance(data, Mapping):
            return [node]
        reference = union["mapping"].get(str(data.get(union["propertyName"])))
        return [self._resolved({"$ref": reference})] if reference else [node]

    def _alternatives(self, node: Mapping[str, Any]) -> list[Mapping[str, Any]]:
        node = self._resolved(node)
        return [
            option
            for alternative in node.get("anyOf", [node])
            for option in [self._resolved(alternative)]
        ]

    def _resolved(self, node: Mapping[str, Any]) -> Mapping[str, Any]:
        if "$ref" not in node:
            return node
        resolved: Mapping[str, Any] = self.root["$defs"][node["$ref"].rpartition("/")[2]]
        return resolved


def _properties(node: Mapping[str, Any]) -> Mapping[str, Any]:
    properties: Mapping[str, Any] = node.get("properties", {})
    return properties


def _children(node: Mapping[str, Any], part: str | int) -> list[Mapping[str, Any]]:
    if isinstance(part, int):
        return [node["items"]] if "items" in node else []
    return [_properties(node)[part]] if part in _properties(node) else []


def _descend(data: object, part: str | int) -> object:
    if isinstance(data, Mapping):
        return data.get(part)
    if isinstance(data, list) and isinstance(part, int) and part < len(data):
        return data[part]
    return None

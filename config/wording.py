"""Says in plain words what pydantic found wrong with a setting."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from config.problems import Location, Problem, listed, nearest, quoted
from config.schema import Schema

CHINESE = {"zh": "zh-Hans", "zh-CN": "zh-Hans", "zh-SG": "zh-Hans"}
CHINESE |= {"zh-TW": "zh-Hant", "zh-HK": "zh-Hant", "zh-MO": "zh-Hant"}
"""Chinese is told apart by its script, not by a country."""


def explain(
    error: ValidationError,
    data: Mapping[str, Any],
    schema: Schema,
    borrowed: Collection[Location],
) -> list[Problem]:
    """Pydantic's findings as problems that say what is wrong and what is allowed."""
    return [
        _problem(detail, data, schema, borrowed)
        for detail in error.errors()
        if not _is_consequence(detail)
    ]


def _is_consequence(detail: ErrorDetails) -> bool:
    """A list counts as empty for pydantic when none of its items is right."""
    return detail["type"] == "too_short" and bool(detail["input"])


def _problem(
    detail: ErrorDetails, data: Mapping[str, Any], schema: Schema, borrowed: Collection[Location]
) -> Problem:
    location = _as_written(detail, data)
    hidden = location in borrowed or schema.is_secret(location, data)
    return Problem(message=_message(detail, location, data, schema, hidden), location=location)


def _as_written(detail: ErrorDetails, data: Mapping[str, Any]) -> Location:
    """Where the mistake stands, without the groups and kinds that only the models know of."""
    location: list[int | str] = []
    value: object = data
    tag: object = None
    for index, part in enumerate(detail["loc"]):
        if isinstance(value, Mapping):
            is_last = index == len(detail["loc"]) - 1
            if tag is not None and part == tag:
                tag = None
                continue
            if part not in value and not (is_last and detail["type"] == "missing"):
                continue
            value = value.get(part)
        elif isinstance(value, list) and isinstance(part, int):
            value = value[part] if part < len(value) else None
        else:
            continue
        tag = value.get("kind") if isinstance(value, Mapping) else None
        location.append(part)
    return tuple(location)


def _message(
    detail: ErrorDetails,
    location: Location,
    data: Mapping[str, Any],
    schema: Schema,
    hidden: bool,
) -> str:
    found = "" if hidden else _found(detail["input"])
    match detail["type"]:
        case "extra_forbidden":
            keys = schema.keys(location[:-1], data)
            return f"is not a setting.{nearest(location[-1], keys)} Allowed here: {listed(keys)}"
        case "missing":
            description = schema.description(location, data)
            return f"is required and missing{f' ({description})' if description else ''}"
        case "string_type":
            return f"must be text{found}{_quote_hint(detail['input'])}"
        case "tuple_type" | "list_type" | "set_type" | "frozen_set_type":
            return f"must be a list{found}; write [one, two] or '- ' before each on its own line"
        case "model_type" | "model_attributes_type" | "dict_type":
            keys = schema.keys(location, data)
            return f"must be a group of settings{f' ({listed(keys)})' if keys else ''}{found}"
        case "literal_error" | "enum":
            allowed = schema.allowed(location, data)
            written = CHINESE.get(str(detail["input"]), detail["input"])
            hint = "" if hidden else nearest(written, allowed)
            return f"must be one of {listed(allowed)}{found}.{hint}"
        case "union_tag_invalid" | "union_tag_not_found":
            return _kind_message(detail, location, schema)
        case "too_short":
            return "must hold at least one"
        case "string_too_short":
            return "must not be empty"
        case "int_type" | "int_parsing" | "int_from_float":
            return f"must be a whole number{found}"
        case "bool_type" | "bool_parsing":
            return f"must be true or false{found}"
        case "time_parsing" | "time_type":
            return f"must be a time of day such as 09:00{found}"
        case "greater_than_equal":
            return f"must be {detail['ctx']['ge']} or more{found}"
        case "less_than_equal":
            return f"must be {detail['ctx']['le']} or less{found}"
        case "string_pattern_mismatch":
            return f"may hold letters, digits, '-', '_' and '.' only{found}"
        case "value_error":
            said = str(detail["ctx"]["error"])
            return said.replace(str(detail["input"]), "(hidden)") if hidden else said
        case _:
            return f"{_without_shouting(detail['msg'])}{found}"


def _kind_message(detail: ErrorDetails, location: Location, schema: Schema) -> str:
    kinds = schema.kinds(location)
    if detail["type"] == "union_tag_not_found":
        return f"needs 'kind', one of {listed(kinds)}"
    written = detail["ctx"]["tag"]
    return f"kind must be one of {listed(kinds)}, not {quoted(written)}.{nearest(written, kinds)}"


def _found(value: object) -> str:
    match value:
        case None:
            return ", but nothing is written (text that begins with # must be in quotes)"
        case bool():
            return f", not {str(value).lower()}"
        case int() | float():
            return f", not the number {value}"
        case str():
            return f", not {quoted(value)}"
        case Mapping():
            return ", not a group of settings"
        case _:
            return ", not a list"


def _quote_hint(value: object) -> str:
    return "; put it in quotes" if isinstance(value, int | float) else ""


def _without_shouting(message: str) -> str:
    return message[:1].lower() + message[1:]

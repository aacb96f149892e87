"""Loads a configuration: the file, then the environment, then every check, all mistakes at once.

Precedence: a ``SPARKWATCH_...`` variable stands above the file, the file above the defaults.
Relative paths are relative to the file's folder, wherever they were set.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import attrs
from pydantic import ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict, SettingsError
from pydantic_settings.sources import EnvSettingsSource

from config.clashes import clashes, items
from config.document import Document, read_document
from config.model import DEFAULT_STORE, Settings
from config.problems import ConfigError, Location, Problem, nearest, printable
from config.references import unknown_names
from config.schema import Schema
from config.taxonomy import load_taxonomy
from config.wording import explain

PREFIX = "SPARKWATCH_"


def load(path: Path) -> Settings:
    """Load and check a configuration file; raises ``ConfigError`` with everything that is wrong."""
    path = path.absolute()
    document = read_document(path)
    overrides = _overrides(path)
    data = _merged(document.data, overrides)
    inherited = _inherit(data)
    _set_default_store(data)
    _anchor(data, path.parent)
    schema = Schema(Settings.model_json_schema())
    problems = [*clashes(data), *unknown_names(data), *_unusable_taxonomies(data)]
    settings = None
    try:
        settings = Settings.model_validate(data)
    except ValidationError as error:
        problems += explain(error, data, schema, document.borrowed)
    if settings is None or problems:
        placed = [
            _placed(document, overrides, problem)
            for problem in problems
            if problem.location not in inherited
        ]
        raise ConfigError(path, sorted(placed, key=lambda problem: problem.line or 0))
    return settings


class _Environment(Settings, BaseSettings):
    """The settings as the environment names them: ``SPARKWATCH_STORE__URL``."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, env_nested_delimiter="__")


def _overrides(path: Path) -> dict[str, Any]:
    _refuse_unknown_variables(path)
    try:
        return EnvSettingsSource(_Environment)()
    except SettingsError as error:
        name = re.search(r'field "(\w+)"', str(error))
        variable = f"{PREFIX}{name[1].upper()}" if name else f"{PREFIX}*"
        problem = Problem(
            message='must be JSON, as in \'["a", "b"]\'',
            origin=f"environment variable {variable}",
        )
        raise ConfigError(path, [problem]) from error


def _refuse_unknown_variables(path: Path) -> None:
    known = {name.upper() for name in Settings.model_fields}
    unknown = [
        name
        for name in sorted(os.environ)
        if name.startswith(PREFIX)
        and "__" in name
        and name.removeprefix(PREFIX).partition("__")[0] not in known
    ]
    if unknown:
        problems = [
            Problem(
                message="sets nothing; the part before '__' must be one of "
                f"{', '.join(sorted(known))}.{nearest(_section(name), known)}",
                origin=f"environment variable {printable(name)}",
            )
            for name in unknown
        ]
        raise ConfigError(path, problems)


def _section(variable: str) -> str:
    return variable.removeprefix(PREFIX).partition("__")[0]


def _merged(below: Mapping[str, Any], above: Mapping[str, Any]) -> dict[str, Any]:
    merged = dict(below)
    for key, value in above.items():
        beneath = merged.get(key)
        if isinstance(value, Mapping) and isinstance(beneath, Mapping):
            merged[key] = _merged(beneath, value)
        else:
            merged[key] = value
    return merged


def _inherit(data: dict[str, Any]) -> set[Location]:
    """Give channels, readers and teams the language and zone of the whole, unless they say; where.

    A team has no language of its own: its channels have.
    """
    given: set[Location] = set()
    both = {"language", "timezone"}
    heirs = (
        (("alerts", "channels"), both),
        (("alerts", "teams"), {"timezone"}),
        (("digest", "readers"), both),
    )
    for path, inherited in heirs:
        for location, item in items(data, path):
            for key in inherited & data.keys() - item.keys():
                item[key] = data[key]
                given.add((*location, key))
    return given


def _set_default_store(data: dict[str, Any]) -> None:
    """Write down the store that is not given, so that it is relative to the file as well."""
    store = data.setdefault("store", {})
    if isinstance(store, dict):
        store.setdefault("url", DEFAULT_STORE)


def _anchor(data: dict[str, Any], folder: Path) -> None:
    """Make relative paths absolute, from the configuration's folder."""
    for key, value in data.items():
        if isinstance(value, dict):
            _anchor(value, folder)
        elif isinstance(value, list):
            for item in value:
                if isinstance(item, dict):
                    _anchor(item, folder)
        elif isinstance(value, str) and value:
            data[key] = _anchored(key, value, folder)


def _anchored(key: str, value: str, folder: Path) -> str:
    own_taxonomy = key == "taxonomy" and value.endswith((".yaml", ".yml"))
    if key == "path" or key.endswith("_file") or own_taxonomy:
        return str(folder / Path(value).expanduser())
    if key == "model" and value.startswith(("./", "../", "~/")):
        return str((folder / Path(value).expanduser()).resolve())
    relative = re.fullmatch(r"(sqlite(?:\+\w+)?:///)([^/:].*)", value) if key == "url" else None
    return f"{relative[1]}{folder / relative[2]}" if relative else value


def _unusable_taxonomies(data: Mapping[str, Any]) -> Iterator[Problem]:
    """What is wrong with the taxonomies that brands name, in whatever file it stands."""
    for location, brand in items(data, ("brands",)):
        taxonomy = brand.get("taxonomy")
        if isinstance(taxonomy, str) and taxonomy.strip():
            try:
                load_taxonomy(taxonomy.strip())
            except ConfigError as error:
                for problem in error.problems:
                    yield Problem(
                        message=problem.told(error.path), location=(*location, "taxonomy")
                    )


def _placed(document: Document, overrides: Mapping[str, Any], problem: Problem) -> Problem:
    """The problem with the line or the environment variable that it is about."""
    variable = _variable(overrides, problem.location)
    if variable:
        return attrs.evolve(problem, origin=f"environment variable {variable}")
    message = problem.message
    if problem.related is not None and document.line(problem.related) is not None:
        message += f" (see line {document.line(problem.related)})"
    return attrs.evolve(problem, message=message, line=document.line(problem.location))


def _variable(overrides: Mapping[str, Any], location: Location) -> str | None:
    """The environment variable that set a place, if one did."""
    value: object = overrides
    names: list[str] = []
    for part in location:
        if not isinstance(value, Mapping) or part not in value:
            break
        value = value[part]
        names.append(str(part).upper())
    if not names or isinstance(value, Mapping):
        return None
    return PREFIX + "__".join(names)

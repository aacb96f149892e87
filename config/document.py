"""Reads the text of a configuration: YAML with a line number for every setting.

Strings stay strings: of YAML's unquoted values only ``true``/``false``, ``null`` and plain numbers
mean anything else, so that the language ``no`` is not False and ``18:30`` is not 1110. Anchors,
tags and merge keys are refused: what is written is what is there.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import attrs
import yaml

from config.problems import ConfigError, Location, Problem, printable, quoted

LARGEST = 1_000_000
"""Bytes. A configuration that is larger is some other file."""


@attrs.frozen(kw_only=True)
class Document:
    """A configuration as it was written, before anything is known of what its keys mean.

    ``lines`` holds the line of every key and list item; ``borrowed`` the places whose value came
    from an environment variable, and is not repeated in messages.
    """

    path: Path
    data: dict[str, Any]
    lines: Mapping[Location, int]
    borrowed: frozenset[Location]

    def line(self, location: Location) -> int | None:
        """The line of a setting, or of the nearest one around it; ``None`` if it is not written."""
        while location:
            if location in self.lines:
                return self.lines[location]
            location = location[:-1]
        return None


def read_document(path: Path, environment: Mapping[str, str] = os.environ) -> Document:
    """Read a configuration file; raises ``ConfigError`` with everything that is wrong with it."""
    text = _read_text(path)
    reading = _Reading(environment)
    try:
        node = _Loader(text).get_single_node()
    except yaml.YAMLError as error:
        raise ConfigError(path, [_syntax_problem(error, text)]) from error
    except RecursionError as error:
        raise ConfigError(path, [Problem(message="is nested too deeply to be read")]) from error
    if node is None:
        raise ConfigError(
            path, [Problem(message="is empty; `sparkwatch init` writes one that works")]
        )
    if not isinstance(node, yaml.MappingNode):
        found = "a list" if isinstance(node, yaml.SequenceNode) else "plain text"
        message = f"must hold settings such as 'brands:' and 'sources:', but holds {found}"
        raise ConfigError(path, [Problem(message=message, line=1)])
    data = reading.mapping(node, ())
    if reading.problems:
        raise ConfigError(path, reading.problems)
    return Document(path=path, data=data, lines=reading.lines, borrowed=frozenset(reading.borrowed))


def _read_text(path: Path) -> str:
    try:
        size = path.stat().st_size
        if size > LARGEST:
            message = f"has {size:,} bytes, more than {LARGEST:,}; is this the configuration?"
            raise ConfigError(path, [Problem(message=message)])
        raw = path.read_bytes()
    except FileNotFoundError as error:
        message = "does not exist; `sparkwatch init` writes one, --config names another"
        raise ConfigError(path, [Problem(message=message)]) from error
    except IsADirectoryError as error:
        message = "is a folder; name the file in it"
        raise ConfigError(path, [Problem(message=message)]) from error
    except OSError as error:
        message = f"cannot be read: {error.strerror}"
        raise ConfigError(path, [Problem(message=message)]) from error
    return _decoded(path, raw)


def _decoded(path: Path, raw: bytes) -> str:
    if raw.startswith((b"\xff\xfe", b"\xfe\xff")):
        message = "is encoded in UTF-16 (some editors call it Unicode); save it as UTF-8"
        raise ConfigError(path, [Problem(message=message)])
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = raw[: error.start].count(b"\n") + 1
        guess = _looks_like(raw)
        message = f"is not UTF-8{guess}; save it as UTF-8"
        raise ConfigError(path, [Problem(message=message, line=line)]) from error


def _looks_like(raw: bytes) -> str:
    try:
        raw.decode("gb18030")
    except UnicodeDecodeError:
        return ""
    return " (it looks like GBK or GB18030)"


class _AnchorError(yaml.MarkedYAMLError):
    """A part of YAML that is not used here; its message is ours."""


class _Loader(yaml.SafeLoader):
    """YAML whose plain values are text unless they are a number, true, false or null."""

    yaml_implicit_resolvers: dict[str, Any] = {}  # noqa: RUF012 (PyYAML's own class attribute)

    def compose_node(self, parent: yaml.Node | None, index: Any) -> yaml.Node | None:
        """Compose one node, without anchors: a value that stands elsewhere cannot be cited."""
        event = self.peek_event()  # type: ignore[no-untyped-call]  # PyYAML's stubs say nothing
        if getattr(event, "anchor", None) is not None:
            raise _AnchorError(
                problem=f"anchors and aliases (&{printable(event.anchor)}) are not used here; "
                "write the value out, or put it in quotes if it is meant literally",
                problem_mark=event.start_mark,
            )
        return super().compose_node(parent, index)


for _tag, _pattern, _first in (
    ("tag:yaml.org,2002:null", r"^(?:~|null|Null|NULL|)$", ["~", "n", "N", ""]),
    ("tag:yaml.org,2002:bool", r"^(?:true|True|TRUE|false|False|FALSE)$", list("tTfF")),
    ("tag:yaml.org,2002:int", r"^[-+]?[0-9]+$", list("-+0123456789")),
    ("tag:yaml.org,2002:float", r"^[-+]?[0-9]*\.[0-9]+$", list("-+.0123456789")),
):
    _Loader.add_implicit_resolver(_tag, re.compile(_pattern), _first)


class _Reading:
    """One walk over the composed document; gathers values, lines and mistakes."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        self._environment = environment
        self.lines: dict[Location, int] = {}
        self.borrowed: set[Location] = set()
        self.problems: list[Problem] = []

    def mapping(self, node: yaml.MappingNode, location: Location) -> dict[str, Any]:
        values: dict[str, Any] = {}
        for key_node, value_node in node.value:
            line = key_node.start_mark.line + 1
            if not isinstance(key_node, yaml.ScalarNode) or not key_node.value:
                self._complain("a key must be a word", line, location)
                continue
            key = str(key_node.value)
            here = (*location, key)
            if key in values:
                first = self.lines[here]
                self._complain(f"is written twice, in lines {first} and {line}", line, here)
                continue
            self.lines[here] = line
            values[key] = self._value(value_node, here)
        return values

    def _value(self, node: yaml.Node, location: Location) -> Any:
        if isinstance(node, yaml.MappingNode):
            return self.mapping(node, location)
        if isinstance(node, yaml.SequenceNode):
            return [self._item(item, (*location, index)) for index, item in enumerate(node.value)]
        return self._scalar(node, location)

    def _item(self, node: yaml.Node, location: Location) -> Any:
        self.lines[location] = node.start_mark.line + 1
        return self._value(node, location)

    def _scalar(self, node: yaml.Node, location: Location) -> Any:
        text = str(node.value)
        match node.tag.removeprefix("tag:yaml.org,2002:"):
            case "str":
                return self._substituted(text, node, location)
            case "null":
                return None
            case "bool":
                return text.lower() == "true"
            case "int":
                return int(text) if len(text) < 20 else text
            case "float":
                return float(text)
            case tag:
                line = node.start_mark.line + 1
                self._complain(f"the tag {quoted(tag)} is not used here", line, location)
                return None

    def _substituted(self, text: str, node: yaml.Node, location: Location) -> str:
        """The text with ``${NAME}`` replaced; ``$${NAME}`` stands for a literal ``${NAME}``."""

        def replacement(found: re.Match[str]) -> str:
            if found[1]:
                return f"${{{found[2]}}}"
            self.borrowed.add(location)
            if found[2] not in self._environment:
                name = printable(found[2])
                line = node.start_mark.line + 1
                self._complain(
                    f"the environment variable {name} is not set; set it, or write $${{{name}}} "
                    "if the text is meant literally",
                    line,
                    location,
                )
                return ""
            return self._environment[found[2]]

        return re.sub(r"\$(\$)?\{([^{}]*)\}", replacement, text)

    def _complain(self, message: str, line: int, location: Location) -> None:
        self.problems.append(Problem(message=message, line=line, location=location))


def _syntax_problem(error: yaml.YAMLError, text: str) -> Problem:
    if isinstance(error, yaml.reader.ReaderError):
        line = text.count("\n", 0, error.position) + 1
        message = f"holds the character U+{error.character:04X}, which cannot be in a text"
        return Problem(message=message, line=line)
    if not isinstance(error, yaml.MarkedYAMLError) or error.problem_mark is None:
        return Problem(message=f"is not valid YAML: {printable(error)}")
    line = error.problem_mark.line + 1
    if isinstance(error, _AnchorError):
        return Problem(message=str(error.problem), line=line)
    for number, written in enumerate(text.splitlines()[:line], start=1):
        if "\t" in written[: len(written) - len(written.lstrip())]:
            message = "is indented with a tab; YAML wants spaces"
            return Problem(message=message, line=number)
    return Problem(message=_explained(error.problem or ""), line=line)


def _explained(problem: str) -> str:
    unquoted = re.match(r"found character '(.)' that cannot start any token", problem)
    if unquoted:
        return f"a value that begins with {unquoted[1]} must be put in quotes"
    if problem.startswith("mapping values are not allowed here"):
        return (
            "a second colon is in the way; put a value that holds ': ' in quotes, "
            "and give keys of one level the same indentation"
        )
    if problem.startswith(("expected <block end>", "could not find expected ':'")):
        return (
            "does not fit the lines before it; keys of one level want the same indentation, "
            "and each key a colon with a space"
        )
    if problem.startswith("but found another document"):
        return "a second document begins here ('---'); keep one to a file"
    return f"is not valid YAML: {printable(problem)}"

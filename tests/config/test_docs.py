"""docs/configuration.md and the models say the same."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import attrs

from config.load import load
from config.model import Settings
from config.schema import FLATTENED

PAGE = Path(__file__).parents[2] / "docs" / "configuration.md"
HEADING = re.compile(r"^#+ (?:`([\w.\[\]]+)`(?: of kind `([\w-]+)`)?|At the top)$")
ROW = re.compile(r"^\| `(\w+)` \|(.*?)\| ")
BY_OTHER_WORDS = ("as at the top", "from the name", "required")
INTERVALS = {"PT30S": "30s", "PT5M": "5m", "PT4H": "4h"}
TOLD_IN_THE_TEXT = {("sources[].robots", "hackernews")}
SCHEMA = Settings.model_json_schema()


@attrs.frozen
class Setting:
    place: str
    kind: str | None
    default: str | None = attrs.field(eq=False)


def in_models() -> Iterator[Setting]:
    yield from walk(SCHEMA, "", None)


def walk(node: Mapping[str, Any], place: str, kind: str | None) -> Iterator[Setting]:
    if "$ref" in node:
        node = SCHEMA["$defs"][node["$ref"].rpartition("/")[2]]
    for option in node.get("anyOf", ()):
        yield from walk(option, place, kind)
    for name, reference in node.get("discriminator", {}).get("mapping", {}).items():
        yield from walk({"$ref": reference}, place, name)
    if "items" in node:
        yield from walk(node["items"], f"{place}[]", kind)
    for key, value in node.get("properties", {}).items():
        if key == node.get(FLATTENED):
            yield from walk(value, place, kind)
            continue
        here = f"{place}.{key}".lstrip(".")
        yield Setting(here, kind, shown(value.get("default")))
        yield from walk(value, here, kind)


def shown(default: object) -> str | None:
    """A default as the page writes it, where it is a plain value."""
    match default:
        case bool():
            return str(default).lower()
        case float():
            return f"{default:g}"
        case int():
            return str(default)
        case str() if default.strip("*"):
            return INTERVALS.get(default, {"08:00:00": "08:00"}.get(default, default))
        case _:
            return None


def in_page() -> Iterator[Setting]:
    place, kind = "", None
    for line in PAGE.read_text(encoding="utf-8").splitlines():
        if heading := HEADING.match(line):
            place, kind = heading[1] or "", heading[2]
        elif row := ROW.match(line):
            yield Setting(f"{place}.{row[1]}".lstrip("."), kind, row[2].strip(" `"))


def is_of_one_source(setting: Setting) -> bool:
    return setting.kind is not None and setting.place.startswith("sources[].")


def test_every_setting_is_documented() -> None:
    """Those of one kind of source stand in docs/sources.md, as tests/spiders/test_docs.py sees."""
    documented = set(in_page())
    missing = [
        setting
        for setting in in_models()
        if not {setting, attrs.evolve(setting, kind=None)} & documented
        and not is_of_one_source(setting)
    ]
    assert missing == []


def test_every_documented_setting_exists() -> None:
    existing = set(in_models())
    without_kind = {attrs.evolve(setting, kind=None) for setting in existing}
    invented = [setting for setting in in_page() if setting not in existing | without_kind]
    assert invented == []


def test_a_documented_default_is_the_one_that_holds() -> None:
    said = {(setting.place, setting.kind): setting.default for setting in in_page()}
    wrong = {
        setting.place: (written, setting.default)
        for setting in in_models()
        for written in [said.get((setting.place, setting.kind), said.get((setting.place, None)))]
        if setting.default is not None
        and written not in (setting.default, *BY_OTHER_WORDS)
        and (setting.place, setting.kind) not in TOLD_IN_THE_TEXT
        and not (is_of_one_source(setting) and (setting.place, setting.kind) not in said)
    }
    assert wrong == {}


def test_the_example_on_the_page_loads(tmp_path: Path) -> None:
    path = tmp_path / "sparkwatch.yaml"
    example = PAGE.read_text(encoding="utf-8").split("```yaml\n")[1].partition("```")[0]
    path.write_text(example, encoding="utf-8")
    assert [source.name for source in load(path).sources] == ["fediverse"]

"""The files of a new kind of source: a declaration, a saved answer and a test that is green."""

from __future__ import annotations

import re
from collections.abc import Mapping
from enum import StrEnum
from importlib.resources import files
from pathlib import Path
from string import Template

__all__ = ["SourceTemplate", "new_files"]

_NAME = re.compile(r"[a-z][a-z0-9]*(_[a-z0-9]+)*")
_ANSWERS = {
    "json": ("search.json", "posts.json"),
    "html": ("reviews.html",),
    "feed": ("search.rss",),
}


class SourceTemplate(StrEnum):
    """What the new source reads."""

    JSON = "json"
    HTML = "html"
    FEED = "feed"


def new_files(name: str, template: SourceTemplate, into: Path) -> Mapping[Path, str]:
    """What to write where: into a checkout of Sparkwatch, or a plug-in package of its own.

    Raises ``ValueError`` where ``name`` cannot be the name of a module.
    """
    if not _NAME.fullmatch(name):
        raise ValueError("use lower-case letters, digits and underscores, a letter first")
    shipped = (into / "spiders" / "sources").is_dir()
    module = f"spiders.sources.{name}" if shipped else f"sparkwatch_{name}"
    home = into if shipped else into / f"sparkwatch-{name}"
    source = home / "spiders" / "sources" / f"{name}.py" if shipped else home / f"{module}.py"
    tests = home / "tests" / "spiders" if shipped else home
    words = {
        "name": name,
        "Title": name.replace("_", " ").capitalize(),
        "Class": "".join(part.capitalize() for part in name.split("_")),
        "module": module,
    }
    answers = tests / "responses" / name
    made = {
        source: f"{template}.py",
        answers / "case.yaml": f"{template}.case",
        **{answers / file: f"{template}.{file}" for file in _ANSWERS[template]},
        tests / f"test_{name}.py": "test.py",
    }
    if not shipped:
        made[home / "pyproject.toml"] = "pyproject"
    return {path: _text(part, words) for path, part in made.items()}


def _text(part: str, words: Mapping[str, str]) -> str:
    here = files("monitor.commands.new_source")
    return Template((here / f"{part}.txt").read_text(encoding="utf-8")).substitute(words)

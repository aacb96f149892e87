"""What README and docs show is run, loaded and looked up: it cannot drift from the program."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import textwrap
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import attrs
import pytest
import typer
from typer.testing import CliRunner

from config.load import load
from monitor.cli import app

ROOT = Path(__file__).parents[1]
README = ROOT / "README.md"
PAGES = (README, ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").glob("*.md")))
BINARIES = Path(sys.executable).parent
BRAND = "brands:\n  - name: Acme Air\n"
FENCE = re.compile(
    r"^ *(?:<!-- not run: (?P<reason>[^\n]+) -->\n *)?```(?P<language>\w*)\n(?P<body>.*?)^ *```$",
    re.MULTILINE | re.DOTALL,
)
PROMISED = {"quickstart": ("ALERT High (opened)", "84,000 followers")}
"""What the commands of a page print, as the page says beside them."""
COMMANDS: dict[str, Any] = typer.main.get_command(app).commands  # type: ignore[attr-defined] # a group


@attrs.frozen
class Example:
    """A block of code on a page; one with a reason is not run."""

    page: Path
    language: str
    text: str
    reason: str | None

    def __str__(self) -> str:
        return f"{self.page.stem}: {self.text.strip().splitlines()[0][:40]}"


def examples(*languages: str) -> Iterator[Example]:
    for page in PAGES:
        for found in FENCE.finditer(page.read_text(encoding="utf-8")):
            if found["language"] in languages:
                text = textwrap.dedent(found["body"])
                yield Example(page, found["language"], text, found["reason"])


def environment(home: Path) -> dict[str, str]:
    """As a newcomer's shell: Sparkwatch on the path, and nothing configured."""
    ours = {name: value for name, value in os.environ.items() if name[:11] != "SPARKWATCH_"}
    path = f"{BINARIES}{os.pathsep}{ours['PATH']}"
    return ours | {"PATH": path, "HOME": str(home), "OMP_NUM_THREADS": "1"}


def pages_with_commands() -> list[Path]:
    return sorted({one.page for one in examples("sh") if one.reason is None})


@pytest.mark.parametrize("page", pages_with_commands(), ids=lambda page: page.stem)
def test_the_commands_of_a_page_work_one_after_the_other(page: Path, tmp_path: Path) -> None:
    (tmp_path / "sparkwatch.yaml").write_text(BRAND, encoding="utf-8")
    commands = [one.text for one in examples("sh") if one.page == page and one.reason is None]
    ran = subprocess.run(
        ["/bin/bash", "-c", "\n".join(["set -euo pipefail", *commands])],
        cwd=tmp_path,
        env=environment(tmp_path),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert ran.returncode == 0, f"{ran.stdout}\n{ran.stderr}"
    for promised in PROMISED.get(page.stem, ()):
        assert promised in ran.stdout


def configurations() -> list[Example]:
    """Those of extending.md are of other files, and are held against what writes these."""
    return [one for one in examples("yaml") if one.page.stem != "extending"]


@pytest.mark.parametrize("example", configurations(), ids=str)
def test_every_yaml_example_is_a_valid_configuration(
    example: Example, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in re.findall(r"\$\{(\w+)\}", example.text):
        monkeypatch.setenv(name, "secret")
    path = tmp_path / "sparkwatch.yaml"
    whole = example.text if "brands:" in example.text else BRAND + example.text
    path.write_text(whole, encoding="utf-8")
    assert load(path).brands


def code() -> Iterator[tuple[Path, str]]:
    """Every piece of a page that is meant literally, in a block or in a line."""
    for page in PAGES:
        text = page.read_text(encoding="utf-8")
        for found in FENCE.finditer(text):
            joined = found["body"].replace("\\\n", " ")
            yield from ((page, line) for line in joined.splitlines())
        for found in re.finditer(r"`([^`]+)`", FENCE.sub("", text)):
            yield page, " ".join(found[1].split())


def test_every_command_and_option_on_the_pages_exists() -> None:
    wrong = []
    for page, text in code():
        for found in re.finditer(r"(?:^|[/= ])sparkwatch ([a-z]+)([^&|;#]*)", text):
            if found[1] not in COMMANDS:
                wrong.append(f"{page.name}: sparkwatch {found[1]}")
                continue
            command = COMMANDS[found[1]]
            deeper = getattr(command, "commands", {}).get(found[2].strip().partition(" ")[0])
            known = {name for one in (deeper or command).params for name in one.opts}
            options = re.findall(r"(?<=\s)--?[a-z][a-z-]*", found[2])
            wrong += [
                f"{page.name}: {found[1]} {option}"
                for option in options
                if option not in known | {"--help"}
            ]
    assert wrong == []


def test_every_module_that_a_page_runs_exists() -> None:
    modules = {
        found for _, text in code() for found in re.findall(r"python -m ([a-z]+(?:\.\w+)+)", text)
    }
    assert modules
    assert [module for module in sorted(modules) if find_spec(module) is None] == []


def test_the_readme_lists_the_commands_that_there_are() -> None:
    listed = re.findall(r"^\| `sparkwatch (\w+)", README.read_text(encoding="utf-8"), re.MULTILINE)
    assert sorted(listed) == sorted(COMMANDS)


@pytest.mark.parametrize("command", sorted(COMMANDS))
def test_every_command_has_help(command: str) -> None:
    shown = CliRunner().invoke(app, [command, "--help"])
    assert shown.exit_code == 0
    assert f"sparkwatch {command}" in shown.output or f" {command} " in shown.output


def test_the_index_names_every_page() -> None:
    index = (ROOT / "docs" / "README.md").read_text(encoding="utf-8")
    pages = [page.name for page in (ROOT / "docs").glob("*.md") if page.name != "README.md"]
    assert [page for page in sorted(pages) if f"({page})" not in index] == []


def test_links_lead_somewhere() -> None:
    broken = []
    for page in PAGES:
        text = FENCE.sub("", page.read_text(encoding="utf-8"))
        for found in re.finditer(r'(?:\]\(|src=")(?!https?:)([^)#"]*)(?:#([^)"]+))?[)"]', text):
            target = (page.parent / found[1]).resolve() if found[1] else page
            if not target.exists() or (found[2] and found[2] not in anchors(target)):
                broken.append(f"{page.name}: {found[0]}")
    assert broken == []


def anchors(page: Path) -> set[str]:
    """The anchors that a page's headings get."""
    text = FENCE.sub("", page.read_text(encoding="utf-8"))
    headings = re.findall(r"^#+ (.+)$", text, re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}

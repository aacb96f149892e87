"""docs/extending.md: what it shows is what ``source new`` writes, and that is green at once."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from monitor.cli import app

ROOT = Path(__file__).parents[1]
PAGE = (ROOT / "docs" / "extending.md").read_text(encoding="utf-8")
SHOWN = dict(re.findall(r"^`(sparkwatch-\S+)`\n\n```\w+\n(.*?)^```", PAGE, re.M | re.S))
COMMANDS = re.findall(r"^sparkwatch (source new .+)$", PAGE, re.M)
_MOST_LINES = 25  # imports, docstring and blank lines aside


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("plug-ins")
    for command in COMMANDS:
        result = CliRunner().invoke(app, [*command.split(), "--into", str(made)])
        assert result.exit_code == 0, result.output
    return made


def test_the_page_shows_a_json_source_an_html_source_and_a_feed() -> None:
    assert len(COMMANDS) == 3
    assert sum(name.endswith(".py") for name in SHOWN) == 3


@pytest.mark.parametrize("name", sorted(SHOWN))
def test_what_the_page_shows_is_what_the_command_writes(name: str, folder: Path) -> None:
    assert (folder / name).read_text(encoding="utf-8") == SHOWN[name]


@pytest.mark.parametrize("name", sorted(name for name in SHOWN if name.endswith(".py")))
def test_a_source_is_about_twenty_lines(name: str) -> None:
    code = SHOWN[name].partition("\n\n\n")[2]
    assert len([line for line in code.splitlines() if line.strip()]) <= _MOST_LINES


@pytest.mark.parametrize("package", ["sparkwatch-forum", "sparkwatch-shop", "sparkwatch-news"])
def test_the_test_of_a_new_source_is_green_at_once(package: str, folder: Path) -> None:
    result = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-W", "error"],
        cwd=folder / package,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.returncode == 0, result.stdout
    assert "8 passed" in result.stdout


def test_a_new_source_in_a_checkout_lies_where_the_shipped_ones_do(tmp_path: Path) -> None:
    (tmp_path / "spiders" / "sources").mkdir(parents=True)
    result = CliRunner().invoke(app, ["source", "new", "forum", "--into", str(tmp_path)])
    assert result.exit_code == 0
    assert sorted(str(p.relative_to(tmp_path)) for p in tmp_path.rglob("*") if p.is_file()) == [
        "spiders/sources/forum.py",
        "tests/spiders/responses/forum/case.yaml",
        "tests/spiders/responses/forum/posts.json",
        "tests/spiders/responses/forum/search.json",
        "tests/spiders/test_forum.py",
    ]


@pytest.mark.parametrize("name", ["rss", "Forum", "../forum", "a-b", ""])
def test_a_name_that_cannot_be_is_refused(name: str, tmp_path: Path) -> None:
    result = CliRunner().invoke(app, ["source", "new", name, "--into", str(tmp_path)])
    assert result.exit_code == 2
    assert list(tmp_path.iterdir()) == []


def test_nothing_is_written_over(tmp_path: Path) -> None:
    arguments = ["source", "new", "forum", "--into", str(tmp_path)]
    assert CliRunner().invoke(app, arguments).exit_code == 0
    again = CliRunner().invoke(app, arguments)
    assert again.exit_code == 2
    assert "is there already" in again.output

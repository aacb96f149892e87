"""What is installed: locked dependencies, and a wheel that holds all that the program reads."""

from __future__ import annotations

import ast
import os
import re
import shutil
import subprocess
import sys
import tomllib
import zipfile
from collections.abc import Iterator
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
PACKAGES = PROJECT["tool"]["hatch"]["build"]["targets"]["wheel"]["packages"]
TESTED = ("tests", "benchmarks")


def pinned(*files: str) -> dict[str, str]:
    """Each package of these lock files with its version."""
    lines = [line for file in files for line in (ROOT / file).read_text().splitlines()]
    pins = [Requirement(line) for line in lines if not line.startswith("#")]
    return {canonicalize_name(pin.name): str(pin.specifier) for pin in pins}


def required(*extras: str) -> list[Requirement]:
    optional = PROJECT["project"]["optional-dependencies"]
    lists = [PROJECT["project"]["dependencies"], *(optional[extra] for extra in extras)]
    return [Requirement(line) for lines in lists for line in lines]


@pytest.mark.parametrize("file", ["requirements.lock", "requirements-dev.lock"])
def test_a_lock_file_pins_exact_versions_and_names_no_place(file: str) -> None:
    lines = (ROOT / file).read_text(encoding="utf-8").splitlines()
    pins = [line for line in lines if not line.startswith("#")]
    assert pins
    loose = [pin for pin in pins if not re.fullmatch(r"[\w.-]+==[\w.]+(; python_version.*)?", pin)]
    assert loose == []


def test_what_runs_is_locked_in_a_version_that_will_do() -> None:
    pins = pinned("requirements.lock")
    wrong = [str(one) for one in required() if not satisfied(one, pins)]
    assert wrong == [], "make lock writes the lock files anew"


def test_what_developers_need_is_locked_in_a_version_that_will_do() -> None:
    pins = pinned("requirements.lock", "requirements-dev.lock")
    wrong = [str(one) for one in required("dev", "train") if not satisfied(one, pins)]
    assert wrong == [], "make lock writes the lock files anew"


def satisfied(requirement: Requirement, pins: dict[str, str]) -> bool:
    pin = pins.get(canonicalize_name(requirement.name))
    return pin is not None and requirement.specifier.contains(pin.removeprefix("=="))


def test_every_package_that_is_imported_is_declared() -> None:
    for folders, extras in ((PACKAGES, ("train",)), (TESTED, ("train", "dev"))):
        declared = {canonicalize_name(one.name) for one in required(*extras)}
        assert imported(folders) - declared == set()


def imported(folders: list[str] | tuple[str, ...]) -> set[str]:
    """The distributions that the modules under these folders import."""
    known = packages_distributions()
    ours = {*PACKAGES, *TESTED}
    return {
        canonicalize_name(known[name][0])
        for folder in folders
        for path in (ROOT / folder).rglob("*.py")
        for name in top_level_imports(path)
        if name not in sys.stdlib_module_names and name not in ours
    }


def top_level_imports(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name.partition(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield node.module.partition(".")[0]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """The names of the files in a wheel that is built of this checkout."""
    folder = tmp_path_factory.mktemp("wheel")
    subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", folder],
        cwd=ROOT,
        capture_output=True,
        check=True,
    )
    [built] = folder.glob("*.whl")
    with zipfile.ZipFile(built) as archive:
        return archive.namelist()


def test_the_wheel_holds_every_file_of_the_packages(wheel: list[str]) -> None:
    there = {
        str(path.relative_to(ROOT))
        for package in PACKAGES
        for path in (ROOT / package).rglob("*")
        if path.is_file() and path.suffix != ".pyc" and not path.name.startswith(".")
    }
    assert there - set(wheel) == set()
    kinds = {Path(name).suffix for name in wheel}
    assert {".mo", ".j2", ".json", ".jsonl", ".yaml", ".txt", ".safetensors"} <= kinds


def test_the_wheel_holds_nothing_else_but_the_licence_and_the_command(wheel: list[str]) -> None:
    others = {name for name in wheel if name.partition("/")[0] not in PACKAGES}
    stem = f"sparkwatch-{PROJECT['project']['version']}.dist-info"
    assert others == {
        f"{stem}/{name}"
        for name in (
            "METADATA",
            "RECORD",
            "WHEEL",
            "entry_points.txt",
            "licenses/LICENSE",
            "licenses/NOTICE",
        )
    }


def test_every_package_says_that_it_is_typed() -> None:
    assert [one for one in PACKAGES if not (ROOT / one / "py.typed").is_file()] == []


def make(*arguments: str, path: Path | None = None) -> subprocess.CompletedProcess[str]:
    environment = os.environ | ({"PATH": str(path)} if path else {})
    return subprocess.run(
        [shutil.which("make") or "make", "--no-print-directory", *arguments],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )


def test_make_alone_explains_every_target() -> None:
    [phony] = re.findall(r"^\.PHONY: (.*)$", (ROOT / "Makefile").read_text(), re.MULTILINE)
    explained = re.findall(r"^make (\w+)  ", make().stdout, re.MULTILINE)
    assert sorted(explained) == sorted(set(phony.split()) - {"help"})


def test_a_python_that_is_too_old_is_told_before_anything_is_made(tmp_path: Path) -> None:
    old = tmp_path / "python3"
    old.write_text('#!/bin/sh\n[ "$1" = --version ] && echo Python 3.9.2 || exit 1\n')
    old.chmod(0o755)
    made = make(f"VENV={tmp_path}/venv", f"{tmp_path}/venv/bin/python", path=tmp_path)
    assert made.returncode != 0
    assert "needs Python 3.11 or newer; here python3 is Python 3.9.2" in made.stderr
    assert not (tmp_path / "venv").exists()

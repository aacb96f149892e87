"""A source that answers nobody without a key is refused before anybody is asked."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml
from typer.testing import CliRunner

from monitor.cli import app
from spiders.kinds import KINDS
from spiders.kit.contract import Case
from spiders.options import KeyedInterface

RESPONSES = Path(__file__).parent / "responses"
KEYED = sorted(n for n, kind in KINDS.items() if issubclass(kind.options, KeyedInterface))
SECRETS = ("key", "token", "app_password", "client_secret")


def without_secrets(name: str) -> dict[str, Any]:
    """The options of a kind that works, but for its secrets."""
    given = Case.load(RESPONSES / name, KINDS[name]).options
    return {option: value for option, value in given.items() if option not in SECRETS}


def checked(folder: Path, options: dict[str, Any]) -> str:
    """What ``sparkwatch check`` says of a configuration with this source; the network is there."""
    settings = {
        "brands": [{"id": "delta", "name": "Delta"}],
        "sources": [{"name": "s", **options}],
    }
    file = folder / "sparkwatch.yaml"
    file.write_text(yaml.safe_dump(settings), encoding="utf-8")
    result = CliRunner().invoke(app, ["check", "--config", str(file)])
    assert result.exit_code == 1
    return result.output


@pytest.mark.parametrize("name", KEYED)
def test_a_missing_key_is_named_with_where_to_get_one(name: str, tmp_path: Path) -> None:
    options = KINDS[name].options
    assert issubclass(options, KeyedInterface)
    said = checked(tmp_path, {"kind": name, **without_secrets(name)})
    assert "1 mistake in the configuration" in said
    assert f"give {options.keyed_by}_file" in said
    assert options.had_from in said


def test_reddit_wants_an_application(tmp_path: Path) -> None:
    said = checked(tmp_path, {"kind": "reddit", "username": "ops"})
    assert "reddit.com/prefs/apps" in said


@pytest.mark.parametrize("name", KEYED)
def test_a_key_is_given_once(name: str) -> None:
    options = KINDS[name].options
    assert issubclass(options, KeyedInterface)
    twice = {options.keyed_by: "x", f"{options.keyed_by}_file": "x"}
    with pytest.raises(ValueError, match="keep one of them"):
        options.model_validate({"kind": name, **without_secrets(name), **twice})


def test_no_kind_that_wants_a_key_does_without_saying_so() -> None:
    optional = {"mastodon", "reddit", "instagram", "reviews"} - set(KEYED)
    wanting = {n for n, kind in KINDS.items() if "key" in kind.needs or "token" in kind.needs}
    assert wanting - optional <= set(KEYED)

"""One file a mistake in tests/cases/config, with the very words that its author reads beside it."""

from __future__ import annotations

from pathlib import Path

import pytest

from config.load import load
from config.problems import ConfigError

GALLERY = Path(__file__).parents[1] / "cases" / "config"
CASES = sorted(GALLERY.glob("*.yaml"))


def test_the_gallery_holds_at_least_twenty_five_mistakes() -> None:
    assert len(CASES) >= 25


def test_every_mistake_has_its_message_and_every_message_its_mistake() -> None:
    messages = {path.stem for path in GALLERY.glob("*.txt")}
    assert messages == {path.stem for path in CASES}


@pytest.mark.parametrize("path", CASES, ids=lambda path: path.stem)
def test_a_mistake_is_told_by_file_line_setting_and_remedy(path: Path) -> None:
    with pytest.raises(ConfigError) as caught:
        load(path)
    told = "\n".join(problem.told(Path(path.name)) for problem in caught.value.problems)
    assert told + "\n" == path.with_suffix(".txt").read_text(encoding="utf-8")


@pytest.mark.parametrize("path", CASES, ids=lambda path: path.stem)
def test_no_message_shows_a_secret_or_steers_a_terminal(path: Path) -> None:
    with pytest.raises(ConfigError) as caught:
        load(path)
    told = str(caught.value)
    assert "hunter2" not in told
    assert "secretsecret" not in told
    assert all(line.isprintable() for line in told.splitlines())

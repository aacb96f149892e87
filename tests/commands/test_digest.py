"""`sparkwatch digest`: the week as a page, with its text beside it."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from config.load import load
from monitor import app
from monitor.cli import app as commands


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(app, "wall_clock", lambda: datetime(2026, 3, 4, 18, 0, tzinfo=UTC))
    (tmp_path / "sparkwatch.yaml").write_text(
        "brands:\n  - name: Acme Air\ntimezone: Asia/Shanghai\n"
    )
    app.open_store(load(tmp_path / "sparkwatch.yaml")).close()
    return tmp_path


def digest(*arguments: str) -> Result:
    return CliRunner().invoke(commands, ["digest", *arguments], env={"NO_COLOR": "1"})


def test_it_is_a_page_with_its_text_beside_it(here: Path) -> None:
    result = digest("-o", "week.html")
    assert result.exit_code == 0, result.output
    assert "week.html" in result.output
    assert (here / "week.html").read_text().startswith("<!DOCTYPE html>")
    assert "Acme Air" in (here / "week.txt").read_text()


def test_it_covers_the_seven_days_up_to_today_in_the_readers_zone(here: Path) -> None:
    digest("-o", "today.html")  # 18:00 in UTC is the 5th in Shanghai
    digest("-o", "named.html", "--until", "2026-03-06")
    assert (here / "today.txt").read_text() == (here / "named.txt").read_text()


def test_another_language_can_be_asked_for(here: Path) -> None:
    digest("-o", "zh.html", "--language", "zh-Hant")
    assert 'lang="zh-Hant"' in (here / "zh.html").read_text()


def test_the_text_does_not_overwrite_the_page(here: Path) -> None:
    result = digest("-o", "week.txt")
    assert result.exit_code == 2
    assert "is where the text goes" in result.output
    assert not (here / "week.txt").exists()

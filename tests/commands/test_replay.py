"""`sparkwatch replay`: what is said, what is left in the folder, and what is not touched."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from config.model import Settings
from monitor import app
from monitor.archive import ArchiveError
from monitor.cli import app as commands
from nlp.scoring import Scorer
from tests.fakes import FakeScorer

MONDAY = datetime(2026, 3, 2, 6, 0, tzinfo=UTC)


def scorer(_settings: Settings) -> Scorer:
    return FakeScorer(("suitcases",))


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(app, "scorer", scorer)
    (tmp_path / "sparkwatch.yaml").write_text("brands:\n  - name: Acme Air\n")
    write(tmp_path / "week.jsonl", famous=True)
    return tmp_path


def write(path: Path, *, famous: bool) -> None:
    rows = [
        {
            "id": str(number),
            "text": f"Acme Air soaked our suitcases, part {number}!",
            "published_at": (MONDAY + timedelta(hours=number)).isoformat(),
            "author": f"a{number}",
            "followers": 60_000 if famous and number == 3 else 5,
        }
        for number in range(8)
    ]
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))


def replay(*arguments: str) -> Result:
    return CliRunner().invoke(commands, ["replay", *arguments], env={"NO_COLOR": "1"})


def test_it_tells_what_would_have_been_raised_and_leaves_it_in_a_folder(here: Path) -> None:
    result = replay("week.jsonl", "-o", "out")
    assert result.exit_code == 0, result.output
    assert "ALERT High (opened)" in result.output
    assert "8 observations of 8 posts over 0.3 days" in result.output
    assert "1 alerts, 1 of them high or critical" in result.output
    report = json.loads((here / "out" / "report.json").read_text())
    [alert] = report["alerts"]
    assert (alert["posts_then"], alert["posts_finally"]) == (4, 8)
    assert alert["minutes_before_half"] == 0
    assert len(list((here / "out" / "alerts").glob("*.eml"))) == 1
    page = (here / "out" / "report.html").read_text(encoding="utf-8")
    assert "week.jsonl" in page
    assert alert["incident"] in page


def test_a_second_replay_leaves_nothing_of_the_first_and_everything_else(here: Path) -> None:
    replay("week.jsonl", "-o", "out")
    (here / "out" / "alerts" / "notes.html").write_text("mine")
    write(here / "calm.jsonl", famous=False)
    assert replay("calm.jsonl", "-o", "out").exit_code == 0
    assert [path.name for path in (here / "out" / "alerts").iterdir()] == ["notes.html"]
    assert json.loads((here / "out" / "report.json").read_text())["alerts"] == []


def test_the_store_of_the_live_program_is_not_replaced(here: Path) -> None:
    (here / "sparkwatch.yaml").write_text(
        "brands:\n  - name: Acme Air\nstore: {url: 'sqlite:///replay.db'}\n"
    )
    (here / "replay.db").write_text("precious")
    result = replay("week.jsonl", "-o", ".")
    assert result.exit_code == 2
    assert "is the store that" in result.output
    assert (here / "replay.db").read_text() == "precious"


def test_an_archive_without_posts_is_told(here: Path) -> None:
    (here / "empty.jsonl").write_text("\n")
    result = replay("empty.jsonl")
    assert isinstance(result.exception, ArchiveError)
    assert "no post in it could be read" in str(result.exception)


def test_a_place_that_is_no_folder_is_told(here: Path) -> None:
    (here / "out").write_text("a file")
    result = replay("week.jsonl", "-o", "out")
    assert isinstance(result.exception, FileExistsError)
    assert result.exception.filename == "out"


@pytest.mark.parametrize("tick", ["0s", "soon", "-5m"])
def test_a_tick_that_is_no_interval_is_told(tick: str) -> None:
    assert replay("week.jsonl", "--tick", tick).exit_code == 2


def test_a_coarser_tick_gives_the_same_incident_later(here: Path) -> None:
    assert replay("week.jsonl", "-o", "out", "--tick", "2h").exit_code == 0
    [alert] = json.loads((here / "out" / "report.json").read_text())["alerts"]
    assert alert["raised_at"] == "2026-03-02T10:00:00+00:00"


def test_foreign_columns_are_read_as_the_flags_say(here: Path) -> None:
    (here / "export.csv").write_text("Comment,Date\nAcme Air soaked our suitcases,02/03/2026\n")
    result = replay(
        "export.csv", "--column", "text=Comment", "--column", "published_at=Date",
        "--time-format", "%d/%m/%Y",
    )  # fmt: skip  # one flag a word says no more
    assert result.exit_code == 0, result.output
    assert "1 observations of 1 posts" in result.output

"""`sparkwatch backtest`: the report, byte for byte, and what two configurations have in common."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from config.model import Settings
from monitor import app
from monitor.archive import ArchiveError
from monitor.cli import app as commands
from nlp.scoring import Scorer
from tests.fakes import FakeScorer

MONDAY = datetime(2026, 3, 2, 6, 0, tzinfo=UTC)
HOSTILE = '<script src="//evil.example/x.js"></script><b onload=x> \u202e[red]'
LOADS = {"src", "srcset", "data", "poster", "action", "background", "xlink:href"}


def scorer(_settings: Settings) -> Scorer:
    return FakeScorer(("suitcases",))


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(app, "scorer", scorer)
    configure(tmp_path / "sparkwatch.yaml")
    configure(tmp_path / "deaf.yaml", "alerts: {policy: {high_audience: 70000}}\n")
    write(tmp_path / "week.jsonl", (f"part {number}" for number in range(8)))
    return tmp_path


def configure(path: Path, more: str = "") -> None:
    path.write_text(f"brands:\n  - name: Acme Air\n{more}", encoding="utf-8")


def write(path: Path, endings: Iterable[str]) -> None:
    """Complaints an hour apart, the fourth by somebody famous."""
    rows = [
        {
            "id": str(number),
            "text": f"Acme Air soaked our suitcases, {ending}!",
            "published_at": (MONDAY + timedelta(hours=number)).isoformat(),
            "author": f"a{number}",
            "author_name": HOSTILE,
            "followers": 60_000 if number == 3 else 5,
            "views": 10 * number,
        }
        for number, ending in enumerate(endings)
    ]
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")


def backtest(*arguments: str) -> Result:
    return CliRunner().invoke(commands, ["backtest", *arguments], env={"NO_COLOR": "1"})


def left(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def report(folder: Path) -> Any:
    return json.loads((folder / "report.json").read_text(encoding="utf-8"))


class Page(HTMLParser):
    """What a page holds: its elements, and every address that it would load."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.elements: list[str] = []
        self.loaded: list[str] = []
        self.links: list[str] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append(tag)
        self.loaded += [value or "" for name, value in attrs if name in LOADS]
        self.loaded += [name for name, _ in attrs if name.startswith("on")]
        self.links += [value or "" for name, value in attrs if name == "href"]


def test_it_prints_the_figures_and_leaves_a_page_and_json_and_nothing_else(here: Path) -> None:
    result = backtest("week.jsonl", "-o", "out")
    assert result.exit_code == 0, result.output
    assert "Alarms, high or above" in result.output
    assert "Told before half of the posts" in result.output
    assert sorted(left(here / "out")) == ["report.html", "report.json"]
    read = report(here / "out")
    [alert] = read["alerts"]
    assert (alert["posts_then"], alert["posts_finally"]) == (4, 8)
    [course] = read["courses"]
    assert len(course["posted_at"]) == 8
    assert course["forecasts"]
    page = (here / "out" / "report.html").read_text(encoding="utf-8")
    assert page.count('class="possible"') >= 1
    assert 'class="flag high"' in page


def test_the_same_archive_and_configuration_give_the_same_bytes(here: Path) -> None:
    (here / "elsewhere").mkdir()
    configure(here / "elsewhere" / "sparkwatch.yaml")
    (here / "elsewhere" / "week.jsonl").write_bytes((here / "week.jsonl").read_bytes())
    (here / "true.csv").write_text("brand,start,end\nAcme Air,2026-03-02,2026-03-02\n")
    for output, folder in (("one", ""), ("two", "elsewhere/")):
        ran = backtest(
            f"{folder}week.jsonl", "--config", f"{folder}sparkwatch.yaml",
            "--against", "deaf.yaml", "--labels", "true.csv", "-o", output,
        )  # fmt: skip  # one flag a word says no more
        assert ran.exit_code == 0, ran.output
    assert left(here / "one") == left(here / "two")


@pytest.mark.parametrize("language", ["en", "zh-Hans", "zh-Hant"])
def test_the_page_loads_nothing_runs_nothing_and_shows_hostile_text_as_text(
    here: Path, language: str
) -> None:
    configure(here / "sparkwatch.yaml", f"language: {language}\ntimezone: Asia/Taipei\n")
    write(here / "hostile.jsonl", [HOSTILE] * 8)
    (here / "true.csv").write_text(
        f'brand,start,end,title\nacme-air,2026-03-09,2026-03-10,"{HOSTILE.replace(chr(34), "")}"\n'
    )
    ran = backtest("hostile.jsonl", "--labels", "true.csv", "-o", "out")
    assert ran.exit_code == 0, ran.output
    text = (here / "out" / "report.html").read_text(encoding="utf-8")
    page = Page(text)
    assert page.loaded == []
    assert not {"script", "img", "iframe", "object", "b", "link"} & set(page.elements)
    assert all(re.fullmatch("#[0-9a-f]{10}", link) for link in page.links)
    assert "url(" not in text
    assert "@import" not in text
    assert "\u202e" not in text
    assert f'<html lang="{language}">' in text
    assert "&lt;script" in text
    assert ("Incident by incident" in text) is (language == "en")


def test_two_configurations_stand_beside_each_other(here: Path) -> None:
    ran = backtest("week.jsonl", "--against", "deaf.yaml", "-o", "out")
    assert ran.exit_code == 0, ran.output
    assert "told of by both 1, only by sparkwatch.yaml 0, only by deaf.yaml 0" in ran.output
    read = report(here / "out")
    assert read["changed_settings"] == [
        {"setting": "alerts.policy.high_audience", "a": "50000", "b": "70000"}
    ]
    [told] = read["told_by"]
    assert (told["config"]["level"], told["against"]["level"]) == ("high", "watch")
    page = (here / "out" / "report.html").read_text(encoding="utf-8")
    assert "alerts.policy.high_audience" in page
    assert page.count("deaf.yaml") >= 3


def test_a_silent_configuration_is_shown_with_its_reason(here: Path) -> None:
    configure(
        here / "silent.yaml", "alerts: {policy: {high_audience: 70000, watch_audience: 70000}}\n"
    )
    assert backtest("week.jsonl", "--against", "silent.yaml", "-o", "out").exit_code == 0
    [told] = report(here / "out")["told_by"]
    assert told["by"] == "config"
    page = (here / "out" / "report.html").read_text(encoding="utf-8")
    assert "silent: " in page


def test_each_of_two_configurations_says_what_it_says_alone(here: Path) -> None:
    backtest("week.jsonl", "-c", "deaf.yaml", "-o", "alone")
    backtest("week.jsonl", "--against", "deaf.yaml", "-o", "both")
    alone, beside = report(here / "alone"), report(here / "both")["against"]
    assert beside == {name: alone[name] for name in beside}


def test_alerts_are_judged_against_the_labels(here: Path) -> None:
    (here / "true.csv").write_text(
        "brand,start,end,title,posts\n"
        "Acme Air,,,Soaked suitcases,archive:3\n"
        "Acme Air,2026-03-02T12:00,2026-03-02T13:00,The one that was missed,4711 archive:99\n"
        "Acme Air,2026-03-02T06:00,2026-03-02T06:10,Another\n"
    )
    ran = backtest("week.jsonl", "--labels", "true.csv", "-o", "out")
    assert ran.exit_code == 0, ran.output
    assert "1 of 1 (100%" in ran.output
    read = report(here / "out")["labels"]
    assert (read["recall"]["hits"], read["recall"]["of"]) == (1, 2)
    assert [one["line"] for one in read["outside_the_archive"]] == [3]
    page = (here / "out" / "report.html").read_text(encoding="utf-8")
    assert "✓ Right: Soaked suitcases" in page
    assert "The one that was missed" in page


def test_labels_that_cannot_be_read_are_told_before_anything_runs(here: Path) -> None:
    (here / "true.csv").write_text("brand,start,end\nOther,2026-03-02,2026-03-02\n")
    result = backtest("week.jsonl", "--labels", "true.csv")
    assert isinstance(result.exception, ArchiveError)
    assert "line 2: the brand 'Other' is none that is watched" in str(result.exception)
    assert not (here / "backtest-output").exists()


def test_an_archive_without_posts_is_told(here: Path) -> None:
    (here / "empty.jsonl").write_text("\n")
    assert isinstance(backtest("empty.jsonl").exception, ArchiveError)


def test_the_store_of_the_live_program_is_not_touched(here: Path) -> None:
    configure(here / "sparkwatch.yaml", "store: {url: 'sqlite:///replay.db'}\n")
    (here / "replay.db").write_text("precious")
    assert backtest("week.jsonl", "-o", ".").exit_code == 0
    assert (here / "replay.db").read_text() == "precious"

"""`sparkwatch incidents`, `show` and `digest`: what is known, for a person to read."""

from __future__ import annotations

import shutil
import sqlite3
from datetime import UTC, datetime, timedelta
from pathlib import Path

import attrs
import pytest
from typer.testing import CliRunner, Result

from config.load import load
from monitor import app
from monitor.casework import Action, ActionKind, ResponseKind
from monitor.cli import app as commands
from monitor.commands.stored import open_file
from monitor.domain import Author, Observation, Post, PostKey
from monitor.store.history import Change, ChangeKind
from tests.fakes import FakeScorer

MONDAY = datetime(2026, 3, 2, 6, 0, tzinfo=UTC)
CONFIG = """
brands:
  - name: Acme Air
timezone: Asia/Taipei
alerts:
  channels:
    - {name: pr, kind: folder, path: sent}
"""


def posts() -> list[Observation]:
    """Complaints by a famous author and by a hostile one, and a Chinese one."""
    texts = (
        "Acme Air left our suitcases in the rain! [bold]not markup[/bold] \x1b[31m :smile:",
        "Acme Air suitcases, soaked again!",
        "Acme Air 把行李箱丢在雨里 suitcases!",
        "The Acme Air agent shouted at my grandmother!",
    )
    return [
        Observation(
            post=Post(
                key=PostKey("forum", str(number)),
                text=text,
                published_at=MONDAY + timedelta(minutes=10 * number),
                url=f"https://forum.example/{number}",
                author=Author(native_id=str(number), name=f"[red]Ann {number}", followers=60_000),
            ),
            observed_at=MONDAY + timedelta(minutes=10 * number),
        )
        for number, text in enumerate(texts)
    ]


@pytest.fixture(scope="module")
def left(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of somebody who replayed these posts."""
    folder = tmp_path_factory.mktemp("left")
    (folder / "sparkwatch.yaml").write_text(CONFIG, encoding="utf-8")
    prepared = app.replay(
        load(folder / "sparkwatch.yaml"),
        posts(),
        scores=FakeScorer(("suitcases",), ("grandmother",)),
        output=folder,
        tick=timedelta(minutes=5),
    )
    store = open_file(folder / "replay.db")
    prepared.replay.run(store, prepared.pipeline, lambda _moment: None)
    store.close()
    return folder


@pytest.fixture(autouse=True)
def there(left: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(left)
    return left


def run(*arguments: str) -> Result:
    return CliRunner().invoke(commands, list(arguments), env={"NO_COLOR": "1"})


def listed() -> list[str]:
    result = run("incidents", "--store", "replay.db")
    assert result.exit_code == 0, result.output
    return result.output.splitlines()


def test_incidents_are_listed_the_liveliest_first_in_the_readers_zone() -> None:
    heading, first, second = listed()
    assert heading.split()[:3] == ["id", "level", "brand"]
    assert "grandmother" in first
    assert "Mar 2, 14:30" in first
    assert "suitcases" in second


def test_one_incident_is_shown_with_what_was_said_and_who_was_told() -> None:
    identity = listed()[2].split()[0]
    result = run("show", identity[:5], "--store", "replay.db")
    assert result.exit_code == 0, result.output
    for words in (
        "3 posts by 3 people",
        "Asia/Taipei",
        "把行李箱丢在雨里",
        "[red]Ann",
        "https://forum.example/0",
        "60,000",
        "pr: sent",
    ):
        assert words in result.output
    assert "[bold]not markup[/bold] [31m :smile:" in result.output
    assert "\x1b" not in result.output


def test_an_incident_is_shown_with_what_was_answered_and_what_changed_since(there: Path) -> None:
    identity = listed()[2].split()[0]
    answered = Action(
        key="answer",
        incident=identity,
        at=MONDAY + timedelta(hours=1),
        by="Mei [red]",
        kind=ActionKind.RESPOND,
        response=ResponseKind.APOLOGY,
        link="https://acme.example/sorry",
    )
    copied = there / "answered.db"
    shutil.copy(there / "replay.db", copied)
    assert "What was answered" not in run("show", identity, "--store", str(copied)).output
    store = open_file(copied)
    with store.begin() as work:
        work.casework.add(answered)
    store.close()
    shown = run("show", identity, "--store", str(copied)).output
    assert "Answered Mar 2, 15:00 with an apology (logged by Mei [red])" in shown
    assert "https://acme.example/sorry" in shown
    assert "Since the answer of Mar 2, 15:00:" in shown


def test_an_incident_is_shown_with_its_touchpoint_where_the_brand_has_a_taxonomy(
    there: Path,
) -> None:
    identity = listed()[2].split()[0]
    with sqlite3.connect(there / "replay.db") as store:
        store.execute("UPDATE mentions SET touchpoint = 'damaged_baggage'")
    assert "Touchpoint" not in run("show", identity, "--store", "replay.db").output
    named = CONFIG.replace("Acme Air", "Acme Air\n    taxonomy: airline")
    (there / "airline.yaml").write_text(named, encoding="utf-8")
    shown = run("show", identity, "-c", "airline.yaml", "--store", "replay.db").output
    assert "Touchpoint: Damaged and stolen baggage, in 3 of 3 complaints" in shown


def test_what_became_of_an_incident_is_told_with_the_words_of_strangers_made_harmless(
    there: Path,
) -> None:
    first, second = (line.split()[0] for line in listed()[1:3])
    assert "took in no other" in run("incidents", second, "--store", "replay.db").output
    store = open_file(there / "replay.db")
    with store.begin() as work:
        work.incidents.note(
            Change(
                incident=second,
                at=MONDAY,
                kind=ChangeKind.TOOK_IN,
                other="gone",
                title="[red]bag fee\x1b[31m",
                posts=7,
            )
        )
        for incident, kind, other in (
            (second, ChangeKind.LET_GO, first),
            (first, ChangeKind.CAME_OUT, second),
        ):
            work.incidents.note(
                Change(incident=incident, at=MONDAY, kind=kind, other=other, posts=1)
            )
    store.close()
    told = run("incidents", second, "--store", "replay.db").output
    assert "at Mar 2, 14:00 took in “[red]bag fee" in told
    assert "(7 posts)" in told
    assert f"let go of 1 post that tell another story, {first} “" in told
    assert "\x1b" not in told
    assert f"came out of {second} “" in run("incidents", first, "--store", "replay.db").output


def test_an_incident_that_became_part_of_another_is_shown_as_that_one(there: Path) -> None:
    first, second = (line.split()[0] for line in listed()[1:3])
    shutil.copy(there / "replay.db", there / "merged.db")
    store = open_file(there / "merged.db")
    with store.begin() as work:
        gone = work.incidents.get(first)
        assert gone is not None
        work.incidents.absorb(attrs.evolve(gone, version=gone.version + 1), second)
    store.close()
    shown = run("show", first, "--store", "merged.db")
    assert f"{first} became part of {second}:" in shown.output
    assert "3 posts by 3 people" in shown.output
    assert shown.output.count("pr: sent") == 2


def test_an_id_that_means_no_incident_or_several_is_told() -> None:
    none = run("show", "zzz", "--store", "replay.db")
    several = run("show", "", "--store", "replay.db")
    assert (none.exit_code, several.exit_code) == (2, 2)
    assert "there is no incident zzz" in none.output
    assert "is the beginning of 2 incidents" in several.output


def test_where_nothing_is_open_that_is_said() -> None:
    assert "No open incidents" in run("incidents").output


def test_a_brand_that_is_not_configured_is_told() -> None:
    result = run("incidents", "--brand", "acme", "--store", "replay.db")
    assert "No brand has the id acme; there is acme-air." in result.output


@pytest.mark.parametrize("command", [("incidents",), ("show", "x"), ("digest",)])
def test_a_store_that_is_not_there_is_not_made(there: Path, command: tuple[str, ...]) -> None:
    result = run(*command, "--store", "mistyped.db")
    assert result.exit_code == 2
    assert "mistyped.db is no file" in result.output
    assert not (there / "mistyped.db").exists()


def test_the_stores_own_file_is_left_as_it_was(there: Path) -> None:
    with sqlite3.connect(there / "replay.db") as store:
        [(count,)] = store.execute("SELECT count(*) FROM posts")
    assert count == 4

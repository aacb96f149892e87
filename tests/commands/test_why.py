"""`sparkwatch why` and `sparkwatch silence`, over a store that a timeline left."""

from __future__ import annotations

import re
from datetime import timedelta
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from monitor.casework import ActionKind
from monitor.cli import app as commands
from monitor.domain import AlertKind, Level, Reason, Withheld
from monitor.store.store import Store
from tests.timelines.harness import Timeline

CONFIG = """
brands:
  - {name: Acme, id: acme, taxonomy: airline}
sources:
  - {name: forum, kind: rss, region: tw, urls: ["https://forum.example/feed"]}
timezone: Asia/Taipei
"""


@pytest.fixture
def there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a configuration and its store."""
    (tmp_path / "sparkwatch.yaml").write_text(CONFIG, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def line(there: Path) -> Timeline:
    """What happened there."""
    store = Store.open(f"sqlite:///{there}/sparkwatch.db")
    line = Timeline(store)
    line.alert("0:00", "bags", touchpoint="damaged_baggage")
    line.act("10:00", ActionKind.ACKNOWLEDGE, "bags", by="[red]Mei\x1b[31m")
    line.alert("20:00", "bags", Level.CRITICAL, kind=AlertKind.RAISED)
    line.act("30:00", ActionKind.NOISE, "bags")
    line.alert("40:00", "bags", Level.CRITICAL, kind=AlertKind.RAISED)
    for number in range(4):
        line.alert("50:00", f"story{number}")
    line.run("55:00", step="5:00")
    with store.begin() as work:
        work.alerts.withhold(
            Withheld(
                incident="bags",
                decided_at=line.at("0:00") - timedelta(minutes=5),
                reason=Reason(code="forming"),
            )
        )
    return line


def run(*arguments: str) -> Result:
    return CliRunner().invoke(commands, list(arguments), env={"NO_COLOR": "1"})


def told(*arguments: str) -> list[str]:
    result = run(*arguments)
    assert result.exit_code == 0, result.output
    return [re.sub(r" +", " ", text).strip() for text in result.output.splitlines()]


def test_the_whole_story_stands_on_one_screen_in_the_readers_zone(line: Timeline) -> None:
    story = told("why", "ba")
    assert story[0] == "bags"
    assert story[1].startswith("Critical · acme · bags · noise")
    assert story[2:] == [
        "Nov 23, 16:55 no alert: The story is still forming.",
        "Nov 23, 17:00 first post",
        "Nov 23, 17:00 enough for an incident",
        "Nov 23, 17:00 alert, High, new incident: The story is still forming.",
        "Nov 23, 17:05 everyone is told. It was told by itself.",
        "Nov 23, 17:05 message to pr: sent",
        "Nov 23, 17:10 [red]Mei[31m took it on",
        "Nov 23, 17:10 message to pr: sent",
        "Nov 23, 17:20 alert, Critical, more serious than before: The story is still forming.",
        "Nov 23, 17:20 everyone is told. It was told by itself.",
        "Nov 23, 17:20 message to pr: sent",
        "Nov 23, 17:30 Mei called it noise",
        "Nov 23, 17:30 message to pr: sent",
        "Nov 23, 17:40 alert, Critical, more serious than before: The story is still forming.",
        "Nov 23, 17:40 everyone is not told. Mei called it noise.",
    ]
    assert "\x1b" not in "".join(story)


def test_a_message_about_many_is_part_of_the_story_of_each(line: Timeline) -> None:
    assert told("why", "story3")[-2:] == [
        "Nov 23, 17:55 everyone is told. It was told in one message about 4 incidents.",
        "Nov 23, 17:55 message to pr: sent",
    ]


def test_an_incident_that_became_part_of_another_is_told_as_that_one(line: Timeline) -> None:
    line.merge("1:01:00", "story1", into="bags")
    line.run("1:05:00", step="5:00")
    story = told("why", "story1")
    assert story[0] == "story1 became part of bags:"
    assert "Nov 23, 17:55 everyone is told. It was told in one message about 4 incidents." in story


def test_a_beginning_that_means_several_incidents_is_refused(line: Timeline) -> None:
    result = run("why", "story")
    assert result.exit_code == 2
    assert "story is the beginning of 4 incidents" in result.output


def test_a_silence_is_added_listed_shown_and_ended(line: Timeline) -> None:
    (added,) = told(
        "silence", "add", "--for", "2h", "--by", "Mei", "--brand", "Acme", "--touchpoint",
        "damaged_baggage", "--comment", "a [b]strike",
    )  # fmt: skip
    assert added.startswith("Silence ")
    assert "brand: acme · touchpoint: damaged_baggage, until " in added
    name = added.split()[1].rstrip(":")
    (listed,) = told("silence", "list")
    assert listed.startswith(name)
    assert "by Mei (a [b]strike)" in listed
    assert any(text.startswith(name) for text in told("why", "bags"))
    assert told("silence", "end", name) == [f"The silence {name} is over."]
    assert told("silence", "list") == ["Nothing is silenced."]
    assert "[dim]" not in told("silence", "list", "--all")[0]
    again = run("silence", "end", name)
    assert again.exit_code == 2
    assert f"no silence {name} lasts" in again.output


@pytest.mark.parametrize(
    ("options", "says"),
    [
        (["--by", "Mei"], "say how long"),
        (["--by", "Mei", "--for", "2h", "--until", "2026-12-24"], "say how long"),
        (["--by", "Mei", "--for", "2"], "must be an interval"),
        (["--by", "Mei", "--until", "2020-01-01"], "it would be over already"),
        (["--by", "Mei", "--for", "2h", "--brand", "Acne"], "Did you mean 'acme'?"),
        (["--by", "Mei", "--for", "2h", "--touchpoint", "delya"], "Did you mean 'delay'?"),
        (["--by", "Mei", "--for", "2h", "--region", "tv"], "There is tw"),
        (["--by", "Mei", "--for", "2h", "--incident", "zzz"], "there is no incident zzz"),
    ],
)
def test_a_silence_that_means_nothing_is_refused_with_what_to_write(
    line: Timeline, options: list[str], says: str
) -> None:
    result = run("silence", "add", *options)
    assert result.exit_code == 2
    words = re.sub(r"[│\s]+", " ", result.output)
    assert says in words

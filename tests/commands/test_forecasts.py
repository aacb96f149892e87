"""`sparkwatch forecasts`: what is said and how such forecasts turned out, for a person to read."""

from __future__ import annotations

import io
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import attrs
import numpy as np
import pytest
from PIL import Image, ImageColor
from typer.testing import CliRunner, Result

from alerts.charts import PALETTE
from monitor.cli import app as commands
from monitor.commands.pictures import record_picture
from monitor.commands.stored import open_file
from monitor.domain import Forecast, Incident, IncidentState, PostKey, Quantiles, Quantity
from monitor.virality.record import records

MONDAY = datetime(2026, 3, 2, 6, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)
CONFIG = "brands:\n  - name: Acme Air\ntimezone: Asia/Taipei\nlanguage: {}\n"
HOSTILE = "[bold]fourth bag[/bold] \x1b[31m 行李"


def incident(name: str, number: int) -> Incident:
    return Incident(
        id=name,
        brand="acme-air",
        title=HOSTILE,
        state=IncidentState.OPEN,
        first_post=PostKey("forum", name),
        first_post_at=MONDAY,
        last_post_at=MONDAY + timedelta(minutes=number),
        posts=3,
        authors=2,
        opened_at=MONDAY,
    )


def story(name: str, *, times: int = 4, known: int = 24, grown: float = 1.5) -> list[Forecast]:
    """Forecasts of one incident, made every half hour; those of ``known`` hours are graded."""
    made = []
    for step in range(times):
        for hours in (1, 6, 24):
            seen = 10 * (step + 1)
            said = Quantiles(
                low90=seen, low50=seen + 2, median=seen * 1.5, high50=seen * 2.5, high90=seen * 5
            )
            made.append(
                Forecast(
                    incident=name,
                    quantity=Quantity.MENTIONS,
                    horizon=hours * HOUR,
                    made_at=MONDAY + step * HOUR / 2,
                    seen=seen,
                    model="growth-1/pooled",
                    quantiles=said,
                    outcome=round(seen * grown) if hours <= known else None,
                )
            )
    return made


def silent(name: str) -> Forecast:
    return attrs.evolve(story(name)[0], made_at=MONDAY - HOUR, seen=2, quantiles=None, outcome=None)


def kept(folder: Path, stories: dict[str, list[Forecast]]) -> None:
    """A configuration and a store that holds these incidents and their forecasts."""
    (folder / "sparkwatch.yaml").write_text(CONFIG.format("en"), encoding="utf-8")
    store = open_file(folder / "kept.db")
    with store.begin() as work:
        for number, (name, made) in enumerate(stories.items()):
            work.incidents.save(incident(name, number))
            work.forecasts.add(made)
    store.close()


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def run(*arguments: str) -> Result:
    words = ("forecasts", "--store", "kept.db", *arguments)
    return CliRunner().invoke(commands, words, env={"NO_COLOR": "1"})


def shown(*arguments: str) -> str:
    result = run(*arguments)
    assert result.exit_code == 0, result.output
    assert "\x1b" not in result.output
    return result.output


def amount(png: bytes, colour: str) -> float:
    """The share of a picture that has nearly this colour."""
    pixels = np.asarray(Image.open(io.BytesIO(png)).convert("RGB"), dtype=int)
    distance = np.abs(pixels - np.array(ImageColor.getrgb(colour))).sum(axis=2)
    return float((distance < 30).mean())


# --- what is forecast ---------------------------------------------------------------------------


def test_where_nothing_was_forecast_that_is_said(folder: Path) -> None:
    kept(folder, {"aaa111": []})
    assert "No open incident has a forecast" in shown()
    assert "No forecast is graded yet" in shown("--graded")
    assert "It has not been forecast" in shown("--incident", "aaa")
    assert json.loads(shown("--json")) == json.loads(shown("--graded", "--json")) == []


def test_the_newest_forecasts_of_open_incidents_are_listed_in_the_readers_zone(
    folder: Path,
) -> None:
    kept(folder, {"aaa111": story("aaa111"), "bbb222": [silent("bbb222")]})
    heading, silence, said, *rest = shown().splitlines()
    assert " ".join(heading.split()) == "id incident made what seen +1 hour +6 hours +24 hours"
    assert "bbb222" in silence
    assert silence.count("too little seen yet") == 1
    assert "aaa111" in said
    assert "[bold]fourth bag[/bold]" in said
    assert "Mar 2, 15:30" in said
    assert "60 (40–200) → 60" in said
    assert "Asia/Taipei" in "".join(rest)


def test_all_forecasts_of_one_incident_are_shown_with_what_came_of_them(folder: Path) -> None:
    kept(folder, {"aaa111": [*story("aaa111", known=6, grown=6.0), silent("aaa111")]})
    lines = shown("--incident", "aaa").splitlines()
    assert "aaa111" in lines[0]
    assert "too little seen yet" in lines[2]
    assert lines[3].count("15 (10–50) → 60 !") == 2
    assert lines[3].rstrip().endswith("15 (10–50)")
    assert len([line for line in lines if line.startswith("Mar 2")]) == 5


def test_of_a_long_lived_incident_the_last_times_are_shown(folder: Path) -> None:
    kept(folder, {"aaa111": story("aaa111", times=1_000)})
    text = shown("--incident", "aaa", "--limit", "2")
    assert "Forecast at 1,000 times; the last 2 are shown" in text
    assert len([line for line in text.splitlines() if line.startswith("Mar")]) == 2
    assert len(json.loads(shown("--incident", "aaa", "--json"))) == 3_000


def test_many_open_incidents_are_cut_to_the_limit(folder: Path) -> None:
    kept(folder, {f"{name}00": story(f"{name}00", times=1) for name in "abcdef"})
    text = shown("--limit", "3")
    assert [name for name in "abcdef" if f"{name}00" in text] == ["d", "e", "f"]
    assert "The 3 liveliest incidents; --limit shows more." in text


def test_an_incident_that_is_not_there_is_told(folder: Path) -> None:
    kept(folder, {"aaa111": [], "aaa222": []})
    assert "there is no incident zzz" in run("--incident", "zzz").output
    several = run("--incident", "aaa")
    assert (several.exit_code, "the beginning of 2 incidents" in several.output) == (2, True)


def test_numbers_and_times_are_written_in_the_readers_language(folder: Path) -> None:
    kept(folder, {"aaa111": story("aaa111")})
    (folder / "sparkwatch.yaml").write_text(CONFIG.format("zh-Hant"), encoding="utf-8")
    assert "3月2日 15:30" in shown()


def test_machines_get_everything_in_utc(folder: Path) -> None:
    kept(folder, {"aaa111": [*story("aaa111", times=1, known=1), silent("aaa111")]})
    first, hour, six, day = json.loads(shown("--incident", "aaa", "--json"))
    assert (first["quantiles"], first["seen"]) == (None, 2)
    assert hour == {
        "incident": "aaa111",
        "quantity": "mentions",
        "horizon_hours": 1.0,
        "made_at": "2026-03-02T06:00:00+00:00",
        "due_at": "2026-03-02T07:00:00+00:00",
        "model": "growth-1/pooled",
        "seen": 10,
        "quantiles": {"low90": 10, "low50": 12, "median": 15, "high50": 25, "high90": 50},
        "outcome": 15,
    }
    assert (six["outcome"], day["horizon_hours"]) == (None, 24.0)


# --- how forecasts turned out -------------------------------------------------------------------


def test_one_graded_forecast_is_shown_for_what_it_is(folder: Path) -> None:
    kept(folder, {"aaa111": story("aaa111", times=1, known=1)})
    heading, line, *rest = shown("--graded").splitlines()
    assert heading.split()[:3] == ["what", "ahead", "model"]
    assert line.split()[:6] == ["Posts", "+1", "hour", "growth-1/pooled", "1", "1"]
    assert "100% (27%–100%)" in line
    assert "From so few incidents nothing is proven yet" in "".join(rest)


def test_thousands_of_forecasts_of_one_incident_prove_no_more_than_one(folder: Path) -> None:
    kept(folder, {"aaa111": story("aaa111", times=1_000)})
    hour, *others = json.loads(shown("--graded", "--json"))
    assert [record["horizon_hours"] for record in others] == [6.0, 24.0]
    assert (hour["forecasts"], hour["incidents"]) == (1_000, 1)
    assert hour["inside90"]["share"] == 1.0
    assert hour["inside90"]["low90"] < 0.3


def test_models_are_graded_apart_and_one_incident_alone(folder: Path) -> None:
    other = [
        attrs.evolve(made, model="growth-1/news", outcome=999) for made in story("bbb222", times=2)
    ]
    kept(folder, {"aaa111": story("aaa111"), "bbb222": other})
    everything = json.loads(shown("--graded", "--json"))
    assert [(one["horizon_hours"], one["model"]) for one in everything[:2]] == [
        (1.0, "growth-1/news"),
        (1.0, "growth-1/pooled"),
    ]
    alone = json.loads(shown("--graded", "--incident", "bbb", "--json"))
    assert {one["model"] for one in alone} == {"growth-1/news"}
    assert {one["inside90"]["share"] for one in alone} == {0.0}


def test_an_outcome_that_is_not_due_is_not_in_the_record(folder: Path) -> None:
    tomorrow = datetime.now(UTC) + timedelta(hours=2)
    ahead = [attrs.evolve(made, made_at=tomorrow) for made in story("aaa111", times=1)]
    kept(folder, {"aaa111": ahead})
    assert "No forecast is graded yet" in shown("--graded")


# --- the picture --------------------------------------------------------------------------------


def test_the_record_is_drawn_and_what_it_shows_is_told(folder: Path) -> None:
    kept(folder, {"aaa111": story("aaa111"), "bbb222": story("bbb222", grown=4)})
    text = shown("--graded", "--picture", "record.png")
    assert "1 aaa111, 2 bbb222" in text
    png = (folder / "record.png").read_bytes()
    for colour in (PALETTE.seen, PALETTE.likely, PALETTE.possible):
        assert amount(png, colour) > 0.0005
    shown("--graded", "--picture", "record.png")
    assert (folder / "record.png").read_bytes() == png


def test_a_picture_of_nothing_is_not_made(folder: Path) -> None:
    kept(folder, {"aaa111": []})
    shown("--graded", "--picture", "record.png")
    assert not (folder / "record.png").exists()
    result = run("--picture", "record.png")
    assert (result.exit_code, "add --graded" in result.output) == (2, True)


def test_at_most_twenty_incidents_are_drawn() -> None:
    stories = [story(str(number), times=2) for number in range(25)]
    found = list(records(made for one in stories for made in one))
    assert record_picture(found, stories) == record_picture(found, stories[:20])
    assert amount(record_picture(found, stories), PALETTE.likely) > 0.001


def test_records_without_bands_are_drawn_alone() -> None:
    views = [attrs.evolve(made, quantity=Quantity.VIEWS) for made in story("a", times=1)]
    png = record_picture(list(records(views)), [views])
    assert amount(png, PALETTE.likely) > 0.0005
    with_bands = record_picture(list(records(views)), [story("a", times=1)])
    assert Image.open(io.BytesIO(png)).height < Image.open(io.BytesIO(with_bands)).height

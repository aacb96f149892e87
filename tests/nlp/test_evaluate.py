from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import pytest
from typer.testing import CliRunner

from monitor.domain import Aggravator, Assessment
from nlp.evaluate import app
from nlp.shipped import SHIPPED


class Pessimist:
    """Finds everything negative."""

    model = "pessimist"
    revision = "1"

    def score(
        self, texts: Sequence[str], hints: Sequence[str | None] | None = None
    ) -> list[Assessment]:
        said = Assessment(
            model=self.model,
            revision=self.revision,
            language="en",
            negative=0.8,
            neutral=0.1,
            positive=0.1,
        )
        return [said for _ in texts]

    def embed(self, texts: Sequence[str]) -> list[bytes]:
        return [b"" for _ in texts]

    def aggravators(self, embedding: bytes) -> tuple[Aggravator, ...]:
        return ()


@pytest.fixture
def pessimist(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("nlp.evaluate.load_scorer", lambda _model, threads: Pessimist())


def write(file: Path, *records: dict[str, object]) -> str:
    lines = [json.dumps({"text": "late again", "lang": "en"} | each) + "\n" for each in records]
    file.write_text("".join(lines), encoding="utf-8")
    return str(file)


@pytest.mark.usefixtures("pessimist")
def test_json_is_one_object_a_set(tmp_path: Path) -> None:
    one = write(tmp_path / "one.jsonl", {"sentiment": "neg"}, {"sentiment": "pos"})
    two = write(tmp_path / "two.jsonl", {"emotion": "anger"})
    told = CliRunner().invoke(app, [one, two, "--json"])
    assert told.exit_code == 0
    first, second = map(json.loads, told.stdout.splitlines())
    assert (first["set"], first["accuracy"], first["model"]) == ("one", 0.5, "pessimist")
    assert (second["set"], second["derived"]) == ("two", True)
    assert second["sentiment_accuracy"] == 1.0


@pytest.mark.usefixtures("pessimist")
def test_a_person_gets_tables_in_markdown(tmp_path: Path) -> None:
    one = write(tmp_path / "one.jsonl", {"sentiment": "neg"}, {"sentiment": "pos"})
    two = write(tmp_path / "t|wo.jsonl", {"emotion": "anger"}, {"emotion": "neutral"})
    told = CliRunner().invoke(app, [one, two])
    rows = [line for line in told.stdout.splitlines() if line.startswith("|")]
    assert len({row.count("|") for row in rows}) == 1
    heading, _rule, first, second, mean = rows
    assert [cell.strip() for cell in heading.split("|")[1:4]] == ["set", "n", "macro F1"]
    assert first.startswith("| one (not all classes)")
    assert second.startswith("| t?wo (derived, not all classes)")
    assert mean.startswith("| mean of 2")
    assert "anger" not in told.stdout, "this model tells no emotions"


@pytest.mark.usefixtures("pessimist")
def test_a_file_that_cannot_be_measured_does_not_cost_the_others(tmp_path: Path) -> None:
    good = write(tmp_path / "good.jsonl", {"sentiment": "neg"})
    broken = write(tmp_path / "broken.jsonl", {"sentiment": "neg"}, {"sentiment": "mixed"})
    empty = write(tmp_path / "empty.jsonl")
    bare = write(tmp_path / "bare.jsonl", {"mood": "neg"})
    missing = str(tmp_path / "missing.jsonl")
    told = CliRunner().invoke(app, [broken, empty, bare, missing, good, "--json"])
    assert told.exit_code == 1
    assert [json.loads(line)["set"] for line in told.stdout.splitlines()] == ["good"]
    assert f"{broken}, line 2: sentiment is 'mixed'" in told.stderr
    assert "empty holds no texts" in told.stderr
    assert "none of the 1 texts of bare has a label" in told.stderr
    assert f"{missing} cannot be read: No such file" in told.stderr
    assert "4 of 5 files could not be measured" in told.stderr


def test_a_model_that_cannot_be_loaded_is_one_sentence(tmp_path: Path) -> None:
    told = CliRunner().invoke(app, ["any.jsonl", "--model", str(tmp_path)])
    assert told.exit_code == 1
    assert told.stderr.startswith("nlp.evaluate: the model in the folder")


def test_the_folder_of_a_trained_model_can_be_measured(tmp_path: Path) -> None:
    file = write(tmp_path / "one.jsonl", {"sentiment": "neg", "complaint": 1})
    told = CliRunner().invoke(app, [file, "--model", str(SHIPPED), "--json", "--threads", "1"])
    record = json.loads(told.stdout)
    assert record["model"] == SHIPPED.name
    assert {"accuracy", "complaint_macro_f1"} <= set(record)


def test_the_help_states_what_macro_f1_is_of() -> None:
    told = CliRunner().invoke(app, ["--help"])
    assert "macro_f1, macro_recall and accuracy without a prefix" in told.stdout

from __future__ import annotations

import gzip
import json
from pathlib import Path

from typer.testing import CliRunner

from nlp.split import app, split
from nlp.training.corpus import Part, part_of, read_dev


def texts_of(part: Part, source: str) -> list[str]:
    return [text for each in range(60) if part_of(text := f"{source} {each}") is part]


def write_pool(folder: Path, *kinds: dict[str, object]) -> Path:
    pool = folder / "train_pool.jsonl.gz"
    with gzip.open(pool, "wt", encoding="utf-8") as lines:
        for kind in kinds:
            for each in range(60):
                record = {"text": f"{kind['src']} {each}", "lang": "en"} | kind
                lines.write(json.dumps(record) + "\n")
    return pool


def test_each_source_without_dev_set_becomes_a_dev_and_a_test_set(tmp_path: Path) -> None:
    pool = write_pool(
        tmp_path,
        {"src": "us_airline", "sent": "neg", "touch": "Late Flight"},
        {"src": "te_irony", "irony": 1},
        {"src": "te_offensive", "offensive": 0},
        {"src": "cold", "lang": "zh", "offensive": 1},
        {"src": "goemotions", "emo": ["joy"]},
    )
    written = split(pool, tmp_path / "out")
    names = {"airline_en", "irony_en", "offensive_en", "offensive_zh"}
    for part in (Part.DEV, Part.TEST):
        folder = tmp_path / "out" / part
        assert {file.stem for file in folder.iterdir()} == names
        airline = read_dev(folder / "airline_en.jsonl")
        assert [each.text for each in airline] == texts_of(part, "us_airline")
        assert {(each.sentiment, each.reason, each.complaint) for each in airline} == {(0, 6, None)}
        assert {each.irony for each in read_dev(folder / "irony_en.jsonl")} == {1}
        chinese = read_dev(folder / "offensive_zh.jsonl")
        assert {(each.offensive, each.language) for each in chinese} == {(1, "zh")}
        assert written[folder / "airline_en.jsonl"] == len(airline)


def test_of_a_complaint_only_the_complaint_and_its_severity_are_written(tmp_path: Path) -> None:
    kind = {"src": "complaints_xci", "sent": "pos", "emo": ["anger"], "complaint": 1, "severity": 3}
    pool = write_pool(tmp_path, kind)
    split(pool, tmp_path)
    lines = (tmp_path / "dev" / "complaints_en.jsonl").read_text(encoding="utf-8").splitlines()
    assert lines
    for line in lines:
        record = json.loads(line)
        assert set(record) == {"text", "lang", "complaint", "severity"}
        assert (record["complaint"], record["severity"]) == (1, 3)


def test_the_command_tells_what_it_wrote(tmp_path: Path) -> None:
    pool = write_pool(tmp_path, {"src": "te_irony", "irony": 0})
    told = CliRunner().invoke(app, [str(pool), str(tmp_path / "out")])
    assert told.exit_code == 0
    assert "irony_en.jsonl" in told.stdout


def test_a_pool_that_is_not_there_or_has_nothing_to_split_is_an_error(tmp_path: Path) -> None:
    missing = CliRunner().invoke(app, [str(tmp_path / "none.gz"), str(tmp_path / "out")])
    assert missing.exit_code == 1
    assert "none.gz cannot be split" in missing.stderr
    pool = write_pool(tmp_path, {"src": "goemotions", "emo": ["joy"]})
    nothing = CliRunner().invoke(app, [str(pool), str(tmp_path / "out")])
    assert nothing.exit_code == 1
    assert "has no texts of us_airline" in nothing.stderr

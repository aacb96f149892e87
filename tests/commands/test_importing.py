"""`sparkwatch import`: what comes in, and what a person is told of the rest."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from config.load import load
from monitor import app
from monitor.archive import ArchiveError
from monitor.cli import app as commands
from monitor.domain import PostKey


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "sparkwatch.yaml").write_text("brands:\n  - name: Acme\n")
    return tmp_path


def import_(*arguments: str) -> Result:
    return CliRunner().invoke(commands, ["import", *arguments], env={"NO_COLOR": "1"})


def rows(count: int, first: int = 0) -> Iterator[str]:
    for number in range(first, first + count):
        yield json.dumps(
            {"id": str(number), "text": f"Acme lost bag {number}", "published_at": "2026-03-01"}
        )


def stored() -> int:
    store = app.open_store(load(Path("sparkwatch.yaml")))
    try:
        with store.read() as work:
            return work.posts.count()
    finally:
        store.close()


def test_rows_are_kept_once_however_often_they_are_imported(here: Path) -> None:
    (here / "posts.jsonl").write_text("\n".join(rows(5)))
    first, second = import_("posts.jsonl"), import_("posts.jsonl")
    assert "5 rows read: 5 new, 0 changed; 0 lines left out" in first.output
    assert "5 rows read: 0 new, 0 changed; 0 lines left out" in second.output
    assert (first.exit_code, second.exit_code, stored()) == (0, 0, 5)


def test_foreign_columns_and_times_are_read_as_the_flags_say(here: Path) -> None:
    (here / "survey.csv").write_text("Comment,Date\nlost my bag,11/12/2026\n", encoding="utf-8")
    result = import_(
        "survey.csv", "--column", "text=Comment", "--column", "published_at=Date",
        "--time-format", "%d/%m/%Y", "--dry-run",
    )  # fmt: skip  # one flag a word says no more
    assert result.exit_code == 0, result.output
    assert "2026-12-11T00:00:00+00:00  import  lost my bag" in result.output
    assert "1 rows can be imported, 0 not; nothing was kept" in result.output
    assert not (here / "sparkwatch.db").exists()


def test_a_file_that_is_not_utf_8_is_read_and_that_is_told(here: Path) -> None:
    (here / "评论.csv").write_bytes("text,published_at\n行李丢了,2026-03-01\n".encode("gb18030"))
    result = import_("评论.csv", "--dry-run")
    assert "行李丢了" in result.output
    assert "read as GB18030: if the text looks wrong" in result.output


def test_lines_that_cannot_be_read_are_told_and_the_others_kept(here: Path) -> None:
    (here / "posts.jsonl").write_text("\n".join([*rows(3), "rubbish \x1b[31m", '{"text": "x"}']))
    result = import_("posts.jsonl")
    assert result.exit_code == 0
    assert "line 4 left out: the line is not JSON" in result.output
    assert "line 5 left out: there is no published_at" in result.output
    assert stored() == 3


def test_what_came_before_too_many_bad_lines_is_kept(here: Path) -> None:
    (here / "posts.jsonl").write_text("\n".join([*rows(3), "rubbish", "rubbish", *rows(3, 3)]))
    result = import_("posts.jsonl", "--max-errors", "1")
    assert isinstance(result.exception, ArchiveError)
    assert "more than 1 lines cannot be read" in str(result.exception)
    assert "3 rows read: 3 new" in result.output
    assert stored() == 3


@pytest.mark.parametrize("flags", [(), ("--dry-run",)])
@pytest.mark.parametrize("content", ["", "rubbish\n"])
def test_a_file_of_which_nothing_could_be_read_fails(
    here: Path, content: str, flags: tuple[str, ...]
) -> None:
    (here / "posts.jsonl").write_text(content)
    result = import_("posts.jsonl", *flags)
    assert result.exit_code == 1
    assert "no row in it could be read, so nothing was imported" in str(result.exception)


@pytest.mark.parametrize(
    ("flags", "told"),
    [
        (("--column", "Comment"), "is not FIELD=HEADER"),
        (("--column", "txt=Comment"), "the fields are author, author_name"),
        (("--column", "text=A", "--column", "text=B"), "given twice"),
        (("--source", "a:b"), "cannot name a source"),
        (("--source", ""), "cannot name a source"),
        (("--max-errors", "-1"), "max-errors"),
    ],
)
def test_a_flag_that_means_nothing_is_told(here: Path, flags: tuple[str, ...], told: str) -> None:
    (here / "posts.jsonl").write_text("\n".join(rows(1)))
    result = import_("posts.jsonl", *flags)
    assert result.exit_code == 2
    assert told in " ".join(result.output.replace("│", " ").split())
    assert not (here / "sparkwatch.db").exists()


def test_the_sources_name_is_part_of_the_key(here: Path) -> None:
    (here / "posts.jsonl").write_text("\n".join(rows(1)))
    assert import_("posts.jsonl", "--source", "tickets").exit_code == 0
    store = app.open_store(load(here / "sparkwatch.yaml"))
    with store.read() as work:
        assert list(work.posts.get([PostKey("tickets", "0")]))
    store.close()

"""The command line as a whole: how fast it starts, and how it ends when things go wrong."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from monitor import cli
from tests.acceptance.program import Program

ROOT = Path(__file__).parents[2]
HEAVY = ("torch", "transformers", "matplotlib", "scrapy", "lingua")


@pytest.mark.parametrize("command", ["--help", "init", "incidents"])
def test_what_reads_no_text_loads_neither_the_model_nor_the_pictures(
    command: str, tmp_path: Path
) -> None:
    (tmp_path / "sparkwatch.yaml").write_text("brands:\n  - name: Acme\n")
    arguments = {"init": ["--brand", "Acme", "--yes", "-o", "new.yaml"]}.get(command, [])
    code = (
        "import atexit, sys\n"
        f"atexit.register(lambda: print('heavy:', [m for m in {HEAVY} if m in sys.modules]))\n"
        "from monitor.cli import main; main()"
    )
    ended = subprocess.run(
        [sys.executable, "-c", code, command, *arguments],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert ended.stdout.splitlines()[-1] == "heavy: []"


def test_every_command_teaches_by_example() -> None:
    for command in (
        "init",
        "check",
        "run",
        "replay",
        "import",
        "incidents",
        "show",
        "explain",
        "digest",
    ):
        told = CliRunner().invoke(cli.app, [command, "--help"], env={"NO_COLOR": "1"}).output
        assert f"sparkwatch {command}" in told.partition("Examples")[2], command


def test_a_known_failure_is_one_line_with_nothing_in_it_that_steers_the_terminal(
    tmp_path: Path,
) -> None:
    ended = Program(tmp_path).run("incidents", "--config", "\x1b[31mnone[bold].yaml")
    assert ended.status == 1
    [line] = ended.errors.splitlines()
    assert line.startswith("sparkwatch: ")
    assert line.isprintable()
    assert "[bold].yaml" in line


def test_a_file_that_cannot_be_written_is_told_by_its_name(tmp_path: Path) -> None:
    (tmp_path / "sparkwatch.yaml").write_text("brands:\n  - name: Acme\n")
    ended = Program(tmp_path).run("digest", "-o", "missing/week.html")
    assert ended.status == 1
    assert ended.errors.strip() == "sparkwatch: missing/week.html: No such file or directory"


def test_a_reader_that_has_seen_enough_ends_it_quietly(tmp_path: Path) -> None:
    (tmp_path / "sparkwatch.yaml").write_text("brands:\n  - name: Acme\n")
    with Program(tmp_path).started("incidents") as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.close()
        errors = process.stderr.read()
    assert errors == ""


def hears_ctrl_c() -> None:
    """A job in a shell's background ignores it, and so would the program that its tests start."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def test_ctrl_c_ends_with_one_line(tmp_path: Path) -> None:
    (tmp_path / "sparkwatch.yaml").write_text("brands:\n  - name: Acme\n")
    os.mkfifo(tmp_path / "posts.jsonl")
    program = Program(tmp_path)
    with program.started("import", "posts.jsonl", limit=hears_ctrl_c) as process:
        assert process.stderr is not None
        with (tmp_path / "posts.jsonl").open("w"):  # it has opened the pipe and waits for a line
            process.send_signal(signal.SIGINT)
            errors = process.stderr.read()
            status = process.wait(20)
    assert status == 130
    assert errors.strip() == "sparkwatch: interrupted"


def test_words_of_a_stranger_neither_end_a_log_line_nor_steer_the_terminal(
    tmp_path: Path,
) -> None:
    code = (
        "import structlog; from monitor.cli import _log_to_stderr; _log_to_stderr();"
        r"structlog.get_logger().warning('says', detail='a\x1b[31m\nb')"
    )
    ended = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
    )
    [line] = ended.stderr.splitlines()
    assert line.isprintable()

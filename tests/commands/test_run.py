"""`sparkwatch run`: what it says, and what it ends with."""

from __future__ import annotations

import signal
import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
import structlog
from typer.testing import CliRunner, Result

from config.model import Settings
from monitor import app
from monitor.cli import app as commands
from monitor.pipeline import Pipeline
from monitor.scheduler import Runner
from monitor.store.errors import Problem, StoreError
from monitor.store.store import Store
from tests.acceptance.program import Program

CONFIG = "brands:\n  - name: Acme Air\n"


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "sparkwatch.yaml").write_text(CONFIG)
    before = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)}
    yield tmp_path
    for number, handler in before.items():
        signal.signal(number, handler)


def once() -> Result:
    with structlog.testing.capture_logs():
        return CliRunner().invoke(commands, ["run", "--once"], env={"NO_COLOR": "1"})


def use(monkeypatch: pytest.MonkeyPatch, pipeline: Pipeline) -> None:
    def runner(settings: Settings, store: Store, *, once: bool = False) -> Runner:
        return Runner(store, pipeline, settings.watched(), (), app.wall_clock)

    monkeypatch.setattr(app, "runner", runner)


def test_once_says_that_it_is_done(monkeypatch: pytest.MonkeyPatch) -> None:
    use(monkeypatch, Pipeline(()))
    result = once()
    assert result.exit_code == 0
    assert "No sources are configured in sparkwatch.yaml" in result.output
    assert "Watching Acme Air at no source" in result.output
    assert result.output.endswith("Done.\n")


def test_once_fails_where_not_everything_was_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    class Full:
        name, batch = "full", 1

        def run(self, store: Store, now: object) -> int:
            raise StoreError(Problem.FULL, "here")

    use(monkeypatch, Pipeline((Full(),)))
    result = once()
    assert result.exit_code == 1
    assert "Not everything was done; the next run takes it up." in result.output


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("live")
    (made / "sparkwatch.yaml").write_text(CONFIG)
    return made


@pytest.mark.parametrize(
    ("number", "status", "output", "errors"),
    [
        (signal.SIGTERM, 0, "Stopped.", ""),
        (signal.SIGINT, 130, "", "sparkwatch: interrupted"),
    ],
)
def test_a_signal_ends_it_with_one_line(
    folder: Path, number: signal.Signals, status: int, output: str, errors: str
) -> None:
    with Program(folder).started("run") as process:
        heard_watching(process)
        process.send_signal(number)
        said, complained = process.communicate(timeout=30)
    assert (process.returncode, said.strip(), complained.strip()) == (status, output, errors)


WEB = """
web:
  url: http://127.0.0.1:{port}
  listen: 127.0.0.1:{port}
  secret: a secret that is long enough for this test
"""


def test_the_pages_are_there_while_it_runs_and_end_with_it(folder: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    (folder / "web.yaml").write_text(CONFIG + WEB.format(port=port))
    address = f"http://127.0.0.1:{port}/health"
    with Program(folder).started("run", "--config", "web.yaml") as process:
        heard_watching(process)
        health = httpx.get(address)
        second = Program(folder).run("run", "--config", "web.yaml")
        process.send_signal(signal.SIGTERM)
        said, complained = process.communicate(timeout=30)
    assert health.text == "ok\n"
    assert (process.returncode, said.strip(), complained.strip()) == (0, "Stopped.", "")
    assert second.status == 1
    assert f"cannot listen at 127.0.0.1:{port} (Address already in use)" in second.errors
    assert "Loading the model" not in second.output
    with pytest.raises(httpx.ConnectError):
        httpx.get(address)


def heard_watching(process: subprocess.Popen[str]) -> None:
    assert process.stdout is not None
    for line in process.stdout:
        if line.startswith("Watching"):
            return
    raise AssertionError("it ended before it watched anything")

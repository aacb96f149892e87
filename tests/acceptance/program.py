"""The program as its user runs it: a process of its own, in a folder of the test's."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import attrs

__all__ = ["Ended", "Program"]

ROOT = Path(__file__).parents[2]
_MAIN = "from monitor.cli import main; main()"


@attrs.frozen
class Ended:
    """How a command ended, and all that it said."""

    status: int
    output: str
    errors: str
    seconds: float

    @property
    def said(self) -> str:
        """Everything on one line: tables and terminals break lines where they like."""
        return " ".join(f"{self.output} {self.errors}".split())


@attrs.frozen
class Program:
    """Runs ``sparkwatch`` in a folder."""

    folder: Path

    def run(self, *arguments: str, limit: Callable[[], None] | None = None) -> Ended:
        """Run one command to its end; ``limit`` is called in the new process before it begins."""
        begun = time.monotonic()
        with self.started(*arguments, limit=limit) as process:
            output, errors = process.communicate(timeout=120)
        return Ended(process.returncode, output, errors, time.monotonic() - begun)

    def started(
        self, *arguments: str, limit: Callable[[], None] | None = None
    ) -> subprocess.Popen[str]:
        """Begin a command."""
        return subprocess.Popen(
            [sys.executable, "-c", _MAIN, *arguments],
            cwd=self.folder,
            env={
                **os.environ,
                "PYTHONPATH": str(ROOT),
                "OMP_NUM_THREADS": "1",
                "NO_COLOR": "1",
                "TZ": "UTC",
            },
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            preexec_fn=limit,
        )

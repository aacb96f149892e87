"""Where answers that could not be read are kept: a folder next to the store, bounded."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

import attrs

from monitor.domain import FaultyAnswer

__all__ = ["MOST_OF_A_SOURCE", "FaultyAnswers"]

MOST_OF_A_SOURCE = 20
"""Answers that are kept of one source; the oldest go."""

_OWNER_ONLY = 0o600


@attrs.frozen
class FaultyAnswers:
    """A folder of answers, each as it came, beside a note that says where it came from.

    Both are named by source and time: ``forum-20261122T071500-0.body`` and ``.txt``.
    """

    folder: Path

    def keep(self, answers: Sequence[FaultyAnswer]) -> tuple[Path, ...]:
        """Write the answers, and remove what is more than is kept; raises ``OSError``."""
        written = []
        for number, answer in enumerate(answers):
            self.folder.mkdir(parents=True, exist_ok=True)
            stem = f"{_named(answer.source)}-{answer.observed_at:%Y%m%dT%H%M%S}-{number}"
            note = (
                f"{answer.place}\nstatus {answer.status}, {answer.content_type or 'no type'}\n"
                f"{answer.observed_at.isoformat()}\n{answer.reason}\n"
            )
            _write(self.folder / f"{stem}.txt", note.encode())
            written.append(_write(self.folder / f"{stem}.body", answer.body))
        for source in {answer.source for answer in answers}:
            for body in self.of(source)[MOST_OF_A_SOURCE:]:
                body.unlink(missing_ok=True)
                body.with_suffix(".txt").unlink(missing_ok=True)
        return tuple(written)

    def of(self, source: str) -> list[Path]:
        """The answers that are kept of a source, the newest first."""
        bodies = self.folder.glob("*.body")
        own = [path for path in bodies if path.stem.rsplit("-", 2)[0] == _named(source)]
        return sorted(own, reverse=True)


def _named(source: str) -> str:
    """A source's name as the start of a file's name, which a slash or a star would spoil."""
    return "".join(c if c.isalnum() or c in "._-" else "_" for c in source)[:80]


def _write(path: Path, content: bytes) -> Path:
    flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW
    with os.fdopen(os.open(path, flags, _OWNER_ONLY), "wb") as file:
        file.write(content)
    return path

"""What the stories of one brand mean, held against one another without what all have in common.

A row of a matrix for each story, so that one multiplication compares a post with all of them.
"""

from __future__ import annotations

from datetime import datetime

import numpy as np
import numpy.typing as npt

from monitor.incidents.story import Embeddings, Story, Vector

__all__ = ["Meanings"]

_TINY = 1e-6
_ROWS = 64


class Meanings:
    """The meaning of each story, against the mean of all posts as it is at the moment."""

    def __init__(self, settled: int) -> None:
        """From about ``settled`` posts on the mean over all posts is known."""
        self.background = Embeddings()
        self.names: list[str] = []
        """The story of each row."""
        self._settled = settled
        self._row_of: dict[str, int] = {}
        self._sums: Vector = np.zeros((0, 0), dtype=np.float32)
        self._counts: Vector = np.zeros((0, 2), dtype=np.float32)
        self._squares: Vector = np.zeros(0, dtype=np.float32)
        self._last_told = np.zeros(0, dtype=np.float64)

    def unsettled(self, chinese: bool) -> float:
        """1 where nothing was seen in this script, towards 0 as posts come in."""
        return self.background.unsettled(chinese, self._settled)

    def row(self, name: str) -> int | None:
        """The row of a story; ``None`` where none of its posts means anything that compares."""
        return self._row_of.get(name)

    def away(self, meaning: Embeddings) -> Vector:
        """The direction of a meaning away from what all posts mean, as a unit vector."""
        direction = self.apart(meaning)
        return direction / max(float(np.linalg.norm(direction)), _TINY)

    def apart(self, meaning: Embeddings) -> Vector:
        """The sum of a meaning's posts without what all posts mean."""
        apart: Vector = meaning.total - meaning.counts @ self._means()
        return apart

    def likeness(self, direction: Vector) -> Vector:
        """The cosine of each story, away from what all posts mean, with a unit vector."""
        means, rows = self._means(), len(self.names)
        sums, counts = self._sums[:rows], self._counts[:rows]
        along = sums @ np.stack((direction, *means), axis=1)
        products = along[:, 0] - counts @ (means @ direction)
        squares = (
            self._squares[:rows]
            - 2.0 * (counts * along[:, 1:]).sum(axis=1)
            + (counts @ (means @ means.T) * counts).sum(axis=1)
        )
        likeness: Vector = products / np.sqrt(np.maximum(squares, _TINY))
        return likeness

    def silent(self, now: datetime) -> npt.NDArray[np.float64]:
        """For how many seconds each story was not told."""
        return now.timestamp() - self._last_told[: len(self.names)]

    def place(self, story: Story) -> None:
        """Let a story be compared as it is now."""
        total = story.meaning.total
        if not total.size:
            return
        row = self._row_of.get(story.id)
        if row is None:
            row = len(self.names)
            self.names.append(story.id)
            self._row_of[story.id] = row
            if row >= len(self._sums):
                self._grow(max(_ROWS, 2 * row), total.size)
        self._sums[row] = total
        self._counts[row] = story.meaning.counts
        self._squares[row] = total @ total
        self._last_told[row] = story.last_post_at.timestamp()

    def drop(self, name: str) -> None:
        """Take a story's row out; the last one moves into its place."""
        row = self._row_of.pop(name, None)
        if row is None:
            return
        moved = self.names.pop()
        if moved != name:
            last = len(self.names)
            for column in (self._sums, self._counts, self._squares, self._last_told):
                column[row] = column[last]
            self.names[row] = moved
            self._row_of[moved] = row

    def _means(self) -> Vector:
        return self.background.means(self._settled)

    def _grow(self, rows: int, size: int) -> None:
        sums, known = np.zeros((rows, size), dtype=np.float32), len(self._sums)
        if known:
            sums[:known] = self._sums
        self._sums = sums
        self._counts = np.resize(self._counts, (rows, 2))
        self._squares = np.resize(self._squares, rows)
        self._last_told = np.resize(self._last_told, rows)

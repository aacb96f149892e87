"""Measures how well embeddings tell the same story from another one.

    python -m nlp.likeness --translations tests/nlp/complaints.tsv --stories news.jsonl

The translations are tab-separated, a column a language, a row a story. The stories are JSON
objects, one a line, with ``textCleaned`` and ``clusterNo``.
"""

from __future__ import annotations

import json
import random
from pathlib import Path
from typing import Annotated

import attrs
import numpy as np
import numpy.typing as npt
import typer

from nlp.embedded import EmbeddedScorer

__all__ = ["Likeness", "of_stories", "of_translations"]

Floats = npt.NDArray[np.float32]


@attrs.frozen(kw_only=True)
class Likeness:
    """Cosines of pairs that tell the same story, and of pairs that do not.

    ``separation`` is the chance that a pair of the first kind is closer than one of the second.
    ``first`` is the share of texts whose nearest neighbour is their own story's, where each story
    has just one text a side.
    """

    name: str
    same: Floats
    other: Floats
    first: float | None = None

    @property
    def separation(self) -> float:
        """The area under the ROC curve."""
        below = np.searchsorted(np.sort(self.other), self.same)
        return float(below.mean() / len(self.other))

    def caught(self, threshold: float) -> tuple[float, float]:
        """The share of pairs of the same story, and of others, at or above a cosine."""
        return float((self.same >= threshold).mean()), float((self.other >= threshold).mean())


def of_translations(scorer: EmbeddedScorer, path: Path) -> list[Likeness]:
    """Every pair of languages in a file of translations."""
    header, *rows = (line.split("\t") for line in path.read_text(encoding="utf-8").splitlines())
    sides = [_vectors(scorer, [row[side] for row in rows]) for side in range(len(header))]
    found = []
    for one in range(len(header)):
        for two in range(one + 1, len(header)):
            cosines = sides[one] @ sides[two].T
            same = cosines.diagonal()
            found.append(
                Likeness(
                    name=f"{header[one]} to {header[two]}",
                    same=same,
                    other=cosines[~np.eye(len(rows), dtype=bool)],
                    first=float((cosines.max(axis=1) == same).mean()),
                )
            )
    return found


def of_stories(scorer: EmbeddedScorer, path: Path, most: int) -> Likeness:
    """All pairs within a sample of headlines that people sorted into stories."""
    with path.open(encoding="utf-8") as lines:
        records = [json.loads(line) for line in lines]
    random.Random(1).shuffle(records)  # noqa: S311 - a repeatable lot, not a secret
    records = records[:most]
    vectors = _vectors(scorer, [record["textCleaned"] for record in records])
    stories = np.array([record["clusterNo"] for record in records])
    one, two = np.triu_indices(len(records), 1)
    cosines = (vectors @ vectors.T)[one, two]
    same = stories[one] == stories[two]
    return Likeness(name=path.stem, same=cosines[same], other=cosines[~same])


def _vectors(scorer: EmbeddedScorer, texts: list[str]) -> Floats:
    embedded = b"".join(scorer.embed(texts))
    return np.frombuffer(embedded, dtype="<f2").reshape(len(texts), -1).astype(np.float32)


def _row(likeness: Likeness) -> str:
    same = " ".join(f"{each:5.2f}" for each in np.percentile(likeness.same, [5, 10, 50, 90]))
    other = " ".join(f"{each:5.2f}" for each in np.percentile(likeness.other, [50, 90, 99, 99.9]))
    first = "" if likeness.first is None else f"{likeness.first:.2f}"
    return f"{likeness.name:22} {likeness.separation:10.4f} {first:>5}   {same}   {other}"


def _main(
    translations: Annotated[Path, typer.Option(help="a column a language, a row a story")],
    stories: Annotated[Path | None, typer.Option(help="headlines with their story")] = None,
    most: Annotated[int, typer.Option(help="headlines read")] = 2_000,
) -> None:
    """Measure the embedding of the model that ships."""
    scorer = EmbeddedScorer.load()
    found = of_translations(scorer, translations)
    if stories is not None:
        found.append(of_stories(scorer, stories, most))
    typer.echo(
        f"{'pairs':22} {'separation':>10} {'first':>5}   same: 5, 10, 50, 90 %      "
        "other: 50, 90, 99, 99.9 %"
    )
    for likeness in found:
        typer.echo(_row(likeness))
    typer.echo("\nshare of pairs at or above a cosine, same story / other")
    for threshold in (0.4, 0.45, 0.5, 0.55, 0.6, 0.65, 0.7, 0.75, 0.8):
        cells = "  ".join(
            "{}: {:.3f} / {:.4f}".format(each.name, *each.caught(threshold)) for each in found
        )
        typer.echo(f"{threshold:.2f}  {cells}")


if __name__ == "__main__":
    typer.run(_main)

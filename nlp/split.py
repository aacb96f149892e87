"""Writes the held-out parts of the training pool as sets that ``nlp.evaluate`` reads.

    python -m nlp.split FOLDER/train_pool.jsonl.gz OUT
    python -m nlp.evaluate OUT/dev/*.jsonl

Sources without a dev set of their own keep a tenth of their texts to choose on and a tenth to test,
by a hash of the text (``nlp.training.corpus.part_of``); ``nlp.train`` learns from neither.
"""

from __future__ import annotations

import json
from collections import defaultdict
from pathlib import Path
from types import MappingProxyType
from typing import Annotated

import typer

from nlp.training.corpus import REASONS, SENTIMENTS, SPLIT, WORST, Example, Part, read_pool

__all__ = ["app", "split"]

_NAMES = MappingProxyType(
    {
        "us_airline": "airline_en",
        "complaints_xci": "complaints_en",
        "te_irony": "irony_en",
        "te_offensive": "offensive_en",
        "cold": "offensive_zh",
    }
)

_HELP = "\n\n".join(f"\b\n{each}" for each in __doc__.replace("``", "").split("\n\n"))
"""Each paragraph as it stands, not filled anew."""

app = typer.Typer(add_completion=False, rich_markup_mode=None)


def split(pool: Path, out: Path) -> dict[Path, int]:
    """Write ``dev`` and ``test`` under ``out``; the files that were written, with their texts."""
    written = {}
    for part in (Part.DEV, Part.TEST):
        sets: dict[str, list[Example]] = defaultdict(list)
        for example in read_pool(pool, part):
            sets[example.source].append(example)
        folder = out / part
        folder.mkdir(parents=True, exist_ok=True)
        for source in SPLIT:
            if sets[source]:
                file = folder / f"{_NAMES[source]}.jsonl"
                with file.open("w", encoding="utf-8") as lines:
                    lines.writelines(_line(example) for example in sets[source])
                written[file] = len(sets[source])
    return written


def _line(example: Example) -> str:
    labels: dict[str, object] = {"text": example.text, "lang": example.language}
    labels |= _labels(example)
    return json.dumps(labels, ensure_ascii=False) + "\n"


def _labels(example: Example) -> dict[str, object]:
    """What people judged of a text, and were asked for.

    The complaints carry a sentiment and an emotion as well. They are left out, since they often say
    another thing than the text: a rude question to a railway is positive, thanks are neutral.
    """
    if example.source == "complaints_xci":
        severity = None if example.severity is None else round(example.severity * WORST)
        told: dict[str, object] = {"complaint": example.complaint, "severity": severity}
    elif example.source == "us_airline":
        told = {
            "sentiment": None if example.sentiment is None else SENTIMENTS[example.sentiment],
            "touch": None if example.reason is None else REASONS[example.reason],
        }
    else:
        told = {"offensive": example.offensive, "irony": example.irony}
    return {name: label for name, label in told.items() if label is not None}


@app.command(help=_HELP)
def _main(
    pool: Annotated[Path, typer.Argument(help="the training pool, gzipped JSON lines")],
    out: Annotated[Path, typer.Argument(help="the folder to write to")],
) -> None:
    try:
        written = split(pool, out)
    except OSError as problem:
        typer.echo(f"nlp.split: {pool} cannot be split: {problem}", err=True)
        raise typer.Exit(1) from problem
    for file, texts in written.items():
        typer.echo(f"{texts:6} {file}")
    if not written:
        typer.echo(f"nlp.split: {pool} has no texts of {', '.join(SPLIT)}", err=True)
        raise typer.Exit(1)


if __name__ == "__main__":
    app()

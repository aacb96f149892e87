"""Measures a scorer on labelled texts.

    python -m nlp.evaluate dev/*.jsonl
    python -m nlp.evaluate dev/umsab_en.jsonl --model cardiffnlp/twitter-xlm-roberta-base-sentiment

A file holds a JSON object a line: ``text``, ``lang`` and ``sentiment`` (neg, neu, pos), ``aspects``
(pairs of a category and a polarity; the text counts where they agree), ``emotion`` or ``emotions``.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import attrs
import numpy as np
import numpy.typing as npt
import typer

from monitor.domain import Assessment
from nlp.scoring import EMBEDDED, ModelError, Scorer, load_scorer
from nlp.training.corpus import SENTIMENTS, Example, read_dev

__all__ = ["Result", "evaluate"]

_RESAMPLES = 1_000
_BINS = 10
_CLASSES = len(SENTIMENTS)


@attrs.frozen(kw_only=True)
class Result:
    """How well a scorer did on one set; a figure is ``None`` where the set has no such labels.

    ``low`` and ``high`` enclose 95 % of the macro F1 of resampled sets. ``derived`` tells that the
    sentiment was inferred from emotions or aspects. ``ece`` is the expected calibration error of
    the likeliest sentiment; ``anger_f1`` counts a text as angry from a probability of one half.
    """

    name: str
    n: int
    derived: bool
    macro_f1: float | None = None
    low: float | None = None
    high: float | None = None
    macro_recall: float | None = None
    accuracy: float | None = None
    ece: float | None = None
    anger_n: int = 0
    anger_f1: float | None = None


def evaluate(name: str, examples: Sequence[Example], scorer: Scorer, *, seed: int = 1) -> Result:
    """Score every text of a set and compare with what people said."""
    said = scorer.score([example.text for example in examples])
    pairs = list(zip(examples, said, strict=True))
    result = Result(name=name, n=0, derived=any(example.derived for example in examples))
    judged = [
        (example.sentiment, assessment)
        for example, assessment in pairs
        if example.sentiment is not None
    ]
    if judged:
        result = _with_sentiment(result, judged, np.random.default_rng(seed))
    angry = [
        (bool(example.anger), assessment.anger >= 0.5)
        for example, assessment in pairs
        if example.anger is not None and assessment.anger is not None
    ]
    if angry:
        hits = sum(truth and guess for truth, guess in angry)
        wrong = sum(truth != guess for truth, guess in angry)
        score = 2 * hits / (2 * hits + wrong) if hits else 0.0
        result = attrs.evolve(result, anger_n=len(angry), anger_f1=score)
    return result


def _with_sentiment(
    result: Result, judged: Sequence[tuple[int, Assessment]], chance: np.random.Generator
) -> Result:
    truth = np.array([sentiment for sentiment, _ in judged])
    shares = np.array([[each.negative, each.neutral, each.positive] for _, each in judged])
    guess = shares.argmax(axis=1)
    cells = truth * _CLASSES + guess
    resampled = [
        _macro_f1(_table(chance.choice(cells, size=len(cells)))) for _ in range(_RESAMPLES)
    ]
    low, high = np.percentile(resampled, [2.5, 97.5])
    table = _table(cells)
    present = table.sum(axis=1) > 0
    return attrs.evolve(
        result,
        n=len(judged),
        macro_f1=_macro_f1(table),
        low=float(low),
        high=float(high),
        macro_recall=float((table.diagonal()[present] / table.sum(axis=1)[present]).mean()),
        accuracy=float((truth == guess).mean()),
        ece=_calibration_error(shares.max(axis=1), truth == guess),
    )


def _table(cells: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    return np.bincount(cells, minlength=_CLASSES**2).reshape(_CLASSES, _CLASSES)


def _macro_f1(table: npt.NDArray[np.int64]) -> float:
    """The mean F1 of the classes that occur in the truth (the rows)."""
    present = table.sum(axis=1) > 0
    both = table.sum(axis=1) + table.sum(axis=0)
    return float((2 * table.diagonal()[present] / both[present]).mean())


def _calibration_error(sure: npt.NDArray[np.float64], right: npt.NDArray[np.bool_]) -> float:
    bins = np.minimum((sure * _BINS).astype(int), _BINS - 1)
    gaps = [
        abs(float(sure[bins == each].mean() - right[bins == each].mean())) * (bins == each).mean()
        for each in np.unique(bins)
    ]
    return float(sum(gaps))


def _row(result: Result) -> str:
    cells = [
        "" if figure is None else f"{figure:.3f}"
        for figure in (
            *(result.macro_f1, result.low, result.high, result.macro_recall),
            *(result.accuracy, result.ece, result.anger_f1),
        )
    ]
    f1, low, high, recall, accuracy, ece, anger = cells
    interval = f"{low}-{high}" if low else ""
    name = result.name + (" *" if result.derived and f1 else "")
    return (
        f"{name:30} {result.n:6} {f1:>8} {interval:>12} {recall:>12} {accuracy:>8} {ece:>6}"
        f" {anger:>8}"
    )


def _main(
    files: Annotated[list[Path], typer.Argument(help="labelled texts, a JSON object a line")],
    model: Annotated[str, typer.Option(help="embedded, a folder or a hub id")] = EMBEDDED,
    as_json: Annotated[bool, typer.Option("--json", help="one JSON object a file")] = False,
    threads: Annotated[int, typer.Option(help="processor threads")] = 2,
) -> None:
    """Measure a model on labelled texts, a row a file."""
    try:
        scorer = load_scorer(model, threads=threads)
    except ModelError as error:
        typer.echo(f"nlp.evaluate: {error}", err=True)
        raise typer.Exit(1) from error
    if not as_json:
        typer.echo(f"{scorer.model} {scorer.revision}; * sentiment derived from other labels")
        typer.echo(
            f"{'set':30} {'n':>6} {'macro_f1':>8} {'95 %':>12} {'macro_recall':>12}"
            f" {'accuracy':>8} {'ece':>6} {'anger_f1':>8}"
        )
    for file in files:
        result = evaluate(file.stem, read_dev(file), scorer)
        typer.echo(json.dumps(attrs.asdict(result)) if as_json else _row(result))


if __name__ == "__main__":
    typer.run(_main)

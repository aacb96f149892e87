"""Measures a scorer on labelled texts.

    python -m nlp.evaluate dev/*.jsonl
    python -m nlp.evaluate dev/umsab_en.jsonl --model cardiffnlp/twitter-xlm-roberta-base-sentiment
    python -m nlp.evaluate dev/*_en.jsonl --model vader --json

A file is a set. It holds a JSON object a line: ``text``, ``lang`` and any of ``sentiment`` (neg,
neu, pos), ``aspects`` (pairs of a category and a polarity), ``emotion`` (one) or ``emotions`` (a
list; an empty one says that there is none), ``complaint``, ``offensive``, ``irony`` (0 or 1) and
``severity`` (0 to 4); the keys of the training pool do as well. The scorer is given the text alone.

What is measured, by task:

- ``sentiment_*``: against the likeliest of the three shares, be the model sure or not. Where nobody
  judged it, it is derived from a single emotion or from aspects that agree (``derived``). ``ece``
  is the expected calibration error; ``unsure`` the share of texts of which the model says that it
  cannot tell, and ``sure_accuracy`` the accuracy on the others. A set in which nobody judged a text
  neutral (``classes`` is 2) is measured in the same way: a text that is called neutral is wrong.
- ``emotion_*``: of sets with one emotion a text, the likeliest of the labels of that set; of the
  others the emotions that the model holds to be felt, and the mean F1 of those that occur.
  ``anger_f1`` is anger's.
- ``complaint_*``, ``offensive_*``, ``irony_*``: from a probability of one half. ``severity_mae`` is
  the mean absolute error in grades of 0 to 4.

``macro_f1``, ``macro_recall`` and ``accuracy`` without a prefix are those of the set's own task
(``task``): the first of sentiment that people judged, emotion, complaint, offensive and irony that
the set has labels for; sentiment derived from aspects if it has none of them. A model that has no
answer to a task has no figure for it.

A text of which the model abstained counts as wrong in every figure, with the largest possible error
of severity, and is left out of ``ece``; ``coverage`` is the share of the other texts. With each
figure goes what encloses it in 95 % of 1,000 sets that are drawn from the set again.
"""

from __future__ import annotations

import itertools
import json
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from threading import Timer
from types import MappingProxyType
from typing import Annotated

import numpy as np
import torch
import typer
from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

from nlp.baselines import BASELINES
from nlp.embedded import EmbeddedScorer
from nlp.measuring import Report, evaluate
from nlp.metrics import Figure
from nlp.scoring import EMBEDDED, ModelError, Scorer, load_scorer
from nlp.training.corpus import SENTIMENTS, UnreadableSetError, read_dev

__all__ = ["app", "tables"]

_PATIENCE = 2.0
_DERIVED = "derived"
_FEWER = "not all classes"
_USUAL = ("macro_f1", "macro_recall", "accuracy")
_COLUMNS = MappingProxyType(
    {
        "sentiment": (*_USUAL, "ece", "unsure", "sure_accuracy"),
        "emotion": (*_USUAL, "anger_f1"),
        "complaint": _USUAL,
        "severity": ("mae",),
        "offensive": _USUAL,
        "irony": _USUAL,
    }
)
_HEADINGS = MappingProxyType(
    {
        **{"macro_f1": "macro F1", "macro_recall": "macro recall", "ece": "ECE"},
        **{"sure_accuracy": "accuracy where sure", "anger_f1": "anger F1", "mae": "MAE (0-4)"},
    }
)


def tables(reports: Sequence[Report]) -> str:
    """A table in Markdown for each task, with the sets that have labels for it.

    Only columns that some set has are there; the last row is the mean over the sets.
    """
    found = []
    for task in _COLUMNS:
        shown = [report for report in reports if _columns(task, report)]
        if shown:
            found.append(f"**{task}**\n\n{_table(task, shown)}")
    return "\n\n".join([*found, *_notes(reports)])


def _columns(task: str, report: Report) -> dict[str, Figure]:
    """The figures of a task, by heading."""
    found = {}
    for name in _COLUMNS[task]:
        figure = report.figures.get(f"{task}_{name}", report.figures.get(name))
        if figure is not None:
            found[_HEADINGS.get(name, name)] = figure
    return found


def _table(task: str, reports: Sequence[Report]) -> str:
    told = [_columns(task, report) for report in reports]
    headings = [_HEADINGS.get(name, name) for name in _COLUMNS[task]]
    used = [heading for heading in headings if any(heading in figures for figures in told)]
    rows = [["set", "n", *used, "coverage"]]
    for report, figures in zip(reports, told, strict=True):
        name = _marked(report) if task == "sentiment" else _safe(report.name)
        cells = [_cell(figures.get(heading)) for heading in used]
        rows.append([name, str(report.texts[task]), *cells, f"{report.coverage:.3f}"])
    if len(reports) > 1:
        means = [_mean([figures.get(heading) for figures in told]) for heading in used]
        rows.append([f"mean of {len(reports)}", "", *means, ""])
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    rows.insert(1, ["-" * width for width in widths])
    return "\n".join(
        f"| {' | '.join(cell.ljust(width) for cell, width in zip(row, widths, strict=True))} |"
        for row in rows
    )


def _cell(figure: Figure | None) -> str:
    return "" if figure is None else f"{figure.value:.3f} ({figure.low:.3f}-{figure.high:.3f})"


def _mean(figures: Sequence[Figure | None]) -> str:
    """Over the sets, where all of them have the figure."""
    values = [figure.value for figure in figures if figure is not None]
    return f"{np.mean(values):.3f}" if len(values) == len(figures) else ""


def _marked(report: Report) -> str:
    marks = [_DERIVED] if report.derived else []
    marks += [_FEWER] if report.classes < len(SENTIMENTS) else []
    return f"{_safe(report.name)} ({', '.join(marks)})" if marks else _safe(report.name)


def _safe(name: str) -> str:
    return "".join(each if each.isprintable() and each != "|" else "?" for each in name)


def _notes(reports: Sequence[Report]) -> list[str]:
    notes = []
    polar = [report for report in reports if "sentiment" in report.texts]
    if any(report.derived for report in polar):
        notes.append(f"{_DERIVED}: nobody judged the sentiment; it follows from other labels.")
    if any(report.classes < len(SENTIMENTS) for report in polar):
        notes.append(
            f"{_FEWER}: nobody judged a text neutral, or negative, or positive; the model still"
            " chooses among the three."
        )
    abstained = sum(report.abstained for report in reports)
    if abstained:
        notes.append(f"The model abstained on {abstained} texts; they count as wrong.")
    return notes


_HELP = "\n\n".join(f"\b\n{each}" for each in __doc__.replace("``", "").split("\n\n"))
"""Each paragraph as it stands, not filled anew."""

app = typer.Typer(add_completion=False, rich_markup_mode=None)


@app.command(help=_HELP)
def _main(
    files: Annotated[list[Path], typer.Argument(help="labelled texts, a JSON object a line")],
    model: Annotated[
        str,
        typer.Option(help="embedded, vader, snownlp, a folder, or a hub id"),
    ] = EMBEDDED,
    as_json: Annotated[bool, typer.Option("--json", help="one JSON object a set")] = False,
    threads: Annotated[int, typer.Option(help="processor threads", min=1)] = 2,
) -> None:
    try:
        scorer = _load(model, threads)
    except ModelError as error:
        typer.echo(f"nlp.evaluate: {error}", err=True)
        raise typer.Exit(1) from error
    reports = []
    with _progress(len(files), streams=as_json) as began:
        for file in files:
            began(file.name)
            try:
                report = evaluate(file.stem, read_dev(file), scorer)
            except (UnreadableSetError, OSError) as problem:
                typer.echo(f"nlp.evaluate: {_explained(file, problem)}", err=True)
                continue
            reports.append(report)
            if as_json:
                about = {"model": scorer.model, "revision": scorer.revision}
                typer.echo(json.dumps(report.record() | about))
    if reports and not as_json:
        typer.echo(f"{scorer.model} {scorer.revision}\n\n{tables(reports)}")
    if len(reports) < len(files):
        missing = f"{len(files) - len(reports)} of {len(files)} files"
        typer.echo(f"nlp.evaluate: {missing} could not be measured", err=True)
        raise typer.Exit(1)


def _load(model: str, threads: int) -> Scorer:
    if model in BASELINES:
        return BASELINES[model]()
    if (Path(model) / "calibration.json").is_file():
        torch.set_num_threads(1)
        return EmbeddedScorer.load(Path(model), threads=threads)  # nlp.train wrote it
    return load_scorer(model, threads=threads)


@contextmanager
def _progress(files: int, *, streams: bool) -> Iterator[Callable[[str], None]]:
    """Gives what to call with the name of each file; after two seconds a terminal shows a bar.

    Args:
        files: how many there are.
        streams: whether results are printed meanwhile, so that a bar would be in their way.
    """
    console = Console(stderr=True)
    bar = Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        console=console,
        transient=True,
        redirect_stdout=False,
        disable=not console.is_interactive or (streams and sys.stdout.isatty()),
    )
    task = bar.add_task("", total=files)
    done = itertools.count()
    patience = Timer(_PATIENCE, bar.start)
    patience.daemon = True
    patience.start()
    try:
        yield lambda name: bar.update(task, description=escape(name), completed=next(done))
    finally:
        patience.cancel()
        patience.join()
        bar.stop()


def _explained(file: Path, problem: UnreadableSetError | OSError) -> str:
    if isinstance(problem, OSError):
        return f"{file} cannot be read: {problem.strerror}"
    return str(problem)


if __name__ == "__main__":
    app()

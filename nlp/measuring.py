"""What people said of the texts of a set, against what a model says of them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import TypeAlias

import attrs
import numpy as np

from monitor.domain import Assessment, Emotion, Sentiment
from nlp.metrics import (
    Figure,
    Flags,
    calibration_error,
    calibration_gaps,
    class_f1,
    counts,
    interval,
    mean_f1,
    mean_recall,
    resampled,
    share_right,
)
from nlp.scoring import Scorer
from nlp.training.corpus import SENTIMENTS, WORST, Example, UnreadableSetError

__all__ = ["Report", "evaluate"]

Judged: TypeAlias = tuple[Example, Assessment]

_HALF = 0.5
_TASKS = ("emotion", "complaint", "offensive", "irony", "sentiment", "severity")
"""Which a set is for, in this order, unless people judged its sentiment."""

_FELT = tuple(emotion for emotion in Emotion if emotion is not Emotion.NONE)


@attrs.frozen(kw_only=True)
class Report:
    """How well a scorer did on one set.

    ``texts`` holds the number of texts by task, ``figures`` each figure by its full name. ``task``
    is the one whose figures also go without a prefix. ``classes`` is the number of polarities that
    occur, ``abstained`` the number of texts of which the model said nothing.
    """

    name: str
    n: int
    task: str
    derived: bool
    classes: int
    abstained: int
    texts: Mapping[str, int]
    figures: Mapping[str, Figure]

    @property
    def coverage(self) -> float:
        """The share of texts of which the model said something."""
        return 1 - self.abstained / self.n

    def record(self) -> dict[str, object]:
        """The report as one flat object, to be written as JSON."""
        plain = {
            name: self.figures[f"{self.task}_{name}"]
            for name in ("macro_f1", "macro_recall", "accuracy")
            if f"{self.task}_{name}" in self.figures
        }
        flat: dict[str, object] = {"set": self.name, "n": self.n, "task": self.task}
        if "sentiment" in self.texts:
            flat |= {"derived": self.derived, "classes": self.classes}
        flat |= {f"{task}_n": n for task, n in self.texts.items()}
        flat |= {"abstained": self.abstained, "coverage": round(self.coverage, 6)}
        for name, figure in (plain | dict(self.figures)).items():
            flat[name] = round(figure.value, 6)
            flat[f"{name}_low"] = round(figure.low, 6)
            flat[f"{name}_high"] = round(figure.high, 6)
        return flat


def evaluate(name: str, examples: Sequence[Example], scorer: Scorer) -> Report:
    """Score every labelled text of a set and compare with what people said.

    Raises:
        UnreadableSetError: no text has a label.
    """
    if not examples:
        raise UnreadableSetError(f"{name} holds no texts")
    labelled = [each for each in examples if _is_labelled(each)]
    if not labelled:
        raise UnreadableSetError(
            f"none of the {len(examples)} texts of {name} has a label that is known: sentiment,"
            " aspects that agree, emotion, emotions, complaint, severity, offensive or irony"
        )
    said = scorer.score(
        [example.text for example in labelled], [example.language for example in labelled]
    )
    judged = list(zip(labelled, said, strict=True))
    asked = {task: texts for task in _MEASURES if (texts := _asked(judged, task))}
    polar = [example for example, _ in asked.get("sentiment", [])]
    derived = any(example.derived for example in polar)
    order = _TASKS if derived or not polar else ("sentiment",)
    figures: dict[str, Figure] = {}
    for task, texts in asked.items():
        if _tells(texts, task):
            figures |= _MEASURES[task](texts)
    return Report(
        name=name,
        n=len(judged),
        task=next(task for task in order if task in asked),
        derived=derived,
        classes=len({example.sentiment for example in polar}),
        abstained=sum(assessment.abstained for assessment in said),
        texts={task: len(texts) for task, texts in asked.items()},
        figures=figures,
    )


def _is_labelled(example: Example) -> bool:
    return any(getattr(example, _label(task)) is not None for task in _MEASURES)


def _label(task: str) -> str:
    return "emotions" if task == "emotion" else task


def _asked(judged: Sequence[Judged], task: str) -> list[Judged]:
    """The texts that have a label for a task; a derived one only where people judged none."""
    asked = [each for each in judged if getattr(each[0], _label(task)) is not None]
    if task == "sentiment":
        return [each for each in asked if not each[0].derived] or asked
    return asked


def _tells(judged: Sequence[Judged], task: str) -> bool:
    """Whether the model has an answer to a task, apart from texts of which it abstained."""
    answers = [said for _, said in judged if not said.abstained]
    if task == "emotion":
        return all(said.emotions for said in answers)
    return all(getattr(said, task) is not None for said in answers)


# --- the tasks ----------------------------------------------------------------------------------


def _of_sentiment(judged: Sequence[Judged]) -> dict[str, Figure]:
    classes = np.arange(len(SENTIMENTS))
    truth = np.array([example.sentiment for example, _ in judged])
    shares = np.array([[said.negative, said.neutral, said.positive] for _, said in judged])
    spoke = np.array([not said.abstained for _, said in judged])
    guess = np.where(spoke, shares.argmax(axis=1), -1)
    right = truth == guess
    figures = _exclusive("sentiment", truth[:, None] == classes, guess[:, None] == classes)
    if spoke.any():
        gaps = calibration_gaps(shares.max(axis=1)[spoke], right[spoke])
        errors = calibration_error(resampled(gaps), len(gaps))
        # Drawing again adds noise to every bin, which can only widen the gaps.
        figures["ece"] = interval(errors, centred=True)
    sure = np.array([said.sentiment is not Sentiment.UNSURE for _, said in judged])
    sums = resampled(np.stack([~sure, sure, sure & right], axis=1).astype(np.float64))
    figures["unsure"] = interval(sums[:, 0] / len(judged))
    if sure.any():
        figures["sure_accuracy"] = interval(sums[:, 2] / np.maximum(sums[:, 1], 1))
    return figures


def _of_emotion(judged: Sequence[Judged]) -> dict[str, Figure]:
    exclusive = all(example.single and len(example.emotions or ()) == 1 for example, _ in judged)
    labels = [
        label
        for label in (Emotion if exclusive else _FELT)
        if any(label in (example.emotions or ()) for example, _ in judged)
    ]
    truth = _flags([example.emotions or () for example, _ in judged], labels)
    if exclusive:
        told = [_likeliest(said, labels) for _, said in judged]
    else:
        told = [said.felt for _, said in judged]
    guess = _flags(told, labels)
    sums = resampled(counts(truth, guess))
    figures = (
        _exclusive("emotion", truth, guess)
        if exclusive
        else {"emotion_macro_f1": interval(mean_f1(sums))}
    )
    if Emotion.ANGER in labels:
        figures["anger_f1"] = interval(class_f1(sums)[:, labels.index(Emotion.ANGER)])
    return figures


def _flags(told: Sequence[Sequence[Emotion] | frozenset[Emotion]], labels: list[Emotion]) -> Flags:
    return np.array([[label in each for label in labels] for each in told], dtype=np.bool_)


def _likeliest(said: Assessment, labels: Sequence[Emotion]) -> tuple[Emotion, ...]:
    if not said.emotions:
        return ()
    return (max(labels, key=lambda label: said.emotions.get(label, 0.0)),)


def _of_flag(task: str) -> Callable[[Sequence[Judged]], dict[str, Figure]]:
    def measure(judged: Sequence[Judged]) -> dict[str, Figure]:
        truth = np.array([[getattr(example, task)] for example, _ in judged])
        guess = np.array([[_yes_or_no(getattr(said, task))] for _, said in judged])
        return _exclusive(task, truth == [0, 1], guess == [0, 1])

    return measure


def _yes_or_no(share: float | None) -> int:
    return -1 if share is None else int(share >= _HALF)


def _of_severity(judged: Sequence[Judged]) -> dict[str, Figure]:
    errors = [
        WORST * _error(example.severity, said.severity)
        for example, said in judged
        if example.severity is not None
    ]
    sums = resampled(np.array(errors)[:, None])
    return {"severity_mae": interval(sums[:, 0] / len(errors))}


def _error(truth: float, told: float | None) -> float:
    return max(truth, 1 - truth) if told is None else abs(truth - told)


def _exclusive(task: str, truth: Flags, guess: Flags) -> dict[str, Figure]:
    """The figures of a task in which each text belongs to one class."""
    sums = resampled(counts(truth, guess))
    return {
        f"{task}_macro_f1": interval(mean_f1(sums)),
        f"{task}_macro_recall": interval(mean_recall(sums)),
        f"{task}_accuracy": interval(share_right(sums)),
    }


_MEASURES: Mapping[str, Callable[[Sequence[Judged]], dict[str, Figure]]] = MappingProxyType(
    {
        "sentiment": _of_sentiment,
        "emotion": _of_emotion,
        "complaint": _of_flag("complaint"),
        "severity": _of_severity,
        "offensive": _of_flag("offensive"),
        "irony": _of_flag("irony"),
    }
)

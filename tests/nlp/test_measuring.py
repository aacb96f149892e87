from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest

from monitor.domain import Aggravator, Assessment, Emotion
from nlp.measuring import Report, evaluate
from nlp.training.corpus import Example, UnreadableSetError

ANGER, JOY, NONE, SADNESS = Emotion.ANGER, Emotion.JOY, Emotion.NONE, Emotion.SADNESS


class Oracle:
    """Says of each text what was written down for it; knows of polarity and nothing else."""

    model = "oracle"
    revision = "1"

    def __init__(self, **said: dict[str, Any]) -> None:
        self.said = said

    def score(
        self, texts: Sequence[str], hints: Sequence[str | None] | None = None
    ) -> list[Assessment]:
        return [self.assessment(**self.said.get(text, {})) for text in texts]

    def embed(self, texts: Sequence[str]) -> list[bytes]:
        return [b"" for _ in texts]

    def aggravators(self, embedding: bytes) -> tuple[Aggravator, ...]:
        return ()

    def assessment(self, **said: Any) -> Assessment:
        shares = {"negative": 0.0, "neutral": 1.0, "positive": 0.0}
        return Assessment(model=self.model, revision=self.revision, language="en", **shares | said)


def polar(sentiment: str, sure: float = 1.0) -> dict[str, float]:
    rest = (1 - sure) / 2
    return {
        name: sure if name == sentiment else rest for name in ("negative", "neutral", "positive")
    }


THIRD = 1 / 3
SILENT = {"negative": THIRD, "neutral": THIRD, "positive": THIRD, "abstained": True}
SPEAKER = Oracle(bad=polar("negative"), so=polar("neutral"), good=polar("positive"), silent=SILENT)


def example(text: str, sentiment: int | None = None, **labels: Any) -> Example:
    return Example(text=text, language="en", source="here", sentiment=sentiment, **labels)


def value(report: Report, name: str) -> float:
    return report.figures[name].value


def test_a_perfect_scorer_gets_full_marks() -> None:
    examples = [example("bad", 0), example("so", 1), example("good", 2)] * 5
    report = evaluate("few", examples, SPEAKER)
    assert (report.n, report.task, report.classes, report.coverage) == (15, "sentiment", 3, 1.0)
    for name in ("macro_f1", "macro_recall", "accuracy"):
        assert value(report, f"sentiment_{name}") == 1.0
    assert value(report, "ece") == 0.0
    assert "anger_f1" not in report.figures


def test_macro_f1_counts_every_class_alike() -> None:
    report = evaluate("few", [example("bad", 0)] * 9 + [example("bad", 2)], SPEAKER)
    assert value(report, "sentiment_accuracy") == 0.9
    assert value(report, "sentiment_macro_recall") == 0.5
    assert value(report, "sentiment_macro_f1") == pytest.approx((18 / 19) / 2)


def test_a_neutral_answer_is_wrong_where_nobody_judged_a_text_neutral() -> None:
    report = evaluate("few", [example("bad", 0), example("so", 2), example("good", 2)], SPEAKER)
    assert report.classes == 2
    assert value(report, "sentiment_accuracy") == pytest.approx(2 / 3)
    assert value(report, "sentiment_macro_f1") == pytest.approx((1 + 2 / 3) / 2)


def test_a_scorer_that_is_too_sure_shows_in_the_calibration_error() -> None:
    sure = Oracle(a=polar("negative", 0.9))
    report = evaluate("few", [example("a", 0), example("a", 2)] * 10, sure)
    assert value(report, "ece") == pytest.approx(0.4)


def test_the_interval_encloses_the_figure_and_repeats() -> None:
    examples = [example("bad", 0), example("so", 1), example("good", 2), example("good", 0)] * 10
    report = evaluate("few", examples, SPEAKER)
    assert report == evaluate("few", examples, SPEAKER)
    figure = report.figures["sentiment_macro_f1"]
    assert figure.low < figure.value < figure.high


def test_an_abstention_is_wrong_and_no_matter_of_calibration() -> None:
    report = evaluate("few", [example("silent", 0), example("bad", 0)], SPEAKER)
    assert (report.abstained, report.coverage) == (1, 0.5)
    assert value(report, "sentiment_accuracy") == 0.5
    assert value(report, "ece") == 0.0
    assert value(report, "unsure") == 0.5
    assert value(report, "sure_accuracy") == 1.0


def test_an_unsure_answer_counts_as_the_likeliest_and_is_told() -> None:
    unsure = Oracle(a=polar("negative", 0.4), b=polar("positive", 0.8))
    report = evaluate("few", [example("a", 0), example("b", 0)], unsure)
    assert value(report, "sentiment_accuracy") == 0.5
    assert value(report, "unsure") == 0.5
    assert value(report, "sure_accuracy") == 0.0


def test_nothing_but_abstentions_is_no_hit_at_all() -> None:
    angry = example("silent", 0, emotions=frozenset({ANGER}), severity=0.25, complaint=1)
    report = evaluate("few", [angry], SPEAKER)
    assert value(report, "sentiment_accuracy") == 0.0
    assert value(report, "emotion_macro_f1") == 0.0
    assert value(report, "complaint_macro_f1") == 0.0
    assert value(report, "severity_mae") == 3.0
    assert "ece" not in report.figures
    assert "sure_accuracy" not in report.figures


def of_emotions(**told: tuple[dict[Emotion, float], tuple[Emotion, ...]]) -> Oracle:
    return Oracle(**{text: {"emotions": each, "felt": felt} for text, (each, felt) in told.items()})


def test_one_emotion_is_the_likeliest_of_the_labels_of_the_set() -> None:
    said = of_emotions(
        a=({Emotion.DISGUST: 0.9, ANGER: 0.3, JOY: 0.1}, ()),
        b=({JOY: 0.4, ANGER: 0.3}, (ANGER,)),
        c=({JOY: 0.4, ANGER: 0.3}, ()),
    )
    examples = [
        example("a", 0, emotions=frozenset({ANGER}), single=True, derived=True),
        example("b", 2, emotions=frozenset({JOY}), single=True, derived=True),
        example("c", 0, emotions=frozenset({ANGER}), single=True, derived=True),
    ]
    report = evaluate("few", examples, said)
    assert (report.task, report.derived) == ("emotion", True)
    assert value(report, "emotion_macro_f1") == pytest.approx(2 / 3)
    assert value(report, "emotion_accuracy") == pytest.approx(2 / 3)
    assert value(report, "anger_f1") == pytest.approx(2 / 3)


def test_several_emotions_are_those_held_to_be_felt_and_none_is_not_among_them() -> None:
    said = of_emotions(
        a=({ANGER: 0.2}, (ANGER,)),
        b=({JOY: 0.9}, ()),
        c=({NONE: 0.9}, (NONE, SADNESS)),
    )
    examples = [
        example("a", emotions=frozenset({ANGER, JOY})),
        example("b", emotions=frozenset({JOY})),
        example("c", emotions=frozenset({NONE})),
    ]
    report = evaluate("few", examples, said)
    assert value(report, "anger_f1") == 1.0
    assert value(report, "emotion_macro_f1") == 0.5
    assert "emotion_accuracy" not in report.figures


def test_a_model_that_tells_no_emotions_has_no_figure_for_them() -> None:
    examples = [example("bad", 0, emotions=frozenset({ANGER}), derived=True, complaint=1)]
    record = evaluate("few", examples, SPEAKER).record()
    assert record["task"] == "emotion"
    assert record["sentiment_accuracy"] == 1.0
    assert not {"macro_f1", "emotion_macro_f1", "anger_f1", "complaint_macro_f1"} & set(record)


def test_complaints_and_their_severity_are_measured() -> None:
    said = Oracle(
        a={"complaint": 0.5, "severity": 0.75},
        b={"complaint": 0.4, "severity": 0.0},
    )
    examples = [
        example("a", complaint=1, severity=0.5),
        example("b", complaint=0, severity=0.0),
        example("b", complaint=1, severity=0.5),
    ]
    record = evaluate("few", examples, said).record()
    assert record["task"] == "complaint"
    assert record["complaint_macro_f1"] == record["macro_f1"] == pytest.approx(2 / 3)
    assert record["severity_mae"] == pytest.approx((1 + 0 + 2) / 3)
    assert "ece" not in record


@pytest.mark.parametrize("task", ["offensive", "irony"])
def test_what_is_offensive_or_ironic_is_measured(task: str) -> None:
    said = Oracle(a={task: 0.9}, b={task: 0.1})
    record = evaluate("few", [example("a", **{task: 1}), example("b", **{task: 0})], said).record()
    assert record["task"] == task
    assert record[f"{task}_macro_f1"] == record["macro_f1"] == 1.0


LABELS: list[tuple[list[Example], str]] = [
    ([example("bad", 0, emotions=frozenset({ANGER}), complaint=1)], "sentiment"),
    ([example("bad", 0, derived=True, emotions=frozenset({ANGER}), irony=0)], "emotion"),
    ([example("bad", 0, derived=True, complaint=1)], "complaint"),
    ([example("bad", complaint=1, offensive=1)], "complaint"),
    ([example("bad", offensive=1, irony=0)], "offensive"),
    ([example("bad", 0, derived=True)], "sentiment"),
    ([example("bad", severity=0.5)], "severity"),
]


@pytest.mark.parametrize(("examples", "task"), LABELS)
def test_a_set_is_for_the_first_task_that_people_judged(examples: list[Example], task: str) -> None:
    assert evaluate("few", examples, SPEAKER).task == task


def test_a_derived_sentiment_gives_way_where_people_judged_some() -> None:
    report = evaluate("few", [example("bad", 0), example("bad", 2, derived=True)], SPEAKER)
    assert (report.derived, report.texts["sentiment"]) == (False, 1)
    assert value(report, "sentiment_accuracy") == 1.0


def test_the_record_is_flat_and_gives_an_interval_with_each_figure() -> None:
    record = evaluate("few", [example("bad", 0), example("good", 2)], SPEAKER).record()
    assert {name: record[name] for name in ("set", "n", "derived", "sentiment_n", "abstained")} == {
        "set": "few",
        "n": 2,
        "derived": False,
        "sentiment_n": 2,
        "abstained": 0,
    }
    for name in ("macro_f1", "macro_recall", "accuracy", "ece", "unsure", "sure_accuracy"):
        assert {name, f"{name}_low", f"{name}_high"} <= set(record)


def test_a_text_without_label_is_left_out() -> None:
    assert evaluate("few", [example("bad", 0), example("so")], SPEAKER).n == 1


@pytest.mark.parametrize(
    ("examples", "why"),
    [([], "few holds no texts"), ([example("a")], "none of the 1 texts of few")],
)
def test_a_set_without_texts_or_labels_says_so(examples: list[Example], why: str) -> None:
    with pytest.raises(UnreadableSetError, match=why):
        evaluate("few", examples, SPEAKER)

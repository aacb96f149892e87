from __future__ import annotations

from collections.abc import Sequence

import pytest

from monitor.domain import Assessment
from nlp.evaluate import evaluate
from nlp.training.corpus import Example


class Oracle:
    """Says of each text what its first letter tells."""

    model = "oracle"
    revision = "1"

    def __init__(self, sure: float) -> None:
        self.sure = sure

    def score(
        self, texts: Sequence[str], hints: Sequence[str | None] | None = None
    ) -> list[Assessment]:
        rest = (1.0 - self.sure) / 2
        return [
            Assessment(
                model=self.model,
                revision=self.revision,
                language="en",
                negative=self.sure if text[0] == "-" else rest,
                neutral=self.sure if text[0] == "0" else rest,
                positive=self.sure if text[0] == "+" else rest,
                anger=self.sure if text[0] == "-" else 0.0,
            )
            for text in texts
        ]


def example(text: str, sentiment: int | None, anger: float | None = None) -> Example:
    return Example(text=text, language="en", source="here", sentiment=sentiment, anger=anger)


def test_a_perfect_scorer_gets_full_marks() -> None:
    examples = [example("-", 0), example("0", 1), example("+", 2)] * 5
    result = evaluate("set", examples, Oracle(1.0))
    assert (result.n, result.macro_f1, result.macro_recall, result.accuracy) == (15, 1.0, 1.0, 1.0)
    assert result.ece == 0.0
    assert result.anger_f1 is None


def test_macro_f1_counts_every_class_alike() -> None:
    examples = [example("-", 0)] * 9 + [example("-", 2)]
    result = evaluate("set", examples, Oracle(1.0))
    assert result.accuracy == 0.9
    assert result.macro_recall == 0.5
    assert result.macro_f1 == pytest.approx((18 / 19) / 2)


def test_a_scorer_that_is_too_sure_shows_in_the_calibration_error() -> None:
    examples = [example("-", 0), example("-", 2)] * 10
    assert evaluate("set", examples, Oracle(0.9)).ece == pytest.approx(0.4)


def test_the_interval_encloses_the_figure_and_repeats() -> None:
    examples = [example("-", 0), example("0", 1), example("+", 2), example("+", 0)] * 10
    result = evaluate("set", examples, Oracle(0.8))
    assert result == evaluate("set", examples, Oracle(0.8))
    assert result.low is not None
    assert result.macro_f1 is not None
    assert result.high is not None
    assert result.low < result.macro_f1 < result.high


def test_anger_is_judged_where_somebody_was_asked() -> None:
    examples = [example("-", None, 1.0), example("-", None, 0.0), example("+", None, 0.0)]
    result = evaluate("set", examples, Oracle(0.9))
    assert (result.n, result.macro_f1, result.anger_n) == (0, None, 3)
    assert result.anger_f1 == pytest.approx(2 / 3)

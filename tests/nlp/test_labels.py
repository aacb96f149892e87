from __future__ import annotations

import pytest

from nlp.errors import ModelError
from nlp.labels import polarities


@pytest.mark.parametrize(
    ("names", "places"),
    [
        (["negative", "neutral", "positive"], (0, 1, 2)),
        (["positive", "negative"], (2, 0)),
        (["POS", "NEU", "NEG"], (2, 1, 0)),
        (["1 star", "2 stars", "3 stars", "4 stars", "5 stars"], (0, 0, 1, 2, 2)),
        (["Very Negative", "Negative", "Neutral", "Positive", "Very Positive"], (0, 0, 1, 2, 2)),
        (["label_positive", "label_negative"], (2, 0)),
        (["very_negative", "VERY-POSITIVE"], (0, 2)),
        (["消极", "积极"], (0, 2)),
    ],
)
def test_classes_are_read_by_their_names(names: list[str], places: tuple[int, ...]) -> None:
    assert polarities(dict(enumerate(names)), None, "some/model") == places


def test_unknown_names_are_never_guessed_by_their_order() -> None:
    with pytest.raises(ModelError, match=r"'LABEL_0', 'LABEL_1', 'LABEL_2'.*nlp\.labels"):
        polarities({0: "LABEL_0", 1: "LABEL_1", 2: "LABEL_2"}, None, "some/model")


def test_a_map_in_the_configuration_decides() -> None:
    labels = {"LABEL_0": "positive", "label_1": "Negative"}
    assert polarities({0: "LABEL_0", 1: "LABEL_1"}, labels, "some/model") == (2, 0)


def test_a_map_that_leaves_a_class_out_is_refused() -> None:
    with pytest.raises(ModelError, match="cannot be told"):
        polarities({0: "LABEL_0", 1: "LABEL_1"}, {"LABEL_0": "negative"}, "some/model")


def test_a_map_to_something_else_is_refused() -> None:
    with pytest.raises(ModelError, match="'angry'"):
        polarities({0: "A", 1: "B"}, {"A": "angry", "B": "positive"}, "some/model")


def test_a_map_of_classes_that_the_model_lacks_is_refused() -> None:
    with pytest.raises(ModelError, match=r"'c'.*does not have.*'A', 'B'"):
        polarities({0: "A", 1: "B"}, {"C": "negative"}, "some/model")


def test_a_model_of_something_else_than_sentiment_is_refused() -> None:
    with pytest.raises(ModelError, match="'joy', 'anger'"):
        polarities({0: "joy", 1: "anger"}, None, "some/model")

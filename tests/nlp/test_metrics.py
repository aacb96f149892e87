from __future__ import annotations

import numpy as np
import pytest

from nlp.metrics import (
    Classes,
    Floats,
    accuracy,
    binary_f1,
    calibration_error,
    calibration_gaps,
    class_f1,
    counts,
    interval,
    macro_f1,
    mean_f1,
    mean_recall,
    resampled,
    share_right,
)

TRUTH = np.array([0, 0, 0, 1, 1, 2])
GUESS = np.array([0, 0, 1, 1, 1, 0])


def table(truth: Classes, guess: Classes) -> Floats:
    each = np.arange(3)
    sums: Floats = counts(truth[:, None] == each, guess[:, None] == each).sum(axis=0)
    return sums


def test_figures_of_three_classes_are_what_one_counts_by_hand() -> None:
    sums = table(TRUTH, GUESS)
    assert class_f1(sums).tolist() == pytest.approx([2 / 3, 4 / 5, 0.0])
    assert mean_f1(sums) == pytest.approx((2 / 3 + 4 / 5) / 3)
    assert mean_recall(sums) == pytest.approx((2 / 3 + 1 + 0) / 3)
    assert share_right(sums) == pytest.approx(4 / 6)
    assert macro_f1(TRUTH, GUESS) == pytest.approx(float(mean_f1(sums)))
    assert accuracy(TRUTH, GUESS) == pytest.approx(4 / 6)


def test_a_class_that_nobody_meant_is_left_out_of_the_mean() -> None:
    truth = np.array([0, 0, 2, 2])
    guess = np.array([0, 1, 2, 2])
    assert mean_f1(table(truth, guess)) == pytest.approx((2 / 3 + 1) / 2)
    assert macro_f1(truth, guess) == pytest.approx((2 / 3 + 1) / 2)


def test_a_text_of_which_nothing_was_told_is_wrong() -> None:
    sums = table(np.array([0, 0, 1]), np.array([0, -1, 1]))
    assert share_right(sums) == pytest.approx(2 / 3)
    assert class_f1(sums)[:2].tolist() == pytest.approx([2 / 3, 1.0])


def test_a_class_on_neither_side_has_an_f1_of_zero() -> None:
    nobody = np.array([False, False])
    assert binary_f1(nobody, nobody) == 0.0
    assert binary_f1(np.array([True, False]), np.array([True, True])) == pytest.approx(2 / 3)


def test_the_first_sums_are_those_of_the_set_and_a_thousand_follow() -> None:
    columns = np.array([[1.0, 0.0], [1.0, 1.0], [1.0, 0.0]])
    sums = resampled(columns)
    assert sums.shape == (1001, 2)
    assert sums[0].tolist() == [3.0, 1.0]
    assert set(sums[:, 0]) == {3.0}, "every set is as large"
    assert set(sums[1:, 1]) == {0.0, 1.0, 2.0, 3.0}
    assert (resampled(columns) == sums).all(), "the draw is repeatable"


def test_the_interval_of_a_share_is_as_wide_as_theory_says() -> None:
    heads = np.array([[1.0]] * 300 + [[0.0]] * 700)
    figure = interval(resampled(heads)[:, 0] / 1000)
    spread = 1.96 * np.sqrt(0.3 * 0.7 / 1000)
    assert figure.value == pytest.approx(0.3)
    assert figure.low == pytest.approx(0.3 - spread, abs=0.004)
    assert figure.high == pytest.approx(0.3 + spread, abs=0.004)


def test_the_calibration_error_is_the_mean_gap_between_claim_and_truth() -> None:
    sure = np.array([0.95] * 10 + [0.65] * 10)
    right = np.array([True] * 9 + [False] + [True] * 5 + [False] * 5)
    gaps = calibration_gaps(sure, right)
    assert calibration_error(gaps.sum(axis=0), 20) == pytest.approx((0.05 + 0.15) / 2)


def test_certainty_falls_into_the_last_bin() -> None:
    gaps = calibration_gaps(np.array([1.0, 1.0]), np.array([True, False]))
    assert calibration_error(gaps.sum(axis=0), 2) == pytest.approx(0.5)


def test_a_centred_interval_holds_a_figure_that_drawing_again_makes_larger() -> None:
    chance = np.random.default_rng(3)
    sure = chance.uniform(0.4, 1.0, size=400)
    right = chance.random(400) < sure
    sums = resampled(calibration_gaps(sure, right))
    figure = interval(calibration_error(sums, 400), centred=True)
    assert 0 <= figure.low < figure.value < figure.high

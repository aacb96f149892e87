from __future__ import annotations

import numpy as np
import pytest

from monitor.virality.cascade import Cascade
from monitor.virality.forecast import Forecaster
from monitor.virality.growth import ANY
from monitor.virality.recalibration import FEWEST_INCIDENTS, Recalibration, recalibrated

MODEL = Forecaster.load().growth


def closed(count: int, later: float, seed: int = 3) -> list[Cascade]:
    """Incidents that go on to ``later`` times what they have in the first hour."""
    draw = np.random.default_rng(seed)
    return [
        Cascade(
            dataset="own",
            name=str(number),
            began=1.7e9 + 86_400 * number,
            hours=np.sort(
                np.concatenate(
                    [[0.0], draw.uniform(0, 1, 12), draw.uniform(1, 25, draw.poisson(12 * later))]
                )
            ),
        )
        for number in range(count)
    ]


def test_a_brand_whose_incidents_hardly_grow_is_forecast_lower() -> None:
    found = recalibrated(MODEL, ANY, closed(90, later=0.05))
    assert found is not None
    assert found.incidents == 90
    assert found.factor < 0.8


def test_few_incidents_change_nothing() -> None:
    assert recalibrated(MODEL, ANY, closed(FEWEST_INCIDENTS - 1, later=0.05)) is None


def test_a_correction_that_the_newest_incidents_refute_is_dropped() -> None:
    calm, wild = closed(60, later=0.02), closed(90, later=8.0, seed=4)[60:]
    assert recalibrated(MODEL, ANY, [*calm, *wild]) is None


def test_corrected_levels_still_hold_one_another() -> None:
    growth = np.array([[0.0, 0.1, 0.4, 0.9, 2.0]])
    for scale50, scale90 in ((0.5, 2.0), (3.0, 0.3)):
        said = Recalibration(factor=0.5, scale50=scale50, scale90=scale90).apply(growth)
        assert (np.diff(said[0]) >= 0).all()
        assert said[0][2] == pytest.approx(0.2)

"""What is usual for a brand is learned from the hours in which it could be heard."""

from __future__ import annotations

from datetime import UTC, timedelta

import pytest

from monitor.domain import SourceTrouble, TroubleKind
from monitor.stages.usual import Usual, learn
from tests.stages.scene import Scene, at, said

DAY = 24 * 60
HEARD, NOW = 14 * DAY, 21 * DAY


def _two_weeks(scene: Scene) -> None:
    """Complaints twice a day, of which the last week brings none."""
    for number in range(28):
        text = f"Acme Air lost thing{number} item{number}"
        scene.gather(said(f"usual{number}", text, number * DAY / 2))
    scene.run(HEARD)


def _down(scene: Scene, source: str, since: float, over: float | None = None) -> None:
    trouble = SourceTrouble(
        source=source,
        kind=TroubleKind.DOWN,
        since=at(since),
        noticed_at=at(since + 60),
        over_at=None if over is None else at(over),
    )
    with scene.store.begin() as work:
        work.sources.put_trouble(trouble)


def _learned(scene: Scene) -> Usual:
    with scene.store.read() as work:
        return learn("acme", (), UTC, work, at(NOW))


def _a_day(usual: Usual) -> float:
    return usual.expected(timedelta(days=1), at(NOW))


def test_a_week_in_which_the_source_was_down_makes_nothing_less_usual(lite_scene: Scene) -> None:
    _two_weeks(lite_scene)
    calm = _a_day(_learned(lite_scene))
    _down(lite_scene, "mastodon", HEARD, over=NOW - 300)
    heard = _a_day(_learned(lite_scene))
    assert calm == pytest.approx(28 / 21, rel=0.15)
    assert heard == pytest.approx(2.0, rel=0.15)


def test_a_source_that_is_still_down_is_not_heard_until_now(lite_scene: Scene) -> None:
    _two_weeks(lite_scene)
    _down(lite_scene, "mastodon", HEARD)
    assert _a_day(_learned(lite_scene)) == pytest.approx(2.0, rel=0.15)


def test_a_gap_that_was_filled_afterwards_is_none(lite_scene: Scene) -> None:
    _two_weeks(lite_scene)
    calm = _a_day(_learned(lite_scene))
    _down(lite_scene, "mastodon", 3 * DAY, over=4 * DAY)
    assert _a_day(_learned(lite_scene)) == calm


def test_a_source_that_never_spoke_of_the_brand_leaves_no_gap(lite_scene: Scene) -> None:
    _two_weeks(lite_scene)
    calm = _a_day(_learned(lite_scene))
    _down(lite_scene, "cooking-forum", HEARD)
    assert _a_day(_learned(lite_scene)) == calm

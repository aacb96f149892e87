"""Forecasts are saved before their outcome is known, and graded when it is."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

import pytest

from monitor.domain import Deletion, Forecast, Quantity
from monitor.stages.forecast import ForecastStage
from monitor.virality.cascade import Cascade
from monitor.virality.forecast import Forecaster
from monitor.virality.growth import GrowthModel
from monitor.virality.recalibration import Recalibration
from tests.stages.scene import BAG, Scene, at, key, said, told

HOUR = timedelta(hours=1)
DAY = 24 * 60


@pytest.fixture(scope="module")
def stage() -> ForecastStage:
    return ForecastStage(Forecaster.load())


def _made(scene: Scene, quantity: Quantity = Quantity.MENTIONS) -> list[Forecast]:
    with scene.store.read() as work:
        return [
            forecast
            for incident in work.incidents.find()
            for forecast in work.forecasts.of_incident(incident.id)
            if forecast.quantity is quantity
        ]


def test_a_story_that_forms_is_not_forecast(lite_scene: Scene, stage: ForecastStage) -> None:
    lite_scene.tell(told(BAG[:3]))
    assert stage.run(lite_scene.store, at(15)) == 0
    assert _made(lite_scene) == []


def test_an_incident_is_forecast_for_four_times_and_again_when_that_is_due(
    scene: Scene, stage: ForecastStage
) -> None:
    scene.tell(told(BAG))
    assert stage.run(scene.store, at(25)) == 1
    made = _made(scene)
    assert [forecast.horizon / HOUR for forecast in made] == [1, 6, 24, 168]
    assert {(forecast.seen, forecast.made_at) for forecast in made} == {(len(BAG), at(25))}
    assert all(forecast.quantiles for forecast in made)
    for minutes in (25, 26, 29):
        assert stage.run(scene.store, at(minutes)) == 0
    assert stage.run(scene.store, at(30)) == 1
    assert len(_made(scene)) == 8


def test_an_old_incident_is_forecast_less_often(lite_scene: Scene, stage: ForecastStage) -> None:
    lite_scene.tell(told(BAG))
    stage.run(lite_scene.store, at(12 * 60))
    assert stage.run(lite_scene.store, at(13 * 60 - 1)) == 0
    assert stage.run(lite_scene.store, at(13 * 60)) > 0
    stage.run(lite_scene.store, at(60 * 60))
    assert stage.run(lite_scene.store, at(62 * 60)) > 0


def test_a_new_forecast_asks_for_a_new_decision(lite_scene: Scene, stage: ForecastStage) -> None:
    lite_scene.tell(told(BAG))
    incident = lite_scene.only()
    with lite_scene.store.begin() as work:
        work.incidents.decided(incident.id, incident.version)
        assert work.incidents.undecided() == []
    stage.run(lite_scene.store, at(25))
    with lite_scene.store.read() as work:
        assert [one.id for one in work.incidents.undecided()] == [incident.id]


def test_too_little_seen_is_an_answer_that_is_stored_and_never_graded(
    lite_scene: Scene, stage: ForecastStage
) -> None:
    lite_scene.tell([said(1, BAG[0], followers=60_000)])
    stage.run(lite_scene.store, at(1))
    assert [forecast.quantiles for forecast in _made(lite_scene)] == [None] * 4
    stage.run(lite_scene.store, at(3 * DAY))
    assert [forecast.outcome for forecast in _made(lite_scene)[:3]] == [None] * 3


def test_a_forecast_is_graded_once_with_what_was_there_when_it_was_due(
    scene: Scene, stage: ForecastStage
) -> None:
    scene.tell(told(BAG))
    stage.run(scene.store, at(25))
    scene.tell([said("soon", BAG[0], 85), said("later", BAG[1], 86)], minutes=90)
    stage.run(scene.store, at(99))
    assert _made(scene)[0].outcome is None, "what was published by then may still be gathered"
    stage.run(scene.store, at(100))
    outcomes = {f.horizon / HOUR: f.outcome for f in _made(scene)[:4]}
    assert outcomes == {1: len(BAG) + 1, 6: None, 24: None, 168: None}
    stage.run(scene.store, at(40 + DAY))
    outcomes = {f.horizon / HOUR: f.outcome for f in _made(scene)[:4]}
    assert outcomes == {1: len(BAG) + 1, 6: len(BAG) + 2, 24: len(BAG) + 2, 168: None}
    with scene.store.read() as work:
        (graded,) = [
            f for f in work.forecasts.graded(Quantity.MENTIONS, HOUR, 10) if f.made_at == at(25)
        ]
    assert graded.outcome == len(BAG) + 1


def test_views_are_forecast_and_graded_by_what_was_shown_even_if_that_fell(
    lite_scene: Scene, stage: ForecastStage
) -> None:
    for minutes, views in ((0, 3_000), (10, 6_000), (20, 9_000)):
        lite_scene.tell([said(1, BAG[0], views=views, seen=minutes)])
    stage.run(lite_scene.store, at(20))
    made = _made(lite_scene, Quantity.VIEWS)
    assert [forecast.seen for forecast in made] == [9_000] * 4
    assert all(forecast.quantiles for forecast in made)
    lite_scene.tell([said(1, BAG[0], views=12_000, seen=50)])
    lite_scene.tell([said(1, BAG[0], views=7_000, seen=75)])
    lite_scene.tell([said(1, BAG[0], views=7_000, seen=85)])
    stage.run(lite_scene.store, at(95))
    assert _made(lite_scene, Quantity.VIEWS)[0].outcome == 7_000


def test_a_counter_that_nobody_read_when_it_was_due_grades_nothing(
    lite_scene: Scene, stage: ForecastStage
) -> None:
    for minutes, views in ((0, 3_000), (10, 6_000), (20, 9_000)):
        lite_scene.tell([said(1, BAG[0], views=views, seen=minutes)])
    stage.run(lite_scene.store, at(20))
    stage.run(lite_scene.store, at(95))
    stage.run(lite_scene.store, at(96))
    assert _made(lite_scene, Quantity.VIEWS)[0].outcome is None
    with lite_scene.store.read() as work:
        due = work.forecasts.due(at(95), 100)
    assert all(forecast.quantity is not Quantity.VIEWS for forecast in due)


def test_a_hidden_counter_is_not_forecast(lite_scene: Scene, stage: ForecastStage) -> None:
    lite_scene.tell(told(BAG))
    stage.run(lite_scene.store, at(25))
    assert _made(lite_scene, Quantity.VIEWS) == _made(lite_scene, Quantity.SHARES) == []


def test_a_story_most_of_whose_posts_were_deleted_grades_no_forecast(
    lite_scene: Scene, stage: ForecastStage
) -> None:
    posts = told(BAG)
    lite_scene.tell(posts)
    stage.run(lite_scene.store, at(25))
    lite_scene.gather(*(Deletion(key=key(str(n)), observed_at=at(40)) for n in range(4)))
    stage.run(lite_scene.store, at(101))
    assert _made(lite_scene)[0].outcome is None
    with lite_scene.store.read() as work:
        assert work.forecasts.due(at(101), 100) == []


def test_the_forecaster_is_held_against_closed_incidents_once_a_day(
    lite_scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[list[int]] = []

    def learned(_model: GrowthModel, _source: str, closed: Sequence[Cascade]) -> Recalibration:
        asked.append([len(one.hours) for one in closed])
        return Recalibration(factor=0.5)

    monkeypatch.setattr("monitor.stages.forecast.recalibrated", learned)
    stage = ForecastStage(Forecaster.load())
    lite_scene.tell(told(BAG))
    for minutes in (25, 26, DAY):
        stage.run(lite_scene.store, at(minutes))
    assert asked == [[]]
    assert {forecast.model for forecast in _made(lite_scene)} == {"growth-2/any+own"}
    lite_scene.run(5 * DAY)
    stage.run(lite_scene.store, at(5 * DAY))
    assert asked == [[], [len(BAG)]], "what was closed since teaches something"

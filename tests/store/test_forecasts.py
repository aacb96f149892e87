from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import attrs
import pytest
from sqlalchemy.exc import StatementError

from monitor.domain import Quantity
from monitor.store.store import Store
from monitor.store.unit_of_work import UnitOfWork
from tests.store.making import after, forecast, incident

NOW = after(999)


@pytest.fixture
def work(store: Store) -> Iterator[UnitOfWork]:
    with store.begin() as work:
        work.incidents.save(incident())
        yield work


def test_the_newest_forecast_of_each_quantity_is_the_latest(work: UnitOfWork) -> None:
    old = [forecast(1, 0), forecast(6, 0), forecast(1, 0, quantity=Quantity.VIEWS)]
    new = [forecast(1, 10), forecast(24, 10, sure=False)]
    work.forecasts.add([*new, *old])
    work.forecasts.add(new)
    assert work.forecasts.latest("acme-1") == [*new, old[2]]
    assert work.forecasts.of_incident("acme-1") == [old[0], old[1], old[2], *new]


def test_a_forecast_is_due_at_its_horizon_unless_it_gave_no_numbers(work: UnitOfWork) -> None:
    work.forecasts.add([forecast(6), forecast(1), forecast(24, sure=False)])
    assert work.forecasts.due(after(59), 9) == []
    assert work.forecasts.due(after(60 * 48), 9) == [forecast(1), forecast(6)]
    assert work.forecasts.due(after(60 * 48), 1) == [forecast(1)]


def test_a_graded_forecast_is_part_of_the_record_and_no_longer_due(work: UnitOfWork) -> None:
    work.forecasts.add([forecast(1, 0), forecast(1, 10), forecast(6, 0)])
    work.forecasts.grade(forecast(1, 0), 7, NOW)
    work.forecasts.grade(forecast(1, 10), 0, NOW)
    assert work.forecasts.due(after(999), 9) == [forecast(6)]
    assert work.forecasts.graded(Quantity.MENTIONS, timedelta(hours=1), 9) == [
        attrs.evolve(forecast(1, 10), outcome=0),
        attrs.evolve(forecast(1, 0), outcome=7),
    ]
    assert work.forecasts.graded(Quantity.VIEWS, timedelta(hours=1), 9) == []


def test_a_repeated_forecast_does_not_lose_its_outcome(work: UnitOfWork) -> None:
    work.forecasts.add([forecast()])
    work.forecasts.grade(forecast(), 7, NOW)
    work.forecasts.add([forecast()])
    assert [f.outcome for f in work.forecasts.of_incident("acme-1")] == [7]


def test_a_forecast_that_nobody_can_grade_is_not_due_again_and_no_part_of_the_record(
    work: UnitOfWork,
) -> None:
    work.forecasts.add([forecast()])
    work.forecasts.grade(forecast(), None, NOW)
    assert work.forecasts.due(NOW, 9) == []
    assert work.forecasts.graded(Quantity.MENTIONS, timedelta(hours=1), 9) == []
    assert work.forecasts.of_incident("acme-1") == [forecast()]


def test_a_horizon_of_broken_seconds_is_refused(store: Store) -> None:
    odd = attrs.evolve(forecast(), horizon=timedelta(seconds=1.5))
    with store.read() as work, pytest.raises(StatementError, match="whole seconds"):
        work.forecasts.graded(odd.quantity, odd.horizon, 1)


def test_the_whole_record_comes_one_kind_after_the_other(work: UnitOfWork) -> None:
    work.incidents.save(incident("acme-2"))
    made = [
        attrs.evolve(forecast(hours, minutes), incident=name, model=model)
        for minutes, model in ((10, "test/2"), (5, "test/1"), (0, "test/2"))
        for hours in (6, 1)
        for name in ("acme-2", "acme-1")
    ]
    work.forecasts.add(made)
    for one in made:
        work.forecasts.grade(one, 7, NOW)
    found = list(work.forecasts.every_graded(after(60 * 48)))
    assert len(found) == len(made)
    order = [(one.quantity, one.horizon, one.model, one.incident, one.made_at) for one in found]
    assert order == sorted(order)
    assert {one.outcome for one in found} == {7}
    of_one = list(work.forecasts.every_graded(after(60 * 48), "acme-2"))
    assert of_one == [one for one in found if one.incident == "acme-2"]


def test_what_is_not_yet_due_is_not_part_of_the_record(work: UnitOfWork) -> None:
    work.forecasts.add([forecast(1, 0), forecast(6, 0), forecast(24, 0, sure=False)])
    work.forecasts.grade(forecast(1, 0), 7, NOW)
    work.forecasts.grade(forecast(6, 0), 8, NOW)
    assert [one.outcome for one in work.forecasts.every_graded(after(59))] == []
    assert [one.outcome for one in work.forecasts.every_graded(after(60))] == [7]
    assert [one.outcome for one in work.forecasts.every_graded(after(999))] == [7, 8]
    assert work.forecasts.graded_incidents(after(59), 9) == []
    assert work.forecasts.graded_incidents(after(60), 9) == ["acme-1"]


def test_a_long_record_is_read_as_a_stream(work: UnitOfWork) -> None:
    made = [forecast(1, minutes) for minutes in range(2_500)]
    work.forecasts.add([attrs.evolve(one, outcome=4) for one in made])
    assert sum(1 for _ in work.forecasts.every_graded(after(9_999))) == 2_500


def test_the_incidents_with_a_record_come_newest_first(work: UnitOfWork) -> None:
    for number, name in enumerate(("acme-2", "acme-3", "acme-4")):
        work.incidents.save(incident(name))
        made = attrs.evolve(forecast(1, number), incident=name)
        work.forecasts.add([made])
        if name != "acme-4":
            work.forecasts.grade(made, 5, NOW)
    assert work.forecasts.graded_incidents(after(999), 9) == ["acme-3", "acme-2"]
    assert work.forecasts.graded_incidents(after(999), 1) == ["acme-3"]

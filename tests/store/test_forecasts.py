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
    work.forecasts.grade(forecast(1, 0), 7)
    work.forecasts.grade(forecast(1, 10), 0)
    assert work.forecasts.due(after(999), 9) == [forecast(6)]
    assert work.forecasts.graded(Quantity.MENTIONS, timedelta(hours=1), 9) == [
        attrs.evolve(forecast(1, 10), outcome=0),
        attrs.evolve(forecast(1, 0), outcome=7),
    ]
    assert work.forecasts.graded(Quantity.VIEWS, timedelta(hours=1), 9) == []


def test_a_repeated_forecast_does_not_lose_its_outcome(work: UnitOfWork) -> None:
    work.forecasts.add([forecast()])
    work.forecasts.grade(forecast(), 7)
    work.forecasts.add([forecast()])
    assert [f.outcome for f in work.forecasts.of_incident("acme-1")] == [7]


def test_a_horizon_of_broken_seconds_is_refused(store: Store) -> None:
    odd = attrs.evolve(forecast(), horizon=timedelta(seconds=1.5))
    with store.read() as work, pytest.raises(StatementError, match="whole seconds"):
        work.forecasts.graded(odd.quantity, odd.horizon, 1)

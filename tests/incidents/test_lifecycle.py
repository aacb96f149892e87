from __future__ import annotations

from datetime import UTC, datetime, timedelta

import attrs
import pytest

from monitor.domain import Incident, IncidentState, PostKey
from monitor.incidents.lifecycle import LifecycleOptions, Telling, advance

NOW = datetime(2026, 3, 3, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)
OPTIONS = LifecycleOptions()


def _story(state: IncidentState = IncidentState.FORMING, silent: timedelta = HOUR) -> Incident:
    return Incident(
        id="acme-1",
        brand="acme",
        title="fourth bag",
        state=state,
        first_post=PostKey("mastodon", "1"),
        first_post_at=NOW - timedelta(days=9),
        last_post_at=NOW - silent,
        posts=9,
        authors=4,
        opened_at=None if state is IncidentState.FORMING else NOW - timedelta(days=8),
    )


def _telling(*hours_and_people: tuple[float, str], audience: int = 0, views: int = 0) -> Telling:
    told = sorted((NOW - hours * HOUR, person) for hours, person in hours_and_people)
    return Telling(told=told, audience=audience, views=views)


def _state(telling: Telling, story: Incident | None = None) -> IncidentState:
    return advance(story or _story(), telling, NOW, OPTIONS).state


def test_four_people_within_a_day_open_it_and_three_do_not() -> None:
    three = ((1, "a"), (2, "b"), (24, "c"))
    assert _state(_telling(*three)) is IncidentState.FORMING
    assert _state(_telling(*three, (3, "c"))) is IncidentState.FORMING
    assert _state(_telling(*three, (24, "d"))) is IncidentState.OPEN
    assert _state(_telling(*three, (24.1, "d"))) is IncidentState.FORMING


@pytest.mark.parametrize(
    ("telling", "state"),
    [
        (_telling((1, "a"), audience=19_999), IncidentState.FORMING),
        (_telling((1, "a"), audience=20_000), IncidentState.OPEN),
        (_telling((1, "a"), views=4_999), IncidentState.FORMING),
        (_telling((1, "a"), views=5_000), IncidentState.OPEN),
    ],
)
def test_one_person_who_is_heard_widely_opens_it(telling: Telling, state: IncidentState) -> None:
    assert _state(telling) is state


def test_four_people_over_three_days_open_it_and_over_two_do_not() -> None:
    over_two = ((1, "a"), (26, "b"), (27, "c"), (28, "d"))
    assert _state(_telling(*over_two)) is IncidentState.FORMING
    assert _state(_telling(*over_two, (60, "a"))) is IncidentState.OPEN
    assert _state(_telling((1, "a"), (26, "b"), (60, "c"))) is IncidentState.FORMING


def test_opening_keeps_the_time_and_an_old_story_does_not_open() -> None:
    crowd = _telling((80, "a"), (80, "b"), (80, "c"), (80, "d"), audience=1_000_000)
    assert advance(_story(), crowd, NOW, OPTIONS).opened_at == NOW
    assert _state(crowd, _story(silent=72 * HOUR)) is IncidentState.FORMING


def test_it_closes_when_it_was_quiet_for_three_days_and_not_before() -> None:
    nearly = _story(IncidentState.OPEN, silent=72 * HOUR - timedelta(seconds=1))
    assert advance(nearly, _telling(), NOW, OPTIONS) is nearly
    closed = advance(_story(IncidentState.OPEN, silent=72 * HOUR), _telling(), NOW, OPTIONS)
    assert (closed.state, closed.closed_at) == (IncidentState.CLOSED, NOW)


def test_a_closed_one_opens_again_when_it_is_told_and_remembers_that_it_was_closed() -> None:
    closed = attrs.evolve(_story(IncidentState.CLOSED), closed_at=NOW - 2 * HOUR)
    again = advance(closed, _telling((1, "a")), NOW, OPTIONS)
    assert again.state is IncidentState.OPEN
    assert (again.opened_at, again.closed_at) == (closed.opened_at, closed.closed_at)


def test_a_closed_one_that_is_quiet_stays_as_it_is() -> None:
    closed = _story(IncidentState.CLOSED, silent=80 * HOUR)
    assert advance(closed, _telling(), NOW, OPTIONS) is closed


@pytest.mark.parametrize("state", list(IncidentState))
def test_asking_twice_changes_nothing_more(state: IncidentState) -> None:
    crowd = _telling((1, "a"), (1, "b"), (1, "c"), (1, "d"))
    for silent in (HOUR, 72 * HOUR):
        once = advance(_story(state, silent), crowd, NOW, OPTIONS)
        assert advance(once, crowd, NOW, OPTIONS) is once

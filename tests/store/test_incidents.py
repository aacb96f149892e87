from __future__ import annotations

from datetime import timedelta

import attrs
import pytest

from monitor.domain import IncidentState, Level
from monitor.store.errors import StaleWrite
from monitor.store.history import Change, ChangeKind
from monitor.store.store import Store
from tests.store.making import TUESDAY, after, incident


def test_an_incident_comes_back_as_it_was_saved(store: Store) -> None:
    saved = attrs.evolve(incident(), level=Level.CRITICAL, closed_at=after(9))
    with store.begin() as work:
        work.incidents.save(saved)
    with store.read() as work:
        assert work.incidents.get("acme-1") == saved
        assert work.incidents.get("unknown") is None


def test_only_the_next_version_replaces_the_stored_one(store: Store) -> None:
    with store.begin() as work:
        work.incidents.save(incident(version=1))
        work.incidents.save(incident(version=2))
        for version in (1, 2, 4):
            with pytest.raises(StaleWrite, match=f"acme-1 cannot be saved at version {version}"):
                work.incidents.save(incident(version=version))
        stored = work.incidents.get("acme-1")
    assert stored is not None
    assert stored.version == 2


def test_incidents_are_found_by_brand_state_and_age_the_liveliest_first(store: Store) -> None:
    with store.begin() as work:
        for minute, state in enumerate(IncidentState):
            work.incidents.save(incident(f"acme-{minute}", state=state, last_post_at=after(minute)))
        work.incidents.save(incident("other-1", brand="other"))
        found = work.incidents.find

        def names(**wanted: object) -> list[str]:
            return [one.id for one in found(**wanted)]  # type: ignore[arg-type] # passed through

        assert names(brand="acme") == ["acme-2", "acme-1", "acme-0"]
        assert names(states=[IncidentState.FORMING, IncidentState.OPEN], brand="acme") == [
            "acme-1",
            "acme-0",
        ]
        assert names(last_post_after=after(1)) == ["acme-2"]
        assert names(last_post_before=after(0), brand="acme") == ["acme-0"]
        assert names(limit=1) == ["acme-2"]


def test_every_version_of_an_open_incident_is_decided_once_and_so_is_its_end(
    store: Store,
) -> None:
    with store.begin() as work:
        work.incidents.save(incident("forming", state=IncidentState.FORMING))
        work.incidents.save(incident())
        assert [i.id for i in work.incidents.undecided()] == ["acme-1"]
        work.incidents.decided("acme-1", 1)
        assert work.incidents.undecided() == []
        work.incidents.save(incident(version=2, state=IncidentState.CLOSED))
        assert [i.version for i in work.incidents.undecided()] == [2]
        work.incidents.decided("acme-1", 2)
        assert work.incidents.undecided() == []


def test_an_open_incident_is_forecast_when_it_is_new_and_when_its_time_comes(
    store: Store,
) -> None:
    with store.begin() as work:
        work.incidents.save(incident("forming", state=IncidentState.FORMING))
        work.incidents.save(incident())
        assert [i.id for i in work.incidents.unforecast(TUESDAY)] == ["acme-1"]
        work.incidents.forecast_made("acme-1", after(10))
        assert work.incidents.unforecast(after(9)) == []
        assert len(work.incidents.unforecast(after(10))) == 1
        work.incidents.save(incident(version=2, state=IncidentState.CLOSED))
        assert work.incidents.unforecast(TUESDAY + timedelta(days=9)) == []


def test_a_new_forecast_asks_for_a_new_decision(store: Store) -> None:
    with store.begin() as work:
        work.incidents.save(incident())
        work.incidents.decided("acme-1", 1)
        work.incidents.forecast_made("acme-1", after(10))
        assert [i.id for i in work.incidents.undecided()] == ["acme-1"]


def test_an_incident_that_became_part_of_another_is_known_by_its_id_and_not_found(
    store: Store,
) -> None:
    with store.begin() as work:
        work.incidents.save(incident("gone"))
        work.incidents.save(incident("stays"))
        work.incidents.absorb(incident("gone", version=2), "stays")
        assert [one.id for one in work.incidents.find()] == ["stays"]
        assert [one.id for one in work.incidents.undecided()] == ["stays"]
        assert work.incidents.get("gone") == incident("gone", version=2)
        assert work.incidents.merged("go") == {"gone": "stays"}
        assert work.incidents.merged("%") == {}
        assert work.incidents.parts("stays") == ["gone"]
        work.incidents.save(incident("gone", version=3))
        assert work.incidents.merged_into("gone") is None
        assert len(work.incidents.find()) == 2


def test_what_became_of_an_incident_is_told_in_order_and_goes_with_it(store: Store) -> None:
    changes = [
        Change(
            incident="acme-1",
            at=after(9),
            kind=ChangeKind.TOOK_IN,
            other="x",
            title="行李",
            posts=7,
        ),
        Change(incident="acme-1", at=after(5), kind=ChangeKind.LET_GO, other="y", posts=4),
    ]
    with store.begin() as work:
        for change in changes:
            work.incidents.note(change)
        work.incidents.save(incident())
    with store.begin() as work:
        assert work.incidents.history("acme-1") == changes
        assert work.incidents.history("other") == []
        work.incidents.untitle("acme-1")
        assert [one.title for one in work.incidents.history("acme-1")] == ["…", ""]
        work.incidents.remove("acme-1")
        assert work.incidents.history("acme-1") == []

"""Why a team is not told: each function alone."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import attrs
import pytest
from pydantic import ValidationError

from alerts.muting import (
    INHIBITION,
    InhibitionOptions,
    handled,
    inhibited,
    over_budget,
    silenced,
)
from monitor.casework import Action, ActionKind, Matcher, Silence, Subject, case_of
from monitor.domain import Alert, AlertKind, Level

NOW = datetime(2026, 11, 23, 9, tzinfo=UTC)
ALERT = Alert(
    id="bags-1",
    incident="bags",
    brand="acme",
    kind=AlertKind.RAISED,
    level=Level.HIGH,
    raised_at=NOW,
    reasons=(),
)
BAGS = Subject(incident="bags", brand="acme", level=Level.WATCH, touchpoint="bag")
FIRE = Subject(incident="fire", brand="acme", level=Level.CRITICAL, touchpoint="bag")


def done(kind: ActionKind, minutes: float = -5) -> Action:
    return Action(
        key=kind, incident="bags", at=NOW + timedelta(minutes=minutes), by="Mei", kind=kind
    )


@pytest.mark.parametrize(
    ("kinds", "code"),
    [
        ([], None),
        ([ActionKind.ACKNOWLEDGE], None),
        ([ActionKind.RESPOND], None),
        ([ActionKind.NOISE], "handled_noise"),
        ([ActionKind.ACKNOWLEDGE, ActionKind.RESOLVE], "handled_resolved"),
        ([ActionKind.NOISE, ActionKind.REOPEN], None),
    ],
)
def test_only_what_is_over_for_somebody_is_kept_from_the_others(
    kinds: list[ActionKind], code: str | None
) -> None:
    why = handled(ALERT, case_of("bags", [done(kind) for kind in kinds]))
    assert (why.code if why else None) == code


def test_what_came_back_after_it_was_resolved_is_told() -> None:
    back = attrs.evolve(ALERT, kind=AlertKind.RECURRED)
    assert handled(back, case_of("bags", [done(ActionKind.RESOLVE)])) is None
    assert handled(back, case_of("bags", [done(ActionKind.RESOLVE, minutes=5)])) is not None


def test_of_several_silences_the_longest_is_named() -> None:
    silences = [
        Silence(
            id=name,
            matcher=Matcher(brands=["acme"]),
            starts_at=NOW,
            ends_at=NOW + timedelta(hours=hours),
            author=name,
            created_at=NOW,
        )
        for name, hours in (("Ann", 1), ("Mei", 3), ("Bo", 2))
    ]
    why = silenced([BAGS], silences, NOW)
    assert why is not None
    assert why.fact("name") == "Mei"
    assert silenced([BAGS], silences, NOW + timedelta(hours=3)) is None


@pytest.mark.parametrize(
    ("changed", "muted"),
    [
        ({}, True),
        ({"level": Level.HIGH}, False),
        ({"brand": "zephyr"}, False),
        ({"touchpoint": "seat"}, False),
        ({"touchpoint": None}, False),
        ({"incident": "fire"}, False),
    ],
)
def test_a_critical_incident_mutes_watch_alerts_about_the_same(
    changed: dict[str, Any], muted: bool
) -> None:
    subject = attrs.evolve(BAGS, **changed)
    assert (inhibited(subject, [FIRE], INHIBITION) is not None) == muted


def test_incidents_cannot_mute_each_other() -> None:
    with pytest.raises(ValidationError, match="mute each other"):
        InhibitionOptions(by=Level.HIGH, mutes=Level.HIGH)


def test_a_budget_of_nothing_leaves_what_is_critical() -> None:
    assert over_budget(Level.HIGH, 0, 0) is not None
    assert over_budget(Level.CRITICAL, 99, 0) is None

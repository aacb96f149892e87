"""Three stories that show the policy: docs/alerts.md shows them as pictures, tests pin them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from zoneinfo import ZoneInfo

from alerts.routing import TeamOptions
from alerts.rules import Rules
from monitor.casework import ActionKind
from monitor.domain import AlertKind, Level
from monitor.store.store import Store
from tests.fakes import FakeChannel
from tests.timelines.harness import Timeline

__all__ = ["STORIES", "TITLES"]

_TAIPEI = "Asia/Taipei"


def _team(**options: object) -> TeamOptions:
    return TeamOptions.model_validate({"name": "duty", "channels": ["duty"], **options})


def waiting(store: Store) -> Timeline:
    """What comes together is told together; what is critical does not wait."""
    line = Timeline(
        store, rules=Rules(teams=(_team(escalation=[]),)), channels=[FakeChannel.named("duty")]
    )
    line.alert("0:00", "bags")
    line.alert("0:10", "seats")
    line.alert("2:00", "meals")
    line.alert("3:00", "fuel", Level.CRITICAL)
    line.act("3:30", ActionKind.ACKNOWLEDGE, "fuel")
    for number in range(6):
        line.alert(f"9:{10 * number:02}", f"story{number}")
    line.run("16:00", step="1:00", and_when_due=True)
    return line


def neglect(store: Store) -> Timeline:
    """What nobody takes on goes to others after 15 and 30 minutes, until somebody does."""
    tiers = [{"after": "15m", "channels": ["lead"]}, {"after": "30m", "channels": ["boss"]}]
    line = Timeline(
        store,
        rules=Rules(teams=(_team(escalation=tiers),)),
        channels=[FakeChannel.named(name) for name in ("duty", "lead", "boss")],
    )
    line.alert("0:00", "bags")
    line.alert("10:00", "bags", Level.CRITICAL, kind=AlertKind.RAISED)
    line.act("42:00", ActionKind.ASSIGN, "bags", by="Mei")
    line.act("55:00", ActionKind.RESOLVE, "bags", by="Mei")
    line.run("1:00:00", step="5:00", and_when_due=True)
    return line


def night(store: Store) -> Timeline:
    """From ten to seven only what is critical is told; the rest waits, or is over by then."""
    team = _team(timezone=_TAIPEI, quiet_hours=[{"from": "22:00", "to": "07:00"}], escalation=[])
    line = Timeline(
        store,
        rules=Rules(teams=(team,)),
        channels=[FakeChannel.named("duty")],
        start=datetime(2026, 11, 23, 21, 0, tzinfo=ZoneInfo(_TAIPEI)),
    )
    line.alert("0:30:00", "seats", touchpoint="seat")
    line.alert("2:00:00", "meals", touchpoint="food")
    line.alert("3:00:00", "bags", Level.CRITICAL, touchpoint="bag")
    line.act("3:05:00", ActionKind.ACKNOWLEDGE, "bags", by="Mei")
    line.alert("4:00:00", "suitcases", Level.WATCH, touchpoint="bag")
    line.alert("5:00:00", "toilets", touchpoint="cabin")
    line.close("9:00:00", "meals")
    line.silence("9:30:00", until="12:00:00", touchpoints=["seat"])
    line.alert("10:30:00", "legroom", touchpoint="seat")
    line.run("11:00:00", step="30:00", and_when_due=True)
    return line


STORIES: Mapping[str, Callable[[Store], Timeline]] = {
    "waiting": waiting,
    "neglect": neglect,
    "night": night,
}
TITLES = {name: (story.__doc__ or "").strip() for name, story in STORIES.items()}

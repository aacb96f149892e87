"""When a message does not come, or later: silences, inhibition, quiet hours, budget."""

from __future__ import annotations

from datetime import date, datetime, time
from zoneinfo import ZoneInfo

import pytest

from alerts.routing import RouteOptions, TeamOptions
from alerts.rules import Rules
from monitor.casework import ActionKind, NoticeState
from monitor.domain import AlertKind, Level
from monitor.store.store import Store
from tests.fakes import FakeChannel
from tests.timelines.harness import Timeline


def team(**options: object) -> TeamOptions:
    given = {"name": "pr", "channels": ["pr"], "escalation": [], **options}
    return TeamOptions.model_validate(given)


# --- silences -----------------------------------------------------------------------------------


def test_a_silence_holds_from_its_beginning_to_its_end(store: Store) -> None:
    line = Timeline(store)
    line.silence("10:00", until="20:00", touchpoints=["bag"])
    line.alert("0:00", "before", touchpoint="bag")
    line.alert("12:00", "within", touchpoint="bag")
    line.alert("13:00", "another", touchpoint="seat")
    line.alert("21:00", "after", touchpoint="bag")
    line.run("40:00")
    assert line.told() == ["0:30 alert before", "13:30 alert another", "21:30 alert after"]
    assert line.withheld("within") == ["everyone: silenced"]


def test_a_silence_about_an_incident_stops_even_what_is_critical_and_its_escalation(
    store: Store,
) -> None:
    line = Timeline(store)
    line.alert("0:00", "bags", Level.CRITICAL)
    line.act("5:00", ActionKind.SILENCE, "bags", until="1:00:00")
    line.run("59:00", step="1:00")
    assert line.told() == ["0:00 alert bags", "5:00 update silence"]
    line.run("1:05:00", step="1:00")
    assert "1:00:00 escalation-2 bags" in line.told()


def test_a_silence_may_mean_a_language_and_its_scripts(store: Store) -> None:
    line = Timeline(store)
    line.silence("0:00", until="1:00:00", languages=["zh"])
    line.alert("0:10", "bags", language="zh-Hant")
    line.alert("0:10", "seats", language="en")
    line.run("10:00")
    assert line.told() == ["0:40 alert seats"]


# --- inhibition ---------------------------------------------------------------------------------


def test_a_critical_incident_mutes_watch_alerts_about_the_same_touchpoint(store: Store) -> None:
    line = Timeline(store)
    line.alert("0:00", "bags", Level.CRITICAL, touchpoint="bag")
    line.act("1:00", ActionKind.ACKNOWLEDGE, "bags")
    line.alert("10:00", "suitcases", Level.WATCH, touchpoint="bag")
    line.alert("10:00", "seats", Level.WATCH, touchpoint="seat")
    line.alert("10:00", "trolleys", Level.HIGH, touchpoint="bag")
    line.alert("10:00", "boats", Level.WATCH, touchpoint="bag", brand="zephyr")
    line.run("20:00")
    assert [one for one in line.told() if "update" not in one] == [
        "0:00 alert bags",
        "10:30 alert boats",
        "10:30 alert seats",
        "10:30 alert trolleys",
    ]
    assert line.withheld("suitcases") == ["everyone: inhibited"]


def test_what_was_called_noise_mutes_nothing(store: Store) -> None:
    line = Timeline(store)
    line.alert("0:00", "bags", Level.CRITICAL, touchpoint="bag")
    line.act("1:00", ActionKind.NOISE, "bags")
    line.alert("10:00", "suitcases", Level.WATCH, touchpoint="bag")
    line.run("20:00")
    assert "10:30 alert suitcases" in line.told()


def test_incidents_without_a_touchpoint_are_not_taken_for_the_same(store: Store) -> None:
    line = Timeline(store, rules=Rules(teams=(team(),)))
    line.alert("0:00", "bags", Level.CRITICAL)
    line.alert("10:00", "seats", Level.WATCH)
    line.run("20:00")
    assert line.told()[-1] == "10:30 alert seats"


# --- quiet hours --------------------------------------------------------------------------------

NIGHT = [{"from": "22:00", "to": "07:00"}]


def test_at_night_only_what_is_critical_is_told_and_the_rest_in_the_morning(store: Store) -> None:
    rules = Rules(teams=(team(timezone="Asia/Taipei", quiet_hours=NIGHT),))
    evening = datetime(2026, 11, 23, 21, 59, tzinfo=ZoneInfo("Asia/Taipei"))
    line = Timeline(store, rules=rules, start=evening)
    line.alert("0:00", "early")
    line.alert("2:00:00", "asleep")
    line.alert("3:00:00", "grave", Level.CRITICAL)
    line.act("3:05:00", ActionKind.ASSIGN, "grave")
    line.alert("5:00:00", "watched", Level.WATCH)
    line.run("10:00:00", step="0:30")
    assert line.told() == [
        "0:30 alert early",
        "3:00:00 alert grave",
        "3:05:00 update assign",
        "9:01:00 alert asleep",
        "9:01:00 alert watched",
    ]


@pytest.mark.parametrize(
    ("zone", "night", "hours"),
    [
        ("Asia/Taipei", date(2026, 3, 28), 9),
        ("Europe/Berlin", date(2026, 3, 28), 8),
        ("Europe/Berlin", date(2026, 10, 24), 10),
        ("America/New_York", date(2026, 10, 24), 9),
        ("America/New_York", date(2026, 10, 31), 10),
    ],
)
def test_a_night_lasts_as_long_as_its_own_clocks_say_whatever_others_do(
    store: Store, zone: str, night: date, hours: int
) -> None:
    at_ten = datetime.combine(night, time(22), ZoneInfo(zone))
    rules = Rules(teams=(team(timezone=zone, quiet_hours=NIGHT),))
    line = Timeline(store, rules=rules, start=at_ten)
    line.alert("0:00", "asleep")
    line.run("11:00:00", step="15:00")
    assert line.told() == [f"{hours}:00:00 alert asleep"]


def test_a_week_end_and_a_holiday_after_it_are_one_long_quiet(store: Store) -> None:
    rules = Rules(
        teams=(
            team(
                quiet_hours=[{"days": ["saturday", "sunday"], "from": "00:00", "to": "00:00"}],
                mute=[{"from": "2026-11-30", "to": "2026-12-01"}],
            ),
        )
    )
    friday = datetime(2026, 11, 27, 12, tzinfo=ZoneInfo("UTC"))
    line = Timeline(store, rules=rules, start=friday)
    line.alert("1d 0:00:00", "asleep")
    line.run("5d 0:00:00", step="1:00:00")
    assert line.told() == ["4d 12:00:00 alert asleep"]


def test_what_is_over_by_the_morning_is_not_told(store: Store) -> None:
    rules = Rules(teams=(team(quiet_hours=NIGHT),))
    line = Timeline(store, rules=rules)
    line.alert("14:00:00", "bags")
    line.close("20:00:00", "bags")
    line.run("23:00:00", step="5:00")
    assert line.told() == []
    assert line.withheld("bags") == ["pr: closed_before_told"]


# --- budget -------------------------------------------------------------------------------------


def test_a_spent_budget_withholds_all_but_what_is_critical_until_a_week_has_passed(
    store: Store,
) -> None:
    line = Timeline(store, rules=Rules(teams=(team(budget=3),)))
    for hour in range(5):
        line.alert(f"{hour}:00:00", f"story{hour}")
    line.alert("6:00:00", "grave", Level.CRITICAL)
    line.act("6:01:00", ActionKind.ACKNOWLEDGE, "grave")
    line.alert("7d 2:30:00", "later")
    line.run("7d 3:00:00", step="30:00")
    assert [one.rpartition(" ")[2] for one in line.told() if "update" not in one] == [
        "story0",
        "story1",
        "story2",
        "grave",
        "later",
    ]
    assert line.withheld("story4") == ["pr: budget_spent"]


def test_one_message_about_many_incidents_costs_as_much_as_one(store: Store) -> None:
    line = Timeline(store, rules=Rules(teams=(team(budget=2),)))
    for number in range(9):
        line.alert("0:00", f"story{number}")
    line.alert("1:00:00", "bags")
    line.alert("2:00:00", "seats")
    line.run("3:00:00", step="1:00")
    assert [one.split()[1] for one in line.told()] == ["group", "alert"]
    assert line.withheld("seats") == ["pr: budget_spent"]


# --- what people did ----------------------------------------------------------------------------


def test_a_rise_is_told_of_what_was_taken_on_and_not_of_what_was_called_noise(store: Store) -> None:
    line = Timeline(store)
    line.alert("0:00", "bags")
    line.alert("0:00", "seats")
    line.act("5:00", ActionKind.ACKNOWLEDGE, "bags")
    line.act("5:00", ActionKind.NOISE, "seats")
    line.alert("1:00:00", "bags", Level.CRITICAL, kind=AlertKind.RAISED)
    line.alert("1:00:00", "seats", Level.CRITICAL, kind=AlertKind.RAISED)
    line.run("6:00:00", step="1:00")
    assert [one for one in line.told() if "update" not in one] == [
        "1:00 alert bags",
        "1:00 alert seats",
        "1:00:00 alert bags",
    ]
    assert line.withheld("seats") == ["everyone: handled_noise"]


def test_noise_within_the_wait_is_never_told(store: Store) -> None:
    line = Timeline(store)
    line.alert("0:00", "bags")
    line.act("0:10", ActionKind.NOISE, "bags")
    line.run("10:00")
    assert line.told() == []


def test_what_was_resolved_is_told_again_when_it_comes_back(store: Store) -> None:
    line = Timeline(store)
    line.alert("0:00", "bags")
    line.act("30:00", ActionKind.RESOLVE, "bags")
    line.close("1:00:00", "bags")
    line.alert("5d 0:00:00", "bags", kind=AlertKind.RECURRED)
    line.run("1:10:00", step="0:30")
    line.sleep("4d 23:59:00")
    line.run("5d 0:01:00")
    assert [one for one in line.told() if "update" not in one] == [
        "0:30 alert bags",
        "5d 0:00:30 alert bags",
    ]
    with store.read() as work:
        assert work.casework.of_incident("bags")[-1].kind is ActionKind.REOPEN


# --- merging ------------------------------------------------------------------------------------


def test_what_became_part_of_a_known_incident_before_it_was_told_is_not_told(store: Store) -> None:
    line = Timeline(store)
    line.alert("0:00", "bags")
    line.alert("10:00", "suitcases")
    line.merge("10:10", "suitcases", into="bags")
    line.run("20:00")
    assert line.told() == ["0:30 alert bags"]
    assert line.withheld("suitcases") == ["everyone: merged_before_told"]


def test_what_is_graver_than_what_it_became_part_of_is_told(store: Store) -> None:
    line = Timeline(store)
    line.alert("0:00", "bags", Level.WATCH)
    line.alert("10:00", "suitcases")
    line.merge("10:10", "suitcases", into="bags")
    line.run("20:00")
    assert line.told() == ["0:30 alert bags", "10:30 alert bags"]


def test_an_incident_is_escalated_under_the_name_of_what_it_became_part_of(store: Store) -> None:
    line = Timeline(store)
    line.alert("0:00", "suitcases", Level.CRITICAL)
    line.alert("1:00", "bags", Level.WATCH)
    line.merge("2:00", "suitcases", into="bags")
    line.run("20:00")
    assert "15:00 escalation-1 bags" in line.told()
    with store.read() as work:
        assert work.casework.case("bags").escalations == 1


# --- routes -------------------------------------------------------------------------------------


def test_each_team_hears_what_is_routed_to_it_and_by_its_own_rules(store: Store) -> None:
    routes = [
        {"team": "asia", "languages": ["zh"], "owner": "Mei", "continue": True},
        {"team": "pr", "min_level": "critical"},
        {"team": "asia", "regions": ["tw"]},
        {"team": "pr", "sources": ["forum"], "min_level": "high"},
    ]
    rules = Rules(
        teams=(team(), team(name="asia", channels=["asia"])),
        routes=tuple(RouteOptions.model_validate(one) for one in routes),
        regions={"ptt": "tw"},
    )
    channels = [FakeChannel.named("pr"), FakeChannel.named("asia")]
    line = Timeline(store, rules=rules, channels=channels)
    line.alert("0:00", "bags", language="zh-Hant", source="forum")
    line.alert("1:00:00", "seats", source="ptt")
    line.alert("2:00:00", "meals", Level.CRITICAL, source="ptt")
    line.alert("3:00:00", "toilets", Level.WATCH)
    line.run("4:00:00", step="0:30")
    first = {name: [one for one in line.told(name) if "alert" in one] for name in ("pr", "asia")}
    assert first["asia"] == ["0:30 alert bags", "1:00:30 alert seats", "3:00:30 alert toilets"]
    assert first["pr"] == ["0:30 alert bags", "2:00:00 alert meals", "3:00:30 alert toilets"]
    assert {notice.team: notice.owner for notice in line.notices("bags")} == {
        "asia": "Mei",
        "pr": "",
    }


def test_a_team_none_of_whose_channels_takes_the_level_is_not_told_and_spends_nothing(
    store: Store,
) -> None:
    channel = FakeChannel.named("pr", Level.CRITICAL)
    line = Timeline(store, channels=[channel], rules=Rules(teams=(team(budget=1),)))
    line.alert("0:00", "bags")
    line.run("1:00")
    assert line.withheld("bags") == ["pr: no_channel"]
    with store.read() as work:
        assert work.notices.spent("pr", line.start, line.at("2:00")) == 0


def test_a_team_that_left_the_configuration_is_told_nothing_more(store: Store) -> None:
    line = Timeline(store, rules=Rules(teams=(team(),)))
    line.alert("0:00", "bags")
    line.run("0:10")
    line.rules = Rules(teams=(team(name="others"),))
    line.restart()
    line.run("5:00")
    assert line.withheld("bags") == ["pr: team_gone"]
    assert [one.state for one in line.notices("bags")] == [NoticeState.WITHHELD]

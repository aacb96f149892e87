"""When a message comes: grouping, waiting, repeating and escalation, on a clock of their own."""

from __future__ import annotations

from datetime import timedelta

from alerts.routing import TeamOptions
from alerts.rules import Rules
from monitor.casework import SPARKWATCH, ActionKind, Handling, NoticeState
from monitor.domain import AlertKind, Level, Reason
from monitor.store.store import Store
from tests.fakes import FakeChannel
from tests.timelines.harness import Timeline, begin_all


def team(**options: object) -> TeamOptions:
    return TeamOptions.model_validate({"name": "pr", "channels": ["pr"], **options})


def patient() -> Rules:
    """A team that nobody is told of twice: for tests of the first message."""
    return Rules(teams=(team(escalation=[]),))


def test_an_alert_is_told_half_a_minute_after_it_was_raised_and_not_before(store: Store) -> None:
    line = Timeline(store)
    line.alert("0:00", "bags")
    line.run("0:25")
    assert line.told() == []
    line.run("20:00")
    assert line.told() == ["0:30 alert bags"]


def test_what_is_critical_does_not_wait(store: Store) -> None:
    line = Timeline(store)
    line.alert("0:00", "bags", Level.CRITICAL)
    line.run("1:00")
    assert line.told() == ["0:00 alert bags"]


def test_a_rise_within_the_wait_is_told_once_and_at_once(store: Store) -> None:
    line = Timeline(store)
    line.alert("0:00", "bags")
    line.alert("0:10", "bags", Level.CRITICAL, kind=AlertKind.RAISED)
    line.run("10:00")
    assert line.told() == ["0:10 alert bags"]
    assert line.withheld("bags") == ["everyone: superseded"]


def test_what_comes_within_the_wait_is_told_together_with_it(store: Store) -> None:
    line = Timeline(store)
    for number in range(5):
        line.alert(f"0:0{number}", f"story{number}")
    line.run("10:00")
    assert line.told() == [
        "0:30 group [High] Acme Air: 5 incidents at once",
    ]
    (notice,) = line.notices("story4")
    assert notice.state is NoticeState.TOLD
    assert notice.reason == Reason(code="grouped", facts=(("count", 5),))


def test_up_to_three_incidents_are_told_each_by_itself(store: Store) -> None:
    line = Timeline(store)
    for number in range(3):
        line.alert(f"0:0{number}", f"story{number}")
    line.run("10:00")
    assert line.told() == ["0:30 alert story0", "0:30 alert story1", "0:30 alert story2"]


def test_the_next_message_about_a_brand_waits_for_the_interval(store: Store) -> None:
    line = Timeline(store)
    line.alert("0:00", "bags")
    line.alert("2:00", "seats")
    line.alert("3:00", "meals")
    line.alert("3:00", "boats", brand="zephyr")
    line.run("20:00")
    assert line.told() == [
        "0:30 alert bags",
        "3:30 alert boats",
        "5:30 alert meals",
        "5:30 alert seats",
    ]


def test_a_few_critical_incidents_interrupt_the_interval_and_many_wait_for_its_end(
    store: Store,
) -> None:
    line = Timeline(store, rules=patient())
    for number in range(8):
        line.alert(f"{number % 4}:{number:02}", f"story{number}", Level.CRITICAL)
    line.run("12:00")
    assert line.told() == [
        "0:00 alert story0",
        "0:04 alert story4",
        "1:01 alert story1",
        "6:05 group [Critical] Acme Air: 5 incidents at once",
    ]


def test_lesser_alerts_are_not_held_up_for_ever_by_critical_ones(store: Store) -> None:
    line = Timeline(store, rules=patient())
    for number in range(8):
        line.alert(f"{4 * number}:00", f"grave{number}", Level.CRITICAL)
    line.alert("1:00", "seats")
    line.run("30:00")
    assert "6:00 alert seats" in line.told()


def test_after_a_restart_at_any_moment_nothing_is_lost_and_nothing_is_doubled(store: Store) -> None:
    line = Timeline(store)
    line.alert("0:00", "bags", Level.CRITICAL)
    line.alert("0:05", "seats")
    line.act("20:00", ActionKind.ACKNOWLEDGE, "bags")
    for minute in range(45):
        line.event(f"{minute}:{minute:02}", "restart", line.restart)
    line.run("45:00")
    assert line.told() == [
        "0:00 alert bags",
        "5:00 alert seats",
        "15:00 update escalate",
        "15:00 escalation-1 bags",
        "20:00 update acknowledge",
    ]


# --- escalation and repeating -------------------------------------------------------------------


def test_whoever_takes_it_on_stops_its_escalation(store: Store) -> None:
    line = Timeline(store)
    line.alert("0:00", "bags", Level.CRITICAL)
    line.act("10:00", ActionKind.ACKNOWLEDGE, "bags")
    line.run("5:00:00", step="1:00")
    assert line.told() == ["0:00 alert bags", "10:00 update acknowledge"]


def test_what_nobody_takes_on_is_told_again_and_then_every_four_hours(store: Store) -> None:
    line = Timeline(store)
    line.alert("0:00", "bags", Level.CRITICAL)
    line.posts("8:00:00", "bags")
    line.run("9:00:00", step="1:00")
    assert [one for one in line.told() if "update" not in one] == [
        "0:00 alert bags",
        "15:00 escalation-1 bags",
        "30:00 escalation-2 bags",
        "4:00:00 repeat-1 bags",
        "8:00:00 repeat-2 bags",
    ]


def test_an_incident_of_which_nobody_speaks_any_more_is_not_repeated(store: Store) -> None:
    line = Timeline(store)
    line.alert("0:00", "bags", Level.CRITICAL)
    line.run("1d 6:00:00", step="10:00")
    assert [one for one in line.told() if "repeat" in one] == [
        "4:00:00 repeat-1 bags",
        "8:00:00 repeat-2 bags",
    ]


def test_what_is_high_is_escalated_only_where_a_tier_asks_for_it(store: Store) -> None:
    tiers = [
        {"after": "15m", "channels": ["lead"], "min_level": "high"},
        {"after": "30m", "channels": ["boss"]},
    ]
    line = Timeline(
        store,
        channels=[FakeChannel.named(name) for name in ("pr", "lead", "boss")],
        rules=Rules(teams=(team(channels=["pr"], escalation=tiers),)),
    )
    line.alert("0:00", "bags")
    line.alert("1:00:00", "seats", Level.CRITICAL)
    line.run("2:00:00", step="0:30")
    assert line.told("pr")[0] == "0:30 alert bags"
    assert [one for one in line.told("lead") if "update" not in one] == [
        "15:30 escalation-1 bags",
        "1:15:00 escalation-1 seats",
    ]
    assert line.told("boss") == ["1:30:00 escalation-2 seats"]


def test_a_team_that_was_long_away_is_told_the_last_step_only(store: Store) -> None:
    line = Timeline(store)
    line.alert("0:00", "bags", Level.CRITICAL)
    line.run("0:00")
    line.sleep("40:00")
    line.run("50:00", step="10:00")
    assert [one for one in line.told() if "update" not in one] == [
        "0:00 alert bags",
        "40:00 escalation-2 bags",
    ]


def test_neglected_incidents_are_escalated_in_one_message_where_they_are_many(
    store: Store,
) -> None:
    line = Timeline(store)
    for number in range(5):
        line.alert("0:00", f"story{number}", Level.CRITICAL)
    line.run("40:00", step="0:30")
    assert line.told() == [
        "0:00 group [Critical] Acme Air: 5 incidents at once",
        "15:00 group [Critical] Acme Air: 5 incidents at once",
        "30:00 group [Critical] Acme Air: 5 incidents at once",
    ]
    with store.read() as work:
        assert work.casework.case("story3").escalations == 2


def test_those_late_by_one_step_and_by_two_are_all_told_to_whoever_both_go_to(
    store: Store,
) -> None:
    tiers = [{"after": "15m", "channels": ["lead"]}, {"after": "30m", "channels": ["boss"]}]
    line = Timeline(
        store,
        channels=[FakeChannel.named(name) for name in ("pr", "lead", "boss")],
        rules=Rules(teams=(team(channels=["pr"], escalation=tiers),)),
    )
    for number in range(4):
        line.alert("0:00", f"early{number}", Level.CRITICAL)
        line.alert("5:00", f"late{number}", Level.CRITICAL)
    line.run("17:00", step="0:30")
    line.sleep("40:00")
    line.run("41:00", step="0:30")
    assert line.told("lead") == [
        "15:00 group [Critical] Acme Air: 4 incidents at once",
        "40:00 group [Critical] Acme Air: 4 incidents at once",
    ]
    assert line.told("boss") == ["40:00 group [Critical] Acme Air: 8 incidents at once"]


def test_what_came_back_is_escalated_again_though_it_was_taken_on_before(store: Store) -> None:
    line = Timeline(store)
    line.alert("0:00", "bags", Level.CRITICAL)
    line.act("5:00", ActionKind.RESOLVE, "bags")
    line.close("1:00:00", "bags")
    line.alert("3d 0:00:00", "bags", Level.CRITICAL, kind=AlertKind.RECURRED)
    line.run("3d 1:00:00", step="15:00")
    assert [one for one in line.told() if "update" not in one] == [
        "0:00 alert bags",
        "3d 0:00:00 alert bags",
        "3d 0:15:00 escalation-1 bags",
        "3d 0:30:00 escalation-2 bags",
    ]


def test_an_answer_that_links_itself_ends_no_escalation_but_taking_it_on_then_does(
    store: Store,
) -> None:
    line = Timeline(store)
    line.alert("0:00", "bags", Level.CRITICAL)
    line.act("5:00", ActionKind.RESPOND, "bags", by=SPARKWATCH)
    line.act("20:00", ActionKind.ACKNOWLEDGE, "bags")
    line.run("1:00:00", step="1:00")
    assert [one for one in line.told() if "update" not in one] == [
        "0:00 alert bags",
        "15:00 escalation-1 bags",
    ]
    with store.read() as work:
        case = work.casework.case("bags")
    assert (case.handling, case.owner) == (Handling.RESPONDING, "Mei")


def test_that_nobody_took_it_on_is_told_once_however_many_teams_are_told_again(
    store: Store,
) -> None:
    line = Timeline(store, rules=Rules(teams=(team(), team(name="lead"))))
    line.alert("0:00", "bags", Level.CRITICAL)
    line.run("20:00", step="1:00")
    assert len([one for one in line.told() if one.startswith("15:00 update")]) == 1


# --- floods -------------------------------------------------------------------------------------


def test_ten_thousand_alerts_in_a_minute_are_one_message_an_interval(store: Store) -> None:
    line = Timeline(store)
    names = [f"flood{number:05}" for number in range(10_000)]
    with store.begin() as work:
        begin_all([(name, "acme") for name in names], line.start, work)
    for part in range(10):
        line.flood(f"0:{6 * part:02}", names[part::10])
    line.run("12:00", step="0:30")
    assert line.told() == [
        "0:30 group [High] Acme Air: 6,000 incidents at once",
        "5:30 group [High] Acme Air: 4,000 incidents at once",
    ]
    with store.read() as work:
        decided = work.notices.decided(line.start, line.at("12:00"))
    assert len(decided) == 10_000
    assert {notice.state for notice in decided} == {NoticeState.TOLD}
    assert max(line.looks) < timedelta(seconds=30)


def test_a_flood_that_goes_on_is_one_message_an_interval(store: Store) -> None:
    line = Timeline(store)
    names = [f"flood{number:03}" for number in range(240)]
    with store.begin() as work:
        begin_all([(name, "acme") for name in names], line.start, work)
    for part in range(24):
        line.flood(f"{part // 2}:{30 * (part % 2):02}", names[part::24])
    line.run("20:00")
    assert line.told() == [
        "0:30 group [High] Acme Air: 20 incidents at once",
        "5:30 group [High] Acme Air: 100 incidents at once",
        "10:30 group [High] Acme Air: 100 incidents at once",
        "15:30 group [High] Acme Air: 20 incidents at once",
    ]

"""What people voted, and what the teams were told of, as a digest needs it."""

from __future__ import annotations

from datetime import timedelta

from alerts.routing import TeamOptions
from alerts.rules import Rules
from monitor.casework import ActionKind
from monitor.domain import AlertKind, Level
from monitor.stages.worth import worth_of
from monitor.store.store import Store
from tests.timelines.harness import Timeline


def test_the_last_word_of_each_person_counts_for_the_rule_that_the_alert_names(
    lite: Store,
) -> None:
    line = Timeline(lite)
    line.alert("0:00", "bags")
    line.act("1:00", ActionKind.USEFUL, "bags", by="Mei")
    line.act("2:00", ActionKind.NOISE, "bags", by="Mei")
    line.act("3:00", ActionKind.USEFUL, "bags", by="Ann")
    line.alert("10:00", "bags", Level.CRITICAL, kind=AlertKind.RAISED)
    line.act("11:00", ActionKind.USEFUL, "bags", by="Mei")
    line.run("12:00", step="5:00")
    with lite.read() as work:
        worth = worth_of((), ["acme"], line.start, line.at("1:00:00"), work)
        others = worth_of((), ["zephyr"], line.start, line.at("1:00:00"), work)
    (rule,) = worth.rules
    assert (rule.rule, rule.useful, rule.votes) == ("forming", 2, 3)
    assert others.rules == ()


def test_a_budget_tells_what_was_spent_and_what_was_withheld_for_it(lite: Store) -> None:
    team = TeamOptions(name="pr", channels=("pr",), budget=1, escalation=())
    line = Timeline(lite, rules=Rules(teams=(team,)))
    line.alert("0:00", "bags")
    line.alert("10:00", "seats")
    line.run("20:00", step="5:00")
    end = line.start + timedelta(days=1)
    with lite.read() as work:
        (budget,) = worth_of((team,), ["acme"], line.start, end, work).budgets
    assert (budget.team, budget.spent, budget.budget, budget.withheld) == ("pr", 1, 1, 1)

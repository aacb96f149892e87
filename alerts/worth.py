"""The section of the digest that says whether the alerts were worth it."""

from __future__ import annotations

from alerts.i18n import Words, message
from alerts.message import Section
from alerts.untrusted import one_line
from alerts.votes import Budget, Precision, Worth

__all__ = ["worth_section"]

_RULES = {
    "spike": message("many people at once"),
    "influential_author": message("an author with a large audience"),
    "slow_burn": message("a slow burn"),
    "forecast_reach": message("the forecast"),
    "video_spreading": message("views"),
    "high_anger": message("anger"),
}


def worth_section(worth: Worth, words: Words) -> Section:
    """Votes by rule, then what each team was told of against its budget."""
    lines = [_rule(one, worth.weeks, words) for one in worth.rules]
    lines += [_budget(one, words) for one in worth.budgets]
    return Section(heading=words.say("Were the alerts worth it"), lines=tuple(lines))


def _rule(one: Precision, weeks: int, words: Words) -> str:
    return words.say(
        "Raised for {rule}: {useful} of {votes} called useful in {weeks} "
        "({share}; {low} to {high} are likely)",
        rule=words.say(_RULES[one.rule]) if one.rule in _RULES else one.rule,
        useful=words.number(one.useful),
        votes=words.number(one.votes),
        weeks=words.count("{n} week", "{n} weeks", weeks),
        share=words.percent(one.useful / one.votes),
        low=words.percent(one.low),
        high=words.percent(one.high),
    )


def _budget(one: Budget, words: Words) -> str:
    line = words.say(
        "{team} was told {spent} times; its budget is {budget} a week",
        team=one_line(one.team, 60),
        spent=words.number(one.spent),
        budget=words.number(one.budget),
    )
    if not one.withheld:
        return line
    return words.noted(line, words.say("{n} withheld for it", n=words.number(one.withheld)))

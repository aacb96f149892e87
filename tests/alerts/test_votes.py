"""Whether alerts were worth it: votes by rule, with an interval that holds for few of them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alerts.i18n import Language, Reader, Words
from alerts.votes import Budget, Worth, precision, wilson
from alerts.worth import worth_section


def test_rules_are_told_with_their_votes_those_with_most_first() -> None:
    votes = [("slow_burn", True), *[("spike", True)] * 9, *[("spike", False)] * 3]
    spike, burn = precision(votes)
    assert (spike.rule, spike.useful, spike.votes) == ("spike", 9, 12)
    assert (round(spike.low, 2), round(spike.high, 2)) == (0.47, 0.91)
    assert (burn.rule, round(burn.low, 2), round(burn.high, 2)) == ("slow_burn", 0.21, 1)


@given(st.integers(1, 500), st.floats(0, 1))
def test_the_interval_holds_the_share_and_stays_a_share(total: int, part: float) -> None:
    hits = round(part * total)
    low, high = wilson(hits, total)
    assert 0 <= low <= hits / total + 1e-9
    assert hits / total - 1e-9 <= high <= 1
    assert low < high


def test_no_votes_are_no_share() -> None:
    assert precision([]) == ()
    with pytest.raises(ValueError, match="nothing was judged"):
        wilson(0, 0)


def test_the_digest_says_what_was_worth_it_and_what_was_withheld_for_the_budget() -> None:
    worth = Worth(
        rules=precision([("spike", True)] * 3 + [("spike", False), ("some_rule", False)]),
        budgets=(Budget(team="pr", spent=20, budget=20, withheld=4),),
        weeks=8,
    )
    section = worth_section(worth, Words(Reader()))
    assert section.heading == "Were the alerts worth it"
    assert section.lines == (
        "Raised for many people at once: 3 of 4 called useful in 8 weeks "
        "(75%; 30% to 95% are likely)",
        "Raised for some_rule: 0 of 1 called useful in 8 weeks (0%; 0% to 79% are likely)",
        "pr was told 20 times; its budget is 20 a week (4 withheld for it)",
    )


@pytest.mark.parametrize("language", [Language.CHINESE_SIMPLIFIED, Language.CHINESE_TRADITIONAL])
def test_it_says_so_in_chinese(language: Language) -> None:
    budget = Budget(team="pr", spent=1, budget=20, withheld=0)
    section = worth_section(Worth(budgets=(budget,)), Words(Reader(language=language)))
    assert "pr 收到 1 次通知" in section.lines[0]

"""Where somebody stands, by what they said, and who changed sides."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.incidents.standing import Moves, Opinion, Standing, advocates_moved, standing

MONDAY = datetime(2026, 3, 2, tzinfo=UTC)
DAY = timedelta(days=1)


def said(*balances: float, every: float = -1) -> list[Opinion]:
    """One opinion for each balance, the first a day before Monday and each next one earlier."""
    return [
        Opinion(said_at=MONDAY - DAY + every * number * DAY, balance=balance)
        for number, balance in enumerate(balances)
    ]


@pytest.mark.parametrize(
    ("balance", "expected"),
    [
        (-1.0, Standing.DETRACTOR),
        (-0.26, Standing.DETRACTOR),
        (-0.25, Standing.SATISFIED),
        (0.0, Standing.SATISFIED),
        (0.25, Standing.SATISFIED),
        (0.26, Standing.LOYAL),
        (0.49, Standing.LOYAL),
        (0.5, Standing.ADVOCATE),
        (1.0, Standing.ADVOCATE),
    ],
)
def test_the_bounds_are_as_stated(balance: float, expected: Standing) -> None:
    assert standing(said(balance, balance, every=0), MONDAY) is expected


def test_of_one_post_nobody_is_judged() -> None:
    assert standing(said(-1.0), MONDAY) is None
    assert standing([], MONDAY) is None


def test_what_is_said_later_does_not_count_yet() -> None:
    opinions = said(0.9, 0.9)
    assert standing(opinions, MONDAY - 3 * DAY) is None
    assert standing(opinions, MONDAY) is Standing.ADVOCATE


def test_a_post_counts_half_as_much_when_it_is_ninety_days_older() -> None:
    once_angry = [
        Opinion(said_at=MONDAY - 91 * DAY, balance=-1.0),
        Opinion(said_at=MONDAY - DAY, balance=1.0),
    ]
    assert standing(once_angry, MONDAY) is Standing.LOYAL  # (1 - 1/2) / (1 + 1/2) = 1/3


def test_nobody_changes_sides_by_silence() -> None:
    opinions = said(0.9, 0.4, -0.2)
    assert standing(opinions, MONDAY) is standing(opinions, MONDAY + 4_000 * DAY)


def test_advocates_won_and_lost_are_counted() -> None:
    won = [*said(0.0, 0.9), Opinion(said_at=MONDAY + DAY, balance=1.0)]
    newcomer = [Opinion(said_at=MONDAY + n * DAY, balance=0.8) for n in (1, 2)]
    lost = [*said(0.8, 0.8), Opinion(said_at=MONDAY + DAY, balance=-0.9)]
    faithful = [*said(0.8, 0.8), Opinion(said_at=MONDAY + DAY, balance=0.8)]
    too_late = [*said(0.8, 0.8), Opinion(said_at=MONDAY + 8 * DAY, balance=-0.9)]
    everybody = [won, newcomer, lost, faithful, too_late]
    assert advocates_moved(everybody, MONDAY, MONDAY + 7 * DAY) == Moves(won=2, lost=1)


@given(
    st.lists(
        st.tuples(st.floats(-1, 1), st.integers(0, 100_000)).map(
            lambda pair: Opinion(said_at=MONDAY - DAY * pair[1], balance=pair[0])
        ),
        min_size=2,
        max_size=30,
    )
)
def test_more_praise_never_makes_a_standing_worse(opinions: list[Opinion]) -> None:
    order = list(Standing)
    before = standing(opinions, MONDAY + DAY)
    praised = [*opinions, Opinion(said_at=MONDAY, balance=1.0)]
    after = standing(praised, MONDAY + DAY)
    assert before is not None
    assert after is not None
    assert order.index(after) >= order.index(before)

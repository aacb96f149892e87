"""What changed since an answer."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.domain import Forecast, PostKey, Quantiles, Quantity, Voice
from monitor.effect import Place, Verdict
from monitor.virality.recovery import Calm, effect, mean_difference, share_difference

POSTED = datetime(2026, 3, 3, 9, tzinfo=UTC)
HOUR = timedelta(hours=1)
UNKNOWN = Calm()
ANSWERED = POSTED + 2 * HOUR


def voice(
    number: int, hours: float, *, negative: float = 0.9, anger: float = 0.6, by: str = ""
) -> Voice:
    return Voice(
        post=PostKey("mastodon", str(number)),
        published_at=POSTED + hours * HOUR,
        author=by or f"person {number}",
        negative=negative,
        anger=anger,
    )


def crowd(before: int, after: int, calmer: bool = False) -> list[Voice]:
    """So many posts in the two hours before the answer, and in the six after it."""
    first = [voice(n, 2 * n / before, anger=0.5 + 0.3 * (n % 2)) for n in range(before)]
    last = [
        voice(
            1000 + n,
            2.01 + 6 * n / max(after, 1),
            negative=0.1 if calmer and n % 2 else 0.9,
            anger=(0.1 if calmer else 0.5) + 0.3 * (n % 2),
        )
        for n in range(after)
    ]
    return first + last


def foreseen(low: float, high: float, hours: float = 6, made: float = 1.9) -> Forecast:
    middle = (low + high) / 2
    return Forecast(
        incident="i",
        quantity=Quantity.MENTIONS,
        horizon=hours * HOUR,
        made_at=POSTED + made * HOUR,
        seen=19,
        model="m",
        quantiles=Quantiles(
            low90=low,
            low50=(low + middle) / 2,
            median=middle,
            high50=(middle + high) / 2,
            high90=high,
        ),
    )


def verdict(
    voices: list[Voice], *forecasts: Forecast, hours: float = 8, calm: Calm = UNKNOWN
) -> str:
    return effect(voices, forecasts, ANSWERED, POSTED + hours * HOUR, calm).verdict.value


def test_a_better_mood_is_recovering() -> None:
    seen = effect(crowd(20, 40, calmer=True), [], ANSWERED, POSTED + 8.5 * HOUR)
    assert seen.verdict is Verdict.RECOVERING
    assert seen.negative is not None
    assert seen.negative.fell
    assert seen.anger is not None
    assert seen.anger.fell


def test_the_same_mood_shows_no_change() -> None:
    assert verdict(crowd(20, 20)) == "no_change_shown"


@pytest.mark.parametrize(
    ("after", "low", "high", "place", "told"),
    [
        (15, 60, 200, Place.BELOW90, "recovering"),
        (15, 30, 200, Place.BELOW50, "no_change_shown"),
        (20, 30, 60, Place.INSIDE50, "no_change_shown"),
        (20, 5, 42, Place.ABOVE50, "no_change_shown"),
        (25, 20, 30, Place.ABOVE90, "worse"),
        (25, 60, 200, Place.BELOW90, "no_change_shown"),  # fewer than foreseen, and yet more
        (15, 20, 30, Place.ABOVE90, "no_change_shown"),  # more than foreseen, and yet fewer
    ],
)
def test_the_volume_is_held_against_what_was_foreseen_before(
    after: int, low: float, high: float, place: Place, told: str
) -> None:
    seen = effect(crowd(20, after), [foreseen(low, high)], ANSWERED, POSTED + 8 * HOUR)
    assert seen.volume is not None
    assert seen.volume.outcome == 20 + after
    assert (seen.volume.place, seen.verdict.value) == (place, told)


def test_of_the_forecasts_before_the_answer_the_latest_at_its_longest_due_horizon_counts() -> None:
    early = foreseen(1, 2, made=1.0)
    near, far = foreseen(30, 60, hours=1), foreseen(30, 60, hours=6)
    later, not_due = foreseen(1, 2, made=3.0, hours=1), foreseen(1, 2, hours=24)
    seen = effect(crowd(20, 20), [far, not_due, later, near, early], ANSWERED, POSTED + 8 * HOUR)
    assert seen.volume is not None
    assert seen.volume.forecast == far


def test_signs_that_disagree_show_no_change() -> None:
    assert verdict(crowd(20, 40, calmer=True), foreseen(20, 30), hours=8.5) == "no_change_shown"


def test_within_the_first_hour_nothing_is_said() -> None:
    assert verdict(crowd(20, 40, calmer=True), hours=2.9) == "too_little_seen"


def test_of_few_people_nothing_is_said() -> None:
    assert verdict(crowd(5, 5)) == "too_little_seen"


def test_somebody_who_posts_ten_times_is_one_person() -> None:
    loud = [voice(n, 0.1 * n, by="one") for n in range(10)]
    seen = effect([*loud, *crowd(20, 20)], [], ANSWERED, POSTED + 8 * HOUR)
    assert seen.negative is not None
    assert seen.negative.of_before == 21


def test_a_closed_incident_has_recovered_with_its_last_post() -> None:
    calm = Calm(over_at=ANSWERED + 7 * HOUR)
    seen = effect(crowd(20, 20), [], ANSWERED, POSTED + 100 * HOUR, calm)
    assert (seen.verdict, seen.hours_to_recovery) == (Verdict.RECOVERED, 7.0)


def test_a_day_of_usual_complaints_is_recovery_from_its_beginning() -> None:
    voices = crowd(20, 20)
    times = [one.published_at for one in voices]
    calm = Calm(complaints=times, usual_per_day=5)
    assert effect(voices, [], ANSWERED, POSTED + 20 * HOUR, calm).hours_to_recovery is None
    seen = effect(voices, [], ANSWERED, POSTED + 40 * HOUR, calm)
    assert seen.verdict is Verdict.RECOVERED
    assert seen.hours_to_recovery == 5.0


def test_without_a_known_usual_silence_is_not_called_recovery() -> None:
    assert verdict(crowd(20, 20), hours=60) != "recovered"


def test_what_came_back_has_relapsed_whatever_else_is_seen() -> None:
    calm = Calm(came_back=True, over_at=ANSWERED + HOUR)
    seen = effect(crowd(20, 40, calmer=True), [], ANSWERED, POSTED + 8 * HOUR, calm)
    assert (seen.verdict, seen.hours_to_recovery) == (Verdict.RELAPSED, None)


def test_a_model_without_anger_leaves_it_out() -> None:
    voices = [attrs.evolve(one, anger=None) for one in crowd(20, 20)]
    seen = effect(voices, [], ANSWERED, POSTED + 8 * HOUR)
    assert seen.anger is None
    assert seen.negative is not None


def test_means_differ_as_in_a_worked_example() -> None:
    """By scipy's `ttest_ind(..., equal_var=False).confidence_interval(0.95)`."""
    from scipy.stats import ttest_ind

    before = [0.1, 0.5, 0.9, 0.7, 0.6, 0.8, 0.4, 0.3, 0.65]
    after = [0.2, 0.1, 0.3, 0.25, 0.4, 0.15, 0.05, 0.35]
    wanted = ttest_ind(after, before, equal_var=False).confidence_interval(0.95)
    seen = mean_difference(before, after)
    assert seen is not None
    assert (seen.low, seen.high) == pytest.approx((wanted.low, wanted.high), abs=1e-6)


SHARES = st.lists(st.sampled_from([0.0, 1.0]), min_size=8, max_size=60)


@given(before=SHARES, after=SHARES)
def test_an_interval_holds_what_was_seen_and_turns_with_its_sides(
    before: list[float], after: list[float]
) -> None:
    for compare in (share_difference, mean_difference):
        there, back = compare(before, after), compare(after, before)
        assert there is not None
        assert back is not None
        assert there.low - 1e-9 <= there.after - there.before <= there.high + 1e-9
        assert (back.low, back.high) == pytest.approx((-there.high, -there.low))
        assert not (there.fell and there.rose)

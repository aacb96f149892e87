"""What a replay is worth: each figure from reports that are written down here."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import attrs
import pytest

from monitor.backtest import Count, backtest, compare
from monitor.domain import (
    Alert,
    AlertKind,
    Forecast,
    Incident,
    IncidentState,
    Level,
    PostKey,
    Quantiles,
    Quantity,
    Reason,
)
from monitor.labels import Label
from monitor.replay import Course, Raised, Report

MONDAY = datetime(2026, 3, 2, tzinfo=UTC)
HOUR = timedelta(hours=1)


def course(
    name: str,
    hours: Sequence[float],
    *told: tuple[float, Level],
    brand: str = "acme",
    posts: Sequence[str] | None = None,
    forecasts: Sequence[Forecast] = (),
) -> Course:
    """An incident with posts at these hours of Monday, and alerts at those."""
    ids = posts or [f"{name}-{number}" for number in range(len(hours))]
    moments = [MONDAY + HOUR * hour for hour in hours]
    incident = Incident(
        id=name,
        brand=brand,
        title=name,
        state=IncidentState.OPEN,
        first_post=PostKey("forum", ids[0]),
        first_post_at=moments[0],
        last_post_at=moments[-1],
        posts=len(hours),
        authors=len(hours),
    )
    return Course(
        incident=incident,
        posts=tuple((at, PostKey("forum", post)) for at, post in zip(moments, ids, strict=True)),
        counters={},
        forecasts=tuple(forecasts),
        alerts=tuple(alert(name, brand, hour, level) for hour, level in told),
        silences=(),
    )


def alert(incident: str, brand: str, hour: float, level: Level) -> Alert:
    return Alert(
        id=f"{incident}@{hour}",
        incident=incident,
        brand=brand,
        kind=AlertKind.OPENED,
        level=level,
        raised_at=MONDAY + HOUR * hour,
        reasons=(Reason(code="slow_burn"),),
    )


def report(*courses: Course, days: float = 7, brands: Sequence[str] = ("acme",)) -> Report:
    raised = [
        Raised(
            alert=one,
            title=of.incident.title,
            posts_then=0,
            posts_finally=len(of.posts),
            after_first_post=None,
            before_half=None,
        )
        for of in courses
        for one in of.alerts
    ]
    return Report(
        started_at=MONDAY,
        ended_at=MONDAY + timedelta(days=days),
        observations=100,
        posts=100,
        mentions=90,
        complaints=80,
        incidents=len(courses),
        raised=tuple(sorted(raised, key=lambda one: one.alert.raised_at)),
        courses=courses,
        watched_from=dict.fromkeys(brands, MONDAY),
    )


def label(line: int, *posts: str, hours: tuple[float, float] | None = None) -> Label:
    """A true incident with these posts, or between these hours of Monday."""
    start, end = (MONDAY + HOUR * hour for hour in hours) if hours else (None, None)
    return Label(line=line, brand="acme", start=start, end=end, posts=frozenset(posts))


def forecast(made: float, low: float, high: float, outcome: int | None) -> Forecast:
    return Forecast(
        incident="bags",
        quantity=Quantity.MENTIONS,
        horizon=HOUR,
        made_at=MONDAY + HOUR * made,
        seen=5,
        model="grid",
        quantiles=Quantiles(
            low90=low, low50=low, median=(low + high) / 2, high50=high, high90=high
        ),
        outcome=outcome,
    )


# alarms and lead


def test_alarms_are_counted_by_the_weeks_in_which_each_brand_was_watched() -> None:
    told = report(
        course("bags", range(6), (1, Level.WATCH), (2, Level.HIGH)), brands=("acme", "other")
    )
    later = attrs.evolve(told, watched_from={"acme": MONDAY, "other": MONDAY + timedelta(days=3.5)})
    assert backtest("a", told).figures.alarms.a_brand_week == 1
    figures = backtest("a", later).figures
    assert figures.brand_weeks == pytest.approx(1.5)
    assert figures.alarms.a_brand_week == pytest.approx(2 / 1.5)
    assert (figures.alarms.count, figures.urgent.count) == (2, 1)


def test_of_less_than_a_day_no_weekly_rate_is_made() -> None:
    short = report(course("bags", range(6), (1, Level.HIGH)), days=0.9)
    alarms = backtest("a", short).figures.alarms
    assert (alarms.count, alarms.a_brand_week) == (1, None)


def test_the_lead_is_from_the_first_alert_to_half_of_the_posts() -> None:
    figures = backtest(
        "a",
        report(
            course("early", [0, 1, 8, 9, 10], (2, Level.WATCH), (9, Level.HIGH)),
            course("late", [0, 1, 2, 3, 4], (4, Level.HIGH)),
        ),
    ).figures
    assert figures.lead.before_half == Count(1, 2)
    assert figures.lead.median == timedelta(hours=2)
    assert figures.urgent_lead.median == timedelta(hours=-1.5)


def test_a_single_loud_post_is_no_crowd_to_be_ahead_of() -> None:
    figures = backtest("a", report(course("famous", [0], (0.1, Level.HIGH)))).figures
    assert figures.lead.before_half == Count(0, 0)
    assert figures.lead.median is None


@pytest.mark.parametrize(("hits", "of"), [(0, 0), (0, 5), (5, 5), (3, 7), (300, 700)])
def test_an_interval_holds_its_share_and_stays_within_all_and_nothing(hits: int, of: int) -> None:
    part = Count(hits, of)
    low, high = part.interval
    assert 0 <= low <= (part.share if part.share is not None else 0.5) <= high <= 1


# forecasts


def test_forecasts_are_graded_where_their_outcome_is_known() -> None:
    made = [forecast(1, 5, 10, 9), forecast(2, 5, 10, 30), forecast(3, 5, 10, None)]
    [record] = backtest("a", report(course("bags", [0, 1], forecasts=made))).figures.forecasts
    assert (record.forecasts, record.incidents) == (2, 1)
    assert record.inside90.value == 0.5


# labels


def test_an_alert_is_right_whose_incident_held_a_named_post_by_then() -> None:
    told = report(course("bags", [0, 1, 9], (2, Level.HIGH)))
    truth = [label(2, "bags-1"), label(3, "bags-2")]
    archived = [key for _, key in told.courses[0].posts]
    judgement = backtest("a", told, truth, archived).judgement
    assert judgement is not None
    assert judgement.right["bags@2"] == truth[0]
    assert judgement.recall == Count(1, 2)
    assert judgement.labels[0].after_start == HOUR


def test_an_alert_is_right_that_lies_within_a_true_incident_or_whose_posts_do() -> None:
    told = report(
        course("within", [-9, -8, 5], (6, Level.HIGH)),
        course("overlaps", [4, 5, 6], (9, Level.WATCH)),
        course("elsewhere", [20, 21, 22], (23, Level.HIGH)),
        course("stranger", [5, 6], (6, Level.HIGH), brand="other"),
    )
    truth = [label(2, hours=(4, 7))]
    judgement = backtest("a", told, truth).judgement
    assert judgement is not None
    right = [name for name, found in judgement.right.items() if found is not None]
    assert right == ["within@6", "overlaps@9"]
    assert judgement.precision == Count(2, 4)
    assert judgement.urgent_precision == Count(1, 3)
    assert (judgement.recall, judgement.urgent_recall) == (Count(1, 1), Count(1, 1))
    assert judgement.median_after_start == 2 * HOUR


def test_what_the_archive_does_not_hold_is_not_missed() -> None:
    truth = [
        label(2, hours=(-9, -1)),
        label(3, "unheard-of"),
        label(4, hours=(0, 1)),
    ]
    judgement = backtest("a", report(course("bags", [0])), truth).judgement
    assert judgement is not None
    assert [one.line for one in judgement.outside] == [2, 3]
    assert judgement.recall == Count(0, 1)


# two configurations


def test_the_same_incident_is_found_by_its_posts_whatever_its_id() -> None:
    a = report(course("one", [0, 1, 2], (2, Level.HIGH), posts=["p", "q", "r"]))
    b = report(course("two", [1, 2], (1.5, Level.WATCH), posts=["q", "r"]))
    [told] = compare(a, b)
    assert told.by == (True, True)
    assert told.a is a.courses[0]
    assert told.b is b.courses[0]


def test_what_only_one_told_of_stands_beside_the_others_silence() -> None:
    a = report(course("bags", [0, 1], (1, Level.HIGH)), course("rude", [3, 4]))
    b = report(course("bags", [0, 1]), course("rude", [3, 4], (4, Level.HIGH)))
    bags, rude = compare(a, b)
    assert (bags.by, rude.by) == ((True, False), (False, True))
    assert bags.b is b.courses[0]
    assert rude.a is a.courses[1]


def test_incidents_that_share_less_than_half_are_not_the_same() -> None:
    a = report(course("one", range(5), (2, Level.HIGH), posts=list("abcde")))
    b = report(course("two", range(5), (2, Level.HIGH), posts=list("dexyz")))
    assert [told.by for told in compare(a, b)] == [(True, False), (False, True)]


def test_the_same_words_about_two_brands_are_two_incidents() -> None:
    a = report(course("one", [0, 1], (1, Level.HIGH), posts=["p", "q"]))
    b = report(course("two", [0, 1], (1, Level.HIGH), posts=["p", "q"], brand="other"))
    assert [told.by for told in compare(a, b)] == [(True, False), (False, True)]

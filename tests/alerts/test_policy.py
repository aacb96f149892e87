"""Each rule at its boundary, and when a person is told or left alone."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import attrs
import pytest

from alerts.i18n import Reader, Words
from alerts.policy import PolicyOptions, Situation, decide, level_of
from alerts.reasons import REASON_FACTS, sentence
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
    Silence,
)

NOW = datetime(2026, 3, 10, 12, tzinfo=UTC)
OPTIONS = PolicyOptions()
LEARNED = timedelta(hours=OPTIONS.learning_hours)

INCIDENT = Incident(
    id="0a1b2c3d4e",
    brand="acme",
    title="fourth bag",
    state=IncidentState.OPEN,
    first_post=PostKey("mastodon", "1"),
    first_post_at=NOW - timedelta(hours=5),
    last_post_at=NOW - timedelta(minutes=5),
    posts=20,
    authors=12,
    opened_at=NOW - timedelta(hours=4),
)
CALM = Situation(
    incident=INCIDENT,
    posts_last_hour=1,
    authors_last_hour=1,
    usual_per_hour=2.0,
    surprise=0.0,
    usual_per_day=40.0,
    watched=timedelta(days=20),
    days_told=1,
)
SPIKE: dict[str, Any] = {
    "posts_last_hour": OPTIONS.spike_posts,
    "authors_last_hour": OPTIONS.spike_authors,
    "surprise": OPTIONS.spike_score,
}


def _situation(**changes: Any) -> Situation:
    return attrs.evolve(CALM, **changes)


def _level(**changes: Any) -> Level | None:
    return level_of(_situation(**changes), OPTIONS)


def _forecast(
    median: float, low50: float = 0.0, quantity: Quantity = Quantity.MENTIONS, hours: int = 24
) -> Forecast:
    quantiles = Quantiles(low90=0.0, low50=low50, median=max(median, low50), high50=1e9, high90=1e9)
    return Forecast(
        incident=INCIDENT.id,
        quantity=quantity,
        horizon=timedelta(hours=hours),
        made_at=NOW,
        seen=10,
        model="test",
        quantiles=quantiles,
    )


def _alert(level: Level = Level.HIGH, minutes_ago: float = 60) -> Alert:
    return Alert(
        id=f"{INCIDENT.id}-{level}",
        incident=INCIDENT.id,
        brand="acme",
        kind=AlertKind.OPENED,
        level=level,
        raised_at=NOW - timedelta(minutes=minutes_ago),
        reasons=(Reason(code="forming"),),
    )


def _told(situation: Situation) -> Alert:
    decision = decide(situation, OPTIONS, NOW)
    assert isinstance(decision, Alert)
    _can_be_said(*decision.reasons)
    return decision


def _silent(situation: Situation) -> Reason:
    decision = decide(situation, OPTIONS, NOW)
    assert isinstance(decision, Silence)
    assert decision.decided_at == NOW
    _can_be_said(decision.reason)
    return decision.reason


def _can_be_said(*reasons: Reason) -> None:
    """Every reason carries the facts that its sentence needs, in every language."""
    for reason in reasons:
        assert {name for name, _ in reason.facts} == REASON_FACTS[reason.code]
        for language in ("en", "zh-Hans", "zh-Hant"):
            assert sentence(reason, Words(Reader(language=language)))


# --- a spike ------------------------------------------------------------------------------------


def test_a_spike_needs_posts_people_and_surprise() -> None:
    assert _level(**SPIKE) is Level.HIGH
    for name in SPIKE:
        assert _level(**{**SPIKE, name: SPIKE[name] - 1}) is None
    assert _level(**{**SPIKE, "surprise": OPTIONS.critical_spike_score - 0.01}) is Level.HIGH
    assert _level(**{**SPIKE, "surprise": OPTIONS.critical_spike_score}) is Level.CRITICAL


def test_while_the_usual_is_being_learned_no_volume_is_a_spike() -> None:
    crowd = {"posts_last_hour": 900, "authors_last_hour": 800, "surprise": 99.0}
    enormous = (_forecast(1e6, 1e6),)
    young = _situation(**crowd, forecasts=enormous, watched=LEARNED - timedelta(seconds=1))
    assert _silent(young).code == "still_learning"
    assert level_of(attrs.evolve(young, watched=LEARNED), OPTIONS) is Level.CRITICAL


def test_what_many_people_see_is_told_even_while_the_usual_is_being_learned() -> None:
    assert _level(watched=timedelta(0), views=OPTIONS.high_views) is Level.HIGH
    assert _level(watched=timedelta(0), loudest_audience=OPTIONS.high_audience) is Level.HIGH


# --- a forecast ---------------------------------------------------------------------------------


def test_a_forecast_of_posts_counts_from_the_fewest_on_and_from_a_usual_day_on() -> None:
    fewest = OPTIONS.forecast_posts
    assert _level(forecasts=(_forecast(fewest),)) is Level.HIGH
    assert _level(forecasts=(_forecast(fewest - 1),)) is None
    busy = {"usual_per_day": 500.0}
    assert _level(**busy, forecasts=(_forecast(499),)) is None
    assert _level(**busy, forecasts=(_forecast(500),)) is Level.HIGH
    assert _level(**busy, forecasts=(_forecast(1e6, 1_499),)) is Level.HIGH
    assert _level(**busy, forecasts=(_forecast(1e6, 1_500),)) is Level.CRITICAL


def test_only_the_forecast_of_a_day_counts_and_too_little_seen_is_no_reason() -> None:
    unsure = attrs.evolve(_forecast(1e6), quantiles=None)
    assert _level(forecasts=(_forecast(1e6, hours=6),)) is None
    assert _level(forecasts=(unsure,)) is None


@pytest.mark.parametrize(
    ("views", "level"),
    [
        (None, None),
        (9_999, None),
        (10_000, Level.HIGH),
        (99_999, Level.HIGH),
        (100_000, Level.CRITICAL),
    ],
)
def test_views_that_were_seen_count(views: int | None, level: Level | None) -> None:
    assert _level(views=views) is level


def test_views_that_are_forecast_count_by_their_lower_quarter() -> None:
    def forecast(low50: float) -> Forecast:
        return _forecast(1e6, low50, Quantity.VIEWS)

    assert _level(forecasts=(forecast(9_999),)) is None
    assert _level(forecasts=(forecast(10_000),)) is Level.HIGH
    assert _level(views=20_000, forecasts=(forecast(100_000),)) is Level.CRITICAL


def test_views_that_shrank_below_the_bound_count_no_more() -> None:
    assert _level(views=12_000) is Level.HIGH
    assert _level(views=8_000) is None


# --- people -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("followers", "level"),
    [
        (9_999, None),
        (10_000, Level.WATCH),
        (49_999, Level.WATCH),
        (50_000, Level.HIGH),
        (999_999, Level.HIGH),
        (1_000_000, Level.CRITICAL),
    ],
)
def test_an_angry_author_counts_by_followers(followers: int, level: Level | None) -> None:
    assert _level(loudest_author="Eve", loudest_audience=followers) is level


def test_an_author_without_a_name_can_be_told_of() -> None:
    told = _told(_situation(loudest_author="", loudest_audience=60_000))
    assert told.reasons[0].code == "influential_author"


def test_a_slow_burn_needs_days_and_people() -> None:
    days, people = OPTIONS.slow_burn_days, OPTIONS.slow_burn_authors
    enough = attrs.evolve(INCIDENT, authors=people)
    assert _level(incident=enough, days_told=days) is Level.WATCH
    assert _level(incident=enough, days_told=days - 1) is None
    assert _level(incident=attrs.evolve(INCIDENT, authors=people - 1), days_told=days) is None


def test_anger_is_told_beside_another_reason_and_is_none_by_itself() -> None:
    assert _level(angry_share=1.0) is None
    codes = [reason.code for reason in _told(_situation(**SPIKE, angry_share=0.5)).reasons]
    assert codes == ["spreading_fast", "high_anger"]
    codes = [reason.code for reason in _told(_situation(**SPIKE, angry_share=0.49)).reasons]
    assert codes == ["spreading_fast"]


# --- telling and silence ------------------------------------------------------------------------


def test_the_reasons_of_the_highest_level_come_first() -> None:
    told = _told(_situation(**SPIKE, views=200_000, loudest_audience=10_000))
    assert told.level is Level.CRITICAL
    assert told.reasons[0].code == "video_spreading"
    assert [reason.code for reason in told.reasons[1:]] == ["spreading_fast", "influential_author"]


def test_nothing_new_means_silence_with_a_reason() -> None:
    assert _silent(CALM).code == "too_few_posts"
    assert _silent(_situation(**{**SPIKE, "surprise": 1.0})).code == "within_usual"
    again = _situation(**SPIKE, earlier=(_alert(Level.HIGH),))
    assert _silent(again) == Reason(code="already_told", facts=(("level", "high"),))


def test_what_is_stale_wakes_nobody() -> None:
    hours = timedelta(hours=OPTIONS.stale_hours)
    fresh = attrs.evolve(INCIDENT, last_post_at=NOW - hours)
    stale = attrs.evolve(INCIDENT, last_post_at=NOW - hours - timedelta(minutes=1))
    assert _told(_situation(incident=fresh, views=10_000)).level is Level.HIGH
    assert _silent(_situation(incident=stale, views=10_000)).code == "stale"


def test_the_first_alert_opens_a_higher_level_raises_and_a_lower_one_is_silent() -> None:
    assert _told(_situation(views=10_000)).kind is AlertKind.OPENED
    raised = _told(_situation(views=100_000, earlier=(_alert(Level.HIGH),)))
    assert (raised.kind, raised.level) == (AlertKind.RAISED, Level.CRITICAL)
    assert raised.reasons[0] == Reason(
        code="level_raised", facts=(("before", "high"), ("after", "critical"))
    )
    lower = _situation(views=10_000, earlier=(_alert(Level.CRITICAL),))
    assert _silent(lower).code == "already_told"


def test_a_level_that_fell_and_rose_again_is_told_once() -> None:
    earlier = (_alert(Level.WATCH, 90), _alert(Level.HIGH, 60))
    assert _silent(_situation(views=10_000, earlier=earlier)).code == "already_told"


def test_coming_back_is_told_at_any_level() -> None:
    back = _told(
        _situation(loudest_audience=10_000, earlier=(_alert(Level.CRITICAL),), reopened=True)
    )
    assert (back.kind, back.level) == (AlertKind.RECURRED, Level.WATCH)
    assert _silent(_situation(earlier=(_alert(),), reopened=True)).code == "too_few_posts"


def test_an_alerts_id_says_what_it_says_and_nothing_of_when() -> None:
    situation = _situation(views=10_000)
    first, later = (decide(situation, OPTIONS, NOW + timedelta(hours=hours)) for hours in (0, 1))
    assert isinstance(first, Alert)
    assert isinstance(later, Alert)
    assert first.id == later.id
    assert first.id.startswith(INCIDENT.id)
    others = {
        _told(_situation(views=100_000)).id,
        _told(_situation(views=100_000, earlier=(_alert(Level.HIGH),))).id,
        _told(_situation(views=10_000, earlier=(_alert(Level.HIGH),), reopened=True)).id,
        _told(attrs.evolve(situation, incident=attrs.evolve(INCIDENT, id="ffffffffff"))).id,
    }
    assert len(others) == 4
    assert first.id not in others


def test_no_reason_is_without_a_sentence() -> None:
    """Every situation between all and nothing gives reasons that can be said."""
    for views in (None, 10_000, 100_000):
        for audience in (0, 10_000, 50_000, 1_000_000):
            for spike in ({}, SPIKE, {**SPIKE, "surprise": 20.0}):
                for days in (1, 9):
                    for watched in (timedelta(0), timedelta(days=9)):
                        for earlier in ((), (_alert(Level.WATCH),)):
                            situation = _situation(
                                views=views,
                                loudest_audience=audience,
                                days_told=days,
                                watched=watched,
                                earlier=earlier,
                                forecasts=(
                                    _forecast(1e5, 1e5),
                                    _forecast(1e5, 1e5, Quantity.VIEWS),
                                ),
                                angry_share=0.7,
                                **spike,
                            )
                            decision = decide(situation, OPTIONS, NOW)
                            if isinstance(decision, Alert):
                                _can_be_said(*decision.reasons)
                            else:
                                _can_be_said(decision.reason)

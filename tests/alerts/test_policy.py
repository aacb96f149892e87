"""Each rule at its boundary, and when a person is told or left alone."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import attrs
import pytest

from alerts.i18n import Reader, Words
from alerts.policy import Burn, PolicyOptions, Situation, Window, decide, level_of
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
    Withheld,
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


def _windows(posts: int, authors: int, prominence: float) -> tuple[Window, ...]:
    """The same in an hour and in three: what happened, happened lately."""
    return tuple(
        Window(hours=hours, posts=posts, authors=authors, usual=2.0 * hours, prominence=prominence)
        for hours in (1.0, 3.0)
    )


CALM = Situation(
    incident=INCIDENT,
    windows=_windows(1, 1, -0.5),
    usual_per_day=40.0,
    watched=timedelta(days=20),
)
LEAST = (OPTIONS.spike_posts, OPTIONS.spike_authors, OPTIONS.spike_score)
SPIKE: dict[str, Any] = {"windows": _windows(*LEAST)}
BURN = Burn(
    posts=9,
    authors=OPTIONS.slow_burn_authors,
    days=OPTIONS.slow_burn_days,
    weeks=OPTIONS.slow_burn_weeks,
)


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
    assert isinstance(decision, Withheld)
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


def test_a_spike_needs_posts_people_and_prominence() -> None:
    posts, authors, score = LEAST
    assert _level(windows=_windows(posts, authors, score)) is Level.HIGH
    assert _level(windows=_windows(posts - 1, authors, score)) is None
    assert _level(windows=_windows(posts, authors - 1, score)) is None
    assert _level(windows=_windows(posts, authors, score - 0.01)) is None
    critical = OPTIONS.critical_spike_score
    assert _level(windows=_windows(posts, authors, critical - 0.01)) is Level.HIGH
    assert _level(windows=_windows(posts, authors, critical)) is Level.CRITICAL


def test_a_spike_is_told_by_the_window_in_which_it_stands_out_most() -> None:
    quarter = Window(hours=0.25, posts=3, authors=3, usual=0.5, prominence=99.0)
    hour = Window(hours=1.0, posts=8, authors=7, usual=2.0, prominence=3.0)
    three = Window(hours=3.0, posts=9, authors=8, usual=6.0, prominence=1.0)
    (reason,) = _told(_situation(windows=(quarter, hour, three))).reasons
    assert dict(reason.facts) == {"count": 8, "authors": 7, "hours": 1.0, "usual": 2.0}


def test_while_the_usual_is_being_learned_no_volume_is_a_spike() -> None:
    enormous = (_forecast(1e6, 1e6),)
    young = _situation(
        windows=_windows(900, 800, 99.0),
        forecasts=enormous,
        watched=LEARNED - timedelta(seconds=1),
    )
    assert _silent(young).code == "still_learning"
    assert level_of(attrs.evolve(young, watched=LEARNED), OPTIONS) is Level.CRITICAL


# --- what is no complaint -----------------------------------------------------------------------


def test_a_volume_that_is_hardly_negative_is_a_campaign_whatever_its_size() -> None:
    crowd = {"windows": _windows(900, 800, 99.0), "forecasts": (_forecast(1e6, 1e6),)}
    assert _silent(_situation(**crowd, negative_share=0.49)).code == "hardly_negative"
    assert _level(**crowd, negative_share=0.5) is Level.CRITICAL


def test_a_volume_that_repeats_the_brand_is_a_campaign_however_it_was_read() -> None:
    crowd = {"windows": _windows(900, 800, 99.0), "forecasts": (_forecast(1e6, 1e6),)}
    assert _silent(_situation(**crowd, campaign_share=0.5)).code == "own_campaign"
    assert _level(**crowd, campaign_share=0.49) is Level.CRITICAL


def test_what_was_set_aside_is_said_where_nothing_else_is_left() -> None:
    assert _silent(_situation(set_aside=40)) == Reason(code="set_aside", facts=(("count", 40),))


def test_a_campaign_hides_neither_an_influential_author_nor_what_is_seen_by_many() -> None:
    campaign = {"negative_share": 0.1, "campaign_share": 0.9}
    assert _level(**campaign, loudest_audience=OPTIONS.high_audience) is Level.HIGH
    assert _level(**campaign, views=OPTIONS.high_views) is Level.HIGH


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


def test_a_slow_burn_needs_weeks_days_and_people() -> None:
    assert _level(burn=BURN) is Level.WATCH
    for name in ("weeks", "days", "authors"):
        fewer = attrs.evolve(BURN, **{name: getattr(BURN, name) - 1})
        assert _level(burn=fewer) is None
    assert _told(_situation(burn=BURN)).reasons[0].code == "slow_burn"


def test_an_incidents_whole_life_makes_no_slow_burn() -> None:
    aged = attrs.evolve(INCIDENT, posts=400, authors=300, first_post_at=NOW - timedelta(days=90))
    assert _level(incident=aged) is None


def test_anger_is_told_beside_another_reason_and_is_none_by_itself() -> None:
    assert _level(angry_share=1.0) is None
    codes = [reason.code for reason in _told(_situation(**SPIKE, angry_share=0.5)).reasons]
    assert codes == ["spike", "high_anger"]
    codes = [reason.code for reason in _told(_situation(**SPIKE, angry_share=0.49)).reasons]
    assert codes == ["spike"]


# --- telling and silence ------------------------------------------------------------------------


def test_the_reasons_of_the_highest_level_come_first() -> None:
    told = _told(_situation(**SPIKE, views=200_000, loudest_audience=10_000))
    assert told.level is Level.CRITICAL
    assert told.reasons[0].code == "video_spreading"
    assert [reason.code for reason in told.reasons[1:]] == ["spike", "influential_author"]


def test_nothing_new_means_silence_with_a_reason() -> None:
    assert _silent(CALM).code == "too_few_posts"
    posts, authors, score = LEAST
    assert _silent(_situation(windows=_windows(posts, authors, score / 2))).code == "usual_pace"
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
            for spike in ({}, SPIKE, {"windows": _windows(20, 20, 20.0)}):
                for burn in (Burn(), BURN):
                    for watched in (timedelta(0), timedelta(days=9)):
                        for earlier in ((), (_alert(Level.WATCH),)):
                            situation = _situation(
                                views=views,
                                loudest_audience=audience,
                                burn=burn,
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

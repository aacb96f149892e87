"""Deciding over a real store: an alert once, with its messages or not at all."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from alerts.i18n import Reader, Words
from alerts.policy import PolicyOptions
from alerts.reasons import REASON_FACTS, sentence
from monitor.casework import NoticeState
from monitor.domain import (
    Alert,
    AlertKind,
    Deletion,
    Delivery,
    Forecast,
    IncidentState,
    Level,
    Observation,
    Quantiles,
    Quantity,
)
from monitor.stages.usual import learn
from monitor.store.outbox import Outbox
from monitor.store.store import Store
from tests.fakes import FakeChannel
from tests.stages.scene import ACME, BAG, LATE, START, Scene, at, key, said, told
from tests.stages.telling import Tellers

DAY = 24 * 60
LOUD = said("loud", BAG[0], 5, followers=60_000, name="Eve")


class Desk:
    """A scene with somebody who decides, and a channel that takes everything."""

    def __init__(self, scene: Scene, *channels: FakeChannel) -> None:
        self.scene = scene
        self.channels = channels or (FakeChannel.named("everything"),)
        self.restart()

    def restart(self, policy: PolicyOptions | None = None) -> None:
        self.decide = Tellers(self.scene.brands, self.channels, policy=policy or PolicyOptions())

    def tell(self, *seen: Observation | Deletion, minutes: float) -> None:
        self.scene.tell(seen, minutes)
        self.decide.run(self.scene.store, at(minutes))

    def alerts(self) -> list[Alert]:
        with self.scene.store.read() as work:
            return work.alerts.between(at(-99 * DAY), at(99 * DAY))

    def messages(self) -> list[Delivery]:
        with self.scene.store.read() as work:
            return work.outbox.find()

    def silences(self, incident: str) -> list[str]:
        with self.scene.store.read() as work:
            return [silence.reason.code for silence in work.alerts.withheld(incident)]


@pytest.fixture
def desk(scene: Scene) -> Desk:
    return Desk(scene)


@pytest.fixture
def lite_desk(lite_scene: Scene) -> Desk:
    return Desk(lite_scene)


def test_a_complaint_before_many_followers_raises_one_alert_with_one_message(desk: Desk) -> None:
    desk.tell(LOUD, minutes=6)
    (alert,) = desk.alerts()
    (message,) = desk.messages()
    assert (alert.kind, alert.level) == (AlertKind.OPENED, Level.HIGH)
    assert message.key == f"{alert.id}:everything"
    assert desk.scene.only().level is Level.HIGH
    assert desk.scene.only().id == alert.incident


def test_deciding_again_and_after_a_restart_doubles_nothing(desk: Desk) -> None:
    desk.tell(LOUD, minutes=6)
    before = (desk.alerts(), desk.messages(), desk.scene.stories())
    for minutes in (7, 8):
        assert desk.decide.run(desk.scene.store, at(minutes)) == 0
        desk.restart()
        desk.scene.restart()
        desk.scene.run(minutes)
    assert (desk.alerts(), desk.messages(), desk.scene.stories()) == before


def test_growing_at_the_same_level_is_not_told_again(desk: Desk) -> None:
    desk.tell(LOUD, minutes=6)
    for number, seen in enumerate(told(BAG, start=10)):
        desk.tell(seen, minutes=15 + 5 * number)
    assert len(desk.alerts()) == len(desk.messages()) == 1
    assert desk.silences(desk.scene.only().id) == ["already_told"]


def test_whoever_counts_as_told_has_a_message_on_its_way(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> int:
        raise OSError("no space left on device")

    desk.scene.tell([LOUD])
    with monkeypatch.context() as patch:
        patch.setattr(Outbox, "put", full)
        with pytest.raises(OSError, match="no space"):
            desk.decide.run(desk.scene.store, at(6))
    assert desk.messages() == []
    with desk.scene.store.read() as work:
        (notice,) = work.notices.due(at(6), 9)
    assert notice.state is NoticeState.WAITING
    desk.decide.run(desk.scene.store, at(6))
    assert len(desk.alerts()) == len(desk.messages()) == 1


def test_a_rise_in_level_is_told_once_with_what_changed(desk: Desk) -> None:
    desk.tell(LOUD, minutes=6)
    louder = said("louder", BAG[4], 20, followers=2_000_000)
    desk.tell(louder, minutes=21)
    desk.tell(said("more", BAG[2], 25), minutes=26)
    opened, raised = desk.alerts()
    assert (raised.kind, raised.level) == (AlertKind.RAISED, Level.CRITICAL)
    assert raised.reasons[0].code == "level_raised"
    assert desk.scene.only().level is Level.CRITICAL
    (channel,) = desk.channels
    assert [brief.alert.id for brief in channel.briefs] == [opened.id, raised.id]
    assert [reason.code for reason in channel.briefs[1].changes] == ["more_posts"]


def test_a_channel_gets_what_reaches_its_level(lite_scene: Scene) -> None:
    critical = FakeChannel.named("critical", Level.CRITICAL)
    high, watch = FakeChannel.named("high", Level.HIGH), FakeChannel.named("watch")
    desk = Desk(lite_scene, critical, high, watch)
    desk.tell(LOUD, minutes=6)
    assert sorted(message.channel for message in desk.messages()) == ["high", "watch"]


def test_an_alert_that_no_channel_carries_is_kept_all_the_same(lite_scene: Scene) -> None:
    desk = Desk(lite_scene, FakeChannel.named("critical", Level.CRITICAL))
    desk.tell(LOUD, minutes=6)
    assert len(desk.alerts()) == 1
    assert desk.messages() == []


def test_coming_back_is_told_once_each_time(desk: Desk) -> None:
    desk.tell(LOUD, minutes=6)
    desk.tell(said("a", BAG[1], 60), minutes=61)
    desk.scene.run(5 * DAY)
    assert desk.scene.only().state is IncidentState.CLOSED
    desk.decide.run(desk.scene.store, at(5 * DAY))
    for number in range(4):
        minutes = 6 * DAY + 30 * number
        again = said(f"again{number}", BAG[4], minutes, followers=60_000)
        desk.tell(again, minutes=minutes + 1)
        desk.restart()
    assert [alert.kind for alert in desk.alerts()] == [AlertKind.OPENED, AlertKind.RECURRED]
    (channel,) = desk.channels
    changes = [(reason.code, dict(reason.facts)) for reason in channel.briefs[-1].changes]
    assert ("came_back", {"days": 6}) in changes
    desk.scene.run(12 * DAY)
    third = said("third", BAG[4], 13 * DAY, followers=60_000)
    desk.tell(third, minutes=13 * DAY + 1)
    assert [alert.kind for alert in desk.alerts()][2:] == [AlertKind.RECURRED]
    assert len({alert.id for alert in desk.alerts()}) == 3


def test_views_that_fall_after_the_alert_take_nothing_back_and_tell_nothing(desk: Desk) -> None:
    desk.tell(said("film", BAG[0], views=12_000), minutes=1)
    desk.tell(said("film", BAG[0], views=4_000, seen=30), minutes=30)
    desk.tell(said("film", BAG[0], views=13_000, seen=60), said(2, BAG[1], 59), minutes=60)
    (alert,) = desk.alerts()
    assert (alert.level, alert.reasons[0].code) == (Level.HIGH, "video_spreading")


# --- what is usual ------------------------------------------------------------------------------


def _crowd(start: float, people: int = 24) -> list[Observation]:
    texts = [f"{BAG[number % len(BAG)]} ({number})" for number in range(people)]
    return told(texts, start, step=1.5, prefix=f"crowd{start}-")


def test_the_start_of_a_collection_is_no_incident_to_tell_of(desk: Desk) -> None:
    stray = said("stray", "Acme Air has lost my umbrella", -3 * DAY)
    desk.tell(stray, *_crowd(0, people=60), minutes=95)
    assert desk.scene.stories()[0].state is IncidentState.OPEN
    assert desk.alerts() == []
    assert desk.silences(desk.scene.stories()[0].id) == ["still_learning"]


@pytest.mark.parametrize("complaints", [0, 5, 60])
def test_a_crowd_is_told_of_once_what_is_usual_was_learned(desk: Desk, complaints: int) -> None:
    usual = [said("first", "I love Acme Air and its crew", 0)]
    for number in range(complaints):
        minutes = number * 21 * DAY / complaints
        usual.append(said(f"usual{number}", f"Acme Air lost thing{number} item{number}", minutes))
    for seen in usual:
        desk.scene.gather(seen)
    desk.scene.run(21 * DAY)
    desk.tell(*_crowd(22 * DAY), minutes=22 * DAY + 40)
    (alert,) = desk.alerts()
    assert alert.reasons[0].code == "spike"
    assert alert.level.rank >= Level.HIGH.rank


@pytest.mark.parametrize(("every", "told"), [(DAY, 1), (30, 0)])
def test_the_same_crowd_counts_for_less_in_a_brand_that_is_always_loud(
    lite_desk: Desk, every: int, told: int
) -> None:
    lite_desk.restart(PolicyOptions(spike_score=2.5))
    for number in range(12 * DAY // every):
        text = f"Acme Air lost thing{number} item{number}"
        lite_desk.scene.gather(said(f"usual{number}", text, number * every))
    lite_desk.scene.run(12 * DAY)
    lite_desk.tell(*_crowd(12 * DAY, people=5), minutes=12 * DAY + 30)
    assert len(lite_desk.alerts()) == told


def test_the_hours_of_a_week_keep_their_place_when_summer_time_begins(lite: Store) -> None:
    """In New York it began on 8 March 2026: nine in the morning came an hour earlier in UTC."""
    zone = ZoneInfo("America/New_York")
    scene = Scene(lite)
    nine = datetime(2026, 2, 9, 9, 30, tzinfo=zone)
    for day in range(27):
        for number in range(4):
            minutes = (nine + timedelta(days=day) - START) / timedelta(minutes=1) + number
            text = f"Acme Air lost thing{day} item{number} of {day * 4 + number}"
            scene.gather(said(f"usual{day}-{number}", text, minutes))
    now = datetime(2026, 3, 9, 10, 0, tzinfo=zone)
    scene.run((now - START) / timedelta(minutes=1))
    with lite.read() as work:
        usual = learn("acme", (), zone, work, now)
        shifted = learn("acme", (), UTC, work, now)
    assert usual.expected(timedelta(hours=1), now) > 2
    assert shifted.expected(timedelta(hours=1), now) < 1


# --- what is no incident ------------------------------------------------------------------------


def _watched(desk: Desk, days: int = 22) -> None:
    """A brand that has been heard of for so long, and complained of now and then."""
    for number in range(12):
        minutes = number * days * DAY / 12
        text = f"Acme Air lost thing{number} item{number}"
        desk.scene.gather(said(f"usual{number}", text, minutes))
    desk.scene.run(days * DAY - 1)


def _arriving(start: float, step: float, seen: float | None = None) -> list[Observation]:
    return [
        said(
            f"late{number}",
            f"{BAG[number % len(BAG)]} ({number})",
            start + step * number,
            seen=seen,
        )
        for number in range(24)
    ]


@pytest.mark.parametrize(("step", "told"), [(0.5, 1), (30, 0)])
def test_what_an_outage_held_up_counts_when_it_was_said_and_not_when_it_came(
    lite_desk: Desk, step: float, told: int
) -> None:
    """A source answers again after half a day, and brings all that was said meanwhile."""
    _watched(lite_desk)
    back = 22 * DAY
    lite_desk.tell(*_arriving(back - 24 * step, step, seen=back), minutes=back)
    assert len(lite_desk.alerts()) == told


@pytest.mark.parametrize(("step", "told"), [(1, 1), (0, 0)])
def test_posts_without_a_date_that_an_outage_held_up_are_set_aside(
    lite_desk: Desk, step: float, told: int
) -> None:
    """They bear the time of the look; one by one they would be a crowd."""
    _watched(lite_desk)
    back = 22 * DAY
    lite_desk.tell(*_arriving(back, step), minutes=back + 25)
    assert len(lite_desk.alerts()) == told
    if not told:
        (incident,) = lite_desk.scene.open()
        assert lite_desk.silences(incident.id) == ["set_aside"]


@pytest.mark.parametrize(("days_before", "told"), [(3, 1), (0.5, 0)])
def test_a_source_that_was_added_lately_makes_no_spike(
    lite_desk: Desk, days_before: float, told: int
) -> None:
    _watched(lite_desk)
    added = said("hello", "I love Acme Air", (22 - days_before) * DAY, source="forum")
    lite_desk.tell(added, minutes=22 * DAY - 1)
    crowd = [
        said(f"new{number}", BAG[number % len(BAG)], 22 * DAY + number, source="forum")
        for number in range(20)
    ]
    lite_desk.tell(*crowd, minutes=22 * DAY + 21)
    assert len(lite_desk.alerts()) == told


def test_a_first_crawl_that_brings_some_of_the_past_does_not_teach_what_is_usual(
    lite_desk: Desk,
) -> None:
    """Feeds hold a few old posts: from then on all is heard, which is not more than usual."""
    for number in range(20):
        text = f"Acme Air lost thing{number} item{number}"
        lite_desk.scene.gather(said(f"old{number}", text, number * DAY, seen=22 * DAY))
    lite_desk.tell(*_crowd(22 * DAY), minutes=22 * DAY + 40)
    assert lite_desk.alerts() == []
    (incident,) = lite_desk.scene.open()
    assert lite_desk.silences(incident.id) == ["still_learning"]


def test_posts_that_a_clock_set_back_left_in_the_future_are_no_crowd_of_now(
    lite_desk: Desk,
) -> None:
    _watched(lite_desk)
    ahead = 22 * DAY + 120
    lite_desk.scene.tell(_crowd(ahead), minutes=ahead + 40)
    lite_desk.decide.run(lite_desk.scene.store, at(22 * DAY))
    assert lite_desk.alerts() == []
    lite_desk.tell(said("again", BAG[0], ahead + 41), minutes=ahead + 42)
    assert len(lite_desk.alerts()) == 1


CAMPAIGN = "Acme Air flies you to Rome this summer: pass this on and win a suitcase of your own"


@pytest.mark.parametrize(("by", "told"), [("acmeair", 0), ("somebody", 1)])
def test_a_campaign_that_goes_round_is_no_incident_even_where_it_is_misread(
    lite_desk: Desk, by: str, told: int
) -> None:
    """The fake scorer takes it for a complaint; only the brand's own words tell."""
    _watched(lite_desk)
    start = 22 * DAY
    original = said("original", CAMPAIGN, start, by=by)
    passed_on = [
        said(f"copy{number}", f"RT @{by}: {CAMPAIGN}", start + number) for number in range(1, 25)
    ]
    lite_desk.tell(original, *passed_on, minutes=start + 26)
    assert len(lite_desk.alerts()) == told
    if not told:
        (incident,) = lite_desk.scene.open()
        assert lite_desk.silences(incident.id) == ["own_campaign"]


@pytest.mark.parametrize(("answer", "told"), [("fyi", 0), ("shame", 1)])
def test_one_complaint_and_many_neutral_answers_are_no_incident(
    lite_desk: Desk, answer: str, told: int
) -> None:
    _watched(lite_desk)
    start = 22 * DAY
    answers = [
        said(f"a{number}", f"{answer} Acme Air {number}", start + number, parent=key("asked"))
        for number in range(1, 20)
    ]
    lite_desk.tell(said("asked", BAG[0], start), *answers, minutes=start + 21)
    assert len(lite_desk.alerts()) == told


# --- a look of its own --------------------------------------------------------------------------


def test_an_influential_author_counts_for_a_day_and_not_for_an_incidents_whole_life(
    lite_desk: Desk,
) -> None:
    policy = PolicyOptions(watch_audience=1_000_000, high_audience=2_000_000)
    lite_desk.restart(policy)
    lite_desk.tell(LOUD, minutes=6)
    assert lite_desk.alerts() == []
    lite_desk.restart()
    lite_desk.tell(said("next", BAG[1], 2 * DAY), minutes=2 * DAY + 1)
    assert lite_desk.alerts() == []
    lite_desk.tell(said("loud again", BAG[0], 2 * DAY + 5, followers=60_000), minutes=2 * DAY + 6)
    assert len(lite_desk.alerts()) == 1


@pytest.mark.parametrize(
    ("every", "held_up", "told"),
    [(3, False, 1), (3, True, 0), (1, False, 0)],
    ids=["week after week", "imported at once", "within one week"],
)
def test_the_same_small_complaint_week_after_week_is_a_slow_burn(
    lite_desk: Desk, every: int, held_up: bool, told: int
) -> None:
    for number in range(7):
        minutes = number * every * DAY
        seen = 6 * every * DAY if held_up else minutes
        post = said(f"slow{number}", BAG[number % len(BAG)], minutes, seen=seen)
        if held_up:
            lite_desk.scene.gather(post)
        else:
            lite_desk.tell(post, minutes=minutes + 1)
    lite_desk.scene.run(6 * every * DAY + 2)
    lite_desk.decide.run(lite_desk.scene.store, at(6 * every * DAY + 2))
    assert [alert.reasons[0].code for alert in lite_desk.alerts()] == ["slow_burn"] * told


def test_what_was_told_over_four_weeks_ago_is_no_slow_burn(lite_desk: Desk) -> None:
    for number in range(7):
        minutes = number * 3 * DAY
        lite_desk.scene.tell([said(f"slow{number}", BAG[number % len(BAG)], minutes)], minutes + 1)
    lite_desk.tell(said("again", BAG[0], 45 * DAY), minutes=45 * DAY + 1)
    assert lite_desk.alerts() == []


# --- odd cases ----------------------------------------------------------------------------------


def test_an_incident_whose_posts_were_deleted_before_it_was_judged_is_left_alone(
    lite_desk: Desk,
) -> None:
    desk = lite_desk
    desk.scene.tell([LOUD])
    quantiles = Quantiles(low90=1e5, low50=1e5, median=1e5, high50=1e5, high90=1e5)
    forecast = Forecast(
        incident=desk.scene.only().id,
        quantity=Quantity.VIEWS,
        horizon=timedelta(hours=24),
        made_at=at(6),
        seen=1,
        model="test",
        quantiles=quantiles,
    )
    with desk.scene.store.begin() as work:
        work.forecasts.add([forecast])
        work.posts.gather([Deletion(key=key("loud"), observed_at=at(7))])
    desk.decide.run(desk.scene.store, at(8))
    assert desk.alerts() == []
    desk.tell(*told(LATE, start=10), minutes=30)
    assert len(desk.scene.stories()) == 1


def test_a_brand_that_was_taken_out_is_called_by_its_id(lite_desk: Desk) -> None:
    lite_desk.scene.tell([LOUD])
    decide = Tellers((), lite_desk.channels)
    decide.run(lite_desk.scene.store, at(6))
    (channel,) = lite_desk.channels
    assert channel.briefs[0].brand_name == ACME.id


def test_every_reason_that_is_decided_can_be_said(lite_desk: Desk) -> None:
    desk = lite_desk
    desk.tell(LOUD, *told(LATE, start=10), minutes=30)
    desk.tell(said("louder", BAG[4], 40, followers=2_000_000, views=150_000), minutes=41)
    desk.scene.run(5 * DAY)
    desk.tell(said("again", BAG[2], 5 * DAY), minutes=5 * DAY + 1)
    with desk.scene.store.read() as work:
        said_reasons = [reason for alert in desk.alerts() for reason in alert.reasons]
        for incident in work.incidents.find():
            said_reasons += [silence.reason for silence in work.alerts.withheld(incident.id)]
    (channel,) = desk.channels
    for brief in channel.briefs:
        said_reasons += [*brief.changes, *brief.gaps]
    assert len({reason.code for reason in said_reasons}) >= 6
    for reason in said_reasons:
        assert {name for name, _ in reason.facts} == REASON_FACTS[reason.code]
        for language in ("en", "zh-Hans", "zh-Hant"):
            assert sentence(reason, Words(Reader(language=language)))

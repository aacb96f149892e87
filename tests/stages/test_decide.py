"""Deciding over a real store: an alert once, with its messages or not at all."""

from __future__ import annotations

from datetime import timedelta

import pytest

from alerts.i18n import Reader, Words
from alerts.policy import PolicyOptions
from alerts.reasons import REASON_FACTS, sentence
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
from monitor.stages.decide import Decide
from monitor.store.outbox import Outbox
from tests.fakes import FakeChannel
from tests.stages.scene import ACME, BAG, LATE, Scene, at, key, said, told

DAY = 24 * 60
LOUD = said("loud", BAG[0], 5, followers=60_000, name="Eve")


class Desk:
    """A scene with somebody who decides, and a channel that takes everything."""

    def __init__(self, scene: Scene, *channels: FakeChannel) -> None:
        self.scene = scene
        self.channels = channels or (FakeChannel.named("everything"),)
        self.restart()

    def restart(self) -> None:
        self.decide = Decide(self.scene.brands, self.channels, PolicyOptions())

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
            return [silence.reason.code for silence in work.alerts.silences(incident)]


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


def test_an_alert_and_its_messages_are_kept_together_or_not_at_all(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> int:
        raise OSError("no space left on device")

    desk.scene.tell([LOUD])
    with monkeypatch.context() as patch:
        patch.setattr(Outbox, "put", full)
        with pytest.raises(OSError, match="no space"):
            desk.decide.run(desk.scene.store, at(6))
    assert desk.alerts() == []
    assert desk.scene.only().level is None
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
        desk.tell(said(f"again{number}", BAG[2], minutes), minutes=minutes + 1)
        desk.restart()
    assert [alert.kind for alert in desk.alerts()] == [AlertKind.OPENED, AlertKind.RECURRED]
    (channel,) = desk.channels
    changes = [(reason.code, dict(reason.facts)) for reason in channel.briefs[-1].changes]
    assert ("came_back", {"days": 6}) in changes
    desk.scene.run(12 * DAY)
    desk.tell(said("third", BAG[3], 13 * DAY), minutes=13 * DAY + 1)
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
    assert alert.reasons[0].code == "spreading_fast"
    assert alert.level.rank >= Level.HIGH.rank


def test_what_was_usual_at_the_time_is_what_counts_in_a_brand_that_is_always_loud(
    lite_desk: Desk,
) -> None:
    for number in range(12 * 24 * 2):
        text = f"Acme Air lost thing{number} item{number}"
        lite_desk.scene.gather(said(f"usual{number}", text, number * 30))
    lite_desk.scene.run(12 * DAY)
    lite_desk.tell(*_crowd(12 * DAY, people=5), minutes=12 * DAY + 30)
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
    decide = Decide((), lite_desk.channels, PolicyOptions())
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
            said_reasons += [silence.reason for silence in work.alerts.silences(incident.id)]
    (channel,) = desk.channels
    for brief in channel.briefs:
        said_reasons += [*brief.changes, *brief.gaps]
    assert len({reason.code for reason in said_reasons}) >= 6
    for reason in said_reasons:
        assert {name for name, _ in reason.facts} == REASON_FACTS[reason.code]
        for language in ("en", "zh-Hans", "zh-Hant"):
            assert sentence(reason, Words(Reader(language=language)))

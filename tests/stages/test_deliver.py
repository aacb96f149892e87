"""What the stage adds to delivery: the store as outbox, and the operator's log."""

from __future__ import annotations

from pathlib import Path

from structlog.testing import capture_logs

from alerts.channels.receiver import Channel
from alerts.outcome import Refused, Retry, Sent
from monitor.domain import DeliveryState
from monitor.stages.deliver import Deliver
from tests.fakes import FakeChannel, folder_channel
from tests.stages.scene import BAG, Scene, at, said
from tests.stages.telling import Tellers

LOUD = said("loud", BAG[0], 5, followers=60_000, name="Eve")


def _decide(scene: Scene, *channels: Channel) -> None:
    scene.tell([LOUD], 6)
    Tellers(scene.brands, channels).run(scene.store, at(6))


def test_an_alert_lands_in_a_folder_once(scene: Scene, tmp_path: Path) -> None:
    channel = folder_channel(tmp_path / "alerts")
    deliver = Deliver((channel,))
    _decide(scene, channel)
    assert deliver.run(scene.store, at(6)) == 1
    files = {path.name: path.read_bytes() for path in (tmp_path / "alerts").iterdir()}
    assert sorted(Path(name).suffix for name in files) == [".eml", ".html", ".json"]
    assert deliver.run(scene.store, at(7)) == 0
    assert {p.name: p.read_bytes() for p in (tmp_path / "alerts").iterdir()} == files


def test_a_channel_that_fails_for_a_while_gets_its_message_later_and_only_once(
    lite_scene: Scene,
) -> None:
    answers = [Retry("the server is busy"), Retry("the server is busy")]
    channel = FakeChannel.named("moody")
    good = FakeChannel.named("good")
    channel.answer = lambda _: answers.pop() if answers else Sent()
    _decide(lite_scene, channel, good)
    deliver = Deliver((channel, good))
    tried = [deliver.run(lite_scene.store, at(6 + minutes)) for minutes in range(10)]
    assert (tried[0], sum(tried)) == (2, 4)
    assert (len(channel.sent), len(good.sent)) == (1, 1)


def test_what_a_person_has_to_mend_is_logged_once_and_delivered_when_it_is_mended(
    lite_scene: Scene,
) -> None:
    channel = FakeChannel.named(
        "locked",
    )
    channel.answer = lambda _: Refused("the password is wrong", final=False)
    _decide(lite_scene, channel)
    deliver = Deliver((channel,))
    with capture_logs() as logs:
        for minutes in range(20):
            deliver.run(lite_scene.store, at(6 + minutes))
    assert [(log["event"], log["channel"], log["reason"]) for log in logs] == [
        ("message cannot be sent yet", "locked", "the password is wrong")
    ]
    mended = FakeChannel.named("locked")
    assert Deliver((mended,)).run(lite_scene.store, at(90)) == 1


def test_what_can_never_be_sent_is_logged_and_given_up(lite_scene: Scene) -> None:
    channel = FakeChannel.named("gone")
    channel.answer = lambda _: Refused("there is no such mailbox")
    _decide(lite_scene, channel)
    with capture_logs() as logs:
        Deliver((channel,)).run(lite_scene.store, at(6))
    assert [log["event"] for log in logs] == ["message given up"]
    with lite_scene.store.read() as work:
        assert [message.state for message in work.outbox.find()] == [DeliveryState.FAILED]


def test_an_empty_outbox_costs_no_transaction(lite_scene: Scene) -> None:
    assert Deliver(()).run(lite_scene.store, at(0)) == 0

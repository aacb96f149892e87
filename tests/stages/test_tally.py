"""Looking without deciding: how far each incident stood out, and nothing told."""

from __future__ import annotations

from alerts.policy import PolicyOptions
from monitor.stages.tally import Tally
from tests.stages.scene import BAG, Scene, at, said

DAY = 24 * 60


def _watched(scene: Scene) -> Tally:
    for number in range(12):
        minutes = number * 22 * DAY / 12
        scene.gather(said(f"usual{number}", f"Acme Air lost thing{number} item{number}", minutes))
    scene.run(22 * DAY - 1)
    return Tally(scene.brands, PolicyOptions())


def test_the_looks_that_are_kept_are_each_higher_than_the_one_before(lite_scene: Scene) -> None:
    tally = _watched(lite_scene)
    start = 22 * DAY
    for number in range(24):
        minutes = start + number
        lite_scene.tell([said(f"b{number}", f"{BAG[number % 6]} ({number})", minutes)], minutes)
        tally.run(lite_scene.store, at(minutes))
    (looks,) = tally.looks.values()
    scores = [look.prominence for look in looks]
    assert scores == sorted(set(scores))
    assert (looks[0].posts, looks[0].authors) == (5, 5)
    assert looks[0].at == at(start + 4)
    assert looks[-1].posts > looks[0].posts


def test_nothing_is_told_and_nothing_is_looked_at_twice(lite_scene: Scene) -> None:
    tally = _watched(lite_scene)
    crowd = [said(f"b{number}", BAG[number % 6], 22 * DAY + number) for number in range(20)]
    lite_scene.tell(crowd, 22 * DAY + 21)
    assert tally.run(lite_scene.store, at(22 * DAY + 21)) > 0
    assert tally.run(lite_scene.store, at(22 * DAY + 22)) == 0
    with lite_scene.store.read() as work:
        assert work.alerts.between(at(-DAY), at(99 * DAY)) == []
        assert work.outbox.find() == []


def test_what_no_spike_could_come_of_is_no_look(lite_scene: Scene) -> None:
    tally = Tally(lite_scene.brands, PolicyOptions())
    crowd = [said(f"b{number}", BAG[number % 6], number) for number in range(20)]
    lite_scene.tell(crowd, 21)
    tally.run(lite_scene.store, at(21))
    assert dict(tally.looks) == {}

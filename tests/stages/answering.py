"""A scene in which the brand answers: the stage that links answers, and what it kept."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import config
from monitor.casework import Action, Case, Promise
from monitor.domain import Deletion, Observation
from monitor.stages.respond import Respond
from nlp.promises import PromiseFinder
from nlp.responses import ReplyReader, load_replies
from tests.stages.scene import BAG, Scene, at, key, said, told

__all__ = ["FINDER", "Answering", "answer"]

FINDER = PromiseFinder(ReplyReader(load_replies(Path(config.__path__[0]) / "responses.yaml")))
SHANGHAI = ZoneInfo("Asia/Shanghai")


class Answering:
    """Six people tell of the fourth bag within half an hour; then the brand speaks."""

    def __init__(self, scene: Scene) -> None:
        self.scene = scene
        self.restart()
        self.tell(told(BAG))

    def restart(self) -> None:
        self.stage = Respond(
            self.scene.brands, FINDER, zone=SHANGHAI, due_after=timedelta(hours=48)
        )

    def tell(self, seen: Iterable[Observation | Deletion], minutes: float | None = None) -> None:
        events = list(seen)
        self.scene.tell(events, minutes)
        last = max(event.observed_at for event in events) if minutes is None else at(minutes)
        self.stage.run(self.scene.store, last)

    def run(self, minutes: float) -> None:
        self.stage.run(self.scene.store, at(minutes))

    @property
    def incident(self) -> str:
        return self.scene.only().id

    def case(self) -> Case:
        with self.scene.store.read() as work:
            return work.casework.case(self.incident)

    def actions(self) -> list[Action]:
        with self.scene.store.read() as work:
            return work.casework.of_incident(self.incident)

    def promises(self) -> list[Promise]:
        with self.scene.store.read() as work:
            return work.promises.between(at(-10_000), at(100_000))


def answer(
    text: str,
    minutes: float = 40,
    *,
    to: int | str | None = 0,
    number: int | str = "own",
    thread: int | str | None = None,
    by: str = "AcmeAir",
) -> Observation:
    """A post of the brand's own account (or of ``by``) that answers another."""
    return said(
        number,
        text,
        minutes,
        by=by,
        parent=None if to is None else key(to),
        thread=None if thread is None else key(thread),
    )

"""Stand-ins at the ports, for tests that must know beforehand what comes out of them."""

from __future__ import annotations

import hashlib
import math
import random
from collections.abc import Callable, Sequence
from datetime import datetime
from pathlib import Path

import attrs
import numpy as np
import numpy.typing as npt

from alerts.brief import Brief, Update
from alerts.channels.folder import FolderChannel, FolderOptions
from alerts.channels.receiver import ReceiverOptions
from alerts.i18n import Language
from alerts.letter import Letter
from alerts.outcome import Outcome, Sent
from monitor.domain import (
    Aggravation,
    Aggravator,
    Assessment,
    Delivery,
    Emotion,
    Level,
    Mention,
    Post,
    Reading,
    Target,
)

__all__ = ["FakeChannel", "FakeReader", "FakeScorer", "folder_channel"]

_SIZE = 48
_PRAISE = ("love", "thank", "谢谢")
_NEUTRAL = ("fyi", "请问")


class FakeScorer:
    """A scorer that reads by a list of topics: texts on one topic mean nearly the same.

    A topic is a tuple of words, one of which stands in the text; a text on none is like no other.
    Praise says "love" or "thank", a neutral text says "fyi", everything else is negative; a
    text is angry that shouts (!). What it was asked is kept in ``asked``.
    """

    model = "fake"
    revision = "1"

    def __init__(self, *topics: Sequence[str], near: float = 0.95) -> None:
        self.asked: list[str] = []
        self._topics = topics
        self._near = near

    def score(
        self, texts: Sequence[str], hints: Sequence[str | None] | None = None
    ) -> list[Assessment]:
        """An assessment for each text, always the same for the same text."""
        self.asked += texts
        return [self._assess(text) for text in texts]

    def embed(self, texts: Sequence[str]) -> list[bytes]:
        """The embeddings alone."""
        return [self._embedding(text.casefold()) for text in texts]

    def aggravators(self, embedding: bytes) -> tuple[Aggravator, ...]:
        """None: what is tested with this scorer is told by words."""
        return ()

    def _assess(self, text: str) -> Assessment:
        said = text.casefold()
        negative, neutral, positive = 0.9, 0.07, 0.03
        if any(word in said for word in _PRAISE):
            negative, positive = 0.03, 0.9
        elif any(word in said for word in _NEUTRAL):
            negative, neutral = 0.07, 0.9
        return Assessment(
            model=self.model,
            revision=self.revision,
            language="zh-Hans" if any("\u4e00" <= letter <= "\u9fff" for letter in text) else "en",
            negative=negative,
            neutral=neutral,
            positive=positive,
            emotions={Emotion.ANGER: 0.9 if "!" in text else 0.1},
            embedding=self._embedding(said),
        )

    def _embedding(self, text: str) -> bytes:
        vector = _direction(text)
        for topic in self._topics:
            if any(word in text for word in topic):
                about = _direction(" ".join(topic))
                vector = self._near * about + math.sqrt(1 - self._near**2) * vector
                break
        return np.asarray(vector / np.linalg.norm(vector), dtype="<f2").tobytes()


def _direction(text: str) -> npt.NDArray[np.float64]:
    seed = int.from_bytes(hashlib.blake2s(text.encode("utf-8", "replace"), digest_size=8).digest())
    chance = random.Random(seed)  # noqa: S311 -- the same text must give the same direction
    vector = np.array([chance.gauss(0, 1) for _ in range(_SIZE)])
    unit: npt.NDArray[np.float64] = vector / np.linalg.norm(vector)
    return unit


@attrs.define
class FakeReader:
    """A reader that reads by single words, and keeps which posts it was given.

    "bag" names the touchpoint of that name; "unlike" aims at another brand, "weather" at nobody;
    who was "rude" made it worse.
    """

    asked: list[Post] = attrs.field(factory=list)
    revision: str = "fake"

    def read(
        self, post: Post, mentions: Sequence[Mention], assessment: Assessment
    ) -> list[Reading]:
        """The same for every brand of the post."""
        self.asked.append(post)
        said = post.text.casefold()
        place, worse = said.find("bag"), said.find("rude")
        target = Target.BRAND
        if "unlike" in said:
            target = Target.OTHER
        elif "weather" in said:
            target = Target.NOBODY
        reading = Reading(
            touchpoint="bag" if place >= 0 else None,
            touchpoint_spans=((place, place + 3),) if place >= 0 else (),
            aggravations=(
                (Aggravation(kind=Aggravator.RUDE_STAFF, spans=((worse, worse + 4),)),)
                if worse >= 0
                else ()
            ),
            target=target,
        )
        return [reading for _ in mentions]


@attrs.define
class FakeChannel:
    """A channel that keeps what it is given; ``answer`` says what comes of sending."""

    options: ReceiverOptions
    answer: Callable[[Delivery], Outcome] = lambda _: Sent()
    briefs: list[Brief] = attrs.field(factory=list)
    letters: list[Letter] = attrs.field(factory=list)
    updates: list[Update] = attrs.field(factory=list)
    sent: list[str] = attrs.field(factory=list)

    @classmethod
    def named(cls, name: str, min_level: Level = Level.WATCH) -> FakeChannel:
        """A channel with a name that takes everything from a level on."""
        return cls(ReceiverOptions(name=name, min_level=min_level))

    def write_alert(
        self, brief: Brief, *, key: str, now: datetime, head: str = ""
    ) -> tuple[Delivery, ...]:
        """One message that holds the incident's title."""
        self.briefs.append(brief)
        return (self._delivery(brief.incident.title, key, now),)

    def write_update(
        self, update: Update, *, key: str, now: datetime, head: str
    ) -> tuple[Delivery, ...]:
        """One message that names what was done."""
        self.updates.append(update)
        return (self._delivery(update.action.kind, key, now),)

    def write_letter(self, letter: Letter, *, key: str, now: datetime) -> tuple[Delivery, ...]:
        """One message that holds the letter's text."""
        self.letters.append(letter)
        return (self._delivery(letter.subject, key, now),)

    def _delivery(self, subject: str, key: str, now: datetime) -> Delivery:
        return Delivery(
            key=key,
            channel=self.options.name,
            subject=subject,
            payload=subject,
            created_at=now,
            due_at=now,
        )

    def send(
        self, delivery: Delivery, *, perhaps_repeated: bool = False, head: str = ""
    ) -> Outcome:
        """Whatever ``answer`` says."""
        outcome = self.answer(delivery)
        if isinstance(outcome, Sent):
            self.sent.append(delivery.key)
        return outcome

    def probe(self) -> Outcome | None:
        """Nothing can be tried."""
        return None


def folder_channel(
    path: Path, name: str = "folder", language: Language = Language.ENGLISH
) -> FolderChannel:
    """A real channel that writes its messages into a folder, from the lowest level on."""
    options = FolderOptions(
        kind="folder", name=name, path=path, min_level=Level.WATCH, language=language
    )
    return FolderChannel(options)

"""A store with the stages up to grouping, a clock that is told the time, and people who talk."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta

import attrs

from monitor.domain import (
    Alert,
    AlertKind,
    Author,
    Brand,
    Deletion,
    EngagementSnapshot,
    Incident,
    IncidentState,
    Level,
    Observation,
    Post,
    PostKey,
    Reason,
    Taxonomy,
    Touchpoint,
)
from monitor.incidents.grouping import GroupingOptions
from monitor.incidents.matching import Matcher
from monitor.stages.assess import Assess
from monitor.stages.group import Group
from monitor.stages.match import Match
from monitor.stages.stage import Stage
from monitor.store.store import Store
from nlp.scoring import Scorer
from tests.fakes import FakeReader, FakeScorer

START = datetime(2026, 3, 3, 9, 0, tzinfo=UTC)
ACME = Brand(id="acme", name="Acme Air", aliases=("艾克米航空",), handles=("@acmeair",))
ZEPHYR = Brand(id="zephyr", name="Zephyr Jet")
BAGS = Touchpoint(id="bag", names={"en": "Baggage", "zh": "行李"}, phrases=("bag",), stage="using")
AIRLINE = Taxonomy(id="airline", touchpoints=(BAGS,))
TOPICS = (
    ("bag", "luggage", "行李"),
    ("late", "delay", "晚点"),
    ("refund", "退款"),
    ("rude", "粗鲁"),
)
BAG = (
    "Acme Air charged a soldier for his fourth bag!",
    "So Acme Air makes a soldier pay for a fourth bag",
    "Acme Air took money from a soldier because of a bag",
    "A soldier pays Acme Air for the fourth bag, shameful",
    "Acme Air and the soldier with the fourth bag, what a shame!",
    "Four bags, one soldier, and Acme Air wants money for the bag",
)
LATE = (
    "Acme Air left three hours late and nobody explained it",
    "Another delay with Acme Air, four hours at the gate!",
    "Acme Air: delay after delay, the evening is lost",
    "Late again, Acme Air, my connection is gone",
)


def at(minutes: float) -> datetime:
    return START + timedelta(minutes=minutes)


def key(number: int | str, source: str = "mastodon") -> PostKey:
    return PostKey(source, str(number))


def said(
    number: int | str,
    text: str,
    minutes: float = 0,
    *,
    by: str | None = "",
    name: str | None = None,
    followers: int | None = None,
    source: str = "mastodon",
    parent: PostKey | None = None,
    thread: PostKey | None = None,
    views: int | None = None,
    seen: float | None = None,
) -> Observation:
    """A post as it was seen; by an author of its own unless ``by`` says who, or ``None``."""
    author = Author(native_id=by or f"author-{number}", name=name, followers=followers)
    observed_at = at(minutes if seen is None else seen)
    counters = EngagementSnapshot(key=key(number, source), taken_at=observed_at, views=views)
    return Observation(
        post=Post(
            key=key(number, source),
            text=text,
            published_at=at(minutes),
            author=None if by is None else author,
            parent=parent,
            thread=thread,
        ),
        observed_at=observed_at,
        snapshot=None if views is None else counters,
    )


def told(
    texts: Sequence[str], start: float = 0, step: float = 5, prefix: str = ""
) -> list[Observation]:
    """One post for each text, each by another person."""
    return [
        said(f"{prefix}{number}", text, start + step * number) for number, text in enumerate(texts)
    ]


@attrs.define
class Scene:
    """The stages match, assess and group over a store; `restart` makes all of them anew."""

    store: Store
    brands: tuple[Brand, ...] = (ACME, ZEPHYR)
    scorer: Scorer = attrs.field(factory=lambda: FakeScorer(*TOPICS))
    grouping: GroupingOptions = attrs.field(factory=GroupingOptions)
    stages: tuple[Stage, ...] = attrs.field(init=False)

    def __attrs_post_init__(self) -> None:
        self.restart()

    def restart(self) -> None:
        self.stages = (
            Match(Matcher(self.brands)),
            Assess(self.scorer, FakeReader()),
            Group(self.brands, self.grouping),
        )

    def gather(self, *seen: Observation | Deletion) -> None:
        with self.store.begin() as work:
            work.posts.gather(seen)

    def run(self, minutes: float) -> None:
        for stage in self.stages:
            while stage.run(self.store, at(minutes)) >= stage.batch:
                pass

    def tell(self, seen: Iterable[Observation | Deletion], minutes: float | None = None) -> None:
        """Gather, then run the stages as of ``minutes`` or of the last look."""
        events = list(seen)
        self.gather(*events)
        last = max(event.observed_at for event in events)
        self.run((last - START) / timedelta(minutes=1) if minutes is None else minutes)

    def stories(self, brand: str = "acme") -> list[Incident]:
        """All stories of a brand, the largest first."""
        with self.store.read() as work:
            found = work.incidents.find(brand=brand)
        return sorted(found, key=lambda incident: (-incident.posts, incident.id))

    def story_of(
        self, number: int | str, brand: str = "acme", source: str = "mastodon"
    ) -> str | None:
        """The story that a post belongs to."""
        with self.store.read() as work:
            for incident in work.incidents.find(brand=brand):
                for remark in work.mentions.of_incident(incident.id):
                    if remark.post.key == key(number, source):
                        return incident.id
        return None

    def only(self, brand: str = "acme") -> Incident:
        """The one story there is."""
        (story,) = self.stories(brand)
        return story

    def open(self) -> list[Incident]:
        with self.store.read() as work:
            return work.incidents.find(states=(IncidentState.OPEN,))

    def alerts(self, incident: str) -> list[Alert]:
        with self.store.read() as work:
            return work.alerts.of_incident(incident)

    def alert(self, incident: Incident) -> None:
        """Let people have been told of an incident, and its course forecast."""
        alert = Alert(
            id=f"{incident.id}-1",
            incident=incident.id,
            brand=incident.brand,
            kind=AlertKind.OPENED,
            level=Level.HIGH,
            raised_at=incident.last_post_at,
            reasons=(Reason(code="forming"),),
        )
        with self.store.begin() as work:
            work.alerts.add(alert)
            version = incident.version + 1
            work.incidents.save(attrs.evolve(incident, level=alert.level, version=version))

    def check(self) -> None:
        """What every story counts is what the store holds of it."""
        with self.store.read() as work:
            assert work.voices.miscounted() == []
            for incident in work.incidents.find():
                voices = work.voices.of(incident.id)
                if voices:
                    assert incident.authors == len({voice.author for voice in voices})
                    assert incident.first_post_at == voices[0].published_at
                    assert incident.last_post_at == voices[-1].published_at

"""Replay: an archive fed in the order in which it was seen through the very stages that run live.

The clock of a replay is the archive's own. It moves in ticks; at each the posts seen until then
are gathered and the pipeline runs as of that moment, so nothing is known before it was seen.
Where nothing is seen for long it still runs once an hour, since incidents close, forecasts fall
due and digests are written by the clock alone.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, TypeAlias

import attrs

from monitor.domain import (
    Aggravator,
    Alert,
    Assessment,
    Forecast,
    Incident,
    IncidentState,
    Observation,
    PostKey,
    Quantity,
    Withheld,
)
from monitor.incidents.matching import Matcher
from monitor.pipeline import Pipeline
from monitor.store.store import Store
from monitor.store.unit_of_work import UnitOfWork
from monitor.virality.series import running_total

if TYPE_CHECKING:
    from nlp.scoring import Scorer

__all__ = ["Course", "Moment", "Raised", "ReadAhead", "Replay", "Report"]

_IDLE = timedelta(hours=1)
_AHEAD = 512
_COUNTED = (Quantity.VIEWS, Quantity.SHARES)
_Text: TypeAlias = tuple[str, str | None]


@attrs.frozen(kw_only=True)
class Moment:
    """What had happened by one tick of the replay's clock."""

    now: datetime
    gathered: int
    total: int
    opened: Sequence[Incident] = ()
    alerts: Sequence[tuple[Alert, Incident, Sequence[Forecast]]] = ()


@attrs.frozen(kw_only=True)
class Raised:
    """One alert of a replay, held against what its incident came to in the end.

    Where its posts were all changed or deleted there is nothing to hold it against: no durations.
    """

    alert: Alert
    title: str
    posts_then: int
    posts_finally: int
    after_first_post: timedelta | None
    before_half: timedelta | None
    """How long before half of the incident's posts had been published; negative if after."""


@attrs.frozen(kw_only=True)
class Course:
    """How one incident went: who spoke when, what was forecast, and who was told or was not.

    Alerts about an incident that became part of it are among its own.
    """

    incident: Incident
    posts: tuple[tuple[datetime, PostKey], ...]
    """Its posts with the time at which each was published, oldest first."""
    counters: Mapping[Quantity, tuple[tuple[datetime, int], ...]]
    """The views and shares of all its posts together at each reading; a hidden one is absent."""
    forecasts: tuple[Forecast, ...]
    alerts: tuple[Alert, ...]
    silences: tuple[Withheld, ...]

    @property
    def half_at(self) -> datetime | None:
        """When half of its posts had been published; ``None`` where none is left."""
        return self.posts[(len(self.posts) - 1) // 2][0] if self.posts else None


@attrs.frozen(kw_only=True)
class Report:
    """What came of a replay.

    ``courses`` are those of all its incidents, by the times of their first posts.
    ``watched_from`` says when each brand was first seen to be mentioned; one that never was is not
    in it.
    """

    started_at: datetime
    ended_at: datetime
    observations: int
    posts: int
    mentions: int
    complaints: int
    incidents: int
    raised: tuple[Raised, ...]
    courses: tuple[Course, ...]
    watched_from: Mapping[str, datetime]


class ReadAhead:
    """A scorer that reads the posts to come in large batches; what it says of each is the same.

    A replay knows its posts beforehand, the model is fastest on many at once, and while one batch
    is asked for the next is read in a thread beside the pipeline. The scores stay in memory until
    they are asked for, so that no stage sees anything early.
    """

    def __init__(self, scorer: Scorer, upcoming: Iterator[Observation]) -> None:
        self._scorer = scorer
        self._upcoming = upcoming
        self._ready: dict[_Text, Assessment] = {}
        self._reader = ThreadPoolExecutor(1, thread_name_prefix="read-ahead")
        self._reading: Future[dict[_Text, Assessment]] | None = None

    @property
    def model(self) -> str:
        """The model behind it."""
        return self._scorer.model

    @property
    def revision(self) -> str:
        """Its revision."""
        return self._scorer.revision

    def score(
        self, texts: Sequence[str], hints: Sequence[str | None] | None = None
    ) -> list[Assessment]:
        """An assessment for each text, in order."""
        wanted = list(zip(texts, hints or [None] * len(texts), strict=True))
        while any(pair not in self._ready for pair in wanted) and self._read_on():
            pass
        left = dict.fromkeys(pair for pair in wanted if pair not in self._ready)
        if left:
            self._ready.update(self._reader.submit(self._read, list(left)).result())
        return [self._ready[pair] for pair in wanted]

    def embed(self, texts: Sequence[str]) -> list[bytes]:
        """What the model behind it says."""
        return self._scorer.embed(texts)

    def aggravators(self, embedding: bytes) -> tuple[Aggravator, ...]:
        """What the model behind it tells."""
        return self._scorer.aggravators(embedding)

    def _read_on(self) -> bool:
        """Take the batch that was being read and begin the next; ``False`` where all is read."""
        reading = self._reading or self._begin()
        if reading is None:
            return False
        self._ready.update(reading.result())
        self._reading = self._begin()
        return True

    def _begin(self) -> Future[dict[_Text, Assessment]] | None:
        pairs: dict[_Text, None] = {}
        for observation in self._upcoming:
            pair = (observation.post.text, observation.post.language_hint)
            if pair not in self._ready:
                pairs[pair] = None
            if len(pairs) == _AHEAD:
                break
        return self._reader.submit(self._read, list(pairs)) if pairs else None

    def _read(self, pairs: Sequence[_Text]) -> dict[_Text, Assessment]:
        said = self._scorer.score([text for text, _ in pairs], [hint for _, hint in pairs])
        return dict(zip(pairs, said, strict=True))


def _in_order_of_sight(observations: Iterable[Observation]) -> list[Observation]:
    return sorted(observations, key=lambda seen: (seen.observed_at, seen.post.key))


@attrs.frozen(kw_only=True)
class Replay:
    """An archive on its way through a pipeline."""

    observations: Sequence[Observation] = attrs.field(converter=_in_order_of_sight)
    tick: timedelta = timedelta(minutes=5)

    def read_ahead(self, scorer: Scorer, matcher: Matcher) -> ReadAhead:
        """The scorer that the pipeline of this replay should use."""
        matched = (seen for seen in self.observations if matcher.match(seen.post))
        return ReadAhead(scorer, matched)

    def run(self, store: Store, pipeline: Pipeline, on_moment: Callable[[Moment], None]) -> Report:
        """Feed everything; calls back after each tick, and tells in the end what came of it."""
        if not self.observations:
            raise ValueError("there is nothing to replay: the archive holds no post")
        telling = pipeline.beginning_with("notify")
        told: set[str] = set()
        opened: set[str] = set()
        gathered = 0
        last = self.observations[0].observed_at
        for now, due in self._ticks():
            self._tell_until(now, store, telling)
            if due:
                with store.begin() as work:
                    work.posts.gather(due)
                gathered += len(due)
            pipeline.run(store, now)
            on_moment(self._moment(store, last, now, gathered, opened, told))
            last = now
        self._tell_until(last + self.tick, store, telling)
        return self._report(store, last)

    def _tell_until(self, end: datetime, store: Store, telling: Pipeline) -> None:
        """Let whoever waits to be told before ``end`` be told at that moment, not at a tick."""
        while (due := _next_notice(store)) is not None and due < end:
            telling.run(store, due)

    def _ticks(self) -> Iterator[tuple[datetime, Sequence[Observation]]]:
        now = _next_tick(self.observations[0].observed_at, self.tick)
        start, count = 0, len(self.observations)
        while start < count:
            end = start
            while end < count and self.observations[end].observed_at <= now:
                end += 1
            yield now, self.observations[start:end]
            start = end
            if start < count:
                coming = _next_tick(self.observations[start].observed_at, self.tick)
                now = min(coming, now + max(_IDLE, self.tick))

    def _moment(
        self,
        store: Store,
        since: datetime,
        now: datetime,
        gathered: int,
        opened: set[str],
        told: set[str],
    ) -> Moment:
        with store.read() as work:
            new = [
                incident for incident in work.incidents.opened_at(now) if incident.id not in opened
            ]
            raised = []
            for alert in work.alerts.between(since, now + timedelta(microseconds=1)):
                incident = work.incidents.get(alert.incident)
                if alert.id not in told and incident is not None:
                    raised.append((alert, incident, work.forecasts.latest(alert.incident)))
        opened.update(incident.id for incident in new)
        told.update(alert.id for alert, _, _ in raised)
        return Moment(
            now=now,
            gathered=gathered,
            total=len(self.observations),
            opened=new,
            alerts=raised,
        )

    def _report(self, store: Store, ended_at: datetime) -> Report:
        started_at = self.observations[0].observed_at
        with store.read() as work:
            incidents = work.incidents.find(states=(IncidentState.OPEN, IncidentState.CLOSED))
            alerts = work.alerts.between(started_at, ended_at + timedelta(microseconds=1))
            merged = work.incidents.merged("")
            told_in = {alert.id: merged.get(alert.incident, alert.incident) for alert in alerts}
            followed = {one.id: one for one in incidents if one.id not in merged}
            followed |= work.incidents.get_all(set(told_in.values()))
            courses = {
                incident.id: _course(incident, work)
                for incident in sorted(followed.values(), key=_by_first_post)
            }
            counts = work.voices.counts()
            return Report(
                started_at=started_at,
                ended_at=ended_at,
                observations=len(self.observations),
                posts=work.posts.count(),
                mentions=counts.mentions,
                complaints=counts.grouped,
                incidents=len(courses),
                raised=tuple(_held_against(alert, courses[told_in[alert.id]]) for alert in alerts),
                courses=tuple(courses.values()),
                watched_from=self._watched_from(work),
            )

    def _watched_from(self, work: UnitOfWork) -> dict[str, datetime]:
        begun: dict[str, datetime] = {}
        for start in range(0, len(self.observations), _AHEAD):
            seen = self.observations[start : start + _AHEAD]
            brands = work.mentions.brands({one.post.key for one in seen})
            for one in seen:
                for brand in brands.get(one.post.key, ()):
                    begun.setdefault(brand, one.observed_at)
        return begun


def _next_notice(store: Store) -> datetime | None:
    with store.read() as work:
        return work.notices.next_due()


def _by_first_post(incident: Incident) -> tuple[datetime, str]:
    return incident.first_post_at, incident.id


def _course(incident: Incident, work: UnitOfWork) -> Course:
    snapshots = work.voices.snapshots(incident.id)
    names = (incident.id, *work.incidents.parts(incident.id))
    alerts = [alert for name in names for alert in work.alerts.of_incident(name)]
    return Course(
        incident=incident,
        posts=tuple((voice.published_at, voice.post) for voice in work.voices.of(incident.id)),
        counters={
            quantity: series
            for quantity in _COUNTED
            if (series := tuple(running_total(snapshots, quantity)))
        },
        forecasts=tuple(work.forecasts.of_incident(incident.id)),
        alerts=tuple(sorted(alerts, key=lambda alert: (alert.raised_at, alert.id))),
        silences=tuple(work.alerts.withheld(incident.id)),
    )


def _held_against(alert: Alert, course: Course) -> Raised:
    """The alert beside what its incident came to."""
    half_at = course.half_at
    return Raised(
        alert=alert,
        title=course.incident.title,
        posts_then=sum(time <= alert.raised_at for time, _ in course.posts),
        posts_finally=len(course.posts),
        after_first_post=alert.raised_at - course.posts[0][0] if course.posts else None,
        before_half=None if half_at is None else half_at - alert.raised_at,
    )


def _next_tick(moment: datetime, tick: timedelta) -> datetime:
    since = moment - datetime(1970, 1, 1, tzinfo=UTC)
    return moment + (-since) % tick

"""A clock that is told the time, the real stages over a real store, and who heard what when.

Events are put on the line by their times; `run` lets the stages run every few seconds of that
clock, as they do live, and keeps when each channel was told what.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import attrs

from alerts.policy import PolicyOptions
from alerts.routing import teams_or_everyone
from alerts.rules import Rules
from monitor.acting import act
from monitor.casework import Action, ActionKind, Matcher, Notice, NoticeState, Silence
from monitor.domain import (
    Alert,
    AlertKind,
    Assessment,
    Brand,
    Incident,
    IncidentState,
    Level,
    Mention,
    Observation,
    Post,
    PostKey,
    Reading,
    Reason,
)
from monitor.stages.briefer import Briefer
from monitor.stages.deliver import Deliver
from monitor.stages.escalate import Escalate
from monitor.stages.notify import Notify
from monitor.stages.route import Route
from monitor.stages.stage import Stage
from monitor.stages.telling import Teller
from monitor.stages.update import Update
from monitor.stages.usual import Habits
from monitor.store.store import Store
from monitor.store.unit_of_work import UnitOfWork
from tests.fakes import FakeChannel

__all__ = ["START", "Heard", "Timeline", "offset", "span"]

START = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
"""A Monday."""
ACME = Brand(id="acme", name="Acme Air")
ZEPHYR = Brand(id="zephyr", name="Zephyr Jet")


def span(written: str) -> timedelta:
    """A time on the line.

    >>> span("0:30"), span("1d 0:00:07")
    (datetime.timedelta(seconds=30), datetime.timedelta(days=1, seconds=7))
    """
    days, _, clock = written.rpartition("d ")
    *hours, minutes, seconds = map(int, clock.split(":"))
    whole = timedelta(days=int(days or 0), minutes=minutes, seconds=seconds)
    return whole + timedelta(hours=hours[0] if hours else 0)


def offset(time: timedelta) -> str:
    """The same the other way round.

    >>> offset(timedelta(seconds=30)), offset(timedelta(hours=49))
    ('0:30', '2d 1:00:00')
    """
    rest, seconds = divmod(int(time.total_seconds()), 60)
    rest, minutes = divmod(rest, 60)
    days, hours = divmod(rest, 24)
    if not days and not hours:
        return f"{minutes}:{seconds:02}"
    clock = f"{hours}:{minutes:02}:{seconds:02}"
    return f"{days}d {clock}" if days else clock


@attrs.frozen(kw_only=True)
class Heard:
    """One message as it arrived."""

    at: datetime
    channel: str
    what: str
    """alert, escalation-1, repeat-1, update or group."""
    about: str
    """The incident's title, or the group's subject."""


@attrs.frozen(kw_only=True)
class _Event:
    at: datetime
    name: str
    do: Callable[[], object]


class Timeline:
    """What happens, and what is heard of it."""

    def __init__(
        self,
        store: Store,
        *,
        rules: Rules | None = None,
        channels: Sequence[FakeChannel] = (),
        start: datetime = START,
    ) -> None:
        self.store = store
        self.channels = tuple(channels) or (FakeChannel.named("pr"),)
        names = [channel.options.name for channel in self.channels]
        self.rules = rules or Rules(teams=teams_or_everyone((), names))
        self.start = start.astimezone(UTC)
        self.heard: list[Heard] = []
        self.looks: list[timedelta] = []
        """How long the stages took at each look."""
        self.events: list[_Event] = []
        self._done = 0
        self._now = self.start
        self._arrived: set[str] = set()
        self._stages = self._made()

    def restart(self) -> None:
        """The process ends and another begins: all that is known is in the store."""
        self._stages = self._made()

    def _made(self) -> tuple[Stage, ...]:
        briefer = Briefer((ACME, ZEPHYR), Habits((ACME, ZEPHYR)), PolicyOptions())
        teller = Teller(briefer, self.channels, self.rules.grouping.alone)
        return (
            Route(self.rules),
            Notify(self.rules, teller),
            Escalate(self.rules, teller),
            Update(briefer, self.channels),
            Deliver(self.channels),
        )

    # what happens

    def at(self, when: str) -> datetime:
        return self.start + span(when)

    def event(self, when: str, name: str, do: Callable[[], object]) -> None:
        self.events.append(_Event(at=self.at(when), name=name, do=do))

    def alert(
        self,
        when: str,
        incident: str,
        level: Level = Level.HIGH,
        *,
        kind: AlertKind = AlertKind.OPENED,
        brand: str = "acme",
        touchpoint: str | None = None,
        language: str = "en",
        source: str = "forum",
    ) -> None:
        """The policy raises an alert about an incident, which begins with its first one."""
        at = self.at(when)

        def raise_it() -> None:
            with self.store.begin() as work:
                if work.incidents.get(incident) is None:
                    _begin(
                        incident, brand, at, work, touchpoint=touchpoint, language=language,
                        source=source,
                    )  # fmt: skip
                self._raise(incident, level, kind, at, work)

        self.event(when, f"{level.value} {incident}" + _how(kind), raise_it)

    def flood(self, when: str, incidents: Sequence[str]) -> None:
        """The policy raises alerts about many incidents that are there, all at once."""

        def raise_all() -> None:
            with self.store.begin() as work:
                for incident in incidents:
                    work.alerts.add(_alert(f"{incident}-1", incident, "acme", at=self.at(when)))

        self.event(when, f"{len(incidents)} alerts", raise_all)

    def _raise(
        self, incident: str, level: Level, kind: AlertKind, at: datetime, work: UnitOfWork
    ) -> None:
        known = work.incidents.get(incident)
        assert known is not None
        number = len(work.alerts.of_incident(incident)) + 1
        name = f"{incident}-{number}"
        work.alerts.add(_alert(name, incident, known.brand, level=level, kind=kind, at=at))
        self._change(known, work, level=level, last_post_at=at, state=IncidentState.OPEN)

    def posts(self, when: str, incident: str) -> None:
        """People go on telling it."""

        def tell() -> None:
            with self.store.begin() as work:
                known = work.incidents.get(incident)
                assert known is not None
                self._change(known, work, last_post_at=self.at(when))

        self.event(when, f"more posts about {incident}", tell)

    def close(self, when: str, incident: str) -> None:
        """It goes quiet."""

        def end() -> None:
            with self.store.begin() as work:
                known = work.incidents.get(incident)
                assert known is not None
                at = self.at(when)
                self._change(known, work, state=IncidentState.CLOSED, closed_at=at)

        self.event(when, f"{incident} is over", end)

    def merge(self, when: str, gone: str, into: str) -> None:
        """One story turns out to be part of another."""

        def absorb() -> None:
            with self.store.begin() as work:
                known = work.incidents.get(gone)
                assert known is not None
                work.mentions.regroup(gone, into)
                closed = attrs.evolve(
                    known, state=IncidentState.CLOSED, posts=0, authors=0, version=known.version + 1
                )
                work.incidents.absorb(closed, into)

        self.event(when, f"{gone} becomes part of {into}", absorb)

    @staticmethod
    def _change(known: Incident, work: UnitOfWork, **fields: Any) -> None:
        work.incidents.save(attrs.evolve(known, version=known.version + 1, **fields))

    def act(
        self,
        when: str,
        kind: ActionKind,
        incident: str,
        by: str = "Mei",
        until: str | None = None,
    ) -> None:
        """Somebody does something about an incident."""
        action = Action(
            key=f"{by}/{kind}/{when}",
            incident=incident,
            at=self.at(when),
            by=by,
            kind=kind,
            assignee=by if kind is ActionKind.ASSIGN else "",
            until=self.at(until) if until else None,
        )
        self.event(
            when, f"{by}: {kind.value} {incident}", lambda: act(self.store, action, action.at)
        )

    def silence(self, when: str, until: str, by: str = "Mei", **matching: Any) -> None:
        """Somebody wishes to hear nothing of some alerts."""

        def add() -> None:
            with self.store.begin() as work:
                work.silences.add(
                    Silence(
                        id=f"silence-{when}",
                        matcher=Matcher(**matching),
                        starts_at=self.at(when),
                        ends_at=self.at(until),
                        author=by,
                        created_at=self.at(when),
                    )
                )

        meant = ", ".join(name for names in matching.values() for name in names)
        self.event(when, f"{by}: silence {meant}", add)

    # what is heard of it

    def run(self, until: str, step: str = "0:05", *, and_when_due: bool = False) -> None:
        """Let time go by, with a look at each event and every ``step``.

        With ``and_when_due`` also at each moment for which a notice waits, so that long steps do.
        """
        end, every = self.at(until), span(step)
        events = sorted(self.events, key=lambda event: event.at)
        while self._now <= end:
            while self._done < len(events) and events[self._done].at <= self._now:
                events[self._done].do()
                self._done += 1
            self._look()
            coming = [event.at for event in events[self._done : self._done + 1]]
            if and_when_due:
                with self.store.read() as work:
                    due = work.notices.next_due()
                coming += [due] if due is not None and due > self._now else []
            on_the_beat = self._now + every - (self._now - self.start) % every
            self._now = min([on_the_beat, *coming])

    def sleep(self, until: str) -> None:
        """Let time go by while nothing runs."""
        self._now = self.at(until)

    def _look(self) -> None:
        began = time.perf_counter()
        for stage in self._stages:
            stage.run(self.store, self._now)
        self.looks.append(timedelta(seconds=time.perf_counter() - began))
        for channel in self.channels:
            for key in channel.sent:
                if key not in self._arrived:
                    self._arrived.add(key)
                    self.heard.append(self._noted(key, channel.options.name))

    def _noted(self, key: str, channel: str) -> Heard:
        with self.store.read() as work:
            (message,) = work.outbox.of(key)
        what = key.rpartition(":")[0]
        if what.startswith("group/"):
            kind = "group"
        elif "/" not in what:
            kind = "alert"
        else:
            kind = what.rpartition("/")[2]
        return Heard(at=self._now, channel=channel, what=kind, about=message.subject)

    def told(self, channel: str = "pr") -> list[str]:
        """What a channel was told, each with its time on the line."""
        return [
            f"{offset(one.at - self.start)} {one.what} {one.about}"
            for one in self.heard
            if one.channel == channel
        ]

    def notices(self, incident: str) -> list[Notice]:
        with self.store.read() as work:
            return work.notices.of_incident(incident)

    def withheld(self, incident: str) -> list[str]:
        """Why teams were not told, by their names."""
        return [
            f"{notice.team}: {notice.reason.code}"
            for notice in self.notices(incident)
            if notice.state is NoticeState.WITHHELD and notice.reason
        ]


def _alert(
    name: str,
    incident: str,
    brand: str,
    *,
    level: Level = Level.HIGH,
    kind: AlertKind = AlertKind.OPENED,
    at: datetime,
) -> Alert:
    return Alert(
        id=name,
        incident=incident,
        brand=brand,
        kind=kind,
        level=level,
        raised_at=at,
        reasons=(Reason(code="forming"),),
    )


def _how(kind: AlertKind) -> str:
    return "" if kind is AlertKind.OPENED else f" ({kind.value})"


def _begin(
    name: str,
    brand: str,
    at: datetime,
    work: UnitOfWork,
    *,
    touchpoint: str | None,
    language: str,
    source: str,
) -> None:
    begin_all([(name, brand)], at, work, touchpoint=touchpoint, language=language, source=source)


def begin_all(
    stories: Iterable[tuple[str, str]],
    at: datetime,
    work: UnitOfWork,
    *,
    touchpoint: str | None = None,
    language: str = "en",
    source: str = "forum",
) -> None:
    """Stories of one complaint each, by their names and brands."""
    said = Assessment(
        model="fake",
        revision="1",
        language=language,
        negative=0.9,
        neutral=0.07,
        positive=0.03,
        embedding=b"\x00\x3c",
    )
    keys = {name: (PostKey(source, name), brand) for name, brand in stories}
    work.posts.gather(
        [
            Observation(
                post=Post(
                    key=key,
                    text=f"Acme Air and the {name}!",
                    published_at=at,
                    url=f"https://forum.example/{name}",
                ),
                observed_at=at,
            )
            for name, (key, _) in keys.items()
        ]
    )
    mentions = {key: [Mention(post=key, brand=brand, spans=())] for key, brand in keys.values()}
    work.mentions.match("fake", mentions)
    work.mentions.assess({key: said for key, _ in keys.values()}, at)
    work.mentions.read(
        {(key, brand): Reading(touchpoint=touchpoint) for key, brand in keys.values()}, "fake", at
    )
    for brand in {brand for _, brand in keys.values()}:
        placed = {key: name for name, (key, about) in keys.items() if about == brand}
        work.mentions.group(brand, placed, at)
    for name, (key, brand) in keys.items():
        incident = Incident(
            id=name,
            brand=brand,
            title=name,
            state=IncidentState.OPEN,
            first_post=key,
            first_post_at=at,
            last_post_at=at,
            posts=1,
            authors=1,
            opened_at=at,
            centroid=b"\x00\x00\x80\x3f",
        )
        work.incidents.save(incident)

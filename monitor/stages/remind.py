"""remind: promises that a brand made in public and did not keep in time are told, once."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime, timedelta

import attrs

from alerts.channels.receiver import Channel
from alerts.promise_letter import Overdue, promise_letter
from alerts.quiet import quiet_until
from alerts.routing import TeamOptions, route
from alerts.rules import Rules
from monitor.casework import Promise, PromiseKind, Subject
from monitor.domain import Brand, Delivery, Incident, Level
from monitor.stages.subjects import subjects_of
from monitor.store.store import Store
from monitor.store.unit_of_work import UnitOfWork

__all__ = ["Remind"]

_PAUSE = timedelta(hours=1)
"""Between two letters about one brand: what falls due in between waits for the next."""
_BACKFILL = timedelta(days=7)
"""What fell due longer ago was found in an archive, and is listed only."""


@attrs.frozen
class _Due:
    """A promise to tell of, with the teams that it goes to."""

    promise: Promise
    overdue: Overdue | None
    """``None`` where its post is gone: there is nothing to tell then."""
    teams: tuple[TeamOptions, ...]

    def wakes(self, now: datetime) -> bool:
        """Whether any of its teams is awake."""
        return self.overdue is None or any(_awake_at(team, now) <= now for team in self.teams)


@attrs.frozen
class Remind:
    """Overdue promises of a brand are told in one letter a channel, from level high on.

    They go to the teams that were told of their incident, of these to the one whose route
    suggested its owner; where nobody was told, to the teams that a high alert would go to. A
    promise waits as long as all of its teams sleep. Once one is awake, the letter of another that
    sleeps waits in the outbox.

    A customer who was handed off outside any incident is listed and counted only: what follows is
    said in private, and such hand-offs are many. The letter and the note that it was written are
    one transaction.
    """

    brands: Sequence[Brand]
    channels: Sequence[Channel]
    rules: Rules
    name: str = attrs.field(default="remind", init=False)
    batch: int = attrs.field(default=1_000, init=False)

    def run(self, store: Store, now: datetime) -> int:
        """Tell of what is overdue; how many promises that were."""
        with store.read() as work:
            of_brand = self._untold(work, now)
        told = 0
        for brand, promises in of_brand.items():
            with store.begin() as work:
                due = [self._due(promise, work) for promise in promises]
                due = [one for one in due if one.wakes(now)]
                work.outbox.put(list(self._letters(brand, due, now)))
                for one in due:
                    work.promises.save(attrs.evolve(one.promise, overdue_told_at=now))
            told += len(due)
        return told

    def _untold(self, work: UnitOfWork, now: datetime) -> dict[str, list[Promise]]:
        names = {brand.id for brand in self.brands}
        found: defaultdict[str, list[Promise]] = defaultdict(list)
        for promise in work.promises.untold(now, now - _BACKFILL):
            private = promise.kind is PromiseKind.HANDOFF and promise.incident is None
            if promise.brand in names and not private:
                found[promise.brand].append(promise)
        return {
            brand: promises
            for brand, promises in sorted(found.items())
            if (last := work.promises.last_told_at(brand)) is None or now - last >= _PAUSE
        }

    def _due(self, promise: Promise, work: UnitOfWork) -> _Due:
        incident = _incident(promise, work)
        owner = work.casework.case(incident.id).owner if incident else ""
        teams = self._told(incident, owner, work) if incident else ()
        if not teams:
            subject = Subject(incident="", brand=promise.brand, level=Level.HIGH)
            if incident:
                about = subjects_of([(incident, Level.HIGH)], self.rules.regions, work)
                subject = about[incident.id]
            routed = route(subject, self.rules.routes, self.rules.teams)
            teams = self._configured(one.team for one in routed)
        post = work.posts.get({promise.post}).get(promise.post)
        overdue = (
            Overdue(promise=promise, text=post.text, url=post.url, owner=owner) if post else None
        )
        return _Due(promise, overdue, teams)

    def _told(self, incident: Incident, owner: str, work: UnitOfWork) -> tuple[TeamOptions, ...]:
        """The teams that were told of an incident, or the owner's if that is one of them."""
        told = work.notices.told_of([incident.id, *work.incidents.parts(incident.id)])
        owners = [notice for notice in told if owner and notice.owner == owner]
        return self._configured(notice.team for notice in owners or told)

    def _configured(self, names: Iterable[str]) -> tuple[TeamOptions, ...]:
        found = (self.rules.team(name) for name in dict.fromkeys(names))
        return tuple(team for team in found if team is not None)

    def _letters(self, brand: str, due: Sequence[_Due], now: datetime) -> Iterator[Delivery]:
        name = next(one.name for one in self.brands if one.id == brand)
        for channel in self.channels:
            options = channel.options
            about = [
                (one.overdue, team)
                for one in due
                for team in one.teams
                if one.overdue and options.name in team.channels
            ]
            if not about or options.min_level.rank > Level.HIGH.rank:
                continue
            overdue = list(dict.fromkeys(promise for promise, _ in about))
            awake_at = min(_awake_at(team, now) for _, team in about)
            for message in channel.write_letter(
                promise_letter(overdue, name, options.reader, now),
                key=f"promises/{brand}/{now:%Y%m%dT%H%M%S%f}:{options.name}",
                now=now,
            ):
                yield attrs.evolve(message, due_at=awake_at)


def _incident(promise: Promise, work: UnitOfWork) -> Incident | None:
    """What the incident that it was made about is part of now."""
    if promise.incident is None:
        return None
    return work.incidents.followed([promise.incident]).get(promise.incident)


def _awake_at(team: TeamOptions, now: datetime) -> datetime:
    return quiet_until(team.quiet, team.zone, now) or now

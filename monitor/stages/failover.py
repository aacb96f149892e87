"""failover: what one channel does not get through goes by another, and the outage is told."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import TypeAlias

import attrs
import structlog

from alerts.brief import Brief
from alerts.channels.receiver import Channel
from alerts.i18n import Reader
from alerts.letter import Letter
from alerts.outage_letter import Outage, outage_letter
from monitor.domain import Alert, Delivery, DeliveryState, Incident, Level
from monitor.stages.telling import Telling
from monitor.stages.together import tellings_of
from monitor.store.outbox import Failing
from monitor.store.store import Store
from monitor.store.unit_of_work import UnitOfWork

__all__ = ["Failover"]

_LOOKS_EVERY = timedelta(seconds=10)
_LOOK_BACK = timedelta(hours=1)
"""A message given up longer ago is none to tell somebody else about."""

_GROUP = "group/"

BriefOf: TypeAlias = Callable[[Alert, Incident, UnitOfWork, datetime], Brief | None]
LetterOf: TypeAlias = Callable[[Sequence[Telling], Reader, UnitOfWork, datetime], Letter]

_log = structlog.get_logger(__name__)


class Failover:
    """Alerts that wait in vain, or were given up, are written anew for the channel's failover.

    What was one message about many alerts is one there as well. Once an alert and channel, and not
    where that channel is told of the alert anyway. Whichever of both messages arrives first
    withdraws the other, if that still waits: people who read both channels are told once, and those
    who read only the one that failed find there what came after.

    A channel that fails is told by those that do not, once when it begins and once when it is over.
    """

    name = "failover"
    batch = 1_000

    def __init__(self, channels: Sequence[Channel], brief_of: BriefOf, letter_of: LetterOf) -> None:
        self._channels: Mapping[str, Channel] = {
            channel.options.name: channel for channel in channels
        }
        self._brief_of = brief_of
        self._letter_of = letter_of
        self._looked_at: datetime | None = None
        self._logged: set[tuple[str, datetime]] = set()

    def run(self, store: Store, now: datetime) -> int:
        """Look every ten seconds; how many messages were written or withdrawn."""
        if self._looked_at is not None and now - self._looked_at < _LOOKS_EVERY:
            return 0
        self._looked_at = now
        with store.read() as work:
            failing = work.outbox.failing()
            messages = list(self._letters(failing, work, now))
            withdrawn: dict[str, str] = {}
            for channel in self._channels.values():
                other = self._channels.get(channel.options.failover or "")
                if other is not None:
                    withdrawn |= _arrived_elsewhere(channel, other, work)
                    since = failing.get(channel.options.name)
                    waits = self._undelivered(channel, since, withdrawn, work, now)
                    messages += self._anew(waits, other, work, now)
        if not messages and not withdrawn:
            return 0
        with store.begin() as work:
            work.outbox.put(messages)
            for key, by in withdrawn.items():
                work.outbox.replace([key], by)
        return len(messages) + len(withdrawn)

    # what goes by another channel

    def _undelivered(
        self,
        channel: Channel,
        failing: Failing | None,
        withdrawn: Collection[str],
        work: UnitOfWork,
        now: datetime,
    ) -> dict[str, list[Telling]]:
        """What was given up, or has waited too long behind a failure, by what its keys begin with.

        That is an alert's id, or the key of a group.
        """
        name = channel.options.name
        given_up = {_begins(key) for key in work.outbox.given_up(name, now - _LOOK_BACK)}
        waiting: dict[str, datetime] = {}
        if failing is not None:
            for key, at in work.outbox.waiting(name):
                if key not in withdrawn:
                    waiting.setdefault(_begins(key), max(at, failing.since))
        return {
            begins: tellings
            for begins, tellings in self._tellings(given_up | waiting.keys(), name, work).items()
            if begins in given_up
            or now - waiting[begins] >= channel.options.failover_after(_gravest(tellings))
        }

    def _tellings(
        self, beginnings: Collection[str], channel: str, work: UnitOfWork
    ) -> dict[str, list[Telling]]:
        alerts = work.alerts.get_all(beginnings)
        incidents = work.incidents.followed({alert.incident for alert in alerts.values()})
        found = {
            name: [Telling(key=name, alert=alert, incident=incidents[alert.incident])]
            for name, alert in alerts.items()
            if alert.incident in incidents
        }
        for group in beginnings:
            if group.startswith(_GROUP) and (members := self._members(group, channel, work)):
                found[group] = members
        return found

    def _members(self, group: str, channel: str, work: UnitOfWork) -> list[Telling]:
        """What a group's message by a channel tells of; by a failover's, that of the first ones."""
        first = {message.channel for message in work.outbox.of(group)}
        through = {channel} if channel in first else first
        known = [self._channels[name] for name in through if name in self._channels]
        least = min((one.options.min_level.rank for one in known), default=Level.WATCH.rank)
        told = tellings_of(group, through, work)
        return [one for one in told if one.alert.level.rank >= least]

    def _anew(
        self,
        waits: Mapping[str, Sequence[Telling]],
        other: Channel,
        work: UnitOfWork,
        now: datetime,
    ) -> Iterator[Delivery]:
        name = other.options.name
        for begins, tellings in waits.items():
            key = f"{begins}/failover:{name}"
            if work.outbox.begun(f"{begins}:{name}") or work.outbox.begun(key):
                continue
            if begins.startswith(_GROUP):
                letter = self._letter_of(tellings, other.options.reader, work, now)
                yield from other.write_letter(letter, key=key, now=now)
                continue
            for one in tellings:
                brief = self._brief_of(one.alert, one.incident, work, now)
                if brief is not None:
                    head = work.outbox.head(name, one.incident.id)
                    yield from other.write_alert(brief, key=key, now=now, head=head)

    # what is told of the outage itself

    def _letters(
        self, failing: Mapping[str, Failing], work: UnitOfWork, now: datetime
    ) -> Iterator[Delivery]:
        for name, channel in self._channels.items():
            told = _told(work.outbox.beginning(f"outage/{name}/"))
            if told is not None:
                last = work.outbox.last_sent(name)
                if last is not None and last > told.at:
                    over = Outage(channel=name, since=told.since, over_at=last)
                    yield from self._tell(over, "over", told.channels, now)
                continue
            found = failing.get(name)
            if found is None or now - found.since < channel.options.failover_after(Level.HIGH):
                continue
            if (name, found.since) not in self._logged:
                self._logged.add((name, found.since))
                _log.error(
                    "nothing gets through by a channel",
                    channel=name,
                    since=found.since.isoformat(),
                    reason=found.error,
                )
            begun = Outage(
                channel=name,
                since=found.since,
                error=found.error,
                instead=channel.options.failover or "",
            )
            working = [
                other.options.name
                for other in self._channels.values()
                if other.options.name not in failing
                and other.options.name != name
                and other.options.min_level.rank <= Level.HIGH.rank
            ]
            yield from self._tell(begun, "begun", working, now)

    def _tell(
        self, outage: Outage, turn: str, names: Sequence[str], now: datetime
    ) -> Iterator[Delivery]:
        for name in names:
            channel = self._channels.get(name)
            if channel is not None:
                yield from channel.write_letter(
                    outage_letter(outage, channel.options.reader, now),
                    key=f"outage/{outage.channel}/{outage.since:%Y%m%dT%H%M%S.%f%z}/{turn}:{name}",
                    now=now,
                )


@attrs.frozen(kw_only=True)
class _Told:
    """An outage that was told and is not over: since when it was, when it was told and where."""

    since: datetime
    at: datetime
    channels: tuple[str, ...]


def _told(letters: Sequence[Delivery]) -> _Told | None:
    """The last outage that letters tell of, unless one of them says that it is over."""
    if not letters:
        return None
    last = max(letter.key.split("/")[2] for letter in letters)
    mine = [letter for letter in letters if letter.key.split("/")[2] == last]
    if any(letter.key.split("/")[3].startswith("over:") for letter in mine):
        return None
    return _Told(
        since=datetime.strptime(last, "%Y%m%dT%H%M%S.%f%z"),
        at=min(letter.created_at for letter in mine),
        channels=tuple(dict.fromkeys(letter.channel for letter in mine)),
    )


def _begins(key: str) -> str:
    """What a message's key begins with: an alert's id, or the whole key of a group.

    Of another message it is what is neither.
    """
    whole = key.partition(":")[0]
    return whole.removesuffix("/failover") if key.startswith(_GROUP) else whole.partition("/")[0]


def _gravest(tellings: Iterable[Telling]) -> Level:
    return max((one.alert.level for one in tellings), key=lambda level: level.rank)


def _arrived_elsewhere(channel: Channel, other: Channel, work: UnitOfWork) -> dict[str, str]:
    """What waits although its twin has arrived, and by which channel that came."""
    name, instead = channel.options.name, other.options.name
    found = {
        key: instead
        for key, _ in work.outbox.waiting(name)
        if _arrived(work.outbox.of(f"{_begins(key)}/failover:{instead}"))
    }
    for key, _ in work.outbox.waiting(instead):
        begins, twin, _ = key.partition("/failover:")
        if twin and _arrived(work.outbox.of(f"{begins}:{name}")):
            found[key] = name
    return found


def _arrived(messages: Sequence[Delivery]) -> bool:
    return bool(messages) and all(one.state is DeliveryState.SENT for one in messages)

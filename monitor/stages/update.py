"""update: what was done about an incident is told where the incident was told."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime

import attrs

from alerts.brief import Update as Done
from alerts.channels.receiver import Channel
from monitor.casework import Action, ActionKind
from monitor.domain import Alert, Delivery
from monitor.stages.briefer import Briefer
from monitor.store.store import Store
from monitor.store.unit_of_work import UnitOfWork

__all__ = ["Update"]


@attrs.frozen
class Update:
    """Actions that were not told yet become a message on each channel that tells of the incident.

    The messages and that they were written are kept in one transaction.
    """

    briefer: Briefer
    channels: Sequence[Channel]
    name: str = attrs.field(default="update", init=False)
    batch: int = attrs.field(default=200, init=False)

    def run(self, store: Store, now: datetime) -> int:
        """Tell of every action that was not told; how many there were."""
        with store.read() as work:
            actions = work.casework.untold(self.batch)
            if not actions:
                return 0
            messages = [
                message for one in _each_once(actions) for message in self._messages(one, work, now)
            ]
        with store.begin() as work:
            work.outbox.put(messages)
            work.casework.told([action.key for action in actions], now)
        return len(actions)

    def _messages(self, action: Action, work: UnitOfWork, now: datetime) -> list[Delivery]:
        incident = work.incidents.followed([action.incident])[action.incident]
        heads = self._heads(incident.id, action.at, work)
        alert = _last_alert(incident.id, work) if heads else None
        if alert is None:
            return []
        case = work.casework.case(incident.id)
        brief = self.briefer.brief(alert, incident, work, now, case=case)
        if brief is None:
            return []
        done = Done(brief=brief, action=action, case=case)
        return [
            message
            for channel in self.channels
            if (head := heads.get(channel.options.name))
            for message in channel.write_update(
                done, key=f"{action.key}/update:{channel.options.name}", now=now, head=head
            )
        ]

    def _heads(self, incident: str, before: datetime, work: UnitOfWork) -> Mapping[str, str]:
        """The first message of each conversation about the incident, by channel.

        One that began only afterwards has told of the action.
        """
        heads = {}
        for channel in self.channels:
            name = channel.options.name
            for first in work.outbox.of(work.outbox.head(name, incident))[:1]:
                if first.created_at < before:
                    heads[name] = first.key
        return heads


def _each_once(actions: Sequence[Action]) -> Iterator[Action]:
    """What several teams brought about at one moment is told once: that nobody took it on."""
    seen = set()
    for action in actions:
        place = (action.incident, action.at)
        if action.kind is ActionKind.ESCALATE:
            if place in seen:
                continue
            seen.add(place)
        yield action


def _last_alert(incident: str, work: UnitOfWork) -> Alert | None:
    names = (incident, *work.incidents.parts(incident))
    alerts = [alert for name in names for alert in work.alerts.of_incident(name)]
    return max(alerts, key=lambda alert: (alert.raised_at, alert.id), default=None)

"""What a message about many incidents tells of, found again by the key that it has."""

from __future__ import annotations

from collections.abc import Collection
from datetime import UTC, datetime, timedelta
from typing import Self

import attrs

from monitor.casework import ActionKind, Notice, NoticeState
from monitor.stages.telling import Telling, not_taken_on
from monitor.store.unit_of_work import UnitOfWork

__all__ = ["tellings_of"]

_AN_INSTANT = timedelta(microseconds=1)


@attrs.frozen(kw_only=True)
class _Group:
    """What stands in the key: ``group/pr/acme/20261118T090000000000``, maybe ``/repeat-1``."""

    team: str
    brand: str
    at: datetime
    step: str
    """Of those that were told once more: which step it was; empty for what was told first."""

    @classmethod
    def read(cls, key: str) -> Self:
        _, team, brand, at, *step = key.split("/")
        return cls(
            team=team,
            brand=brand,
            at=datetime.strptime(at, "%Y%m%dT%H%M%S%f").replace(tzinfo=UTC),
            step="".join(step),
        )


def tellings_of(key: str, channels: Collection[str], work: UnitOfWork) -> list[Telling]:
    """What was told in one message by these channels, whatever their levels.

    ``key`` is what the keys of its messages begin with. What is gone meanwhile is left out.
    """
    group = _Group.read(key)
    notices = _told_again(group, channels, work) if group.step else _told_first(group, work)
    alerts = work.alerts.get_all({notice.alert for notice in notices})
    incidents = work.incidents.followed({notice.incident for notice in notices})
    return [
        Telling(
            key=notice.alert,
            alert=alerts[notice.alert],
            incident=incidents[notice.incident],
            owner=notice.owner,
            again=not_taken_on(notice, group.at) if group.step else None,
        )
        for notice in notices
        if notice.alert in alerts and notice.incident in incidents
    ]


def _told_first(group: _Group, work: UnitOfWork) -> list[Notice]:
    decided = work.notices.decided(group.at, group.at + _AN_INSTANT, group.team)
    return [
        notice
        for notice in decided
        if notice.state is NoticeState.TOLD and notice.brand == group.brand
    ]


def _told_again(group: _Group, channels: Collection[str], work: UnitOfWork) -> list[Notice]:
    """The notices that a step was counted from, of the actions that the step left behind."""
    steps = work.casework.between(group.at, group.at + _AN_INSTANT, {ActionKind.ESCALATE})
    ending = f"/{group.step}/{group.team}"
    names = {
        action.key.removesuffix(ending)
        for action in steps
        if action.key.endswith(ending) and not set(channels).isdisjoint(action.note.split(", "))
    }
    alerts = work.alerts.get_all(names)
    told = work.notices.told_of({alert.incident for alert in alerts.values()})
    return [
        notice
        for notice in told
        if notice.alert in names and notice.team == group.team and notice.brand == group.brand
    ]

"""Writes the messages about alerts to the channels of a team: few one by one, many as one."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta

import attrs

from alerts.brief import Brief
from alerts.channels.receiver import Channel
from alerts.group_letter import NAMED, Member, group_letter
from alerts.i18n import Reader
from alerts.letter import Letter
from alerts.muting import reason
from monitor.casework import Case, Notice
from monitor.domain import Alert, Delivery, Incident, Level, Reason
from monitor.stages.briefer import Briefer
from monitor.store.unit_of_work import UnitOfWork

__all__ = ["Teller", "Telling", "Written", "group_key", "not_taken_on", "told_at"]

_HOUR = timedelta(hours=1)


@attrs.frozen(kw_only=True)
class Telling:
    """An alert on its way to a team.

    ``key`` is what the keys of its messages begin with. ``incident`` is the alert's own, or the one
    that it is part of now; ``again`` is why it is told once more.
    """

    key: str
    alert: Alert
    incident: Incident
    case: Case | None = None
    owner: str = ""
    again: Reason | None = None


@attrs.frozen(kw_only=True)
class Written:
    """Messages for the outbox, and the keys of the tellings that they tell of.

    Of those in neither set no channel takes the level, or no post is left.
    """

    messages: tuple[Delivery, ...]
    alone: frozenset[str]
    together: frozenset[str]


def group_key(team: str, brand: str, at: datetime) -> str:
    """What the keys of a message to a team about many incidents begin with."""
    return f"group/{team}/{brand}/{at.astimezone(UTC):%Y%m%dT%H%M%S%f}"


def told_at(notice: Notice) -> datetime:
    """When the team was told; raises ``ValueError`` for one that it was not told of."""
    if notice.decided_at is None:
        raise ValueError(f"nobody was told of the alert {notice.alert} yet")
    return notice.decided_at


def not_taken_on(notice: Notice, now: datetime) -> Reason:
    """Why a team that was told is told once more."""
    return reason("not_taken_on", hours=round((now - told_at(notice)) / _HOUR, 2))


class Teller:
    """Knows the channels, and when there is too much to tell each incident by itself."""

    def __init__(self, briefer: Briefer, channels: Sequence[Channel], alone: int = 3) -> None:
        """Up to ``alone`` incidents are told one by one."""
        self._briefer = briefer
        self._channels = {channel.options.name: channel for channel in channels}
        self._alone = alone

    def carries(self, level: Level, channels: Iterable[str]) -> bool:
        """Whether any of these channels takes alerts of a level."""
        least = [self._channels[name].options.min_level.rank for name in channels]
        return any(level.rank >= rank for rank in least)

    def write(
        self,
        tellings: Sequence[Telling],
        channels: Iterable[str],
        group_key: str,
        work: UnitOfWork,
        now: datetime,
    ) -> Written:
        """The messages about alerts of one brand to some channels, each from its level on."""
        messages: list[Delivery] = []
        alone: set[str] = set()
        together: set[str] = set()
        briefs: dict[str, Brief | None] = {}
        for name in dict.fromkeys(channels):
            channel = self._channels[name]
            least = channel.options.min_level.rank
            carried = [one for one in tellings if one.alert.level.rank >= least]
            if len(carried) > self._alone:
                letter = self.letter(carried, channel.options.reader, work, now)
                messages += channel.write_letter(letter, key=f"{group_key}:{name}", now=now)
                together.update(one.key for one in carried)
                continue
            for one in carried:
                if one.key not in briefs:
                    briefs[one.key] = self._brief(one, work, now)
                if told := briefs[one.key]:
                    head = work.outbox.head(name, one.incident.id)
                    key = f"{one.key}:{name}"
                    messages += channel.write_alert(told, key=key, now=now, head=head)
                    alone.add(one.key)
        return Written(
            messages=tuple(messages),
            alone=frozenset(alone),
            together=frozenset(together - alone),
        )

    def letter(
        self, tellings: Sequence[Telling], reader: Reader, work: UnitOfWork, now: datetime
    ) -> Letter:
        """One letter about alerts of one brand, the gravest first."""
        ranked = sorted(tellings, key=_gravest_first)
        named = [one.incident.first_post for one in ranked[:NAMED]]
        first_posts = work.posts.get(named)
        members = [
            Member(
                incident=one.incident.id,
                title=one.incident.title,
                level=one.alert.level,
                posts=one.incident.posts,
                authors=one.incident.authors,
                url=post.url if (post := first_posts.get(one.incident.first_post)) else None,
            )
            for one in ranked
        ]
        brand = self._briefer.brand_name(tellings[0].incident.brand)
        return group_letter(brand, members, reader, now, tellings[0].again)

    def _brief(self, one: Telling, work: UnitOfWork, now: datetime) -> Brief | None:
        return self._briefer.brief(
            one.alert,
            attrs.evolve(one.incident, level=one.alert.level),
            work,
            now,
            case=one.case,
            owner=one.owner,
            again=one.again,
        )


def _gravest_first(one: Telling) -> tuple[int, int, str]:
    return -one.alert.level.rank, -one.incident.authors, one.incident.id

"""escalate: what was told and nobody takes on is told to others, and told again."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from datetime import datetime

import attrs

from alerts.muting import quiet, silenced
from alerts.routing import TeamOptions
from alerts.rules import Rules
from monitor.casework import SPARKWATCH, Action, ActionKind, Case, Notice
from monitor.domain import Delivery, Level
from monitor.stages.subjects import subjects_of
from monitor.stages.telling import Teller, Telling, group_key, not_taken_on, told_at
from monitor.store.notices import Told
from monitor.store.store import Store
from monitor.store.unit_of_work import UnitOfWork

__all__ = ["Escalate"]


@attrs.frozen(kw_only=True)
class _Step:
    """One more telling that is due, counted from when the team was told first."""

    key: str
    channels: tuple[str, ...]
    notice: Notice
    """The one that it is counted from."""


@attrs.frozen(kw_only=True)
class _Neglected:
    """An incident that a team knows and nobody takes on, with the steps that are due."""

    team: TeamOptions
    incident: str
    newest: Notice
    case: Case
    steps: tuple[_Step, ...]

    @property
    def channels(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(name for step in self.steps for name in step.channels))

    @property
    def kind(self) -> str:
        """What the last step is: ``escalation-2``, ``repeat-1``."""
        return self.steps[-1].key.rpartition("/")[2]


@attrs.frozen
class Escalate:
    """Incidents that were told and nobody takes on go to the next tier, and then round again.

    Each step is kept as an action of Sparkwatch in the transaction that writes its messages.
    """

    rules: Rules
    teller: Teller
    name: str = attrs.field(default="escalate", init=False)
    batch: int = attrs.field(default=100_000, init=False)

    def run(self, store: Store, now: datetime) -> int:
        """Tell of whatever is neglected; how many steps were taken."""
        with store.read() as work:
            told = work.notices.told_of_open(self._levels(), now - self.rules.stale)
            neglected = self._awake(self._neglected(told, work, now), work, now)
            if not neglected:
                return 0
            actions, messages = self._tell(neglected, work, now)
        if not actions:
            return 0
        with store.begin() as work:
            for action in actions:
                work.casework.add(action)
            work.outbox.put(messages)
        return len(actions)

    def _levels(self) -> set[Level]:
        """Those at which anybody is told again."""
        least = {tier.min_level.rank for team in self.rules.teams for tier in team.escalation}
        least.add(Level.CRITICAL.rank)
        return {level for level in Level if level.rank >= min(least)}

    def _neglected(self, told: Sequence[Told], work: UnitOfWork, now: datetime) -> list[_Neglected]:
        by_team: defaultdict[tuple[str, str], list[Notice]] = defaultdict(list)
        for one in told:
            by_team[one.notice.team, one.incident].append(one.notice)
        done = work.casework.of_incidents({incident for _, incident in by_team})
        cases = work.casework.cases(set(done))
        found = []
        for (name, incident), notices in by_team.items():
            team = self.rules.team(name)
            case = cases.get(incident) or Case(incident=incident)
            if team is None or not case.needs_somebody:
                continue
            keys = {action.key for action in done.get(incident, ())}
            back_at = case.reopened_at
            since = [one for one in notices if back_at is None or told_at(one) >= back_at]
            steps = tuple(
                step
                for step in self._steps(team, since, now)
                if _action_key(step, team) not in keys
            )
            if steps:
                found.append(
                    _Neglected(
                        team=team, incident=incident, newest=since[-1], case=case, steps=steps
                    )
                )
        return found

    def _steps(
        self, team: TeamOptions, notices: Sequence[Notice], now: datetime
    ) -> Iterator[_Step]:
        """The steps that are due by now, whether or not they were taken."""
        for number, tier in enumerate(team.escalation, start=1):
            first = _first(notices, tier.min_level)
            if first is not None and now - told_at(first) >= tier.after:
                key = f"{first.alert}/escalation-{number}"
                channels = tier.channels or team.channels
                yield _Step(key=key, channels=channels, notice=first)
        first, repeat = _first(notices, Level.CRITICAL), self.rules.grouping.repeat
        if first is not None and repeat and now - told_at(first) >= repeat:
            times = (now - told_at(first)) // repeat
            key = f"{first.alert}/repeat-{times}"
            yield _Step(key=key, channels=team.channels, notice=first)

    def _awake(
        self, neglected: Sequence[_Neglected], work: UnitOfWork, now: datetime
    ) -> list[_Neglected]:
        """Those that nobody silenced, and whose team does not sleep."""
        awake = [one for one in neglected if not quiet(one.newest.level, one.team, now)]
        silences = work.silences.lasting(now)
        if not awake or not silences:
            return awake
        incidents = work.incidents.get_all({one.incident for one in awake})
        about = [(incidents[one.incident], one.newest.level) for one in awake]
        subjects = subjects_of(about, self.rules.regions, work)
        return [
            one
            for one in awake
            if not silenced(
                (
                    subjects[one.incident],
                    attrs.evolve(subjects[one.incident], incident=one.newest.incident),
                ),
                silences,
                now,
            )
        ]

    def _tell(
        self, neglected: Sequence[_Neglected], work: UnitOfWork, now: datetime
    ) -> tuple[list[Action], list[Delivery]]:
        together: defaultdict[tuple[str, str, str], list[_Neglected]] = defaultdict(list)
        for one in neglected:
            together[one.team.name, one.newest.brand, one.kind].append(one)
        alerts = work.alerts.get_all({one.newest.alert for one in neglected})
        incidents = work.incidents.get_all({one.incident for one in neglected})
        actions: list[Action] = []
        messages: list[Delivery] = []
        for (team, brand, kind), members in together.items():
            tellings = {
                one.incident: Telling(
                    key=one.steps[-1].key,
                    alert=alerts[one.newest.alert],
                    incident=incidents[one.incident],
                    case=one.case,
                    owner=one.newest.owner,
                    again=not_taken_on(one.steps[-1].notice, now),
                )
                for one in members
            }
            carried: set[str] = set()
            # Each channel by itself: those that are late by two steps go to more of them.
            for channel in dict.fromkeys(name for one in members for name in one.channels):
                written = self.teller.write(
                    [tellings[one.incident] for one in members if channel in one.channels],
                    (channel,),
                    f"{group_key(team, brand, now)}/{kind}",
                    work,
                    now,
                )
                messages += written.messages
                carried |= written.alone | written.together
            for one in members:
                if tellings[one.incident].key in carried:
                    actions += _actions(one, now)
        return actions, messages


def _actions(one: _Neglected, now: datetime) -> Iterator[Action]:
    for step in one.steps:
        yield Action(
            key=_action_key(step, one.team),
            incident=one.incident,
            at=now,
            by=SPARKWATCH,
            kind=ActionKind.ESCALATE,
            note=", ".join(step.channels),
        )


def _action_key(step: _Step, team: TeamOptions) -> str:
    return f"{step.key}/{team.name}"


def _first(notices: Sequence[Notice], least: Level) -> Notice | None:
    """The first of a level; they come in the order in which they were told."""
    return next((one for one in notices if one.level.rank >= least.rank), None)

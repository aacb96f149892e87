"""notify: teams are told of what they wait for, or a reason is kept why they are not."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta

import attrs

from alerts.muting import handled, inhibited, over, over_budget, quiet, reason, silenced
from alerts.routing import TeamOptions
from alerts.rules import Rules
from monitor.casework import Case, Notice, NoticeState, Silence, Subject
from monitor.domain import Alert, Delivery, Incident, IncidentState, Level, Reason
from monitor.stages.subjects import subjects_of
from monitor.stages.telling import Teller, Telling, group_key
from monitor.store.notices import GROUPED
from monitor.store.store import Store
from monitor.store.unit_of_work import UnitOfWork

__all__ = ["Notify"]

_WEEK = timedelta(days=7)


@attrs.frozen
class Notify:
    """Notices that are due are told, withheld or put off, those of a team and brand together.

    What was decided and the messages are written in one transaction: whoever counts as told has a
    message on its way.
    """

    rules: Rules
    teller: Teller
    name: str = attrs.field(default="notify", init=False)
    batch: int = attrs.field(default=100_000, init=False)

    def run(self, store: Store, now: datetime) -> int:
        """Decide about every notice that is due; how many there were."""
        with store.read() as work:
            due = work.notices.due(now, self.batch)
            if not due:
                return 0
            decided, messages = self._decide(due, work, now)
        with store.begin() as work:
            work.notices.decide(decided)
            work.outbox.put(messages)
        return len(due)

    def _decide(
        self, due: Sequence[Notice], work: UnitOfWork, now: datetime
    ) -> tuple[list[Notice], list[Delivery]]:
        decided: list[Notice] = []
        turn: list[tuple[TeamOptions, str, list[Notice]]] = []
        for (name, brand), notices in _groups(due).items():
            team = self.rules.team(name)
            if team is None:
                decided += [_withheld(notice, reason("team_gone"), now) for notice in notices]
                continue
            ready, put_off = self._whose_turn(team, brand, notices, work, now)
            decided += put_off
            turn.append((team, brand, ready))
        known = _Known.of([one for _, _, ready in turn for one in ready], self.rules, work, now)
        messages: list[Delivery] = []
        for team, brand, ready in turn:
            more_decided, more_messages = self._tell(team, brand, ready, known, work, now)
            decided += more_decided
            messages += more_messages
        return decided, messages

    def _whose_turn(
        self, team: TeamOptions, brand: str, notices: list[Notice], work: UnitOfWork, now: datetime
    ) -> tuple[list[Notice], list[Notice]]:
        """Those that are decided now, and those that wait since the team was told a moment ago.

        What is critical waits only where a few were told already; nothing waits for longer than
        the interval after it was routed. What waited to be told together with others is.
        """
        interval = self.rules.grouping.interval
        lately = work.notices.told_at(team.name, brand, now - interval)
        lately = [at for at in lately if at > now - interval]
        critical = {one.incident for one in notices if one.level is Level.CRITICAL}
        at_once = len(lately) + len(critical) <= self.rules.grouping.alone
        ready, put_off = [], []
        for notice in notices:
            until = min(max(lately), notice.routed_at) + interval if lately else now
            if until <= now or (notice.level is Level.CRITICAL and at_once):
                ready.append(notice)
            else:
                put_off.append(_waiting(notice, until, "group_interval"))
        if any(notice.level is not Level.CRITICAL for notice in ready):
            known = {notice.alert for notice in notices}
            company = [one for one in work.notices.waiting(team.name, brand) if _waits(one)]
            ready += [one for one in company if one.alert not in known]
            ready += put_off
            put_off = []
        return ready, put_off

    def _tell(
        self,
        team: TeamOptions,
        brand: str,
        notices: Sequence[Notice],
        known: _Known,
        work: UnitOfWork,
        now: datetime,
    ) -> tuple[list[Notice], list[Delivery]]:
        decided: list[Notice] = []
        kept: list[Notice] = []
        for notice in notices:
            if why := self._muted(notice, known, work, now):
                decided.append(_withheld(notice, why, now))
            elif asleep := quiet(notice.level, team, now):
                until, why = asleep
                decided.append(attrs.evolve(notice, due_at=until, reason=why))
            else:
                kept.append(notice)
        latest, superseded = _latest(kept, known)
        affordable, too_much = self._affordable(team, latest, work, now)
        spent = reason("budget_spent", count=team.budget)
        decided += [_withheld(notice, reason("superseded"), now) for notice in superseded]
        decided += [_withheld(notice, spent, now) for notice in too_much]
        if not affordable:
            return decided, []
        written = self.teller.write(
            [known.telling(notice) for notice in affordable],
            team.channels,
            group_key(team.name, brand, now),
            work,
            now,
        )
        for notice in affordable:
            if notice.alert in written.alone:
                decided.append(_told(notice, reason("told"), now))
            elif notice.alert in written.together:
                count = len(written.together)
                decided.append(_told(notice, reason(GROUPED, count=count), now))
            else:
                carried = self.teller.carries(notice.level, team.channels)
                code = "gone_before_told" if carried else "no_channel"
                decided.append(_withheld(notice, reason(code), now))
        return decided, list(written.messages)

    def _muted(
        self, notice: Notice, known: _Known, work: UnitOfWork, now: datetime
    ) -> Reason | None:
        alert, incident = known.alerts[notice.alert], known.incidents[notice.incident]
        subject = known.subject(notice)
        return (
            _known_as_another(notice, incident, work)
            or (reason("superseded") if known.tells_it_all(notice) else None)
            or over(incident)
            or handled(alert, known.case(incident))
            or silenced(
                (subject, attrs.evolve(subject, incident=notice.incident)), known.silences, now
            )
            or inhibited(subject, known.graver, self.rules.inhibition)
        )

    def _affordable(
        self, team: TeamOptions, notices: Sequence[Notice], work: UnitOfWork, now: datetime
    ) -> tuple[list[Notice], list[Notice]]:
        """What the team's budget allows, the gravest first; a group is one message."""
        spent = work.notices.spent(team.name, now - _WEEK, now + timedelta(microseconds=1))
        one_by_one = len(notices) <= self.rules.grouping.alone
        affordable: list[Notice] = []
        too_much: list[Notice] = []
        for notice in sorted(notices, key=lambda one: -one.level.rank):
            if over_budget(notice.level, spent, team.budget):
                too_much.append(notice)
                continue
            affordable.append(notice)
            spent += one_by_one
        return affordable, too_much


@attrs.frozen(kw_only=True)
class _Known:
    """What is known of the notices that are decided, read for all of them at once."""

    alerts: Mapping[str, Alert]
    incidents: Mapping[str, Incident]
    """By the incident that a notice names: itself, or what it is part of now."""
    cases: Mapping[str, Case]
    subjects: Mapping[str, Subject]
    silences: Sequence[Silence]
    told: Mapping[tuple[str, str], datetime]
    """When the newest alert that a team was told of an incident was routed."""
    graver: Sequence[Subject]
    """Open incidents that may make lesser ones unimportant."""

    @classmethod
    def of(cls, notices: Sequence[Notice], rules: Rules, work: UnitOfWork, now: datetime) -> _Known:
        incidents = work.incidents.followed({one.incident for one in notices})
        about = [(incidents[one.incident], one.level) for one in notices]
        names = {incident.id for incident, _ in about}
        return cls(
            alerts=work.alerts.get_all({one.alert for one in notices}),
            incidents=incidents,
            cases=work.casework.cases(names),
            subjects=subjects_of(about, rules.regions, work),
            silences=work.silences.lasting(now),
            told=_newest_told(incidents, work),
            graver=_graver(notices, rules, work),
        )

    def case(self, incident: Incident) -> Case:
        return self.cases.get(incident.id) or Case(incident=incident.id)

    def subject(self, notice: Notice) -> Subject:
        found = self.subjects[self.incidents[notice.incident].id]
        return attrs.evolve(found, level=notice.level)

    def tells_it_all(self, notice: Notice) -> bool:
        """Whether the team was told of a later alert about the same incident already."""
        told = self.told.get((notice.team, notice.incident))
        return told is not None and told > notice.routed_at

    def telling(self, notice: Notice) -> Telling:
        incident = self.incidents[notice.incident]
        return Telling(
            key=notice.alert,
            alert=self.alerts[notice.alert],
            incident=incident,
            case=self.case(incident),
            owner=notice.owner,
        )


def _graver(notices: Iterable[Notice], rules: Rules, work: UnitOfWork) -> list[Subject]:
    brands = {
        notice.brand
        for notice in notices
        if any(notice.level.rank <= rule.mutes.rank for rule in rules.inhibition)
    }
    least = min((rule.by.rank for rule in rules.inhibition), default=0)
    about = [
        (incident, incident.level)
        for brand in sorted(brands)
        for incident in work.incidents.find(brand=brand, states=(IncidentState.OPEN,))
        if incident.level is not None and incident.level.rank >= least
    ]
    cases = work.casework.cases({incident.id for incident, _ in about})
    over_with = {name for name, case in cases.items() if case.handling.is_over}
    alive = [(incident, level) for incident, level in about if incident.id not in over_with]
    return list(subjects_of(alive, rules.regions, work).values())


def _newest_told(incidents: Iterable[str], work: UnitOfWork) -> dict[tuple[str, str], datetime]:
    newest: dict[tuple[str, str], datetime] = {}
    for notice in work.notices.told_of(set(incidents)):
        known = newest.setdefault((notice.team, notice.incident), notice.routed_at)
        newest[notice.team, notice.incident] = max(known, notice.routed_at)
    return newest


def _groups(due: Iterable[Notice]) -> dict[tuple[str, str], list[Notice]]:
    found: defaultdict[tuple[str, str], list[Notice]] = defaultdict(list)
    for notice in due:
        found[notice.team, notice.brand].append(notice)
    return dict(found)


def _latest(notices: Sequence[Notice], known: _Known) -> tuple[list[Notice], list[Notice]]:
    """Of each incident the newest alert, which tells all that those before it told; and those."""
    newest: dict[str, Notice] = {}
    before: list[Notice] = []
    for notice in sorted(notices, key=lambda one: (known.alerts[one.alert].raised_at, one.alert)):
        incident = known.incidents[notice.incident].id
        if incident in newest:
            before.append(newest[incident])
        newest[incident] = notice
    return list(newest.values()), before


def _known_as_another(notice: Notice, incident: Incident, work: UnitOfWork) -> Reason | None:
    """It became part of an incident that the team knows, or is about to know, as just as grave."""
    if incident.id == notice.incident:
        return None
    known = any(
        other.team == notice.team
        and other.state is not NoticeState.WITHHELD
        and other.level.rank >= notice.level.rank
        for other in work.notices.of_incident(incident.id)
    )
    return reason("merged_before_told", incident=incident.id) if known else None


def _waits(notice: Notice) -> bool:
    """Whether it waits for nothing but others that are told with it."""
    return notice.reason is not None and notice.reason.code in ("group_wait", "group_interval")


def _waiting(notice: Notice, until: datetime, code: str) -> Notice:
    return attrs.evolve(notice, due_at=until, reason=reason(code, until=until.isoformat()))


def _withheld(notice: Notice, why: Reason, now: datetime) -> Notice:
    return attrs.evolve(notice, state=NoticeState.WITHHELD, decided_at=now, reason=why)


def _told(notice: Notice, how: Reason, now: datetime) -> Notice:
    return attrs.evolve(notice, state=NoticeState.TOLD, decided_at=now, reason=how)

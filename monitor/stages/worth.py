"""What people said of alerts, and what teams were told of against what they can take."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from datetime import datetime, timedelta

from alerts.routing import TeamOptions
from alerts.votes import Budget, Worth, precision
from monitor.casework import ActionKind, NoticeState
from monitor.domain import Alert
from monitor.store.unit_of_work import UnitOfWork

__all__ = ["worth_of"]

_WEEKS = 8
_CHANGED = "level_raised"
"""It says what changed, not which rule held."""


def worth_of(
    teams: Sequence[TeamOptions],
    brands: Collection[str],
    since: datetime,
    until: datetime,
    work: UnitOfWork,
) -> Worth:
    """Whether the alerts about some brands were worth it, by the votes of eight weeks."""
    return Worth(
        rules=precision(_votes(brands, until - timedelta(weeks=_WEEKS), until, work)),
        budgets=tuple(_budget(team, since, until, work) for team in teams),
        weeks=_WEEKS,
    )


def _votes(
    brands: Collection[str], since: datetime, until: datetime, work: UnitOfWork
) -> Iterator[tuple[str, bool]]:
    """Of each person and alert the last word, with the rule that the alert names first."""
    last: dict[tuple[str, str], tuple[str, bool]] = {}
    for vote in work.casework.between(since, until, (ActionKind.USEFUL, ActionKind.NOISE)):
        alert = _judged(vote.incident, vote.at, work)
        if alert is None or alert.brand not in brands:
            continue
        rule = next((one.code for one in alert.reasons if one.code != _CHANGED), None)
        if rule is not None:
            last[vote.by, alert.id] = (rule, vote.kind is ActionKind.USEFUL)
    yield from last.values()


def _judged(incident: str, at: datetime, work: UnitOfWork) -> Alert | None:
    """The latest alert about an incident, or what became part of it, when somebody voted."""
    names = (incident, *work.incidents.parts(incident))
    alerts = [
        alert for name in names for alert in work.alerts.of_incident(name) if alert.raised_at <= at
    ]
    return max(alerts, key=lambda alert: (alert.raised_at, alert.id), default=None)


def _budget(team: TeamOptions, since: datetime, until: datetime, work: UnitOfWork) -> Budget:
    withheld = [
        notice
        for notice in work.notices.decided(since, until, team.name)
        if notice.state is NoticeState.WITHHELD
        and notice.reason is not None
        and notice.reason.code == "budget_spent"
    ]
    return Budget(
        team=team.name,
        spent=work.notices.spent(team.name, since, until),
        budget=team.budget,
        withheld=len(withheld),
    )

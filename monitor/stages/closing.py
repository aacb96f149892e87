"""The loops that a digest shows: what is left open, what was answered, what was promised."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta, tzinfo

from alerts.loops import Answered, Cited, Ledger, OpenLoop
from monitor.casework import ActionKind, Promise, case_of
from monitor.domain import Brand, Incident, Level
from monitor.stages.aftermath import effect_on, usual_of
from monitor.stages.usual import Usual
from monitor.store.unit_of_work import UnitOfWork

__all__ = ["answered", "ledger", "open_loops"]

_TOLD_SINCE = timedelta(days=28)
"""A loop that was left open longer ago is history."""
_OVERDUE_SINCE = timedelta(days=28)


def open_loops(names: Mapping[str, str], until: datetime, work: UnitOfWork) -> list[OpenLoop]:
    """Incidents of level high and above that people were told of and nobody brought to an end.

    ``names`` holds the brands' names by their ids.
    """
    alerts = [
        alert
        for alert in work.alerts.between(until - _TOLD_SINCE, until)
        if alert.brand in names and alert.level.rank >= Level.HIGH.rank
    ]
    current = {alert.incident: work.incidents.merged_into(alert.incident) for alert in alerts}
    stories = work.incidents.get_all({into or name for name, into in current.items()})
    found = []
    for story in stories.values():
        about = [one for one in alerts if (current[one.incident] or one.incident) == story.id]
        actions = [one for one in work.casework.of_incident(story.id) if one.at < until]
        case = case_of(story.id, actions)
        if not case.handling.is_over:
            found.append(
                OpenLoop(
                    title=story.title,
                    brand_name=names[story.brand],
                    level=max((one.level for one in about), key=lambda level: level.rank),
                    handling=case.handling,
                    owner=case.owner,
                    since=min(one.raised_at for one in about),
                )
            )
    return found


def answered(
    brands: Sequence[Brand], zone: tzinfo, since: datetime, until: datetime, work: UnitOfWork
) -> Iterator[Answered]:
    """The incidents that were answered in the time, the first answered first, with the effect."""
    known = {brand.id: brand for brand in brands}
    names = dict.fromkeys(
        action.incident for action in work.casework.between(since, until, (ActionKind.RESPOND,))
    )
    usual: dict[str, Usual] = {}
    seen: set[str] = set()
    for name in names:
        story = _current(name, work)
        if story is None or story.id in seen or story.brand not in known:
            continue
        seen.add(story.id)
        brand = known[story.brand]
        if brand.id not in usual:
            usual[brand.id] = usual_of(brand, zone, work, until)
        actions = [one for one in work.casework.of_incident(story.id) if one.at < until]
        yield Answered(
            title=story.title,
            brand_name=brand.name,
            answers=tuple(
                one for one in actions if one.kind is ActionKind.RESPOND and one.at >= since
            ),
            effect=effect_on(story, actions, usual[brand.id], work, until),
        )


def ledger(names: Mapping[str, str], since: datetime, until: datetime, work: UnitOfWork) -> Ledger:
    """The promises of the time, and those that are overdue at its end, the longest first."""
    of_time = [one for one in work.promises.between(since, until) if one.brand in names]
    kept = [one for one in of_time if one.kept_at is not None and since <= one.kept_at < until]
    overdue = [
        one
        for one in work.promises.open(made_after=until - _OVERDUE_SINCE)
        if one.brand in names and one.is_overdue(until)
    ]
    posts = work.posts.get({one.post for one in overdue})
    return Ledger(
        made=sum(since <= one.made_at < until for one in of_time),
        kept=len(kept),
        kept_late=sum(_is_late(one) for one in kept),
        overdue=tuple(
            Cited(promise=one, brand_name=names[one.brand], text=posts[one.post].text)
            for one in overdue
            if one.post in posts
        ),
    )


def _is_late(promise: Promise) -> bool:
    return promise.kept_at is not None and promise.kept_at > promise.due_at


def _current(name: str, work: UnitOfWork) -> Incident | None:
    into = work.incidents.merged_into(name) or name
    return work.incidents.get(into)

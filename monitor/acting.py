"""What a person does about an incident, from wherever they do it: a button, a link, a command."""

from __future__ import annotations

from datetime import datetime

import attrs

from monitor.casework import Action, ActionKind, Case, Matcher, Silence
from monitor.store.store import Store

__all__ = ["Acted", "UnknownIncidentError", "act"]


class UnknownIncidentError(LookupError):
    """No incident has this id."""

    def __init__(self, incident: str) -> None:
        super().__init__(f"no incident has the id {incident!r}; `sparkwatch incidents` lists them")
        self.incident = incident


@attrs.frozen(kw_only=True)
class Acted:
    """What came of an action: the case since, and whether it was new."""

    case: Case
    is_new: bool


def act(store: Store, action: Action, now: datetime) -> Acted:
    """Keep an action once, with what follows from it, in one transaction.

    What is done about an incident that became part of another is done about that one. Messages
    that tell of it are written by the pipeline. Raises ``UnknownIncidentError``.
    """
    with store.begin() as work:
        if work.incidents.get(action.incident) is None:
            raise UnknownIncidentError(action.incident)
        into = work.incidents.merged_into(action.incident) or action.incident
        action = attrs.evolve(action, incident=into)
        is_new = work.casework.add(action)
        if is_new and action.kind is ActionKind.SILENCE and action.until is not None:
            work.silences.add(
                Silence(
                    id=action.key,
                    matcher=Matcher(incidents=[into]),
                    starts_at=now,
                    ends_at=action.until,
                    author=action.by,
                    comment=action.note,
                    created_at=now,
                )
            )
        return Acted(case=work.casework.case(into), is_new=is_new)

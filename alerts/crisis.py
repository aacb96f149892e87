"""Which kind of crisis it looks like, by Coombs' situational theory, for a person to confirm.

The theory sorts crises by how far people hold the organisation responsible: hardly (victim), little
(accidental), much (preventable), and matches the answer to it: instruct and care in all of them,
explain in the second, apologise and make good in the third. What happened before makes people see
more responsibility. Source: W. T. Coombs, Protecting Organization Reputations During a Crisis,
Corporate Reputation Review 10 (2007) 163-176.
"""

from __future__ import annotations

from collections.abc import Iterator
from enum import StrEnum

from alerts.brief import Brief, Matter
from alerts.i18n import Words, message
from monitor.domain import Aggravator, AlertKind

__all__ = ["Cluster", "cluster", "cluster_lines"]

_FEWEST = 3
_BLAMELESS = 0.5
_WILFUL = 1 / 3
_OWN_DOING = frozenset(Aggravator) - {Aggravator.SAFETY}
"""What people hold the brand itself responsible for; danger may be anybody's doing."""


class Cluster(StrEnum):
    """How far people hold the brand responsible."""

    VICTIM = "victim"
    ACCIDENTAL = "accidental"
    PREVENTABLE = "preventable"


_MEANINGS = {
    Cluster.VICTIM: message(
        "It looks like a crisis that people do not blame you for (victim cluster; please confirm): "
        "say what happened and what people should do, and that you care."
    ),
    Cluster.ACCIDENTAL: message(
        "It looks like a mishap without intent (accidental cluster; please confirm): say what "
        "happened and what people should do, explain it, and say what you do against it."
    ),
    Cluster.PREVENTABLE: message(
        "It looks like something that people hold you responsible for (preventable cluster; please "
        "confirm): apologise, make good what can be made good, and say what changes."
    ),
}


def cluster(matter: Matter) -> Cluster | None:
    """The cluster that the complaints suggest; ``None`` where too few tell.

    Preventable where a third of them speak of something that people did or a rule that they made;
    victim where half of those that name a culprit name nobody; accidental otherwise.
    """
    told = matter.complaints + matter.blameless
    if told < _FEWEST:
        return None
    if matter.blameless >= _BLAMELESS * told:
        return Cluster.VICTIM
    wilful = max((posts for kind, posts in matter.aggravators if kind in _OWN_DOING), default=0)
    if wilful >= _WILFUL * matter.complaints:
        return Cluster.PREVENTABLE
    return Cluster.ACCIDENTAL


def cluster_lines(brief: Brief, words: Words) -> Iterator[str]:
    """What it looks like and what that means for the answer; and that it is not the first time."""
    found = cluster(brief.matter)
    if found is None:
        return
    yield words.say(_MEANINGS[found])
    returns = brief.alert.kind is AlertKind.RECURRED or bool(brief.similar)
    if returns and found is not Cluster.PREVENTABLE:
        yield words.say("It happened before: people will hold you responsible more than that.")

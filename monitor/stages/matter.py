"""What an incident's complaints are about, and who had been for the brand before complaining."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import datetime

from alerts.brief import Matter
from monitor.domain import Incident, Remark, Sentiment, Target, Taxonomy
from monitor.incidents.grouping import complains
from monitor.incidents.standing import Opinion, Standing, standing
from monitor.store.unit_of_work import UnitOfWork

__all__ = ["advocates", "matter", "opinions"]

_MAIN_TOUCHPOINT = 1 / 3
"""An incident is told to be about a touchpoint that this share of its complaints names."""
_FEWEST = 2
"""And so many of them, or all there are: of three complaints each may name another."""


def matter(remarks: Sequence[Remark], taxonomy: Taxonomy | None) -> Matter:
    """What the complaints among these are about; unknown touchpoints are left out."""
    complaints = [remark for remark in remarks if complains(remark)]
    known = {one.id: one for one in taxonomy.touchpoints} if taxonomy else {}
    places = Counter(
        place for remark in complaints if (place := remark.reading.touchpoint) in known and place
    )
    worse = Counter(one.kind for remark in complaints for one in remark.reading.aggravations)
    felt = Counter(emotion for remark in complaints for emotion in remark.assessment.felt)
    main, posts = next(iter(places.most_common(1)), ("", 0))
    enough = posts >= min(_FEWEST, len(complaints))
    told = posts > 0 and enough and posts >= _MAIN_TOUCHPOINT * len(complaints)
    return Matter(
        complaints=len(complaints),
        blameless=sum(map(_blames_nobody, remarks)),
        touchpoint=known[main] if told else None,
        touchpoint_posts=posts if told else 0,
        aggravators=tuple(worse.most_common()),
        felt=tuple(felt.most_common()),
    )


def _blames_nobody(remark: Remark) -> bool:
    said = remark.assessment
    negative = said.sentiment is Sentiment.NEGATIVE and not said.abstained
    return negative and remark.reading.target is Target.NOBODY


def opinions(
    brand: str, authors: Iterable[tuple[str, str]], until: datetime, work: UnitOfWork
) -> list[list[Opinion]]:
    """What each of these authors had said of a brand by then; the silent ones are left out."""
    histories = work.readings.balances(brand, authors, until)
    return [
        [Opinion(said_at=said_at, balance=balance) for said_at, balance in history]
        for history in histories.values()
    ]


def advocates(incident: Incident, remarks: Sequence[Remark], work: UnitOfWork) -> int:
    """How many of those who complain had been advocates of the brand before the incident."""
    authors = {
        (remark.post.key.source, remark.post.author.native_id)
        for remark in remarks
        if remark.post.author is not None and complains(remark)
    }
    before = incident.first_post_at
    histories = opinions(incident.brand, sorted(authors), before, work)
    return sum(standing(history, before) is Standing.ADVOCATE for history in histories)

"""What is known of one incident at one moment, as far as a decision needs it.

Times are those of publication: what an outage or a backfill held up counts when it was said, not
when it came. What is dated after ``now``, by a clock that was set back, does not count yet.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

from alerts.policy import Burn, PolicyOptions, Situation, Window
from monitor.domain import Alert, Incident, PostKey
from monitor.incidents.campaign import share_of_own_words
from monitor.stages.usual import Usual
from monitor.store.unit_of_work import UnitOfWork
from monitor.store.voices import Utterance
from monitor.virality.prominence import OWN_PAST, WINDOWS, pace

__all__ = ["situation_of"]

_HOUR, _DAY, _WEEK = timedelta(hours=1), timedelta(days=1), timedelta(days=7)
_BURN = 4 * _WEEK
"""How far back a slow burn is looked for."""
_LATE = _WEEK
"""What was seen so long after it was said is a backfill, and shows no story that keeps coming."""
_OUTAGE = timedelta(hours=3)
"""A source that brought nothing new for so long was not read, or said nothing."""
_AT_ONCE = 2
"""So many posts of one look that bear its very time have no date of their own."""
_NEGATIVE = 0.5


def situation_of(
    incident: Incident, usual: Usual, policy: PolicyOptions, work: UnitOfWork, now: datetime
) -> Situation | None:
    """What is known of it ``now``; ``None`` where its posts were deleted since they were grouped.

    One whose posts all lie further back, or ahead, than anything looks has empty windows.
    """
    if not work.voices.times(incident.id):
        return None
    settled_at = _settled_at(incident, work)
    heard = work.voices.lately(incident.id, now - _BURN, now)
    set_aside = _set_aside(
        [one for one in heard if one.published_at > now - WINDOWS[-1]], policy, work, now
    )
    counted = [one for one in heard if one.post not in set_aside]
    today = [one for one in heard if one.published_at > now - _DAY]
    since_settled = [one for one in heard if settled_at is None or one.published_at > settled_at]
    loudest = max(
        (one for one in since_settled if _is_loud(one, policy, now)),
        key=lambda one: one.followers or 0,
        default=None,
    )
    earlier = work.alerts.of_incident(incident.id)
    return Situation(
        incident=incident,
        windows=tuple(_windows(incident.brand, counted, usual, settled_at, work, now)),
        usual_per_day=usual.expected(_DAY, now),
        watched=usual.watched(now),
        burn=_burn(since_settled, now),
        forecasts=work.forecasts.latest(incident.id) if settled_at is None else (),
        views=work.voices.views([incident.id]).get(incident.id) if settled_at is None else None,
        hours_since_first=(now - incident.first_post_at) / _HOUR,
        loudest_author=loudest.author_name if loudest else "",
        loudest_audience=(loudest.followers or 0) if loudest else 0,
        angry_share=_share(_is_angry(one, policy) for one in today),
        negative_share=_share((one.negative >= _NEGATIVE for one in today), of_none=1.0),
        campaign_share=_campaign_share(incident.id, len(today), usual, policy, work, now),
        set_aside=len(set_aside),
        earlier=earlier,
        reopened=_came_back(incident, earlier) or _grows_again(settled_at, earlier),
    )


def _windows(
    brand: str,
    heard: Sequence[Utterance],
    usual: Usual,
    settled_at: datetime | None,
    work: UnitOfWork,
    now: datetime,
) -> Iterable[Window]:
    told = [(one.published_at, one.author) for one in heard if one.published_at > now - OWN_PAST]
    longest = WINDOWS[-1]
    brand_times = work.mentions.times(
        brand, now - longest, now + timedelta(microseconds=1), grouped_only=True
    )
    for window in WINDOWS:
        since = now - window
        own = sum(when > since for when, _ in told)
        everybody = sum(when > since for when in brand_times)
        seen = pace(
            told,
            now,
            window,
            usual=usual.expected(window, now),
            others=max(everybody - own, 0),
        )
        yield Window(
            hours=window / _HOUR,
            posts=seen.posts,
            authors=seen.people,
            usual=seen.usual,
            prominence=seen.prominence if settled_at is None or since >= settled_at else 0.0,
        )


def _set_aside(
    heard: Sequence[Utterance], policy: PolicyOptions, work: UnitOfWork, now: datetime
) -> set[PostKey]:
    """Posts that say nothing of how fast a story spreads.

    Those of a source that is watched only lately: its usual volume is in no baseline. And those
    that came together, bearing the time of the look instead of their own, when a source was read
    again after an outage.
    """
    of_source: defaultdict[str, list[Utterance]] = defaultdict(list)
    for one in heard:
        of_source[one.post.source].append(one)
    found: set[PostKey] = set()
    for source, said in of_source.items():
        began = work.posts.first_observed_at(source)
        if began is None or now - began < timedelta(hours=policy.learning_hours):
            found.update(one.post for one in said)
            continue
        looks: defaultdict[datetime, list[PostKey]] = defaultdict(list)
        for one in said:
            if one.published_at == one.observed_at:
                looks[one.observed_at].append(one.post)
        for at, keys in looks.items():
            before = work.voices.seen_before(source, at) if len(keys) >= _AT_ONCE else at
            if before is None or at - before >= _OUTAGE:
                found.update(keys)
    return found


def _burn(heard: Sequence[Utterance], now: datetime) -> Burn:
    told = [one for one in heard if one.observed_at - one.published_at < _LATE]
    return Burn(
        posts=len(told),
        authors=len({one.author for one in told}),
        days=len({(now - one.published_at) // _DAY for one in told}),
        weeks=len({(now - one.published_at) // _WEEK for one in told}),
    )


def _campaign_share(
    incident: str,
    posts: int,
    usual: Usual,
    policy: PolicyOptions,
    work: UnitOfWork,
    now: datetime,
) -> float:
    """The share of the last day's posts that repeat the brand; texts are read only for a crowd."""
    if posts < policy.spike_posts or not any(usual.own_words):
        return 0.0
    return share_of_own_words(work.voices.texts(incident, now - _DAY, now), usual.own_words)


def _is_angry(one: Utterance, policy: PolicyOptions) -> bool:
    """A model without an anger head is taken at its word about what is negative."""
    return (one.negative if one.anger is None else one.anger) >= policy.angry


def _is_loud(one: Utterance, policy: PolicyOptions, now: datetime) -> bool:
    """Whether a post by somebody with an audience would count: recent, angry and aroused."""
    recent = now - one.published_at < timedelta(hours=policy.audience_hours)
    aroused = one.arousal is None or one.arousal >= policy.aroused
    return recent and aroused and _is_angry(one, policy)


def _share(flags: Iterable[bool], of_none: float = 0.0) -> float:
    held = list(flags)
    return sum(held) / len(held) if held else of_none


def _came_back(incident: Incident, earlier: Sequence[Alert]) -> bool:
    """Whether it was closed after the last alert about it."""
    closed = incident.closed_at
    return bool(earlier and closed and closed > earlier[-1].raised_at)


def _settled_at(incident: Incident, work: UnitOfWork) -> datetime | None:
    """When somebody resolved it or called it noise; ``None`` where it is not settled.

    From then on only what is new counts: what was said before is known to whoever settled it.
    """
    case = work.casework.case(incident.id)
    return case.since if case.handling.is_over else None


def _grows_again(settled_at: datetime | None, earlier: Sequence[Alert]) -> bool:
    """Whether nobody was told of it since it was settled."""
    return bool(settled_at and earlier and earlier[-1].raised_at <= settled_at)

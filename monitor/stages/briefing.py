"""What an alert says, gathered from the store: every claim can be traced to posts that are kept."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta

import numpy as np

from alerts.brief import Brief, Mood, People, Quote, Record, Series, Similar, Speed
from alerts.source_letter import trouble_reason
from monitor.casework import ActionKind
from monitor.domain import (
    Alert,
    AlertKind,
    EngagementSnapshot,
    Health,
    Incident,
    IncidentState,
    PostKey,
    Quantity,
    Reason,
    Remark,
    Taxonomy,
)
from monitor.incidents.grouping import complains
from monitor.incidents.story import author_id
from monitor.incidents.words import words
from monitor.stages.aftermath import aftermath_of
from monitor.stages.matter import advocates, matter
from monitor.stages.usual import Usual
from monitor.store.unit_of_work import UnitOfWork
from monitor.virality.forecast import FINAL, HORIZONS
from monitor.virality.series import running_total

__all__ = ["brief", "gaps", "quotes", "record", "unseen"]

_QUOTES = 5
_HOUR = timedelta(hours=1)
_YOUNG = timedelta(days=7)
_RECORD_FROM = 500
_SIMILAR = 0.7


def brief(
    alert: Alert,
    incident: Incident,
    brand_name: str,
    *,
    taxonomy: Taxonomy | None,
    usual_per_hour: float | None,
    angry_from: float,
    watched_since: datetime | None,
    usual: Usual | None = None,
    work: UnitOfWork,
    now: datetime,
) -> Brief:
    """Everything that the messages about ``alert`` say, as of ``now``.

    By what is ``usual`` for the brand it is told whether an answered incident has recovered.
    """
    remarks = work.mentions.of_incident(incident.id)
    snapshots = work.posts.snapshots([remark.post.key for remark in remarks])
    all_snapshots = [snapshot for series in snapshots.values() for snapshot in series]
    totals = {
        quantity: running_total(all_snapshots, quantity)
        for quantity in (Quantity.VIEWS, Quantity.SHARES)
    }
    views = totals[Quantity.VIEWS]
    earliest = min(remarks, key=lambda remark: (remark.post.published_at, remark.post.key))
    return Brief(
        alert=alert,
        incident=incident,
        brand_name=brand_name,
        quotes=quotes(incident, remarks, snapshots),
        first_seen=_quote(earliest, snapshots),
        mood=_mood(remarks, angry_from),
        people=_people(remarks, advocates(incident, remarks, work)),
        speed=Speed(
            posts_last_hour=sum(now - remark.post.published_at <= _HOUR for remark in remarks),
            usual_per_hour=usual_per_hour,
            views=views[-1][1] if views else None,
            views_per_hour=_per_hour(views, now),
        ),
        matter=matter(remarks, taxonomy),
        sources=_counted(remark.post.key.source for remark in remarks),
        languages=_counted(remark.assessment.language for remark in remarks),
        forecasts=tuple(f for f in work.forecasts.latest(incident.id) if f.horizon < FINAL),
        record=record(work),
        series=tuple(_series(remarks, totals)),
        changes=_changes(alert, incident, remarks, views, work),
        similar=_similar(incident, work),
        aftermath=aftermath_of(incident, usual, work, now),
        gaps=tuple(_gaps(remarks, all_snapshots, watched_since, work, now)),
    )


def quotes(
    incident: Incident,
    remarks: Sequence[Remark],
    snapshots: Mapping[PostKey, Sequence[EngagementSnapshot]],
) -> tuple[Quote, ...]:
    """Up to five posts that tell the story best, no two in nearly the same words.

    The best is near the heart of the story, angry, and heard by many; of every language that a
    fifth of the posts are in, one is shown.
    """
    centre = np.frombuffer(incident.centroid, dtype="<f4")
    norm = float(np.linalg.norm(centre)) or 1.0

    def telling(remark: Remark) -> float:
        vector = np.frombuffer(remark.assessment.embedding, dtype="<f2").astype(np.float32)
        near = float(vector @ centre) / norm if vector.size == centre.size else 0.0
        latest = _latest(snapshots.get(remark.post.key, ()))
        heard = (latest.views or 0) + 20 * (latest.shares or 0) if latest else 0
        author = remark.post.author
        audience = (author.followers or 0) if author else 0
        said = min(len(words(remark.post.text)), 8) / 8
        complaint = 1.0 if complains(remark) else 0.0
        return near + said + complaint + 0.15 * math.log10(1 + heard + audience)

    ranked = sorted(remarks, key=lambda remark: (-telling(remark), remark.post.key))
    shares = Counter(remark.assessment.language for remark in remarks)
    wanted = {tag for tag, count in shares.items() if count >= max(2, 0.2 * len(remarks))}
    chosen: list[Remark] = []
    for remark in ranked:
        tag = remark.assessment.language
        missing = wanted - {other.assessment.language for other in chosen}
        room = _QUOTES - len(chosen)
        if room == 0:
            break
        if (len(missing) < room or tag in missing) and not _resembles(remark, chosen):
            chosen.append(remark)
    return tuple(_quote(remark, snapshots) for remark in chosen or ranked[:1])


def record(work: UnitOfWork) -> tuple[Record, ...]:
    """How earlier forecasts of each quantity and horizon turned out."""
    found = []
    for quantity in Quantity:
        for horizon in HORIZONS[:-1]:
            graded = work.forecasts.graded(quantity, horizon, _RECORD_FROM)
            pairs = [
                (forecast.quantiles, forecast.outcome)
                for forecast in graded
                if forecast.quantiles is not None and forecast.outcome is not None
            ]
            if pairs:
                errors = [abs(said.median - real) / max(real, 1) for said, real in pairs]
                found.append(
                    Record(
                        quantity=quantity,
                        horizon_hours=horizon / _HOUR,
                        graded=len(pairs),
                        inside90=sum(said.low90 <= real <= said.high90 for said, real in pairs),
                        median_ape=float(np.median(errors)),
                    )
                )
    return tuple(found)


def unseen(work: UnitOfWork, since: datetime) -> Iterator[Reason]:
    """The sources that could not be read when they were last tried.

    One that was not tried since ``since`` was taken out of the configuration and hides nothing.
    """
    troubled = work.sources.in_trouble()
    for source, health in sorted(work.sources.last_health().items()):
        if health.finished_at < since:
            continue
        if health.health is Health.FORBIDDEN:
            yield _reason("source_forbidden", source=source)
        elif health.health not in (Health.OK, Health.EMPTY):
            down_since = work.sources.last_ok(source) or health.finished_at
            code = "source_changed" if health.health is Health.UNREADABLE else "source_down"
            yield _reason(code, source=source, since=down_since.isoformat())
        elif source in troubled:
            yield trouble_reason(troubled[source])


def gaps(work: UnitOfWork, since: datetime, until: datetime) -> Iterator[Reason]:
    """The times at which a source that is well by now could not be relied on."""
    for trouble in work.sources.troubles(since, until):
        if trouble.over_at is not None:
            yield trouble_reason(trouble)


def _resembles(remark: Remark, chosen: Sequence[Remark]) -> bool:
    said = set(words(remark.post.text))
    return any(
        len(said & other) > 0.6 * len(said | other)
        for other in (set(words(chosen_one.post.text)) for chosen_one in chosen)
    )


def _quote(remark: Remark, snapshots: Mapping[PostKey, Sequence[EngagementSnapshot]]) -> Quote:
    post = remark.post
    latest = _latest(snapshots.get(post.key, ()))
    return Quote(
        key=post.key,
        text=post.text,
        published_at=post.published_at,
        language=remark.assessment.language,
        source=post.key.source,
        url=post.url,
        author_name=(post.author.name or post.author.handle) if post.author else None,
        followers=post.author.followers if post.author else None,
        views=latest.views if latest else None,
        shares=latest.shares if latest else None,
    )


def _latest(snapshots: Sequence[EngagementSnapshot]) -> EngagementSnapshot | None:
    return max(snapshots, key=lambda snapshot: snapshot.taken_at, default=None)


def _mood(remarks: Sequence[Remark], angry_from: float) -> Mood:
    negative = sum(remark.assessment.sentiment == "negative" for remark in remarks)
    anger = [remark.assessment.anger for remark in remarks if remark.assessment.anger is not None]
    return Mood(
        negative=negative / len(remarks),
        anger=sum(anger) / len(anger) if anger else None,
        angry=sum(score >= angry_from for score in anger) / len(anger) if anger else None,
    )


def _people(remarks: Sequence[Remark], advocates: int) -> People:
    followers: dict[str, int | None] = {}
    for remark in remarks:
        author = remark.post.author
        known = author.followers if author else None
        followers[author_id(remark)] = known
    known_ones = [count for count in followers.values() if count is not None]
    return People(
        authors=len(followers),
        audience=sum(known_ones),
        audience_unknown=len(followers) - len(known_ones),
        top_followers=max(known_ones, default=None),
        advocates=advocates,
    )


def _per_hour(series: Sequence[tuple[datetime, int]], now: datetime) -> float | None:
    """How fast a total has grown over the last hour or, where that saw one poll, since before."""
    if len(series) < 2:
        return None
    before = [point for point in series[:-1] if now - point[0] >= _HOUR] or [series[0]]
    (started, low), (ended, high) = before[-1], series[-1]
    return max(0, high - low) / ((ended - started) / _HOUR)


def _counted(values: Iterator[str]) -> tuple[tuple[str, int], ...]:
    return tuple(Counter(values).most_common())


def _series(
    remarks: Sequence[Remark], totals: Mapping[Quantity, Sequence[tuple[datetime, int]]]
) -> Iterator[Series]:
    times = sorted(remark.post.published_at for remark in remarks)
    yield Series(
        quantity=Quantity.MENTIONS,
        points=tuple((time, count) for count, time in enumerate(times, start=1)),
    )
    for quantity, points in totals.items():
        if points and points[-1][1] > 0:
            yield Series(quantity=quantity, points=tuple(points))


def _changes(
    alert: Alert,
    incident: Incident,
    remarks: Sequence[Remark],
    views: Sequence[tuple[datetime, int]],
    work: UnitOfWork,
) -> tuple[Reason, ...]:
    """What is new since the last alert about the incident."""
    earlier = [told for told in work.alerts.of_incident(alert.incident) if told.id != alert.id]
    if not earlier:
        return ()
    told_at = earlier[-1].raised_at
    known = [remark for remark in remarks if remark.post.published_at <= told_at]
    changes: list[Reason] = []
    if alert.kind is AlertKind.RECURRED:
        changes += _came_back(incident, remarks)
    if len(remarks) > len(known):
        changes.append(_reason("more_posts", before=len(known), after=len(remarks)))
    seen_then = [count for when, count in views if when <= told_at]
    if views and views[-1][1] > (seen_then[-1] if seen_then else 0):
        before = seen_then[-1] if seen_then else 0
        changes.append(_reason("more_views", before=before, after=views[-1][1]))
    sources = {remark.post.key.source for remark in known}
    changes += [
        _reason("new_source", name=name)
        for name, _ in _counted(remark.post.key.source for remark in remarks)
        if name not in sources
    ]
    languages = {remark.assessment.language for remark in known}
    changes += [
        _reason("new_language", tag=tag)
        for tag, count in _counted(remark.assessment.language for remark in remarks)
        if tag not in languages and count >= 2
    ]
    return tuple(changes)


def _came_back(incident: Incident, remarks: Sequence[Remark]) -> Iterator[Reason]:
    """How long it had been quiet when it was told again after it was closed."""
    if incident.closed_at is None:
        return
    times = [remark.post.published_at for remark in remarks]
    before = max((when for when in times if when <= incident.closed_at), default=None)
    again = min((when for when in times if when > incident.closed_at), default=None)
    if before is not None and again is not None:
        yield _reason("came_back", days=round((again - before) / timedelta(days=1)))


def _similar(incident: Incident, work: UnitOfWork) -> tuple[Similar, ...]:
    centre = np.frombuffer(incident.centroid, dtype="<f4")
    found = []
    for other in work.incidents.find(brand=incident.brand, states=(IncidentState.CLOSED,)):
        centroid = np.frombuffer(other.centroid, dtype="<f4")
        if centroid.size != centre.size or other.id == incident.id:
            continue
        norms = float(np.linalg.norm(centre) * np.linalg.norm(centroid)) or 1.0
        likeness = float(centre @ centroid) / norms
        if likeness >= _SIMILAR:
            found.append((likeness, other))
    found.sort(key=lambda pair: (-pair[0], pair[1].id))
    return tuple(_as_it_ended(other, work) for _, other in found[:3])


def _as_it_ended(incident: Incident, work: UnitOfWork) -> Similar:
    """A closed incident with what was done about it and how long it went on."""
    actions = work.casework.of_incident(incident.id)
    answers = [one for one in actions if one.kind is ActionKind.RESPOND]
    reopened = any(one.kind is ActionKind.REOPEN for one in actions)
    alerts = work.alerts.of_incident(incident.id)
    end = incident.last_post_at
    return Similar(
        incident=incident.id,
        title=incident.title,
        first_post_at=incident.first_post_at,
        peak_posts=incident.posts,
        lasted_hours=(end - incident.first_post_at) / _HOUR,
        answers=tuple(dict.fromkeys(one.response for one in answers if one.response is not None)),
        hours_to_end=max(0.0, (end - answers[0].at) / _HOUR) if answers else None,
        came_back=reopened or any(alert.kind is AlertKind.RECURRED for alert in alerts),
    )


def _gaps(
    remarks: Sequence[Remark],
    snapshots: Sequence[EngagementSnapshot],
    watched_since: datetime | None,
    work: UnitOfWork,
    now: datetime,
) -> Iterator[Reason]:
    yield from unseen(work, now - _YOUNG)
    if watched_since is None or now - watched_since < _YOUNG:
        watched = now - watched_since if watched_since else timedelta(0)
        yield _reason("collection_young", hours=round(watched / _HOUR))
    if all(snapshot.views is None and snapshot.shares is None for snapshot in snapshots):
        yield _reason("no_counters")
    for tag, count in _counted(
        remark.assessment.language for remark in remarks if remark.assessment.abstained
    ):
        yield _reason("language_unread", tag=tag, count=count)


def _reason(code: str, **facts: str | int | float) -> Reason:
    return Reason(code=code, facts=tuple(facts.items()))

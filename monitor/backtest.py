"""What a replay is worth: alarms, lead, precision and forecasts, each with how much it rests on.

Everything here is counted from a :class:`~monitor.replay.Report`, in which every alert and every
forecast stands as it was made at its time. Nothing is drawn at random and nothing asks the clock,
so that the same archive and configuration give the same figures.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta
from statistics import median

import attrs

from monitor.domain import Alert, Forecast, Level, PostKey, Quantity
from monitor.labels import Label
from monitor.replay import Course, Report
from monitor.virality.record import Record, Share, records

__all__ = [
    "CROWD",
    "Alarms",
    "Backtest",
    "Count",
    "Figures",
    "Found",
    "Judgement",
    "Lead",
    "Told",
    "backtest",
    "compare",
    "is_urgent",
]

_WEEK = timedelta(days=7)
_LEAST_WATCHED = 1 / 7
"""Of less than one brand for one day no rate a week is made."""
CROWD = 5
"""An incident of fewer posts has no crowd that it could be told before."""


@attrs.frozen
class Count:
    """So many of so many.

    >>> low, high = Count(4, 5).interval
    >>> f"{low:.2f} to {high:.2f}"
    '0.44 to 0.95'
    """

    hits: int
    of: int

    @property
    def share(self) -> float | None:
        """The share; ``None`` of none."""
        return self.hits / self.of if self.of else None

    @property
    def interval(self) -> tuple[float, float]:
        """What the share may be in the long run, at 90 %; anything where there was none."""
        if self.share is None:
            return 0.0, 1.0
        share = Share(value=self.share, of=self.of)
        return share.low, share.high


@attrs.frozen
class Alarms:
    """How often people were told, in so many weeks of one brand."""

    count: int
    brand_weeks: float

    @property
    def a_brand_week(self) -> float | None:
        """Alarms a week and brand; ``None`` where less than a day was watched."""
        return self.count / self.brand_weeks if self.brand_weeks >= _LEAST_WATCHED else None


@attrs.frozen(kw_only=True)
class Lead:
    """How early incidents of ``CROWD`` posts or more were told, against half of these posts."""

    before_half: Count
    """Incidents told of before half of their posts were written, of those told of."""
    median: timedelta | None
    """The median distance from the first alert to that half; negative where it came after."""


@attrs.frozen(kw_only=True)
class Found:
    """A true incident, and the first alert that was right about it."""

    label: Label
    first: Alert | None = None
    after_start: timedelta | None = None
    """From its start, or from its first named post, to that alert."""


@attrs.frozen(kw_only=True)
class Judgement:
    """Alerts against labels, which are taken to be all that was to be told."""

    labels: tuple[Found, ...]
    outside: tuple[Label, ...]
    """Labels of another time or of posts that the archive does not hold; they do not count."""
    right: Mapping[str, Label | None] = attrs.field(repr=False)
    """By an alert's id the label that it is right about."""
    precision: Count
    urgent_precision: Count
    recall: Count
    urgent_recall: Count
    """True incidents that an alert of level high or above was right about."""
    median_after_start: timedelta | None


@attrs.frozen(kw_only=True)
class Figures:
    """What a replay comes to in numbers."""

    brand_weeks: float
    alarms: Alarms
    urgent: Alarms
    """Of level high or above."""
    lead: Lead
    urgent_lead: Lead
    forecasts: tuple[Record, ...]
    """How the forecasts did whose outcome came due."""


@attrs.frozen(kw_only=True)
class Backtest:
    """One configuration, replayed and judged; ``name`` is that of the configuration."""

    name: str
    report: Report
    figures: Figures
    judgement: Judgement | None = None


@attrs.frozen(kw_only=True)
class Told:
    """An incident that at least one of two configurations told of, as each of them followed it.

    ``None`` where a configuration knows no such incident; one without alerts stayed silent.
    """

    a: Course | None
    b: Course | None

    @property
    def by(self) -> tuple[bool, bool]:
        """Whether the one told of it, and whether the other did."""
        return bool(self.a and self.a.alerts), bool(self.b and self.b.alerts)


def backtest(
    name: str, report: Report, labels: Sequence[Label] = (), archived: Collection[PostKey] = ()
) -> Backtest:
    """Judge a replay, against ``labels`` where there are any.

    ``archived`` are the posts of the archive: a label whose posts are not among them is left out.
    """
    return Backtest(
        name=name,
        report=report,
        figures=_figures(report),
        judgement=_judged(report, labels, archived) if labels else None,
    )


def is_urgent(alert: Alert) -> bool:
    """Whether it is of level high or above."""
    return alert.level.rank >= Level.HIGH.rank


def _figures(report: Report) -> Figures:
    watched = (report.ended_at - start for start in report.watched_from.values())
    brand_weeks = sum(watched, timedelta()) / _WEEK
    alerts = [raised.alert for raised in report.raised]
    made = (forecast for course in report.courses for forecast in course.forecasts)
    return Figures(
        brand_weeks=brand_weeks,
        alarms=Alarms(len(alerts), brand_weeks),
        urgent=Alarms(sum(map(is_urgent, alerts)), brand_weeks),
        lead=_lead(report.courses, Level.WATCH),
        urgent_lead=_lead(report.courses, Level.HIGH),
        forecasts=tuple(records(sorted(made, key=_kind))),
    )


def _lead(courses: Sequence[Course], level: Level) -> Lead:
    leads = []
    for course in courses:
        told = [alert.raised_at for alert in course.alerts if alert.level.rank >= level.rank]
        if told and course.half_at is not None and len(course.posts) >= CROWD:
            leads.append(course.half_at - min(told))
    return Lead(
        before_half=Count(sum(lead > timedelta(0) for lead in leads), len(leads)),
        median=_median(leads),
    )


def _median(durations: Sequence[timedelta]) -> timedelta | None:
    if not durations:
        return None
    return timedelta(seconds=median(duration.total_seconds() for duration in durations))


def _kind(forecast: Forecast) -> tuple[int, timedelta, str, str, datetime]:
    place = list(Quantity).index(forecast.quantity)
    return place, forecast.horizon, forecast.model, forecast.incident, forecast.made_at


def _judged(report: Report, labels: Sequence[Label], archived: Collection[PostKey]) -> Judgement:
    ids = {name for key in archived for name in (str(key), key.native_id)}
    inside = [label for label in labels if _is_inside(label, report, ids)]
    courses = {alert.id: course for course in report.courses for alert in course.alerts}
    alerts = [raised.alert for raised in report.raised]
    right = {
        alert.id: [label for label in inside if _is_right(alert, courses[alert.id], label)]
        for alert in alerts
    }
    found = [_found(label, alerts, right, courses) for label in inside]
    urgent = [alert for alert in alerts if is_urgent(alert)]
    urgently = {label.line for alert in urgent for label in right[alert.id]}
    delays = [one.after_start for one in found if one.after_start is not None]
    return Judgement(
        labels=tuple(found),
        outside=tuple(label for label in labels if label not in inside),
        right={name: told[0] if told else None for name, told in right.items()},
        precision=Count(sum(bool(right[alert.id]) for alert in alerts), len(alerts)),
        urgent_precision=Count(sum(bool(right[alert.id]) for alert in urgent), len(urgent)),
        recall=Count(sum(one.first is not None for one in found), len(found)),
        urgent_recall=Count(len(urgently), len(found)),
        median_after_start=_median(delays),
    )


def _is_inside(label: Label, report: Report, ids: Collection[str]) -> bool:
    if label.posts:
        return any(name in ids for name in label.posts)
    return (
        label.start is not None
        and label.end is not None
        and label.start <= report.ended_at
        and label.end >= report.started_at
    )


def _is_right(alert: Alert, course: Course, label: Label) -> bool:
    """Whether an alert tells of a true incident, by what its incident held when it was raised.

    Where posts were written down, one of them must be in it. Otherwise the alert must lie within
    the label's span, or at least half of the incident's posts must.
    """
    if alert.brand != label.brand:
        return False
    then = [(at, key) for at, key in course.posts if at <= alert.raised_at]
    if label.posts:
        return any(label.names(key) for _, key in then)
    overlap = sum(label.covers(at) for at, _ in then)
    return label.covers(alert.raised_at) or 2 * overlap >= len(then) > 0


def _found(
    label: Label,
    alerts: Sequence[Alert],
    right: Mapping[str, Sequence[Label]],
    courses: Mapping[str, Course],
) -> Found:
    first = next((alert for alert in alerts if label in right[alert.id]), None)
    if first is None:
        return Found(label=label)
    start = label.start or _first_named(label, courses[first.id])
    return Found(label=label, first=first, after_start=first.raised_at - start)


def _first_named(label: Label, course: Course) -> datetime:
    return min(at for at, key in course.posts if label.names(key))


def compare(a: Report, b: Report) -> tuple[Told, ...]:
    """The incidents that either told of, each beside what the other made of the same posts.

    Two incidents are the same where they are of one brand and share at least half of the posts of
    the smaller one; of several the one that shares most.
    """
    in_b, in_a = _Finder(b), _Finder(a)
    told = [Told(a=course, b=in_b.like(course)) for course in a.courses if course.alerts]
    paired = {one.b.incident.id for one in told if one.b is not None}
    told += [
        Told(a=in_a.like(course), b=course)
        for course in b.courses
        if course.alerts and course.incident.id not in paired
    ]
    return tuple(sorted(told, key=_first_told))


class _Finder:
    """Finds the incident of a report that is told by the same posts."""

    def __init__(self, report: Report) -> None:
        self._courses = {course.incident.id: course for course in report.courses}
        self._holding: defaultdict[tuple[str, PostKey], list[str]] = defaultdict(list)
        for course in report.courses:
            for _, key in course.posts:
                self._holding[course.incident.brand, key].append(course.incident.id)

    def like(self, course: Course) -> Course | None:
        shared = Counter(
            name for _, key in course.posts for name in self._holding[course.incident.brand, key]
        )
        if not shared:
            return self._courses.get(course.incident.id)
        name, count = min(shared.items(), key=lambda pair: (-pair[1], pair[0]))
        found = self._courses[name]
        return found if 2 * count >= min(len(course.posts), len(found.posts)) else None


def _first_told(told: Told) -> tuple[datetime, str]:
    return min(
        (alert.raised_at, alert.incident)
        for course in (told.a, told.b)
        if course is not None
        for alert in course.alerts
    )

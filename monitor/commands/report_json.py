"""The report of a replay for a program: everything that the page shows, and what it leaves out."""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from typing import TypeAlias

import attrs

from monitor.backtest import Alarms, Backtest, Count, Judgement, Lead, Told
from monitor.commands.reporting import Results
from monitor.domain import Alert, Forecast
from monitor.labels import Label
from monitor.replay import Course, Raised
from monitor.virality.record import Record, Share

__all__ = ["as_json"]

_Json: TypeAlias = dict[str, object]
_HOUR = timedelta(hours=1)


def as_json(results: Results) -> str:
    """The whole report, for a program; the first configuration is its top level."""
    data = {
        "archive": results.archive,
        "model": results.model,
        "tick_minutes": results.tick / timedelta(minutes=1),
        **_run(results.runs[0]),
    }
    if len(results.runs) > 1:
        data["against"] = _run(results.runs[1])
        data["changed_settings"] = [attrs.asdict(one) for one in results.changed]
        data["told_by"] = [_told(one) for one in results.told()]
    return json.dumps(data, ensure_ascii=False, indent=1) + "\n"


def _run(run: Backtest) -> _Json:
    report, figures = run.report, run.figures
    data: _Json = {
        "config": run.name,
        "started_at": report.started_at.isoformat(),
        "ended_at": report.ended_at.isoformat(),
        "observations": report.observations,
        "posts": report.posts,
        "mentions": report.mentions,
        "in_stories": report.complaints,
        "incidents": report.incidents,
        "brand_weeks": round(figures.brand_weeks, 3),
        "alarms": _alarms(figures.alarms),
        "alarms_high_or_above": _alarms(figures.urgent),
        "lead": _lead(figures.lead),
        "lead_high_or_above": _lead(figures.urgent_lead),
        "forecasts": [_record(record) for record in figures.forecasts],
    }
    if run.judgement is not None:
        data["labels"] = _judgement(run.judgement)
    data["alerts"] = [_raised(raised, run.judgement) for raised in report.raised]
    data["courses"] = [_course(course) for course in report.courses]
    return data


def _alarms(alarms: Alarms) -> _Json:
    return {"count": alarms.count, "a_brand_week": _rounded(alarms.a_brand_week)}


def _lead(of: Lead) -> _Json:
    return {
        "incidents": of.before_half.of,
        "before_half": of.before_half.hits,
        "median_minutes": _minutes(of.median),
    }


def _record(record: Record) -> _Json:
    return {
        "quantity": record.quantity.value,
        "horizon_hours": record.horizon / _HOUR,
        "model": record.model,
        "forecasts": record.forecasts,
        "incidents": record.incidents,
        "median_absolute_percentage_error": _rounded(record.error),
        "inside_50": _share(record.inside50),
        "inside_90": _share(record.inside90),
        "interval_score": _rounded(record.score),
        "brier_of_doubling": _rounded(record.brier),
    }


def _share(share: Share) -> _Json:
    return {
        "share": _rounded(share.value),
        "low90": _rounded(share.low),
        "high90": _rounded(share.high),
    }


def _judgement(judgement: Judgement) -> _Json:
    return {
        "precision": _count(judgement.precision),
        "precision_high_or_above": _count(judgement.urgent_precision),
        "recall": _count(judgement.recall),
        "recall_high_or_above": _count(judgement.urgent_recall),
        "median_minutes_after_start": _minutes(judgement.median_after_start),
        "true_incidents": [
            {
                **_label(found.label),
                "alert": None if found.first is None else found.first.id,
                "minutes_after_start": _minutes(found.after_start),
            }
            for found in judgement.labels
        ],
        "outside_the_archive": [_label(label) for label in judgement.outside],
    }


def _label(label: Label) -> _Json:
    return {
        "line": label.line,
        "brand": label.brand,
        "title": label.title,
        "start": _moment(label.start),
        "end": _moment(label.end),
        "posts": sorted(label.posts),
    }


def _count(count: Count) -> _Json:
    low, high = count.interval
    return {
        "hits": count.hits,
        "of": count.of,
        "share": _rounded(count.share),
        "low90": _rounded(low),
        "high90": _rounded(high),
    }


def _raised(raised: Raised, judgement: Judgement | None) -> _Json:
    alert = raised.alert
    data: _Json = {
        "id": alert.id,
        "brand": alert.brand,
        "incident": alert.incident,
        "title": raised.title,
        "kind": alert.kind.value,
        "level": alert.level.value,
        "raised_at": alert.raised_at.isoformat(),
        "reasons": [{"code": reason.code, **dict(reason.facts)} for reason in alert.reasons],
        "posts_then": raised.posts_then,
        "posts_finally": raised.posts_finally,
        "minutes_after_first_post": _minutes(raised.after_first_post),
        "minutes_before_half": _minutes(raised.before_half),
    }
    if judgement is not None:
        label = judgement.right[alert.id]
        data["right_about_line"] = None if label is None else label.line
    return data


def _course(course: Course) -> _Json:
    incident = course.incident
    return {
        "incident": incident.id,
        "brand": incident.brand,
        "title": incident.title,
        "state": incident.state.value,
        "level": None if incident.level is None else incident.level.value,
        "authors": incident.authors,
        "half_at": _moment(course.half_at),
        "alerts": [alert.id for alert in course.alerts],
        "silences": [
            {"decided_at": silence.decided_at.isoformat(), "code": silence.reason.code}
            for silence in course.silences
        ],
        "posted_at": [at.isoformat() for at, _ in course.posts],
        "counters": {
            quantity.value: [[at.isoformat(), total] for at, total in series]
            for quantity, series in course.counters.items()
        },
        "forecasts": [_forecast(one) for one in course.forecasts if one.quantiles is not None],
    }


def _forecast(forecast: Forecast) -> _Json:
    said = forecast.quantiles
    if said is None:
        raise ValueError(f"a forecast that says nothing has no interval: {forecast}")
    return {
        "quantity": forecast.quantity.value,
        "made_at": forecast.made_at.isoformat(),
        "horizon_hours": forecast.horizon / _HOUR,
        "model": forecast.model,
        "seen": forecast.seen,
        "median": said.median,
        "interval_50": [said.low50, said.high50],
        "interval_90": [said.low90, said.high90],
        "outcome": forecast.outcome,
    }


def _told(told: Told) -> _Json:
    by_a, by_b = told.by
    return {
        "by": "both" if by_a and by_b else "config" if by_a else "against",
        "config": _followed(told.a),
        "against": _followed(told.b),
    }


def _followed(course: Course | None) -> _Json | None:
    if course is None:
        return None
    first: Alert | None = course.alerts[0] if course.alerts else None
    return {
        "incident": course.incident.id,
        "title": course.incident.title,
        "posts": len(course.posts),
        "first_alert": None if first is None else first.id,
        "raised_at": None if first is None else first.raised_at.isoformat(),
        "level": None if first is None else first.level.value,
    }


def _moment(moment: datetime | None) -> str | None:
    return None if moment is None else moment.isoformat()


def _minutes(length: timedelta | None) -> float | None:
    return None if length is None else length / timedelta(minutes=1)


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 4)

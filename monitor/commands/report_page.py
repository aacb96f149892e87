"""The report of a replay as one page: read on a phone or a screen, sent on, kept.

The page holds everything that it shows, its drawings are SVG, and its policy lets nothing be
loaded and nothing run. Every value in it is escaped by the template.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from functools import cache
from pathlib import PurePath

import attrs
from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape

from alerts.charts import PALETTE
from alerts.i18n import Words, message
from alerts.reasons import sentence
from alerts.untrusted import isolated, one_line
from monitor.backtest import CROWD, Backtest, Judgement, Told
from monitor.commands.report_charts import (
    HEIGHT,
    WIDTH,
    Chart,
    ahead_chart,
    course_chart,
    foretold_at_alert,
)
from monitor.commands.reporting import Results, figure_rows, lead, record_rows
from monitor.domain import Alert, AlertKind, Forecast, Incident, Quantity
from monitor.labels import Label
from monitor.replay import Course

__all__ = ["page"]

_MOST_DRAWN = 60
_MOST_QUIET = 30
_TITLE = 140
_AHEAD = timedelta(hours=6)
_HOUR = timedelta(hours=1)
_NONE = "–"
_KINDS = {
    AlertKind.OPENED: message("new incident"),
    AlertKind.RAISED: message("more serious than before"),
    AlertKind.RECURRED: message("it is back"),
}


@attrs.frozen(kw_only=True)
class _Line:
    """One alert: in the list of alerts, and with its reasons at its incident."""

    incident: str
    level: str
    level_name: str
    when: str
    kind: str
    brand: str
    title: str
    posts: str
    lead: str
    reasons: tuple[str, ...]
    verdict: str
    right: bool


@attrs.frozen(kw_only=True)
class _Figure:
    """A drawing with its heading, what it says in words, and the forecasts drawn in it."""

    heading: str
    alt: str
    chart: Chart
    rows: tuple[tuple[str, ...], ...] = ()


@attrs.frozen(kw_only=True)
class _Story:
    """One incident that was told of."""

    id: str
    title: str
    level: str
    facts: str
    alerts: tuple[_Line, ...]
    figures: tuple[_Figure, ...]
    note: str


@attrs.frozen(kw_only=True)
class _Side:
    """An incident that one of two configurations told of, and what each did."""

    title: str
    brand: str
    cells: tuple[str, ...]


def page(results: Results) -> str:
    """The report as HTML, in the words and the zone of its reader."""
    words = Words(results.reader)
    first = results.runs[0]
    template = _environment().get_template("report.html.j2")
    told = results.told() if len(results.runs) > 1 else ()
    stories = _stories(results, told, words)
    quiet = [course for course in first.report.courses if not course.alerts]
    return template.render(
        say=words.say,
        words=words,
        palette=PALETTE,
        width=WIDTH,
        height=HEIGHT,
        archive=_shown(results.archive),
        period=words.say(
            "{first} to {last}",
            first=words.day(first.report.started_at),
            last=words.day(first.report.ended_at),
        ),
        zone=words.zone_note(first.report.started_at),
        model=results.model,
        tick=words.hours(results.tick / _HOUR),
        names=[_shown(name) for name in _names(results.runs)],
        rows=figure_rows(results.runs, words),
        changed=results.changed,
        sides=_sides(results, told, words),
        missed=[_missed(run, results, words) for run in results.runs],
        outside=_outside(results, words),
        records=[record_rows(run, words) for run in results.runs],
        alerts=[line for story in stories for line in story.alerts],
        stories=stories[:_MOST_DRAWN],
        undrawn=len(stories[_MOST_DRAWN:]),
        quiet=_quiet(quiet, results, words),
        unlisted=max(0, len(quiet) - _MOST_QUIET),
        judged=first.judgement is not None,
        crowd=words.number(CROWD),
    )


@cache
def _environment() -> Environment:
    return Environment(
        loader=PackageLoader("monitor.commands", "templates"),
        autoescape=select_autoescape(("html.j2",)),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


def _shown(text: str, limit: int = _TITLE) -> str:
    """A stranger's words, on one line and kept from steering what stands beside them."""
    return isolated(one_line(text, limit))


def _names(runs: Sequence[Backtest]) -> list[str]:
    """The configurations' names, told apart where they are the same."""
    names = [PurePath(run.name).name for run in runs]
    if len(set(names)) == len(names):
        return names
    return [f"{letter}: {name}" for letter, name in zip("AB", names, strict=False)]


def _brand(incident: Incident, results: Results) -> str:
    return _shown(results.brands.get(incident.brand, incident.brand), 60)


# what was told


def _stories(results: Results, told: Sequence[Told], words: Words) -> list[_Story]:
    """The incidents that were told of, by the time of their first alert."""
    if not told:
        run = results.runs[0]
        courses = [course for course in run.report.courses if course.alerts]
        courses.sort(key=lambda course: (course.alerts[0].raised_at, course.incident.id))
        return [_story(course, run, results, "", words) for course in courses]
    names = _names(results.runs)
    stories = []
    for one in told:
        by_a, _ = one.by
        run, course = (results.runs[0], one.a) if by_a else (results.runs[1], one.b)
        if course is not None:
            note = "" if by_a else words.say("Only by {name}", name=_shown(names[1]))
            stories.append(_story(course, run, results, note, words))
    return stories


def _story(course: Course, run: Backtest, results: Results, note: str, words: Words) -> _Story:
    incident = course.incident
    worst = max((alert.level for alert in course.alerts), key=lambda level: level.rank)
    return _Story(
        id=incident.id,
        title=_shown(incident.title),
        level=worst.value,
        facts=_facts(course, results, words),
        alerts=tuple(_line(alert, course, run, results, words) for alert in course.alerts),
        figures=tuple(_figures(course, words)),
        note=note,
    )


def _facts(course: Course, results: Results, words: Words) -> str:
    incident = course.incident
    parts = [
        _brand(incident, results),
        words.say(
            "{first} to {last}",
            first=words.when(incident.first_post_at),
            last=words.when(incident.last_post_at),
        ),
        words.count("{n} post", "{n} posts", len(course.posts)),
        words.count("{n} person", "{n} people", incident.authors),
    ]
    for quantity, series in course.counters.items():
        parts.append(words.labelled(words.quantity(quantity), words.number(series[-1][1])))
    return " · ".join(parts)


def _line(alert: Alert, course: Course, run: Backtest, results: Results, words: Words) -> _Line:
    then = sum(at <= alert.raised_at for at, _ in course.posts)
    half_at = course.half_at
    label = run.judgement.right[alert.id] if run.judgement else None
    return _Line(
        incident=course.incident.id,
        level=alert.level.value,
        level_name=words.level(alert.level),
        when=words.when(alert.raised_at),
        kind=words.say(_KINDS[alert.kind]),
        brand=_brand(course.incident, results),
        title=_shown(course.incident.title),
        posts=words.say(
            "{n} of {posts}",
            n=words.number(then),
            posts=words.count("{n} post", "{n} posts", len(course.posts)),
        ),
        lead=lead(None if half_at is None else half_at - alert.raised_at, words),
        reasons=tuple(one_line(sentence(reason, words), 300) for reason in alert.reasons),
        verdict=_verdict(run.judgement, label, words),
        right=label is not None,
    )


def _verdict(judgement: Judgement | None, label: Label | None, words: Words) -> str:
    if judgement is None:
        return ""
    if label is None:
        return words.say("Not among the true incidents.")
    return words.say("Right: {title}", title=_label(label, words))


def _label(label: Label, words: Words) -> str:
    return _shown(label.title) or words.say("line {n}", n=words.number(label.line))


def _figures(course: Course, words: Words) -> list[_Figure]:
    figures = []
    for quantity in Quantity:
        chart = course_chart(course, quantity, words.zone)
        if chart is None:
            continue
        fan = foretold_at_alert(course, quantity)
        totals = course.counters.get(quantity, ())
        first, last = (totals[0][1], totals[-1][1]) if totals else (1, len(course.posts))
        heading = words.say("{quantity} in total", quantity=words.quantity(quantity))
        if fan:
            heading = words.say(
                "{quantity} in total, and what was expected at {time}",
                quantity=words.quantity(quantity),
                time=words.when(fan[0].made_at),
            )
        alt = words.say(
            "A rising line: {quantity} in total, {first} at first and {last} at the last look.",
            quantity=words.quantity(quantity),
            first=words.number(first),
            last=words.number(last),
        )
        rows = tuple(_foretold(forecast, words) for forecast in fan)
        figures.append(_Figure(heading=heading, alt=alt, chart=chart, rows=rows))
        ahead = ahead_chart(course, quantity, _AHEAD, words.zone)
        if ahead is not None:
            heading = words.say(
                "Each forecast for {time} ahead, at the time it was made for",
                time=words.hours(_AHEAD / _HOUR),
            )
            figures.append(_Figure(heading=heading, alt=alt, chart=ahead))
    return figures


def _foretold(forecast: Forecast, words: Words) -> tuple[str, ...]:
    """One forecast as a row: how far ahead, the median, both intervals and what came."""
    said = forecast.quantiles
    if said is None:
        return (words.hours(forecast.horizon / _HOUR), words.say("too little seen"), "", "", "")
    between = [
        f"{words.about(low)}–{words.about(high)}"
        for low, high in ((said.low50, said.high50), (said.low90, said.high90))
    ]
    came = words.say("not due") if forecast.outcome is None else words.number(forecast.outcome)
    return (words.hours(forecast.horizon / _HOUR), words.about(said.median), *between, came)


# what was not


def _quiet(courses: Sequence[Course], results: Results, words: Words) -> list[_Side]:
    """The largest incidents that nobody was told of, and why."""
    largest = sorted(courses, key=lambda course: (-len(course.posts), course.incident.id))
    return [
        _Side(
            title=_shown(course.incident.title),
            brand=_brand(course.incident, results),
            cells=(
                words.number(len(course.posts)),
                words.when(course.incident.first_post_at),
                _silence(course, words),
            ),
        )
        for course in largest[:_MOST_QUIET]
    ]


def _silence(course: Course, words: Words) -> str:
    if not course.silences:
        return _NONE
    return one_line(sentence(course.silences[-1].reason, words), 300)


def _missed(run: Backtest, results: Results, words: Words) -> list[str]:
    """The true incidents that no alert was right about."""
    if run.judgement is None:
        return []
    return [
        _true_incident(found.label, results, words)
        for found in run.judgement.labels
        if found.first is None
    ]


def _outside(results: Results, words: Words) -> list[str]:
    judgement = results.runs[0].judgement
    if judgement is None:
        return []
    return [_true_incident(label, results, words) for label in judgement.outside]


def _true_incident(label: Label, results: Results, words: Words) -> str:
    parts = [_shown(results.brands.get(label.brand, label.brand), 60), _label(label, words)]
    if label.start is not None and label.end is not None:
        first, last = words.when(label.start), words.when(label.end)
        parts.append(words.say("{first} to {last}", first=first, last=last))
    elif label.posts:
        parts.append(words.count("{n} post", "{n} posts", len(label.posts)))
    return " · ".join(parts)


# two configurations


def _sides(results: Results, told: Sequence[Told], words: Words) -> list[tuple[str, list[_Side]]]:
    """What both told of, then what only the one or the other did, each under its heading."""
    if not told:
        return []
    a, b = (_shown(name) for name in _names(results.runs))
    groups: dict[tuple[bool, bool], tuple[str, list[_Side]]] = {
        (True, True): (words.say("Told of by both"), []),
        (True, False): (words.say("Only by {name}", name=a), []),
        (False, True): (words.say("Only by {name}", name=b), []),
    }
    for one in told:
        course = one.a or one.b
        if course is not None:
            groups[one.by][1].append(
                _Side(
                    title=_shown(course.incident.title),
                    brand=_brand(course.incident, results),
                    cells=(_did(one.a, words), _did(one.b, words)),
                )
            )
    return list(groups.values())


def _did(course: Course | None, words: Words) -> str:
    if course is None:
        return words.say("no such incident")
    if not course.alerts:
        return words.say("silent: {reason}", reason=_silence(course, words))
    first = course.alerts[0]
    worst = max((alert.level for alert in course.alerts), key=lambda level: level.rank)
    half_at = course.half_at
    told = f"{words.level(first.level)}, {words.when(first.raised_at)}"
    if worst.rank > first.level.rank:
        told = f"{told} → {words.level(worst)}"
    early = lead(None if half_at is None else half_at - first.raised_at, words)
    return f"{told} ({early})"

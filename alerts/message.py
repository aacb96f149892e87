"""An alert in the reader's words, before it becomes Slack blocks or a mail.

:func:`compose` decides what is said and in which order: what is grave, what changed, what
happened, what to do, the figures, the forecast with its record, why it fired, the posts, what could
not be seen. All of it is cleaned plain text; the media escape it.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import attrs

from alerts.aftermath import aftermath_lines, response_phrase
from alerts.brief import Brief, Quote, Record, Similar
from alerts.crisis import cluster_lines
from alerts.i18n import Words, message
from alerts.matter import advocate_lines, matter_lines, warnings
from alerts.next_steps import next_steps
from alerts.reasons import sentence
from alerts.untrusted import isolated, one_line, safe_link
from monitor.domain import AlertKind, Forecast, Level, Quantity, Reason

__all__ = [
    "Citation",
    "Figure",
    "ForecastCell",
    "ForecastRow",
    "Message",
    "Section",
    "compose",
    "record_sentence",
]

_KINDS = {
    AlertKind.OPENED: message("new incident"),
    AlertKind.RAISED: message("more serious than before"),
    AlertKind.RECURRED: message("it is back"),
}

_NOBODY = message("nobody has taken it on")

_HORIZONS = (timedelta(hours=1), timedelta(hours=6), timedelta(hours=24))


@attrs.frozen(kw_only=True)
class Citation:
    """A post as it is cited; ``link`` is safe to follow or absent."""

    text: str
    by: str
    link: str | None


@attrs.frozen(kw_only=True)
class Figure:
    """One number that is read at a glance."""

    label: str
    value: str
    note: str


@attrs.frozen(kw_only=True)
class ForecastCell:
    """A forecast at one horizon; ``interval`` is empty where there is no forecast."""

    median: str
    interval: str


@attrs.frozen(kw_only=True)
class ForecastRow:
    """One quantity, now and at each horizon."""

    label: str
    now: str
    cells: tuple[ForecastCell, ...]


@attrs.frozen(kw_only=True)
class Section:
    """A heading with its lines; without lines it is left out."""

    heading: str
    lines: tuple[str, ...]


@attrs.frozen(kw_only=True)
class Message:
    """What one reader is told, in the order of its fields."""

    subject: str
    level: Level
    status: str
    title: str
    warnings: tuple[str, ...]
    changes: Section
    happened_heading: str
    matter: tuple[str, ...]
    happened: Citation
    next_steps: Section
    response: Section
    figures: tuple[Figure, ...]
    forecast_heading: str
    forecast_columns: tuple[str, ...]
    forecast_rows: tuple[ForecastRow, ...]
    forecast_notes: tuple[str, ...]
    reasons: Section
    details: Section
    citations_heading: str
    citations: tuple[Citation, ...]
    similar: Section
    gaps: Section
    footer: str
    open_post: str


def compose(brief: Brief, words: Words) -> Message:
    """The brief in the reader's words."""
    alert = brief.alert
    brand = one_line(brief.brand_name, 60)
    title = one_line(brief.incident.title, 120)
    return Message(
        subject=words.say(
            "[{level}] {brand}: {title}", level=words.level(alert.level), brand=brand, title=title
        ),
        level=alert.level,
        status=" · ".join((words.level(alert.level), brand, _kind(brief, words))),
        title=title,
        warnings=warnings(brief.matter, words),
        changes=Section(
            heading=words.say("What changed since the last alert"),
            lines=tuple(sentence(reason, words) for reason in _new(brief)),
        ),
        happened_heading=words.say("What happened"),
        matter=matter_lines(brief.matter, words),
        happened=_citation(brief.quotes[0], words, 400),
        next_steps=Section(
            heading=words.say("What to do now"),
            lines=(*next_steps(brief, words), *cluster_lines(brief, words)),
        ),
        response=_response(brief, words),
        figures=_figures(brief, words),
        forecast_heading=words.say("How far it may go (totals)"),
        forecast_columns=(
            words.say("now"),
            *(
                words.say("in {time}", time=words.hours(h.total_seconds() / 3600))
                for h in _HORIZONS
            ),
        ),
        forecast_rows=_forecast_rows(brief, words),
        forecast_notes=_forecast_notes(brief, words),
        reasons=Section(
            heading=words.say("Why you are told"),
            lines=tuple(sentence(reason, words) for reason in alert.reasons),
        ),
        details=_details(brief, words),
        citations_heading=words.say("More of what people say"),
        citations=tuple(_citation(quote, words, 220) for quote in brief.quotes[1:]),
        similar=_similar(brief, words),
        gaps=Section(
            heading=words.say("What could not be seen"),
            lines=tuple(sentence(reason, words) for reason in brief.gaps),
        ),
        footer=words.say(
            "Raised {time}. Times are in {zone}. Incident {incident}.",
            time=words.when(alert.raised_at),
            zone=words.zone_note(alert.raised_at),
            incident=one_line(alert.incident, 40),
        ),
        open_post=words.say("open the post"),
    )


def _kind(brief: Brief, words: Words) -> str:
    return words.say(_NOBODY) if brief.again else words.say(_KINDS[brief.alert.kind])


def _new(brief: Brief) -> tuple[Reason, ...]:
    return (brief.again, *brief.changes) if brief.again else brief.changes


def _followers(count: int, words: Words) -> str:
    return words.count("{n} follower", "{n} followers", count)


def _posts(count: float, words: Words) -> str:
    return words.count("{n} post", "{n} posts", count)


def _views(count: float, words: Words) -> str:
    return words.count("{n} view", "{n} views", count)


def _people(count: int, words: Words) -> str:
    return words.count("{n} person", "{n} people", count)


def _by(quote: Quote, words: Words) -> str:
    parts = []
    if quote.author_name:
        parts.append(isolated(one_line(quote.author_name, 60)))
    if quote.followers is not None:
        parts.append(_followers(quote.followers, words))
    parts += [one_line(quote.source, 60), words.when(quote.published_at)]
    if quote.views is not None:
        parts.append(_views(quote.views, words))
    if quote.shares is not None:
        parts.append(words.count("{n} share", "{n} shares", quote.shares))
    return " · ".join(parts)


def _citation(quote: Quote, words: Words, limit: int) -> Citation:
    text = one_line(quote.text, limit) or words.say("(a post without words)")
    return Citation(text=text, by=_by(quote, words), link=safe_link(quote.url))


def _response(brief: Brief, words: Words) -> Section:
    told = brief.aftermath
    return Section(
        heading=words.say("What was answered, and what changed since"),
        lines=aftermath_lines(told, words, brief.alert.raised_at) if told else (),
    )


def _figures(brief: Brief, words: Words) -> tuple[Figure, ...]:
    speed, mood = brief.speed, brief.mood
    usual = (
        words.say("usual: not known yet")
        if speed.usual_per_hour is None
        else words.say("usual: {usual} an hour", usual=words.number(speed.usual_per_hour))
    )
    figures = [
        Figure(
            label=words.say("Posts"),
            value=words.number(brief.incident.posts),
            note=words.say("by {authors}", authors=_people(brief.people.authors, words)),
        ),
        Figure(
            label=words.say("Last hour"), value=_posts(speed.posts_last_hour, words), note=usual
        ),
    ]
    if speed.views is not None:
        pace = "" if speed.views_per_hour is None else words.say(
            "{views} an hour now", views=words.about(speed.views_per_hour)
        )  # fmt: skip
        figures.append(Figure(label=words.say("Views"), value=words.number(speed.views), note=pace))
    angry = "" if mood.angry is None else words.say(
        "{share} angry", share=words.percent(mood.angry)
    )  # fmt: skip
    figures.append(
        Figure(label=words.say("Negative"), value=words.percent(mood.negative), note=angry)
    )
    return tuple(figures)


def _latest(brief: Brief) -> dict[tuple[Quantity, timedelta], Forecast]:
    by_age = sorted(brief.forecasts, key=lambda forecast: forecast.made_at)
    return {(forecast.quantity, forecast.horizon): forecast for forecast in by_age}


def _forecast_rows(brief: Brief, words: Words) -> tuple[ForecastRow, ...]:
    latest = _latest(brief)
    rows = []
    for quantity in Quantity:
        mine = [latest.get((quantity, horizon)) for horizon in _HORIZONS]
        known = [forecast for forecast in mine if forecast is not None]
        if not known:
            continue
        rows.append(
            ForecastRow(
                label=words.quantity(quantity),
                now=words.number(known[0].seen),
                cells=tuple(_cell(forecast, words) for forecast in mine),
            )
        )
    return tuple(rows)


def _cell(forecast: Forecast | None, words: Words) -> ForecastCell:
    if forecast is None or forecast.quantiles is None:
        return ForecastCell(median=words.say("too little seen"), interval="")
    low, median, high = (
        words.about(value, forecast.seen)
        for value in (
            forecast.quantiles.low90,
            forecast.quantiles.median,
            forecast.quantiles.high90,
        )
    )
    return ForecastCell(median=median, interval=f"{low}–{high}")


def _forecast_notes(brief: Brief, words: Words) -> tuple[str, ...]:
    if not brief.forecasts:
        return ()
    notes = []
    if any(forecast.quantiles for forecast in brief.forecasts):
        notes.append(
            words.say("Below each estimate: the range that should hold the outcome 9 times in 10.")
        )
    longest: dict[Quantity, Record] = {}
    for record in sorted(brief.record, key=lambda record: record.horizon_hours):
        if record.graded:
            longest[record.quantity] = record
    if not longest:
        notes.append(words.say("No earlier forecast has come due yet: their record is unknown."))
    notes += [
        record_sentence(longest[quantity], words) for quantity in Quantity if quantity in longest
    ]
    return tuple(notes)


def record_sentence(record: Record, words: Words) -> str:
    """How earlier forecasts of one kind turned out."""
    told = words.say(
        "{quantity}, {time} ahead: {inside} of {graded} earlier forecasts held within their range.",
        quantity=words.quantity(record.quantity),
        time=words.hours(record.horizon_hours),
        inside=words.number(record.inside90),
        graded=words.number(record.graded),
    )
    if record.median_ape is None:
        return told
    error = words.say("Typical error: {share}.", share=words.percent(record.median_ape))
    return words.say("{sentence} {next_sentence}", sentence=told, next_sentence=error)


def _details(brief: Brief, words: Words) -> Section:
    first, people = brief.first_seen, brief.people
    lines = [
        words.say(
            "First seen: {time}, {source}",
            time=words.when(first.published_at),
            source=one_line(first.source, 60),
        )
    ]
    if brief.sources:
        listed = " · ".join(f"{one_line(name, 40)} {words.number(n)}" for name, n in brief.sources)
        lines.append(words.say("Where: {list}", list=listed))
    if brief.languages:
        named = " · ".join(
            f"{words.language_name(t)} {words.number(n)}" for t, n in brief.languages
        )
        lines.append(words.say("Languages: {list}", list=named))
    lines.append(words.say("Audience: {list}", list=" · ".join(_audience(brief, words))))
    if people.top_followers is not None:
        lines.append(
            words.say(
                "Largest account: {followers}", followers=_followers(people.top_followers, words)
            )
        )
    lines += advocate_lines(people, words)
    return Section(heading=words.say("Where and who"), lines=tuple(lines))


def _audience(brief: Brief, words: Words) -> list[str]:
    people = brief.people
    known = people.authors - people.audience_unknown
    parts = []
    if known > 0:
        parts.append(words.say("{followers} in all", followers=_followers(people.audience, words)))
    if people.audience_unknown:
        parts.append(
            words.say("not known for {authors}", authors=_people(people.audience_unknown, words))
        )
    return parts or [words.say("not known")]


def _similar(brief: Brief, words: Words) -> Section:
    return Section(
        heading=words.say("Similar incidents before"),
        lines=tuple(
            " · ".join(
                (
                    words.say(
                        "{title} ({day}, {posts})",
                        title=isolated(one_line(similar.title, 100)),
                        day=words.day(similar.first_post_at),
                        posts=_posts(similar.peak_posts, words),
                    ),
                    *_how_it_ended(similar, words),
                )
            )
            for similar in brief.similar
        ),
    )


def _how_it_ended(similar: Similar, words: Words) -> Iterator[str]:
    """What was done about an earlier incident, and how long it went on."""
    if similar.answers:
        named = [response_phrase(kind, words) for kind in similar.answers]
        yield words.say("answered with {list}", list=words.together(named))
        if similar.hours_to_end is not None:
            yield words.say("over {time} later", time=words.hours(similar.hours_to_end))
    elif similar.lasted_hours is not None:
        yield words.say("no public answer is known")
        yield words.say("over after {time}", time=words.hours(similar.lasted_hours))
    if similar.came_back:
        yield words.say("it came back")

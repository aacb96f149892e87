"""The week in two minutes, for somebody who decides and does not watch a console.

The first sentence says whether anything needed them. Then come the pictures, what burned, where it
hurt and what to do about it, what keeps coming back, how the forecasts did, and what was not seen:
silence is not calm.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

import attrs

from alerts.brief import Record
from alerts.charts import DayOfSentiment, sentiment_chart
from alerts.i18n import Reader, Words
from alerts.letter import Letter, Picture
from alerts.loops import Answered, Ledger, OpenLoop, answers, loops, promises
from alerts.message import Figure, Section, record_sentence
from alerts.pages import html_page, plain_text
from alerts.reasons import sentence
from alerts.topics import (
    BrandHeard,
    advocates,
    quadrant_rule,
    quadrants,
    topic_map,
    unjudged,
    worse,
)
from alerts.untrusted import isolated, one_line
from alerts.votes import Worth
from alerts.worth import worth_section
from monitor.domain import Forecast, Level, Reason

__all__ = ["Burned", "DigestData", "Returning", "Sentiment", "digest_letter"]

_MOST_INCIDENTS = 5
_MOST_RETURNING = 5
_MOST_PICTURES = 6
_MUCH_UNJUDGED = 0.1


@attrs.frozen(kw_only=True)
class Burned:
    """An incident of the week. ``forecast`` is one whose outcome can be held against it."""

    title: str
    brand_name: str
    level: Level
    posts: int
    authors: int
    first_post_at: datetime
    last_post_at: datetime
    still_open: bool
    views: int | None = None
    forecast: Forecast | None = None


@attrs.frozen(kw_only=True)
class Returning:
    """A complaint that keeps coming back: ``times`` is how often it had been an incident before."""

    title: str
    brand_name: str
    posts: int
    days: int
    times: int = 0


@attrs.frozen(kw_only=True)
class Sentiment:
    """A brand's posts of the week, day by day."""

    brand_name: str
    days: tuple[DayOfSentiment, ...]


@attrs.frozen(kw_only=True)
class DigestData:
    """The facts of one week for one reader; the week ends before ``until``."""

    reader: Reader
    brand_names: tuple[str, ...]
    since: datetime
    until: datetime
    burned: tuple[Burned, ...] = ()
    answered: tuple[Answered, ...] = ()
    open_loops: tuple[OpenLoop, ...] = ()
    ledger: Ledger = attrs.field(factory=Ledger)
    returning: tuple[Returning, ...] = ()
    sentiment: tuple[Sentiment, ...] = ()
    alerts_raised: int = 0
    messages_sent: int = 0
    messages_failed: int = 0
    record: tuple[Record, ...] = ()
    unseen: tuple[Reason, ...] = ()
    heard: tuple[BrandHeard, ...] = ()
    worth: Worth = attrs.field(factory=Worth)


@attrs.frozen(kw_only=True)
class _Story:
    """One incident as the digest tells it."""

    level: Level
    status: str
    title: str
    lines: tuple[str, ...]


@attrs.frozen(kw_only=True)
class _Chart:
    picture: str
    brand: str
    alt: str
    summary: str


def digest_letter(data: DigestData) -> Letter:
    """The week as a letter."""
    words = Words(data.reader)
    stories = sorted(data.burned, key=lambda b: (-b.level.rank, -b.posts))
    brands = words.together([one_line(name, 60) for name in data.brand_names])
    charts, pictures = _charts(data.sentiment, words)
    subject = words.say("{brands}: the week of {day}", brands=brands, day=words.day(data.since))
    values = {
        "subject": subject,
        "status": words.say("Weekly digest · {brands}", brands=brands),
        "period": _period(data, words),
        "headline": _headline(data, stories, words),
        "figures": _figures(data, words),
        "charts": charts,
        "stories": [_story(burned, words) for burned in stories[:_MOST_INCIDENTS]],
        "more_stories": len(stories) - _MOST_INCIDENTS,
        "map": topic_map(data.heard, words),
        "quadrants": quadrants(data.heard, words),
        "rule": quadrant_rule(words),
        "worse": worse(data.heard, words),
        "sections": [
            loops(data.open_loops, words, data.until),
            answers(data.answered, words),
            promises(data.ledger, words),
            _returning(data, words),
            advocates(data.heard, words),
            _forecasts(data, words),
            worth_section(data.worth, words),
            _unseen(data, words),
        ],
        "footer": words.say("Times are in {zone}.", zone=words.zone_note(data.until)),
    }
    return Letter(
        subject=subject,
        text=plain_text("digest.txt.j2", words, values),
        html=html_page("digest.html.j2", words, values),
        pictures=pictures,
    )


def _period(data: DigestData, words: Words) -> str:
    last_day = data.until - timedelta(microseconds=1)
    return words.say("{first} to {last}", first=words.day(data.since), last=words.day(last_day))


def _headline(data: DigestData, stories: Sequence[Burned], words: Words) -> str:
    serious = [story for story in stories if story.level is not Level.WATCH]
    if serious:
        worst = serious[0]
        title = isolated(one_line(worst.title, 90))
        brand = one_line(worst.brand_name, 60)
        if len(serious) == 1:
            return words.say(
                "One incident needed you this week: {title} ({brand}).", title=title, brand=brand
            )
        return words.say(
            "{n} incidents needed you this week; the most serious: {title} ({brand}).",
            n=words.number(len(serious)),
            title=title,
            brand=brand,
        )
    if not any(_spoken(sentiment) for sentiment in data.sentiment):
        return words.say("No posts were read this week: make sure that the sources work.")
    if data.unseen or _much_unjudged(data):
        return words.say("Nothing that was seen needed you this week, but not everything was seen.")
    return words.say("Nothing needed you this week.")


def _much_unjudged(data: DigestData) -> bool:
    """Whether so many posts could not be judged that calm cannot be claimed."""
    missed = sum(posts for one in data.heard for _, posts in one.unjudged)
    read = sum(_spoken(sentiment) for sentiment in data.sentiment)
    return missed > _MUCH_UNJUDGED * read


def _figures(data: DigestData, words: Words) -> tuple[Figure, ...]:
    days = [day for sentiment in data.sentiment for day in sentiment.days]
    negative = sum(day.negative for day in days)
    praise = sum(day.positive for day in days)
    total = negative + praise + sum(day.neutral for day in days)
    praised = words.say("{n} of them praise", n=words.number(praise)) if total else ""
    failed = (
        words.say("{n} could not be delivered", n=words.number(data.messages_failed))
        if data.messages_failed
        else ""
    )
    sent = words.count("{n} message sent", "{n} messages sent", data.messages_sent)
    share = words.percent(negative / total) if total else "–"
    return (
        Figure(label=words.say("Posts read"), value=words.number(total), note=praised),
        Figure(label=words.say("Negative"), value=share, note=""),
        Figure(label=words.say("Incidents"), value=words.number(len(data.burned)), note=""),
        Figure(
            label=words.say("Alerts"),
            value=words.number(data.alerts_raised),
            note=" · ".join(filter(None, (sent, failed))),
        ),
    )


def _charts(
    sentiments: Sequence[Sentiment], words: Words
) -> tuple[tuple[_Chart, ...], tuple[Picture, ...]]:
    charts, pictures = [], []
    for number, sentiment in enumerate(s for s in sentiments if _spoken(s)):
        if number == _MOST_PICTURES:
            break
        brand = one_line(sentiment.brand_name, 60)
        negative = sum(day.negative for day in sentiment.days)
        worst = max(sentiment.days, key=lambda day: day.negative)
        summary = words.say(
            "{negative} negative among {posts}; most of them on {day} ({n}).",
            negative=words.number(negative),
            posts=words.count("{n} post", "{n} posts", _spoken(sentiment)),
            day=words.weekday(worst.day),
            n=words.number(worst.negative),
        ) if negative else words.say(
            "None negative among {posts}.",
            posts=words.count("{n} post", "{n} posts", _spoken(sentiment)),
        )  # fmt: skip
        name = f"sentiment-{number}"
        alt = words.say("Bars, one a day, for {brand}. {summary}", brand=brand, summary=summary)
        charts.append(_Chart(picture=name, brand=brand, alt=alt, summary=summary))
        pictures.append(Picture(name=name, png=sentiment_chart(sentiment.days)))
    return tuple(charts), tuple(pictures)


def _spoken(sentiment: Sentiment) -> int:
    return sum(day.negative + day.neutral + day.positive for day in sentiment.days)


def _story(burned: Burned, words: Words) -> _Story:
    state = words.say("still going on") if burned.still_open else words.say("over")
    size = [
        words.count("{n} post", "{n} posts", burned.posts),
        words.count("{n} person", "{n} people", burned.authors),
    ]
    if burned.views is not None:
        size.append(words.count("{n} view", "{n} views", burned.views))
    lines = [
        " · ".join(size),
        words.say(
            "{first} to {last}",
            first=words.when(burned.first_post_at),
            last=words.when(burned.last_post_at),
        ),
    ]
    if burned.forecast is not None and burned.forecast.quantiles is not None:
        lines.append(_held_against(burned.forecast, words))
    brand = one_line(burned.brand_name, 60)
    return _Story(
        level=burned.level,
        status=" · ".join((words.level(burned.level), brand, state)),
        title=one_line(burned.title, 120),
        lines=tuple(lines),
    )


def _held_against(forecast: Forecast, words: Words) -> str:
    quantiles = forecast.quantiles
    assert quantiles is not None  # noqa: S101 -- for the type checker: the caller has looked
    told = words.say(
        "{quantity} within {time}: {median} expected ({low} to {high})",
        quantity=words.quantity(forecast.quantity),
        time=words.hours(forecast.horizon.total_seconds() / 3600),
        median=words.about(quantiles.median),
        low=words.about(quantiles.low90),
        high=words.about(quantiles.high90),
    )
    if forecast.outcome is None:
        return words.say("{forecast}; not due yet.", forecast=told)
    outcome = words.number(forecast.outcome)
    return words.say("{forecast}; it came to {outcome}.", forecast=told, outcome=outcome)


def _returning(data: DigestData, words: Words) -> Section:
    lines = []
    for returning in data.returning[:_MOST_RETURNING]:
        line = words.say(
            "{title} ({brand}): {posts} over {days}",
            title=isolated(one_line(returning.title, 100)),
            brand=one_line(returning.brand_name, 60),
            posts=words.count("{n} post", "{n} posts", returning.posts),
            days=words.days(returning.days),
        )
        if returning.times:
            before = words.count("{n} time before", "{n} times before", returning.times)
            line = f"{line} · {before}"
        lines.append(line)
    return Section(heading=words.say("What keeps coming back"), lines=tuple(lines))


def _forecasts(data: DigestData, words: Words) -> Section:
    lines = tuple(record_sentence(record, words) for record in data.record if record.graded)
    return Section(heading=words.say("How good the forecasts were"), lines=lines)


def _unseen(data: DigestData, words: Words) -> Section:
    lines = tuple(sentence(reason, words) for reason in data.unseen)
    lines += unjudged(data.heard, words)
    return Section(heading=words.say("What was not seen"), lines=lines)

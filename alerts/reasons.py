"""The sentence that goes with each reason's code, and how each of its facts is written.

Facts are plain numbers and strings: hours and days as numbers, shares of one, ``Level`` and
``Quantity`` by their values, languages as BCP 47 tags, moments as ISO 8601 with an offset.

>>> from alerts.i18n import Reader
>>> words = Words(Reader(language="en"))
>>> sentence(Reason(code="high_anger", facts=(("share", 0.64),)), words)
'64% of the complaints are angry.'
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import TypeAlias

import attrs

from alerts.i18n import Words, message
from alerts.untrusted import isolated, one_line
from monitor.domain import Level, Quantity, Reason

__all__ = ["REASON_CODES", "REASON_FACTS", "UnknownReasonError", "sentence"]

Fact: TypeAlias = str | int | float
_Write: TypeAlias = Callable[[Words, Fact], str]


class UnknownReasonError(LookupError):
    """A reason for which there is no sentence, or that lacks a fact which its sentence needs."""


def _posts(words: Words, fact: Fact) -> str:
    return words.count("{n} post", "{n} posts", float(fact))


def _people(words: Words, fact: Fact) -> str:
    return words.count("{n} person", "{n} people", float(fact))


def _incidents(words: Words, fact: Fact) -> str:
    return words.count("{n} incident", "{n} incidents", float(fact))


def _views(words: Words, fact: Fact) -> str:
    return words.count("{n} view", "{n} views", float(fact))


def _followers(words: Words, fact: Fact) -> str:
    return words.count("{n} follower", "{n} followers", float(fact))


def _number(words: Words, fact: Fact) -> str:
    return words.number(float(fact))


def _estimate(words: Words, fact: Fact) -> str:
    return words.about(float(fact))


def _share(words: Words, fact: Fact) -> str:
    return words.percent(float(fact))


def _hours(words: Words, fact: Fact) -> str:
    return words.hours(float(fact))


def _days(words: Words, fact: Fact) -> str:
    return words.days(float(fact))


def _moment(words: Words, fact: Fact) -> str:
    return words.when(datetime.fromisoformat(str(fact)))


def _level(words: Words, fact: Fact) -> str:
    return words.level(Level(str(fact)))


def _quantity(words: Words, fact: Fact) -> str:
    return words.quantity(Quantity(str(fact)))


def _language(words: Words, fact: Fact) -> str:
    return words.language_name(str(fact))


def _name(words: Words, fact: Fact) -> str:
    return isolated(one_line(str(fact), 60)) or words.say("somebody without a name")


@attrs.frozen
class _Sentence:
    text: str
    facts: Mapping[str, _Write] = attrs.field(factory=dict)


_SENTENCES: Mapping[str, _Sentence] = {
    # why somebody is told
    "story_many_people": _Sentence(
        message("The same story in {posts} by {authors} within {hours}."),
        {"posts": _posts, "authors": _people, "hours": _hours},
    ),
    "spike": _Sentence(
        message(
            "{count} by {authors} within {hours}; all complaints about this brand together are"
            " usually {usual} in that time."
        ),
        {"count": _posts, "authors": _people, "hours": _hours, "usual": _number},
    ),
    "forecast_reach": _Sentence(
        message(
            "{quantity}: about {median} in total expected within {horizon_hours}, possibly {high}."
        ),
        {"quantity": _quantity, "horizon_hours": _hours, "median": _estimate, "high": _estimate},
    ),
    "influential_author": _Sentence(
        message("{name}, who has {followers}, is among those who complain."),
        {"name": _name, "followers": _followers},
    ),
    "high_anger": _Sentence(
        message("{share} of the complaints are angry."),
        {"share": _share},
    ),
    "video_spreading": _Sentence(
        message("A video about it has {views} after {hours}."),
        {"views": _views, "hours": _hours},
    ),
    "slow_burn": _Sentence(
        message("The same complaint comes back week after week: {posts} on {days}."),
        {"posts": _posts, "days": _days},
    ),
    # what changed since the last alert
    "level_raised": _Sentence(
        message("The level went up from {before} to {after}."),
        {"before": _level, "after": _level},
    ),
    "came_back": _Sentence(
        message("It came back after {days} of quiet."),
        {"days": _days},
    ),
    "more_posts": _Sentence(
        message("Posts went from {before} to {after}."),
        {"before": _number, "after": _number},
    ),
    "more_views": _Sentence(
        message("Views went from {before} to {after}."),
        {"before": _number, "after": _number},
    ),
    "new_source": _Sentence(
        message("It has reached {name}."),
        {"name": _name},
    ),
    "new_language": _Sentence(
        message("It is now told in another language: {tag}."),
        {"tag": _language},
    ),
    # what could not be seen
    "source_down": _Sentence(
        message("{source} has not answered since {since}; what was posted there is missing."),
        {"source": _name, "since": _moment},
    ),
    "source_forbidden": _Sentence(
        message("{source} does not permit collection; what is posted there is not seen."),
        {"source": _name},
    ),
    "source_changed": _Sentence(
        message("{source} has answered in a form that is not understood since {since}."),
        {"source": _name, "since": _moment},
    ),
    "source_silent": _Sentence(
        message(
            "{source} answers, but has brought nothing new since {since}, longer than ever before."
        ),
        {"source": _name, "since": _moment},
    ),
    "source_gap": _Sentence(
        message("{source} could not be relied on from {since} to {until}."),
        {"source": _name, "since": _moment, "until": _moment},
    ),
    "collection_young": _Sentence(
        message("Collection for this brand began {hours} ago; what came before is not known."),
        {"hours": _hours},
    ),
    "no_counters": _Sentence(
        message("No source shows views or shares here, so spread is judged by posts alone.")
    ),
    "language_unread": _Sentence(
        message("The model could not judge {count} in this language: {tag}."),
        {"tag": _language, "count": _posts},
    ),
    # why nobody is told
    "too_few_posts": _Sentence(
        message("Too little to go on: {posts} by {authors}, {needed} needed."),
        {"posts": _posts, "authors": _people, "needed": _number},
    ),
    "still_learning": _Sentence(
        message("Still learning what is usual: {hours} of {needed} seen."),
        {"hours": _hours, "needed": _hours},
    ),
    "not_spreading": _Sentence(
        message("It is not spreading: {posts} in the last {hours}."),
        {"posts": _posts, "hours": _hours},
    ),
    "stale": _Sentence(
        message("Nothing new for {hours}."),
        {"hours": _hours},
    ),
    "usual_pace": _Sentence(
        message("{count} within {hours} is a usual pace; {usual} complaints are usual."),
        {"count": _posts, "hours": _hours, "usual": _number},
    ),
    "own_campaign": _Sentence(
        message("{share} of the posts repeat what the brand said itself."), {"share": _share}
    ),
    "hardly_negative": _Sentence(
        message("Only {share} of the posts are negative."), {"share": _share}
    ),
    "set_aside": _Sentence(
        message("{count} set aside: held up without a date, or from a source watched only lately."),
        {"count": _posts},
    ),
    "already_told": _Sentence(
        message("Already told, at level {level}."),
        {"level": _level},
    ),
    "forming": _Sentence(message("The story is still forming.")),
    # why a team waits
    "group_wait": _Sentence(
        message("Until {until} for others that are told together with it."),
        {"until": _moment},
    ),
    "group_interval": _Sentence(
        message("The team was told of this brand a moment ago; it waits until {until}."),
        {"until": _moment},
    ),
    "quiet_hours": _Sentence(
        message("The team sleeps until {until}."),
        {"until": _moment},
    ),
    # how a team was told
    "told": _Sentence(message("It was told by itself.")),
    "grouped": _Sentence(
        message("It was told in one message about {count}."),
        {"count": _incidents},
    ),
    "not_taken_on": _Sentence(
        message("Nobody has taken it on for {hours}."),
        {"hours": _hours},
    ),
    # why a team is not told
    "silenced": _Sentence(
        message("{name} silenced it until {until}."),
        {"name": _name, "until": _moment},
    ),
    "inhibited": _Sentence(
        message("A graver incident is about the same matter: {incident}."),
        {"incident": _name},
    ),
    "budget_spent": _Sentence(
        message("The team was told of {count} in seven days, which is all it can take."),
        {"count": _incidents},
    ),
    "handled_noise": _Sentence(message("{name} called it noise."), {"name": _name}),
    "handled_resolved": _Sentence(message("{name} resolved it."), {"name": _name}),
    "closed_before_told": _Sentence(message("It was over before the team was to be told.")),
    "gone_before_told": _Sentence(message("Its posts were deleted before the team was told.")),
    "merged_before_told": _Sentence(
        message("It became part of the incident {incident}, of which the team is told."),
        {"incident": _name},
    ),
    "superseded": _Sentence(message("A later alert about the same incident tells it all.")),
    "no_channel": _Sentence(message("No channel of the team carries alerts of this level.")),
    "team_gone": _Sentence(message("The team is not configured any more.")),
    # what earlier versions stored
    "spreading_fast": _Sentence(
        message("{count} in the last hour; {usual} an hour is usual for this brand."),
        {"count": _posts, "usual": _number},
    ),
    "within_usual": _Sentence(
        message("{count} in the last hour is within the usual, {usual} an hour."),
        {"count": _posts, "usual": _number},
    ),
}

REASON_CODES: frozenset[str] = frozenset(_SENTENCES)
REASON_FACTS: Mapping[str, frozenset[str]] = {
    code: frozenset(entry.facts) for code, entry in _SENTENCES.items()
}


def sentence(reason: Reason, words: Words) -> str:
    """The reason as a sentence for this reader."""
    entry = _SENTENCES.get(reason.code)
    if entry is None:
        raise UnknownReasonError(f"no sentence is written for the reason {reason.code!r}")
    facts = dict(reason.facts)
    missing = sorted(entry.facts.keys() - facts.keys())
    if missing:
        raise UnknownReasonError(f"the reason {reason.code!r} lacks the facts {missing}")
    return words.say(
        entry.text, **{name: write(words, facts[name]) for name, write in entry.facts.items()}
    )

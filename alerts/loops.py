"""Loops that are open, answers and what came of them, promises: three sections of the digest."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime

import attrs

from alerts.aftermath import promise_name, response_phrase, verdict_name
from alerts.i18n import Words, message
from alerts.message import Section
from alerts.untrusted import isolated, one_line
from monitor.casework import Action, Handling, Promise
from monitor.domain import Level
from monitor.effect import Effect, Place

__all__ = ["Answered", "Cited", "Ledger", "OpenLoop", "answers", "loops", "promises"]

_MOST_LOOPS = 6
_MOST_ANSWERS = 5
_MOST_OVERDUE = 3
_CITED = 100

_STEPS = {
    Handling.OPEN: message("told, and nobody has taken it on"),
    Handling.ACKNOWLEDGED: message("taken on, not answered in public"),
    Handling.ASSIGNED: message("taken on, not answered in public"),
    Handling.RESPONDING: message("answered, not resolved"),
}


@attrs.frozen(kw_only=True)
class OpenLoop:
    """An incident that people were told of and nobody has brought to an end."""

    title: str
    brand_name: str
    level: Level
    handling: Handling
    owner: str
    since: datetime


@attrs.frozen(kw_only=True)
class Answered:
    """An incident that the brand answered in public, and what changed since the first answer."""

    title: str
    brand_name: str
    answers: tuple[Action, ...]
    effect: Effect | None = None


@attrs.frozen(kw_only=True)
class Cited:
    """A promise and the post in which it was made."""

    promise: Promise
    brand_name: str
    text: str


@attrs.frozen(kw_only=True)
class Ledger:
    """The promises of a time: how many were made and kept in it, and those overdue at its end."""

    made: int = 0
    kept: int = 0
    kept_late: int = 0
    overdue: tuple[Cited, ...] = ()


def loops(found: Sequence[OpenLoop], words: Words, now: datetime) -> Section:
    """What is left open, the gravest and oldest first, with owner and age."""
    ordered = sorted(found, key=lambda one: (-one.level.rank, one.since, one.title))
    lines = [_loop(one, words, now) for one in ordered[:_MOST_LOOPS]]
    return Section(
        heading=words.say("Loops left open"),
        lines=(*lines, *_more(len(ordered) - _MOST_LOOPS, words)),
    )


def answers(found: Sequence[Answered], words: Words) -> Section:
    """What was answered, and whether it helped, as far as that can be told."""
    lines = [_answered(one, words) for one in found[:_MOST_ANSWERS]]
    if any(one.effect is not None for one in found[:_MOST_ANSWERS]):
        lines.append(
            words.say("A change after an answer is no proof that the answer brought it about.")
        )
    return Section(
        heading=words.say("What was answered, and whether it helped"), lines=tuple(lines)
    )


def promises(ledger: Ledger, words: Words) -> Section:
    """What was promised in public, how much of it was kept, and what is overdue."""
    lines = []
    if ledger.made or ledger.kept or ledger.overdue:
        lines.append(
            words.say(
                "{made} made, {kept} kept ({late} of them late), {overdue} overdue",
                made=words.number(ledger.made),
                kept=words.number(ledger.kept),
                late=words.number(ledger.kept_late),
                overdue=words.number(len(ledger.overdue)),
            )
        )
    lines += [_overdue(one, words) for one in ledger.overdue[:_MOST_OVERDUE]]
    return Section(heading=words.say("Promises made in public"), lines=tuple(lines))


def _loop(loop: OpenLoop, words: Words, now: datetime) -> str:
    owner = isolated(one_line(loop.owner, 60)) or words.say("no owner")
    return words.say(
        "{title} ({brand}, {level}): {step} · {owner} · {age}",
        title=isolated(one_line(loop.title, 90)),
        brand=one_line(loop.brand_name, 60),
        level=words.level(loop.level),
        step=words.say(_STEPS.get(loop.handling, _STEPS[Handling.OPEN])),
        owner=owner,
        age=words.hours((now - loop.since).total_seconds() / 3600),
    )


def _answered(answered: Answered, words: Words) -> str:
    kinds = list(dict.fromkeys(response_phrase(one.response, words) for one in answered.answers))
    told = words.say(
        "{title} ({brand}): {what}, first {time}",
        title=isolated(one_line(answered.title, 90)),
        brand=one_line(answered.brand_name, 60),
        what=words.together(kinds),
        time=words.when(answered.answers[0].at),
    )
    return " · ".join((told, *_since(answered.effect, words)))


def _since(effect: Effect | None, words: Words) -> Iterator[str]:
    if effect is None:
        return
    verdict = verdict_name(effect.verdict, words)
    if effect.hours_to_recovery is not None:
        verdict = words.noted(
            verdict, words.say("{time} after", time=words.hours(effect.hours_to_recovery))
        )
    yield verdict
    if effect.volume is not None and effect.volume.place is Place.BELOW90:
        yield words.say("fewer posts than foreseen")
    elif effect.volume is not None and effect.volume.place is Place.ABOVE90:
        yield words.say("more posts than foreseen")
    for what, seen in (
        (words.say("Negative"), effect.negative),
        (words.say("Anger"), effect.anger),
    ):
        if seen is not None and (seen.fell or seen.rose):
            yield words.say(
                "{what} {before} → {after}",
                what=what,
                before=words.percent(seen.before),
                after=words.percent(seen.after),
            )


def _overdue(cited: Cited, words: Words) -> str:
    begin, end = cited.promise.span
    said = one_line(cited.text[max(0, begin - _CITED // 4) : end + _CITED], _CITED)
    return words.say(
        "Overdue since {time} ({brand}), {what}: “{said}”",
        time=words.when(cited.promise.due_at),
        brand=one_line(cited.brand_name, 60),
        what=promise_name(cited.promise.kind, words),
        said=isolated(said),
    )


def _more(count: int, words: Words) -> Iterator[str]:
    if count > 0:
        yield words.say("And {n} more.", n=words.number(count))

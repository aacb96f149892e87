"""What an incident is about, in the reader's words: where, what is felt, what makes it worse."""

from __future__ import annotations

from collections.abc import Sequence

from alerts.brief import Matter, People
from alerts.i18n import Words, message
from alerts.naming import aggravator_name, emotion_name, touchpoint_name
from monitor.domain import Aggravator, Emotion, Touchpoint

__all__ = ["advocate_lines", "matter_lines", "warnings"]

_GRAVE = {
    Aggravator.SAFETY: message("Safety: {n} of {complaints} complaints speak of danger to people."),
    Aggravator.DISCRIMINATION: message(
        "Discrimination: {n} of {complaints} complaints speak of it."
    ),
}
_GRAVE_FROM = 0.05
"""The share of the complaints from which a grave aggravator is told first: one may be misread."""
_FELT_FROM = 0.1
_NOT_TOLD = (Emotion.NONE, Emotion.JOY)
"""Joy in a complaint is scorn or a misreading, and helps nobody to answer."""
_MOST = 3


def warnings(matter: Matter, words: Words) -> tuple[str, ...]:
    """What has to be known before anything else: danger to people, and discrimination."""
    counts = dict(matter.aggravators)
    return tuple(
        words.say(text, n=words.number(counts[kind]), complaints=words.number(matter.complaints))
        for kind, text in _GRAVE.items()
        if counts.get(kind, 0) > 0 and counts[kind] >= _GRAVE_FROM * matter.complaints
    )


def matter_lines(matter: Matter, words: Words) -> tuple[str, ...]:
    """The touchpoint, the feelings and the aggravators; each is left out where nothing is known."""
    lines = []
    if matter.touchpoint is not None:
        lines.append(_touchpoint(matter.touchpoint, matter, words))
    if felt := _felt(matter.felt, matter.complaints, words):
        lines.append(words.say("What people feel: {list}", list=felt))
    if matter.aggravators:
        listed = " · ".join(
            f"{aggravator_name(kind, words)} {words.number(posts)}"
            for kind, posts in matter.aggravators[:_MOST]
        )
        lines.append(words.say("What makes it worse: {list}", list=listed))
    return tuple(lines)


def advocate_lines(people: People, words: Words) -> tuple[str, ...]:
    """That people who spoke for the brand complain now, where some do."""
    if not people.advocates:
        return ()
    return (
        words.count(
            "{n} advocate of the brand is now among those who complain.",
            "{n} advocates of the brand are now among those who complain.",
            people.advocates,
        ),
    )


def _touchpoint(touchpoint: Touchpoint, matter: Matter, words: Words) -> str:
    name = touchpoint_name(touchpoint, words)
    if touchpoint.moment_of_truth:
        name = words.noted(name, words.say("a moment of truth"))
    return words.say(
        "Touchpoint: {touchpoint}, in {n} of {complaints} complaints",
        touchpoint=name,
        n=words.number(matter.touchpoint_posts),
        complaints=words.number(matter.complaints),
    )


def _felt(felt: Sequence[tuple[Emotion, int]], complaints: int, words: Words) -> str:
    told = [
        f"{emotion_name(emotion, words)} {words.percent(posts / complaints)}"
        for emotion, posts in felt
        if emotion not in _NOT_TOLD and posts >= _FELT_FROM * complaints
    ]
    return " · ".join(told[:_MOST])

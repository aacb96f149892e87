"""What touchpoints, emotions and aggravators are called in the reader's language."""

from __future__ import annotations

from functools import cache

from opencc import OpenCC

from alerts.i18n import Language, Words, message
from alerts.untrusted import one_line
from monitor.domain import Aggravator, Emotion, Touchpoint

__all__ = ["MOMENT_OF_TRUTH", "aggravator_name", "emotion_name", "touchpoint_name"]

MOMENT_OF_TRUTH = "◆"
"""Stands before a touchpoint that decides what somebody thinks of the brand."""

_EMOTIONS = {
    Emotion.ANGER: message("anger"),
    Emotion.DISGUST: message("disgust"),
    Emotion.FEAR: message("fear"),
    Emotion.JOY: message("joy"),
    Emotion.SADNESS: message("sadness"),
    Emotion.SURPRISE: message("surprise"),
    Emotion.NONE: message("no emotion"),
}

_AGGRAVATORS = {
    Aggravator.IGNORED: message("being ignored"),
    Aggravator.BROKEN_PROMISE: message("broken promises"),
    Aggravator.DEAD_END: message("dead ends"),
    Aggravator.PASSED_AROUND: message("being passed around"),
    Aggravator.RUDE_STAFF: message("rude staff"),
    Aggravator.RIGID_POLICY: message("rigid rules"),
    Aggravator.UNFAIR_CHARGE: message("unfair charges"),
    Aggravator.SAFETY: message("danger to people"),
    Aggravator.DISCRIMINATION: message("discrimination"),
}


def emotion_name(emotion: Emotion, words: Words) -> str:
    """What somebody feels."""
    return words.say(_EMOTIONS[emotion])


def aggravator_name(aggravator: Aggravator, words: Words) -> str:
    """What makes a complaint worse."""
    return words.say(_AGGRAVATORS[aggravator])


def touchpoint_name(touchpoint: Touchpoint, words: Words) -> str:
    """What the taxonomy calls it, with the mark of a moment of truth.

    Taxonomies hold simplified Chinese; for readers of traditional Chinese it is converted.
    """
    if words.language is Language.ENGLISH:
        name = touchpoint.names["en"]
    else:
        name = touchpoint.names["zh"]
        if words.language is Language.CHINESE_TRADITIONAL:
            name = _traditional().convert(name)
    name = one_line(name, 60)
    return f"{MOMENT_OF_TRUTH} {name}" if touchpoint.moment_of_truth else name


@cache
def _traditional() -> OpenCC:
    return OpenCC("s2twp")

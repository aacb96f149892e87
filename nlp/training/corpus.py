"""The labelled texts of the training pool and of the dev sets, as the heads need them."""

from __future__ import annotations

import gzip
import hashlib
import json
import textwrap
from collections.abc import Iterator, Mapping
from enum import StrEnum
from pathlib import Path
from typing import Any

import attrs

from monitor.domain import Emotion

__all__ = [
    "REASONS",
    "SENTIMENTS",
    "SPLIT",
    "WORST",
    "Example",
    "Part",
    "UnreadableSetError",
    "part_of",
    "read_dev",
    "read_pool",
]

SENTIMENTS = ("neg", "neu", "pos")
"""The labels of the data, in the order of the model's output."""

SPLIT = ("us_airline", "complaints_xci", "te_irony", "te_offensive", "cold")
"""Sources without a dev set of their own: a tenth is kept to choose on, a tenth to test."""

_EMOTIONS = {emotion.value: emotion for emotion in Emotion} | {"neutral": Emotion.NONE}
_ALL = frozenset(Emotion)
_EWECT = _ALL - {Emotion.DISGUST}
_ASKED = {
    "goemotions": _ALL,
    "ewect_usual": _EWECT,
    "ewect_virus": _EWECT,
    "te_emotion": frozenset({Emotion.ANGER, Emotion.JOY, Emotion.SADNESS}),
    "complaints_xci": frozenset({Emotion.ANGER, Emotion.JOY, Emotion.SADNESS}),
    "semeval18_EIreg_anger": frozenset({Emotion.ANGER}),
}
REASONS = (
    *("Bad Flight", "Cancelled Flight", "Customer Service Issue", "Damaged Luggage"),
    *("Flight Attendant Complaints", "Flight Booking Problems", "Late Flight", "Lost Luggage"),
    "longlines",
)
"""Why people complain of an airline, in the order of the model's output."""

_REASONS = {name: number for number, name in enumerate(REASONS)}
_DISPLEASED = frozenset({"anger", "disgust", "fear", "sadness"})
_ONE_EACH = frozenset({"ewect_usual", "ewect_virus", "te_emotion"})
WORST = 4
"""The gravest complaint, as people grade severity; 0 is none."""

_POLARITIES = {name: name[:3] for name in (*SENTIMENTS, "negative", "neutral", "positive")}

_SENTIMENT_OF_EMOTION = {
    Emotion.JOY: "pos",
    Emotion.ANGER: "neg",
    Emotion.SADNESS: "neg",
    Emotion.FEAR: "neg",
    Emotion.DISGUST: "neg",
    Emotion.NONE: "neu",
}


class UnreadableSetError(ValueError):
    """A file of labelled texts cannot be used; the message names it, the line, and why."""


class Part(StrEnum):
    """What a text of a source without dev set is for."""

    TRAIN = "train"
    DEV = "dev"
    TEST = "test"


@attrs.frozen(kw_only=True)
class Example:
    """A text and what people said of it; ``None`` where nobody was asked.

    ``asked`` are the emotions that the annotators could choose and ``emotions`` those that they
    chose; ``single`` tells that they had to choose one. ``arousal`` (how intense the anger is) and
    ``severity`` (of a complaint) lie between 0 and 1. ``derived`` marks a sentiment that was
    inferred from emotions or aspects, ``weak`` a complaint that was inferred from sentiment.
    ``reason`` is the place in ``REASONS`` of what an airline is blamed for.
    """

    text: str
    language: str
    source: str
    sentiment: int | None = None
    emotions: frozenset[Emotion] | None = None
    asked: frozenset[Emotion] = frozenset()
    single: bool = False
    arousal: float | None = None
    complaint: int | None = None
    severity: float | None = None
    offensive: int | None = None
    irony: int | None = None
    reason: int | None = None
    derived: bool = False
    weak: bool = False


def part_of(text: str) -> Part:
    """Where a text falls, by its hash, so that every run and every measure agrees.

    >>> [part_of(text).value for text in ("a", "late again", "they lost my bag", "rude")]
    ['test', 'test', 'train', 'train']
    """
    tenth = int(hashlib.sha256(text.encode()).hexdigest()[:8], 16) % 10
    return (Part.TEST, Part.DEV)[tenth] if tenth < 2 else Part.TRAIN


def read_pool(path: Path, part: Part) -> Iterator[Example]:
    """One part of the training pool, a gzipped JSON object a line, in its own order.

    Sources that are not in ``SPLIT`` belong to training whole.
    """
    with gzip.open(path, "rt", encoding="utf-8") as lines:
        for line in lines:
            record = json.loads(line)
            split = record["src"] in SPLIT
            if part is (part_of(record["text"]) if split else Part.TRAIN):
                yield _from_pool(record)


def read_dev(path: Path) -> list[Example]:
    """One dev set, a JSON object a line, with the keys of the dev sets or of the pool.

    Sentiment that nobody judged is derived from aspects where all agree, or from a single emotion.

    Raises:
        UnreadableSetError: a line is no JSON object, has no text, or a label that cannot be read.
    """
    examples = []
    with path.open("rb") as lines:
        for number, line in enumerate(lines, start=1):
            if line.strip():
                try:
                    examples.append(_from_dev(_object(line), path.stem))
                except ValueError as reason:
                    raise UnreadableSetError(f"{path}, line {number}: {reason}") from reason
    return examples


def _from_pool(record: Mapping[str, Any]) -> Example:
    source, language = record["src"], record["lang"]
    sentiment = record.get("sent")
    complaint, weak = _complaint(record)
    severity = record.get("severity") if source == "complaints_xci" else None
    asked = _asked(source, language) if "emo" in record else frozenset[Emotion]()
    return Example(
        text=record["text"],
        language=language,
        source=source,
        sentiment=None if sentiment is None else SENTIMENTS.index(sentiment),
        emotions=_emotions(record["emo"]) & asked if asked else None,
        asked=asked,
        single=source in _ONE_EACH,
        arousal=record.get("anger_int"),
        complaint=complaint,
        severity=None if severity is None else severity / WORST,
        offensive=record.get("offensive") if source in {"cold", "te_offensive"} else None,
        irony=record.get("irony") if source == "te_irony" else None,
        reason=_REASONS.get(record.get("touch", "")),
        derived=record.get("sent_src") == "derived",
        weak=weak,
    )


def _asked(source: str, language: str) -> frozenset[Emotion]:
    """The emotions that a source's annotators could choose; none where it is not about them."""
    if source == "brighter":
        return _ALL - {Emotion.DISGUST} if language == "en" else _ALL
    return _ASKED.get(source, frozenset())


def _emotions(names: list[str]) -> frozenset[Emotion]:
    return frozenset(_EMOTIONS[name] for name in names if name in _EMOTIONS)


def _complaint(record: Mapping[str, Any]) -> tuple[int | None, bool]:
    """Whether somebody complains, and whether that is only inferred.

    Judged by people in one English source. Elsewhere: a negative review of something bought or a
    tweet to an airline with a reason is a complaint; praise and neutral remarks are none.
    """
    source, sentiment = record["src"], record.get("sent")
    if source == "complaints_xci":
        return record["complaint"], False
    if source == "us_airline":
        return (1 if record.get("touch") else 0 if sentiment != "neg" else None), True
    if source in {"shop10", "waimai", "chnsenticorp"} and sentiment is not None:
        return int(sentiment == "neg"), True
    if source == "dimabsa" and sentiment is not None:
        return int(sentiment == "neg"), True
    if source in {"ewect_usual", "ewect_virus", "goemotions"}:
        return (None if _DISPLEASED.intersection(record["emo"]) else 0), True
    return None, True


def _object(line: bytes) -> dict[str, Any]:
    try:
        record = json.loads(line)
    except json.JSONDecodeError as error:
        raise ValueError(f"is not JSON: {error.msg}, column {error.colno}") from error
    except UnicodeDecodeError as error:
        raise ValueError(f"is not UTF-8 at byte {error.start + 1}") from error
    except RecursionError as error:
        raise ValueError("is nested too deeply to be read") from error
    if not isinstance(record, dict):
        raise ValueError("is not a JSON object; each line is one, with a text and its labels")
    return record


def _from_dev(record: Mapping[str, Any], source: str) -> Example:
    text = record.get("text")
    if not isinstance(text, str):
        raise ValueError("has no text")
    emotions, single = _expressed(record)
    sentiment = _sentiment(record)
    derived = record.get("sent_src") == "derived"
    if sentiment is None and record.get("aspects"):
        sentiment, derived = _agreed(record["aspects"]), True
    elif sentiment is None and emotions is not None and len(emotions) == 1:
        sentiment = _SENTIMENT_OF_EMOTION.get(next(iter(emotions)))
        derived = True
    severity = record.get("severity")
    if severity is not None and not (isinstance(severity, int | float) and 0 <= severity <= WORST):
        raise ValueError(f"severity is {_short(severity)}; it lies between 0 and {WORST}")
    return Example(
        text=text,
        language=str(record.get("lang") or "und"),
        source=source,
        sentiment=None if sentiment is None else SENTIMENTS.index(sentiment),
        emotions=emotions,
        single=single,
        complaint=_flag(record, "complaint"),
        severity=None if severity is None else severity / WORST,
        offensive=_flag(record, "offensive"),
        irony=_flag(record, "irony"),
        reason=_REASONS.get(str(record.get("touch"))),
        derived=derived,
    )


def _sentiment(record: Mapping[str, Any]) -> str | None:
    for key in ("sentiment", "sent", "label"):
        name = record.get(key)
        if name is not None:
            sentiment = _POLARITIES.get(str(name).casefold())
            if sentiment is None:
                raise ValueError(f"{key} is {_short(name)}; it is one of {', '.join(_POLARITIES)}")
            return sentiment
    return None


def _agreed(aspects: object) -> str | None:
    """The polarity of all aspects; ``None`` where they differ or have none."""
    if not isinstance(aspects, list):
        raise ValueError(f"aspects is {_short(aspects)}; it is a list of category and polarity")
    pairs = [each for each in aspects if isinstance(each, list) and each]
    polarities = {_POLARITIES.get(str(polarity).casefold()) for *_, polarity in pairs}
    return polarities.pop() if len(polarities) == 1 else None


def _expressed(record: Mapping[str, Any]) -> tuple[frozenset[Emotion] | None, bool]:
    """The emotions that a text expresses, and whether one had to be chosen.

    An empty list says that it is none. A text of which only emotions beyond the six are told is
    like one of which nobody was asked.
    """
    for key in ("emotion", "emotions", "emo"):
        told = record.get(key)
        if told is not None:
            names = [told] if isinstance(told, str) else told
            if not (isinstance(names, list) and all(isinstance(name, str) for name in names)):
                raise ValueError(f"{key} is {_short(told)}; it is a name or a list of names")
            known = _emotions([name.casefold() for name in names])
            emotions = known if names else frozenset({Emotion.NONE})
            return emotions or None, isinstance(told, str) or record.get("src") in _ONE_EACH
    return None, False


def _flag(record: Mapping[str, Any], key: str) -> int | None:
    value = record.get(key)
    if value is None:
        return None
    if value not in (0, 1):
        raise ValueError(f"{key} is {_short(value)}; it is 0 or 1")
    return int(value)


def _short(value: object) -> str:
    """A foreign value as it may stand in a message, without control characters."""
    return textwrap.shorten(ascii(value), 60, placeholder="...")

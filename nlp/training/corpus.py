"""The labelled texts of the training pool and of the dev sets, as the heads need them."""

from __future__ import annotations

import gzip
import json
import random
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import attrs

__all__ = ["SENTIMENTS", "Example", "read_dev", "read_pool", "sample"]

SENTIMENTS = ("neg", "neu", "pos")
"""The labels of the data, in the order of the model's output."""

_SENTIMENT_OF_EMOTION = {
    "joy": "pos",
    "anger": "neg",
    "sadness": "neg",
    "fear": "neg",
    "disgust": "neg",
    "neutral": "neu",
}


@attrs.frozen(kw_only=True)
class Example:
    """A text and what people said of it; ``None`` where nobody was asked.

    ``derived`` marks a sentiment that was inferred from emotions or aspects, ``weak`` a complaint
    that was inferred from sentiment. ``anger`` lies between 0 and 1 where its strength was rated.
    """

    text: str
    language: str
    source: str
    sentiment: int | None = None
    anger: float | None = None
    complaint: int | None = None
    derived: bool = False
    weak: bool = False


def read_pool(path: Path) -> Iterator[Example]:
    """The training pool, a gzipped JSON object a line, in its own order."""
    with gzip.open(path, "rt", encoding="utf-8") as lines:
        for line in lines:
            yield _from_pool(json.loads(line))


def read_dev(path: Path) -> list[Example]:
    """One dev set, a JSON object a line. Sentiment is derived from aspects where all agree."""
    with path.open(encoding="utf-8") as lines:
        return [_from_dev(json.loads(line), path.stem) for line in lines if line.strip()]


def sample(
    examples: Iterable[Example], most: Mapping[str, int], limit: int, seed: int
) -> list[Example]:
    """At most so many of each source, chosen by lot, and ``limit`` in all; shuffled."""
    lot = random.Random(seed)  # noqa: S311 - a repeatable lot, not a secret
    by_source: dict[str, list[Example]] = defaultdict(list)
    for example in examples:
        if example.source in most:
            by_source[example.source].append(example)
    chosen = [
        example
        for source in sorted(by_source)
        for example in lot.sample(by_source[source], min(most[source], len(by_source[source])))
    ]
    lot.shuffle(chosen)
    return chosen[:limit]


def _from_pool(record: Mapping[str, Any]) -> Example:
    source = record["src"]
    sentiment = record.get("sent")
    complaint, weak = _complaint(record)
    return Example(
        text=record["text"],
        language=record["lang"],
        source=source,
        sentiment=None if sentiment is None else SENTIMENTS.index(sentiment),
        anger=_anger(record.get("emo"), record.get("anger_int"), source),
        complaint=complaint,
        derived=record.get("sent_src") == "derived",
        weak=weak,
    )


def _anger(emotions: list[str] | None, strength: float | None, source: str) -> float | None:
    if source == "semeval18_EIreg_anger":
        return strength
    if not emotions:
        return None
    return float("anger" in emotions)


def _complaint(record: Mapping[str, Any]) -> tuple[int | None, bool]:
    """Whether somebody complains, and whether that is only inferred.

    Judged by people in one English source. Elsewhere: a negative review of something bought or a
    tweet to an airline with a reason is a complaint; praise and neutral remarks are none, and
    neither is sadness, fear or a mood without anything bought.
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
        return (0 if "anger" not in record["emo"] else None), True
    return None, True


def _from_dev(record: Mapping[str, Any], source: str) -> Example:
    emotions = record.get("emotions", [record["emotion"]] if "emotion" in record else None)
    sentiment: str | None = record.get("sentiment")
    derived = False
    if sentiment is None and record.get("aspects"):
        polarities = {polarity.casefold()[:3] for _, polarity in record["aspects"]}
        sentiment = polarities.pop() if len(polarities) == 1 else None
        derived = True
    elif sentiment is None and emotions and len(emotions) == 1:
        sentiment = _SENTIMENT_OF_EMOTION.get(emotions[0])
        derived = True
    return Example(
        text=record["text"],
        language=record["lang"],
        source=source,
        sentiment=None if sentiment is None else SENTIMENTS.index(sentiment),
        anger=None if emotions is None else float("anger" in emotions),
        complaint=record.get("complaint"),
        derived=derived,
    )

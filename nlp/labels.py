"""What a foreign model's classes mean, read from their names and never from their order."""

from __future__ import annotations

import re
from collections.abc import Mapping

from nlp.errors import ModelError

__all__ = ["POLARITIES", "polarities"]

POLARITIES = ("negative", "neutral", "positive")

_NAMES = {
    "negative": (
        *("negative", "neg", "very negative", "extremely negative", "slightly negative"),
        *("somewhat negative", "mostly negative", "bad", "1 star", "2 stars", "负面", "消极"),
    ),
    "neutral": ("neutral", "neu", "mixed", "3 stars", "中性", "中立"),
    "positive": (
        *("positive", "pos", "very positive", "extremely positive", "slightly positive"),
        *("somewhat positive", "mostly positive", "good", "4 stars", "5 stars", "正面", "积极"),
    ),
}
_MEANING = {name: polarity for polarity, names in _NAMES.items() for name in names}
_PREFIX = re.compile(r"^(?:label|class|sentiment)[ _:-]+(?=[^\d\s])")


def polarities(
    names: Mapping[int, str], labels: Mapping[str, str] | None, model: str
) -> tuple[int, ...]:
    """For each class of a model, in its order, the place of its polarity in ``POLARITIES``.

    Args:
        names: the model's own ``id2label``.
        labels: the reader's ``nlp.labels``, a polarity by class name; it decides where it is given.
        model: the model's name, for the message.

    Raises:
        ModelError: a name is unknown, or nothing is negative or nothing positive.

    >>> polarities({0: "NEG", 1: "NEU", 2: "POS"}, None, "some/model")
    (0, 1, 2)
    >>> polarities({0: "5 stars", 1: "1 star"}, None, "some/model")
    (2, 0)
    """
    own = [names[number] for number in sorted(names)]
    given = {name.casefold(): polarity.casefold() for name, polarity in (labels or {}).items()}
    wrong = sorted(set(given.values()) - set(POLARITIES))
    if wrong:
        raise ModelError(
            f"nlp.labels maps to {_listed(wrong)}; each value is one of {_listed(POLARITIES)}"
        )
    strange = sorted(set(given) - {name.casefold() for name in own})
    if strange:
        raise ModelError(
            f"nlp.labels names {_listed(strange)}, which {model} does not have;"
            f" its labels are {_listed(own)}"
        )
    found = [given.get(name.casefold()) or _MEANING.get(_plain(name)) for name in own]
    missing = {"negative", "positive"} - set(found)
    if None in found or missing:
        raise ModelError(
            f"the labels of {model} are {_listed(own)}: which of them mean negative, neutral and"
            " positive cannot be told. Write it under nlp.labels in the configuration, for example"
            f" nlp: {{labels: {{{own[0]!r}: negative, {own[-1]!r}: positive}}}}"
        )
    return tuple(POLARITIES.index(polarity) for polarity in found if polarity)


def _plain(name: str) -> str:
    spaced = re.sub(r"[\s_-]+", " ", _PREFIX.sub("", name.strip().casefold())).strip()
    return re.sub(r"^([1-5]) ?stars?$", lambda m: f"{m[1]} star{'s' * (m[1] != '1')}", spaced)


def _listed(names: tuple[str, ...] | list[str]) -> str:
    return ", ".join(repr(name) for name in names)

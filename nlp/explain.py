"""Which words of a text made a model say what it says of it, found by leaving each one out.

This is occlusion (Zeiler & Fergus 2014, Visualizing and Understanding Convolutional Networks): the
text is judged as it is, and again without each of its words. In a text of more than sixty words
each clause is left out first, then each word of the clauses that weigh most.

A word's weight is by how much its absence lowers the odds of a label, told as what that would do to
an even chance: +.20 turns .50 into .70, -.20 into .30. For a probability near .50 that is the fall
itself; one that is nearly certain hardly falls for any word, while its odds do.

Weights show what the model relies on, one word at a time. They cannot show how words work together:
where two say the same thing, each weighs little, because the other is still there; "not" and "good"
both get what only the two of them say; and weights do not add up. What is left without a word need
not be what anybody would write, and why the model has learned to rely on a word is not told at all.

>>> text = "@delta_help 行李費太貴了!! don't <b>bother</b> 😡😡 http://example.org/x"
>>> [text[start:end] for start, end in words_in(text)]
['@delta_help', '行李', '費', '太貴', '了', '!!', "don't", 'bother', '😡😡', 'http://example.org/x']
"""

from __future__ import annotations

import math
import re
import unicodedata
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import attrs
import rjieba

from monitor.domain import Assessment, Span
from nlp.text import LONGEST, has_han, to_simplified

if TYPE_CHECKING:
    from nlp.scoring import Scorer

__all__ = ["Explanation", "Piece", "explain", "probabilities", "without", "words_in"]

_FEW_WORDS = 60
_MOST_CLAUSES = 40
_CLAUSE_WORDS = 12
_NOTICEABLE = 0.02
_NO_MORE_CERTAIN = 1e-5

_WHOLE = re.compile(
    r"(?P<tag><(?:/?[A-Za-z]|!--)[^<>]{0,200}>)"
    r"|(?:https?://|www\.)[!-~]+"
    r"|@(?:[A-Za-z0-9_][A-Za-z0-9_.-]*|[^\s@:：，。,!！?？]{1,20}(?=[\s:：]|$))"
    r"|[#＃]\w+[#＃]?"
    r"|&#?\w{1,10};",
    re.IGNORECASE,
)
"""What counts as one word whatever it is made of; a tag is none."""
_RUN = re.compile(
    r"(?P<han>h+)|W+|e(?:j*e)*j*|(?P<marks>[m.,:'-]+)"
    r"|[wd][wdj]*(?:['-][wd][wdj]*|(?<=d)[.,:]d[wdj]*)*"
)
"""A word, or a run of Chinese, in what ``_kind`` makes of each character."""
_BREAK = re.compile(r"[.!?;,\n。！？；，、…]")
_SPEAKING = re.compile(r"[!?~！？～…]|\.\.|。。|[:;=]'?-?[()\[\]/|\\]")
"""Marks by which somebody raises the voice, falls silent or makes a face."""
_ASIDE = frozenset(".,:-")


@attrs.frozen(kw_only=True)
class Piece:
    """A word of a text, or a clause that was left out as a whole.

    ``weights`` tells how it tips each label, between -.5 and .5; above 0 it speaks for it.
    """

    span: Span
    weights: Mapping[str, float]


@attrs.frozen(kw_only=True)
class Explanation:
    """What a model says of a text, and what each piece of it adds.

    ``text`` is as much as was read; spans are places in it. There are no pieces where the model
    abstains. The labels of a weight are those of ``probabilities``.
    """

    text: str
    assessment: Assessment
    pieces: tuple[Piece, ...]

    def supporting(self, label: str) -> list[Piece]:
        """The pieces that make ``label`` noticeably likelier, the strongest first."""
        return self._beyond(label, 1)

    def opposing(self, label: str) -> list[Piece]:
        """The pieces that make ``label`` noticeably less likely, the strongest first."""
        return self._beyond(label, -1)

    def words(self, piece: Piece) -> str:
        """The piece as it stands in the text."""
        return self.text[slice(*piece.span)]

    def _beyond(self, label: str, sign: int) -> list[Piece]:
        found = [one for one in self.pieces if sign * one.weights.get(label, 0.0) >= _NOTICEABLE]
        return sorted(found, key=lambda one: -abs(one.weights[label]))


def explain(text: str, scorer: Scorer, hint: str | None = None) -> Explanation:
    """Judge a text with and without its words; ``hint`` is the platform's language tag.

    A hundred variants are judged at most, in one call for a short text and in two for a long one.
    """
    read = text[:LONGEST]
    [whole] = scorer.score([read], [hint])
    found: Sequence[Piece] = ()
    if not whole.abstained:
        found = _weighed(read, words_in(read), scorer, whole)
    return Explanation(text=read, assessment=whole, pieces=tuple(found))


def probabilities(assessment: Assessment) -> dict[str, float]:
    """Every share and probability that an assessment holds, by its plain name."""
    said: dict[str, float | None] = {
        "negative": assessment.negative,
        "neutral": assessment.neutral,
        "positive": assessment.positive,
        **{emotion.value: share for emotion, share in assessment.emotions.items()},
        "arousal": assessment.arousal,
        "complaint": assessment.complaint,
        "severity": assessment.severity,
        "offensive": assessment.offensive,
        "irony": assessment.irony,
    }
    return {label: share for label, share in said.items() if share is not None}


def without(text: str, span: Span) -> str:
    """The text with a span left out; words that stood beside it do not grow together.

    >>> without("so😡bad", (2, 3)), without("真的太差", (1, 2))
    ('so bad', '真太差')
    """
    before, after = text[: span[0]], text[span[1] :]
    meeting = before[-1:] + after[:1]
    grown = len(meeting) == 2 and meeting.isalnum() and not has_han(meeting)
    return f"{before} {after}" if grown else before + after


def words_in(text: str) -> list[Span]:
    """Where the words of a text stand: Chinese is segmented; emoji, ``?!`` and ``:(`` are words.

    A link, a handle and a hashtag are one word each; commas, stops and brackets are none.
    Other languages that are written without spaces are not segmented.
    """
    shape = list(map(_kind, text))
    for found in _WHOLE.finditer(text):
        blank = found["tag"] is not None
        shape[found.start() : found.end()] = (" " if blank else "W") * len(found[0])
    spans: list[Span] = []
    for found in _RUN.finditer("".join(shape)):
        start, end = found.span()
        if found["han"]:
            spans += _segmented(text[start:end], start)
        elif not found["marks"] or _SPEAKING.search(text, start, end):
            spans.append((start, end))
    return spans


def _kind(character: str) -> str:
    """Space, Chinese (h), letter (w), digit (d), emoji (e), joined to what it follows (j), mark."""
    if character in _ASIDE:
        return character
    if character in "'’":
        return "'"
    if character.isspace():
        return " "
    if has_han(character):
        return "h"
    category = unicodedata.category(character)
    if category[0] == "L" or category == "Sc":
        return "w"
    if category[0] == "N":
        return "d"
    if category == "So":
        return "e"
    joined = category[0] in "MC" or (category == "Sk" and not character.isascii())
    return "j" if joined else "m"


def _segmented(run: str, start: int) -> list[Span]:
    """The words of a run of Chinese characters that begins at ``start``."""
    spans = []
    for word in rjieba.cut(to_simplified(run)):
        spans.append((start, start + len(word)))
        start += len(word)
    return spans


def _weighed(text: str, words: list[Span], scorer: Scorer, whole: Assessment) -> list[Piece]:
    if len(words) <= _FEW_WORDS:
        return _pieces(text, words, scorer, whole)
    clauses = _clauses(text, words)
    pieces = _pieces(text, [(one[0][0], one[-1][1]) for one in clauses], scorer, whole)
    left = _FEW_WORDS
    opened = []
    for place in sorted(range(len(clauses)), key=lambda place: -_strength(pieces[place])):
        if 1 < len(clauses[place]) <= left:
            opened.append(place)
            left -= len(clauses[place])
    closed = [piece for place, piece in enumerate(pieces) if place not in opened]
    inside = [word for place in opened for word in clauses[place]]
    return sorted(closed + _pieces(text, inside, scorer, whole), key=lambda piece: piece.span)


def _pieces(text: str, spans: Sequence[Span], scorer: Scorer, whole: Assessment) -> list[Piece]:
    if not spans:
        return []
    # The language is that of the whole: what is left of a short text may look like another.
    said = scorer.score([without(text, span) for span in spans], [whole.language] * len(spans))
    return [
        Piece(span=span, weights=_weights(whole, left))
        for span, left in zip(spans, said, strict=True)
    ]


def _weights(whole: Assessment, left: Assessment) -> dict[str, float]:
    """How the word tips each label; nothing can be told where the model now abstains."""
    with_it, without_it = probabilities(whole), probabilities(left)
    if left.abstained:
        return dict.fromkeys(with_it, 0.0)
    return {
        label: _tip(_odds(share) - _odds(without_it[label])) for label, share in with_it.items()
    }


def _odds(probability: float) -> float:
    bounded = min(max(probability, _NO_MORE_CERTAIN), 1 - _NO_MORE_CERTAIN)
    return math.log(bounded / (1 - bounded))


def _tip(odds: float) -> float:
    """What a change of the logarithmic odds adds to an even chance."""
    return math.tanh(odds / 2) / 2


def _strength(piece: Piece) -> float:
    return max(map(abs, piece.weights.values()))


def _clauses(text: str, words: Sequence[Span]) -> list[list[Span]]:
    """The words by clause; clauses are longer where there would be too many."""
    least = math.ceil(len(words) / _MOST_CLAUSES)
    most = max(_CLAUSE_WORDS, 2 * least)
    clauses: list[list[Span]] = []
    begins = True
    for place, word in enumerate(words):
        if begins:
            clauses.append([])
        clauses[-1].append(word)
        follows = words[place + 1][0] if place + 1 < len(words) else len(text)
        ended = _BREAK.search(text, word[1] - 1, follows) is not None
        begins = len(clauses[-1]) >= (least if ended else most)
    return clauses

"""What makes a complaint worse than its matter, found by the phrases that show it.

The phrases are data, written as ``nlp.phrases`` says; those that ship are in
``config/aggravators.yaml``. What is denied, feared, asked for or wished for is not believed:

>>> from pathlib import Path
>>> finder = AggravatorFinder(load_aggravators(Path("config/aggravators.yaml")))
>>> text = "On hold for two hours, then the agent yelled at me"
>>> for one in finder.find(text):
...     print(one.kind, [text[start:end] for start, end in one.spans])
ignored ['On hold for two hours']
rude_staff ['agent yelled at me']
>>> finder.find("Nobody was rude and there were no hidden fees")
()
>>> [one.kind.value for one in finder.find("說好三天到賬，結果一個月了還沒有")]
['broken_promise']
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping
from pathlib import Path
from typing import Any, Self, TypeAlias

import attrs
import yaml

from monitor.domain import Aggravation, Aggravator, Span
from nlp.folding import Folded
from nlp.phrases import Classes, Phrase, PhraseIndex, alternation

__all__ = ["AggravatorFinder", "Lexicon", "Signs", "Spared", "load_aggravators"]

_REACH = 80
"""Characters before and after a phrase in which it can be taken back."""
_SENTENCE = re.compile(r"[.!?]")
_CLAUSE = re.compile(r"[.!?;,]|(?<= )(?:but|because|and|yet)(?= )|但|可是|不过|却")


Told: TypeAlias = Callable[[bytes], Collection[Aggravator]]


def _tells_nothing(_embedding: bytes) -> Collection[Aggravator]:
    return ()


@attrs.frozen(kw_only=True)
class Signs:
    """One aggravator's ``names`` by language, and its ``phrases``.

    A phrase that touches one of ``unless`` is something else: a rude awakening is nobody's manners.
    """

    names: Mapping[str, str]
    phrases: tuple[str, ...]
    unless: tuple[str, ...] = ()


@attrs.frozen(kw_only=True)
class Spared:
    """Phrases that take back what they stand beside.

    ``before`` and ``after`` stand directly before and after it, ``clause`` earlier in its clause
    (``bitter`` overrules it: "if you like being ignored"), ``asked`` earlier in a question.
    """

    before: tuple[str, ...] = ()
    after: tuple[str, ...] = ()
    clause: tuple[str, ...] = ()
    bitter: tuple[str, ...] = ()
    asked: tuple[str, ...] = ()


@attrs.frozen(kw_only=True)
class Lexicon:
    """All that the finder knows: classes of words, and the signs of each aggravator."""

    classes: Classes
    spared: Spared
    signs: Mapping[Aggravator, Signs]


def load_aggravators(path: Path) -> Lexicon:
    """Read a lexicon in the form of ``config/aggravators.yaml``.

    Raises:
        ValueError: the file does not have that form; the message names the file and the place.
    """
    content = yaml.safe_load(path.read_text(encoding="utf-8"))
    try:
        return Lexicon(
            classes={name: _words(words) for name, words in content["classes"].items()},
            spared=Spared(**{name: _words(said) for name, said in content["spared"].items()}),
            signs={Aggravator(kind): _signs(one) for kind, one in content["aggravators"].items()},
        )
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise ValueError(
            f"{path.name} is not a lexicon of aggravators: {error}; compare it with the one shipped"
        ) from error


def _signs(written: Mapping[str, Any]) -> Signs:
    return Signs(
        names=dict(written["names"]),
        phrases=_words(written["phrases"]),
        unless=_words(written.get("unless", ())),
    )


def _words(written: Iterable[object]) -> tuple[str, ...]:
    return tuple(map(str, written))


class AggravatorFinder:
    """Finds aggravators in posts: by phrases, and by what a model makes of the post's embedding.

    ``told`` tells aggravators of an embedding; it sees what no phrase says, and shows no words.

    Raises:
        ValueError: a phrase of the lexicon cannot be read; the message names it.
    """

    def __init__(self, lexicon: Lexicon, told: Told = _tells_nothing) -> None:
        self._told = told
        classes = lexicon.classes
        self._phrases = PhraseIndex(
            ((kind, believed), phrase)
            for kind, signs in lexicon.signs.items()
            for believed, phrases in ((False, signs.unless), (True, signs.phrases))
            for written in phrases
            for phrase in Phrase.parse_all(written, classes)
        )
        self._guard = _Guard.of(lexicon.spared, classes)

    def find(self, text: str, embedding: bytes = b"") -> tuple[Aggravation, ...]:
        """The aggravators that the text shows, with the places that show them.

        One that only the embedding tells has no places.
        """
        told = self._told(embedding)
        folded = Folded.of(text)
        excused: dict[Aggravator, list[Span]] = defaultdict(list)
        shown: dict[Aggravator, list[Span]] = defaultdict(list)
        for (kind, believed), found in self._phrases.find(folded.text):
            span = found.span()
            if not believed:
                excused[kind].append(span)
            elif not (
                _within(span, shown[kind])
                or _touches(span, excused[kind])
                or self._guard.takes_back(folded.text, span)
            ):
                shown[kind].append(span)
        return tuple(
            Aggravation(
                kind=kind, spans=tuple(folded.place(*span) for span in _merged(shown[kind]))
            )
            for kind in Aggravator
            if shown.get(kind) or kind in told
        )


@attrs.frozen(kw_only=True)
class _Guard:
    """Tells whether what was found is denied, feared, wished for or merely asked."""

    before: re.Pattern[str]
    after: re.Pattern[str]
    clause: re.Pattern[str]
    bitter: re.Pattern[str]
    asked: re.Pattern[str]

    @classmethod
    def of(cls, spared: Spared, classes: Classes) -> Self:
        return cls(
            before=re.compile(rf"(?:{alternation(spared.before, classes)}) {{0,3}}$"),
            after=re.compile(rf"[ ,?.]{{0,3}}(?:{alternation(spared.after, classes)})"),
            clause=re.compile(alternation(spared.clause, classes)),
            bitter=re.compile(alternation(spared.bitter, classes)),
            asked=re.compile(alternation(spared.asked, classes)),
        )

    def takes_back(self, text: str, span: Span) -> bool:
        start, end = span
        said_before = text[max(0, start - _REACH) : start]
        sentence = _SENTENCE.split(said_before)[-1]
        clause = _CLAUSE.split(sentence)[-1]
        if self.before.search(clause) or self.after.match(text, end, end + _REACH):
            return True
        if self.clause.search(clause) and not self.bitter.search(clause):
            return True
        finish = _SENTENCE.search(text, end, end + _REACH)
        is_question = finish is not None and finish[0] == "?"
        return is_question and self.asked.search(sentence) is not None


def _within(span: Span, others: Iterable[Span]) -> bool:
    return any(start <= span[0] and span[1] <= end for start, end in others)


def _touches(span: Span, others: Iterable[Span]) -> bool:
    return any(start < span[1] and span[0] < end for start, end in others)


def _merged(spans: Iterable[Span]) -> list[Span]:
    """The spans in order, those that overlap as one."""
    merged: list[Span] = []
    for start, end in sorted(spans):
        if merged and start <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
        else:
            merged.append((start, end))
    return merged

"""What a brand's own public post is to those who complain: an apology, a refund, a mere hand-off.

The phrases are data, written as ``nlp.phrases`` says; those that ship are in
``config/responses.yaml``. A post that only asks to go on elsewhere answers nothing:

>>> from pathlib import Path
>>> replies = ReplyReader(load_replies(Path("config/responses.yaml")))
>>> replies.kind("We apologize to the soldiers. From today on four bags are free.").value
'policy_change'
>>> replies.kind("我们为此深表歉意，已为您全额退款").value
'refund'
>>> print(replies.kind("Hi Ann, sorry to hear this! Please DM us your booking reference. ^KP"))
None
>>> replies.is_content("Thanks, all sorted now"), replies.is_content("Thanks for nothing")
(True, False)
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import attrs
import yaml

from monitor.casework import PromiseKind, ResponseKind
from monitor.domain import Span
from nlp.folding import Folded
from nlp.phrases import Classes, Phrase, PhraseIndex
from nlp.text import has_han

__all__ = ["Bound", "Replies", "ReplyReader", "Said", "load_replies"]

_SENTENCE = re.compile(r"[^.!?]+[.!?]*")
_ENDS = re.compile(r"[.!?;]|(?<= )(?:but|and|then)(?= )")
_SIGNED = re.compile(r"(?:\^[a-z]{1,3}|@[^ ]*|(?<= )[a-z]{2,3}) *$")
_WORD = re.compile(r"[a-z0-9'@]+")
_HAN = re.compile(r"[\u3400-\u4dbf\u4e00-\u9fff]")
_SAYS_WORDS, _SAYS_CHARACTERS = 4, 5
"""A sentence that holds fewer says nothing by itself: a name, a greeting, a sign-off."""
_COURTEOUS = "courtesy"
_KINDS = tuple(PromiseKind)
_DEEDS = (ResponseKind.REFUND, ResponseKind.POLICY_CHANGE)
"""These may be refused, or promised on a condition only."""


@attrs.frozen(kw_only=True)
class Said:
    """``phrases`` by which a thing is said; one that touches an ``unless`` is something else."""

    phrases: tuple[str, ...]
    unless: tuple[str, ...] = ()


@attrs.frozen(kw_only=True)
class Replies:
    """All that the reader knows: classes of words, and how brands and customers say things."""

    classes: Classes
    responses: Mapping[ResponseKind, Said]
    """Where a post shows several kinds, the first of these is what it is."""
    promises: Mapping[PromiseKind, Said]
    denied: tuple[str, ...]
    """Earlier in the clause, these take a promise back: it is refused, or depends on something."""
    courtesy: tuple[str, ...]
    content: Said


@attrs.frozen(kw_only=True)
class Bound:
    """A place where a post binds its brand; ``sentence`` is where the words about it stand."""

    kind: PromiseKind
    span: Span
    sentence: Span
    """A place in the folded text."""


def load_replies(path: Path) -> Replies:
    """Read what replies say, in the form of ``config/responses.yaml``.

    Raises:
        ValueError: the file does not have that form; the message names the file and the place.
    """
    content = yaml.safe_load(path.read_text(encoding="utf-8"))
    try:
        promises = dict(content["promises"])
        denied = _words(promises.pop("denied"))
        return Replies(
            classes={name: _words(words) for name, words in content["classes"].items()},
            responses={
                ResponseKind(kind): _said(one) for kind, one in content["responses"].items()
            },
            promises={
                PromiseKind(kind): Said(phrases=_words(one)) for kind, one in promises.items()
            },
            denied=denied,
            courtesy=_words(content["courtesy"]),
            content=Said(
                phrases=_words(content["thanks"]["content"]),
                unless=_words(content["thanks"]["unless"]),
            ),
        )
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise ValueError(
            f"{path.name} does not tell what replies say: {error}; compare it with the one shipped"
        ) from error


def _said(written: Mapping[str, Any]) -> Said:
    return Said(phrases=_words(written["phrases"]), unless=_words(written.get("unless", ())))


def _words(written: Iterable[object]) -> tuple[str, ...]:
    return tuple(map(str, written))


class ReplyReader:
    """Reads what brands answer in public, and whether a customer is content with it.

    Raises:
        ValueError: a phrase cannot be read; the message names it.
    """

    def __init__(self, replies: Replies) -> None:
        classes = replies.classes
        self._order = tuple(replies.responses)
        self._responses = _index(replies.responses, classes)
        self._promises = _index(replies.promises, classes)
        self._denied = _index({_COURTEOUS: Said(phrases=replies.denied)}, classes)
        self._courtesy = _index({_COURTEOUS: Said(phrases=replies.courtesy)}, classes)
        self._content = _index({_COURTEOUS: replies.content}, classes)

    def kind(self, text: str) -> ResponseKind | None:
        """What a post of the brand answers; ``None`` where it only hands off, or only greets."""
        folded = Folded.of(text)
        shown = {
            kind
            for kind, span in _found(self._responses, folded.text)
            if kind not in _DEEDS or not self._is_denied(folded.text, span[0])
        }
        for kind in self._order:
            if kind in shown:
                return kind
        return ResponseKind.ANSWER if self._says_something(folded.text) else None

    def bound(self, text: str) -> Iterator[Bound]:
        """The places where a post of the brand binds it, in their order; none within another."""
        folded = Folded.of(text)
        places = [
            (start, _KINDS.index(kind), -end, kind)
            for kind, (start, end) in _found(self._promises, folded.text)
            if kind is PromiseKind.HANDOFF or not self._is_denied(folded.text, start)
        ]
        bound_until = 0
        for start, _, minus_end, kind in sorted(places):
            if start >= bound_until:
                bound_until = -minus_end
                yield Bound(
                    kind=kind,
                    span=folded.place(start, bound_until),
                    sentence=_sentence(folded.text, start, bound_until),
                )

    def is_content(self, text: str) -> bool:
        """Whether a customer says thanks, or that the matter is settled."""
        return any(True for _ in _found(self._content, Folded.of(text).text))

    def _is_denied(self, folded: str, start: int) -> bool:
        """Whether the clause before a place takes back what stands there."""
        clause = max((one.end() for one in _ENDS.finditer(folded, 0, start)), default=0)
        return any(
            clause <= begin and end <= start + 1 for _, (begin, end) in _found(self._denied, folded)
        )

    def _says_something(self, folded: str) -> bool:
        """Whether a sentence is left that neither hands off nor asks nor is a courtesy."""
        idle = [span for _, span in _found(self._courtesy, folded)]
        idle += [
            span for kind, span in _found(self._promises, folded) if kind is PromiseKind.HANDOFF
        ]
        return any(
            _says(sentence[0]) and not sentence[0].endswith("?")
            for sentence in _SENTENCE.finditer(folded)
            if not any(sentence.start() <= start < sentence.end() for start, _ in idle)
        )


def _index(said: Mapping[Any, Said], classes: Classes) -> PhraseIndex[tuple[Any, bool]]:
    return PhraseIndex(
        ((kind, believed), phrase)
        for kind, one in said.items()
        for believed, phrases in ((False, one.unless), (True, one.phrases))
        for written in phrases
        for phrase in Phrase.parse_all(written, classes)
    )


def _found(index: PhraseIndex[tuple[Any, bool]], folded: str) -> Iterator[tuple[Any, Span]]:
    """What the text says and where; without what touches something that it is not."""
    excused: list[tuple[Any, Span]] = []
    shown: list[tuple[Any, Span]] = []
    for (kind, believed), found in index.find(folded):
        (shown if believed else excused).append((kind, found.span()))
    for kind, (start, end) in shown:
        if not any(
            kind == other and begin < end and start < done for other, (begin, done) in excused
        ):
            yield kind, (start, end)


def _sentence(folded: str, start: int, end: int) -> Span:
    begin = max((folded.rfind(mark, 0, start) + 1 for mark in ".!?"), default=0)
    ends = [place for mark in ".!?" if (place := folded.find(mark, end)) >= 0]
    return begin, min(ends, default=len(folded))


def _says(sentence: str) -> bool:
    bare = _SIGNED.sub("", sentence)
    if has_han(bare):
        return len(_HAN.findall(bare)) >= _SAYS_CHARACTERS
    return len([word for word in _WORD.findall(bare) if word[0] != "@"]) >= _SAYS_WORDS

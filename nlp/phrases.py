"""Phrases by which people say a thing, written for people and searched in linear time.

A phrase is words with a space between them. Each may be

- a choice, ``call|ring`` or ``call | ring``, where ``_`` stands for a space: ``call|pick_up``;
- a class of words by its name: ``[nobody]``;
- any ending: ``refus*``;
- a number: ``N``, also ``N_times``;
- left out, where it ends in ``?``: ``me?``;
- a gap: ``~`` is up to three words of the same clause without a negation, ``~~`` anything up to a
  dozen words, across sentences too;
- a slot: ``<winner>`` is filled by a party that was marked in the text.

In a phrase that holds a Chinese character nothing stands between the words, and a gap counts
characters. Texts are searched as ``nlp.folding`` folds them.

>>> classes = {"nobody": ("nobody", "no_one")}
>>> phrase = Phrase.parse("[nobody] ~ answer*|pick*_up", classes)
>>> phrase.pattern.search("no one ever answered the phone")[0]
'no one ever answered'
>>> print(phrase.pattern.search("no one, they answered"))
None
>>> Phrase.parse("态度 ~ 差|恶劣", {}).pattern.search("客服态度真的差")[0]
'态度真的差'
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from operator import add
from typing import Generic, Self, TypeVar

import attrs

from nlp.text import has_han

__all__ = ["BRAND", "RIVAL", "Classes", "Phrase", "PhraseIndex", "alternation"]

BRAND, RIVAL = "\ue000", "\ue001"
"""What marks a party in a text with slots; folding leaves no such character in a text."""

Classes = Mapping[str, Sequence[str]]

_LABEL = TypeVar("_LABEL")
_SPACE = " {1,3}"
_BEGIN, _END = "(?<![a-z0-9'])", "(?![a-z0-9])"
_NEGATION = "not|no|never|none|nothing|nobody|without|hardly|[a-z]{2,6}n'?t|cannot"
_WORD = rf"(?!(?:{_NEGATION})[ ,.;!?])[^ ,.;!?{BRAND}{RIVAL}]{{1,30}}"
_WIDE = "~~"
_GAPS = {"~": f"(?:{_SPACE}{_WORD}){{0,3}}?", _WIDE: ".{0,80}?"}
_HAN_GAPS = {"~": f"[^ ,.;!?不没未{BRAND}{RIVAL}]{{0,6}}?", _WIDE: ".{0,40}?"}
_NUMBER = (
    r"(?:\d[\d.,:]{0,12}\+?|two|three|four|five|six|seven|eight|nine|ten|twelve|twenty|thirty)"
)
_HAN_NUMBER = r"(?:\d[\d.,:]{0,12}|[一二两三四五六七八九十几半数]{1,3})"
_NUMERAL = "N"
_BAR = re.compile(r" *\| *")
_KEY = 4
_KEY_WORD = re.compile(r"[a-z0-9']+")


@attrs.frozen
class Phrase:
    """One phrase, compiled.

    A text that holds it has one key of each of ``needs``, rarest first, among ``keys_of(text)``.
    """

    pattern: re.Pattern[str]
    needs: tuple[frozenset[str], ...]

    @classmethod
    def parse_all(cls, written: str, classes: Classes) -> tuple[Self, ...]:
        """Compile a phrase; a mere choice becomes a phrase a word, which is searched faster."""
        only = _tokens(written)
        words = set(_chosen(only[0], written, classes)) if len(only) == 1 else {written}
        return tuple(cls.parse(one, classes) for one in sorted(words))

    @classmethod
    def parse(cls, written: str, classes: Classes) -> Self:
        """Compile a phrase.

        Raises:
            ValueError: it names an unknown class, or holds nothing that could be searched for.
        """
        choices = [
            frozenset(_chosen(token, written, classes))
            for token in _tokens(written)
            if not (token in _GAPS or token.endswith("?") or token[0] == "<")
        ]
        searchable = [choice for choice in choices if _NUMERAL not in choice]
        if not searchable:
            raise ValueError(f"the phrase {written!r} needs a word that is not optional")
        needs = [frozenset(map(_key, choice)) for choice in searchable]
        needs.sort(key=lambda keys: sum(2.0 ** -len(key) for key in keys))
        return cls(re.compile(source_of(written, classes)), tuple(needs))


def _tokens(written: str) -> list[str]:
    return _BAR.sub("|", written).split()


def source_of(written: str, classes: Classes) -> str:
    """The regular expression of a phrase."""
    tokens = _tokens(written)
    han = any(has_han(one) for token in tokens for one in _chosen(token, written, classes))
    return _han_source(tokens, written, classes) if han else _source(tokens, written, classes)


def alternation(phrases: Iterable[str], classes: Classes) -> str:
    """The regular expression of any of the phrases; nothing matches where there are none."""
    return "|".join(source_of(written, classes) for written in phrases) or "(?!)"


def _source(tokens: Sequence[str], written: str, classes: Classes) -> str:
    parts = []
    space = _BEGIN
    for token in tokens:
        if token in _GAPS:
            parts.append(_GAPS[token])
            space = _BEGIN if token == _WIDE else _SPACE
            continue
        if token[0] == "<":
            part = f"{space}(?P{token}[{BRAND}{RIVAL}])(?: 's)?"
        else:
            choice = "|".join(map(_literal, _longest_first(_chosen(token, written, classes))))
            part = f"{space}(?:{choice})" + ("" if token == _NUMERAL else _END)
        parts.append(f"(?:{part})?" if token.endswith("?") else part)
        space = " {0,3}" if token == _NUMERAL else _SPACE
    return "".join(parts)


def _han_source(tokens: Sequence[str], written: str, classes: Classes) -> str:
    parts = []
    for token in tokens:
        if token in _HAN_GAPS:
            parts.append(_HAN_GAPS[token])
        elif token[0] == "<":
            parts.append(f" ?(?P{token}[{BRAND}{RIVAL}]) ?")
        else:
            chosen = _longest_first(_chosen(token, written, classes))
            choice = "|".join(_HAN_NUMBER if one == _NUMERAL else re.escape(one) for one in chosen)
            parts.append(f"(?:{choice})" + ("?" if token.endswith("?") else ""))
    return "".join(parts)


def _longest_first(chosen: Iterable[str]) -> list[str]:
    return sorted(set(chosen), key=lambda one: (-len(one), one))


def _literal(words: str) -> str:
    said = words.removesuffix("*").split("_")
    stem = _SPACE.join(_NUMBER if one == _NUMERAL else re.escape(one) for one in said)
    stem = stem.replace("'", "'?")
    return stem + "[a-z']{0,12}" if words.endswith("*") else stem


def _chosen(token: str, written: str, classes: Classes) -> Iterator[str]:
    """The words of a choice, with those of the classes that it names."""
    if token in _GAPS or token[0] == "<":
        return
    for one in token.removesuffix("?").split("|"):
        if one.startswith("["):
            name = one[1:-1]
            if name not in classes:
                raise ValueError(
                    f"the phrase {written!r} names the class {one}, which is not there"
                )
            yield from (word.replace(" ", "_") for word in classes[name])
        else:
            yield one
        if one.endswith("*") and len(_key(one)) < _KEY:
            raise ValueError(f"{one!r} in the phrase {written!r} needs {_KEY} letters before the *")


def _key(words: str) -> str:
    if has_han(words):
        return words[:2]
    longest = max(words.removesuffix("*").replace("'", "").split("_"), key=len)
    return longest[:_KEY]


def keys_of(text: str) -> set[str]:
    """The beginnings of its words, and its characters in ones and twos unless it is ASCII."""
    keys = {word[:_KEY] for word in _KEY_WORD.findall(text.replace("'", ""))}
    if not text.isascii():
        keys.update(text)
        keys.update(map(add, text, text[1:]))
    return keys


class PhraseIndex(Generic[_LABEL]):
    """Many labelled phrases, of which a text is searched only for those that it could hold."""

    def __init__(self, phrases: Iterable[tuple[_LABEL, Phrase]]) -> None:
        self._phrases = list(phrases)
        self._by_key: dict[str, list[int]] = defaultdict(list)
        for number, (_, phrase) in enumerate(self._phrases):
            for key in phrase.needs[0]:
                self._by_key[key].append(number)

    def find(self, text: str) -> Iterator[tuple[_LABEL, re.Match[str]]]:
        """Every phrase that the folded text holds, wherever it does, in the order given."""
        keys = keys_of(text)
        likely = {number for key in self._by_key.keys() & keys for number in self._by_key[key]}
        for number in sorted(likely):
            label, phrase = self._phrases[number]
            if not any(need.isdisjoint(keys) for need in phrase.needs[1:]):
                for found in phrase.pattern.finditer(text):
                    yield label, found

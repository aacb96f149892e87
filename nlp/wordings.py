"""Phrases of plain words, and where a text says them.

Endings do not count (``bag`` is ``bags``), nor do numbers and small words such as *the*, *my* and
*was*, 的 and 了; traditional Chinese is read as simplified. A word of a phrase may be a choice,
``lost|missing bag``, where ``_`` stands for a space: ``lost|left_behind``.
"""

from __future__ import annotations

import itertools
import math
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from functools import lru_cache
from typing import Any

import attrs
import snowballstemmer

from nlp.folding import Folded

__all__ = ["Lexicon", "Match", "Word", "plain", "wordings", "words_of"]

_WORD = re.compile(r"@x*|[a-z0-9]+(?:'[a-z]+)?|[\u3400-\u9fff]|[.!?;]|[^\W\d_]+")
_SMALL = frozenset(
    """
    a all am an and any are be been being did do does had has have having he her his i i'm i've in
    is it it's its just me my of our really she so some still that the their them these they this
    those to us very was we were you your yours
    one two three four five six ten
    """.split()  # noqa: SIM905 - a list of one word a line would fill the screen
)
_SMALL_HAN = frozenset("的了把被给我你您他她它们这那就都也又很啊呢吗呀哦弄一二两三四五六几个")
_HAN_SPACE = re.compile(r"(?<=[\u3400-\u9fff]) (?=[\u3400-\u9fff])")
_MOST_WORDINGS = 600


@attrs.frozen
class Word:
    """One word of a text as it compares, and where it stands in the folded text."""

    folded: str
    start: int
    end: int


@attrs.frozen
class Match:
    """A phrase of one owner, from its first word to before ``end``; 0 weighs what counted before.

    ``owner`` is the place of whose phrase it is in the list that the lexicon was made of.
    """

    owner: int
    weight: float
    start: int
    end: int


class Lexicon:
    """The phrases of several owners in one tree of words, so that a text is walked through once.

    A phrase weighs the more the longer it is and the fewer owners share its words.
    """

    def __init__(self, phrases: Sequence[Sequence[str]]) -> None:
        held = [
            (owner, number, wording)
            for owner, own in enumerate(phrases)
            for number, phrase in enumerate(own)
            for wording in wordings(phrase)
        ]
        holders = Counter(word for word, _ in {(word, one[0]) for one in held for word in one[2]})
        most = math.log1p(len(phrases))
        weights = {
            word: _size(word) * math.log1p(len(phrases) / count) / most
            for word, count in holders.items()
        }
        self._root: dict[str, Any] = {}
        for owner, number, wording in held:
            node = self._root
            for word in wording:
                node = node.setdefault(word, {})
            weight = sum(weights[word] for word in wording)
            node.setdefault("", []).append((weight, owner, number))

    def find(self, words: Sequence[Word]) -> Iterator[Match]:
        """Every phrase that is there, the heaviest first.

        Of two that overlap and have the same owner only the first is told; a phrase weighs once.
        """
        found = []
        for start in range(len(words)):
            node, end = self._root, start
            while end < len(words) and words[end].folded in node:
                node = node[words[end].folded]
                end += 1
                found += [(*phrase, start, end) for phrase in node.get("", ())]
        found.sort(key=lambda one: (-one[0], one[3]))
        taken: Counter[int] = Counter()
        counted = set()
        for weight, owner, number, start, end in found:
            place = (1 << end) - (1 << start)
            if taken[owner] & place:
                continue
            taken[owner] |= place
            yield Match(owner, 0.0 if (owner, number) in counted else weight, start, end)
            counted.add((owner, number))


def words_of(folded: str) -> list[Word]:
    """The words of a folded text that count; a sentence ends in a word of its own."""
    return [
        Word(_stem(found[0]), found.start(), found.end())
        for found in _WORD.finditer(folded)
        if _counts(found[0])
    ]


def wordings(phrase: str) -> list[tuple[str, ...]]:
    """The words that count of each way in which a phrase can be said.

    >>> wordings("lost|left_behind my bags")
    [('lost', 'bag'), ('left', 'behind', 'bag')]

    Raises:
        ValueError: nothing is left to search for, or there are too many ways to say it.
    """
    found = [
        tuple(word.folded for word in words_of(Folded.of(said).text)) for said in _said(phrase)
    ]
    if not all(found):
        raise ValueError(
            f"the phrase {phrase!r} holds nothing but small words in one of its wordings;"
            " add a word that tells"
        )
    return list(dict.fromkeys(found))


def plain(phrase: str) -> str:
    """The first of its wordings as people write it; Chinese words stand side by side.

    >>> plain("lost|missing my bag"), plain("行李 丢|不见")
    ('lost my bag', '行李丢')
    """
    return _HAN_SPACE.sub("", _said(phrase)[0])


def _said(phrase: str) -> list[str]:
    choices = [token.replace("_", " ").split("|") for token in phrase.split()]
    if math.prod(map(len, choices)) > _MOST_WORDINGS:
        raise ValueError(f"the phrase {phrase!r} leaves too many choices; write it as several")
    return [" ".join(chosen) for chosen in itertools.product(*choices)]


def _size(word: str) -> float:
    """Two Chinese characters make a word."""
    return 0.5 if "\u3400" <= word[0] <= "\u9fff" else 1.0


def _counts(word: str) -> bool:
    return not (word in _SMALL or word in _SMALL_HAN or word.isdecimal() or word[0] == "@")


_stemmer = snowballstemmer.stemmer("english")


@lru_cache(maxsize=50_000)
def _stem(word: str) -> str:
    return str(_stemmer.stemWord(word.removesuffix("'s")))

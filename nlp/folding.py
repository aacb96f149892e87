"""A text folded so that phrases are found however it was typed, and the way back to the original.

>>> said = Folded.of("客服態度\u200b好差！")
>>> said.text, said.place(2, 6), said.original[2:7]
('客服态度好差!', (2, 7), '態度\u200b好差')
"""

from __future__ import annotations

import re
import unicodedata
from bisect import bisect_right
from functools import cached_property
from itertools import accumulate
from typing import Self

import attrs

from monitor.domain import Span
from nlp.text import LONGEST, to_simplified

__all__ = ["Folded"]

_NOT_SAID = re.compile(r"https?://[^\s<>\"']+|@[a-z0-9_]+", re.ASCII)
_INVISIBLE = frozenset({"Cc", "Cf", "Cs", "Co", "Cn"})
_QUOTES = '"“”„«»「」『』《》*'
_GAPS = str.maketrans(dict.fromkeys("-_/#~|", " "))
"""What separates words, but holds links and handles together."""
_AS_WRITTEN = {
    **dict.fromkeys(_QUOTES, ""),
    **dict.fromkeys("‘’ʼ`´", "'"),
    **dict.fromkeys("\n\r\v\f\x85\u2028\u2029。", "."),
    **dict.fromkeys("、—–", ","),
    "…": ".",
    "&": " and ",
}


class _Folding(dict[int, str]):
    """What each character compares as; a character is worked out when it is first met."""

    def __missing__(self, code: int) -> str:
        character = chr(code)
        category = unicodedata.category(character)
        if character in _AS_WRITTEN:
            folded = _AS_WRITTEN[character]
        elif character.isspace() or category == "So":
            folded = " "
        elif category in _INVISIBLE or category[0] == "M":
            folded = ""
        else:
            plain = unicodedata.normalize("NFKC", character).casefold()
            bare = "".join(
                one
                for one in unicodedata.normalize("NFKD", plain)
                if not unicodedata.combining(one)
            )
            folded = to_simplified(unicodedata.normalize("NFC", bare))
        self[code] = folded
        return folded


_FOLDING = _Folding()


@attrs.frozen(eq=False)
class Folded:
    """A text in one case, width and script, without marks that only decorate.

    Clauses end in ``,`` or ``;``, sentences (and lines) in ``.``, ``!`` or ``?``. A link is blank
    and a handle is one word that means nothing. Only the first ``LONGEST`` characters are read.
    """

    original: str
    text: str

    @classmethod
    def of(cls, original: str) -> Self:
        """The text folded."""
        text = original[:LONGEST].translate(_FOLDING)
        if "@" in text or "://" in text:
            text = _NOT_SAID.sub(_blank, text)
        return cls(original, text.translate(_GAPS))

    def place(self, start: int, end: int) -> Span:
        """Where the span of ``text``, which is not empty, lies in ``original``."""
        return bisect_right(self._ends, start), bisect_right(self._ends, end - 1) + 1

    def folded_place(self, span: Span) -> Span:
        """Where a span of ``original`` lies in ``text``; empty where it is not read."""
        ends = [0, *self._ends]
        last = len(ends) - 1
        return ends[min(span[0], last)], ends[min(span[1], last)]

    @cached_property
    def _ends(self) -> list[int]:
        """How much of ``text`` each character of ``original`` and those before it make."""
        read = self.original[:LONGEST]
        return list(accumulate(len(_FOLDING[ord(character)]) for character in read))


def _blank(found: re.Match[str]) -> str:
    said = found[0]
    return "@" + "x" * (len(said) - 1) if said[0] == "@" else " " * len(said)

"""Boolean queries over posts in any script, and the terms that they and brands are made of.

``AND``, ``OR`` and ``NOT`` are written in capitals; a bare space means AND; ``NOT`` binds closest
and ``OR`` least. A phrase stands in quotes, parentheses group, and ``*`` at the end of a word
stands for any ending. Traditional and simplified Chinese, full and half width, upper and lower case
are the same.

>>> query = parse('("lost bag*" OR 行李) NOT advert')
>>> query.matches(PreparedText("They lost bags again"))
True
>>> query.matches(PreparedText("我的行李不見了"))
True
>>> parse("delayed OR")
Traceback (most recent call last):
    ...
monitor.incidents.query.QuerySyntaxError: expected a word, a "phrase" or ( after OR
  delayed OR
            ^
"""

from __future__ import annotations

import re
import unicodedata
from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator
from functools import cached_property
from itertools import accumulate
from typing import Protocol

import attrs
import opencc

from monitor.domain import Span

__all__ = ["PreparedText", "Query", "QuerySyntaxError", "Term", "fold", "parse"]

_UNSPACED = (
    "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff"
    "\U00020000-\U0003ffff"
)
"""Scripts that put no spaces between words: Thai, Lao, Burmese, Khmer, Kana and Han."""
_SPACED = rf"[^\W{_UNSPACED}]"
"""A letter, digit or underscore of a script that does."""
_IGNORED_CATEGORIES = frozenset({"Cc", "Cf", "Cs"})
_MODIFIERS = re.compile("[\u0300-\u036f\ufe00-\ufe0f\U000e0100-\U000e01ef]")
"""Accents, and selectors of a character's looks."""


class _Folding(dict[int, str]):
    """What each character compares as; a character is worked out when it is first met."""

    @cached_property
    def _simplified(self) -> opencc.OpenCC:
        return opencc.OpenCC("t2s")

    def __missing__(self, code: int) -> str:
        character = chr(code)
        if character.isspace():
            folded = " "
        elif unicodedata.category(character) in _IGNORED_CATEGORIES:
            folded = ""
        else:
            plain = unicodedata.normalize("NFKC", character).casefold()
            bare = _MODIFIERS.sub("", unicodedata.normalize("NFD", plain)).replace("\u2019", "'")
            folded = self._simplified.convert(unicodedata.normalize("NFC", bare))
        self[code] = folded
        return folded


_FOLDING = _Folding()


def fold(text: str) -> str:
    """The text as it compares: full width as half, one case, no accents, simplified Chinese.

    >>> fold("ＤＥＬＴＡ Café 達\u200b美")
    'delta cafe 达美'
    """
    return text.translate(_FOLDING)


@attrs.frozen(eq=False)
class PreparedText:
    """A text ready to be searched; what is found in ``folded`` points back into ``original``."""

    original: str
    folded: str = attrs.field(init=False, repr=False)

    def __attrs_post_init__(self) -> None:
        object.__setattr__(self, "folded", fold(self.original))

    def places(self, found: list[Span]) -> list[Span]:
        """Where spans of ``folded`` lie in ``original``.

        >>> text = PreparedText("坐達\u200b美航空")
        >>> text.places([(1, 3)]), text.original[1:4]
        ([(1, 4)], '達\u200b美')
        """
        if not found or (self.original.isascii() and len(self.folded) == len(self.original)):
            return found
        return [self._place(start, end) for start, end in found]

    def _place(self, start: int, end: int) -> Span:
        first, last = bisect_right(self._ends, start), bisect_right(self._ends, end - 1)
        after = last + 1
        while after < len(self.original) and unicodedata.combining(self.original[after]):
            after += 1
        return first, after

    @cached_property
    def _ends(self) -> list[int]:
        """How much of ``folded`` each character of ``original`` and those before it make."""
        return list(accumulate(len(_FOLDING[ord(character)]) for character in self.original))


_SPACES = " {1,4}"


@attrs.frozen(eq=False)
class Term:
    """One word, phrase, handle (``@name``) or hashtag, compiled so that it is found in linear time.

    A word of a spaced script is found as a whole word, also beside Chinese; Chinese is found
    wherever it stands. A phrase is also found as a hashtag, with its spaces squeezed out and, where
    the hashtag is written in capitals like ``#DeltaFail``, as its beginning.
    """

    text: str
    prefix: bool = False
    """Whether any ending of the last word will do."""
    anchor: str = attrs.field(init=False, repr=False)
    """What every text that holds it holds, as it is folded."""
    _pattern: re.Pattern[str] = attrs.field(init=False, repr=False)
    _hashtag: re.Pattern[str] | None = attrs.field(init=False, repr=False)

    def __attrs_post_init__(self) -> None:
        words = fold(self.text).split()
        if all(unicodedata.category(character)[0] == "P" for character in "".join(words)):
            raise ValueError(f"{self.text!r} holds nothing to search for")
        ending = _ending(words[-1], handle=words[0].startswith("@")) if not self.prefix else ""
        # The left border is looked at after the first word: the search then runs on plain letters.
        pattern = re.escape(words[0]) + _beginning(words[0])
        pattern += "".join(_SPACES + re.escape(word) for word in words[1:]) + ending
        squeezed = "#" + "".join(words)
        taggable = words[0][0] not in "@#" and squeezed[1:].isalnum()
        for name, value in (
            ("anchor", words[0]),
            ("_pattern", re.compile(pattern)),
            ("_hashtag", re.compile(re.escape(squeezed)) if taggable else None),
        ):
            object.__setattr__(self, name, value)

    def within(self, text: PreparedText) -> bool:
        """Whether the text holds it."""
        return next(self.spans(text), None) is not None

    def spans(self, text: PreparedText) -> Iterator[Span]:
        """Where it stands in ``text.folded``."""
        if self.anchor not in text.folded:
            return
        for match in self._pattern.finditer(text.folded):
            yield match.span()
        if self._hashtag is not None and "#" in text.folded:
            for match in self._hashtag.finditer(text.folded):
                if self.prefix or _tag_part_ends(text, match.end()):
                    yield match.start() + 1, match.end()


def _beginning(word: str) -> str:
    """That no longer word ends here; a handle is not one inside an address."""
    if word[0] == "@" or re.match(_SPACED, word):
        return rf"(?<!{_SPACED}{re.escape(word)})"
    return ""


def _ending(word: str, *, handle: bool) -> str:
    """That no longer word begins here; a handle does not go on with a domain either."""
    if handle:
        return (
            r"(?!\w|[.@]\w)"
            if re.search(f"[{_UNSPACED}]$", word)
            else rf"(?!{_SPACED}|[.@]{_SPACED})"
        )
    return rf"(?!{_SPACED})" if re.search(f"{_SPACED}$", word) else ""


def _tag_part_ends(text: PreparedText, end: int) -> bool:
    """Whether a hashtag, or one of the capitalised words that it is made of, ends here."""
    if end == len(text.folded) or not re.match(_SPACED, text.folded[end]):
        return True
    ((before, after),) = text.places([(end - 1, end + 1)])
    last, following = text.original[before], text.original[after - 1]
    return following.isupper() and not last.isupper()


class Node(Protocol):
    """A part of a query."""

    def matches(self, text: PreparedText) -> bool:
        """Whether the text satisfies it."""

    def terms(self) -> Iterator[Term]:
        """The terms whose presence satisfies it."""


@attrs.frozen
class _Has:
    term: Term

    def matches(self, text: PreparedText) -> bool:
        return self.term.within(text)

    def terms(self) -> Iterator[Term]:
        yield self.term


@attrs.frozen
class _Not:
    part: Node

    def matches(self, text: PreparedText) -> bool:
        return not self.part.matches(text)

    def terms(self) -> Iterator[Term]:
        return iter(())


@attrs.frozen
class _Group:
    combine: Callable[[Iterable[bool]], bool]
    parts: tuple[Node, ...]

    def matches(self, text: PreparedText) -> bool:
        return self.combine(part.matches(text) for part in self.parts)

    def terms(self) -> Iterator[Term]:
        return (term for part in self.parts for term in part.terms())


@attrs.frozen
class Query:
    """A parsed query."""

    source: str
    root: Node = attrs.field(repr=False, eq=False)

    def matches(self, text: PreparedText) -> bool:
        """Whether the text satisfies the query."""
        return self.root.matches(text)

    def spans(self, text: PreparedText) -> tuple[Span, ...]:
        """Where in the original text its words stand; nothing where it does not match."""
        if not self.matches(text):
            return ()
        found = {span for term in self.root.terms() for span in term.spans(text)}
        return merged(text.places(sorted(found)))


def merged(spans: list[Span]) -> tuple[Span, ...]:
    """Spans in order, those that overlap as one.

    >>> merged([(0, 5), (3, 8), (10, 12)])
    ((0, 8), (10, 12))
    """
    joined: list[Span] = []
    for start, end in sorted(spans):
        if joined and start < joined[-1][1]:
            joined[-1] = (joined[-1][0], max(end, joined[-1][1]))
        else:
            joined.append((start, end))
    return tuple(joined)


class QuerySyntaxError(ValueError):
    """A query that cannot be read: what was expected, and a caret under the place."""

    def __init__(self, expected: str, source: str, position: int) -> None:
        self.expected, self.position = expected, position
        shown = "".join(character if character.isprintable() else " " for character in source)
        columns = sum(
            2 if unicodedata.east_asian_width(character) in "WF" else 1
            for character in shown[:position]
        )
        super().__init__(f"{expected}\n  {shown}\n  {' ' * columns}^")


_QUOTES = {'"': '"', "“": "”", "「": "」", "«": "»", "＂": "＂"}
_OPEN, _CLOSE = "(（", ")）"
_MARKS = re.escape("".join((*_QUOTES, _OPEN, _CLOSE)))
_TOKEN = re.compile(rf"\s*(?P<token>[{_MARKS}]|[^\s{_MARKS}]+)")
_DEEPEST = 50
_OPERAND = 'a word, a "phrase" or ('


@attrs.frozen
class _Token:
    kind: str
    text: str
    position: int
    prefix: bool = False


def parse(text: str) -> Query:
    """Read a query; ``QuerySyntaxError`` says what was expected where."""
    return Query(text, _Parser(text).whole())


class _Parser:
    """Recursive descent over the tokens: ``any := all (OR all)*``, ``all := one ((AND)? one)*``."""

    def __init__(self, source: str) -> None:
        self.source = source
        self.tokens = list(_tokens(source))
        self.at = 0
        self.depth = 0

    def whole(self) -> Node:
        node = self._any()
        if self._peek().kind == ")":
            raise self._error('this ")" closes nothing; expected the end of the query')
        return node

    def _any(self) -> Node:
        parts = [self._all()]
        while self._peek().kind == "OR":
            self.at += 1
            parts.append(self._all())
        return parts[0] if len(parts) == 1 else _Group(any, tuple(parts))

    def _all(self) -> Node:
        parts = [self._one()]
        while (kind := self._peek().kind) in ("AND", "NOT", "(", "term"):
            self.at += kind == "AND"
            parts.append(self._one())
        return parts[0] if len(parts) == 1 else _Group(all, tuple(parts))

    def _one(self) -> Node:
        token = self._peek()
        self.depth += 1
        if self.depth > _DEEPEST:
            raise self._error(f"a query nests at most {_DEEPEST} deep")
        if token.kind == "NOT":
            self.at += 1
            node: Node = _Not(self._one())
        elif token.kind == "(":
            self.at += 1
            node = self._any()
            if self._peek().kind != ")":
                raise self._error(f'expected ")" for the "(" at character {token.position + 1}')
            self.at += 1
        elif token.kind == "term":
            node = self._term(token)
        else:
            after = f" after {self.tokens[self.at - 1].text}" if self.at else ""
            raise self._error(f"expected {_OPERAND}{after}")
        self.depth -= 1
        return node

    def _term(self, token: _Token) -> Node:
        try:
            term = Term(token.text, token.prefix)
        except ValueError as error:
            raise self._error(f"{error}; expected {_OPERAND}") from error
        self.at += 1
        return _Has(term)

    def _peek(self) -> _Token:
        if self.at < len(self.tokens):
            return self.tokens[self.at]
        return _Token("end", "", len(self.source))

    def _error(self, expected: str) -> QuerySyntaxError:
        return QuerySyntaxError(expected, self.source, self._peek().position)


def _tokens(source: str) -> Iterator[_Token]:
    at = 0
    while match := _TOKEN.match(source, at):
        start, at = match.start("token"), match.end()
        token = match["token"]
        if token in _OPEN or token in _CLOSE:
            yield _Token("(" if token in _OPEN else ")", token, start)
        elif token in _QUOTES:
            at = source.find(_QUOTES[token], at) + 1
            if not at:
                raise QuerySyntaxError(f"expected a closing {_QUOTES[token]}", source, start)
            yield _term_token(source, start, source[start + 1 : at - 1], start + 1)
        elif token in ("AND", "OR", "NOT"):
            yield _Token(token, token, start)
        else:
            yield _term_token(source, start, token, start)


def _term_token(source: str, position: int, text: str, start: int) -> _Token:
    star = text.find("*")
    if 0 <= star < len(text) - 1 or text == "*":
        raise QuerySyntaxError("a * may only end a word", source, start + star)
    return _Token("term", text.removesuffix("*"), position, prefix=star >= 0)

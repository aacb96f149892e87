"""The words of a post that can tell one story from another, in English, Chinese and beyond.

Handles, links and stop words are left out; traditional characters count as their simplified
counterparts; Chinese is segmented. The same words serve grouping and titles.

>>> words("@Delta charged us $200 for the 4th bag!! https://t.co/x")
['charg', '200', '4th', 'bag']
>>> words("達美航空行李收費太離譜")
['达美', '航空', '行李', '收费', '离谱']
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from functools import cache, lru_cache
from importlib import resources

import attrs
import opencc
import rjieba
import snowballstemmer

__all__ = ["Token", "links", "names_pattern", "tokens", "words"]

_LINK = re.compile(r"https?://[^\s<>\"'）)]+", re.IGNORECASE)
_HANDLE = re.compile(r"(?<![\w@])@[\w.@-]+")
_TOKEN = re.compile(r"[\u3400-\u9fff]+|[^\W_]+(?:['’][^\W_]+)*|[^\w\s]")
_HAN = re.compile(r"[\u3400-\u9fff]")
_LIMIT = 8_000
"""Characters of a post that are read: nobody tells a story in more."""
_SHORTENERS = ("t.co/", "bit.ly/", "tinyurl.com/", "t.cn/", "ow.ly/", "goo.gl/", "youtu.be/")
"""Hosts whose addresses are short because they name one thing each: their path is kept whole."""


@attrs.frozen
class Token:
    """One word or mark of a text: as it was written, and folded so that it compares."""

    surface: str
    folded: str
    telling: bool
    """Whether it helps to tell stories apart: no stop word, no mark, no single letter."""
    spaced: bool = False
    """Whether white space stands before it."""


@cache
def _simplified() -> opencc.OpenCC:
    return opencc.OpenCC("t2s")


@cache
def _stemmer() -> snowballstemmer.stemmer:
    return snowballstemmer.stemmer("english")


@lru_cache(maxsize=50_000)
def _stem(word: str) -> str:
    """Bag and bags, charged and charging are one word; most of what is not English stays."""
    return str(_stemmer().stemWord(word))


@cache
def _stop_words() -> frozenset[str]:
    listed = resources.files(__package__).joinpath("stop_words.txt").read_text(encoding="utf-8")
    return frozenset(
        word for line in listed.splitlines() if not line.startswith("#") for word in line.split()
    )


def names_pattern(names: Iterable[str]) -> re.Pattern[str] | None:
    """What finds a brand's own names in a text: they are in every post and tell nothing."""
    spelled = {form for name in names for form in (name, _simplified().convert(name)) if form}
    if not spelled:
        return None
    longest_first = sorted(spelled, key=lambda name: (-len(name), name))
    return re.compile("|".join(map(_as_a_word, longest_first)), re.IGNORECASE)


def _as_a_word(name: str) -> str:
    """Chinese is written without gaps; elsewhere a name inside a longer word is another word."""
    begins = "" if _HAN.match(name[0]) else r"(?<![^\W_\u3400-\u9fff])"
    ends = "" if _HAN.match(name[-1]) else r"(?![^\W_\u3400-\u9fff])"
    return f"{begins}{re.escape(name)}{ends}"


def tokens(text: str, without: re.Pattern[str] | None = None) -> list[Token]:
    """The words and marks of ``text`` in order, without links, handles and ``without``.

    What was taken out leaves a mark, so that no phrase reaches across it.
    """
    plain = _visible(unicodedata.normalize("NFKC", text[:_LIMIT]))
    plain = _HANDLE.sub(" | ", _LINK.sub(" | ", plain))
    if without is not None:
        plain = without.sub(" | ", plain)
    found = []
    for match in _TOKEN.finditer(plain):
        run = match[0]
        if _HAN.match(run):
            found.extend(_segmented(run))
        else:
            folded = run.casefold().replace("’", "'").removesuffix("'s")
            telling = len(folded) > 1 and folded not in _stop_words()
            spaced = plain[match.start() - 1 : match.start()].isspace()
            found.append(Token(run, _stem(folded), telling, spaced))
    return found


def _visible(text: str) -> str:
    """Without what steers a display or hides in a word; what separates words separates them."""
    if text.isascii() and text.isprintable():
        return text
    return "".join(
        " " if character.isspace() else character
        for character in text
        if character.isspace() or unicodedata.category(character)[0] != "C"
    )


def _segmented(run: str) -> list[Token]:
    """Chinese is segmented as simplified, and shown as it was written."""
    simplified = _simplified().convert(run)
    found, start = [], 0
    for word in rjieba.cut(simplified):
        surface = run[start : start + len(word)] if len(run) == len(simplified) else word
        start += len(word)
        found.append(Token(surface, word, len(word) > 1 and word not in _stop_words()))
    return found


def words(text: str, without: re.Pattern[str] | None = None) -> list[str]:
    """The telling words of ``text`` in order, folded so that they compare.

    Numbers are kept (a price is often the story), single letters and characters are not.
    """
    return [token.folded for token in tokens(text, without) if token.telling]


def links(text: str) -> frozenset[str]:
    """The addresses in ``text`` without scheme, query and fragment, so that reposts compare."""
    found = set()
    for match in _LINK.finditer(text):
        address = match[0].split("://", 1)[1].rstrip(".,!?;:…，。！？")
        if not address.lower().startswith(_SHORTENERS):
            address = re.split(r"[?#]", address, maxsplit=1)[0]
        host, _, path = address.partition("/")
        if path:
            found.add(f"{host.lower().removeprefix('www.')}/{path.rstrip('/')}")
    return frozenset(found)

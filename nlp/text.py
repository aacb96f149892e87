"""One place where a post's text is made ready for the model, in training and in use alike.

>>> normalise("@delta_help charged me  $200 &amp; nobody answers!!!!!! https://t.co/x")
'@user charged me $200 & nobody answers!!! http'
>>> normalise("#WorstAirlineEver 🤮")
'# Worst Airline Ever face with open mouth vomiting'
>>> normalise("行李費太貴了，簡直搶劫")
'行李费太贵了，简直抢劫'
"""

from __future__ import annotations

import html
import re
import unicodedata
from functools import cache

from opencc import OpenCC

__all__ = ["LONGEST", "has_han", "has_kana", "normalise", "to_simplified"]

LONGEST = 2_000
"""Characters of a text that are read. The model sees 256 pieces, about half of this."""

_URL = re.compile(r"(?:https?://|www\.)[^\s<>\"'，。！？、）】]+", re.IGNORECASE)
_EMAIL = re.compile(r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+")
_HANDLE = re.compile(r"@[A-Za-z0-9_][\w.-]*(?<![.-])", re.ASCII)
_HAN_HANDLE = re.compile(r"@[^\s@:：，。,!！?？]{1,20}(?=[\s:：]|$)")
_TAG = re.compile(r"<(?:/?[A-Za-z][^<>]{0,200}|!--[^<>]{0,200})>")
_HASHTAG = re.compile(r"(?<![\w/&])[#＃](\w+)[#＃]?")
_HUMP = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|_")
_REPEATED = re.compile(r"(\S)\1{3,}")
_SPACE = re.compile(r"\s+")
_HAN = re.compile(r"[\u3400-\u4dbf\u4e00-\u9fff\U00020000-\U0002fa1f]")
_KANA = re.compile(r"[\u3041-\u3096\u30a1-\u30fa]")
_DROPPED_CATEGORIES = frozenset({"Cc", "Cf", "Cs", "Co", "Cn"})
_NEW_EMOJI = re.compile("[\U0001f4a9\U0001f595\U0001f90c-\U0001f9ff\U0001fa70-\U0001faff]")
_SKIN_TONES = frozenset(chr(code) for code in range(0x1F3FB, 0x1F400))
_VARIATION_SELECTORS = frozenset(chr(code) for code in range(0xFE00, 0xFE10))


def normalise(text: str) -> str:
    """The text as the model reads it.

    Handles become ``@user`` and links ``http``, as in the tweets that the model learned from. HTML
    entities are read, tags dropped; control, invisible and unassigned characters go, emoji lose
    their skin tone and variant, those younger than the base model's vocabulary become their names,
    a hashtag becomes its words, a character repeated more than three times stays three times.
    Traditional Chinese becomes simplified; Japanese keeps its own characters.
    """
    text = html.unescape(text[:LONGEST])
    text = "".join(map(_visible, text))
    text = _TAG.sub(" ", text)
    text = _REPEATED.sub(r"\1\1\1", text)
    text = _NEW_EMOJI.sub(_name_of_emoji, text)
    text = _HASHTAG.sub(_words_of_hashtag, text)
    text = _URL.sub(" http ", text)
    text = _EMAIL.sub("@user", text)
    text = _HANDLE.sub("@user", text)
    text = _HAN_HANDLE.sub("@user", text)
    text = _SPACE.sub(" ", text).strip()
    if has_han(text) and not has_kana(text):
        text = to_simplified(text)
    return text


def has_han(text: str) -> bool:
    """Whether a Chinese character stands in the text, be the language Chinese or Japanese."""
    return _HAN.search(text) is not None


def has_kana(text: str) -> bool:
    """Whether a Japanese syllable stands in the text."""
    return _KANA.search(text) is not None


def to_simplified(text: str) -> str:
    """Traditional Chinese characters replaced by simplified ones."""
    return str(_traditional_to_simplified().convert(text))


def _words_of_hashtag(hashtag: re.Match[str]) -> str:
    return f"# {_HUMP.sub(' ', hashtag[1])} "


def _name_of_emoji(emoji: re.Match[str]) -> str:
    return f" {unicodedata.name(emoji[0], '').lower()} "


def _visible(character: str) -> str:
    if character < "\x7f":
        return character if character >= " " else " "
    if character in _SKIN_TONES or character in _VARIATION_SELECTORS:
        return ""
    return "" if unicodedata.category(character) in _DROPPED_CATEGORIES else character


@cache
def _traditional_to_simplified() -> OpenCC:
    return OpenCC("t2s")

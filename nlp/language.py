"""Which language a text is in, as a BCP 47 tag; Chinese with its script.

>>> detect("The crew was rude and nobody at the desk would help us")
'en'
>>> detect("航班取消了，没有人管我们"), detect("航班取消了，沒有人管我們")
('zh-Hans', 'zh-Hant')
>>> detect("12:30 🙃")
'und'
"""

from __future__ import annotations

import re
from functools import cache

from lingua import IsoCode639_1, LanguageDetector, LanguageDetectorBuilder
from opencc import OpenCC

from nlp.text import has_han, has_kana, to_simplified

__all__ = ["LANGUAGES", "UNDETERMINED", "detect"]

LANGUAGES = (
    *("en", "zh", "ja", "ko", "th", "vi", "id", "hi"),
    *("ar", "es", "pt", "fr", "de", "it", "ru", "uk"),
)
"""The languages that are told apart."""

UNDETERMINED = "und"

_LONGEST = 400
_FEW_LETTERS = 12
_NOT_SPOKEN = re.compile(r"https?://\S+|[@#]\w+|&#?\w+;")
_LETTER = re.compile(r"[^\W\d_]")


def detect(text: str, hint: str | None = None) -> str:
    """The language of a text, ``und`` where it holds no letters.

    The platform's ``hint`` decides where the text is too short to tell: fewer than twelve letters,
    or Chinese characters that both scripts share.
    """
    text = text[:_LONGEST].encode(errors="ignore").decode()  # a lone surrogate is nobody's letter
    if has_kana(text):
        return "ja"
    if has_han(text):
        return _chinese(text, hint)
    spoken = _NOT_SPOKEN.sub(" ", text)
    letters = len(_LETTER.findall(spoken))
    if letters == 0:
        return UNDETERMINED
    hinted = (hint or "").partition("-")[0].lower()
    if letters < _FEW_LETTERS and hinted in LANGUAGES and hinted not in {"zh", "ja"}:
        return hinted
    language = _detector().detect_language_of(spoken)
    return UNDETERMINED if language is None else language.iso_code_639_1.name.lower()


def _chinese(text: str, hint: str | None) -> str:
    only_traditional = _changed(text, to_simplified(text))
    only_simplified = _changed(text, str(_simplified_to_traditional().convert(text)))
    if only_traditional == only_simplified:
        return "zh-Hant" if _is_traditional(hint) else "zh-Hans"
    return "zh-Hant" if only_traditional > only_simplified else "zh-Hans"


def _is_traditional(hint: str | None) -> bool:
    parts = (hint or "").replace("_", "-").casefold().split("-")
    return parts[0] == "zh" and bool({"hant", "tw", "hk", "mo"} & set(parts))


def _changed(text: str, converted: str) -> int:
    return sum(a != b for a, b in zip(text, converted, strict=False))


@cache
def _detector() -> LanguageDetector:
    codes = (getattr(IsoCode639_1, code.upper()) for code in LANGUAGES)
    return LanguageDetectorBuilder.from_iso_codes_639_1(*codes).build()


@cache
def _simplified_to_traditional() -> OpenCC:
    return OpenCC("s2hk")

"""A title for an incident, made of the words that its posts share.

>>> from monitor.incidents.words import tokens
>>> title([tokens(text) for text in (
...     "Delta charged soldiers for a fourth bag",
...     "Soldiers charged $200 for a fourth bag. Shame!",
...     "so they make soldiers pay for the fourth bag now",
... )])
'fourth bag · soldiers · charged'
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Sequence

from monitor.incidents.words import Token

__all__ = ["title"]

_LONGEST_PHRASE = 4
_SHARED = 0.12
"""The share of posts that a phrase must stand in to be in the title."""
_SECOND_LANGUAGE = 0.2
"""The share of posts from which a second script has its own phrase in the title."""
_HAN = re.compile(r"[\u3400-\u9fff]")


def title(texts: Sequence[Sequence[Token]], *, width: int = 72) -> str:
    """The phrases that most of ``texts`` share, joined by a middle dot, at most ``width`` long.

    A phrase is up to four neighbouring words that begin and end with a telling one; it counts once
    a text. Where a fifth of the texts or more is in another script (Chinese beside Latin), the
    last phrase is theirs. Texts that share nothing are titled by the beginning of the first.
    """
    chinese = [any(_HAN.match(token.surface) for token in text) for text in texts]
    by_script = [
        [text for text, han in zip(texts, chinese, strict=True) if han],
        [text for text, han in zip(texts, chinese, strict=True) if not han],
    ]
    main, other = sorted(by_script, key=len, reverse=True)
    if len(other) >= max(2, _SECOND_LANGUAGE * len(texts)):
        phrases = _shared_phrases(main, 2) + _shared_phrases(other, 1)
    else:
        phrases = _shared_phrases(main, 3)
    if not phrases:
        return _beginning(texts[0] if texts else [], width)
    joined = phrases[0]
    for phrase in phrases[1:]:
        if len(joined) + len(phrase) + 3 <= width:
            joined += f" · {phrase}"
    return joined[:width]


def _shared_phrases(texts: Sequence[Sequence[Token]], wanted: int) -> list[str]:
    counts: Counter[tuple[str, ...]] = Counter()
    spellings: defaultdict[tuple[str, ...], Counter[str]] = defaultdict(Counter)
    for text in texts:
        said = {tuple(t.folded for t in phrase): phrase for phrase in _phrases(text)}
        counts.update(said.keys())
        for folded, phrase in said.items():
            spellings[folded][_spelled(phrase)] += 1
    least = max(2.0, _SHARED * len(texts))
    ranked = sorted(
        (words for words, count in counts.items() if count >= least),
        key=lambda words: (-counts[words] * len(words) ** 0.7, words),
    )
    chosen: list[str] = []
    used: set[str] = set()
    for words in ranked:
        if len(chosen) == wanted:
            break
        if used.isdisjoint(words):
            spelled = spellings[words]
            chosen.append(min(spelled, key=lambda form: (-spelled[form], form)))
            used.update(words)
    return chosen


def _phrases(text: Sequence[Token]) -> list[tuple[Token, ...]]:
    found = []
    for start, first in enumerate(text):
        if not first.telling:
            continue
        for end in range(start, min(start + _LONGEST_PHRASE, len(text))):
            if not text[end].surface[0].isalnum():
                break
            if text[end].telling:
                found.append(tuple(text[start : end + 1]))
    return found


def _spelled(phrase: Sequence[Token]) -> str:
    text = phrase[0].surface
    for token in phrase[1:]:
        text += f" {token.surface}" if token.spaced else token.surface
    return text if text.isupper() and len(text) <= 4 else _uncapitalised(text)


def _uncapitalised(text: str) -> str:
    return text.casefold() if text.isupper() or text.istitle() else text


def _beginning(text: Sequence[Token], width: int) -> str:
    said = ""
    for token in text:
        if token.surface == "|":
            continue
        longer = said + (f" {token.surface}" if said and token.spaced else token.surface)
        if len(longer) >= width:
            return (said or longer[: width - 1]) + "…"
        said = longer
    return said.strip() or "…"

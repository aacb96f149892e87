"""At whom a post's displeasure is aimed: at the brand that is asked about, another, or nobody.

The first rule that applies decides:

1. Two are said to be equally bad: the brand is meant.
2. They are compared ("better than", "unlike", "switch to"): whoever comes off worse is meant. What
   stands beside "unlike X" is true of the other one and untrue of X.
3. Somebody is said to be at fault, or not to be.
4. Weather, fate or the writer are to blame, that is no mere excuse, and nothing bad is said of what
   the brand did: nobody is meant.
5. Each good or bad word belongs to the party named last in its clause, else to the one named last
   before, else to the next, else to the brand. Bad words for others only: another is meant. Bad
   words for the brand, unless the model reads the whole as friendly: the brand is meant.
6. What is left is the brand's where the model reads the whole as negative, else nobody is meant.

The words by which all this is told are in ``target_words.yaml``.

>>> def seen_from(name: str, text: str, negative: float) -> str:
...     places = {one: [(text.find(one), text.find(one) + len(one))] for one in ("Delta", "United")}
...     return aim(text, places.pop(name), rivals=[*places.popitem()[1]], negative=negative).value
>>> unlike = "Unlike Delta, United kept its word"
>>> seen_from("Delta", unlike, 0.2), seen_from("United", unlike, 0.2)
('brand', 'other')
>>> aim("Stuck in Denver. Blame the storm, not Delta", [(38, 43)], negative=0.7).value
'nobody'
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from functools import cache
from importlib import resources

import attrs
import yaml

from monitor.domain import Span, Target
from nlp.folding import Folded
from nlp.phrases import BRAND, RIVAL, Phrase, PhraseIndex

__all__ = ["aim"]

_NEGATIVE = 0.5
_FRIENDLY = 0.2
"""Below this the model is believed over a bad word."""
_ANGRY = 0.7
"""From this on praise of the brand is taken for sarcasm."""
_NAMED = re.compile(
    r"(?i:\b(?:unlike|than|at least|prefer|over to|(?:switch|defect)\w{0,6} to|"
    r"compared? (?:to|with)|next time|instead of|stick with|(?:went|gone|go) with|"
    r"should(?:'ve| have) (?:flown|used|booked|taken|gone with|picked|chosen|tried)|not like|miss))"
    r"\s{1,3}(?:the )?(@\w{2,30}|[A-Z][\w&'-]{1,30}(?: [A-Z][\w&'-]{1,30})?)"
)
"""A name that nobody gave us, told by its capital and by where it stands."""
_NO_NAME = frozenset({"I", "It", "They", "You", "We", "He", "She", "This", "That", "My", "Your"})
_HAN_NAMED = re.compile(
    r"(?:其他|其它|别的|另外|另|某|隔壁|对面|上)一?(?:家|间|个)[\u4e00-\u9fff]{0,2}?(?=[的就都比强好\W])|"
    r"(?:别|人)家(?=[的就都比从也还])|友商|竞品|隔壁(?=[的就都比家])"
)
_COMPARED = re.compile(
    r"(?:不像|不如|比起|比)(?!以前|之前|过去|去年|上次|原来|平时|往常|想象|预期|图片|照片|较|如|方|什么|谁|我|你|他|这|那|任何)"
    r"([\u4e00-\u9fffa-z]{2,5}?)(?=还|更|要|都|那样|那么|一样|强|好|差|慢|快|贵|便宜|靠谱|[,.!?;]|$)"
)
_YOU = re.compile(
    r"(?<![a-z0-9'])(?:you|your|yours|ur|u|you're|youre|yall)(?![a-z0-9])|你们|你家|贵司|您"
)
_PARTY = re.compile(f"[{BRAND}{RIVAL}]")
_CLAUSE = re.compile(
    r"[.!?;,]|(?<= )(?:but|while|whereas|although|though|however|yet|and)(?= )|"
    r"但|可是|不过|而(?!且)|却"
)
_SENTENCE = re.compile(r"[.!?]")
_ASIDE = re.compile(r"[ ,]{0,3}(?:who|which|where|that|whose)\b[^,.!?]{0,120}")
_JUST_BEFORE = 14
_SLOTS = ("winner", "loser", "foil", "spared", "guilty")


@attrs.frozen
class _Hit:
    """A phrase of one of the lists in the text; ``party`` fills its slot, where it has one."""

    list: str
    start: int
    end: int
    slot: str = ""
    party: str = ""


def aim(
    text: str, spans: Sequence[Span], *, rivals: Sequence[Span] = (), negative: float
) -> Target:
    """At whom the displeasure of ``text`` is aimed, seen from the brand that is named at ``spans``.

    Without ``spans`` the post reached the brand by its place (a reply, a review) and is about it
    unless shown otherwise. ``rivals`` are the places of other watched names; further names are
    guessed. ``negative`` is how probable the model thinks it that the whole text is negative.
    """
    marked = _marked(text, spans, rivals)
    hits = list(_hits(marked))
    lists = {hit.list for hit in hits}
    if "alike" in lists and negative >= _FRIENDLY:
        return Target.BRAND
    standing = _standing(marked, hits, negative)
    if standing < 0:
        return Target.BRAND
    if standing > 0:
        return Target.OTHER if RIVAL in marked else Target.NOBODY
    return _blamed(hits) or _worded(marked, hits, negative)


def _marked(text: str, spans: Sequence[Span], rivals: Sequence[Span]) -> str:
    """The folded text with a mark in place of every party."""
    folded = Folded.of(text)
    own = [folded.folded_place(span) for span in spans]
    other = [folded.folded_place(span) for span in rivals]
    other += [
        folded.folded_place(found.span(1))
        for found in _NAMED.finditer(folded.original[: len(folded.text)])
        if found[1] not in _NO_NAME
    ]
    other += [found.span() for found in _HAN_NAMED.finditer(folded.text)]
    other += [found.span(1) for found in _COMPARED.finditer(folded.text)]
    parts, at = [], 0
    for start, end, _, mark in sorted(
        [(start, end, 0, BRAND) for start, end in own]
        + [(start, end, 1, RIVAL) for start, end in other]
    ):
        if start >= at and end > start and not (mark == RIVAL and _crosses((start, end), own)):
            parts.append(f"{folded.text[at:start]} {mark} ")
            at = end
    return "".join([*parts, folded.text[at:]])


def _crosses(span: Span, others: Sequence[Span]) -> bool:
    return any(start < span[1] and span[0] < end for start, end in others)


def _hits(marked: str) -> Iterator[_Hit]:
    for name, found in _phrases().find(marked):
        filled = [(slot, party) for slot, party in found.groupdict().items() if party]
        for slot, party in filled or [("", "")]:
            yield _Hit(name, found.start(), found.end(), slot, party)


def _standing(marked: str, hits: Sequence[_Hit], negative: float) -> int:
    """Above 0 where the brand comes off better in a comparison, below 0 where worse."""
    standing = 0
    for party, won in {
        (hit.party, _wins(marked, hit, hits, negative))
        for hit in hits
        if hit.slot in {"winner", "loser", "foil"}
    }:
        standing += 1 if (party == BRAND) == won else -1
    return standing


def _wins(marked: str, hit: _Hit, hits: Sequence[_Hit], negative: float) -> bool:
    if hit.slot != "foil":
        return hit.slot == "winner"
    begin = max((one.end() for one in _SENTENCE.finditer(marked, 0, hit.start)), default=0)
    stop = _SENTENCE.search(marked, hit.end)
    end = len(marked) if stop is None else stop.start()
    aside = _ASIDE.match(marked, hit.end, end)
    after = hit.end if aside is None else aside.end()
    said = [
        sign
        for start, sign in _signs(marked, hits)
        if begin <= start < hit.start or after <= start < end
    ]
    balance = sum(said) or (-1 if negative >= _NEGATIVE else 1)
    return balance < 0


def _blamed(hits: Sequence[_Hit]) -> Target | None:
    spared = {hit.party for hit in hits if hit.slot == "spared"}
    guilty = {
        hit.party
        for hit in hits
        if hit.slot == "guilty"
        and not any(
            one.start <= hit.start and hit.end <= one.end for one in hits if one.slot == "spared"
        )
    }
    if BRAND in spared:
        return Target.OTHER if RIVAL in guilty else Target.NOBODY
    if BRAND in guilty:
        return Target.BRAND
    return Target.OTHER if RIVAL in guilty else None


def _signs(marked: str, hits: Sequence[_Hit]) -> list[tuple[int, int]]:
    """Where a good (1) or a bad word (-1) stands; a negation right before it turns it round."""
    negations = [hit.end for hit in hits if hit.list == "negated"]
    signs = {}
    for hit in hits:
        if hit.list in {"conduct", "praise"}:
            turned = any(
                0 <= hit.start - end <= _JUST_BEFORE and not _CLAUSE.search(marked, end, hit.start)
                for end in negations
            )
            signs[hit.start] = 1 if (hit.list == "praise") != turned else -1
    return sorted(signs.items())


def _worded(marked: str, hits: Sequence[_Hit], negative: float) -> Target:
    lists = {hit.list for hit in hits}
    parties = _parties(marked, hits)
    said = Counter((_owner(marked, start, parties), sign) for start, sign in _signs(marked, hits))
    bad, good = said[BRAND, -1], said[BRAND, 1]
    if "fate" in lists and "excuse" not in lists and not bad:
        return Target.OTHER if said[RIVAL, -1] else Target.NOBODY
    mishaps = sum(
        _owner(marked, hit.start, parties) == BRAND for hit in hits if hit.list == "mishap"
    )
    if said[RIVAL, -1] and not bad and (good or not mishaps):
        return Target.OTHER
    if bad > good and negative >= _FRIENDLY:
        return Target.BRAND
    if negative < _NEGATIVE or (good and not bad and not mishaps and negative < _ANGRY):
        return Target.NOBODY
    return Target.BRAND


def _parties(marked: str, hits: Sequence[_Hit]) -> list[tuple[int, str]]:
    """Who is named where. "You" is whom the post begins with, else the brand."""
    named = [(found.start(), found[0]) for found in _PARTY.finditer(marked)]
    addressed = named[0][1] if named and named[0][0] <= 2 else BRAND
    named += [(found.start(), addressed) for found in _YOU.finditer(marked)]
    people = [hit for hit in hits if hit.list == "others"]
    named = [
        one for one in named if not any(_within_clause(marked, hit.end, one[0]) for hit in people)
    ]
    return sorted(named + [(hit.start, RIVAL) for hit in people])


def _within_clause(marked: str, begin: int, end: int) -> bool:
    return begin <= end and _CLAUSE.search(marked, begin, end) is None


def _owner(marked: str, place: int, parties: Sequence[tuple[int, str]]) -> str:
    """The party that the word at ``place`` is said of."""
    before = [one for one in parties if one[0] <= place]
    after = [one for one in parties if one[0] > place]
    if before and not _CLAUSE.search(marked, before[-1][0], place):
        return before[-1][1]
    if after and not _CLAUSE.search(marked, place, after[0][0]):
        return after[0][1]
    nearest = before[-1:] or after[:1]
    return nearest[0][1] if nearest else BRAND


@cache
def _phrases() -> PhraseIndex[str]:
    words = resources.files(__package__).joinpath("target_words.yaml").read_text(encoding="utf-8")
    lists = yaml.safe_load(words)
    classes = lists.pop("classes")
    return PhraseIndex(
        (name, phrase)
        for name, listed in lists.items()
        for written in listed
        for phrase in Phrase.parse_all(written, classes)
    )

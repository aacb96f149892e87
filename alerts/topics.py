"""What a week's complaints were about: where it hurt, what to do about it, what made it worse.

People are never named here: an executive decides about touchpoints, not about customers.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime

import attrs

from alerts.i18n import Words, message
from alerts.message import Citation, Section
from alerts.naming import aggravator_name, emotion_name, touchpoint_name
from alerts.untrusted import one_line, safe_link
from monitor.domain import Aggravator, Emotion, Span, Touchpoint

__all__ = [
    "BrandHeard",
    "Cell",
    "MapRow",
    "TopicLine",
    "TopicMap",
    "WorseLine",
    "WorseTold",
    "advocates",
    "quadrant_rule",
    "quadrants",
    "topic_map",
    "unjudged",
    "worse",
]

_MOST_ROWS = 6
_MOST_NAMED = 4
_MOST_WORSE = 3
_MOST_LANGUAGES = 6
_MOST_COLUMNS = 4
_CITED = 160
_HEAT = 3

_UPSETTING = (Emotion.ANGER, Emotion.DISGUST, Emotion.SADNESS, Emotion.FEAR, Emotion.SURPRISE)

_QUADRANTS = {
    "simplify": message("Simplify (worth it for us, irritating for customers): {list}"),
    "eliminate": message("Eliminate (irritating for customers, of no worth to us): {list}"),
    "automate": message("Automate (welcome to customers, of no worth to us): {list}"),
    "leverage": message("Leverage (worth it for us, welcome to customers): {list}"),
}


@attrs.frozen(kw_only=True)
class TopicLine:
    """A touchpoint in a week; ``felt`` counts the complaints in which an emotion is felt.

    ``quadrant`` is simplify, eliminate, automate or leverage, ``None`` where too few spoke to say.
    """

    touchpoint: Touchpoint
    complaints: int
    praise: int
    felt: Mapping[Emotion, int] = attrs.field(factory=dict)
    quadrant: str | None = None

    @property
    def sided(self) -> int:
        """How many posts take a side."""
        return self.complaints + self.praise


@attrs.frozen(kw_only=True)
class WorseLine:
    """What made complaints worse, with a post that shows it and the place where it does."""

    kind: Aggravator
    posts: int
    text: str
    span: Span
    source: str
    published_at: datetime
    url: str | None = None


@attrs.frozen(kw_only=True)
class BrandHeard:
    """What a week's posts about one brand add up to, the most frequent first.

    ``unjudged`` counts the posts that the model could not judge, by language.
    """

    brand_name: str
    topics: tuple[TopicLine, ...] = ()
    worse: tuple[WorseLine, ...] = ()
    advocates_won: int = 0
    advocates_lost: int = 0
    unjudged: tuple[tuple[str, int], ...] = ()


@attrs.frozen(kw_only=True)
class Cell:
    """How many complaints feel so; ``heat`` grows with it from 0 to 3 over the whole map."""

    emotion: str
    count: int
    value: str
    heat: int


@attrs.frozen(kw_only=True)
class MapRow:
    """One touchpoint: all complaints, then those that feel each emotion."""

    label: str
    complaints: str
    told: str
    cells: tuple[Cell, ...]


@attrs.frozen(kw_only=True)
class TopicMap:
    """Touchpoints by emotions; without rows it is left out."""

    columns: tuple[str, ...]
    rows: tuple[MapRow, ...]
    has_moments: bool


@attrs.frozen(kw_only=True)
class WorseTold:
    """An aggravator as it is told."""

    label: str
    citation: Citation


def topic_map(heard: Sequence[BrandHeard], words: Words) -> TopicMap:
    """The touchpoints with the most complaints, by what is felt in these."""
    ranked = sorted(_topics(heard), key=lambda pair: -pair[1].complaints)
    shown = [(brand, line) for brand, line in ranked[:_MOST_ROWS] if line.complaints]
    feelings = [one for one in _UPSETTING if any(line.felt.get(one) for _, line in shown)]
    feelings = feelings[:_MOST_COLUMNS]
    most = max((line.felt.get(one, 0) for _, line in shown for one in feelings), default=1)
    return TopicMap(
        columns=tuple(emotion_name(one, words) for one in feelings),
        rows=tuple(
            MapRow(
                label=_label(line, brand, words),
                complaints=words.number(line.complaints),
                told=words.count("{n} complaint", "{n} complaints", line.complaints),
                cells=tuple(_cell(one, line.felt.get(one, 0), most, words) for one in feelings),
            )
            for brand, line in shown
        ),
        has_moments=any(line.touchpoint.moment_of_truth for _, line in shown),
    )


def quadrants(heard: Sequence[BrandHeard], words: Words) -> Section:
    """What to do about each touchpoint of which enough was said."""
    lines = []
    for quadrant, text in _QUADRANTS.items():
        mine = [(brand, line) for brand, line in _topics(heard) if line.quadrant == quadrant]
        if mine:
            lines.append(words.say(text, list=_named(mine, words)))
    small = sum(line.quadrant is None for _, line in _topics(heard))
    if lines and small:
        lines.append(
            words.count(
                "Too few posts to say: {n} touchpoint.",
                "Too few posts to say: {n} touchpoints.",
                small,
            )
        )
    return Section(heading=words.say("What to do about it"), lines=tuple(lines))


def quadrant_rule(words: Words) -> str:
    """By what rule a touchpoint gets its quadrant."""
    return words.say(
        "Complaints/complaints and praise. Customers count as irritated where at least half of the "
        "posts that take a side complain; it takes 5 such posts by 3 people to say. What a contact "
        "is worth to us is set in the taxonomy. After Price and Jaffe (2008)."
    )


def worse(heard: Sequence[BrandHeard], words: Words) -> tuple[WorseTold, ...]:
    """The most frequent aggravators, each with the words of one post, and without its author."""
    found = sorted(_worse_lines(heard), key=lambda pair: -pair[1].posts)
    return tuple(
        WorseTold(
            label=" · ".join(
                filter(
                    None,
                    (
                        aggravator_name(line.kind, words),
                        words.count("{n} post", "{n} posts", line.posts),
                        brand,
                    ),
                )
            ),
            citation=Citation(
                text=_around(line.text, line.span),
                by=" · ".join((one_line(line.source, 60), words.when(line.published_at))),
                link=safe_link(line.url),
            ),
        )
        for brand, line in found[:_MOST_WORSE]
    )


def advocates(heard: Sequence[BrandHeard], words: Words) -> Section:
    """How many people became advocates of each brand, and how many are advocates no more."""
    lines = tuple(
        words.say(
            "{brand}: {won} won, {lost} lost",
            brand=one_line(one.brand_name, 60),
            won=words.number(one.advocates_won),
            lost=words.number(one.advocates_lost),
        )
        for one in heard
        if one.advocates_won or one.advocates_lost
    )
    return Section(heading=words.say("Advocates won and lost"), lines=lines)


def unjudged(heard: Sequence[BrandHeard], words: Words) -> tuple[str, ...]:
    """How many posts could not be judged, and in which languages; nothing where there are none."""
    counts: dict[str, int] = {}
    for one in heard:
        for tag, posts in one.unjudged:
            counts[tag] = counts.get(tag, 0) + posts
    if not counts:
        return ()
    ranked = sorted(counts.items(), key=lambda item: (-item[1], item[0]))
    listed = [
        f"{one_line(words.language_name(tag), 40)} {words.number(posts)}"
        for tag, posts in ranked[:_MOST_LANGUAGES]
    ]
    return (
        words.say(
            "The model could not judge {posts}, by language: {list}.",
            posts=words.count("{n} post", "{n} posts", sum(counts.values())),
            list=" · ".join(listed) + ("…" if len(ranked) > _MOST_LANGUAGES else ""),
        ),
    )


def _topics(heard: Sequence[BrandHeard]) -> Iterator[tuple[str, TopicLine]]:
    """Every topic with its brand's name, which is empty where only one brand has topics."""
    several = sum(bool(one.topics) for one in heard) > 1
    for one in heard:
        brand = one_line(one.brand_name, 60) if several else ""
        yield from ((brand, line) for line in one.topics)


def _worse_lines(heard: Sequence[BrandHeard]) -> Iterator[tuple[str, WorseLine]]:
    several = sum(bool(one.worse) for one in heard) > 1
    for one in heard:
        brand = one_line(one.brand_name, 60) if several else ""
        yield from ((brand, line) for line in one.worse)


def _label(line: TopicLine, brand: str, words: Words) -> str:
    return words.noted(touchpoint_name(line.touchpoint, words), brand)


def _cell(emotion: Emotion, count: int, most: int, words: Words) -> Cell:
    return Cell(
        emotion=emotion_name(emotion, words),
        value=words.number(count) if count else "–",
        count=count,
        heat=round(_HEAT * count / most),
    )


def _named(lines: Sequence[tuple[str, TopicLine]], words: Words) -> str:
    """Touchpoints with their complaints among the posts that take a side, most of these first."""
    ranked = sorted(lines, key=lambda pair: -pair[1].sided)
    named = [
        f"{_label(line, brand, words)} {words.number(line.complaints)}/{words.number(line.sided)}"
        for brand, line in ranked[:_MOST_NAMED]
    ]
    if len(ranked) > _MOST_NAMED:
        named.append(words.say("{n} more", n=words.number(len(ranked) - _MOST_NAMED)))
    return " · ".join(named)


def _around(text: str, span: Span) -> str:
    """The words of a post around a place in it, on one line."""
    start = max(0, span[0] - (_CITED - (span[1] - span[0])) // 2)
    if start == 0 or len(text) <= _CITED:
        return one_line(text, _CITED)
    start = min(start, max(0, len(text) - _CITED))
    near = text.find(" ", start, start + 20)
    return "…" + one_line(text[near + 1 if near >= 0 else start :][: 2 * _CITED], _CITED)

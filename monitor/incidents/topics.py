"""What a period's posts about a brand add up to: its topics, and what makes complaints worse.

A topic is one touchpoint of the brand in the period. What to do about it follows from two
questions (the matrix of Price and Jaffe, The Best Service Is No Service, 2008): is the contact
worth something to the brand, and is it to the customer?

    the brand   the customer   quadrant
    values it   values it      leverage: more of it
    values it   is irritated   simplify: make it easier
    does not    values it      automate: let it cost less
    does not    is irritated   eliminate: remove its cause

The taxonomy answers for the brand. Customers count as irritated where at least half of the posts
that take a side complain. Those that take none, news and questions, say nothing about what the
contact is worth: counted as content they would let lost baggage pass for something to be proud of.
Fewer than five posts that take a side, or fewer than three people who do, are too few to say.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from enum import StrEnum
from types import MappingProxyType

import attrs

from monitor.domain import Aggravator, Emotion, Remark, Sentiment, Target
from monitor.incidents.grouping import complains
from monitor.incidents.story import author_id

__all__ = [
    "FEWEST_PEOPLE",
    "FEWEST_POSTS",
    "Aggravated",
    "Heard",
    "Quadrant",
    "Topic",
    "hear",
    "quadrant",
]

FEWEST_POSTS = 5
FEWEST_PEOPLE = 3
_IRRITATED = 0.5
_EXAMPLES = 5


class Quadrant(StrEnum):
    """What to do about a contact between a brand and its customers."""

    SIMPLIFY = "simplify"
    ELIMINATE = "eliminate"
    AUTOMATE = "automate"
    LEVERAGE = "leverage"


def _read_only(felt: Mapping[Emotion, int]) -> Mapping[Emotion, int]:
    return MappingProxyType(dict(felt))


@attrs.frozen(kw_only=True)
class Topic:
    """One touchpoint in a period; ``felt`` counts the complaints in which an emotion is felt.

    ``people`` are those who complain or praise.
    """

    touchpoint: str
    complaints: int
    praise: int
    people: int
    felt: Mapping[Emotion, int] = attrs.field(factory=dict, converter=_read_only)

    @property
    def sided(self) -> int:
        """How many posts take a side."""
        return self.complaints + self.praise

    @property
    def irritating(self) -> bool | None:
        """Whether customers are irritated; ``None`` where too few spoke to say."""
        if self.sided < FEWEST_POSTS or self.people < FEWEST_PEOPLE:
            return None
        return self.complaints >= _IRRITATED * self.sided


def quadrant(topic: Topic, *, valuable: bool) -> Quadrant | None:
    """What to do about a topic that is, or is not, worth something to the brand.

    >>> bags = Topic(touchpoint="bags", complaints=6, praise=2, people=7)
    >>> quadrant(bags, valuable=True).value, quadrant(bags, valuable=False).value
    ('simplify', 'eliminate')
    >>> quadrant(attrs.evolve(bags, people=2), valuable=True) is None
    True
    """
    if topic.irritating is None:
        return None
    if topic.irritating:
        return Quadrant.SIMPLIFY if valuable else Quadrant.ELIMINATE
    return Quadrant.LEVERAGE if valuable else Quadrant.AUTOMATE


@attrs.frozen(kw_only=True)
class Aggravated:
    """Complaints that one aggravator makes worse, with the surest that no other one cites."""

    kind: Aggravator
    posts: int
    example: Remark


@attrs.frozen(kw_only=True)
class Heard:
    """What was heard about one brand in a period, the most frequent first.

    ``unjudged`` counts the posts that the model could not judge, by language; ``authors`` are those
    who are known by name, each as a source and the id there.
    """

    topics: tuple[Topic, ...]
    aggravated: tuple[Aggravated, ...]
    unjudged: tuple[tuple[str, int], ...]
    authors: frozenset[tuple[str, str]] = attrs.field(repr=False)


@attrs.define
class _Tally:
    """A topic while it is counted."""

    people: set[str] = attrs.field(factory=set)
    complaints: int = 0
    praise: int = 0
    felt: Counter[Emotion] = attrs.field(factory=Counter)

    def add(self, remark: Remark, complaint: bool) -> None:
        praise = _praises(remark)
        if complaint or praise:
            self.people.add(author_id(remark))
        self.complaints += complaint
        self.praise += praise
        if complaint:
            self.felt.update(remark.assessment.felt)


@attrs.define
class _Worse:
    """An aggravator while it is counted, with the surest complaints so far."""

    posts: int = 0
    surest: list[Remark] = attrs.field(factory=list)

    def add(self, remark: Remark) -> None:
        self.posts += 1
        self.surest = sorted([*self.surest, remark], key=_doubt)[:_EXAMPLES]


def hear(remarks: Iterable[Remark]) -> Heard:
    """Count what these remarks about one brand say; one pass, and few of them are kept."""
    authors: set[tuple[str, str]] = set()
    topics: defaultdict[str, _Tally] = defaultdict(_Tally)
    worse: defaultdict[Aggravator, _Worse] = defaultdict(_Worse)
    unjudged: Counter[str] = Counter()
    for remark in remarks:
        if remark.post.author is not None:
            authors.add((remark.post.key.source, remark.post.author.native_id))
        if remark.assessment.abstained:
            unjudged[remark.assessment.language] += 1
            continue
        complaint = complains(remark)
        if complaint:
            for aggravation in remark.reading.aggravations:
                worse[aggravation.kind].add(remark)
        if remark.reading.touchpoint is not None:
            topics[remark.reading.touchpoint].add(remark, complaint)
    return Heard(
        topics=_ranked_topics(topics),
        aggravated=_ranked_aggravators(worse),
        unjudged=tuple(sorted(unjudged.items(), key=lambda item: (-item[1], item[0]))),
        authors=frozenset(authors),
    )


def _praises(remark: Remark) -> bool:
    """Whether it is positive, and not about somebody else."""
    aimed_elsewhere = remark.reading.target is Target.OTHER
    return remark.assessment.sentiment is Sentiment.POSITIVE and not aimed_elsewhere


def _doubt(remark: Remark) -> tuple[float, str]:
    """How unsure it is that somebody complains here."""
    said = remark.assessment
    sure = said.negative * (1.0 if said.complaint is None else said.complaint)
    return 1 - sure, str(remark.post.key)


def _ranked_topics(topics: Mapping[str, _Tally]) -> tuple[Topic, ...]:
    found = [
        Topic(
            touchpoint=touchpoint,
            complaints=tally.complaints,
            praise=tally.praise,
            people=len(tally.people),
            felt=tally.felt,
        )
        for touchpoint, tally in topics.items()
    ]
    return tuple(sorted(found, key=lambda one: (-one.complaints, -one.praise, one.touchpoint)))


def _ranked_aggravators(worse: Mapping[Aggravator, _Worse]) -> tuple[Aggravated, ...]:
    """The most frequent first; each cites a post that those before it do not, where it has one."""
    found: list[Aggravated] = []
    for kind, counted in sorted(worse.items(), key=lambda item: (-item[1].posts, item[0])):
        cited = {one.example.post.key for one in found}
        fresh = [remark for remark in counted.surest if remark.post.key not in cited]
        example = (fresh or counted.surest)[0]
        found.append(Aggravated(kind=kind, posts=counted.posts, example=example))
    return tuple(found)

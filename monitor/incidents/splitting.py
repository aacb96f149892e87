"""When one story turns out to be two: a chain of joins may lead from one matter to another.

The rule is conservative, since an incident that falls apart for no reason is worse than one that
says a little too much. The posts of a story are divided into the two groups that mean most
differently; posts that are tied to each other (an answer, a thread, a copy, a link) stay
together. They are two stories only where

- each group was told by several people, and neither is a small rest of the other;
- the groups mean so differently that no two stories so unlike would ever have been made one;
- no telling word stands in a good part of both;
- they are not one story in two scripts, which may look far apart and is not.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence

import attrs
import numpy as np

from monitor.domain import PostKey, Remark
from monitor.incidents.meanings import Meanings
from monitor.incidents.story import Embeddings, Vector, author_id
from monitor.incidents.ties import Ties, Wording
from monitor.incidents.vocabulary import Vocabulary

__all__ = ["Heard", "SplittingOptions", "later_part"]

_ROUNDS = 10
_TINY = 1e-6


@attrs.frozen(kw_only=True)
class SplittingOptions:
    """When two groups of posts are two stories."""

    people: int = 4
    """So many different people told each of them."""
    share: float = 0.2
    """Each holds so much of the posts."""
    unlike: float = 0.1
    """At most this is the cosine between what they mean, away from what all posts mean."""
    common: float = 0.25
    """A word that so much of both hold keeps them together,"""
    usual: float = 0.2
    """unless so much of all posts about the brand hold it."""
    from_posts: int = 12
    to_posts: int = 1_500
    """A story of fewer posts, or of more, is left as it is."""


@attrs.frozen(kw_only=True)
class Heard:
    """A post as the grouping reads it."""

    terms: tuple[str, ...]
    """Its different telling words, in order."""
    chinese: bool
    wording: Wording | None
    meaning: Embeddings
    links: tuple[str, ...]


def later_part(
    members: Sequence[tuple[Remark, Heard]],
    meanings: Meanings,
    vocabulary: Vocabulary,
    near_duplicate: float,
    options: SplittingOptions,
) -> frozenset[PostKey]:
    """The posts that tell another story than the earlier ones; none where it is one story.

    ``members`` are all posts of a story, oldest first.
    """
    if not options.from_posts <= len(members) <= options.to_posts:
        return frozenset()
    units = _units(members, near_duplicate)
    directions = np.stack([_meaning(members, unit, meanings) for unit in units])
    second = _divided(directions)
    parts: tuple[list[int], list[int]] = ([], [])
    for unit, in_second in zip(units, second, strict=True):
        parts[int(in_second)].extend(unit)
    if not all(parts):
        return frozenset()
    first, later = sorted(parts, key=min)
    apart = _are_two(
        [members[index] for index in first],
        [members[index] for index in later],
        meanings,
        vocabulary,
        options,
    )
    return frozenset(members[index][0].post.key for index in later) if apart else frozenset()


def _units(members: Sequence[tuple[Remark, Heard]], near_duplicate: float) -> list[list[int]]:
    """The members by what they are tied to."""
    ties, units = Ties(near_duplicate, len(members)), defaultdict[str, list[int]](list)
    for index, (remark, heard) in enumerate(members):
        unit = ties.find(remark.post, heard.wording, heard.links) or str(index)
        ties.add(unit, remark.post, heard.wording, heard.links)
        units[unit].append(index)
    return list(units.values())


def _meaning(
    members: Sequence[tuple[Remark, Heard]], unit: Sequence[int], meanings: Meanings
) -> Vector:
    together = Embeddings()
    for index in unit:
        together.extend(members[index][1].meaning)
    if not together.sums.size:
        return np.zeros(meanings.background.sums.shape[1], dtype=np.float32)
    return meanings.apart(together)


def _divided(directions: Vector) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
    """Which of the units are in the second of two groups (spherical 2-means).

    It begins at the axis along which they differ most.
    """
    lengths = np.linalg.norm(directions, axis=1)
    units = directions / np.maximum(lengths, _TINY)[:, np.newaxis]
    centred = units - units.mean(axis=0)
    axis = np.linalg.svd(centred, full_matrices=False)[2][0]
    second = centred @ axis > 0.0
    for _ in range(_ROUNDS):
        centres = np.stack([directions[~second].sum(axis=0), directions[second].sum(axis=0)])
        centres /= np.maximum(np.linalg.norm(centres, axis=1), _TINY)[:, np.newaxis]
        likeness = units @ centres.T
        again = likeness[:, 1] > likeness[:, 0]
        if (again == second).all():
            break
        second = again
    found: np.ndarray[tuple[int], np.dtype[np.bool_]] = second
    return found


def _are_two(
    first: Sequence[tuple[Remark, Heard]],
    later: Sequence[tuple[Remark, Heard]],
    meanings: Meanings,
    vocabulary: Vocabulary,
    options: SplittingOptions,
) -> bool:
    everybody = len(first) + len(later)
    for part in (first, later):
        people = {author_id(remark) for remark, _ in part}
        if len(people) < options.people or len(part) < options.share * everybody:
            return False
    chinese = sorted(sum(heard.chinese for _, heard in part) / len(part) for part in (first, later))
    if chinese[0] < options.share and chinese[1] > 1.0 - options.share:
        return False
    in_first, in_later = Embeddings(), Embeddings()
    for _, heard in first:
        in_first.extend(heard.meaning)
    for _, heard in later:
        in_later.extend(heard.meaning)
    if not (in_first.sums.size and in_later.sums.size):
        return False
    if float(meanings.away(in_first) @ meanings.away(in_later)) > options.unlike:
        return False
    return not any(
        vocabulary.share(term) < options.usual
        for term in _often(first, options.common) & _often(later, options.common)
    )


def _often(part: Sequence[tuple[Remark, Heard]], share: float) -> set[str]:
    counts = Counter(term for _, heard in part for term in heard.terms)
    return {term for term, count in counts.items() if count >= share * len(part)}

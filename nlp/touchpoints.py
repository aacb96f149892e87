"""At which touchpoint of a taxonomy a post happens: what is named in it, and where it says so.

Nothing needs to be trained. A touchpoint comes with a few phrases. A post is held against them
twice: word for word, where longer phrases and rarer words weigh more, and by the likeness of the
embeddings, which sees a phrase in other words and in other languages. Both add up to the odds of
each touchpoint, and *nothing* competes with them all. A taxonomy may come with words learned from
labelled posts, which are added to the same odds.

How phrases are written stands in ``nlp.wordings``.

>>> def touchpoint(name: str, *phrases: str) -> Touchpoint:
...     return Touchpoint(id=name, names={"en": name}, phrases=phrases, stage="using")
>>> taxonomy = Taxonomy(
...     id="airline",
...     touchpoints=(
...         touchpoint("baggage", "lost|missing bag", "行李 丢|不见"),
...         touchpoint("delay", "delayed", "晚点"),
...     ),
... )
>>> finder = TouchpointFinder(taxonomy, embed=lambda phrases: [b""] * len(phrases))
>>> def shown(text: str) -> tuple[str, list[str]] | None:
...     found = finder.find(text, b"")
...     return found and (found.touchpoint, [text[start:end] for start, end in found.spans])
>>> shown("They lost all of my bags."), shown("我的行李被你們弄不見了")
(('baggage', ['lost all of my bags']), ('baggage', ['行李被你們弄不見']))
>>> shown("What a lovely day") is None
True
"""

from __future__ import annotations

import itertools
import math
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import TypeAlias

import attrs
import numpy as np
import numpy.typing as npt

from monitor.domain import Span, Taxonomy, Touchpoint
from nlp.folding import Folded
from nlp.wordings import Lexicon, plain, words_of

__all__ = ["Evidence", "Found", "Learned", "Reckoning", "TouchpointFinder", "grams"]

Embed: TypeAlias = Callable[[Sequence[str]], list[bytes]]
Floats: TypeAlias = npt.NDArray[np.float32]

_CHUNK = 256
_LIKEST = 3


@attrs.frozen(kw_only=True)
class Found:
    """The touchpoint that a text is about; ``score`` is its probability against all others.

    ``spans`` are the places in the text that name it; there are none where only its meaning does.
    """

    touchpoint: str
    score: float
    spans: tuple[Span, ...] = ()


@attrs.frozen(kw_only=True)
class Reckoning:
    """How evidence adds up to odds: what a phrase and likeness weigh, and what *nothing* starts at.

    The defaults were chosen by ``python -m benchmarks.touchpoints --choose``.
    """

    phrases: float = 4.0
    likeness: float = 12.0
    nothing: float = 2.24


@attrs.frozen(kw_only=True)
class Learned:
    """What labelled posts taught about a taxonomy.

    The labels of a training set are seldom as fine as the taxonomy: each of ``groups`` holds the
    touchpoints that one label stands for, ``base`` what the group starts at, and ``words`` what
    each word, and pair of words, adds to every group's odds (over the root of how many of them a
    text holds, so that a long text is not surer than a short one).
    """

    groups: tuple[tuple[str, ...], ...]
    base: tuple[float, ...]
    words: Mapping[str, tuple[float, ...]] = attrs.field(repr=False)
    reckoning: Reckoning


@attrs.frozen(kw_only=True, eq=False)
class Evidence:
    """What some texts have in common with each touchpoint, a row a text and a column a touchpoint.

    ``words`` are the words of each text that count, ``spans`` where in it which column is named.
    """

    phrases: Floats
    likeness: Floats
    words: Sequence[Sequence[str]]
    spans: Sequence[Sequence[tuple[int, Span]]]


class TouchpointFinder:
    """Finds the touchpoints of one taxonomy in texts.

    Args:
        taxonomy: the touchpoints with their phrases.
        embed: embeds texts as the texts' own embeddings were made.
        learned: what labelled posts taught about this taxonomy.
        reckoning: how evidence adds up; what was learned brings its own.
    """

    def __init__(
        self,
        taxonomy: Taxonomy,
        embed: Embed,
        learned: Learned | None = None,
        reckoning: Reckoning | None = None,
    ) -> None:
        self.taxonomy = taxonomy
        self._ids = [touchpoint.id for touchpoint in taxonomy.touchpoints]
        self._lexicon = Lexicon([each.phrases for each in taxonomy.touchpoints])
        self._prototypes = _Prototypes(taxonomy.touchpoints, embed)
        self._learned = learned
        self._words = {
            word: np.array(weights, dtype=np.float32)
            for word, weights in (learned.words if learned else {}).items()
        }
        self._reckoning = reckoning or (learned.reckoning if learned else Reckoning())
        self._groups = [
            [self._ids.index(each) for each in group if each in self._ids]
            for group in (learned.groups if learned else ())
        ]

    def find(self, text: str, embedding: bytes) -> Found | None:
        """The touchpoint that the text is about, or that none fits."""
        return self.find_all([text], [embedding])[0]

    def find_all(self, texts: Sequence[str], embeddings: Sequence[bytes]) -> list[Found | None]:
        """The same for many texts, faster."""
        found: list[Found | None] = []
        for start in range(0, len(texts), _CHUNK):
            rows = slice(start, start + _CHUNK)
            evidence = self.evidence(texts[rows], embeddings[rows])
            shares = _shares(self.odds(evidence), self._reckoning.nothing)
            for row, column in enumerate(shares.argmax(axis=1).tolist()):
                if column == len(self._ids):
                    found.append(None)
                    continue
                places = sorted({span for at, span in evidence.spans[row] if at == column})
                score = float(shares[row, column])
                found.append(Found(touchpoint=self._ids[column], score=score, spans=tuple(places)))
        return found

    def evidence(self, texts: Sequence[str], embeddings: Sequence[bytes]) -> Evidence:
        """What speaks for each touchpoint."""
        phrases = np.zeros((len(texts), len(self._ids)), dtype=np.float32)
        words, spans = [], []
        for row, text in enumerate(texts):
            folded = Folded.of(text)
            read = words_of(folded.text)
            places = []
            for match in self._lexicon.find(read):
                phrases[row, match.owner] += match.weight
                start, end = read[match.start].start, read[match.end - 1].end
                places.append((match.owner, folded.place(start, end)))
            words.append([word.folded for word in read])
            spans.append(places)
        likeness = self._prototypes.likeness(embeddings)
        return Evidence(phrases=phrases, likeness=likeness, words=words, spans=spans)

    def odds(self, evidence: Evidence) -> Floats:
        """The logarithmic odds of each touchpoint before they compete.

        The likeliest touchpoint of a group speaks for the whole group.
        """
        weights = self._reckoning
        odds = weights.phrases * evidence.phrases + weights.likeness * evidence.likeness
        if self._learned is not None:
            told = self._told(self._learned, evidence.words)
            for group, columns in enumerate(self._groups):
                part = odds[:, columns] + told[:, group, None]
                surplus = np.exp(part - part.max(axis=1, keepdims=True)).sum(axis=1, keepdims=True)
                odds[:, columns] = part + np.log(surplus)
        return odds.astype(np.float32)

    def _told(self, learned: Learned, words: Sequence[Sequence[str]]) -> Floats:
        told = np.tile(np.array(learned.base, dtype=np.float32), (len(words), 1))
        for row, said in enumerate(words):
            known = [self._words[each] for each in grams(said) if each in self._words]
            if known:
                told[row] += np.sum(known, axis=0) / math.sqrt(len(known))
        return told


def grams(words: Sequence[str]) -> set[str]:
    """The words and pairs of neighbours that weights are learned for."""
    kept = [word for word in words if word.isalnum() or len(word) > 1]
    return {*kept, *map(" ".join, itertools.pairwise(kept))}


def _shares(odds: Floats, nothing: float) -> Floats:
    """Probabilities that sum to 1 with that of nothing, the last column."""
    rows = np.hstack([odds, np.full((len(odds), 1), nothing, dtype=np.float32)])
    rows = np.exp(rows - rows.max(axis=1, keepdims=True))
    shares: Floats = rows / rows.sum(axis=1, keepdims=True)
    return shares


class _Prototypes:
    """The embeddings of all phrases, and how near a text's embedding comes to each touchpoint's."""

    def __init__(self, touchpoints: Sequence[Touchpoint], embed: Embed) -> None:
        self._touchpoints = len(touchpoints)
        written = [plain(phrase) for each in touchpoints for phrase in each.phrases]
        embeddings = embed(written)
        columns = [column for column, each in enumerate(touchpoints) for _ in each.phrases]
        kept = [row for row, embedding in enumerate(embeddings) if embedding]
        self._vectors: Floats | None = None
        if not kept:
            return
        vectors = _vectors([embeddings[row] for row in kept])
        self._middle = vectors.mean(axis=0)
        self._vectors = _unit(vectors - self._middle)
        sizes = Counter(columns[row] for row in kept)
        self._places = np.full((self._touchpoints, max(_LIKEST, *sizes.values())), len(kept))
        filled: Counter[int] = Counter()
        for place, row in enumerate(kept):
            column = columns[row]
            self._places[column, filled[column]] = place
            filled[column] += 1

    def likeness(self, embeddings: Sequence[bytes]) -> Floats:
        """The mean cosine with the likest phrases of each touchpoint, against the mean of them all.

        What all phrases have in common (that they are short, say) is taken out first.
        """
        result = np.zeros((len(embeddings), self._touchpoints), dtype=np.float32)
        rows = [row for row, embedding in enumerate(embeddings) if embedding]
        if not rows or self._vectors is None:
            return result
        texts = _unit(_vectors([embeddings[row] for row in rows]) - self._middle)
        cosines = texts @ self._vectors.T
        cosines = np.hstack([cosines, np.full((len(rows), 1), -1.0, dtype=np.float32)])
        by_touchpoint = cosines[:, self._places]
        likest = np.partition(by_touchpoint, -_LIKEST, axis=2)[:, :, -_LIKEST:].mean(axis=2)
        result[rows] = likest - likest.mean(axis=1, keepdims=True)
        return result


def _vectors(embeddings: Sequence[bytes]) -> Floats:
    return (
        np.frombuffer(b"".join(embeddings), dtype="<f2")
        .astype(np.float32)
        .reshape(len(embeddings), -1)
    )


def _unit(rows: Floats) -> Floats:
    lengths = np.linalg.norm(rows, axis=1, keepdims=True)
    unit: Floats = rows / np.maximum(lengths, 1e-6)
    return unit

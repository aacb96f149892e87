"""Grouping as posts arrive: complaints that tell the same story become one incident.

One pass, in the order of publication, for each brand. A post joins a story, from the strongest tie
to the weakest, because

1. it answers a post of the story or stands in the same thread,
2. it says nearly the same words (MinHash over word pairs, verified by their Jaccard similarity),
3. it links to the same page,
4. it means much the same: the cosine between embeddings, which carries over between languages,
   raised by the telling words in common (TF-IDF cosine) and lowered by the time since the
   story was last told. Embeddings are taken against their mean over all posts: what all talk
   about the brand has in common, in each script, tells no story from another.

Otherwise it begins a story of its own. Posts that complain of the brand begin stories; neutral
ones, those aimed at somebody else and those with hardly a word in them may only join by ties 1 to
3; praise joins nothing. A story becomes an incident by `lifecycle`.

Everything that a decision rests on follows from the posts and their stories, so that a restart,
which reads them from the store, goes on as if nothing had happened.
"""

from __future__ import annotations

import itertools
import math
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Sequence
from datetime import datetime, timedelta

import attrs
import numpy as np
import rensa

from monitor.domain import Incident, Post, PostKey, Remark, Sentiment, Target
from monitor.incidents.story import Embeddings, Story, Vector, incident_id
from monitor.incidents.words import links, names_pattern, words

__all__ = ["Grouper", "GroupingOptions", "complains"]

_SIGNATURE = 64
_BANDS = 16
_SEED = 7
_CANDIDATES = 24
_TINY = 1e-6
_OWN_SCRIPT = 0.1
_TELLING = 2
"""A post with fewer different telling words (thanks, ???) means nothing that compares."""


@attrs.frozen(kw_only=True)
class GroupingOptions:
    """How alike is alike enough. The defaults were chosen as docs/incidents.md tells."""

    model: tuple[str, str] | None = None
    """Only embeddings of this model and revision compare; those of an earlier one are left out."""
    threshold: float = 0.55
    """The least likeness (cosine plus word bonus) at which a post joins a story."""
    word_weight: float = 0.6
    """What a TF-IDF cosine of 1 adds to the cosine of the embeddings."""
    translated: float = 0.1
    """What is added where a story has no posts in the post's script: words cannot help there."""
    merging: float = 0.55
    """The least cosine between two stories at which the younger joins the older."""
    settled: int = 30
    """From about so many posts a background is known; before, more likeness is asked for."""
    unsettled_cost: float = 0.25
    """How much more is asked for at the very beginning."""
    crowd: float = 0.03
    """What each doubling of the posts that told a story within ``crowd_within`` adds: much is said
    about what much is said about (the prior of a Chinese restaurant process)."""
    crowd_within: timedelta = timedelta(hours=3)
    crowd_most: float = 0.2
    fading: timedelta = timedelta(hours=48)
    """A story not told for this long asks for a likeness that is higher by ``fading_cost``."""
    fading_cost: float = 0.08
    near_duplicate: float = 0.6
    """Jaccard similarity of word pairs from which two posts count as reposts of one another."""
    memory: timedelta = timedelta(days=30)
    """A story that was not told for this long is not compared any more."""
    member_memory: int = 400
    """Of how many of a story's latest posts the threads, links and wordings are remembered."""


def complains(remark: Remark) -> bool:
    """Whether a remark can begin a story: it is negative, or complains without being praise.

    One that is aimed at somebody else, or was not understood, does not.
    """
    said = remark.assessment
    if said.abstained or remark.reading.target is not Target.BRAND:
        return False
    if said.sentiment is Sentiment.NEGATIVE:
        return True
    return (said.complaint or 0.0) >= 0.7 and said.negative >= said.positive


class Grouper:
    """The stories of one brand, and the rule by which a post joins one of them.

    It is a cache of what the store holds: `load` rebuilds it, `place` grows it.
    """

    def __init__(
        self, brand: str, names: Iterable[str] = (), options: GroupingOptions | None = None
    ) -> None:
        self.brand = brand
        self._names = names_pattern(names)
        self._options = options or GroupingOptions()
        self.stories: dict[str, Story] = {}
        self._rows: list[str] = []
        self._row_of: dict[str, int] = {}
        self._sums: Vector = np.zeros((0, 0), dtype=np.float32)
        self._counts: Vector = np.zeros((0, 2), dtype=np.float32)
        self._background = Embeddings()
        self._squares: Vector = np.zeros(0, dtype=np.float32)
        self._last_told = np.zeros(0, dtype=np.float64)
        self._by_post: dict[PostKey, str] = {}
        self._awaited: dict[PostKey, str] = {}
        """Posts that are answered in a story and were not seen yet."""
        self._by_link: dict[str, str] = {}
        self._by_band: defaultdict[tuple[int, bytes], list[PostKey]] = defaultdict(list)
        self._wordings: dict[PostKey, frozenset[str]] = {}
        self._documents = 0
        self._document_counts: Counter[str] = Counter()

    def load(self, incidents: Iterable[tuple[Incident, Sequence[Remark]]]) -> None:
        """Take over stories that the store holds, each with its posts in order."""
        for incident, members in incidents:
            older = len(members) - self._options.member_memory
            for position, remark in enumerate(members):
                reading = self._read(remark)
                self._learn(reading)
                self._join(incident.id, remark, reading, tying=position >= older)

    def learn(self, remarks: Iterable[Remark]) -> None:
        """Let posts that belong to no story count in what all talk has in common."""
        for remark in remarks:
            self._learn(self._read(remark))

    def place(self, remark: Remark) -> str | None:
        """The id of the story that the post joins or begins; ``None`` where it does neither."""
        reading = self._read(remark)
        self._learn(reading)
        complaint = complains(remark)
        if remark.assessment.sentiment is Sentiment.POSITIVE and not complaint:
            return None
        story = self._tied(remark, reading)
        if story is None and complaint:
            story = self._alike(remark, reading)
            if story is None:
                story = incident_id(self.brand, remark.post)
        if story is not None:
            self._join(story, remark, reading)
        return story

    def twin(self, name: str) -> str | None:
        """The story that tells the same as this one, if there is another."""
        row = self._row_of.get(name)
        if row is None:
            return None
        likeness = self._likeness(self._against_background(self.stories[name].meaning))
        likeness[row] = -1.0
        best = int(np.argmax(likeness))
        story, options = self.stories[name], self._options
        unsettled = max(
            self._background.unsettled(chinese, options.settled)
            for chinese in {story.chinese > 0, story.chinese == story.posts}
        )
        needed = options.merging + options.unsettled_cost * unsettled
        return self._rows[best] if likeness[best] >= needed else None

    def merge(self, gone: str, into: str) -> None:
        """Let all posts of one story belong to another."""
        absorbed, story = self.stories.pop(gone), self.stories[into]
        story.absorb(absorbed)
        self._by_post = {k: into if name == gone else name for k, name in self._by_post.items()}
        self._by_link = {k: into if name == gone else name for k, name in self._by_link.items()}
        self._awaited = {k: into if name == gone else name for k, name in self._awaited.items()}
        self._drop_row(gone)
        self._place_row(story)

    def untold_since(self, cutoff: datetime) -> set[str]:
        """The stories that were not told since ``cutoff``."""
        return {name for name, story in self.stories.items() if story.last_post_at < cutoff}

    def forget(self, names: Collection[str]) -> None:
        """Compare nothing any more with these stories."""
        for name in [name for name in names if name in self.stories]:
            story = self.stories.pop(name)
            self._background.subtract(story.meaning)
            self._documents -= story.posts
            self._document_counts.subtract(story.terms)
            self._drop_row(name)
        kept = self.stories
        self._by_post = {key: name for key, name in self._by_post.items() if name in kept}
        self._awaited = {key: name for key, name in self._awaited.items() if name in kept}
        self._by_link = {link: name for link, name in self._by_link.items() if name in kept}
        self._wordings = {key: w for key, w in self._wordings.items() if key in self._by_post}
        self._by_band = defaultdict(list)
        for key, wording in self._wordings.items():
            for band in _bands(wording):
                self._by_band[band].append(key)

    def _learn(self, reading: _Reading) -> None:
        self._background.extend(reading.meaning)
        self._documents += 1
        self._document_counts.update(set(reading.terms))

    # -- what posts mean, without what all of them have in common -----------------------------

    def _against_background(self, meaning: Embeddings) -> Vector:
        """Its direction away from what all posts mean, as a unit vector."""
        direction: Vector = meaning.total - meaning.counts @ self._background.means(
            self._options.settled
        )
        return direction / max(float(np.linalg.norm(direction)), _TINY)

    def _likeness(self, direction: Vector) -> Vector:
        """The cosine of each story, against the background as it is now, with a unit vector."""
        means = self._background.means(self._options.settled)
        rows = len(self._rows)
        sums, counts = self._sums[:rows], self._counts[:rows]
        along = sums @ np.stack((direction, *means), axis=1)
        products = along[:, 0] - counts @ (means @ direction)
        squares = (
            self._squares[:rows]
            - 2.0 * (counts * along[:, 1:]).sum(axis=1)
            + (counts @ (means @ means.T) * counts).sum(axis=1)
        )
        likeness: Vector = products / np.sqrt(np.maximum(squares, _TINY))
        return likeness

    # -- how a post is read, tied and compared ------------------------------------------------

    def _read(self, remark: Remark) -> _Reading:
        text = remark.post.text
        terms = words(text, self._names)
        pairs = frozenset(f"{a} {b}" for a, b in itertools.pairwise(terms))
        chinese, meaning = _is_chinese(terms), Embeddings()
        said = remark.assessment
        comparable = self._options.model in (None, (said.model, said.revision))
        if comparable and len(set(terms)) >= _TELLING:
            vector = np.frombuffer(said.embedding, dtype="<f2").astype(np.float32)
            meaning.add(vector, chinese)
        return _Reading(
            terms=tuple(terms),
            chinese=chinese,
            wording=pairs,
            meaning=meaning,
            links=tuple(sorted(links(text))),
        )

    def _tied(self, remark: Remark, reading: _Reading) -> str | None:
        post = remark.post
        for key in (post.parent, post.thread, post.key):
            if key is not None and key in self._by_post:
                return self._by_post[key]
        if post.key in self._awaited:
            return self._awaited[post.key]
        if len(reading.wording) >= 3:
            for band in _bands(reading.wording):
                for key in self._by_band.get(band, ()):
                    other = self._wordings.get(key)
                    if other and _jaccard(reading.wording, other) >= self._options.near_duplicate:
                        return self._by_post[key]
        for link in reading.links:
            if link in self._by_link:
                return self._by_link[link]
        return None

    def _alike(self, remark: Remark, reading: _Reading) -> str | None:
        count = len(self._rows)
        if not count or not reading.meaning.total.size:
            return None
        options = self._options
        silent = remark.post.published_at.timestamp() - self._last_told[:count]
        faded = (silent / options.fading.total_seconds()).clip(0.0, 1.0)
        direction = self._against_background(reading.meaning)
        likeness = self._likeness(direction) - options.fading_cost * faded
        nearest = np.argsort(-likeness, kind="stable")[:_CANDIDATES]
        scored = [
            (
                float(likeness[row])
                + self._bonus(reading, self.stories[name])
                + self._crowd(self.stories[name], remark.post.published_at),
                name,
            )
            for row, name in ((row, self._rows[row]) for row in nearest)
        ]
        best, story = max(scored)
        unsettled = self._background.unsettled(reading.chinese, options.settled)
        needed = options.threshold + options.unsettled_cost * unsettled
        return story if best >= needed else None

    def _crowd(self, story: Story, now: datetime) -> float:
        """What is added for the posts that told the story lately."""
        options = self._options
        lately = 0
        for when, _ in reversed(story.recent):
            if now - when > options.crowd_within:
                break
            lately += 1
        return min(options.crowd * math.log2(1 + lately), options.crowd_most)

    def _bonus(self, reading: _Reading, story: Story) -> float:
        """What the words in common add, or the want of any where the scripts differ."""
        share = story.chinese / story.posts
        if (share if reading.chinese else 1.0 - share) < _OWN_SCRIPT:
            return self._options.translated
        return self._options.word_weight * self._in_words(reading.terms, story)

    def _in_words(self, terms: Sequence[str], story: Story) -> float:
        """The TF-IDF cosine of a post's words with those of a story."""
        weights = {term: self._idf(term) for term in set(terms)}
        held = {term: self._idf(term) * count / story.posts for term, count in story.main_terms()}
        product = sum(weight * held.get(term, 0.0) for term, weight in weights.items())
        norms = math.hypot(*weights.values()) * math.hypot(*held.values())
        return product / norms if norms else 0.0

    def _idf(self, term: str) -> float:
        return math.log((self._documents + 10.0) / (self._document_counts[term] + 1.0))

    # -- how a story grows --------------------------------------------------------------------

    def _join(self, story_id: str, remark: Remark, reading: _Reading, tying: bool = True) -> None:
        post = remark.post
        story = self.stories.get(story_id)
        if story is None:
            story = self.stories[story_id] = Story(story_id, self.brand, post)
        story.add(remark, reading.terms, reading.chinese, reading.meaning)
        if tying:
            self._tie(story_id, post, reading)
        self._place_row(story)

    def _tie(self, story_id: str, post: Post, reading: _Reading) -> None:
        self._by_post[post.key] = story_id
        if post.parent is not None:
            self._awaited.setdefault(post.parent, story_id)
        if post.thread is not None:
            self._by_post.setdefault(post.thread, story_id)
        for link in reading.links:
            self._by_link.setdefault(link, story_id)
        if len(reading.wording) >= 3:
            self._wordings[post.key] = reading.wording
            for band in _bands(reading.wording):
                self._by_band[band].append(post.key)

    def _place_row(self, story: Story) -> None:
        total = story.meaning.total
        if not total.size:
            return
        row = self._row_of.get(story.id)
        if row is None:
            row = len(self._rows)
            self._rows.append(story.id)
            self._row_of[story.id] = row
            if row >= len(self._sums):
                self._grow(max(64, 2 * row), total.size)
        self._sums[row] = total
        self._counts[row] = story.meaning.counts
        self._squares[row] = total @ total
        self._last_told[row] = story.last_post_at.timestamp()

    def _grow(self, rows: int, size: int) -> None:
        sums, known = np.zeros((rows, size), dtype=np.float32), len(self._sums)
        if known:
            sums[:known] = self._sums
        self._sums = sums
        self._counts = np.resize(self._counts, (rows, 2))
        self._squares = np.resize(self._squares, rows)
        self._last_told = np.resize(self._last_told, rows)

    def _drop_row(self, name: str) -> None:
        """Take a story's row out; the last one moves into its place."""
        row = self._row_of.pop(name, None)
        if row is None:
            return
        moved = self._rows.pop()
        if moved != name:
            last = len(self._rows)
            for column in (self._sums, self._counts, self._squares, self._last_told):
                column[row] = column[last]
            self._rows[row] = moved
            self._row_of[moved] = row


@attrs.frozen(kw_only=True)
class _Reading:
    terms: tuple[str, ...]
    chinese: bool
    wording: frozenset[str]
    meaning: Embeddings
    links: tuple[str, ...]


def _bands(wording: frozenset[str]) -> list[tuple[int, bytes]]:
    signature = rensa.RMinHash(num_perm=_SIGNATURE, seed=_SEED)
    signature.update(sorted(wording))
    digest = np.asarray(signature.digest(), dtype=np.uint32).reshape(_BANDS, -1)
    return [(band, rows.tobytes()) for band, rows in enumerate(digest)]


def _is_chinese(terms: Sequence[str]) -> bool:
    """Whether most of the words are Chinese."""
    return 2 * sum("\u3400" <= term[0] <= "\u9fff" for term in terms) > len(terms)


def _jaccard(a: frozenset[str], b: frozenset[str]) -> float:
    return len(a & b) / len(a | b)

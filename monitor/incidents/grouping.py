"""Grouping as posts arrive: complaints that tell the same story become one incident.

One pass, in the order of publication, for each brand. A post joins a story, from the strongest tie
to the weakest, because

1. it answers a post of the story or stands in the same thread,
2. it says nearly the same words (MinHash over word pairs, verified by their Jaccard similarity),
3. it links to the same page,
4. it means much the same: the cosine between embeddings, which carries over between languages,
   raised by the telling words in common (TF-IDF cosine) and lowered by the time since the
   story was last told. Embeddings are taken against their `Background`: what all talk about the
   brand has in common, in each script, tells no story from another.

Otherwise it begins a story of its own. Posts that complain begin stories; neutral ones may only
join by ties 1 to 3; praise joins nothing. A story becomes an incident by `lifecycle`.
"""

from __future__ import annotations

import hashlib
import itertools
import math
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

import attrs
import numpy as np
import numpy.typing as npt
import rensa

from monitor.domain import Assessment, Incident, PostKey, Remark
from monitor.incidents.words import links, names_pattern, words

__all__ = ["Grouper", "GroupingOptions", "Story", "complains"]

Vector = npt.NDArray[np.float32]

_SIGNATURE = 64
_BANDS = 16
_SEED = 7
_TERMS_KEPT = 60
_CANDIDATES = 24
_OWN_SCRIPT = 0.1


@attrs.frozen(kw_only=True)
class GroupingOptions:
    """How alike is alike enough. The defaults were chosen as docs/incidents.md tells."""

    threshold: float = 0.5
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
    fading: timedelta = timedelta(hours=48)
    """A story not told for this long asks for a likeness that is higher by ``fading_cost``."""
    fading_cost: float = 0.08
    near_duplicate: float = 0.6
    """Jaccard similarity of word pairs from which two posts count as reposts of one another."""
    memory: timedelta = timedelta(days=30)
    """A story that was not told for this long is not compared any more."""
    member_memory: int = 400
    """Of how many of a story's latest posts the threads, links and wordings are remembered."""


def complains(assessment: Assessment) -> bool:
    """Whether a text can begin a story: it is negative, or complains without being praise."""
    if assessment.sentiment == "negative":
        return True
    return (assessment.complaint or 0.0) >= 0.7 and assessment.negative >= assessment.positive


class Background:
    """What posts about a brand have in common: the mean of their embeddings in each script.

    All talk about an airline is alike, and so is all that is written in Chinese. With the mean
    taken away what is left says what a post is about, in either language.
    """

    def __init__(self) -> None:
        self.counts = [0, 0]
        self.sums: list[Vector] = [np.zeros(0, dtype=np.float32), np.zeros(0, dtype=np.float32)]

    def add(self, vector: Vector, chinese: bool) -> None:
        """Count one more post."""
        script = int(chinese)
        self.counts[script] += 1
        self.sums[script] = self.sums[script] + vector if self.sums[script].size else vector.copy()

    def mean(self, chinese: bool, settled: int) -> Vector:
        """The mean of a script, drawn towards nothing while few posts were seen."""
        script = int(chinese)
        return self.sums[script] / np.float32(self.counts[script] + settled)

    def unsettled(self, chinese: bool, settled: int) -> float:
        """1 where nothing was seen in this script, towards 0 as posts come in."""
        return settled / (self.counts[int(chinese)] + settled)


class Story:
    """A growing group of posts: an incident in the making, with what is needed to compare it."""

    def __init__(
        self, story_id: str, brand: str, first_post: PostKey, first_post_at: datetime
    ) -> None:
        self.id = story_id
        self.brand = brand
        self.first_post = first_post
        self.first_post_at = first_post_at
        self.last_post_at = first_post_at
        self.posts = 0
        self.authors: set[str] = set()
        self.sum: Vector = np.zeros(0, dtype=np.float32)
        self.terms: Counter[str] = Counter()
        self.chinese = 0
        """How many of its posts are in Chinese characters."""
        self.recent: list[tuple[datetime, str]] = []
        """When each post was published and by whom, in the order of arrival."""

    def add(self, remark: Remark, terms: Sequence[str], vector: Vector) -> None:
        """Let a post join."""
        author = author_id(remark)
        self.posts += 1
        self.authors.add(author)
        self.first_post_at = min(self.first_post_at, remark.post.published_at)
        self.last_post_at = max(self.last_post_at, remark.post.published_at)
        self.recent.append((remark.post.published_at, author))
        self.terms.update(set(terms))
        self.chinese += _is_chinese(terms)
        if vector.size:
            self.sum = self.sum + vector if self.sum.size else vector.copy()

    def absorb(self, other: Story) -> None:
        """Take over all posts of another story."""
        if other.first_post_at < self.first_post_at:
            self.first_post, self.first_post_at = other.first_post, other.first_post_at
        self.last_post_at = max(self.last_post_at, other.last_post_at)
        self.posts += other.posts
        self.chinese += other.chinese
        self.authors |= other.authors
        self.terms.update(other.terms)
        self.recent += other.recent
        if other.sum.size:
            self.sum = self.sum + other.sum if self.sum.size else other.sum

    def main_terms(self) -> tuple[tuple[str, int], ...]:
        """The words that most of its posts share, most frequent first."""
        ranked = sorted(self.terms.items(), key=lambda item: (-item[1], item[0]))
        return tuple(ranked[:_TERMS_KEPT])


def author_id(remark: Remark) -> str:
    """Who wrote it; an anonymous post counts as an author of its own."""
    author = remark.post.author
    return f"{remark.post.key.source}:{author.native_id}" if author else str(remark.post.key)


def incident_id(brand: str, first: PostKey) -> str:
    """The same posts give the same incident wherever they are grouped."""
    digest = hashlib.blake2s(f"{brand}\x00{first}".encode(), digest_size=5)
    return digest.hexdigest()


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
        self._matrix: Vector = np.zeros((0, 0), dtype=np.float32)
        self._background = Background()
        self._redraw_at = 8
        self._last_told = np.zeros(0, dtype=np.float64)
        self._by_post: dict[PostKey, str] = {}
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
                if position < older:
                    self._story(incident.id, remark, founder=incident.first_post).add(
                        remark, reading.terms, reading.vector
                    )
                else:
                    self._join(incident.id, remark, reading, founder=incident.first_post)
                self._learn(reading)

    def place(self, remark: Remark) -> str | None:
        """The id of the story that the post joins or begins; ``None`` where it does neither."""
        reading = self._read(remark)
        self._learn(reading)
        assessment = remark.assessment
        if assessment.sentiment == "positive" and not complains(assessment):
            return None
        story = self._tied(remark, reading)
        if story is None and complains(assessment):
            story = self._alike(remark, reading)
            if story is None:
                story = incident_id(self.brand, remark.post.key)
        if story is not None:
            self._join(story, remark, reading, founder=remark.post.key)
        return story

    def twin(self, name: str) -> str | None:
        """The story that tells the same as this one, if there is another."""
        row = self._row_of.get(name)
        if row is None:
            return None
        likeness = self._matrix[: len(self._rows)] @ self._matrix[row]
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
        row = self._row_of.pop(gone, None)
        if row is not None:
            last = len(self._rows) - 1
            self._matrix[row] = self._matrix[last]
            self._last_told[row] = self._last_told[last]
            self._rows[row] = self._rows[last]
            self._row_of[self._rows[row]] = row
            self._rows.pop()
            self._row_of.pop(gone, None)
        self._place_row(story)

    def forget_before(self, cutoff: datetime) -> None:
        """Compare nothing any more with stories that were not told since ``cutoff``."""
        kept = {name: story for name, story in self.stories.items() if story.last_post_at >= cutoff}
        if len(kept) == len(self.stories):
            return
        self.stories = kept
        self._by_post = {key: name for key, name in self._by_post.items() if name in kept}
        self._by_link = {link: name for link, name in self._by_link.items() if name in kept}
        self._wordings = {key: w for key, w in self._wordings.items() if key in self._by_post}
        self._by_band = defaultdict(list)
        for key, wording in self._wordings.items():
            for band in _bands(wording):
                self._by_band[band].append(key)
        self._rows, self._row_of = [], {}
        for story in kept.values():
            self._place_row(story)

    def _learn(self, reading: _Reading) -> None:
        """Let a post count in the background; the stories are drawn anew as that settles."""
        self._documents += 1
        self._document_counts.update(set(reading.terms))
        if reading.vector.size:
            self._background.add(reading.vector, reading.chinese)
        if self._documents >= self._redraw_at:
            self._redraw_at = self._documents + max(8, self._documents // 10)
            for story in self.stories.values():
                self._place_row(story)

    def _against_background(self, total: Vector, latin: int, chinese: int) -> Vector:
        """A sum of embeddings without what its posts share with all others, as a unit vector."""
        settled = self._options.settled
        for count, script in ((latin, False), (chinese, True)):
            mean = self._background.mean(script, settled)
            if count and mean.size:
                total = total - count * mean
        norm = float(np.linalg.norm(total))
        return total / norm if norm else total

    # -- how a post is read, tied and compared ------------------------------------------------

    def _read(self, remark: Remark) -> _Reading:
        text = remark.post.text
        terms = words(text, self._names)
        pairs = frozenset(f"{a} {b}" for a, b in itertools.pairwise(terms))
        vector = np.frombuffer(remark.assessment.embedding, dtype="<f2").astype(np.float32)
        return _Reading(
            terms=tuple(terms),
            chinese=_is_chinese(terms),
            wording=pairs,
            vector=vector,
            links=links(text),
        )

    def _tied(self, remark: Remark, reading: _Reading) -> str | None:
        post = remark.post
        for key in (post.parent, post.thread):
            if key is not None and key in self._by_post:
                return self._by_post[key]
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
        if not count or not reading.vector.size:
            return None
        options = self._options
        silent = remark.post.published_at.timestamp() - self._last_told[:count]
        faded = (silent / options.fading.total_seconds()).clip(0.0, 1.0)
        vector = self._against_background(
            reading.vector, int(not reading.chinese), int(reading.chinese)
        )
        likeness = self._matrix[:count] @ vector - options.fading_cost * faded
        nearest = np.argsort(-likeness, kind="stable")[:_CANDIDATES]
        scored = [
            (float(likeness[row]) + self._bonus(reading, self.stories[name]), name)
            for row, name in ((row, self._rows[row]) for row in nearest)
        ]
        best, story = max(scored)
        unsettled = self._background.unsettled(reading.chinese, options.settled)
        needed = options.threshold + options.unsettled_cost * unsettled
        return story if best >= needed else None

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

    def _join(self, story_id: str, remark: Remark, reading: _Reading, founder: PostKey) -> None:
        story = self._story(story_id, remark, founder)
        story.add(remark, reading.terms, reading.vector)
        key = remark.post.key
        self._by_post[key] = story_id
        if remark.post.thread is not None:
            self._by_post.setdefault(remark.post.thread, story_id)
        for link in reading.links:
            self._by_link.setdefault(link, story_id)
        if len(reading.wording) >= 3:
            self._wordings[key] = reading.wording
            for band in _bands(reading.wording):
                self._by_band[band].append(key)
        self._place_row(story)

    def _story(self, story_id: str, remark: Remark, founder: PostKey) -> Story:
        if story_id not in self.stories:
            self.stories[story_id] = Story(story_id, self.brand, founder, remark.post.published_at)
        return self.stories[story_id]

    def _place_row(self, story: Story) -> None:
        if not story.sum.size:
            return
        row = self._row_of.get(story.id)
        if row is None:
            row = len(self._rows)
            self._rows.append(story.id)
            self._row_of[story.id] = row
            if row >= len(self._matrix):
                grown = max(64, 2 * len(self._matrix))
                matrix = np.zeros((grown, story.sum.size), dtype=np.float32)
                if row:
                    matrix[:row] = self._matrix[:row]
                self._matrix = matrix
                self._last_told = np.resize(self._last_told, grown)
        self._matrix[row] = self._against_background(
            story.sum, story.posts - story.chinese, story.chinese
        )
        self._last_told[row] = story.last_post_at.timestamp()


@attrs.frozen(kw_only=True)
class _Reading:
    terms: tuple[str, ...]
    chinese: bool
    wording: frozenset[str]
    vector: Vector
    links: frozenset[str]


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

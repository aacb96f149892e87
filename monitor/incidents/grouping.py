"""Grouping as posts arrive: complaints that tell the same story become one incident.

One pass, in the order of publication, for each brand. A post joins a story, from the strongest tie
to the weakest, because

1. it answers a post of the story or stands in the same thread,
2. it says nearly the same words (MinHash over word pairs, verified by their Jaccard similarity),
3. it links to the same page,
4. it means much the same: the cosine between embeddings, which carries over between languages,
   raised by what the story explains of its words and lowered by the time since the story was last
   told. Embeddings are taken against their mean over all posts: what all talk about the brand
   has in common, in each script, tells no story from another.

Otherwise it begins a story of its own. Posts that complain of the brand begin stories; neutral
ones, those aimed at somebody else and those with hardly a word in them may only join by ties 1 to
3; praise joins nothing. A story becomes an incident by `lifecycle`.

What a post costs does not grow with what is stored: stories that were not told for long are let go,
so are the smallest where there are very many, and each remembers the ties of its latest posts only.

Everything that a decision rests on follows from the posts and their stories, so that a restart,
which reads them from the store, goes on as if nothing had happened.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable, Sequence
from datetime import datetime, timedelta

import attrs
import numpy as np

from monitor.domain import Incident, PostKey, Remark, Sentiment, Target
from monitor.incidents.meanings import Meanings
from monitor.incidents.splitting import Heard, SplittingOptions, later_part
from monitor.incidents.story import Embeddings, Story, incident_id
from monitor.incidents.ties import Ties, wording
from monitor.incidents.vocabulary import Vocabulary
from monitor.incidents.words import links, names_pattern, words

__all__ = ["Grouper", "GroupingOptions", "complains", "worth"]

_CANDIDATES = 24
_OWN_SCRIPT = 0.1
_TELLING = 2
"""A post with fewer different telling words (thanks, ???) means nothing that compares."""
_SMALL = 4
"""Where there are too many stories, those of fewer posts go first."""


@attrs.frozen(kw_only=True)
class GroupingOptions:
    """How alike is alike enough. The defaults were chosen as docs/incidents.md tells."""

    model: tuple[str, str] | None = None
    """Only embeddings of this model and revision compare; those of an earlier one are left out."""
    threshold: float = 0.5
    """The least likeness (cosine plus what the words add) at which a post joins a story."""
    word_weight: float = 1.0
    """What is added where a story explains all that a post's words say."""
    translated: float = 0.15
    """What is added where a story has no posts in the post's script: words cannot help there."""
    merging: float = 0.75
    """The least likeness (cosine plus what the words add) at which two stories become one."""
    merging_word_weight: float = 0.5
    """What is added where both are told in the very same words."""
    merging_translated: float = 0.3
    """What is added where two stories have no script in common."""
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
    most: int = 4_000
    """So many stories of a brand are compared; of more, the smallest told longest ago are not."""
    member_memory: int = 400
    """Of how many of a story's latest posts the threads, links and wordings are remembered."""
    splitting: SplittingOptions = attrs.field(factory=SplittingOptions)


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


def worth(story: Story | Incident) -> tuple[bool, datetime, str]:
    """Sorts the stories first that are let go first, where there are too many to compare."""
    return (story.posts >= _SMALL, story.last_post_at, story.id)


class Grouper:
    """The stories of one brand, and the rule by which a post joins one of them.

    It is a cache of what the store holds: `load` rebuilds it, `place` grows it.
    """

    def __init__(
        self, brand: str, names: Iterable[str] = (), options: GroupingOptions | None = None
    ) -> None:
        self.brand = brand
        self.options = options or GroupingOptions()
        self.stories: dict[str, Story] = {}
        self.meanings = Meanings(self.options.settled)
        self.vocabulary = Vocabulary()
        self._names = names_pattern(names)
        self._ties = Ties(self.options.near_duplicate, self.options.member_memory)

    def load(self, stories: Iterable[tuple[str, Sequence[Remark]]]) -> None:
        """Take over stories that the store holds, each with its posts, oldest first."""
        for story, members in stories:
            older = len(members) - self.options.member_memory
            for position, remark in enumerate(members):
                heard = self.hear(remark)
                self._learn(heard)
                self._join(story, remark, heard, tying=position >= older)

    def learn(self, remarks: Iterable[Remark]) -> None:
        """Let posts that belong to no story count in what all talk has in common."""
        for remark in remarks:
            self._learn(self.hear(remark))

    def hear(self, remark: Remark) -> Heard:
        """Read a post."""
        text, said = remark.post.text, remark.assessment
        terms = words(text, self._names)
        different = tuple(dict.fromkeys(terms))
        chinese, meaning = _is_chinese(terms), Embeddings()
        comparable = self.options.model in (None, (said.model, said.revision))
        if comparable and len(different) >= _TELLING:
            vector = np.frombuffer(said.embedding, dtype="<f2").astype(np.float32)
            meaning.add(vector, chinese)
        return Heard(
            terms=different,
            chinese=chinese,
            wording=wording(terms),
            meaning=meaning,
            links=tuple(sorted(links(text))),
        )

    def place(self, remark: Remark) -> str | None:
        """The id of the story that the post joins or begins; ``None`` where it does neither."""
        heard = self.hear(remark)
        self._learn(heard)
        complaint = complains(remark)
        if remark.assessment.sentiment is Sentiment.POSITIVE and not complaint:
            return None
        story = self._ties.find(remark.post, heard.wording, heard.links)
        if story is None and complaint:
            story = self._alike(remark, heard)
            if story is None:
                story = incident_id(self.brand, remark.post)
        if story is not None:
            self._join(story, remark, heard)
        return story

    def twin(self, name: str) -> str | None:
        """The story that tells the same as this one, if there is another."""
        row, options = self.meanings.row(name), self.options
        if row is None:
            return None
        story = self.stories[name]
        likeness = self.meanings.likeness(self.meanings.away(story.meaning))
        likeness[row] = -np.inf
        unsettled = max(
            self.meanings.unsettled(chinese)
            for chinese in {story.chinese > 0, story.chinese == story.posts}
        )
        needed = options.merging + options.unsettled_cost * unsettled
        hopeless = needed - max(options.merging_word_weight, options.merging_translated)
        nearest = np.argsort(-likeness, kind="stable")[:_CANDIDATES]
        best, twin = max(
            (
                (float(likeness[row]) + self._bonus_of_twin(story, self.stories[other]), other)
                for row, other in ((row, self.meanings.names[row]) for row in nearest)
                if likeness[row] >= hopeless
            ),
            default=(-np.inf, name),
        )
        return twin if best >= needed else None

    def merge(self, gone: str, into: str) -> None:
        """Let all posts of one story belong to another."""
        absorbed, story = self.stories.pop(gone), self.stories[into]
        story.absorb(absorbed)
        self._ties.move(gone, into)
        self.meanings.drop(gone)
        self.meanings.place(story)

    def later_part(self, members: Sequence[Remark]) -> frozenset[PostKey]:
        """The posts of a story, given oldest first, that tell another than its earlier ones."""
        return later_part(
            [(remark, self.hear(remark)) for remark in members],
            self.meanings,
            self.vocabulary,
            self.options.near_duplicate,
            self.options.splitting,
        )

    def faded(self, cutoff: datetime) -> set[str]:
        """The stories that are to be compared no more: those not told since ``cutoff``.

        Where there are more than the most that are compared, the smallest that were told longest
        ago as well.
        """
        untold = {name for name, story in self.stories.items() if story.last_post_at < cutoff}
        surplus = len(self.stories) - len(untold) - self.options.most
        if surplus > 0:
            left = [story for name, story in self.stories.items() if name not in untold]
            untold.update(story.id for story in sorted(left, key=worth)[:surplus])
        return untold

    def forget(self, names: Collection[str]) -> None:
        """Compare nothing any more with these stories."""
        for name in sorted(name for name in names if name in self.stories):
            story = self.stories.pop(name)
            self.meanings.background.subtract(story.meaning)
            self.vocabulary.forget(story)
            self.meanings.drop(name)
            self._ties.drop(name)

    def _learn(self, heard: Heard) -> None:
        self.meanings.background.extend(heard.meaning)
        self.vocabulary.learn(heard.terms, heard.chinese)

    def _alike(self, remark: Remark, heard: Heard) -> str | None:
        """The story that means most the same, if it is alike enough."""
        if not self.meanings.names or not heard.meaning.total.size:
            return None
        options, now = self.options, remark.post.published_at
        silent = self.meanings.silent(now) / options.fading.total_seconds()
        direction = self.meanings.away(heard.meaning)
        likeness = self.meanings.likeness(direction) - options.fading_cost * silent.clip(0.0, 1.0)
        nearest = np.argsort(-likeness, kind="stable")[:_CANDIDATES]
        best, name = max(
            (float(likeness[row]) + self._bonus(heard, self.stories[name], now), name)
            for row, name in ((row, self.meanings.names[row]) for row in nearest)
        )
        unsettled = self.meanings.unsettled(heard.chinese)
        return name if best >= options.threshold + options.unsettled_cost * unsettled else None

    def _bonus(self, heard: Heard, story: Story, now: datetime) -> float:
        """What is added for the posts that told a story lately, and for its words.

        Where the scripts differ, words cannot help.
        """
        options = self.options
        lately = story.told_within(options.crowd_within, now)
        crowd = min(options.crowd * math.log2(1 + lately), options.crowd_most)
        share = story.chinese / story.posts
        if (share if heard.chinese else 1.0 - share) < _OWN_SCRIPT:
            return crowd + options.translated
        explained = self.vocabulary.explained(heard.terms, heard.chinese, story)
        return crowd + options.word_weight * explained

    def _bonus_of_twin(self, story: Story, other: Story) -> float:
        """What the words in common add to the likeness of two stories.

        As far as they are in different scripts words cannot help.
        """
        foreign = abs(story.chinese / story.posts - other.chinese / other.posts)
        alike = self.vocabulary.alike(story, other)
        options = self.options
        in_words, translated = options.merging_word_weight * alike, options.merging_translated
        return (1.0 - foreign) * in_words + foreign * translated

    def _join(self, story_id: str, remark: Remark, heard: Heard, tying: bool = True) -> None:
        post = remark.post
        story = self.stories.get(story_id)
        if story is None:
            story = self.stories[story_id] = Story(story_id, self.brand, post)
        story.add(remark, heard.terms, heard.chinese, heard.meaning)
        if tying:
            self._ties.add(story_id, post, heard.wording, heard.links)
        self.meanings.place(story)


def _is_chinese(terms: Sequence[str]) -> bool:
    """Whether most of the words are Chinese."""
    return 2 * sum("\u3400" <= term[0] <= "\u9fff" for term in terms) > len(terms)

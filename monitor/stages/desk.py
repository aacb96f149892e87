"""The stories of one brand that are compared, beside what the store holds of them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence

from monitor.domain import Brand, Remark
from monitor.incidents.grouping import Grouper, GroupingOptions, complains
from monitor.incidents.own_posts import is_own, own_names
from monitor.incidents.titles import title
from monitor.incidents.words import Token, names_pattern, tokens

__all__ = ["Desk"]

_TITLE_FROM = 40
"""A title is made of the latest posts, at most so many."""


class Desk:
    """A grouper, and what a story's title and audience are made of."""

    def __init__(self, brand: Brand, options: GroupingOptions) -> None:
        names = (brand.name, *brand.aliases, *brand.handles)
        self.brand = brand
        self.grouper = Grouper(brand.id, names, options)
        self._names = names_pattern(names)
        self._own = own_names(brand)
        self._read: defaultdict[str, list[list[Token]]] = defaultdict(list)
        self._audience: defaultdict[str, int] = defaultdict(int)

    def is_own(self, remark: Remark) -> bool:
        """Whether the brand itself wrote it: its apology is no complaint."""
        return is_own(remark.post.author, self._own)

    def load(self, stories: Iterable[tuple[str, Sequence[Remark]]]) -> None:
        """Take over stories as the store holds them, each with its posts, oldest first."""
        for story, members in stories:
            self.grouper.load([(story, members)])
            for remark in members:
                self.remember(story, remark)

    def remember(self, story: str, remark: Remark) -> None:
        """Keep what a title and the audience are made of."""
        read = self._read[story]
        read.append(tokens(remark.post.text, self._names))
        del read[:-_TITLE_FROM]
        author = remark.post.author
        if author is not None and author.followers and complains(remark):
            self._audience[story] = max(self._audience[story], author.followers)

    def merge(self, gone: str, into: str) -> None:
        """Let one story be part of another."""
        self.grouper.merge(gone, into)
        self._read[into] = (self._read.pop(gone, []) + self._read[into])[-_TITLE_FROM:]
        self._audience[into] = max(self._audience.pop(gone, 0), self._audience[into])

    def forget(self, stories: Collection[str]) -> None:
        """Let go of stories."""
        self.grouper.forget(stories)
        for name in stories:
            self._read.pop(name, None)
            self._audience.pop(name, None)

    def title(self, story: str) -> str:
        """What a story is called, by the words of its latest posts."""
        return title(self._read[story])

    def audience(self, story: str) -> int:
        """Followers of the complaining author of a story who has most of them."""
        return self._audience.get(story, 0)

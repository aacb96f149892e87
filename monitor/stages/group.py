"""group: complaints that tell the same story open an incident or let one grow."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

import attrs

from monitor.domain import Brand, Incident, IncidentState, PostKey, Remark
from monitor.incidents.grouping import Grouper, GroupingOptions, Story, complains
from monitor.incidents.lifecycle import LifecycleOptions, Telling, advance
from monitor.incidents.titles import title
from monitor.incidents.words import Token, names_pattern, tokens
from monitor.store.store import Store
from monitor.store.unit_of_work import UnitOfWork

__all__ = ["Group"]

_TITLE_FROM = 40
"""A title is made of the latest posts, at most so many."""


class _Desk:
    """The stories of one brand that are compared, beside what the store holds of them."""

    def __init__(self, brand: Brand, options: GroupingOptions) -> None:
        names = (brand.name, *brand.aliases, *brand.handles)
        self.brand = brand
        self.grouper = Grouper(brand.id, names, options)
        self.names = names_pattern(names)
        self.own = {handle.casefold().lstrip("@") for handle in brand.handles}
        self.read: defaultdict[str, list[list[Token]]] = defaultdict(list)
        self.titles: dict[str, tuple[int, str]] = {}
        self.compared: dict[str, int] = {}
        self.audience: defaultdict[str, int] = defaultdict(int)

    def is_own(self, remark: Remark) -> bool:
        """Whether the brand itself wrote it: its apology is no complaint."""
        author = remark.post.author
        known_as = {author.handle, author.native_id, author.name} if author else set()
        return not self.own.isdisjoint(name.casefold().lstrip("@") for name in known_as if name)

    def remember(self, story: str, remark: Remark) -> None:
        """Keep what a title and the audience are made of."""
        read = self.read[story]
        read.append(tokens(remark.post.text, self.names))
        del read[:-_TITLE_FROM]
        author = remark.post.author
        if author is not None and author.followers and complains(remark.assessment):
            self.audience[story] = max(self.audience[story], author.followers)

    def due_twin(self, story: str) -> str | None:
        """The story's twin; looked for again whenever it has grown by a third."""
        held = self.grouper.stories.get(story)
        if held is None or held.posts < max(2.0, 1.33 * self.compared.get(story, 0)):
            return None
        self.compared[story] = held.posts
        return self.grouper.twin(story)

    def merge(self, gone: str, into: str) -> None:
        """Let one story be part of another."""
        self.grouper.merge(gone, into)
        self.read[into] = (self.read.pop(gone, []) + self.read[into])[-_TITLE_FROM:]
        self.audience[into] = max(self.audience.pop(gone, 0), self.audience[into])
        self.titles.pop(into, None)

    def forget_before(self, cutoff: datetime) -> None:
        """Let go of stories that were not told since ``cutoff``."""
        self.grouper.forget_before(cutoff)
        for name in [name for name in self.read if name not in self.grouper.stories]:
            del self.read[name]
            self.titles.pop(name, None)
            self.compared.pop(name, None)
            self.audience.pop(name, None)

    def title(self, story: Story) -> str:
        """A title made anew whenever the story has grown by a quarter."""
        made_at, heading = self.titles.get(story.id, (0, ""))
        if story.posts >= 1.25 * made_at:
            heading = title(self.read[story.id])
            self.titles[story.id] = (story.posts, heading)
        return heading


class Group:
    """Assessed mentions join a story; stories become incidents, close and reopen.

    The stories stand in memory as a cache of the store. Whenever a transaction fails the cache is
    thrown away and read again, so that both always tell the same.
    """

    name = "group"

    def __init__(
        self,
        brands: Sequence[Brand],
        grouping: GroupingOptions | None = None,
        lifecycle: LifecycleOptions | None = None,
        batch: int = 1_000,
    ) -> None:
        self._brands = {brand.id: brand for brand in brands}
        self._grouping = grouping or GroupingOptions()
        self._lifecycle = lifecycle or LifecycleOptions()
        self.batch = batch
        self._desks: dict[str, _Desk] = {}
        self._swept_at: datetime | None = None

    def run(self, store: Store, now: datetime) -> int:
        """Place up to ``batch`` mentions, then see which incidents opened, grew or fell silent."""
        try:
            return self._run(store, now)
        except BaseException:
            self._desks.clear()
            raise

    def _run(self, store: Store, now: datetime) -> int:
        with store.read() as work:
            remarks = work.mentions.ungrouped(self.batch)
            heard = work.voices.widely_seen(self._lifecycle.views)
            sweeping = self._sweep_is_due(now)
            quiet = (
                work.incidents.find(
                    states=(IncidentState.OPEN,), last_post_before=now - self._lifecycle.quiet
                )
                if sweeping
                else []
            )
            for remark in remarks:
                self._desk(remark.brand, work, now)
        if not (remarks or heard or quiet):
            return 0
        changed: defaultdict[str, set[str]] = defaultdict(set)
        placed: defaultdict[str, dict[PostKey, str | None]] = defaultdict(dict)
        for remark in remarks:
            desk = self._desks[remark.brand]
            story = None if desk.is_own(remark) else desk.grouper.place(remark)
            placed[remark.brand][remark.post.key] = story
            if story is not None:
                desk.remember(story, remark)
                changed[remark.brand].add(story)
        with store.begin() as work:
            for brand, stories in placed.items():
                work.mentions.group(brand, stories, now)
                _merge_twins(self._desks[brand], changed[brand], work)
            for incident in (*heard, *quiet):
                self._desk(incident.brand, work, now)
                changed[incident.brand].add(incident.id)
            for brand, stories_changed in changed.items():
                self._save(self._desks[brand], stories_changed, work, now)
        if sweeping:
            self._swept_at = now
            for desk in self._desks.values():
                desk.forget_before(now - self._grouping.memory)
        return len(remarks)

    def _sweep_is_due(self, now: datetime) -> bool:
        return self._swept_at is None or now - self._swept_at >= timedelta(hours=1)

    def _save(self, desk: _Desk, stories: Iterable[str], work: UnitOfWork, now: datetime) -> None:
        names = sorted(stories)
        views = work.voices.views(names)
        stored = work.incidents.get_all(names)
        for name in names:
            before = stored.get(name)
            story = desk.grouper.stories.get(name)
            if story is not None:
                now_told, told = _incident(story, before, desk.title(story)), story.recent
            elif before is not None:
                now_told, told = before, []
            else:
                continue
            telling = Telling(told=told, audience=desk.audience[name], views=views.get(name, 0))
            grown = advance(now_told, telling, now, self._lifecycle)
            if grown != before:
                version = before.version + 1 if before else 1
                work.incidents.save(attrs.evolve(grown, version=version))

    def _desk(self, brand: str, work: UnitOfWork, now: datetime) -> _Desk:
        if brand not in self._desks:
            desk = _Desk(self._brand(brand), self._grouping)
            held = work.incidents.find(brand=brand, last_post_after=now - self._grouping.memory)
            loaded = [(incident, work.mentions.of_incident(incident.id)) for incident in held]
            loaded.sort(key=lambda pair: (pair[0].first_post_at, pair[0].id))
            desk.grouper.load(loaded)
            for incident, members in loaded:
                for remark in members:
                    desk.remember(incident.id, remark)
            self._desks[brand] = desk
        return self._desks[brand]

    def _brand(self, brand: str) -> Brand:
        """A brand that was configured once and is no more still has its posts."""
        return self._brands.get(brand) or Brand(id=brand, name=brand)


def _merge_twins(desk: _Desk, changed: set[str], work: UnitOfWork) -> None:
    """Stories that turn out to tell the same become one, as long as one of them still forms.

    What was called an incident stays: people may have been told of it under its name.
    """
    for name in sorted(changed):
        twin = desk.due_twin(name)
        if twin is None:
            continue
        known = work.incidents.get_all((name, twin))
        forming = [
            story
            for story in (name, twin)
            if story not in known or known[story].state is IncidentState.FORMING
        ]
        if not forming:
            continue
        gone = max(forming, key=lambda story: desk.grouper.stories[story].first_post_at)
        into = twin if gone == name else name
        desk.merge(gone, into)
        work.mentions.regroup(gone, into)
        work.incidents.remove(gone)
        changed.discard(gone)
        changed.add(into)


def _incident(story: Story, before: Incident | None, heading: str) -> Incident:
    return Incident(
        id=story.id,
        brand=story.brand,
        title=heading,
        state=before.state if before else IncidentState.FORMING,
        first_post=story.first_post,
        first_post_at=story.first_post_at,
        last_post_at=story.last_post_at,
        posts=story.posts,
        authors=len(story.authors),
        opened_at=before.opened_at if before else None,
        closed_at=before.closed_at if before else None,
        level=before.level if before else None,
        centroid=story.sum.astype("<f4").tobytes(),
        terms=story.main_terms(),
        version=before.version if before else 1,
    )

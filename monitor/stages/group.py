"""group: complaints that tell the same story open an incident or let one grow."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from datetime import datetime, timedelta

import attrs

from monitor.domain import Brand, Incident, IncidentState, PostKey, Remark
from monitor.incidents.grouping import Grouper, GroupingOptions, complains
from monitor.incidents.lifecycle import LifecycleOptions, Telling, advance
from monitor.incidents.own_posts import is_own, own_names
from monitor.incidents.story import Story
from monitor.incidents.titles import title
from monitor.incidents.words import Token, names_pattern, tokens
from monitor.store.store import Store
from monitor.store.unit_of_work import UnitOfWork

__all__ = ["Group"]

_BACKGROUND_FROM = 5_000
"""What all talk about a brand has in common is read from so many posts when a process starts."""
_SWEEP_EVERY = timedelta(hours=1)
_TITLE_FROM = 40
"""A title is made of the latest posts, at most so many."""


class _Desk:
    """The stories of one brand that are compared, beside what the store holds of them."""

    def __init__(self, brand: Brand, options: GroupingOptions) -> None:
        names = (brand.name, *brand.aliases, *brand.handles)
        self.brand = brand
        self.grouper = Grouper(brand.id, names, options)
        self.names = names_pattern(names)
        self.own = own_names(brand)
        self.read: defaultdict[str, list[list[Token]]] = defaultdict(list)
        self.audience: defaultdict[str, int] = defaultdict(int)

    def is_own(self, remark: Remark) -> bool:
        """Whether the brand itself wrote it: its apology is no complaint."""
        return is_own(remark.post.author, self.own)

    def load(self, stories: Sequence[tuple[Incident, Sequence[Remark]]]) -> None:
        """Take over stories as the store holds them."""
        self.grouper.load(stories)
        for incident, members in stories:
            for remark in members:
                self.remember(incident.id, remark)

    def remember(self, story: str, remark: Remark) -> None:
        """Keep what a title and the audience are made of."""
        read = self.read[story]
        read.append(tokens(remark.post.text, self.names))
        del read[:-_TITLE_FROM]
        author = remark.post.author
        if author is not None and author.followers and complains(remark):
            self.audience[story] = max(self.audience[story], author.followers)

    def merge(self, gone: str, into: str) -> None:
        """Let one story be part of another."""
        self.grouper.merge(gone, into)
        self.read[into] = (self.read.pop(gone, []) + self.read[into])[-_TITLE_FROM:]
        self.audience[into] = max(self.audience.pop(gone, 0), self.audience[into])

    def forget(self, stories: Collection[str]) -> None:
        """Let go of stories."""
        self.grouper.forget(stories)
        for name in stories:
            self.read.pop(name, None)
            self.audience.pop(name, None)


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
        self._grouped: int | None = None
        """How many mentions should belong to stories; fewer where some were deleted or edited."""
        self._swept_at: datetime | None = None

    def run(self, store: Store, now: datetime) -> int:
        """Place up to ``batch`` mentions, then see which incidents opened, grew or fell silent."""
        try:
            return self._run(store, now)
        except BaseException:
            self._desks.clear()
            self._grouped = None
            raise

    def _run(self, store: Store, now: datetime) -> int:
        quiet_since = now - self._lifecycle.quiet
        with store.read() as work:
            grouped = work.voices.grouped()
            shrunken = self._read_again(work, now) if grouped != self._grouped else []
            self._grouped = grouped
            remarks = work.mentions.ungrouped(self.batch)
            heard = work.voices.widely_seen(self._lifecycle.views, quiet_since)
            quiet = work.incidents.find(states=(IncidentState.OPEN,), last_post_before=quiet_since)
            concerned = {remark.brand for remark in remarks}
            for brand in sorted(concerned | {incident.brand for incident in (*heard, *quiet)}):
                self._desk(brand, work, now)
        if not (remarks or shrunken or heard or quiet):
            return 0
        changed: defaultdict[str, set[str]] = defaultdict(set)
        for incident in (*shrunken, *heard, *quiet):
            changed[incident.brand].add(incident.id)
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
            for brand, stories_changed in changed.items():
                desk = self._desks[brand]
                retold = _merge_twins(desk, stories_changed, work)
                retold.update(incident.id for incident in shrunken)
                self._save(desk, stories_changed, retold, work, now)
        self._grouped = grouped + sum(
            story is not None for of in placed.values() for story in of.values()
        )
        self._sweep(now)
        return len(remarks)

    def _read_again(self, work: UnitOfWork, now: datetime) -> list[Incident]:
        """The stories that lost posts since they were last counted, read anew from what is left."""
        shrunken = work.voices.miscounted()
        for brand in sorted({incident.brand for incident in shrunken}):
            desk = self._desk(brand, work, now)
            of_brand = [incident for incident in shrunken if incident.brand == brand]
            desk.forget({incident.id for incident in of_brand})
            desk.load([(one, work.mentions.of_incident(one.id)) for one in of_brand])
        return shrunken

    def _sweep(self, now: datetime) -> None:
        if self._swept_at is None or now - self._swept_at >= _SWEEP_EVERY:
            self._swept_at = now
            for desk in self._desks.values():
                untold = desk.grouper.untold_since(now - self._grouping.memory)
                if untold:
                    desk.forget(untold)

    def _save(
        self, desk: _Desk, stories: Iterable[str], retold: set[str], work: UnitOfWork, now: datetime
    ) -> None:
        names = sorted(stories)
        views = work.voices.views(names)
        stored = work.incidents.get_all(names)
        for name in names:
            before = stored.get(name)
            story = desk.grouper.stories.get(name)
            if story is not None:
                if before is None or name in retold or has_grown(before.posts, story.posts):
                    heading = title(desk.read[name])
                else:
                    heading = before.title
                now_told, told = _incident(story, before, heading), story.recent
            elif before is None:
                continue
            elif name in retold:
                now_told, told = _emptied(before, now), []
            else:
                now_told, told = before, []
            telling = Telling(
                told=told, audience=desk.audience.get(name, 0), views=views.get(name, 0)
            )
            after = advance(now_told, telling, now, self._lifecycle) if now_told.posts else now_told
            if not after.posts and after.level is None:
                work.incidents.remove(name)
            elif after != before:
                version = before.version + 1 if before else 1
                work.incidents.save(attrs.evolve(after, version=version))

    def _desk(self, brand: str, work: UnitOfWork, now: datetime) -> _Desk:
        if brand not in self._desks:
            desk = _Desk(self._brand(brand), self._grouping)
            held = work.incidents.find(brand=brand, last_post_after=now - self._grouping.memory)
            held.sort(key=lambda incident: (incident.first_post_at, incident.id))
            desk.load([(incident, work.mentions.of_incident(incident.id)) for incident in held])
            harmless = work.mentions.harmless(brand, _BACKGROUND_FROM)
            desk.grouper.learn(remark for remark in harmless if not desk.is_own(remark))
            self._desks[brand] = desk
        return self._desks[brand]

    def _brand(self, brand: str) -> Brand:
        """A brand that was configured once and is no more still has its posts."""
        return self._brands.get(brand) or Brand(id=brand, name=brand)


def has_grown(before: int, posts: int) -> bool:
    """Whether a story's posts reached another step since; each step is a quarter up the last.

    Steps depend on the counts alone, so that a restart changes nothing.

    >>> [posts for posts in range(2, 20) if has_grown(posts - 1, posts)]
    [2, 3, 4, 5, 6, 8, 10, 12, 15, 19]
    """
    return before < 1 or math.floor(math.log(posts, 1.25)) != math.floor(math.log(before, 1.25))


def _merge_twins(desk: _Desk, changed: set[str], work: UnitOfWork) -> set[str]:
    """Stories that turn out to tell the same become one, unless people were told of both.

    Of two the one stays that people were told of, else the one that was called an incident, else
    the older. Returns the stories that took others in.
    """
    merged: set[str] = set()
    stories = desk.grouper.stories
    known = work.incidents.get_all(changed)
    for name in sorted(changed):
        story, before = stories.get(name), known.get(name)
        if story is None or not has_grown(before.posts if before else 1, story.posts):
            continue
        twin = desk.grouper.twin(name)
        if twin is None:
            continue
        known.update(work.incidents.get_all((twin,)))
        into, gone = sorted((name, twin), key=lambda one: _standing(stories[one], known.get(one)))
        if gone in known and known[gone].level is not None:
            continue
        desk.merge(gone, into)
        work.mentions.regroup(gone, into)
        work.incidents.remove(gone)
        changed.discard(gone)
        changed.add(into)
        merged.discard(gone)
        merged.add(into)
    return merged


def _standing(story: Story, known: Incident | None) -> tuple[bool, bool, datetime, str]:
    """Sorts the story first that its twin should become part of."""
    told = known is not None and known.level is not None
    forming = known is None or known.state is IncidentState.FORMING
    return (not told, forming, story.first_post_at, story.id)


def _emptied(before: Incident, now: datetime) -> Incident:
    """An incident of which nothing is left but that people were told of it."""
    return attrs.evolve(
        before,
        title="…",
        state=IncidentState.CLOSED,
        closed_at=before.closed_at if before.state is IncidentState.CLOSED else now,
        posts=0,
        authors=0,
        centroid=b"",
        terms=(),
    )


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
        centroid=story.meaning.total.astype("<f4").tobytes(),
        terms=story.main_terms(),
        version=before.version if before else 1,
    )

"""group: complaints that tell the same story open an incident or let one grow."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

import attrs

from monitor.domain import Brand, Incident, IncidentState, PostKey
from monitor.incidents.grouping import GroupingOptions, worth
from monitor.incidents.lifecycle import LifecycleOptions, Telling, advance, ended
from monitor.incidents.story import Story
from monitor.stages.desk import Desk
from monitor.stages.regrouping import has_grown, merge_twins, split
from monitor.store.store import Store
from monitor.store.unit_of_work import UnitOfWork

__all__ = ["Group"]

_BACKGROUND_FROM = 5_000
"""What all talk about a brand has in common is read from so many posts when a process starts."""
_SWEEP_EVERY = timedelta(hours=1)
_RECENT = timedelta(days=3)
"""Of posts published since then a deletion is noticed at once, of older ones within the hour."""
_CROWDED = 1.25
"""By so much there may be more stories than are compared before the next sweep."""


@attrs.frozen
class _Count:
    """How many posts published from ``since`` on should belong to stories.

    The store holds fewer where some were deleted or edited.
    """

    taken_at: datetime
    since: datetime
    grouped: int


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
        self._desks: dict[str, Desk] = {}
        self._count: _Count | None = None
        self._swept_at: datetime | None = None

    def run(self, store: Store, now: datetime) -> int:
        """Place up to ``batch`` mentions, then see which incidents opened, grew or fell silent."""
        try:
            return self._run(store, now)
        except BaseException:
            self._desks.clear()
            self._count = None
            raise

    def _run(self, store: Store, now: datetime) -> int:
        quiet_since = now - self._lifecycle.quiet
        with store.read() as work:
            count, shrunken = self._recounted(work, now)
            self._count = count
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
                retold = merge_twins(desk, stories_changed, work, now)
                retold |= split(desk, stories_changed, work, now)
                retold.update(incident.id for incident in shrunken)
                self._save(desk, stories_changed, retold, work, now)
            for incident in shrunken:
                work.incidents.untitle(incident.id)
        joined = sum(
            remark.brand in self._brands
            and remark.post.published_at >= count.since
            and placed[remark.brand][remark.post.key] is not None
            for remark in remarks
        )
        self._count = attrs.evolve(count, grouped=count.grouped + joined)
        self._sweep(now)
        return len(remarks)

    def _recounted(self, work: UnitOfWork, now: datetime) -> tuple[_Count, list[Incident]]:
        """What the store holds now, and the stories that lost posts since that was looked at."""
        count = self._count
        if count is None or now - count.taken_at >= _SWEEP_EVERY:
            since = now - _RECENT
            grouped = work.incidents.grouped_since(self._brands, since)
            return _Count(now, since, grouped), self._read_again(work, now)
        grouped = work.incidents.grouped_since(self._brands, count.since)
        shrunken = self._read_again(work, now) if grouped != count.grouped else []
        return attrs.evolve(count, grouped=grouped), shrunken

    def _read_again(self, work: UnitOfWork, now: datetime) -> list[Incident]:
        """The stories that lost posts since they were last counted, read anew from what is left."""
        shrunken = work.voices.miscounted()
        for brand in sorted({incident.brand for incident in shrunken}):
            desk = self._desk(brand, work, now)
            of_brand = [incident for incident in shrunken if incident.brand == brand]
            desk.forget({incident.id for incident in of_brand})
            desk.load((one.id, work.mentions.of_incident(one.id)) for one in of_brand)
        return shrunken

    def _sweep(self, now: datetime) -> None:
        due = self._swept_at is None or now - self._swept_at >= _SWEEP_EVERY
        if due:
            self._swept_at = now
        for desk in self._desks.values():
            if due or len(desk.grouper.stories) > _CROWDED * self._grouping.most:
                desk.forget(desk.grouper.faded(now - self._grouping.memory))

    def _save(
        self, desk: Desk, stories: Iterable[str], retold: set[str], work: UnitOfWork, now: datetime
    ) -> None:
        names = sorted(stories)
        views = work.voices.views(names)
        stored = work.incidents.get_all(names)
        for name in names:
            before = stored.get(name)
            story = desk.grouper.stories.get(name)
            if story is not None:
                if before is None or name in retold or has_grown(before.posts, story.posts):
                    heading = desk.title(name)
                else:
                    heading = before.title
                now_told, told = _incident(story, before, heading), story.recent
            elif before is None:
                continue
            elif name in retold:
                now_told, told = attrs.evolve(ended(before, now), title="…"), []
            else:
                now_told, told = before, []
            telling = Telling(told=told, audience=desk.audience(name), views=views.get(name, 0))
            after = advance(now_told, telling, now, self._lifecycle) if now_told.posts else now_told
            if not after.posts and after.level is None and not work.casework.holds(name):
                work.incidents.remove(name)
            elif after != before:
                version = before.version + 1 if before else 1
                work.incidents.save(attrs.evolve(after, version=version))

    def _desk(self, brand: str, work: UnitOfWork, now: datetime) -> Desk:
        if brand not in self._desks:
            desk = Desk(self._brand(brand), self._grouping)
            held = work.incidents.find(brand=brand, last_post_after=now - self._grouping.memory)
            held = sorted(held, key=worth)[-self._grouping.most :]
            held.sort(key=lambda incident: (incident.first_post_at, incident.id))
            desk.load((one.id, work.mentions.of_incident(one.id)) for one in held)
            harmless = work.mentions.harmless(brand, _BACKGROUND_FROM)
            desk.grouper.learn(remark for remark in harmless if not desk.is_own(remark))
            self._desks[brand] = desk
        return self._desks[brand]

    def _brand(self, brand: str) -> Brand:
        """A brand that was configured once and is no more still has its posts."""
        return self._brands.get(brand) or Brand(id=brand, name=brand)


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

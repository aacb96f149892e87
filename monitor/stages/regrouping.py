"""Stories that turn out to be one become one, and one that turns out to be two becomes two.

Both are written down in the history of the incidents concerned, in the transaction that moves the
posts. What people were told of never goes: an incident that becomes part of another stays as a
record that points there, and of one that falls apart the earlier part keeps its name.
"""

from __future__ import annotations

import math
from datetime import datetime

import attrs

from monitor.domain import Incident, IncidentState
from monitor.incidents.lifecycle import ended
from monitor.incidents.story import Story, incident_id
from monitor.stages.desk import Desk
from monitor.store.history import Change, ChangeKind
from monitor.store.unit_of_work import UnitOfWork

__all__ = ["has_doubled", "has_grown", "merge_twins", "split"]


def has_grown(before: int, posts: int) -> bool:
    """Whether a story's posts reached another step since; each step is a quarter up the last.

    Steps depend on the counts alone, so that a restart changes nothing.

    >>> [posts for posts in range(2, 20) if has_grown(posts - 1, posts)]
    [2, 3, 4, 5, 6, 8, 10, 12, 15, 19]
    """
    return before < 1 or math.floor(math.log(posts, 1.25)) != math.floor(math.log(before, 1.25))


def has_doubled(before: int, posts: int) -> bool:
    """Whether a story's posts reached another power of two since.

    >>> [posts for posts in range(2, 40) if has_doubled(posts - 1, posts)]
    [2, 4, 8, 16, 32]
    """
    return posts.bit_length() != before.bit_length()


def merge_twins(desk: Desk, changed: set[str], work: UnitOfWork, now: datetime) -> set[str]:
    """Let stories that turn out to tell the same become one.

    Of two the one stays that people were told of, else the one that was called an incident, else
    the older. ``changed`` is kept up to date; returns the stories that took others in.
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
        moved = stories[gone].posts
        desk.merge(gone, into)
        work.mentions.regroup(gone, into)
        if gone in known:
            _absorb(known[gone], known.get(into), into, moved, work, now)
            known.update(work.incidents.get_all((into,)))
        changed.discard(gone)
        changed.add(into)
        merged.discard(gone)
        merged.add(into)
    return merged


def _absorb(
    gone: Incident,
    known: Incident | None,
    into: str,
    moved: int,
    work: UnitOfWork,
    now: datetime,
) -> None:
    """Write down that an incident became part of another, ``known`` where that is stored.

    What was said of how much it matters holds for the one that stays: nobody is told again.
    """
    took_in = Change(
        incident=into,
        at=now,
        kind=ChangeKind.TOOK_IN,
        other=gone.id,
        title=gone.title,
        posts=moved,
    )
    work.incidents.note(took_in)
    if gone.level is None and not work.casework.holds(gone.id):
        work.incidents.remove(gone.id)
        return
    last = ended(gone, now)
    work.incidents.absorb(attrs.evolve(last, version=gone.version + 1), into)
    work.incidents.note(
        Change(incident=gone.id, at=now, kind=ChangeKind.WENT_INTO, other=into, posts=moved)
    )
    if gone.level is None or known is None or known.level is None:
        return
    if known.level.rank < gone.level.rank:
        raised = attrs.evolve(known, level=gone.level, version=known.version + 1)
        work.incidents.save(raised)


def split(desk: Desk, changed: set[str], work: UnitOfWork, now: datetime) -> set[str]:
    """Let the later posts of a story that turns out to be two become one of their own.

    A story is looked at whenever its posts have doubled. The earlier part keeps the name, and with
    it what people were told. ``changed`` is kept up to date; returns both parts of each.
    """
    parted: set[str] = set()
    known = work.incidents.get_all(changed)
    for name in sorted(changed):
        story, before = desk.grouper.stories.get(name), known.get(name)
        if story is None or not has_doubled(before.posts if before else 0, story.posts):
            continue
        members = work.mentions.of_incident(name)
        leaving = desk.grouper.later_part(members)
        if not leaving:
            continue
        later = [remark for remark in members if remark.post.key in leaving]
        earlier = [remark for remark in members if remark.post.key not in leaving]
        other = incident_id(story.brand, later[0].post)
        taken = work.incidents.get(other)
        if taken is not None and taken.posts:
            continue  # the first of them began a story that is still told
        work.mentions.group(story.brand, dict.fromkeys(leaving, other), now)
        desk.forget({name})
        desk.load([(name, earlier), (other, later)])
        for incident, kind, to in (
            (name, ChangeKind.LET_GO, other),
            (other, ChangeKind.CAME_OUT, name),
        ):
            change = Change(incident=incident, at=now, kind=kind, other=to, posts=len(later))
            work.incidents.note(change)
        parted.update((name, other))
    changed |= parted
    return parted


def _standing(story: Story, known: Incident | None) -> tuple[bool, bool, datetime, str]:
    """Sorts the story first that its twin should become part of."""
    told = known is not None and known.level is not None
    forming = known is None or known.state is IncidentState.FORMING
    return (not told, forming, story.first_post_at, story.id)

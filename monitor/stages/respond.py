"""respond: what a brand answers in public is linked to the incident, with what it promises."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import datetime, timedelta, tzinfo

import attrs

from alerts.untrusted import safe_link
from monitor.casework import SPARKWATCH, Action, ActionKind, Promise
from monitor.domain import Brand, IncidentState, Post, PostKey
from monitor.incidents.own_posts import is_own, own_names
from monitor.stages.ledger import Reply, kept
from monitor.store.posts import Sighting
from monitor.store.store import Store
from monitor.store.unit_of_work import UnitOfWork
from nlp.promises import PromiseFinder

__all__ = ["Respond"]

_LOOK_BACK = timedelta(days=7)
"""So far back posts are read when a process starts, and so long an answer waits for a story."""
_LATE = timedelta(minutes=15)
"""What a crawl saw may come into the store so much later than it was seen."""
_AGAIN = timedelta(minutes=5)
"""How often an answer is held against the stories again that it belonged to none of."""
_LINK = re.compile(r"https?://[^\s<>\"'，。！？、）】]+")


class Respond:
    """Posts of the brands' own accounts become answers and promises; thanks keep promises.

    An own post belongs to the incident of the post that it answers, of its thread's first post, or
    of a post that it links to. It waits while that story is no incident yet. What is kept is keyed
    by the post, so looking at it again changes nothing; where to go on is a cache in memory.
    """

    name = "respond"

    def __init__(
        self,
        brands: Sequence[Brand],
        finder: PromiseFinder,
        *,
        zone: tzinfo,
        due_after: timedelta,
        batch: int = 1_000,
    ) -> None:
        """Days are those of ``zone``; a promise without a time is due after ``due_after``."""
        self.batch = batch
        self._own = {brand.id: own_names(brand) for brand in brands if brand.handles}
        self._finder = finder
        self._zone = zone
        self._due_after = due_after
        self._since: datetime | None = None
        self._last: Sighting | None = None
        self._read: dict[PostKey, datetime] = {}
        self._waiting: dict[tuple[str, PostKey], Post] = {}
        self._tried_at: datetime | None = None

    def run(self, store: Store, now: datetime) -> int:
        """Look at up to ``batch`` posts that answer others, as they were first seen."""
        if not self._own:
            return 0
        everybody = frozenset[str]().union(*self._own.values())
        with store.read() as work:
            since = self._since or now - _LOOK_BACK
            seen = work.posts.conversing(everybody, self._last, since, self.batch)
            fresh = [one.post for one in seen if one.post.key not in self._read]
            own = [
                (brand, post)
                for brand, names in self._own.items()
                for post in fresh
                if is_own(post.author, names)
            ]
            promises = list(self._promises(own, work))
            waiting = dict(self._waiting)
            waiting.update({(brand, post.key): post for brand, post in own})
            tried = bool(own) or self._tried_at is None or now - self._tried_at >= _AGAIN
            linked = list(self._linked(waiting, now, work)) if waiting and tried else []
        if promises or linked or fresh:
            with store.begin() as work:
                work.promises.put(promises)
                for brand, post, incident in linked:
                    self._link(brand, post, incident, work)
                for promise in kept(self._replies(fresh, work), now, work):
                    work.promises.save(promise)
        self._go_on(seen, now)
        for brand, post, _ in linked:
            waiting.pop((brand, post.key), None)
        self._waiting = {
            place: post for place, post in waiting.items() if now - post.published_at < _LOOK_BACK
        }
        self._tried_at = now if tried else self._tried_at
        return len(seen) if len(seen) >= self.batch else len(fresh)

    def _promises(self, own: Sequence[tuple[str, Post]], work: UnitOfWork) -> Iterator[Promise]:
        for brand, post in own:
            said_at = post.published_at.astimezone(self._zone)
            for one in self._finder.find(post.text, said_at):
                yield Promise(
                    post=post.key,
                    kind=one.kind,
                    brand=brand,
                    span=one.span,
                    made_at=post.published_at,
                    due_at=one.due_at or post.published_at + self._due_after,
                )

    def _linked(
        self, waiting: Mapping[tuple[str, PostKey], Post], now: datetime, work: UnitOfWork
    ) -> Iterator[tuple[str, Post, str]]:
        """The answers whose story is an incident, each with it."""
        for brand in self._own:
            posts = [post for (whose, _), post in waiting.items() if whose == brand]
            answered = {key for post in posts for key in (post.parent, post.thread) if key}
            stories = work.mentions.stories(brand, answered)
            urls = {url for post in posts for url in _links(post.text)}
            at = work.mentions.stories_at(brand, urls, now - 2 * _LOOK_BACK) if urls else {}
            known = work.incidents.get_all({*stories.values(), *at.values()})
            for post in posts:
                places = [stories.get(key) for key in (post.parent, post.thread) if key]
                places += [at.get(url) for url in _links(post.text)]
                story = next(filter(None, places), None)
                if story and story in known and known[story].state is not IncidentState.FORMING:
                    yield brand, post, story

    def _link(self, brand: str, post: Post, incident: str, work: UnitOfWork) -> None:
        """Keep an answer as something that was done; only the first of each kind is told."""
        for promise in work.promises.of_post(post.key):
            if promise.brand == brand and promise.incident is None:
                work.promises.save(attrs.evolve(promise, incident=incident))
        kind = self._finder.replies.kind(post.text)
        if kind is None:
            return
        before = {action.response for action in work.casework.case(incident).responses}
        action = Action(
            key=f"answer/{brand}/{post.key}",
            incident=incident,
            at=post.published_at,
            by=SPARKWATCH,
            kind=ActionKind.RESPOND,
            response=kind,
            link=safe_link(post.url) or "",
            post=post.key,
        )
        if work.casework.add(action) and kind in before:
            work.casework.told([action.key], post.published_at)

    def _replies(self, fresh: Sequence[Post], work: UnitOfWork) -> list[Reply]:
        """What was said now in conversations, as far as it may keep a promise."""
        replies = []
        for post in fresh:
            brands = [brand for brand, names in self._own.items() if is_own(post.author, names)]
            said_at = post.published_at.astimezone(self._zone)
            if brands:
                bound = {one.kind for one in self._finder.find(post.text, said_at)}
                answers = self._finder.replies.kind(post.text) is not None
                replies.append(Reply(post=post, own=True, bound=bound, answers=answers))
            elif self._finder.replies.is_content(post.text) and not _complains(post, work):
                replies.append(Reply(post=post, own=False))
        return replies

    def _go_on(self, seen: Sequence[Sighting], now: datetime) -> None:
        """Where to look next: after the last one, or a little back where nothing is left."""
        for one in seen:
            self._read[one.post.key] = one.seen_at
        if len(seen) >= self.batch:
            self._last = seen[-1]
            return
        self._last = None
        self._since = now - _LATE
        self._read = {key: at for key, at in self._read.items() if at >= self._since}


def _complains(post: Post, work: UnitOfWork) -> bool:
    """Whether the model read it as negative, whatever thanks are in it."""
    return any(one.assessment.sentiment == "negative" for one in work.mentions.of_post(post.key))


def _links(text: str) -> Collection[str]:
    return {found.rstrip(".,!?;:…") for found in _LINK.findall(text)}

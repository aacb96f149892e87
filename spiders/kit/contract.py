"""What every source promises, as checks over its saved answers: one suite, shipped or plugged in.

A source brings a folder with ``case.yaml`` and the answers it names, in the platform's own shape::

    queries: [delta]                     # what is looked for; may be empty
    options: {}                          # options beside the kind
    since: 2026-11-20T00:00:00Z          # nothing older is wanted
    now: 2026-11-22T00:00:00Z            # when the answers were given
    refresh: ["1001"]                    # ids to look at again
    posts: 3                             # how many a first crawl brings
    deletions: 1                         # how many a refresh finds gone; 0 if absent
    answers:
      - {url: "https://forum.example/api/latest.json", file: latest.json}
      - {url: "https://forum.example/api/show.json?id=7", file: gone.json, status: 404}

An answer serves every address with its path that has at least its parameters. A check raises
``AssertionError`` with what is wrong; ``CHECKS`` holds them all::

    @pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__)
    def test_contract(check):
        check(SOURCE, Case.load(Path("responses/forum"), SOURCE))
"""

from __future__ import annotations

import asyncio
import json
import random
import re
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any, Self

import attrs
import yaml

from monitor.domain import Cursor, Health, PostKey
from spiders.job import CrawlJob, SourceSpec
from spiders.kind import SourceKind
from spiders.kit.saved import SavedWeb, saved_answers
from spiders.page import Page, SourceError
from spiders.web import Fetched, Web

__all__ = ["CHECKS", "Case", "Check"]

_COUNTERS = ("views", "likes", "shares", "replies")
_MOST_MUTATIONS = 150
_RUBBISH: tuple[Any, ...] = (None, [], {}, "", "x\x00\x1b[31m", -1, 1e308, True, [[[]]], {"a": {}})


@attrs.frozen(kw_only=True)
class Case:
    """A source's saved answers, and what it is to make of them."""

    name: str
    options: Mapping[str, Any]
    queries: tuple[str, ...]
    since: datetime
    now: datetime
    refresh: tuple[str, ...]
    posts: int
    deletions: int
    answers: tuple[Fetched, ...]

    @classmethod
    def load(cls, folder: Path, kind: SourceKind) -> Self:
        """The case in a folder; raises ``OSError`` or ``KeyError`` where it is not complete."""
        fields = yaml.safe_load((folder / "case.yaml").read_text(encoding="utf-8"))
        answers = []
        for answer in fields["answers"]:
            file = folder / answer["file"]
            [saved] = saved_answers(file, url=answer["url"], observed_at=fields["now"])
            headers = {
                **saved.headers,
                **{k.lower(): v for k, v in answer.get("headers", {}).items()},
            }
            answers.append(attrs.evolve(saved, status=answer.get("status", 200), headers=headers))
        return cls(
            name=kind.name,
            options={"kind": kind.name, **(fields.get("options") or {})},
            queries=tuple(fields.get("queries") or ()),
            since=fields["since"],
            now=fields["now"],
            refresh=tuple(map(str, fields.get("refresh") or ())),
            posts=fields["posts"],
            deletions=fields.get("deletions", 0),
            answers=tuple(answers),
        )

    def web(self) -> SavedWeb:
        """The port to the saved answers."""
        return SavedWeb(self.answers, self.now)

    def job(self, kind: SourceKind, **more: Any) -> CrawlJob:
        """A crawl of this source as the case describes it."""
        spec = SourceSpec(name=kind.name, options=kind.options.model_validate(self.options))
        return CrawlJob(source=spec, terms=self.queries, since=self.since, **more)


Check = Callable[[SourceKind, Case], None]


def brings_what_it_should(kind: SourceKind, case: Case) -> None:
    """A first crawl brings the posts of the case, each once, with a text and a source."""
    found = _discovered(kind, case.job(kind), case.web())
    ids = [o.post.key for page in found for o in page.observations]
    assert len(ids) == len(set(ids)), "a post is brought twice in one crawl"
    assert len(ids) == case.posts, f"{len(ids)} posts are brought, the case says {case.posts}"
    assert all(key.source == kind.name for key in ids), "a key does not carry the source's name"
    assert any(page.cursor for page in found), "no cursor is kept"


def refreshes(kind: SourceKind, case: Case) -> None:
    """Known posts are looked at again; those that are gone are told."""
    keys = tuple(PostKey(kind.name, native_id) for native_id in case.refresh)
    job = case.job(kind, refresh=keys)
    pages = asyncio.run(_all(kind.spider(job, job.source.options).refresh(case.web())))
    gone = {d.key for page in pages for d in page.deletions}
    again = {o.post.key for page in pages for o in page.observations}
    assert len(gone) == case.deletions, f"{len(gone)} deletions, the case says {case.deletions}"
    assert gone <= set(keys), "a post is called gone that was not asked for"
    assert not gone & again, "a post is gone and there"


def is_idempotent(kind: SourceKind, case: Case) -> None:
    """The same answer gives the same posts, every time."""
    for answer in case.answers:
        assert _read(kind, answer) == _read(kind, answer), f"{answer.url} reads differently"


def is_resumable(kind: SourceKind, case: Case) -> None:
    """With its cursors a second crawl brings nothing known again, and its cursor survives JSON."""
    first = case.job(kind)
    cursors: dict[str, Cursor] = {}
    for query, pages in _by_query(kind, first, case.web()).items():
        for page in pages:
            if page.cursor is not None:
                cursors[query] = Cursor(
                    source=kind.name, query=query, value=page.cursor, saved_at=case.now
                )
    again = _discovered(kind, case.job(kind, cursors=cursors), case.web())
    known = [o.post.key.native_id for page in again for o in page.observations]
    assert not known, f"brought again: {', '.join(known[:5])}"
    gone = [d.key.native_id for page in again for d in page.deletions]
    assert not gone, f"told again to be gone: {', '.join(gone[:5])}"


def counts_honestly(kind: SourceKind, case: Case) -> None:
    """A counter that is taken out of an answer is absent and not 0."""
    for answer in case.answers:
        true = _counts(_read(kind, answer))
        for hidden in _without_numbers(answer):
            for key, counters in _counts(_read(kind, hidden)).items():
                for name, value in counters.items():
                    honest = value != 0 or true.get(key, {}).get(name) == 0
                    assert honest, f"{key}: {name} was hidden and reads 0"


def obeys_limits(kind: SourceKind, case: Case) -> None:
    """No more posts than asked for, an end to the paging, and an end where the platform says so."""
    first = _discovered(kind, case.job(kind, item_limit=1), case.web())
    most = max(1, len(_queries(kind, case.job(kind))))
    assert sum(len(page.observations) for page in first) <= most, "the item limit is passed"
    web = case.web()
    _discovered(kind, case.job(kind), web)
    assert len(web.asked) <= 100 * most, "it does not stop to turn pages"
    refused = _Refusing()
    job = case.job(kind)
    for query in _queries(kind, job):
        health = asyncio.run(_ending(kind.spider(job, job.source.options).discover(query, refused)))
        assert health is Health.RATE_LIMITED, "it goes on after the platform said: too many"
    assert refused.asked <= most, "it asks again after the platform said: too many"


def survives_rubbish(kind: SourceKind, case: Case) -> None:
    """Nothing but ``SourceError`` comes of an answer that is broken in any way."""
    for answer in case.answers:
        for broken in _broken(answer):
            page = _read(kind, broken)
            for observation in page.observations if page else ():
                post = observation.post
                assert post.published_at <= observation.observed_at, "a post from the future"
                assert not re.search(r"[\x00-\x08\x0b-\x1f\x7f]", post.text), "control characters"


CHECKS: tuple[Check, ...] = (
    brings_what_it_should,
    refreshes,
    is_idempotent,
    is_resumable,
    counts_honestly,
    obeys_limits,
    survives_rubbish,
)
"""Everything that a source promises."""


# --- how it is tried ------------------------------------------------------------------------------


def _queries(kind: SourceKind, job: CrawlJob) -> tuple[str, ...]:
    return kind.spider(job, job.source.options).queries()


def _by_query(kind: SourceKind, job: CrawlJob, web: Web) -> dict[str, list[Page]]:
    spider = kind.spider(job, job.source.options)
    return {q: asyncio.run(_all(spider.discover(q, web))) for q in spider.queries()}


def _discovered(kind: SourceKind, job: CrawlJob, web: Web) -> list[Page]:
    return [page for pages in _by_query(kind, job, web).values() for page in pages]


async def _all(pages: Any) -> list[Page]:
    return [page async for page in pages]


async def _ending(pages: Any) -> Health | None:
    try:
        await _all(pages)
    except SourceError as error:
        return error.health
    return None


def _read(kind: SourceKind, answer: Fetched) -> Page | None:
    """A page, or ``None`` where the answer is refused as it should be."""
    try:
        return kind.parse(answer, source=kind.name)
    except SourceError:
        return None


def _counts(page: Page | None) -> dict[str, dict[str, int | None]]:
    return {
        str(o.post.key): {name: getattr(o.snapshot, name) for name in _COUNTERS}
        for o in (page.observations if page else ())
        if o.snapshot
    }


class _Refusing:
    """A platform that says: too many requests."""

    asked = 0

    async def get(self, url: str, **_given: Any) -> Fetched:
        self.asked += 1
        raise SourceError(Health.RATE_LIMITED, f"{url} answers 429 Too Many Requests")

    post = get


def _without_numbers(answer: Fetched) -> Iterator[Fetched]:
    """The answer without each of its numbers in turn, or where it is no JSON, without any digit."""
    tree = _tree(answer.body)
    if tree is None:
        bare = re.sub(rb">\s*[\d.,]+\s*<", b"><", answer.body)
        yield attrs.evolve(answer, body=bare)
        return
    numbers = [p for p in _places(tree) if _is_number(_at(tree, p))]
    for place in _sample(numbers):
        for instead in (None, _ABSENT):
            yield attrs.evolve(answer, body=_changed(answer.body, place, instead))


def _broken(answer: Fetched) -> Iterator[Fetched]:
    """The answer cut off, with wrong types in wrong places, or with bytes in disorder."""
    body, chance = answer.body, random.Random(7)  # noqa: S311  the same disorder every time
    for part in range(12):
        yield attrs.evolve(answer, body=body[: len(body) * part // 12])
    deep = b"[" * 5_000
    for rubbish in (
        b"null",
        b"[]",
        b"{}",
        b'"x"',
        b"7",
        b"[null, 1, [], {}]",
        deep,
        b"\xff\xfe\x00",
    ):
        yield attrs.evolve(answer, body=rubbish)
    tree = _tree(body)
    if tree is not None:
        for place in _sample(_places(tree)):
            for rubbish in chance.sample(_RUBBISH, 4):
                yield attrs.evolve(answer, body=_changed(body, place, rubbish))
        return
    for _ in range(_MOST_MUTATIONS):
        at, length = chance.randrange(len(body)), chance.randrange(1, 40)
        noise = bytes(chance.randrange(256) for _ in range(chance.randrange(6)))
        yield attrs.evolve(answer, body=body[:at] + noise + body[at + length :])


_ABSENT = object()


def _tree(body: bytes) -> Any:
    try:
        return json.loads(body)
    except ValueError:
        return None


def _places(tree: Any) -> list[tuple[Any, ...]]:
    """The way to each value in a JSON value."""
    found: list[tuple[Any, ...]] = []
    waiting: list[tuple[Any, ...]] = [()]
    while waiting:
        place = waiting.pop()
        value = _at(tree, place)
        if isinstance(value, dict):
            waiting += [(*place, key) for key in value]
        elif isinstance(value, list):
            waiting += [(*place, index) for index in range(len(value))]
        if place:
            found.append(place)
    return found


def _sample(places: list[tuple[Any, ...]]) -> list[tuple[Any, ...]]:
    if len(places) <= _MOST_MUTATIONS:
        return places
    return random.Random(7).sample(places, _MOST_MUTATIONS)  # noqa: S311  no secret


def _at(tree: Any, place: tuple[Any, ...]) -> Any:
    for step in place:
        tree = tree[step]
    return tree


def _changed(body: bytes, place: tuple[Any, ...], instead: Any) -> bytes:
    tree = json.loads(body)
    parent = _at(tree, place[:-1])
    if instead is not _ABSENT:
        parent[place[-1]] = instead
    else:
        del parent[place[-1]]
    return json.dumps(tree).encode()


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)

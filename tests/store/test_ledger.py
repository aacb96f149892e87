"""The ledger of promises, conversations and stories, as the stages ask for them."""

from __future__ import annotations

from datetime import timedelta

import attrs

from monitor.casework import Action, ActionKind, Promise, PromiseKind
from monitor.domain import Author, Mention, Post
from monitor.store.posts import Sighting
from monitor.store.store import Store
from tests.store.making import TUESDAY, after, conclude, incident, key, post, seen

HOUR = timedelta(hours=1)


def promise(number: int = 1, hours: float = 2, **changed: object) -> Promise:
    made = Promise(
        post=key(number),
        kind=PromiseKind.REPLY,
        brand="acme",
        span=(0, 4),
        made_at=TUESDAY,
        due_at=TUESDAY + hours * HOUR,
    )
    return attrs.evolve(made, **changed)  # type: ignore[arg-type] # fields of a promise


def spoken(number: int, minutes: float, *, by: str = "", parent: int | None = None) -> Post:
    author = Author(native_id=by or f"person {number}")
    answers = None if parent is None else key(parent)
    return attrs.evolve(post(number, author=author), parent=answers, published_at=after(minutes))


def test_answers_and_the_words_of_named_accounts_come_as_they_were_first_seen(
    store: Store,
) -> None:
    with store.begin() as work:
        work.posts.gather(
            [
                seen(spoken(1, 0), 1),
                seen(spoken(2, 0, parent=1), 3),
                seen(spoken(3, 0, by="@AcmeAir"), 2),
                seen(spoken(4, 0, parent=1), 3),
                seen(spoken(5, 0, parent=1), -60),
            ]
        )
    with store.read() as work:
        found = work.posts.conversing({"acmeair"}, None, after(0), 10)
        rest = work.posts.conversing({"acmeair"}, found[1], after(0), 10)
    assert [one.post.key for one in found] == [key(3), key(2), key(4)]
    assert [one.post.key for one in rest] == [key(4)]
    assert isinstance(found[0], Sighting)
    assert found[0].seen_at == after(2)


def test_the_stories_of_posts_and_of_addresses_are_found(store: Store) -> None:
    with store.begin() as work:
        work.posts.gather([seen(post(1, url="https://a.example/1")), seen(post(2))])
        work.mentions.match("f", {key(n): [Mention(post=key(n), brand="acme")] for n in (1, 2)})
        conclude(work, 1, 2)
        work.incidents.save(incident("acme-1"))
        work.mentions.group("acme", {key(1): "acme-1", key(2): None}, TUESDAY)
    with store.read() as work:
        assert work.mentions.stories("acme", [key(1), key(2), key(9)]) == {key(1): "acme-1"}
        assert work.mentions.stories("zephyr", [key(1)]) == {}
        urls = ["https://a.example/1", "https://a.example/2"]
        assert work.mentions.stories_at("acme", urls, TUESDAY) == {urls[0]: "acme-1"}
        assert work.mentions.stories_at("acme", urls, after(1)) == {}


def test_what_is_overdue_and_untold_is_found_until_it_is_told_kept_or_dropped(
    store: Store,
) -> None:
    made = [
        promise(1),
        promise(2, kept_at=TUESDAY, kept_by="Mei"),
        promise(3, dropped_at=TUESDAY),
        promise(4, overdue_told_at=TUESDAY + HOUR),
        promise(5, hours=50),
        promise(6, hours=-50),
    ]
    with store.begin() as work:
        work.posts.gather([seen(post(number)) for number in range(1, 7)])
        work.promises.put(made)
    with store.read() as work:
        untold = work.promises.untold(TUESDAY + 3 * HOUR, TUESDAY)
        assert [one.post for one in untold] == [key(1)]
        assert work.promises.last_told_at("acme") == TUESDAY + HOUR
        assert work.promises.last_told_at("zephyr") is None
        assert [one.post for one in work.promises.open(made_after=TUESDAY)] == []
        assert len(work.promises.open()) == 4
        assert work.promises.of_post(key(5)) == [made[4]]


def test_an_incident_holds_what_was_done_or_promised_about_it(store: Store) -> None:
    with store.begin() as work:
        work.posts.gather([seen(post(1))])
        for name in ("acme-1", "acme-2", "acme-3"):
            work.incidents.save(incident(name))
        work.promises.put([promise(1, incident="acme-1")])
        work.casework.add(
            Action(key="a", incident="acme-2", at=TUESDAY, by="Mei", kind=ActionKind.ACKNOWLEDGE)
        )
    with store.read() as work:
        held = [work.casework.holds(name) for name in ("acme-1", "acme-2", "acme-3")]
    assert held == [True, True, False]

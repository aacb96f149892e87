from __future__ import annotations

import threading
from datetime import timedelta

import attrs

from monitor.domain import Delivery, DeliveryState
from monitor.store.store import Store
from tests.store.making import after, delivery

LEASE = timedelta(minutes=5)


def test_a_message_is_put_once(store: Store) -> None:
    with store.begin() as work:
        assert work.outbox.put([delivery("a"), delivery("b")]) == 2
        changed = attrs.evolve(delivery("b"), payload="another")
        assert work.outbox.put([changed, delivery("c")]) == 1
        assert work.outbox.put([]) == 0
        assert work.outbox.find() == [delivery("a"), delivery("b"), delivery("c")]
        assert work.outbox.exists("a")
        assert not work.outbox.exists("z")


def test_a_letter_is_begun_when_any_of_its_parts_was_put(store: Store) -> None:
    with store.begin() as work:
        work.outbox.put([delivery("digest/ann/1:ann@example.org"), delivery("digest/bob/10")])
        assert work.outbox.begun("digest/ann/1")
        assert work.outbox.begun("digest/bob/10")
        assert not work.outbox.begun("digest/bob/1")
        assert not work.outbox.begun("digest/ann")


def test_a_claimed_message_is_nobody_elses_until_its_sender_counts_as_dead(store: Store) -> None:
    with store.begin() as work:
        work.outbox.put([delivery("late", 99), delivery("b", 1), delivery("a")])
        assert work.outbox.next_due() == after(0)
        claimed = work.outbox.claim(after(1), LEASE, 9)
        assert [(d.key, d.state, d.attempts) for d in claimed] == [
            ("a", DeliveryState.SENDING, 1),
            ("b", DeliveryState.SENDING, 1),
        ]
        assert work.outbox.find(states=[DeliveryState.SENDING]) == claimed
        assert work.outbox.claim(after(5), LEASE, 9) == []
        assert work.outbox.next_due() == after(6)
        assert [d.attempts for d in work.outbox.claim(after(6), LEASE, 1)] == [2]


def test_a_sent_message_stays_sent_whatever_a_sender_taken_for_dead_says(store: Store) -> None:
    with store.begin() as work:
        work.outbox.put([delivery("a")])
        work.outbox.claim(after(0), LEASE, 1)
        work.outbox.sent("a", after(2))
        work.outbox.retry("a", after(3), "timed out")
        work.outbox.fail("a", "timed out")
        (stored,) = work.outbox.find()
        assert (stored.state, stored.sent_at) == (DeliveryState.SENT, after(2))
        assert work.outbox.claim(after(99), LEASE, 1) == []
        assert work.outbox.next_due() is None


def test_a_message_waits_for_its_next_attempt_or_is_given_up(store: Store) -> None:
    with store.begin() as work:
        work.outbox.put([delivery("a"), delivery("b")])
        work.outbox.claim(after(0), LEASE, 9)
        work.outbox.retry("a", after(10), "503 from \0 the server")
        work.outbox.fail("b", "no such channel")
        assert work.outbox.next_due() == after(10)
        states = {d.key: (d.state, d.last_error) for d in work.outbox.find(channel="slack")}
        assert states == {
            "a": (DeliveryState.PENDING, "503 from \ufffd the server"),
            "b": (DeliveryState.FAILED, "no such channel"),
        }
        assert work.outbox.find(channel="smtp") == []
        assert [d.attempts for d in work.outbox.claim(after(10), LEASE, 9)] == [2]


def test_two_claimers_at_once_never_get_the_same_message(store: Store) -> None:
    names = [f"m{n:03}" for n in range(120)]
    with store.begin() as work:
        work.outbox.put([delivery(name) for name in names])
    claimed: list[Delivery] = []
    together = threading.Barrier(3)

    def claim() -> None:
        together.wait()
        for _ in range(20):
            with store.begin() as work:
                claimed.extend(work.outbox.claim(after(1), LEASE, 5))

    claimers = [threading.Thread(target=claim) for _ in range(3)]
    for claimer in claimers:
        claimer.start()
    for claimer in claimers:
        claimer.join()
    assert sorted(d.key for d in claimed) == names


def test_a_claim_can_be_of_one_channel_and_be_given_back(store: Store) -> None:
    mail = attrs.evolve(delivery("m"), channel="mail")
    with store.begin() as work:
        work.outbox.put([delivery("a"), delivery("b"), mail])
        assert work.outbox.channels_due(after(0)) == ["mail", "slack"]
        claimed = work.outbox.claim(after(0), LEASE, 9, "slack")
        assert [one.key for one in claimed] == ["a", "b"]
        assert work.outbox.channels_due(after(0)) == ["mail"]
        work.outbox.release(["b"])
        assert [(d.key, d.attempts) for d in work.outbox.claim(after(0), LEASE, 9, "slack")] == [
            ("b", 1)
        ]


def test_a_resting_channel_holds_back_what_waits_there_by_now(store: Store) -> None:
    mail = attrs.evolve(delivery("m"), channel="mail")
    with store.begin() as work:
        work.outbox.put([delivery("a"), delivery("later", 30), mail])
        work.outbox.rest("slack", after(9))
        work.outbox.put([delivery("new")])
        due = {d.key: d.due_at for d in work.outbox.find()}
        assert due == {"a": after(9), "later": after(30), "m": after(0), "new": after(0)}


def test_a_channel_fails_while_nothing_gets_through_that_was_written_since(store: Store) -> None:
    with store.begin() as work:
        work.outbox.put([delivery("a"), attrs.evolve(delivery("b"), created_at=after(5))])
        work.outbox.claim(after(5), LEASE, 9)
        work.outbox.retry("a", after(99), "attempt 1: nobody there")
        (failing,) = work.outbox.failing().values()
        assert (failing.since, failing.error) == (after(0), "attempt 1: nobody there")
        work.outbox.sent("b", after(6))
        assert work.outbox.failing() == {}
        assert work.outbox.last_sent("slack") == after(6)
        assert work.outbox.waiting("slack") == [("a", after(0))]


def test_a_message_that_came_by_another_channel_is_not_sent_any_more(store: Store) -> None:
    with store.begin() as work:
        work.outbox.put([delivery("a"), delivery("b")])
        work.outbox.replace(["a"], "mail")
        assert [one.key for one in work.outbox.claim(after(0), LEASE, 9)] == ["b"]
        work.outbox.replace(["b"], "mail")
        states = {one.key: one.state for one in work.outbox.find()}
        assert states == {"a": DeliveryState.REPLACED, "b": DeliveryState.SENDING}


def test_messages_are_found_by_how_their_keys_begin(store: Store) -> None:
    with store.begin() as work:
        work.outbox.put([delivery("outage/a_b/1"), delivery("outage/axb/1")])
        assert [one.key for one in work.outbox.beginning("outage/a_b/")] == ["outage/a_b/1"]

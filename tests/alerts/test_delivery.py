"""Delivery by a fake clock: retries, giving up, reports, and channels that do not wait."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

import attrs
import pytest

from alerts.delivery import (
    GIVE_UP_AFTER,
    LEASE,
    LONGEST_WAIT,
    SHORTEST_WAIT,
    Delivered,
    deliver,
    wait_after,
)
from alerts.outcome import Cause, Outcome, Refused, Retry, Sent
from monitor.domain import Delivery, DeliveryState

START = datetime(2026, 11, 18, 1, 47, tzinfo=UTC)


@attrs.define
class FakeClock:
    now: datetime = START

    def __call__(self) -> datetime:
        return self.now

    def forward(self, step: timedelta) -> None:
        self.now += step


class FakeOutbox:
    """An outbox in memory, with leases, that counts its transactions."""

    def __init__(self, *deliveries: Delivery) -> None:
        self.rows = {delivery.key: delivery for delivery in deliveries}
        self.leases: dict[str, datetime] = {}
        self.transactions: list[list[str]] = []
        self._lock = threading.Lock()

    @contextmanager
    def begin(self) -> Iterator[FakeOutbox]:
        with self._lock:
            self.transactions.append([])
            yield self

    def claim(
        self, now: datetime, lease: timedelta, limit: int, channel: str
    ) -> Sequence[Delivery]:
        mine = [row for row in self.rows.values() if row.channel == channel]
        ready = [row for row in mine if self._ready(row, now)][:limit]
        for row in ready:
            self.leases[row.key] = now + lease
            self._change(row.key, "claim", state=DeliveryState.SENDING, attempts=row.attempts + 1)
        return [self.rows[row.key] for row in ready]

    def _ready(self, row: Delivery, now: datetime) -> bool:
        if row.state is DeliveryState.SENDING:
            return self.leases[row.key] <= now
        return row.state is DeliveryState.PENDING and row.due_at <= now

    def sent(self, key: str, at: datetime, reference: str = "") -> None:
        self._change(key, "sent", state=DeliveryState.SENT, sent_at=at, reference=reference)

    def reference(self, key: str) -> str:
        return self.rows[key].reference

    def retry(self, key: str, due_at: datetime, error: str) -> None:
        self._change(key, "retry", state=DeliveryState.PENDING, due_at=due_at, last_error=error)

    def fail(self, key: str, error: str) -> None:
        self._change(key, "fail", state=DeliveryState.FAILED, last_error=error)

    def release(self, keys: Sequence[str]) -> None:
        for key in keys:
            attempts = self.rows[key].attempts - 1
            self._change(key, "release", state=DeliveryState.PENDING, attempts=attempts)

    def rest(self, channel: str, until: datetime) -> None:
        for row in list(self.rows.values()):
            waits = row.channel == channel and row.state is DeliveryState.PENDING
            if waits and row.due_at < until:
                self._change(row.key, "rest", due_at=until)

    def _change(self, key: str, what: str, **values: object) -> None:
        self.transactions[-1].append(f"{what} {key}")
        self.rows[key] = attrs.evolve(self.rows[key], **values)  # type: ignore[arg-type]  # by name


@attrs.define
class FakeChannel:
    """Answers as told, then takes everything."""

    script: list[Outcome] = attrs.field(factory=list)
    took: list[tuple[str, bool]] = attrs.field(factory=list)
    before: Callable[[], None] | None = None

    def send(
        self, delivery: Delivery, *, perhaps_repeated: bool = False, head: str = ""
    ) -> Outcome:
        if self.before is not None:
            self.before()
        self.took.append((delivery.key, perhaps_repeated))
        return self.script.pop(0) if self.script else Sent()


def message(key: str = "a", channel: str = "mail") -> Delivery:
    return Delivery(
        key=key, channel=channel, subject="s", payload="p", created_at=START, due_at=START
    )


def test_what_is_due_is_sent_and_marked_each_in_its_own_transaction() -> None:
    outbox, mail = FakeOutbox(message("a"), message("b")), FakeChannel()
    assert deliver(outbox.begin, {"mail": mail}, FakeClock()) == Delivered(sent=2)
    assert outbox.transactions == [["claim a", "claim b"], ["sent a"], ["sent b"], []]
    assert mail.took == [("a", False), ("b", False)]
    assert outbox.rows["a"].sent_at == START


def test_what_is_not_due_waits() -> None:
    later = attrs.evolve(message(), due_at=START + timedelta(seconds=1))
    outbox, mail = FakeOutbox(later), FakeChannel()
    assert deliver(outbox.begin, {"mail": mail}, FakeClock()) == Delivered()
    assert mail.took == []


def test_more_than_one_claim_empties_a_full_outbox() -> None:
    outbox, mail = FakeOutbox(*(message(f"k{n:03}") for n in range(75))), FakeChannel()
    assert deliver(outbox.begin, {"mail": mail}, FakeClock()).sent == 75


def test_a_failure_waits_and_says_which_attempt_it_was() -> None:
    outbox, clock = FakeOutbox(message()), FakeClock()
    mail = FakeChannel([Retry("mail.example:25 broke off")])
    assert deliver(outbox.begin, {"mail": mail}, clock) == Delivered(retried=1)
    row = outbox.rows["a"]
    assert row.state is DeliveryState.PENDING
    assert row.due_at == START + SHORTEST_WAIT
    assert row.last_error == "attempt 1: mail.example:25 broke off"
    clock.forward(SHORTEST_WAIT)
    assert deliver(outbox.begin, {"mail": mail}, clock) == Delivered(sent=1)
    assert mail.took == [("a", False), ("a", False)]


def test_the_wait_that_the_provider_names_is_kept() -> None:
    outbox = FakeOutbox(message())
    mail = FakeChannel([Retry("too fast", after=timedelta(minutes=7))])
    deliver(outbox.begin, {"mail": mail}, FakeClock())
    assert outbox.rows["a"].due_at == START + timedelta(minutes=7)


def test_waits_grow_from_half_a_minute_to_an_hour_and_differ_by_message() -> None:
    waits = [wait_after("a", attempts) for attempts in range(1, 40)]
    assert waits[0] == SHORTEST_WAIT
    assert all(SHORTEST_WAIT <= wait <= LONGEST_WAIT for wait in waits)
    assert waits[:7] == sorted(waits[:7])
    assert wait_after("a", 5) == wait_after("a", 5)
    assert len({wait_after(str(key), 5) for key in range(50)}) > 25


def test_after_a_day_of_trying_it_is_given_up_and_reported() -> None:
    outbox, clock = FakeOutbox(message()), FakeClock()
    mail = FakeChannel([Retry("nobody there")] * 100)
    total = Delivered()
    while outbox.rows["a"].state is DeliveryState.PENDING:
        clock.now = outbox.rows["a"].due_at
        total += deliver(outbox.begin, {"mail": mail}, clock)
    assert outbox.rows["a"].state is DeliveryState.FAILED
    assert GIVE_UP_AFTER <= clock.now - START <= GIVE_UP_AFTER + LONGEST_WAIT
    assert 25 <= len(mail.took) <= 45
    (trouble,) = total.troubles
    assert trouble.given_up
    assert trouble.reason == "given up after a day: nobody there"


def test_what_a_person_has_to_mend_is_reported_once_and_still_tried() -> None:
    outbox, clock = FakeOutbox(message()), FakeClock()
    wrong = Refused("wrong password", final=False)
    mail = FakeChannel([wrong, wrong, wrong])
    total = Delivered()
    for _ in range(4):
        total += deliver(outbox.begin, {"mail": mail}, clock)
        clock.forward(timedelta(hours=1))
    assert (total.retried, total.sent, total.failed) == (3, 1, 0)
    (trouble,) = total.troubles
    assert not trouble.given_up
    assert (trouble.channel, trouble.reason) == ("mail", "wrong password")


def test_a_message_that_cannot_be_sent_as_it_is_is_given_up_at_once() -> None:
    outbox, mail = FakeOutbox(message()), FakeChannel([Refused("no such mailbox")])
    result = deliver(outbox.begin, {"mail": mail}, FakeClock())
    assert (result.failed, result.retried) == (1, 0)
    assert result.troubles[0].given_up
    assert outbox.rows["a"].last_error == "attempt 1: no such mailbox"


def test_a_channel_that_is_gone_keeps_its_messages_and_is_reported() -> None:
    outbox, clock = FakeOutbox(message(channel="old")), FakeClock()
    result = deliver(outbox.begin, {"old": None}, clock)
    assert result.retried == 1
    assert "no channel is called 'old'" in result.troubles[0].reason
    clock.forward(LONGEST_WAIT)
    assert deliver(outbox.begin, {"old": FakeChannel()}, clock).sent == 1


def test_a_sender_that_died_leaves_a_message_that_may_be_there_already() -> None:
    outbox, clock, mail = FakeOutbox(message()), FakeClock(), FakeChannel()
    with outbox.begin() as dying:
        dying.claim(clock(), LEASE, 10, "mail")
    assert deliver(outbox.begin, {"mail": mail}, clock) == Delivered()
    clock.forward(LEASE)
    assert deliver(outbox.begin, {"mail": mail}, clock) == Delivered(sent=1)
    assert mail.took == [("a", True)]


def test_an_answer_that_got_lost_is_remembered_through_later_failures() -> None:
    outbox, clock = FakeOutbox(message()), FakeClock()
    mail = FakeChannel([Retry("silence", perhaps_arrived=True), Retry("not reached")])
    for _ in range(3):
        deliver(outbox.begin, {"mail": mail}, clock)
        clock.forward(timedelta(minutes=5))
    assert mail.took == [("a", False), ("a", True), ("a", True)]


def test_a_message_that_kills_its_sender_is_given_up_after_a_day() -> None:
    outbox, clock, mail = FakeOutbox(message()), FakeClock(), FakeChannel()
    with outbox.begin() as dying:
        dying.claim(clock(), LEASE, 10, "mail")
    clock.forward(GIVE_UP_AFTER)
    result = deliver(outbox.begin, {"mail": mail}, clock)
    assert (result.failed, mail.took) == (1, [])
    assert result.troubles[0].reason == "given up after a day: the last attempt was cut short"


def test_a_message_that_waited_while_the_machine_was_off_is_still_sent() -> None:
    outbox, clock, mail = FakeOutbox(message()), FakeClock(), FakeChannel()
    clock.forward(timedelta(days=3))
    assert deliver(outbox.begin, {"mail": mail}, clock) == Delivered(sent=1)


def test_a_failure_before_the_machine_was_off_is_tried_once_more() -> None:
    outbox, clock, mail = FakeOutbox(message()), FakeClock(), FakeChannel([Retry("not reached")])
    deliver(outbox.begin, {"mail": mail}, clock)
    clock.forward(timedelta(days=3))
    assert deliver(outbox.begin, {"mail": mail}, clock) == Delivered(sent=1)


def test_a_slow_channel_does_not_hold_up_the_others() -> None:
    quick_is_done = threading.Event()

    def wait_for_quick() -> None:
        assert quick_is_done.wait(10)

    outbox = FakeOutbox(message("a", "slow"), message("b", "quick"))
    channels = {
        "slow": FakeChannel(before=wait_for_quick),
        "quick": FakeChannel(before=quick_is_done.set),
    }
    assert deliver(outbox.begin, channels, FakeClock()) == Delivered(sent=2)


def test_what_would_outlast_the_lease_is_put_back_and_claimed_anew() -> None:
    clock = FakeClock()
    mail = FakeChannel(before=lambda: clock.forward(timedelta(minutes=1.5)))
    outbox = FakeOutbox(*(message(f"k{n}") for n in range(4)))
    assert deliver(outbox.begin, {"mail": mail}, clock) == Delivered(sent=4)
    assert sorted(mail.took) == [(f"k{n}", False) for n in range(4)]


def test_an_outbox_that_cannot_be_opened_is_not_hidden() -> None:
    @contextmanager
    def broken() -> Iterator[FakeOutbox]:
        raise OSError("disk full")
        yield FakeOutbox()

    with pytest.raises(OSError, match="disk full"):
        deliver(broken, {"mail": FakeChannel()}, FakeClock())


def test_a_channel_that_is_not_reached_rests_and_what_waits_behind_is_not_tried() -> None:
    outbox, clock = FakeOutbox(*(message(f"k{n}") for n in range(30))), FakeClock()
    mail = FakeChannel([Retry("not reached", cause=Cause.NETWORK)])
    assert deliver(outbox.begin, {"mail": mail}, clock) == Delivered(retried=1)
    assert [key for key, _ in mail.took] == ["k0"]
    assert {row.due_at for row in outbox.rows.values()} == {START + SHORTEST_WAIT}
    assert [row.attempts for row in outbox.rows.values()] == [1] + [0] * 29
    clock.forward(SHORTEST_WAIT)
    assert deliver(outbox.begin, {"mail": mail}, clock).sent == 30
    assert [perhaps for _, perhaps in mail.took].count(True) == 0


def test_a_limited_channel_rests_for_as_long_as_its_provider_asks() -> None:
    outbox = FakeOutbox(message("a"), message("b"))
    asked = Retry("too fast", after=timedelta(minutes=7), cause=Cause.RATE_LIMIT)
    deliver(outbox.begin, {"mail": FakeChannel([asked])}, FakeClock())
    assert {row.due_at for row in outbox.rows.values()} == {START + timedelta(minutes=7)}


def test_a_message_that_is_refused_for_now_does_not_hold_up_the_others() -> None:
    outbox = FakeOutbox(message("a"), message("b"))
    mail = FakeChannel([Retry("mailbox busy", cause=Cause.REFUSED)])
    assert deliver(outbox.begin, {"mail": mail}, FakeClock()) == Delivered(sent=1, retried=1)


def test_a_sender_that_died_is_remembered_where_the_channel_rests_at_once() -> None:
    outbox, clock = FakeOutbox(message("a"), message("b")), FakeClock()
    with outbox.begin() as dying:
        dying.claim(clock(), LEASE, 10, "mail")
    clock.forward(LEASE)
    mail = FakeChannel([Retry("not reached", cause=Cause.NETWORK)])
    deliver(outbox.begin, {"mail": mail}, clock)
    clock.forward(timedelta(minutes=2))
    deliver(outbox.begin, {"mail": mail}, clock)
    assert sorted(mail.took[1:]) == [("a", True), ("b", True)]


def test_a_round_may_be_bounded_so_that_somebody_can_stop_in_between() -> None:
    outbox, mail = FakeOutbox(*(message(f"k{n:03}") for n in range(75))), FakeChannel()
    assert deliver(outbox.begin, {"mail": mail}, FakeClock(), at_most=30).sent == 30


def test_a_trouble_names_its_cause() -> None:
    wrong = Refused("wrong password", final=False, cause=Cause.AUTH)
    done = deliver(FakeOutbox(message()).begin, {"mail": FakeChannel([wrong])}, FakeClock())
    assert [trouble.cause for trouble in done.troubles] == [Cause.AUTH]

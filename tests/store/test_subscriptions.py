from __future__ import annotations

import attrs

from monitor.store.store import Store
from tests.store.making import TUESDAY, after, delivery


def test_who_left_a_channel_is_known_whatever_the_case_of_their_address(store: Store) -> None:
    with store.begin() as work:
        assert work.subscriptions.end("pr", "Mei@Example.com", TUESDAY)
        assert not work.subscriptions.end("pr", "mei@example.com", after(1))
        assert work.subscriptions.ended(["pr"]) == {("pr", "mei@example.com")}
        assert work.subscriptions.ended(["other"]) == set()


def test_who_comes_back_gets_everything_again(store: Store) -> None:
    with store.begin() as work:
        work.subscriptions.end("pr", "mei@example.com", TUESDAY)
        assert work.subscriptions.renew("pr", "MEI@example.com")
        assert not work.subscriptions.renew("pr", "mei@example.com")
        assert work.subscriptions.ended(["pr"]) == set()


def test_the_outbox_takes_no_message_that_its_receiver_can_do_without_once_they_left(
    store: Store,
) -> None:
    optional = attrs.evolve(delivery("optional"), optional_for="Mei@example.com")
    other = attrs.evolve(delivery("other"), optional_for="jonas@example.com")
    with store.begin() as work:
        work.subscriptions.end("slack", "mei@example.com", TUESDAY)
        assert work.outbox.put([optional, other, delivery("always")]) == 2
        assert {one.key for one in work.outbox.find()} == {"other", "always"}

from __future__ import annotations

from datetime import timedelta

from monitor.store.store import Store
from tests.store.making import after

MINUTE = timedelta(minutes=1)


def test_one_holder_has_a_lease_until_it_runs_out_or_is_given_back(store: Store) -> None:
    with store.begin() as work:
        acquire = work.leases.acquire
        assert acquire("leader", "one", after(0), MINUTE)
        assert not acquire("leader", "two", after(0.5), MINUTE)
        assert acquire("leader", "one", after(0.9), MINUTE)
        assert not acquire("leader", "two", after(1.5), MINUTE)
        assert acquire("leader", "two", after(1.9), MINUTE)
        work.leases.release("leader", "one")
        assert not acquire("leader", "one", after(2), MINUTE)
        work.leases.release("leader", "two")
        assert acquire("leader", "one", after(2), MINUTE)
        assert acquire("another", "two", after(2), MINUTE)

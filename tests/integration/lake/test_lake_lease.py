"""The lease keeps two runs on one lake apart, and never outlives those who hold it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import asdict, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from queue import Queue

import pytest

import tandem
from tandem.errors import LakeError, LeaseHeld
from tandem.lake import lease
from tandem.lake.store import Store, open_store

AtOnce = Callable[..., list[object]]
TAKE_AND_DIE = """
import os, sys
from tandem.lake import lease
from tandem.lake.store import open_store
print(lease.acquire(open_store(sys.argv[1]), "dead", "run that died", 3600).pid, flush=True)
os._exit(1)
"""


def environment() -> dict[str, str]:
    return os.environ | {"PYTHONPATH": str(Path(tandem.__file__).parents[1])}


def rewrite(store: Store, **changes: object) -> None:
    """Make the stored lease look as if it came from elsewhere or another time."""
    content, etag = store.read(lease.PATH) or (b"", "")
    store.swap(lease.PATH, json.dumps(json.loads(content) | changes).encode(), etag)


def stored(store: Store) -> lease.Lease:
    return lease.Lease(**json.loads(store.get(lease.PATH) or b""))


def test_a_second_run_is_told_who_holds_the_lease(store: Store) -> None:
    mine = lease.acquire(store, "run 1", "make dev of Ana", 60)
    with pytest.raises(LeaseHeld) as caught:
        lease.acquire(store, "run 2", "make dev of Ben", 60)
    message = str(caught.value)
    for part in (store.url, "make dev of Ana", mine.host, str(mine.pid), mine.since[11:19], mine.until[11:19], "Wait"):
        assert part in message
    assert caught.value.exit_code == 2


def test_a_released_lease_is_free(store: Store) -> None:
    lease.acquire(store, "run 1", "first", 60)
    lease.release(store, "run 1")
    assert lease.acquire(store, "run 2", "second", 60).holder == "run 2"


def test_releasing_what_another_holds_changes_nothing(store: Store) -> None:
    lease.release(store, "run 2")
    mine = lease.acquire(store, "run 1", "first", 60)
    lease.release(store, "run 2")
    assert stored(store) == mine


def test_the_same_holder_renews_by_acquiring_again(store: Store) -> None:
    first = lease.acquire(store, "run 1", "first", 60)
    again = lease.acquire(store, "run 1", "first", 600)
    assert again.since == first.since
    assert again.until > first.until


def test_an_expired_lease_is_free_wherever_it_came_from(store: Store) -> None:
    lease.acquire(store, "run 1", "first", 60)
    rewrite(store, machine="elsewhere", until=(datetime.now(UTC) - timedelta(seconds=1)).isoformat())
    assert lease.acquire(store, "run 2", "second", 60).holder == "run 2"


def test_a_lease_of_another_machine_lasts_until_it_expires_though_its_process_number_is_free_here(store: Store) -> None:
    lease.acquire(store, "run 1", "first", 60)
    rewrite(store, machine="elsewhere", pid=2**22 + 1)
    with pytest.raises(LeaseHeld):
        lease.acquire(store, "run 2", "second", 60)


def test_a_lease_whose_process_is_dead_is_taken_over_at_once(store: Store, lake_url: str) -> None:
    command = [sys.executable, "-c", TAKE_AND_DIE, lake_url]
    died = subprocess.run(command, capture_output=True, text=True, check=False, env=environment())
    assert stored(store).pid == int(died.stdout), died.stderr
    assert lease.acquire(store, "run 2", "second", 60).holder == "run 2"


def test_a_lease_whose_process_number_was_given_to_another_process_is_taken_over(store: Store) -> None:
    mine = lease.acquire(store, "run 1", "first", 60)
    rewrite(store, process_started=mine.process_started - 3600)
    assert lease.acquire(store, "run 2", "second", 60).holder == "run 2"


def test_a_zombie_does_not_hold_a_lease(store: Store, lake_url: str) -> None:
    command = [sys.executable, "-c", TAKE_AND_DIE, lake_url]
    with subprocess.Popen(command, stdout=subprocess.PIPE, env=environment()) as child:
        assert child.stdout
        child.stdout.read()
        assert lease.acquire(store, "run 2", "second", 60).holder == "run 2"


def test_a_lease_that_is_not_bound_to_a_process_stays_until_it_is_released(store: Store) -> None:
    mine = lease.acquire(store, "dag run", "Airflow run", 60, bound_to_process=False)
    assert mine.pid == 0
    with pytest.raises(LeaseHeld):
        lease.acquire(store, "run 2", "second", 60)
    lease.release(store, "dag run")
    lease.acquire(store, "run 2", "second", 60)


def test_of_runs_that_want_the_lease_at_once_exactly_one_gets_it(lake_url: str, at_once: AtOnce) -> None:
    outcomes = at_once(*(lambda n=n: lease.acquire(open_store(lake_url), f"run {n}", "race", 60) for n in range(4)))
    assert sorted(type(outcome).__name__ for outcome in outcomes) == ["Lease", "LeaseHeld", "LeaseHeld", "LeaseHeld"]


def test_of_runs_that_take_over_a_dead_lease_at_once_exactly_one_gets_it(lake_url: str, at_once: AtOnce) -> None:
    store = open_store(lake_url)
    lease.acquire(store, "dead", "died", 60)
    rewrite(store, process_started=0.0)
    outcomes = at_once(*(lambda n=n: lease.acquire(open_store(lake_url), f"run {n}", "race", 60) for n in range(4)))
    assert [type(outcome).__name__ for outcome in outcomes].count("Lease") == 1


def test_a_held_lease_is_renewed_and_given_back(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    renewed = record_renewals(monkeypatch)
    with lease.held(store, "run 1", "first", 0.3) as mine:
        until = renewed(2)
        assert until > mine.until
        with pytest.raises(LeaseHeld):
            lease.acquire(store, "run 2", "second", 60)
    assert stored(store).released


def test_a_held_lease_is_given_back_when_the_run_fails(store: Store) -> None:
    with pytest.raises(RuntimeError), lease.held(store, "run 1", "first"):
        raise RuntimeError
    assert stored(store).released


def test_a_run_that_lost_its_lease_is_told(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    renewed = record_renewals(monkeypatch)
    message = "lost the lease .* to 'second'"
    with pytest.raises(LeaseHeld, match=message), lease.held(store, "run 1", "first", 0.3):  # noqa: PT012
        rewrite(store, holder="run 2", description="second")
        renewed(1)
    assert stored(store).holder == "run 2"
    assert not stored(store).released


def test_a_store_that_fails_for_a_moment_does_not_end_the_lease(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    renewed = record_renewals(monkeypatch, failures=2)
    with lease.held(store, "run 1", "first", 0.3):
        renewed(4)


def test_renewing_brings_no_released_lease_back(store: Store) -> None:
    mine = lease.acquire(store, "run 1", "first", 60)
    lease.release(store, "run 1")
    with pytest.raises(LeaseHeld, match="lost"):
        lease.renew(store, "run 1", 60)
    assert stored(store) == replace(mine, released=True)


def test_what_is_no_lease_is_named(store: Store) -> None:
    store.put(lease.PATH, json.dumps(asdict(lease.acquire(store, "r", "d", 1)) | {"unknown": 1}).encode())
    with pytest.raises(LakeError, match=r"_lease\.json is not a lease"):
        lease.acquire(store, "run 2", "second", 60)


def record_renewals(monkeypatch: pytest.MonkeyPatch, failures: int = 0) -> Callable[[int], str]:
    """Watch the heartbeat; gives a function that waits for the n-th renewal and returns its new expiry."""
    done: Queue[str] = Queue()
    renew, failing = lease.renew, iter([True] * failures)

    def watched(store: Store, holder_id: str, ttl_seconds: float) -> lease.Lease:
        until = ""
        try:
            if next(failing, False):
                raise LakeError("away")
            renewed = renew(store, holder_id, ttl_seconds)
            until = renewed.until
            return renewed
        finally:
            done.put(until)

    monkeypatch.setattr(lease, "renew", watched)
    return lambda count: [done.get(timeout=10) for _ in range(count)][-1]

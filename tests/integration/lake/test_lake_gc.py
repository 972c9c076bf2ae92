"""What collecting removes, and what it must never remove."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import polars as pl
import pytest

from tandem.errors import LakeError
from tandem.lake import gc, lease
from tandem.lake.partition import Partition, Zone
from tandem.lake.processed import read_commit, write_commit
from tandem.lake.quarantine import REJECTS_SCHEMA, read_rejects, write_rejects
from tandem.lake.raw import Capture
from tandem.lake.store import Store, open_store
from tandem.schemas import Entity

Rows = Callable[..., pl.DataFrame]
NOTHING = {"inputs": {}, "counts": {}, "reasons": {}}
NONE_KEPT: frozenset[tuple[Partition, str]] = frozenset()
AT_ONCE = -60.0


def test_old_commits_go_and_current_and_kept_ones_stay(
    store: Store, partition: Partition, sensors: Entity, rows: Rows
) -> None:
    kept, old, current = (write_commit(store, partition, sensors, [rows(n)], **NOTHING) for n in (1, 2, 3))
    removed = gc.collect(store, keep=frozenset({(partition, kept.commit)}), older_than_seconds=AT_ONCE)
    assert removed == gc.Collected(1, old.bytes)
    assert read_commit(store, kept).equals(rows(1))
    assert read_commit(store, current).equals(rows(3))
    assert store.size(old.paths[0]) is None


def test_young_files_stay(store: Store, partition: Partition, sensors: Entity, rows: Rows) -> None:
    for number in (1, 2):
        write_commit(store, partition, sensors, [rows(number)], **NOTHING)
    Capture(store, partition).add("page", b"about to be committed", {})
    assert gc.collect(store, keep=NONE_KEPT, older_than_seconds=3600) == gc.Collected(0, 0)


def test_an_old_commit_that_was_replaced_just_now_stays_for_queries_under_way(
    tmp_path: Path, partition: Partition, sensors: Entity, rows: Rows
) -> None:
    store = open_store(tmp_path.as_uri())
    old = write_commit(store, partition, sensors, [rows(1)], **NOTHING)
    for path in old.paths:
        os.utime(store.uri(path), (0, 0))
    write_commit(store, partition, sensors, [rows(2)], **NOTHING)
    assert gc.collect(store, keep=NONE_KEPT, older_than_seconds=3600) == gc.Collected(0, 0)
    assert read_commit(store, old).equals(rows(1))


def test_a_commit_kept_of_one_partition_keeps_nothing_of_another(
    store: Store, partition: Partition, sensors: Entity, rows: Rows
) -> None:
    old = write_commit(store, partition, sensors, [rows(1)], **NOTHING)
    write_commit(store, partition, sensors, [rows(2)], **NOTHING)
    elsewhere = Partition("openaq", "sensors", partition.day.replace(day=1))
    assert gc.collect(store, keep=frozenset({(elsewhere, old.commit)}), older_than_seconds=AT_ONCE).files == 1


def test_raw_attempts_are_history_and_orphans_are_not(store: Store, partition: Partition) -> None:
    first = capture_of(store, partition, b"1")
    second = capture_of(store, partition, b"2")
    orphan = Capture(store, partition).add("page", b"killed before commit", {})
    assert gc.collect(store, keep=NONE_KEPT, older_than_seconds=AT_ONCE) == gc.Collected(1, orphan.bytes)
    for manifest in (first, second):
        assert all(store.get(path) for path in (*manifest.paths, f"{manifest.folder}/attempt-{manifest.commit}.json"))


def test_files_of_a_partition_that_was_never_committed_go(store: Store, partition: Partition) -> None:
    Capture(store, partition).add("page", b"1", {})
    store.put(f"{partition.folder(Zone.PROCESSED)}/commit=0/part-0000.parquet", b"1")
    assert gc.collect(store, keep=NONE_KEPT, older_than_seconds=AT_ONCE).files == 2
    assert list(store.list()) == []


def test_rejects_that_are_current_stay(store: Store, partition: Partition) -> None:
    for reason in ("unit_unknown", "value_missing"):
        frame = pl.DataFrame([(reason, None, "page.json", 0, "{}")], REJECTS_SCHEMA, orient="row")
        write_rejects(store, partition, frame, inputs={})
    assert gc.collect(store, keep=NONE_KEPT, older_than_seconds=AT_ONCE).files == 1
    assert read_rejects(store, partition)["reason"].to_list() == ["value_missing"]


def test_nothing_is_removed_when_a_manifest_cannot_be_read(
    store: Store, partition: Partition, sensors: Entity, rows: Rows
) -> None:
    manifest = write_commit(store, partition, sensors, [rows(1)], **NOTHING)
    store.put(f"{manifest.folder}/_current.json", b"{")
    with pytest.raises(LakeError, match=r"_current\.json"):
        gc.collect(store, keep=NONE_KEPT, older_than_seconds=AT_ONCE)
    assert store.get(manifest.paths[0])


def test_collecting_leaves_the_lease_and_files_of_others(store: Store) -> None:
    lease.acquire(store, "gc", "tandem gc", 60)
    store.put("notes.txt", b"mine")
    store.put("raw/notes/of/somebody/who/explores/here.txt", b"mine")
    assert gc.collect(store, keep=NONE_KEPT, older_than_seconds=AT_ONCE).files == 0


def test_collecting_twice_removes_nothing_more(store: Store, partition: Partition, sensors: Entity, rows: Rows) -> None:
    for number in (1, 2):
        write_commit(store, partition, sensors, [rows(number)], **NOTHING)
    assert gc.collect(store, keep=NONE_KEPT, older_than_seconds=AT_ONCE).files == 1
    assert gc.collect(store, keep=NONE_KEPT, older_than_seconds=AT_ONCE).files == 0


def capture_of(store: Store, partition: Partition, payload: bytes):  # type: ignore[no-untyped-def]
    capture = Capture(store, partition)
    capture.add("page", payload, {})
    return capture.commit()

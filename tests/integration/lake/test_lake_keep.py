"""What stays of a partition's earlier captures when a source cannot give them back."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tandem.errors import Conflict
from tandem.lake.gc import collect
from tandem.lake.manifest import Manifest, read_files, read_manifest
from tandem.lake.partition import Partition, Zone
from tandem.lake.raw import Capture, Keep
from tandem.lake.store import Store, open_store


@pytest.fixture
def attempt(store: Store, partition: Partition) -> Callable[..., Manifest]:
    """Captures these payloads by name, keeping all that was there before, unless told otherwise."""

    def capture(keep: Keep = Keep.ALL, **payloads: bytes) -> Manifest:
        started = Capture(store, partition, keep)
        for name, payload in payloads.items():
            started.add(name, payload, {"of": name}, suffix="parquet")
        return started.commit()

    return capture


def held(store: Store, manifest: Manifest) -> list[tuple[str, bytes, int]]:
    return [(entry.name.split(".")[0], data, entry.origin["attempt"]) for entry, data in read_files(store, manifest)]


def test_a_first_attempt_is_number_one_and_its_files_end_in_their_format(attempt: Callable[..., Manifest]) -> None:
    manifest = attempt(rows=b"1")
    assert [(entry.name.rpartition(".")[2], entry.origin) for entry in manifest.files] == [
        ("parquet", {"of": "rows", "attempt": 1})
    ]


def test_keeping_all_adds_a_later_attempt_beside_the_earlier(store: Store, attempt: Callable[..., Manifest]) -> None:
    attempt(rows=b"1", more=b"2")
    manifest = attempt(rows=b"3")
    assert held(store, manifest) == [("more", b"2", 1), ("rows", b"1", 1), ("rows", b"3", 2)]


def test_keeping_names_replaces_a_file_of_the_same_name(store: Store, attempt: Callable[..., Manifest]) -> None:
    attempt(Keep.NAMES, monday=b"1", tuesday=b"2")
    manifest = attempt(Keep.NAMES, monday=b"3", wednesday=b"4")
    assert held(store, manifest) == [("monday", b"3", 2), ("tuesday", b"2", 1), ("wednesday", b"4", 2)]


@pytest.mark.parametrize("keep", [Keep.ALL, Keep.NAMES])
def test_the_same_again_writes_nothing(store: Store, attempt: Callable[..., Manifest], keep: Keep) -> None:
    attempt(keep, rows=b"0")
    first = attempt(keep, rows=b"1", more=b"2")
    before = sorted((item.path, item.modified) for item in store.list("raw"))
    assert attempt(keep, rows=b"1", more=b"2") == first
    assert sorted((item.path, item.modified) for item in store.list("raw")) == before


def test_a_source_that_says_less_than_before_loses_nothing(attempt: Callable[..., Manifest]) -> None:
    first = attempt(rows=b"1", more=b"2")
    assert attempt(rows=b"1") == first
    assert attempt() == first


def test_what_a_source_says_again_after_saying_otherwise_is_newest(
    store: Store, attempt: Callable[..., Manifest]
) -> None:
    """Or the row of the attempt in between would win for ever."""
    attempt(rows=b"old price")
    between = attempt(rows=b"new price")
    manifest = attempt(rows=b"old price")
    assert held(store, manifest) == [("rows", b"new price", 2), ("rows", b"old price", 3)]
    assert manifest.commit != between.commit


def test_a_later_attempt_renumbers_all_that_it_saw(store: Store, attempt: Callable[..., Manifest]) -> None:
    attempt(first=b"1", second=b"2")
    manifest = attempt(first=b"1", second=b"3")
    assert held(store, manifest) == [("first", b"1", 2), ("second", b"2", 1), ("second", b"3", 2)]
    assert attempt(first=b"1", second=b"3") == manifest


@pytest.mark.parametrize("damage", [b"", None], ids=["cut", "gone"])
def test_a_kept_file_that_was_lost_since_is_named_and_left_out(
    store: Store, partition: Partition, attempt: Callable[..., Manifest], damage: bytes | None
) -> None:
    [entry] = attempt(rows=b"1").files
    path = f"{partition.folder(Zone.RAW)}/{entry.name}"
    store.delete([path]) if damage is None else store.put(path, damage)
    again = Capture(store, partition, Keep.ALL)
    again.add("rows", b"2", {})
    assert again.lost == [entry.name]
    assert held(store, again.commit()) == [("rows", b"2", 2)]


def test_a_lost_file_that_comes_again_is_written_again(
    store: Store, partition: Partition, attempt: Callable[..., Manifest]
) -> None:
    first = attempt(rows=b"1", more=b"2")
    store.put(first.paths[0], b"")
    again = Capture(store, partition, Keep.ALL)
    again.add("rows", b"1", {}, suffix="parquet")
    again.add("more", b"2", {}, suffix="parquet")
    assert again.lost == []
    assert again.commit() == first
    assert [data for _, data in read_files(store, first)] == [b"2", b"1"]


def test_an_attempt_without_a_commit_changes_nothing(
    store: Store, partition: Partition, attempt: Callable[..., Manifest]
) -> None:
    first = attempt(rows=b"1")
    Capture(store, partition, Keep.ALL).add("rows", b"half", {})
    found = read_manifest(store, Zone.RAW, partition)
    assert found is not None
    assert found[0] == first


def test_of_two_attempts_at_once_one_is_refused_and_nothing_is_lost(store: Store, partition: Partition) -> None:
    mine, theirs = Capture(store, partition, Keep.ALL), Capture(store, partition, Keep.ALL)
    mine.add("rows", b"1", {})
    theirs.add("rows", b"2", {})
    theirs.commit()
    with pytest.raises(Conflict):
        mine.commit()
    again = Capture(store, partition, Keep.ALL)
    again.add("rows", b"1", {})
    assert held(store, again.commit()) == [("rows", b"2", 1), ("rows", b"1", 2)]


def test_threads_share_one_attempt(store: Store, partition: Partition, at_once: Callable[..., list[object]]) -> None:
    started = Capture(store, partition, Keep.ALL)
    adding = [lambda n=n: started.add(f"rows-{n}", b"%d" % n, {}) for n in range(8)]
    assert not [outcome for outcome in at_once(*adding) if isinstance(outcome, Exception)]
    assert {attempt for _, _, attempt in held(store, started.commit())} == {1}


def test_collecting_garbage_leaves_what_is_kept(tmp_path: Path, partition: Partition) -> None:
    store = open_store(tmp_path.as_uri())
    for payload in (b"1", b"2", b"3"):
        started = Capture(store, partition, Keep.ALL)
        started.add("rows", payload, {})
        manifest = started.commit()
    collect(store, keep=frozenset(), older_than_seconds=0)
    assert [data for _, data, _ in held(store, manifest)] == [b"1", b"2", b"3"]

"""Commits of partitions: whole or not at all, the same rows give the same commit."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path

import duckdb
import polars as pl
import pytest

from tandem.errors import Conflict, LakeError
from tandem.lake.manifest import list_partitions, read_file, read_manifest, read_manifests
from tandem.lake.partition import Partition, Zone
from tandem.lake.processed import read_commit, to_parquet, write_commit
from tandem.lake.quarantine import REJECTS_SCHEMA, list_rejects, read_rejects, write_rejects
from tandem.lake.raw import Capture
from tandem.lake.store import Store, open_store
from tandem.schemas import Entity

AtOnce = Callable[..., list[object]]
Rows = Callable[..., pl.DataFrame]
NOTHING = {"inputs": {}, "counts": {}, "reasons": {}}


def everything(store: Store) -> list[tuple[str, object]]:
    return sorted((item.path, item.modified) for item in store.list())


def test_capture_keeps_payloads_byte_for_byte_with_their_origin(store: Store, partition: Partition) -> None:
    capture = Capture(store, partition)
    capture.add("page-2", b'{"b": 1 }\n', {"page": 2})
    capture.add("page-1", b"", {"page": 1, "path": "/v3/x"})
    manifest = capture.commit()
    assert [(e.name.split(".")[0], e.origin["page"]) for e in manifest.files] == [("page-1", 1), ("page-2", 2)]
    assert read_file(store, manifest, manifest.files[1]) == b'{"b": 1 }\n'
    assert read_manifests(store, Zone.RAW, [partition]) == [manifest]


def test_unchanged_payloads_write_nothing(store: Store, partition: Partition) -> None:
    first = capture_of(store, partition, b"1", b"2")
    before = everything(store)
    assert capture_of(store, partition, b"1", b"2") == first
    assert everything(store) == before


def test_a_changed_payload_is_a_new_attempt_beside_the_old(store: Store, partition: Partition) -> None:
    first = capture_of(store, partition, b"1", b"2")
    second = capture_of(store, partition, b"1", b"3")
    names = {item.path.rpartition("/")[2] for item in store.list()}
    assert {f"attempt-{first.commit}.json", f"attempt-{second.commit}.json"} <= names
    assert {entry.name for entry in (*first.files, *second.files)} <= names
    assert len(names) == 3 + 2 + 1


def test_a_source_that_goes_back_moves_the_pointer_back(store: Store, partition: Partition) -> None:
    first = capture_of(store, partition, b"1")
    capture_of(store, partition, b"2")
    attempt = store.get(f"{first.folder}/attempt-{first.commit}.json")
    assert capture_of(store, partition, b"1").commit == first.commit
    assert store.get(f"{first.folder}/attempt-{first.commit}.json") == attempt


def test_a_capture_without_commit_leaves_readers_where_they_were(store: Store, partition: Partition) -> None:
    first = capture_of(store, partition, b"1")
    Capture(store, partition).add("page-0", b"2", {})
    assert read_manifests(store, Zone.RAW, [partition]) == [first]


def test_a_capture_refuses_two_payloads_of_one_name(store: Store, partition: Partition) -> None:
    capture = Capture(store, partition)
    capture.add("page", b"1", {})
    capture.add("page", b"1", {})
    with pytest.raises(LakeError, match="'page'"):
        capture.add("page", b"2", {})


@pytest.mark.parametrize("name", ["../page", "a/b", "", "page#1", ".hidden"])
def test_a_capture_refuses_names_that_are_no_file_names(store: Store, partition: Partition, name: str) -> None:
    with pytest.raises(LakeError, match="Allowed"):
        Capture(store, partition).add(name, b"", {})


def test_a_capture_takes_payloads_from_many_threads(store: Store, partition: Partition, at_once: AtOnce) -> None:
    capture = Capture(store, partition)
    at_once(*(lambda n=n: [capture.add(f"page-{n}-{i}", b"%d" % i, {}) for i in range(10)] for n in range(4)))
    assert len(capture.commit().files) == 40


def test_capturing_again_repairs_a_lost_file(store: Store, partition: Partition) -> None:
    first = capture_of(store, partition, b"1", b"2")
    store.delete([first.paths[0]])
    with pytest.raises(LakeError, match="is missing"):
        read_file(store, first, first.files[0])
    capture_of(store, partition, b"1", b"2")
    assert read_file(store, first, first.files[0]) == b"1"


def test_rows_come_back_as_they_were_written(store: Store, partition: Partition, sensors: Entity, rows: Rows) -> None:
    manifest = write_commit(
        store, partition, sensors, [rows(1, 2), rows(), rows(3)],
        inputs={"raw": "abc"}, counts={"in": 4, "out": 3}, reasons={"unit_unknown": 1},
    )  # fmt: skip
    assert read_manifests(store, Zone.PROCESSED, [partition]) == [manifest]
    assert (manifest.rows, [entry.rows for entry in manifest.files]) == (3, [2, 1])
    assert read_commit(store, manifest).equals(rows(1, 2, 3))
    assert manifest.inputs == {"raw": "abc"}
    assert manifest.schema == sensors.fingerprint


def test_the_same_rows_are_the_same_commit_and_write_nothing(
    store: Store, partition: Partition, sensors: Entity, rows: Rows
) -> None:
    first = write_commit(store, partition, sensors, [rows(1, 2)], **NOTHING)
    before = everything(store)
    assert write_commit(store, partition, sensors, [rows(1, 2)], **NOTHING) == first
    assert everything(store) == before


def test_the_same_rows_from_new_inputs_move_the_manifest_only(
    store: Store, partition: Partition, sensors: Entity, rows: Rows
) -> None:
    first = write_commit(store, partition, sensors, [rows(1)], **NOTHING)
    files = [pair for pair in everything(store) if "part-" in pair[0]]
    second = write_commit(store, partition, sensors, [rows(1)], **{**NOTHING, "inputs": {"raw": "new"}})
    assert second.commit == first.commit
    assert [pair for pair in everything(store) if "part-" in pair[0]] == files
    assert read_manifests(store, Zone.PROCESSED, [partition])[0].inputs == {"raw": "new"}


def test_writing_again_repairs_a_lost_file(store: Store, partition: Partition, sensors: Entity, rows: Rows) -> None:
    manifest = write_commit(store, partition, sensors, [rows(1)], **NOTHING)
    store.delete(manifest.paths)
    write_commit(store, partition, sensors, [rows(1)], **NOTHING)
    assert read_commit(store, manifest).equals(rows(1))


def test_a_damaged_file_is_noticed(store: Store, partition: Partition, sensors: Entity, rows: Rows) -> None:
    manifest = write_commit(store, partition, sensors, [rows(1)], **NOTHING)
    store.put(manifest.paths[0], b"PAR1")
    with pytest.raises(LakeError, match="is damaged"):
        read_commit(store, manifest)


def test_an_empty_partition_is_a_commit_with_a_file_of_zero_rows(
    store: Store, partition: Partition, sensors: Entity, rows: Rows
) -> None:
    write_commit(store, partition, sensors, [rows(1)], **NOTHING)
    manifest = write_commit(store, partition, sensors, [], **NOTHING)
    assert (manifest.rows, [entry.rows for entry in manifest.files]) == (0, [0])
    assert read_commit(store, manifest).schema == rows(1).schema


def test_replacing_a_commit_leaves_the_old_files_to_those_who_read_them(
    store: Store, partition: Partition, sensors: Entity, rows: Rows
) -> None:
    old = write_commit(store, partition, sensors, [rows(1)], **NOTHING)
    write_commit(store, partition, sensors, [rows(2)], **NOTHING)
    assert read_commit(store, old).equals(rows(1))


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        pytest.param(lambda f: f.drop("unit"), "missing .'unit'.", id="missing column"),
        pytest.param(lambda f: f.with_columns(extra=1), "unknown .'extra'.", id="unknown column"),
        pytest.param(lambda f: f.select(sorted(f.columns)), "columns in order", id="order"),
        pytest.param(lambda f: f.cast({"sensor_id": pl.Int32}), "sensor_id is Int32, declared Int64", id="type"),
        pytest.param(lambda f: f.with_columns(sensor_id=pl.lit(None, pl.Int64)), "nulls in .*sensor_id", id="null"),
        pytest.param(
            lambda f: f.with_columns(partition_date=date(2025, 11, 21)), "not the partition's day", id="other day"
        ),
    ],
)
def test_rows_that_are_not_as_declared_are_refused(
    store: Store,
    partition: Partition,
    sensors: Entity,
    rows: Rows,
    spoil: Callable[[pl.DataFrame], pl.DataFrame],
    message: str,
) -> None:
    with pytest.raises(LakeError, match=message):
        write_commit(store, partition, sensors, [rows(1), spoil(rows(2))], **NOTHING)
    assert everything(store) == []


def test_of_two_runs_that_commit_different_rows_at_once_one_is_told(
    lake_url: str, partition: Partition, sensors: Entity, rows: Rows, at_once: AtOnce, monkeypatch: pytest.MonkeyPatch
) -> None:
    slow, quick = open_store(lake_url), open_store(lake_url)
    swap = slow.swap

    def swap_after_the_other(*args: object) -> str:
        write_commit(quick, partition, sensors, [rows(2)], **NOTHING)
        return swap(*args)  # type: ignore[arg-type]

    monkeypatch.setattr(slow, "swap", swap_after_the_other)
    with pytest.raises(Conflict):
        write_commit(slow, partition, sensors, [rows(1)], **NOTHING)
    (current,) = read_manifests(quick, Zone.PROCESSED, [partition])
    assert read_commit(quick, current).equals(rows(2))


def test_two_runs_that_commit_the_same_rows_at_once_both_succeed(
    lake_url: str, partition: Partition, sensors: Entity, rows: Rows, at_once: AtOnce
) -> None:
    def write() -> str:
        return write_commit(open_store(lake_url), partition, sensors, [rows(1)], **NOTHING).commit

    first, second = at_once(write, write)
    assert first == second


def test_writers_of_different_partitions_do_not_disturb_each_other(
    lake_url: str, sensors: Entity, rows: Rows, at_once: AtOnce
) -> None:
    days = [date(2025, 12, 30) + timedelta(days=n) for n in range(6)]
    store = open_store(lake_url)

    def write(day: date) -> object:
        return write_commit(store, Partition("openaq", "sensors", day), sensors, [rows(day.day, day=day)], **NOTHING)

    outcomes = at_once(*(lambda day=day: write(day) for day in days))
    partitions = list_partitions(store, Zone.PROCESSED, "openaq", "sensors")
    assert [partition.day for partition in partitions] == days
    assert read_manifests(store, Zone.PROCESSED, partitions) == outcomes


def test_a_folder_without_commit_is_no_partition(store: Store, partition: Partition) -> None:
    Capture(store, partition).add("page", b"", {})
    assert list_partitions(store, Zone.RAW, "openaq", "sensors") == []
    assert list_partitions(store, Zone.RAW, "openaq", "unheard-of") == []
    assert read_manifests(store, Zone.RAW, [partition]) == []


def test_a_manifest_that_cannot_be_read_is_named(store: Store, partition: Partition) -> None:
    store.put(f"{partition.folder(Zone.RAW)}/_current.json", b"{")
    with pytest.raises(LakeError, match=r"day=20/_current\.json"):
        read_manifest(store, Zone.RAW, partition)


def test_rejects_are_counted_by_reason_and_come_back(store: Store, partition: Partition) -> None:
    write_rejects(store, partition, rejects("unit_unknown", "value_missing", "unit_unknown"), inputs={"raw": "a"})
    assert list_rejects(store) == [(partition, {"unit_unknown": 2, "value_missing": 1})]
    assert list_rejects(store, "openaq") == list_rejects(store)
    assert list_rejects(store, "telecoms") == []
    assert read_rejects(store, partition)["position"].to_list() == [0, 1, 2]


def test_no_rejects_write_nothing_where_there_never_were_any(store: Store, partition: Partition) -> None:
    assert write_rejects(store, partition, rejects(), inputs={}) is None
    assert everything(store) == []
    assert read_rejects(store, partition).is_empty()


def test_no_rejects_clear_those_that_were_there(store: Store, partition: Partition) -> None:
    write_rejects(store, partition, rejects("value_missing"), inputs={})
    write_rejects(store, partition, rejects(), inputs={})
    assert list_rejects(store) == []
    assert read_rejects(store, partition).is_empty()


def test_parquet_files_are_snappy_with_statistics_and_microseconds(tmp_path: Path) -> None:
    frame = pl.DataFrame({"at": [date(2025, 1, 1)]}).cast(pl.Datetime("us"))
    path = tmp_path / "f.parquet"
    path.write_bytes(to_parquet(frame))
    metadata = duckdb.sql(f"select compression, stats_max_value from parquet_metadata('{path}')").fetchall()
    assert metadata == [("SNAPPY", "2025-01-01 00:00:00")]
    assert pl.read_parquet(path).equals(frame)


def capture_of(store: Store, partition: Partition, *payloads: bytes):  # type: ignore[no-untyped-def]
    capture = Capture(store, partition)
    for number, payload in enumerate(payloads):
        capture.add(f"page-{number}", payload, {"page": number})
    return capture.commit()


def rejects(*reasons: str) -> pl.DataFrame:
    values = [(reason, None, "page.json", number, "{}") for number, reason in enumerate(reasons)]
    return pl.DataFrame(values, REJECTS_SCHEMA, orient="row")

"""The mirror of a lake: the same commits byte for byte, and only what changed is copied."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from pathlib import Path

import polars as pl
import pytest

from tandem.errors import LakeError
from tandem.lake.manifest import list_partitions, read_manifest
from tandem.lake.mirror import mirror
from tandem.lake.partition import Partition, Zone
from tandem.lake.processed import polars_schema, read_commit, write_commit
from tandem.lake.store import Store, open_store
from tandem.schemas import Entity

MONDAY, TUESDAY = date(2025, 11, 17), date(2025, 11, 18)
Commit = Callable[[date, list[int]], None]


def partition(day: date) -> Partition:
    return Partition("openaq", "sensors", day)


@pytest.fixture
def commit(store: Store, sensors: Entity) -> Commit:
    def write(day: date, ids: list[int]) -> None:
        rows = [{"sensor_id": n, "location_id": 1, "parameter": "pm25", "partition_date": day} for n in ids]
        filled = {c.name: "x" for c in sensors.columns if not c.nullable and str(c.type) == "string"}
        frame = pl.DataFrame([{**filled, **row} for row in rows], schema=polars_schema(sensors))
        write_commit(store, partition(day), sensors, [frame], inputs={"a": "b"}, counts={"in": len(ids)}, reasons={})

    return write


@pytest.fixture
def copy(tmp_path: Path) -> Store:
    return open_store((tmp_path / "mirror").as_uri())


def content(store: Store) -> dict[str, bytes | None]:
    return {item.path: store.get(item.path) for item in store.list(Zone.PROCESSED)}


def update(store: Store, copy: Store) -> int:
    return mirror(store, copy, Zone.PROCESSED, ["openaq"])


def test_mirror_is_the_same_byte_for_byte_and_then_there_is_nothing_to_do(store, copy, commit):
    commit(MONDAY, [1, 2])
    commit(TUESDAY, [])
    assert update(store, copy) == 2
    assert content(copy) == content(store)
    assert update(store, copy) == 0


def test_only_what_changed_is_copied(store, copy, commit):
    commit(MONDAY, [1])
    commit(TUESDAY, [2])
    update(store, copy)
    commit(MONDAY, [1, 3])
    assert update(store, copy) == 1
    manifest, _ = read_manifest(copy, Zone.PROCESSED, partition(MONDAY))
    assert read_commit(copy, manifest)["sensor_id"].to_list() == [1, 3]


def test_partition_that_the_source_no_longer_has_is_removed(store, copy, commit):
    commit(MONDAY, [1])
    commit(TUESDAY, [2])
    update(store, copy)
    store.delete([item.path for item in store.list(partition(MONDAY).folder(Zone.PROCESSED))])
    assert update(store, copy) == 1
    assert list_partitions(copy, Zone.PROCESSED, "openaq", "sensors") == [partition(TUESDAY)]
    assert content(copy) == content(store)


def test_lost_file_of_the_mirror_is_copied_again(store, copy, commit):
    commit(MONDAY, [1])
    update(store, copy)
    copy.delete([path for path in content(copy) if path.endswith(".parquet")])
    assert update(store, copy) == 1
    assert content(copy) == content(store)


def test_damaged_source_is_refused_and_the_mirror_keeps_its_commit(store, copy, commit):
    commit(MONDAY, [1])
    update(store, copy)
    commit(MONDAY, [1, 2])
    manifest, _ = read_manifest(store, Zone.PROCESSED, partition(MONDAY))
    store.put(manifest.paths[0], b"damaged")
    before = content(copy)
    with pytest.raises(LakeError, match="is damaged"):
        update(store, copy)
    assert content(copy) == before


def test_other_systems_and_zones_are_left_alone(store, copy, commit):
    commit(MONDAY, [1])
    store.put("raw/openaq/sensors/year=2025/month=11/day=17/x.json", b"{}")
    assert mirror(store, copy, Zone.PROCESSED, ["ecommerce"]) == 0
    update(store, copy)
    assert not list(copy.list(Zone.RAW))

"""Sources published in DuckDB name exactly the files of the current commits, and work owed follows from them."""

from datetime import date
from pathlib import Path

import polars as pl
import pytest

from tandem.errors import WarehouseError
from tandem.lake.partition import Partition
from tandem.lake.processed import polars_schema, write_commit
from tandem.lake.store import Store, open_store
from tandem.schemas import Column, Decimal, Entity, Type
from tandem.targets.duckdb import DuckDBTarget

SEPTEMBER, OCTOBER = date(2025, 9, 30), date(2025, 10, 1)


def entity(name="readings", unit_type=Type.STRING):
    return Entity(
        system="openaq",
        name=name,
        description="",
        clock="",
        key=("id",),
        columns=(
            Column("id", Type.BIGINT, "", nullable=False),
            Column("unit", unit_type, ""),
            Column("price", Decimal(12, 2), ""),
            Column("at", Type.TIMESTAMP, ""),
            Column("partition_date", Type.DATE, "", nullable=False),
        ),
    )


READINGS, SENSORS = entity(), entity("sensors")


def commit(store: Store, day: date, ids: list[int], of: Entity = READINGS):
    rows = {"id": ids, "unit": ["ppm"] * len(ids), "price": None, "at": None, "partition_date": [day] * len(ids)}
    frame = pl.DataFrame(rows, schema=polars_schema(of), strict=False)
    partition = Partition(of.system, of.name, day)
    return write_commit(store, partition, of, [frame], inputs={}, counts={}, reasons={})


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return open_store((tmp_path / "lake").as_uri())


@pytest.fixture
def target(tmp_path: Path) -> DuckDBTarget:
    models = tmp_path / "dbt" / "models" / "marts" / "openaq"
    models.mkdir(parents=True)
    (tmp_path / "dbt" / "dbt_project.yml").write_text("name: tiny")
    for name in ("fct", "dim"):
        (models / f"{name}.sql").write_text("select 1")
    return DuckDBTarget(tmp_path / "state", tmp_path / "dbt", wait_seconds=1)


def rows_of(target: DuckDBTarget, sql: str):
    target.snapshot()
    return target.query(sql)[1]


def test_a_view_has_the_declared_columns_and_types_then_the_hive_keys_as_text(target, store):
    for day in (SEPTEMBER, OCTOBER):
        commit(store, day, [1])
    assert target.publish(store, [READINGS]) == {"readings": 2}
    found = [row[:2] for row in rows_of(target, "describe openaq_processed.readings")]
    keys = [(key, "VARCHAR") for key in ("year", "month", "day")]
    assert found == [*target.declared_types(READINGS).items(), *keys]
    assert target.observe(READINGS).types == target.declared_types(READINGS)
    assert rows_of(target, "select distinct month from openaq_processed.readings order by 1") == [("09",), ("10",)]


def test_a_view_ignores_files_that_no_manifest_names(target, store):
    commit(store, OCTOBER, [1, 2])
    commit(store, OCTOBER, [3])
    target.publish(store, [READINGS])
    assert rows_of(target, "select id from openaq_processed.readings") == [(3,)]


def test_publishing_again_without_a_change_does_nothing(target, store):
    commit(store, OCTOBER, [1])
    target.publish(store, [READINGS])
    before = target.build.read_bytes()
    assert target.publish(store, [READINGS]) == {"readings": 0}
    assert target.build.read_bytes() == before


def test_an_entity_without_partitions_is_an_empty_view(target, store):
    target.publish(store, [READINGS])
    observed = target.observe(READINGS)
    assert (observed.rows, observed.types) == ({}, target.declared_types(READINGS))
    assert observed.null_rate("unit") == 0


def test_an_empty_partition_is_published_with_no_rows(target, store):
    commit(store, OCTOBER, [])
    assert target.publish(store, [READINGS]) == {"readings": 1}
    assert target.observe(READINGS).rows == {}


def test_rows_and_nulls_are_counted_in_the_asked_partitions(target, store):
    commit(store, SEPTEMBER, [1])
    commit(store, OCTOBER, [1, 2, 3])
    target.publish(store, [READINGS])
    observed = target.observe(READINGS, [OCTOBER])
    assert observed.rows == {OCTOBER: 3}
    assert (observed.nulls["id"], observed.null_rate("price")) == (0, 1.0)
    assert target.observe(READINGS).rows == {SEPTEMBER: 1, OCTOBER: 3}
    assert target.observe(READINGS, []).rows == {}


def test_a_lake_in_a_folder_with_odd_characters_can_be_read(tmp_path, target):
    odd = open_store((tmp_path / "it's [a] *lake*?").as_uri())
    commit(odd, OCTOBER, [7])
    target.publish(odd, [READINGS])
    assert target.observe(READINGS).rows == {OCTOBER: 1}


def test_commits_of_another_schema_are_refused_with_the_command_that_helps(target, store):
    commit(store, SEPTEMBER, [1])
    with pytest.raises(WarehouseError, match=r"2025-09-30.*make dev PIPELINE=openaq FROM=2025-09-30 TO=2025-09-30"):
        target.publish(store, [entity(unit_type=Type.DOUBLE)])


def test_published_commits_are_those_that_readers_may_still_see(target, store):
    assert target.published() == frozenset()
    old = commit(store, OCTOBER, [1])
    target.publish(store, [READINGS])
    target.snapshot()
    new = commit(store, OCTOBER, [2])
    target.publish(store, [READINGS])
    assert target.published() == {(old.partition, old.commit), (new.partition, new.commit)}


def test_at_first_everything_is_owed_and_dbt_gets_no_list(target, store):
    commit(store, OCTOBER, [1])
    target.publish(store, [READINGS, SENSORS])
    owed = target.owed("openaq")
    assert owed
    assert owed.full
    assert owed.days == {"readings": [OCTOBER], "sensors": []}
    assert owed.dbt_vars == {}


def test_nothing_is_owed_after_success(target, store):
    commit(store, OCTOBER, [1])
    target.publish(store, [READINGS, SENSORS])
    target.record_built(target.owed("openaq"))
    assert not target.owed("openaq")


def test_only_changed_partitions_are_owed(target, store):
    for day in (SEPTEMBER, OCTOBER):
        commit(store, day, [1])
    target.publish(store, [READINGS, SENSORS])
    target.record_built(target.owed("openaq"))
    revised = commit(store, SEPTEMBER, [1, 2])
    target.publish(store, [READINGS, SENSORS])
    owed = target.owed("openaq")
    assert owed.partitions == {"readings": {SEPTEMBER: revised.commit}, "sensors": {}}
    assert owed.dbt_vars == {"owed": {"readings": ["2025-09-30"], "sensors": []}}


def test_a_partition_that_left_the_lake_is_owed_until_it_is_cleared(target, store):
    manifest = commit(store, OCTOBER, [1])
    target.publish(store, [READINGS])
    target.record_built(target.owed("openaq"))
    store.delete([f"{manifest.folder}/_current.json"])
    target.publish(store, [READINGS])
    owed = target.owed("openaq")
    assert owed.partitions == {"readings": {OCTOBER: None}}
    target.record_built(owed)
    assert not target.owed("openaq")


def test_a_commit_published_while_dbt_ran_stays_owed(target, store):
    commit(store, OCTOBER, [1])
    target.publish(store, [READINGS])
    owed = target.owed("openaq")
    late = commit(store, OCTOBER, [2])
    target.publish(store, [READINGS])
    target.record_built(owed)
    assert target.owed("openaq").partitions == {"readings": {OCTOBER: late.commit}}


def test_a_model_that_was_not_built_keeps_its_partitions_owed(target, store):
    commit(store, SEPTEMBER, [1])
    target.publish(store, [READINGS])
    target.record_built(target.owed("openaq"))
    commit(store, OCTOBER, [1])
    target.publish(store, [READINGS])
    target.record_built(target.owed("openaq"), ["dim"])
    assert target.owed("openaq").days == {"readings": [OCTOBER]}


def test_a_changed_model_text_makes_everything_owed_but_a_changed_test_does_not(target, store, tmp_path):
    commit(store, OCTOBER, [1])
    target.publish(store, [READINGS])
    target.record_built(target.owed("openaq"))
    data_tests = tmp_path / "dbt" / "data-tests"
    data_tests.mkdir()
    (data_tests / "one.sql").write_text("select 1")
    assert not target.owed("openaq")
    (tmp_path / "dbt" / "models" / "marts" / "openaq" / "fct.sql").write_text("select 2")
    assert target.owed("openaq").full

"""Readers have a file of their own, which is replaced as a whole."""

import os
from datetime import date
from pathlib import Path

import duckdb
import pytest

from tandem.errors import SettingsError, WarehouseError
from tandem.settings import Settings
from tandem.targets import Owed, open_target
from tandem.targets.duckdb import DuckDBTarget
from tandem.targets.duckdb.files import serve_copy

BUILT = Owed("openaq", "text", True, {"readings": {date(2025, 10, 1): "abc"}})


@pytest.fixture
def target(tmp_path: Path) -> DuckDBTarget:
    return DuckDBTarget(tmp_path, tmp_path / "dbt", wait_seconds=1)


def build(target: DuckDBTarget, value: int) -> None:
    with duckdb.connect(str(target.build)) as connection:
        connection.execute(
            f"create or replace table mart as select {value} as value, date '2025-10-01' as partition_date"
        )
    target.record_built(BUILT, ["mart"])


def test_without_a_warehouse_the_error_says_how_to_make_one(target):
    with pytest.raises(WarehouseError, match="make dev"):
        target.query("select 1")


def test_readers_see_a_build_only_when_it_is_served(target):
    build(target, 1)
    assert target.snapshot() == target.served
    build(target, 2)
    assert target.query("select value from mart") == (["value"], [(1,)])
    target.snapshot()
    assert target.query("select value from mart") == (["value"], [(2,)])


def test_a_served_state_is_not_copied_twice(target):
    build(target, 1)
    target.snapshot()
    before = target.served.stat().st_ino
    target.snapshot()
    assert target.served.stat().st_ino == before


def test_a_run_killed_between_the_ledger_and_serving_is_served_by_the_next(target):
    build(target, 1)
    target.snapshot()
    build(target, 2)
    DuckDBTarget(target.build.parent, wait_seconds=1).snapshot()
    assert target.query("select value from mart")[1] == [(2,)]


def test_readers_are_not_refused_while_the_build_file_is_written(target):
    build(target, 1)
    target.snapshot()
    with target.dbt_session("dbt build"), duckdb.connect(str(target.build)) as writer:
        writer.execute("update mart set value = 3")
        assert target.query("select value from mart")[1] == [(1,)]


def test_queries_cannot_change_the_warehouse(target):
    build(target, 1)
    target.snapshot()
    with pytest.raises(WarehouseError, match="read-only"):
        target.query("delete from mart")


def test_a_wrong_statement_is_a_warehouse_error(target):
    build(target, 1)
    target.snapshot()
    with pytest.raises(WarehouseError, match="no_such_table"):
        target.query("select * from no_such_table")


def test_a_statement_without_rows_gives_none(target):
    build(target, 1)
    target.snapshot()
    assert target.query("select 1 as one where false") == (["one"], [])


def test_rows_are_counted_per_partition_of_a_mart(target):
    build(target, 1)
    assert target.rows_per_partition("main.mart") == {date(2025, 10, 1): 1}


def test_a_leftover_log_of_a_reader_that_wrote_is_not_replayed_into_a_new_version(target):
    build(target, 1)
    target.snapshot()
    wal = target.served.with_name("warehouse.duckdb.wal")
    wal.write_bytes(b"somebody's changes to an older version")
    build(target, 2)
    target.snapshot()
    assert not wal.exists()
    assert target.query("select value from mart")[1] == [(2,)]


def test_a_full_disk_leaves_readers_the_previous_version_and_nothing_else(target, monkeypatch):
    build(target, 1)
    target.snapshot()
    build(target, 2)

    def full(_source, destination):
        Path(destination).write_bytes(b"half")
        raise OSError(28, os.strerror(28))

    monkeypatch.setattr("tandem.targets.duckdb.files.shutil.copyfile", full)
    with pytest.raises(WarehouseError, match=r"No space left.*previous version"):
        target.snapshot()
    assert target.query("select value from mart")[1] == [(1,)]
    assert [path.name for path in target.served.parent.glob("warehouse.duckdb*")] == ["warehouse.duckdb"]


def test_a_half_copied_file_of_a_killed_run_is_overwritten(target):
    build(target, 1)
    target.served.with_name("warehouse.duckdb.new").write_bytes(b"half a copy")
    serve_copy(target.build, target.served)
    assert target.query("select value from mart")[1] == [(1,)]


def test_a_damaged_build_file_is_an_error_that_says_what_to_do(target):
    build(target, 1)
    target.build.write_bytes(b"not a database " * 1000)
    with pytest.raises(WarehouseError, match="remove it: the next run builds it again"):
        target.rows_per_partition("main.mart")


def test_targets_to_come_are_settings_errors():
    with pytest.raises(SettingsError, match="TANDEM_TARGET=snowflake is not built yet"):
        open_target(Settings(tandem_env="rehearsal", tandem_target="snowflake", _env_file=None))


def test_schemas_in_a_file_of_ones_own_have_no_prefix(target, monkeypatch):
    monkeypatch.setenv("TANDEM_NAMESPACE", "ana")
    with target.dbt_session("dbt build") as variables:
        assert variables == {"TANDEM_DUCKDB_PATH": str(target.build), "TANDEM_NAMESPACE": ""}


def test_rows_are_counted_in_the_days_asked_for(target):
    build(target, 1)
    assert target.rows_per_partition("main.mart", [date(2025, 10, 1), date(2025, 10, 2)]) == {date(2025, 10, 1): 1}
    assert target.rows_per_partition("main.mart", [date(2025, 10, 2)]) == {}

"""What must stop a run before or after dbt: the warehouse and the manifests disagree."""

from dataclasses import replace
from datetime import date, datetime
from pathlib import Path

import duckdb
import polars as pl
import pytest

from tandem import warehouse
from tandem.errors import ValidationFailed
from tandem.lake.manifest import read_manifest, swap_manifest
from tandem.lake.partition import Partition, Zone
from tandem.lake.processed import polars_schema, write_commit
from tandem.lake.store import Store
from tandem.schemas import entity
from tandem.settings import Settings, settings
from tandem.steps import open_lake

DAY = date(2025, 11, 20)
MEASUREMENTS = entity("openaq", "measurements")
PARTITION = Partition("openaq", "measurements", DAY)


@pytest.fixture
def chosen(tandem_home: Path) -> Settings:
    return settings()


def land(store: Store, rows: int = 4, counts: dict[str, int] | None = None, **columns: object) -> None:
    """Commit a processed partition of measurements, all rows alike but for the sensor."""
    row = {
        "parameter": "pm25",
        "unit": "µg/m³",
        "value": 10.0,
        "period_start_utc": datetime(2025, 11, 20, 1),
        "period_end_utc": datetime(2025, 11, 20, 2),
        "period_start_local": datetime(2025, 11, 20, 8),
        "period_end_local": datetime(2025, 11, 20, 9),
        "period_seconds": 3600,
        "partition_date": DAY,
        **columns,
    }
    frame = pl.DataFrame([{"sensor_id": n, **row} for n in range(rows)], schema=polars_schema(MEASUREMENTS))
    counted = counts or {"in": rows, "out": rows, "superseded": 0, "outside": 0, "quarantined": 0}
    write_commit(store, PARTITION, MEASUREMENTS, [frame], inputs={}, counts=counted, reasons={})


def test_partition_that_reads_as_its_manifest_says_passes(chosen: Settings) -> None:
    land(open_lake(chosen))
    warehouse.catalog(chosen, "openaq")
    assert warehouse.validate(chosen, "openaq", [DAY])["days"]["measurements"] == 1


def test_manifest_with_other_rows_than_the_files_stops_the_run(chosen: Settings) -> None:
    store = open_lake(chosen)
    land(store)
    manifest, etag = read_manifest(store, Zone.PROCESSED, PARTITION) or pytest.fail("no manifest")
    swap_manifest(store, replace(manifest, rows=5), etag)
    warehouse.catalog(chosen, "openaq")
    with pytest.raises(ValidationFailed, match=r"rows per partition.*expected 5, found 4"):
        warehouse.validate(chosen, "openaq", [DAY])


def test_too_many_nulls_stop_the_run(chosen: Settings) -> None:
    land(open_lake(chosen), period_start_local=None)
    warehouse.catalog(chosen, "openaq")
    with pytest.raises(ValidationFailed, match=r"period_start_local is null in 100.0%"):
        warehouse.validate(chosen, "openaq", [DAY])


def test_too_large_a_share_set_aside_stops_the_run(chosen: Settings) -> None:
    land(open_lake(chosen), counts={"in": 8, "out": 4, "superseded": 0, "outside": 0, "quarantined": 4})
    warehouse.catalog(chosen, "openaq")
    with pytest.raises(ValidationFailed, match=r"4 of 8 rows of openaq.measurements were set aside"):
        warehouse.validate(chosen, "openaq", [DAY])


def test_day_that_is_owed_is_checked_though_the_run_is_for_another(chosen: Settings) -> None:
    land(open_lake(chosen), period_start_local=None)
    warehouse.catalog(chosen, "openaq")
    with pytest.raises(ValidationFailed):
        warehouse.validate(chosen, "openaq", [date(2025, 11, 21)])


def test_mart_with_other_counts_than_the_manifests_is_not_served(chosen: Settings) -> None:
    land(open_lake(chosen))
    warehouse.catalog(chosen, "openaq")
    with duckdb.connect(chosen.state / "warehouse.build.duckdb") as connection:
        connection.execute("create schema openaq_marts")
        connection.execute("create table openaq_marts.fct_measurements as select date '2025-11-20' as partition_date")
    with pytest.raises(ValidationFailed, match=r"fct_measurements against the manifests.*expected 4, found 1"):
        warehouse.serve(chosen, "openaq")
    assert not (chosen.state / "warehouse.duckdb").exists()


def test_nothing_owed_starts_no_dbt(chosen: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(warehouse, "run_dbt", lambda *_, **__: pytest.fail("dbt was started"))
    target = warehouse.open_target(chosen)
    warehouse.catalog(chosen, "openaq")
    target.record_built(target.owed("openaq"))
    assert warehouse.build_layer(chosen, "openaq", "marts", DAY) == {"owed": 0}

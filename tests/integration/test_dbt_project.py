"""The dbt project on a real DuckDB file: a first build, then one that owes three changed days, then one that owes none.

Every fact of the first build is marked before the second; what lost its mark was rewritten.
"""

import json
import os
import shutil
import subprocess
import sys
from datetime import date
from pathlib import Path

import duckdb
import pytest
import yaml

from tandem.schemas import entities
from tandem.targets.dbt_sources import sql_type

PROJECT = Path(__file__).resolve().parents[2] / "dbt"
RUN_DBT = "import sys; from dbt.cli.main import dbtRunner; sys.exit(not dbtRunner().invoke(sys.argv[1:]).success)"

ROW_REMOVED, EMPTIED, REVISED = (date(2025, 11, day) for day in (4, 10, 16))
HANOI, LISBON = 10, 20
OPENAQ = ("--select", "path:models/*/openaq", "path:seeds/openaq", "path:data-tests/openaq")
MARTS = ("--select", "path:models/marts/openaq")

MARKS = {
    "fct_measurements": ("period_label", "'untouched'"),
    "fct_daily_averages": ("min_value", "-12345"),
    "fct_guideline_exceedances": ("averaging", "'untouched'"),
}

REGISTER = f"""
    insert into openaq_processed.locations by name
    select id as location_id, name as location_name, day as partition_date
    from (values ({HANOI}, 'Ha Noi', date '2025-11-01'), ({HANOI}, 'Hanoi', date '2025-11-20'),
                 ({LISBON}, 'Lisbon', date '2025-11-20')) as t (id, name, day);
    insert into openaq_processed.sensors by name
    select id as sensor_id, station as location_id, parameter, unit, date '2025-11-20' as partition_date
    from (values (1, {HANOI}, 'o3', 'ppb'), (2, {LISBON}, 'pm25', 'µg/m³')) as t (id, station, parameter, unit);
"""

# Sensor 3 is in no register. Hanoi is seven hours ahead of UTC, Lisbon is on it.
MEASUREMENTS = """
    insert into openaq_processed.measurements by name
    select
        sensor_id, parameter, unit, 20 + (epoch(start) / 3600 * 7 + sensor_id) % 61 as value,
        start as period_start_utc, start + interval 1 hour as period_end_utc,
        start + ahead * interval 1 hour as period_start_local,
        start + (ahead + 1) * interval 1 hour as period_end_local,
        'raw' as period_label, 3600 as period_seconds, cast(start as date) as partition_date,
        strftime(start, '%Y') as "year", strftime(start, '%m') as "month", strftime(start, '%d') as "day"
    from range(timestamp '2025-11-01', timestamp '2025-11-21', interval 1 hour) as hours (start)
    cross join (values (1, 'o3', 'ppb', 7), (2, 'pm25', 'µg/m³', 0), (3, 'humidity', '%', 0))
        as sensors (sensor_id, parameter, unit, ahead)
"""

CHANGES = f"""
    delete from openaq_processed.measurements
    where sensor_id = 1 and period_start_utc = timestamp '{ROW_REMOVED} 10:00:00';
    delete from openaq_processed.measurements where partition_date = date '{EMPTIED}';
    update openaq_processed.measurements set value = value + 5 where partition_date = date '{REVISED}';
"""


class Warehouse:
    """One DuckDB file with the processed zone in it, and the dbt project to run on it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.path = folder / "warehouse.duckdb"

    def copy(self, folder: Path) -> "Warehouse":
        shutil.copytree(self.folder, folder, dirs_exist_ok=True)
        return Warehouse(folder)

    def sql(self, statements: str) -> list[tuple]:
        with duckdb.connect(str(self.path)) as connection:
            return connection.execute(statements).fetchall()

    def facts(self, table: str, columns: str = "*") -> set[tuple]:
        return set(self.sql(f"select {columns} from openaq_marts.{table}"))

    def dbt(self, command: str, *options: str, succeeds: bool = True, **variables: object) -> dict[str, str]:
        """Run one dbt command; returns the status of every node, by name."""
        folders = {"project-dir": PROJECT, "profiles-dir": PROJECT}
        folders |= {"target-path": self.folder / "target", "log-path": self.folder / "logs"}
        arguments = [command, *options, "--quiet", "--vars", json.dumps(variables)]
        arguments += [f"--{name}={folder}" for name, folder in folders.items()]
        environment = os.environ | {"TANDEM_DUCKDB_PATH": str(self.path)}
        ended = subprocess.run(
            [sys.executable, "-c", RUN_DBT, *arguments],
            cwd=self.folder, env=environment, capture_output=True, text=True, timeout=120,
        )  # fmt: skip
        assert (ended.returncode == 0) is succeeds, ended.stdout + ended.stderr
        results = json.loads((self.folder / "target" / "run_results.json").read_text())["results"]
        return {result["unique_id"].split(".")[2]: result["status"] for result in results}


def create_processed_zone(warehouse: Warehouse) -> None:
    warehouse.sql("create schema openaq_processed")
    for entity in entities("openaq"):
        columns = [f"{column.name} {sql_type(column.type)}" for column in entity.columns]
        keys = [f'"{key}" varchar' for key in ("year", "month", "day")]
        warehouse.sql(f"create table openaq_processed.{entity.name} ({', '.join(columns + keys)})")
    warehouse.sql(REGISTER)
    warehouse.sql(MEASUREMENTS)


def mark_all_facts(warehouse: Warehouse) -> None:
    for table, (column, mark) in MARKS.items():
        warehouse.sql(f"update openaq_marts.{table} set {column} = {mark}")


def rewritten(warehouse: Warehouse, table: str) -> set[date]:
    column, mark = MARKS[table]
    rows = warehouse.sql(f"select distinct partition_date from openaq_marts.{table} where {column} <> {mark}")
    return {row[0] for row in rows}


def days(*numbers: int) -> set[date]:
    return {date(2025, 11, number) for number in numbers}


@pytest.fixture(scope="module")
def first(tmp_path_factory: pytest.TempPathFactory) -> tuple[Warehouse, dict[str, str]]:
    """A warehouse after a build of everything, tests included."""
    warehouse = Warehouse(tmp_path_factory.mktemp("first"))
    create_processed_zone(warehouse)
    return warehouse, warehouse.dbt("build", *OPENAQ, logical_date="2025-11-20")


@pytest.fixture(scope="module")
def changed(first: tuple[Warehouse, dict[str, str]], tmp_path_factory: pytest.TempPathFactory) -> Warehouse:
    """A copy of the first warehouse, its facts marked, after a build that owed three changed days."""
    warehouse = first[0].copy(tmp_path_factory.mktemp("changed"))
    mark_all_facts(warehouse)
    warehouse.sql(CHANGES)
    owed = {"measurements": [day.isoformat() for day in (ROW_REMOVED, EMPTIED, REVISED)], "sensors": []}
    warehouse.dbt("build", *OPENAQ, "--exclude-resource-type", "unit_test", owed=owed, logical_date="2025-11-20")
    return warehouse


@pytest.fixture(scope="module")
def rebuilt(changed: Warehouse, tmp_path_factory: pytest.TempPathFactory) -> Warehouse:
    """The changed sources, built from nothing."""
    warehouse = changed.copy(tmp_path_factory.mktemp("rebuilt"))
    warehouse.dbt("run", *OPENAQ, "--full-refresh")
    return warehouse


def test_a_first_build_passes_every_test_but_warns_of_the_sensor_in_no_register(first):
    statuses = first[1]
    assert {name for name, status in statuses.items() if status == "warn"} == {"every_measurement_has_a_station"}
    assert not {name for name, status in statuses.items() if status in ("fail", "error", "skipped")}


def test_every_column_in_the_warehouse_is_described(first):
    documents = [yaml.safe_load(path.read_text(encoding="utf-8")) for path in PROJECT.rglob("openaq/*.yml")]
    models = [model for document in documents for model in document.get("models") or ()]
    described = {(model["name"], column["name"]) for model in models for column in model["columns"]}
    built = first[0].sql(
        "select table_name, column_name from information_schema.columns"
        " where table_schema in ('openaq_staging', 'openaq_intermediate', 'openaq_marts')"
    )
    assert set(built) == described


def test_every_processed_measurement_is_in_the_mart_also_without_a_station(first):
    assert first[0].sql("select count(*), count(location_id) from openaq_marts.fct_measurements") == [(1440, 960)]


def test_a_station_is_described_by_its_newest_capture(first):
    rows = first[0].facts("dim_locations", "location_id, location_name, first_seen_on, last_seen_on")
    assert (HANOI, "Hanoi", date(2025, 11, 1), date(2025, 11, 20)) in rows


def test_a_local_day_joins_two_utc_days_and_is_complete(first):
    rows = first[0].sql(
        "select count(*) filter (completeness = 1), count(*) from openaq_marts.fct_daily_averages"
        f" where location_id = {HANOI} and local_date between '2025-11-02' and '2025-11-20'"
    )
    assert rows == [(19, 19)]


def test_only_the_owed_days_of_the_measurements_are_rewritten(changed):
    assert rewritten(changed, "fct_measurements") == {ROW_REMOVED, REVISED}


def test_only_the_local_days_around_the_owed_days_are_rewritten(changed):
    assert rewritten(changed, "fct_daily_averages") == days(3, 4, 5, 9, 10, 11, 15, 16, 17)
    assert rewritten(changed, "fct_guideline_exceedances") <= days(3, 4, 5, 9, 10, 11, 15, 16, 17)


def test_a_row_removed_at_the_source_is_gone(changed):
    assert changed.sql(
        f"select count(*) from openaq_marts.fct_measurements where sensor_id = 1 and partition_date = '{ROW_REMOVED}'"
    ) == [(23,)]


def test_an_emptied_day_is_gone_from_the_measurements_and_from_what_is_made_of_them(changed):
    assert not changed.sql(f"select 1 from openaq_marts.fct_measurements where partition_date = '{EMPTIED}'")
    for table in ("fct_daily_averages", "fct_guideline_exceedances"):
        assert not changed.sql(
            f"select 1 from openaq_marts.{table} where location_id = {LISBON} and local_date = '{EMPTIED}'"
        )


@pytest.mark.parametrize("table", MARKS)
def test_a_build_of_the_owed_days_equals_a_build_of_everything(changed, rebuilt, table):
    columns = f"* exclude ({MARKS[table][0]})"
    assert changed.facts(table, columns) == rebuilt.facts(table, columns)
    assert rebuilt.facts(table)


def test_a_build_that_owes_nothing_rewrites_nothing(changed):
    before = {table: changed.facts(table) for table in MARKS}
    changed.dbt("run", *MARTS, owed={"measurements": []})
    assert {table: changed.facts(table) for table in MARKS} == before


def test_a_model_that_fails_midway_leaves_its_table_as_it_was(changed, tmp_path):
    warehouse = changed.copy(tmp_path)
    before = warehouse.facts("fct_daily_averages")
    warehouse.sql(f"update openaq_processed.measurements set value = 1e30 where partition_date = '{REVISED}'")
    statuses = warehouse.dbt("run", *MARTS, owed={"measurements": [REVISED.isoformat()]}, succeeds=False)
    assert statuses["fct_measurements"] == "success"
    assert statuses["fct_daily_averages"] == "error"
    assert warehouse.facts("fct_daily_averages") == before

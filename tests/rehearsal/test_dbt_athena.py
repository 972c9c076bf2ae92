"""The dbt project on Athena: more partitions than a statement may write, none at all, a merge, a model that fails."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from tandem.dbt import run_dbt
from tandem.errors import DbtError
from tandem.lake.partition import Partition
from tandem.lake.processed import polars_schema, write_commit
from tandem.schemas import entities, entity
from tandem.settings import PROJECT, Settings, settings
from tandem.standins import environment
from tandem.standins.cloud import kept_cloud
from tandem.steps import open_lake
from tandem.targets.athena import AthenaTarget
from tandem.targets.athena.clients import Clients

FIRST = date(2025, 1, 1)
DAYS = [FIRST + timedelta(days=n) for n in range(100)]
LIMIT = 90
# Days of a fact are written by several statements, its table among them; the last day becomes empty, a new one comes.
EMPTIED, NEW = DAYS[-1], DAYS[-1] + timedelta(days=1)
MERGED = """{{ config(materialized='incremental', incremental_strategy='merge', unique_key='sensor_id',
    table_type='iceberg') }}
select
    sensor_id,
    max(value) as highest,
    {{ as_timestamp('max(period_end_utc)') }} as last_seen_at
from {{ ref('fct_measurements') }}
where {{ owed_partitions('measurements') }}
group by sensor_id
"""


@dataclass
class House:
    """A namespace of its own in the local cloud."""

    settings: Settings
    project: Path
    sent: list[str] = field(default_factory=list)

    @property
    def target(self) -> AthenaTarget:
        return AthenaTarget(self.settings, self.project)

    def commit(self, name: str, day: date, rows: list[dict[str, Any]]) -> None:
        declared = entity("openaq", name)
        columns = polars_schema(declared)
        frame = pl.DataFrame([{"partition_date": day, **row} for row in rows], schema=columns)
        partition = Partition("openaq", name, day)
        write_commit(open_lake(self.settings), partition, declared, [frame], inputs={}, counts={}, reasons={})

    def measured(self, day: date, *values: float) -> None:
        start = datetime.combine(day, datetime.min.time())
        hours = [start + timedelta(hours=n) for n in range(len(values))]
        self.commit("measurements", day, [
            {
                "sensor_id": 1, "parameter": "pm25", "unit": "µg/m³", "value": value, "period_start_utc": hour,
                "period_end_utc": hour + timedelta(hours=1), "period_seconds": 3600,
            }
            for hour, value in zip(hours, values, strict=True)
        ])  # fmt: skip

    def dbt(self, *select: str, owed: list[date] | None = None, full_refresh: bool = False) -> list[str]:
        """Publish and run; returns the statements that were sent."""
        began = datetime.now(UTC)
        self.target.publish(open_lake(self.settings), entities("openaq"))
        variables = {} if owed is None else {"owed": {"measurements": [day.isoformat() for day in owed]}}
        chosen = {"select": select, "vars": variables, "full_refresh": full_refresh, "project": self.project}
        run_dbt(self.settings, "build", exclude=["resource_type:test", "resource_type:unit_test"], **chosen)
        return statements_since(began)

    def rows(self, sql: str) -> list[tuple[Any, ...]]:
        return self.target.query(re.sub(r"\bmarts\b", self.settings.schema_name("openaq_marts"), sql))[1]


def statements_since(began: datetime) -> list[str]:
    athena = Clients().athena
    found: list[str] = []
    for page in athena.get_paginator("list_query_executions").paginate(WorkGroup="primary"):
        executions = athena.batch_get_query_execution(QueryExecutionIds=page["QueryExecutionIds"])["QueryExecutions"]
        found += [one["Query"] for one in executions if one["Status"]["SubmissionDateTime"] >= began]
    return found


@pytest.fixture(scope="module")
def house(kept, tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """A hundred days built at once."""
    project = tmp_path_factory.mktemp("many") / "dbt"
    shutil.copytree(PROJECT / "dbt", project)
    (project / "models/marts/openaq/fct_merged.sql").write_text(MERGED)
    (project / "models/marts/openaq/merged.yml").write_text(
        "models:\n  - name: fct_merged\n    config: {contract: {enforced: false}}\n"
    )
    with environment({"TANDEM_HOME": str(kept.path), **kept.switch}), kept_cloud(settings()):
        own = {"tandem_namespace": "many", "tandem_home": tmp_path_factory.mktemp("home")}
        built = House(settings().model_copy(update=own), project)
        built.commit("locations", FIRST, [{"location_id": 10}])
        built.commit("sensors", FIRST, [{"sensor_id": 1, "location_id": 10, "parameter": "pm25"}])
        for day in DAYS:
            built.measured(day, 1.0, 2.0)
        built.sent = built.dbt("+fct_guideline_exceedances", "fct_merged", full_refresh=True)
        yield built


def test_a_first_build_of_many_days_writes_at_most_ninety_partitions_in_a_statement(house):
    assert house.rows("select count(*), count(distinct partition_date) from marts.fct_measurements") == [(200, 100)]
    writes = [sql for sql in house.sent if re.search(r"^(create table|insert into)", sql.strip(), re.MULTILINE)]
    batches = [sql.count("partition_date=DATE'") for sql in writes if "partition_date=DATE'" in sql]
    # fct_measurements and fct_daily_averages, each in two.
    assert sorted(batches) == [10, 10, LIMIT, LIMIT]


def test_a_first_build_without_a_row_makes_its_table(house):
    assert house.rows("select count(*) from marts.fct_guideline_exceedances") == [(0,)]


def test_a_new_day_comes_and_an_emptied_day_goes_and_no_other_is_written(house):
    house.measured(NEW, 5.0)
    house.commit("measurements", EMPTIED, [])
    before = partitions(house)
    house.dbt("fct_measurements", "fct_daily_averages", owed=[EMPTIED, NEW])
    after = partitions(house)
    assert set(after) - set(before) == {NEW.isoformat()}
    assert set(before) - set(after) == {EMPTIED.isoformat()}
    files = house.rows('select distinct partition_date, "$path" from marts.fct_measurements')
    assert len([path for day, path in files if day == DAYS[0]]) == 1
    assert house.rows(f"select value from marts.fct_measurements where partition_date = date '{NEW}'") == [(5.0,)]


def test_a_merge_changes_the_keys_that_come_and_keeps_the_others(house):
    house.measured(NEW, 7.0)
    house.dbt("fct_measurements", "fct_merged", owed=[NEW])
    assert house.rows("select sensor_id, highest from marts.fct_merged") == [(1, 7.0)]


def test_a_model_that_fails_leaves_its_partitions_as_they_were(house):
    model = house.project / "models/marts/openaq/fct_measurements.sql"
    text = model.read_text()
    before = house.rows("select count(*), sum(value) from marts.fct_measurements")
    model.write_text(text.replace("cast(value as double)", "cast(value / 0 + cast('x' as double) as double)"))
    try:
        with pytest.raises(DbtError):
            house.dbt("fct_measurements", owed=DAYS[:3])
    finally:
        model.write_text(text)
    assert house.rows("select count(*), sum(value) from marts.fct_measurements") == before


def partitions(house: House) -> set[str]:
    database = house.settings.schema_name("openaq_marts")
    pages = Clients().glue.get_paginator("get_partitions").paginate(DatabaseName=database, TableName="fct_measurements")
    return {partition["Values"][0] for page in pages for partition in page["Partitions"]}

"""The Athena API with a real Trino behind it: results, errors, stopping, and the validate-only work group."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from typing import Any

import boto3
import psutil
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

from tandem.settings import settings
from tandem.standins.process import HttpKind, Standin
from tandem.standins.trino.client import Trino

KIND = HttpKind("aws", "tandem.standins.aws.serve", ping="/tandem/instance", mark="instance", start_seconds=240.0)
OUTPUT = {"OutputLocation": "s3://lake/athena/"}
VALIDATE = "tandem-validate"
VIEW = "create view x.refused as {}"
SECONDS = 120
POLL_SECONDS = 0.02
ENDLESS = "select count(*) from unnest(sequence(1, 9999)) cross join unnest(sequence(1, 9999)) cross join unnest({})"
HIVE = "create table x.{0} with (external_location = 's3://lake/{0}/'{1}) as {2}"
ICEBERG = "create table x.{0} with (table_type = 'ICEBERG', is_external = false, location = 's3://lake/{0}/') as {1}"


@pytest.fixture(scope="module")
def cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Standin]:
    engine = {"folder": str(tmp_path_factory.mktemp("trino")), "cache": str(settings().tandem_cache)}
    orders = {"bucket": "lake", "region": "eu-west-1", "work_group": "team", "access_key": "k", "secret_key": "s"}
    with Standin(KIND, {**orders, "trino": engine}) as running:
        yield running


def client(cloud: Standin, service: str) -> Any:
    keys = {"aws_access_key_id": "any", "aws_secret_access_key": "any", "region_name": "eu-west-1"}
    return boto3.client(service, endpoint_url=cloud.base_url, config=Config(retries={"max_attempts": 1}), **keys)


@pytest.fixture(scope="module")
def athena(cloud: Standin) -> Any:
    found = client(cloud, "athena")
    run(found, "create database if not exists x")
    return found


@pytest.fixture
def glue(cloud: Standin) -> Any:
    return client(cloud, "glue")


def start(athena: Any, query: str, work_group: str = "primary") -> str:
    context = {"Catalog": "awsdatacatalog", "Database": "x"}
    asked = {"QueryExecutionContext": context, "ResultConfiguration": OUTPUT, "WorkGroup": work_group}
    return str(athena.start_query_execution(QueryString=query, **asked)["QueryExecutionId"])


def wait(athena: Any, query_id: str, *states: str) -> dict[str, Any]:
    until = time.monotonic() + SECONDS
    while time.monotonic() < until:
        found: dict[str, Any] = athena.get_query_execution(QueryExecutionId=query_id)["QueryExecution"]
        if found["Status"]["State"] in (*states, "SUCCEEDED", "FAILED", "CANCELLED"):
            return found
        threading.Event().wait(POLL_SECONDS)
    raise TimeoutError(query_id)


def run(athena: Any, query: str, work_group: str = "primary") -> dict[str, Any]:
    return wait(athena, start(athena, query, work_group))


def rows(athena: Any, query: str, work_group: str = "primary") -> list[list[str | None]]:
    found = run(athena, query, work_group)
    assert found["Status"]["State"] == "SUCCEEDED", found["Status"]
    result = athena.get_query_results(QueryExecutionId=found["QueryExecutionId"])
    return [[value.get("VarCharValue") for value in row["Data"]] for row in result["ResultSet"]["Rows"]]


def reason(athena: Any, query: str, work_group: str = "primary") -> str:
    status = run(athena, query, work_group)["Status"]
    assert status["State"] == "FAILED", query
    assert status["AthenaError"]["ErrorMessage"] == status["StateChangeReason"]
    return str(status["StateChangeReason"])


def keys(cloud: Standin, prefix: str) -> list[str]:
    found = client(cloud, "s3").list_objects_v2(Bucket="lake", Prefix=prefix).get("Contents", [])
    return [entry["Key"] for entry in found]


def test_values_arrive_as_athena_prints_them(athena: Any) -> None:
    printed = {
        "cast(null as varchar)": None,
        "''": "",
        "'a\"b'": 'a"b',
        "1e10": "1.0E10",
        "real '1.5'": "1.5",
        "true": "true",
        "timestamp '2020-01-01 00:00:00.5'": "2020-01-01 00:00:00.5",
        "cast(1.5 as decimal(10, 2))": "1.50",
        "array[1, null]": "[1, null]",
        "map(array['a'], array[1])": "{a=1}",
        "cast(row(1) as row(a integer))": "{a=1}",
    }
    _, values = rows(athena, f"select {', '.join(printed)}")
    assert values == list(printed.values())


def test_a_long_result_is_read_in_pages_from_its_file(athena: Any, cloud: Standin) -> None:
    query_id = run(athena, "select x, 'v' v from unnest(sequence(1, 2500)) t(x) order by x")["QueryExecutionId"]
    pages = list(athena.get_paginator("get_query_results").paginate(QueryExecutionId=query_id))
    assert [len(page["ResultSet"]["Rows"]) for page in pages] == [1000, 1000, 501]
    assert pages[-1]["ResultSet"]["Rows"][-1]["Data"] == [{"VarCharValue": "2500"}, {"VarCharValue": "v"}]
    types = [column["Type"] for column in pages[0]["ResultSet"]["ResultSetMetadata"]["ColumnInfo"]]
    assert types == ["bigint", "varchar"]
    assert keys(cloud, f"athena/{query_id}") == [f"athena/{query_id}.csv", f"athena/{query_id}.csv.metadata"]
    body = client(cloud, "s3").get_object(Bucket="lake", Key=f"athena/{query_id}.csv")["Body"].read()
    assert body.startswith(b'"x","v"\n"1","v"\n')
    client(cloud, "s3").delete_object(Bucket="lake", Key=f"athena/{query_id}.csv")
    with pytest.raises(ClientError, match="Could not find results"):
        athena.get_query_results(QueryExecutionId=query_id)


def test_what_is_written_is_counted_scanned_and_listed(athena: Any, cloud: Standin) -> None:
    select = "select 1 a, 'p' day union all select 2, 'q'"
    made = run(athena, HIVE.format("written", ", partitioned_by = array['day']", select))
    assert (made["StatementType"], made["SubstatementType"]) == ("DDL", "CREATE_TABLE_AS_SELECT")
    added = run(athena, "insert into x.written values (3, 'r')")
    result = athena.get_query_results(QueryExecutionId=added["QueryExecutionId"])
    assert (result["UpdateCount"], result["ResultSet"]["Rows"]) == (1, [])
    listed = added["Statistics"]["DataManifestLocation"].removeprefix("s3://lake/")
    written = client(cloud, "s3").get_object(Bucket="lake", Key=listed)["Body"].read().decode().splitlines()
    assert written == [f"s3://lake/{key}" for key in keys(cloud, "written/day=r/")]
    read = run(athena, "select * from x.written")
    assert read["Statistics"]["DataScannedInBytes"] > 0
    assert rows(athena, "select day from x.written order by a")[1:] == [["p"], ["q"], ["r"]]


@pytest.mark.parametrize(
    ("query", "said"),
    [
        pytest.param("select nope", "COLUMN_NOT_FOUND: line 1:8: Column 'nope' cannot be resolved", id="column"),
        pytest.param("select * from x.nope", "TABLE_NOT_FOUND: line 1:15: ", id="table"),
        pytest.param("select 1 +", "SYNTAX_ERROR: line 1:11: mismatched input", id="syntax"),
        pytest.param("select 1 / 0", "DIVISION_BY_ZERO: Division by zero", id="value"),
        pytest.param(
            HIVE.format("many", ", partitioned_by = array['n']", "select 1 a, x n from unnest(sequence(1, 101)) t(x)"),
            "HIVE_TOO_MANY_OPEN_PARTITIONS: Exceeded limit of 100 open writers for partitions",
            id="101 partitions",
        ),
    ],
)
def test_a_query_fails_with_the_engines_reason(athena: Any, query: str, said: str) -> None:
    assert reason(athena, query).startswith(said)


def test_a_stopped_query_ends_in_trino_too(athena: Any, cloud: Standin) -> None:
    query_id = start(athena, ENDLESS.format("sequence(1, 9999)"))
    wait(athena, query_id, "RUNNING")
    trino = Trino(cloud.running.said["trino"])
    running = f"select count(*) from system.runtime.queries where state = 'RUNNING' and query like '{ENDLESS[:40]}%'"
    while trino.execute(running).rows != [[1]]:
        assert wait(athena, query_id, "RUNNING")["Status"]["State"] == "RUNNING"
    athena.stop_query_execution(QueryExecutionId=query_id)
    status = wait(athena, query_id)["Status"]
    assert status["State"] == "CANCELLED"
    assert "AthenaError" not in status
    assert trino.execute(running).rows == [[0]]
    trino.close()


def test_the_catalogue_shows_what_trino_leaves_out(athena: Any, glue: Any) -> None:
    run(athena, ICEBERG.format("entry", "select 1 a, timestamp '2020-01-01 00:00:00.000000' at"))
    run(athena, "create or replace view x.entry_view as select a, cast(at as date) d from x.entry")
    table = glue.get_table(DatabaseName="x", Name="entry")["Table"]["StorageDescriptor"]
    assert table["Location"] == "s3://lake/entry/"
    assert [(column["Name"], column["Type"]) for column in table["Columns"]] == [("a", "int"), ("at", "timestamp")]
    view = glue.get_table(DatabaseName="x", Name="entry_view")["Table"]["StorageDescriptor"]
    assert [(column["Name"], column["Type"]) for column in view["Columns"]] == [("a", "int"), ("d", "date")]
    assert rows(athena, "select * from x.entry_view") == [["a", "d"], ["1", "2020-01-01"]]


def test_validate_only_makes_tables_without_rows_and_changes_none(athena: Any, cloud: Standin, glue: Any) -> None:
    run(athena, HIVE.format("plain", ", partitioned_by = array['day']", "select 1 a, 'p' day"), VALIDATE)
    run(athena, ICEBERG.format("ice", "select a, day from x.plain"), VALIDATE)
    run(athena, "create view x.over as select * from x.ice", VALIDATE)
    for change in ("insert into x.plain values (2, 'q')", "update x.ice set a = 3", "delete from x.ice"):
        assert run(athena, change, VALIDATE)["Status"]["State"] == "SUCCEEDED"
    assert glue.get_table(DatabaseName="x", Name="plain")["Table"]["PartitionKeys"][0]["Name"] == "day"
    assert rows(athena, "select * from x.over", VALIDATE) == [["a", "day"]]
    assert rows(athena, "select distinct day from x.plain", VALIDATE) == [["day"], [None]]
    assert rows(athena, "select distinct day from x.plain") == [["day"]]
    assert keys(cloud, "plain/") == []


@pytest.mark.parametrize(
    ("query", "said"),
    [
        pytest.param("select\n strftime(now(), 'x')", "FUNCTION_NOT_FOUND: line 2:2: ", id="function"),
        pytest.param("select * from\n read_parquet('x')", "line 2:", id="table function"),
        pytest.param("select a,\n nope from x.base", "COLUMN_NOT_FOUND: line 2:2: ", id="column"),
    ],
)
@pytest.mark.parametrize("form", [VIEW, HIVE.format("refused", "", "{}"), "insert into x.base {}"])
def test_validate_only_refuses_what_the_engine_refuses_with_its_line(
    athena: Any, form: str, query: str, said: str
) -> None:
    run(athena, HIVE.format("base", "", "select 1 a, 2 b"), VALIDATE)
    found = reason(athena, form.format(query), VALIDATE)
    assert said.split(":")[0] in found
    assert "line 2:" in found


def test_validate_only_refuses_milliseconds_in_iceberg_and_merge_into_hive(athena: Any) -> None:
    milliseconds = ICEBERG.format("millis", "select timestamp '2020-01-01 00:00:00.000' at")
    assert "Timestamp precision (3) not supported for Iceberg" in reason(athena, milliseconds, VALIDATE)
    run(athena, HIVE.format("merged", "", "select 1 a"), VALIDATE)
    merge = "merge into x.merged t using (select 1 a) s on t.a = s.a when matched then delete"
    assert "transactional" in reason(athena, merge, VALIDATE)


def test_the_cloud_ends_with_its_engine(cloud: Standin) -> None:
    process = psutil.Process(cloud.pid)
    (engine,) = process.children()
    engine.kill()
    psutil.wait_procs([process], timeout=SECONDS)
    assert not process.is_running() or process.status() == psutil.STATUS_ZOMBIE

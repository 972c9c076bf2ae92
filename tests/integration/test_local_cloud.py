"""The local cloud over HTTP by boto3, without an engine: what the Athena API and Glue answer themselves."""

from __future__ import annotations

import http.client
import os
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from urllib.parse import urlsplit

import boto3
import psutil
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

from tandem.errors import SourceUnavailable
from tandem.standins.process import HttpKind, Standin

KIND = HttpKind("aws", "tandem.standins.aws.serve", ping="/tandem/instance", mark="instance", start_seconds=60.0)
ORDERS: dict[str, Any] = {
    "bucket": ["lake", "results"],
    "region": "eu-west-1",
    "work_group": "team",
    "access_key": "key",
    "secret_key": "s3cret-of-this-test",
    "trino": {"url": "http://127.0.0.1:9"},
}
OUTPUT = {"OutputLocation": "s3://results/athena/"}
SECONDS = 20
POLL_SECONDS = 0.01


@pytest.fixture(scope="module")
def cloud() -> Iterator[Standin]:
    with Standin(KIND, ORDERS) as running:
        yield running


def client(cloud: Standin, service: str) -> Any:
    settings = Config(retries={"max_attempts": 1}, s3={"addressing_style": "path"})
    keys = {"aws_access_key_id": "any", "aws_secret_access_key": "any", "region_name": "eu-west-1"}
    return boto3.client(service, endpoint_url=cloud.base_url, config=settings, **keys)


@pytest.fixture
def athena(cloud: Standin) -> Any:
    return client(cloud, "athena")


@pytest.fixture
def glue(cloud: Standin) -> Any:
    return client(cloud, "glue")


@pytest.fixture
def database(glue: Any) -> Iterator[str]:
    glue.create_database(DatabaseInput={"Name": "db"})
    yield "db"
    glue.delete_database(Name="db")


def ended(athena: Any, query_id: str) -> dict[str, Any]:
    until = time.monotonic() + SECONDS
    while time.monotonic() < until:
        found: dict[str, Any] = athena.get_query_execution(QueryExecutionId=query_id)["QueryExecution"]
        if found["Status"]["State"] not in ("QUEUED", "RUNNING"):
            return found
        threading.Event().wait(POLL_SECONDS)
    raise TimeoutError(query_id)


def run(athena: Any, query: str, **more: Any) -> dict[str, Any]:
    asked = {"QueryString": query, "ResultConfiguration": OUTPUT, **more}
    return ended(athena, athena.start_query_execution(**asked)["QueryExecutionId"])


def code_and_message(caught: pytest.ExceptionInfo[ClientError]) -> tuple[str, str]:
    error = caught.value.response["Error"]
    return error["Code"], error["Message"]


def table(name: str, **more: Any) -> dict[str, Any]:
    columns = [{"Name": "a", "Type": "int"}]
    return {"Name": name, "StorageDescriptor": {"Columns": columns, "Location": f"s3://lake/{name}/"}, **more}


def test_it_says_what_it_is_and_has_the_buckets(cloud: Standin) -> None:
    said = cloud.running.said
    assert len(said["instance"]) == 32
    assert said["trino"] == "http://127.0.0.1:9"
    assert [found["Name"] for found in client(cloud, "s3").list_buckets()["Buckets"]] == ["lake", "results"]
    assert client(cloud, "sts").get_caller_identity()["Account"] == "123456789012"


def test_a_connection_serves_many_requests_even_if_a_body_is_not_read(cloud: Standin) -> None:
    connection = http.client.HTTPConnection(urlsplit(cloud.base_url).netloc)
    connection.connect()
    first = connection.sock
    for _ in range(3):
        connection.request("POST", "/tandem/instance", body=b"x" * 100_000)
        answer = connection.getresponse()
        assert (answer.status, answer.headers["Content-Length"]) == (200, str(len(answer.read())))
        assert connection.sock is first
    connection.close()


def test_objects_keep_their_bytes(cloud: Standin) -> None:
    s3 = client(cloud, "s3")
    s3.put_object(Bucket="lake", Key="a b/ü", Body=b"0123456789")
    assert s3.head_object(Bucket="lake", Key="a b/ü")["ContentLength"] == 10
    assert s3.get_object(Bucket="lake", Key="a b/ü", Range="bytes=3-5")["Body"].read() == b"345"
    s3.delete_object(Bucket="lake", Key="a b/ü")


def test_of_many_conditional_writes_one_wins(cloud: Standin) -> None:
    s3 = client(cloud, "s3")

    def create(number: int) -> str:
        try:
            s3.put_object(Bucket="lake", Key="lease", Body=str(number).encode(), IfNoneMatch="*")
        except ClientError as error:
            return str(error.response["Error"]["Code"])
        return "written"

    with ThreadPoolExecutor(8) as threads:
        assert Counter(threads.map(create, range(32))) == {"written": 1, "PreconditionFailed": 31}


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        pytest.param({"QueryString": "select '" + "x" * 262_144 + "'"}, "less than or equal to 262144", id="long"),
        pytest.param({"WorkGroup": "nobody"}, "WorkGroup nobody is not found.", id="work group"),
        pytest.param({"ResultConfiguration": {}}, "No output location provided", id="output location"),
        pytest.param({"QueryExecutionContext": {"Catalog": "other"}}, "Catalog other was not found", id="catalogue"),
        pytest.param({"QueryString": "set session a = 1"}, "not supported", id="not Athena's"),
        pytest.param({"ExecutionParameters": ["1"]}, "Incorrect number of parameters", id="parameters"),
    ],
)
def test_a_statement_is_refused_at_its_start(athena: Any, asked: dict[str, Any], message: str) -> None:
    with pytest.raises(ClientError) as caught:
        athena.start_query_execution(**{"QueryString": "select 1", "ResultConfiguration": OUTPUT, **asked})
    code, said = code_and_message(caught)
    assert code == "InvalidRequestException"
    assert message in said


def test_a_definition_leaves_a_text_file_where_athena_does(athena: Any, cloud: Standin) -> None:
    assert run(athena, "create database made_here")["Status"]["State"] == "SUCCEEDED"
    found = run(athena, "show databases like 'made_*'", WorkGroup="team")
    location = found["ResultConfiguration"]["OutputLocation"]
    assert location == f"s3://results/athena/{found['QueryExecutionId']}.txt"
    key = location.removeprefix("s3://results/")
    assert client(cloud, "s3").get_object(Bucket="results", Key=key)["Body"].read() == b"made_here\n"
    result = athena.get_query_results(QueryExecutionId=found["QueryExecutionId"])
    assert result["ResultSet"]["Rows"] == [{"Data": [{"VarCharValue": "made_here"}]}]
    assert (found["StatementType"], found["WorkGroup"]) == ("UTILITY", "team")
    assert run(athena, "drop database made_here")["Status"]["State"] == "SUCCEEDED"


def test_a_definition_that_fails_says_so_as_a_query(athena: Any) -> None:
    found = run(athena, "drop database not_there")
    assert found["Status"]["State"] == "FAILED"
    assert found["Status"]["StateChangeReason"].startswith("FAILED:")
    assert found["Status"]["AthenaError"]["ErrorCategory"] == 2
    with pytest.raises(ClientError, match="Final query state: FAILED"):
        athena.get_query_results(QueryExecutionId=found["QueryExecutionId"])


def test_an_engine_that_is_gone_fails_the_query_and_says_so(athena: Any) -> None:
    status = run(athena, "select 1")["Status"]
    assert status["State"] == "FAILED"
    assert "Trino at http://127.0.0.1:9 does not answer" in status["StateChangeReason"]
    assert status["AthenaError"]["ErrorCategory"] == 1


def test_the_same_token_starts_a_statement_once(athena: Any) -> None:
    token = "t" * 40
    asked = {"QueryString": "show databases", "ResultConfiguration": OUTPUT, "ClientRequestToken": token}
    first = athena.start_query_execution(**asked)["QueryExecutionId"]
    assert athena.start_query_execution(**asked)["QueryExecutionId"] == first
    with pytest.raises(ClientError, match="Idempotent parameters do not match"):
        athena.start_query_execution(**{**asked, "QueryString": "show tables"})


def test_results_refuse_what_athena_refuses(athena: Any) -> None:
    query_id = run(athena, "show databases")["QueryExecutionId"]
    with pytest.raises(ClientError, match="more than maximum allowed length 1000"):
        athena.get_query_results(QueryExecutionId=query_id, MaxResults=1001)
    with pytest.raises(ClientError, match="Invalid NextToken"):
        athena.get_query_results(QueryExecutionId=query_id, NextToken="bm9uc2Vuc2U=")
    with pytest.raises(ClientError, match="was not found"):
        athena.get_query_results(QueryExecutionId="nobody")


def test_executions_are_listed_and_read_in_batches(athena: Any) -> None:
    ids = [run(athena, "show databases", WorkGroup="team")["QueryExecutionId"] for _ in range(3)]
    pages = athena.get_paginator("list_query_executions").paginate(WorkGroup="team", PaginationConfig={"PageSize": 1})
    assert [found for page in pages for found in page["QueryExecutionIds"]][:3] == ids[::-1]
    batch = athena.batch_get_query_execution(QueryExecutionIds=[ids[0], "nobody"])
    assert [found["QueryExecutionId"] for found in batch["QueryExecutions"]] == [ids[0]]
    assert [found["QueryExecutionId"] for found in batch["UnprocessedQueryExecutionIds"]] == ["nobody"]
    timeline = athena.get_query_runtime_statistics(QueryExecutionId=ids[0])["QueryRuntimeStatistics"]["Timeline"]
    assert timeline["TotalExecutionTimeInMillis"] >= 0


def test_work_groups_are_the_ordered_one_and_two_that_always_are(athena: Any) -> None:
    names = [found["Name"] for found in athena.list_work_groups()["WorkGroups"]]
    assert names == ["primary", "tandem-validate", "team"]
    found = athena.get_work_group(WorkGroup="team")["WorkGroup"]
    assert (found["State"], found["Configuration"]["EnforceWorkGroupConfiguration"]) == ("ENABLED", False)
    with pytest.raises(ClientError, match="not found"):
        athena.get_work_group(WorkGroup="nobody")


def test_the_catalogue_is_glues(athena: Any, glue: Any, database: str) -> None:
    keys = [{"Name": "day", "Type": "string"}]
    glue.create_table(DatabaseName=database, TableInput=table("t", PartitionKeys=keys, TableType="EXTERNAL_TABLE"))
    of_database = {"CatalogName": "AwsDataCatalog", "DatabaseName": database}
    found = athena.get_table_metadata(**of_database, TableName="t")["TableMetadata"]
    assert found["Columns"] == [{"Name": "a", "Type": "int"}]
    assert found["PartitionKeys"] == keys
    assert found["Parameters"]["location"] == "s3://lake/t/"
    listed = athena.list_table_metadata(**of_database, Expression="t.*")["TableMetadataList"]
    assert [entry["Name"] for entry in listed] == ["t"]
    assert athena.list_databases(CatalogName="AwsDataCatalog")["DatabaseList"] == [{"Name": database}]
    assert athena.get_database(**of_database)["Database"] == {"Name": database}
    assert athena.get_data_catalog(Name="awsdatacatalog")["DataCatalog"]["Type"] == "GLUE"
    with pytest.raises(ClientError) as caught:
        athena.get_table_metadata(**of_database, TableName="nobody")
    assert code_and_message(caught)[0] == "MetadataException"


def test_an_operation_that_nobody_knows_is_an_error_of_the_service(athena: Any) -> None:
    with pytest.raises(ClientError) as caught:
        athena.list_engine_versions()
    assert code_and_message(caught)[0] == "UnknownOperationException"


def partitions(count: int) -> list[dict[str, Any]]:
    return [
        {"Values": [f"{number:04}"], "StorageDescriptor": {"Location": f"s3://lake/t/{number}"}}
        for number in range(count)
    ]


@pytest.mark.parametrize(
    ("operation", "name", "limit"),
    [
        ("batch_create_partition", "PartitionInputList", 100),
        ("batch_update_partition", "Entries", 100),
        ("batch_delete_partition", "PartitionsToDelete", 25),
    ],
)
def test_a_batch_beyond_the_limit_is_refused(glue: Any, database: str, operation: str, name: str, limit: int) -> None:
    values = [["x"]] * (limit + 1)
    entries = {
        "PartitionInputList": [{"Values": value} for value in values],
        "Entries": [{"PartitionValueList": value, "PartitionInput": {"Values": value}} for value in values],
        "PartitionsToDelete": [{"Values": value} for value in values],
    }
    with pytest.raises(ClientError) as caught:
        getattr(glue, operation)(DatabaseName=database, TableName="t", **{name: entries[name]})
    code, message = code_and_message(caught)
    assert code == "ValidationException"
    assert f"less than or equal to {limit}" in message


def test_partitions_come_in_pages_once_and_with_the_fields_that_trino_reads(glue: Any, database: str) -> None:
    glue.create_table(DatabaseName=database, TableInput=table("t", PartitionKeys=[{"Name": "day", "Type": "string"}]))
    of_table = {"DatabaseName": database, "TableName": "t"}
    for first in (0, 100):
        glue.batch_create_partition(**of_table, PartitionInputList=partitions(200)[first : first + 100])
    pages = list(glue.get_paginator("get_partitions").paginate(**of_table, PaginationConfig={"PageSize": 90}))
    assert [len(page["Partitions"]) for page in pages] == [90, 90, 20]
    assert pages[0]["Partitions"][0]["StorageDescriptor"]["NumberOfBuckets"] == 0
    second = glue.get_partitions(**of_table, Segment={"SegmentNumber": 1, "TotalSegments": 2})
    assert second["Partitions"] == []
    batch = glue.batch_get_partition(**of_table, PartitionsToGet=[{"Values": ["0001"]}, {"Values": ["none"]}])
    assert (len(batch["Partitions"]), batch["UnprocessedKeys"]) == (1, [])
    bare = glue.get_partitions(**of_table, Expression="day = '0007'", ExcludeColumnSchema=True)["Partitions"]
    assert [found["Values"] for found in bare] == [["0007"]]
    assert glue.get_column_statistics_for_table(**of_table, ColumnNames=["a"])["ColumnStatisticsList"] == []


def test_an_update_of_a_version_that_is_not_the_current_one_is_refused(glue: Any, database: str) -> None:
    glue.create_table(DatabaseName=database, TableInput=table("t"))
    version = glue.get_table(DatabaseName=database, Name="t")["Table"]["VersionId"]
    glue.update_table(DatabaseName=database, TableInput=table("t"), VersionId=version)
    with pytest.raises(ClientError) as caught:
        glue.update_table(DatabaseName=database, TableInput=table("t"), VersionId=version)
    assert code_and_message(caught)[0] == "ConcurrentModificationException"


def test_names_are_kept_in_lower_case(glue: Any, database: str) -> None:
    glue.create_table(DatabaseName="DB", TableInput=table("Mixed"))
    assert glue.get_table(DatabaseName=database, Name="MIXED")["Table"]["Name"] == "mixed"


def test_an_entity_that_is_not_there_is_glues_error(glue: Any) -> None:
    with pytest.raises(glue.exceptions.EntityNotFoundException):
        glue.get_table(DatabaseName="nobody", Name="t")


def test_it_ends_with_its_owner_however_that_dies(tmp_path: Any) -> None:
    script = (
        "import sys\nfrom test_orders import KIND, ORDERS\nfrom tandem.standins.process import Standin\n"
        "with Standin(KIND, ORDERS) as cloud:\n    print(cloud.pid, flush=True)\n    sys.stdin.read()\n"
    )
    orders = f"from tandem.standins.process import HttpKind\nKIND = {KIND!r}\nORDERS = {ORDERS!r}\n"
    (tmp_path / "test_orders.py").write_text(orders)
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(tmp_path), *sys.path])}
    with subprocess.Popen(
        [sys.executable, "-c", script], stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=environment
    ) as owner:
        assert owner.stdout is not None
        server = psutil.Process(int(owner.stdout.readline()))
        owner.kill()
    psutil.wait_procs([server], timeout=SECONDS)
    assert not server.is_running()


def test_a_trino_that_cannot_start_is_an_error_that_says_why(tmp_path: Any) -> None:
    engine = {"folder": str(tmp_path / "trino"), "cache": str(tmp_path / "empty")}
    with (
        pytest.raises(SourceUnavailable, match="tandem standins fetch") as caught,
        Standin(KIND, ORDERS | {"trino": engine}),
    ):
        pass
    assert ORDERS["secret_key"] not in str(caught.value)

"""Statements: typed results, paging, reasons of failure, and nothing left running when interrupted."""

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest

from tandem.errors import WarehouseError
from tandem.targets.athena import AthenaTarget
from tandem.targets.athena import athena as statements

TYPED = [
    ("varchar", 'a,"b"', 'a,"b"'),
    ("char(3)", "abc", "abc"),
    ("boolean", "true", True),
    ("tinyint", "-1", -1),
    ("bigint", "9223372036854775807", 9223372036854775807),
    ("double", "1.0E-9", 1e-9),
    ("float", "Infinity", float("inf")),
    ("decimal", "10.50", Decimal("10.50")),
    ("decimal(10,2)", "0.00", Decimal("0.00")),
    ("date", "2025-11-20", date(2025, 11, 20)),
    ("timestamp", "2025-11-20 01:02:03.004", datetime(2025, 11, 20, 1, 2, 3, 4000)),
    ("timestamp(6)", "2025-11-20 01:02:03.000004", datetime(2025, 11, 20, 1, 2, 3, 4)),
    ("timestamp with time zone", "2025-11-20 01:02:03.000 UTC", datetime(2025, 11, 20, 1, 2, 3, tzinfo=UTC)),
    ("varbinary", "00 ff", b"\x00\xff"),
    ("array", "[1, 2]", "[1, 2]"),
    ("bigint", None, None),
]


@pytest.fixture(autouse=True)
def impatient(monkeypatch):
    monkeypatch.setattr(statements, "FIRST_PAUSE_SECONDS", 0)


def test_values_have_their_types(target, athena):
    athena.columns = [(f"c{number}", kind) for number, (kind, _, _) in enumerate(TYPED)]
    athena.pages = [[[name for name, _ in athena.columns], [text for _, text, _ in TYPED]]]
    columns, [row] = target.query("select 1")
    assert columns == [name for name, _ in athena.columns]
    assert row == tuple(value for _, _, value in TYPED)


def test_pages_are_put_together_and_only_the_first_has_the_columns_names(target, athena):
    athena.pages = [[["one"], ["1"]], [["2"], ["3"]], [["4"]]]
    assert target.query("select 1") == (["one"], [(1,), (2,), (3,), (4,)])
    assert [body.get("NextToken") for body in athena.bodies("GetQueryResults")] == [None, "1", "2"]


def test_a_listing_has_no_line_of_names(target, athena):
    athena.statement_type, athena.columns, athena.pages = "UTILITY", [("tab_name", "string")], [[["tab_name"], ["b"]]]
    assert target.query("show tables")[1] == [("tab_name",), ("b",)]


def test_a_statement_names_work_group_catalogue_and_output(choose, athena):
    settings = choose(tandem_lake="s3://lake/x", athena_work_group="team", tandem_lake_encryption="aws:kms:key-1")
    AthenaTarget(settings).query("select 1")
    [body] = athena.bodies("StartQueryExecution")
    assert body.pop("ClientRequestToken")
    assert body == {
        "QueryString": "select 1",
        "QueryExecutionContext": {"Catalog": "awsdatacatalog"},
        "WorkGroup": "team",
        "ResultConfiguration": {
            "OutputLocation": "s3://lake/x/_athena/results/",
            "EncryptionConfiguration": {"EncryptionOption": "SSE_KMS", "KmsKey": "key-1"},
        },
    }


@pytest.mark.parametrize("state", ["FAILED", "CANCELLED"])
def test_a_failure_tells_athenas_reason_the_query_and_the_statement(target, athena, state):
    athena.states, athena.reason = [state], "SYNTAX_ERROR: line 1:8: Column 'x' cannot be resolved"
    with pytest.raises(WarehouseError, match=rf"line 1:8: Column 'x'.*{state.lower()}, query query-1.*\n.*select x"):
        target.query("select x")


@pytest.mark.parametrize("interruption", [KeyboardInterrupt, SystemExit, TimeoutError])
def test_an_interrupted_statement_is_stopped(target, athena, monkeypatch, interruption):
    def interrupted(_seconds):
        raise interruption

    athena.states = ["RUNNING"]
    monkeypatch.setattr(statements.time, "sleep", interrupted)
    with pytest.raises(interruption):
        target.query("select 1")
    assert athena.bodies("StopQueryExecution") == [{"QueryExecutionId": "query-1"}]


@pytest.mark.parametrize(
    "sql",
    ["drop table a", "insert into a select 1", "-- select\ndelete from a", "explain analyze insert into a select 1"],
)
def test_a_query_cannot_write(target, athena, sql):
    with pytest.raises(WarehouseError, match="Only reading"):
        target.query(sql)
    assert not athena.asked


@pytest.mark.parametrize("sql", ["  (select 1)", "-- why\nWITH a AS (select 1) select 1", "/* x */ show tables"])
def test_what_reads_may_begin_with_a_comment(target, athena, sql):
    assert target.query(sql)[1] == [(1,)]


def test_a_source_is_observed_by_one_statement(target, athena, store, declare):
    entity = declare()
    target.publish(store, [entity])
    names = [column.name for column in entity.columns]
    athena.columns = [("_col0", "integer"), ("partition_date", "date"), ("_col2", "bigint")]
    athena.columns += [(f"n{name}", "bigint") for name in names] + [(f"t{name}", "varchar") for name in names]
    kinds = ["bigint", "varchar", "decimal(12, 2)", "timestamp(3)", "date"]
    total = ["1", None, "3", "0", "3", "1", "0", "0", *kinds]
    athena.pages = [[[name for name, _ in athena.columns], total, ["0", "2025-10-01", "3", *["0"] * 5, *kinds]]]
    seen = target.observe(entity, [date(2025, 10, 1)])
    assert seen.rows == {date(2025, 10, 1): 3}
    assert seen.nulls == dict(zip(names, [0, 3, 1, 0, 0], strict=True))
    assert seen.types == target.declared_types(entity)
    [body] = athena.bodies("StartQueryExecution")
    assert "where (year = '2025' and month = '10' and day in ('01'))" in body["QueryString"]


def test_rows_of_a_mart_are_counted_in_the_days_asked_for(choose, athena):
    athena.columns, athena.pages = [("d", "date"), ("n", "bigint")], [[["d", "n"], ["2025-10-01", "3"]]]
    target = AthenaTarget(choose(tandem_namespace="ana"))
    assert target.rows_per_partition("openaq_marts.fct", [date(2025, 10, 1)]) == {date(2025, 10, 1): 3}
    [body] = athena.bodies("StartQueryExecution")
    assert 'from "ana_openaq_marts"."fct" where partition_date between date' in body["QueryString"]


def test_no_days_cost_no_statement(target, athena):
    assert target.rows_per_partition("openaq_marts.fct", []) == {}
    assert not athena.asked


def test_dbt_gets_what_its_profile_reads_and_no_credentials(choose):
    settings = choose(tandem_lake="s3://lake/x", tandem_namespace="ana")
    with AthenaTarget(settings).dbt_session("dbt build") as variables:
        assert variables == {
            "TANDEM_ATHENA_WORK_GROUP": "primary",
            "TANDEM_ATHENA_OUTPUT": "s3://lake/x/ana/_athena/results/",
            "TANDEM_ATHENA_DATA": "s3://lake/x/ana/_athena/tables/",
            "TANDEM_ATHENA_REGION": "eu-west-1",
            "TANDEM_ATHENA_SCHEMA": "ana_tandem",
            "TANDEM_NAMESPACE": "ana",
        }

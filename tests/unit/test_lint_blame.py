"""From a statement that was refused back to the model's line."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tandem.blame import Refusal, blame, line_of
from tandem.errors import WarehouseError
from tandem.parity.artifacts import failed_nodes
from tandem.parity.data_tests import AT_ONCE, compiled_tests, refused
from tandem.targets.athena.refusals import refusals_since

MODEL = """{#
    A comment that is not sent.
#}
select
    sensor_id,
    {{ safe_divide('value', 2) }} as half,
    no_such_column,
    strftime(partition_date, '%Y') as year_name
from {{ source('openaq', 'sensors') }}
"""
SENT = """-- /* {"node_id": "model.tandem.stg_sensors"} */
create table "awsdatacatalog"."openaq_staging"."stg_sensors"
    with (
      table_type='hive'
    )
    as
      
select
    sensor_id,
    (cast(value as double) / nullif(cast(2 as double), 0)) as half,
    no_such_column,
    strftime(partition_date, '%Y') as year_name
from "awsdatacatalog"."openaq_processed"."sensors"
"""  # noqa: W293 (as dbt sends it)
NODE = {"unique_id": "model.tandem.stg_sensors", "name": "stg_sensors", "original_file_path": "models/stg_sensors.sql"}


@pytest.fixture
def project(tmp_path):
    folder = tmp_path / "dbt"
    (folder / "models").mkdir(parents=True)
    (folder / "models" / "stg_sensors.sql").write_text(MODEL)
    return folder


@pytest.mark.parametrize(("reason", "line"), [
    ("COLUMN_NOT_FOUND: line 11:5: Column 'no_such_column' cannot be resolved", 7),
    ("FUNCTION_NOT_FOUND: line 12:5: Function 'strftime' not registered", 8),
    ("SYNTAX_ERROR: line 9:5: mismatched input", 5),
    ("TYPE_MISMATCH: line 10:29: Cannot apply operator: varchar / double", 6),
    ("TABLE_NOT_FOUND: line 13:6: Table 'awsdatacatalog.openaq_processed.sensors' does not exist", 9),
    ("GENERIC_USER_ERROR: something about the whole", 1),
])  # fmt: skip
def test_a_refusal_is_led_back_to_the_line_it_is_about(reason, line):
    assert line_of(Refusal(SENT, reason), MODEL) == line


def test_a_precision_is_looked_for_where_it_is_written():
    source = "select\n    a,\n    cast(b as timestamp(3)) as b\nfrom t\n"
    reason = 'NOT_SUPPORTED: Timestamp precision (3) not supported for Iceberg. Use "timestamp(6)" instead.'
    assert line_of(Refusal("create table x as\n" + source, reason), source) == 3


def test_a_finding_has_the_reason_of_the_engine_and_the_place_in_the_project(project):
    refusal = Refusal(SENT, "COLUMN_NOT_FOUND: line 11:5: Column 'no_such_column' cannot be resolved")
    message = "Runtime Error in model stg_sensors\n  line 11:5: Column 'no_such_column' cannot be resolved"
    finding = blame(NODE, message, [refusal], project)
    assert str(finding) == (
        "dbt/models/stg_sensors.sql:7: COLUMN_NOT_FOUND: Column 'no_such_column' cannot be resolved"
    )


def test_what_dbt_itself_refuses_keeps_its_message_without_the_frame(project):
    message = "Compilation Error in model stg_sensors (models/stg_sensors.sql)\n  'nothing' is undefined\n"
    finding = blame(NODE, message, [], project)
    assert (finding.line, finding.message) == (None, "'nothing' is undefined")


def test_a_refusal_of_another_model_is_not_taken_for_it(project):
    other = Refusal(SENT.replace("stg_sensors", "stg_other"), "SYNTAX_ERROR: line 9:5: mismatched input")
    assert blame(NODE, "line 9:5: mismatched input", [other], project).line is None


class FakeAthena:
    """Answers the two calls by which failed statements are found."""

    def __init__(self, executions: list[dict[str, Any]]) -> None:
        self._executions = executions

    def get_paginator(self, _name: str) -> "FakeAthena":
        return self

    def paginate(self, WorkGroup: str) -> list[dict[str, Any]]:  # noqa: N803
        return [{"QueryExecutionIds": [str(n) for n in range(len(self._executions))]}]

    def batch_get_query_execution(self, QueryExecutionIds: list[str]) -> dict[str, Any]:  # noqa: N803
        return {"QueryExecutions": [self._executions[int(n)] for n in QueryExecutionIds]}


def execution(state: str, query: str, at: datetime) -> dict[str, Any]:
    return {"Query": query, "Status": {"State": state, "SubmissionDateTime": at, "StateChangeReason": "because"}}


def test_only_statements_that_failed_since_the_beginning_count():
    began = datetime(2025, 11, 20, tzinfo=UTC)
    later, before = began + timedelta(seconds=1), began - timedelta(seconds=1)
    athena = FakeAthena([
        execution("FAILED", "a", later), execution("SUCCEEDED", "b", later), execution("FAILED", "c", before)
    ])  # fmt: skip
    assert list(refusals_since(athena, "tandem-validate", began)) == [Refusal("a", "because")]


def results(folder, *found: dict[str, Any]):
    (folder / "run_results.json").write_text(json.dumps({"results": found}))
    return folder


def test_a_node_that_was_skipped_or_has_rows_did_not_fail(tmp_path):
    statuses = ["success", "skipped", "fail", "warn", "error"]
    folder = results(tmp_path, *({"unique_id": status, "status": status, "message": None} for status in statuses))
    assert failed_nodes(folder) == [("error", "")]


class FakeEngine:
    """Refuses statements that hold a word."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    def query(self, sql: str) -> tuple[list[str], list[tuple[Any, ...]]]:
        self.asked.append(sql)
        if "wrong" in sql:
            raise WarehouseError("it is wrong")
        return [], []


def data_tests(*statements: str) -> list[dict[str, str]]:
    return [{"unique_id": f"test.{n}", "compiled_code": sql} for n, sql in enumerate(statements)]


def test_tests_that_pass_are_analysed_together():
    engine = FakeEngine()
    assert list(refused(engine, data_tests(*["select 1"] * AT_ONCE, "select 2"))) == []
    assert len(engine.asked) == 2


def test_one_test_that_is_refused_is_found_among_the_others():
    assert list(refused(FakeEngine(), data_tests("select 1", "select wrong", "select 2"))) == [
        ("test.1", "it is wrong")
    ]


def test_only_tests_are_analysed_of_what_was_compiled(tmp_path):
    found = [
        {"unique_id": "model.a", "compiled_code": "select 1"},
        {"unique_id": "test.b", "compiled_code": "select 2"},
    ]
    assert [test["unique_id"] for test in compiled_tests(results(tmp_path, *found))] == ["test.b"]

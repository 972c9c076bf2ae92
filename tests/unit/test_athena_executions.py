"""The states of a statement, whatever the engine does meanwhile."""

from __future__ import annotations

import threading
from collections.abc import Callable

import pytest

from tandem.errors import Refused, TrinoError
from tandem.standins.athena_sql.steps import LocalStep, Plan, Rows, TrinoStep
from tandem.standins.aws.executions import AT_ONCE, FINAL, Execution, Executions
from tandem.standins.aws.parameters import with_parameters
from tandem.standins.aws.rpc import ApiError
from tandem.standins.aws.validate import analysed, asks_for_partitions

SECONDS = 10


class Bench:
    """Executions whose work is a function, and waits until all have ended."""

    def __init__(self, work: Callable[[Execution], None]) -> None:
        self.cancelled: list[str] = []
        self.executions = Executions(work, self.cancelled.append)

    def start(self, token: str = "", query: str = "select 1") -> Execution:
        return self.executions.start(Execution(query, Plan("DML", "SELECT", ()), "x", "primary", "s3://b/o/", token))

    def settle(self) -> None:
        self.executions._pool.shutdown(wait=True)


def raising(error: Exception) -> Callable[[Execution], None]:
    def work(execution: Execution) -> None:
        raise error

    return work


def test_a_statement_that_works_succeeds() -> None:
    bench = Bench(lambda execution: None)
    execution = bench.start()
    bench.settle()
    assert (execution.state, execution.reason) == ("SUCCEEDED", "")


@pytest.mark.parametrize(
    ("error", "reason", "numbers"),
    [
        pytest.param(
            TrinoError("COLUMN_NOT_FOUND", "USER_ERROR", "line 1:8: Column 'x' cannot be resolved", 1, 8),
            "COLUMN_NOT_FOUND: line 1:8: Column 'x' cannot be resolved",
            (2, 1000),
            id="user",
        ),
        pytest.param(
            TrinoError("ICEBERG_COMMIT_ERROR", "EXTERNAL", "Failed to commit"),
            "ICEBERG_COMMIT_ERROR: Failed to commit",
            (3, 233),
            id="iceberg, which dbt tries again",
        ),
        pytest.param(
            TrinoError("EXCEEDED_LOCAL_MEMORY_LIMIT", "INSUFFICIENT_RESOURCES", "too much"),
            "EXCEEDED_LOCAL_MEMORY_LIMIT: too much (Query exhausted resources at this scale factor)",
            (1, 0),
            id="resources",
        ),
        pytest.param(
            Refused("PARSE_EXCEPTION", "FAILED: ParseException line 1:0"),
            "FAILED: ParseException line 1:0",
            (2, 1003),
            id="definition",
        ),
        pytest.param(KeyError("x"), "GENERIC_INTERNAL_ERROR: KeyError: 'x'", (1, 200), id="our own"),
    ],
)
def test_a_statement_that_fails_says_why(error: Exception, reason: str, numbers: tuple[int, int]) -> None:
    bench = Bench(raising(error))
    execution = bench.start()
    bench.settle()
    assert (execution.state, execution.reason) == ("FAILED", reason)
    assert execution.failure is not None
    assert (execution.failure.category, execution.failure.kind) == numbers
    assert execution.failure.as_error()["ErrorMessage"] == reason


def test_a_running_statement_is_stopped_in_trino() -> None:
    running, stopped = threading.Event(), threading.Event()

    def work(execution: Execution) -> None:
        bench.executions.started_in_trino(execution, "q1")
        running.set()
        assert stopped.wait(SECONDS)
        raise TrinoError("USER_CANCELED", "USER_ERROR", "Query was canceled")

    bench = Bench(work)
    execution = bench.start()
    assert running.wait(SECONDS)
    bench.executions.stop(execution)
    stopped.set()
    bench.settle()
    assert bench.cancelled == ["q1"]
    assert (execution.state, execution.failure) == ("CANCELLED", None)


def test_a_stop_that_comes_before_trinos_id_is_not_lost() -> None:
    running, stopped = threading.Event(), threading.Event()

    def work(execution: Execution) -> None:
        running.set()
        assert stopped.wait(SECONDS)
        bench.executions.started_in_trino(execution, "late")
        raise TrinoError("USER_CANCELED", "USER_ERROR", "Query was canceled")

    bench = Bench(work)
    execution = bench.start()
    assert running.wait(SECONDS)
    bench.executions.stop(execution)
    stopped.set()
    bench.settle()
    assert bench.cancelled == ["late"]
    assert execution.state == "CANCELLED"


def test_what_had_succeeded_when_the_stop_came_has_succeeded() -> None:
    running, stopped = threading.Event(), threading.Event()

    def work(execution: Execution) -> None:
        running.set()
        assert stopped.wait(SECONDS)

    bench = Bench(work)
    execution = bench.start()
    assert running.wait(SECONDS)
    bench.executions.stop(execution)
    stopped.set()
    bench.settle()
    assert execution.state == "SUCCEEDED"


def test_only_so_many_run_at_once_and_one_that_waits_is_stopped_at_once() -> None:
    release, started = threading.Event(), threading.Semaphore(0)

    def work(execution: Execution) -> None:
        started.release()
        assert release.wait(SECONDS)

    bench = Bench(work)
    several = [bench.start() for _ in range(AT_ONCE + 1)]
    for _ in range(AT_ONCE):
        assert started.acquire(timeout=SECONDS)
    assert several[-1].state == "QUEUED"
    bench.executions.stop(several[-1])
    assert several[-1].state == "CANCELLED"
    release.set()
    bench.settle()
    assert all(execution.state in FINAL for execution in several)
    assert not started.acquire(blocking=False)


def test_the_same_token_is_the_same_statement() -> None:
    bench = Bench(lambda execution: None)
    first = bench.start("token")
    assert bench.start("token") is first
    assert bench.executions.by_token("token", "select 1") is first
    with pytest.raises(ApiError, match="Idempotent parameters do not match"):
        bench.executions.by_token("token", "select 2")
    assert bench.start() is not bench.start()
    bench.settle()


@pytest.mark.parametrize(
    ("query", "values", "expected"),
    [
        ("select ?", ["1"], "select 1"),
        ("select '?', \"?\", ? -- ?\n, ? /* ? */", ["1", "'x?'"], "select '?', \"?\", 1 -- ?\n, 'x?' /* ? */"),
        ("select ?", [], "select ?"),
    ],
)
def test_parameters_are_put_in_order(query: str, values: list[str], expected: str) -> None:
    assert with_parameters(query, values) == expected


@pytest.mark.parametrize("values", [["1"], ["1", "2", "3"]])
def test_a_wrong_number_of_parameters_is_refused(values: list[str]) -> None:
    with pytest.raises(ApiError, match="Incorrect number of parameters"):
        with_parameters("select ?, ?", values)


@pytest.mark.parametrize(
    ("statement", "sql", "expected"),
    [
        (
            "CREATE_TABLE_AS_SELECT",
            "create table t as select 1 -- end ",
            "create table t as select 1 -- end\nWITH NO DATA",
        ),
        ("INSERT", "insert into t\nselect 1", "EXPLAIN (TYPE VALIDATE) insert into t\nselect 1"),
        ("MERGE", "merge into t", "EXPLAIN (TYPE LOGICAL) merge into t"),
        ("CREATE_VIEW", "create view v as select 1", "create view v as select 1"),
        ("SELECT", "select 1", "select 1"),
    ],
)
def test_validate_only_analyses_what_the_engine_would_do(statement: str, sql: str, expected: str) -> None:
    before = LocalStep(Rows)
    plan = analysed(Plan("DML", statement, (before, TrinoStep(sql, session={"a": "b"}))))
    assert plan.steps == (before, TrinoStep(expected, session={"a": "b"}))


def test_validate_only_leaves_nothing_to_tidy_up_after_an_unload() -> None:
    plan = analysed(Plan("DML", "UNLOAD", (TrinoStep("create table s as select 1"), LocalStep(Rows))))
    assert plan.steps == (TrinoStep("EXPLAIN (TYPE VALIDATE) create table s as select 1"),)


def test_only_a_distinct_select_is_taken_for_a_question_about_partitions() -> None:
    assert asks_for_partitions(Plan("DML", "SELECT", (), query="/* x */ Select\ndistinct day from t"))
    assert not asks_for_partitions(Plan("DML", "SELECT", (), query="select day from t"))
    assert not asks_for_partitions(Plan("DDL", "CREATE_VIEW", (), query="select distinct day from t"))

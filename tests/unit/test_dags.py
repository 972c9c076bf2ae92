"""What every DAG promises: its name, schedule, retries, and that reading its file costs little."""

import json
import os
import subprocess
import sys
from itertools import pairwise
from pathlib import Path

import pytest

from tandem.schemas import entities

PROJECT = Path(__file__).resolve().parents[2]
FOLDER = PROJECT / "orchestration" / "dags"
HEAVY = (
    "adbc_driver_postgresql",
    "boto3",
    "dbt",
    "duckdb",
    "obstore",
    "polars",
    "pyarrow",
    "slack_sdk",
    "starlette.applications",
    "tandem.lake.store",
    "tandem.report",
)

READ = """
import inspect, json, sys
sys.path.insert(0, {folder!r})
before = set(sys.modules)
import airflow.sdk
from airflow.sdk import DAG
import {dag}
from airflow.sdk.module_loading import import_string
heavy = sorted(name for name in {heavy!r} if name in set(sys.modules) - before)
dag = next(value for value in vars({dag}).values() if isinstance(value, DAG)) if any(
    isinstance(value, DAG) for value in vars({dag}).values()) else {dag}.{dag}()
def listed(given):
    return given if isinstance(given, (list, tuple)) else [given]
tasks = {{task.task_id: {{
    "retries": task.retries, "delay": task.retry_delay.total_seconds(), "most": task.max_retry_delay.total_seconds(),
    "exponential": bool(task.retry_exponential_backoff), "pool": task.pool, "policy": type(task.retry_policy).__name__,
    "timeout": task.execution_timeout.total_seconds(), "downstream": sorted(task.downstream_task_ids),
    "rule": task.trigger_rule.value, "teardown": task.is_teardown,
    "told": [[told.__name__ for told in listed(getattr(task, kind))]
        for kind in ("on_retry_callback", "on_failure_callback")],
    }} for task in dag.tasks}}
(deadline,) = listed(dag.deadline)
print(json.dumps({{"id": dag.dag_id, "catchup": dag.catchup, "active": dag.max_active_runs, "doc": bool(dag.doc_md),
    "timetable": type(dag.timetable).__name__, "cron": dag.timetable.expression, "tags": sorted(dag.tags),
    "heavy": heavy, "tasks": tasks, "extractions": getattr({dag}, "EXTRACTIONS", {{}}), "params": sorted(dag.params),
    "deadline": [deadline.reference.reference_name, deadline.interval.total_seconds(),
        inspect.iscoroutinefunction(import_string(deadline.callback.path))],
    }}))
"""


def read(dag: str, **settings: str) -> dict:
    code = READ.format(folder=str(FOLDER), dag=dag, heavy=HEAVY)
    path = os.pathsep.join([str(PROJECT / "orchestration"), os.environ.get("PYTHONPATH", "")])
    environment = {**os.environ, "PYTHONPATH": path, "TANDEM_ENV_FILE": os.devnull, **settings}
    answer = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=False)
    assert answer.returncode == 0, answer.stderr[-2000:]
    return json.loads(answer.stdout.splitlines()[-1])


PROD = {"TANDEM_ENV": "prod", "TANDEM_TARGET": "athena"}
DAGS = ("ecommerce_master_dag", "openaq_pipeline")
EXTRACTIONS = (
    "extract_postgres_orders",
    "extract_postgres_customers",
    "extract_postgres_products",
    "extract_postgres_order_items",
    "extract_stripe_charges",
    "load_csv_marketing",
)
DRAWN = ("dbt_run_staging", "dbt_run_intermediate", "dbt_run_marts", "dbt_test_all")


@pytest.fixture(scope="module")
def dags(tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict]:
    home = str(tmp_path_factory.mktemp("airflow"))
    return {name: read(name, AIRFLOW_HOME=home, **PROD) for name in DAGS}


@pytest.fixture(params=DAGS)
def dag(request: pytest.FixtureRequest, dags: dict[str, dict]) -> dict:
    """Each DAG in turn."""
    return dags[request.param]


@pytest.fixture
def openaq(dags: dict[str, dict]) -> dict:
    return dags["openaq_pipeline"]


@pytest.fixture
def shop(dags: dict[str, dict]) -> dict:
    return dags["ecommerce_master_dag"]


def test_every_dag_file_is_known_here() -> None:
    assert sorted(file.stem for file in FOLDER.glob("*.py")) == sorted(DAGS), "add the new DAG to this file"


def test_a_dag_is_scheduled_by_partition_one_run_at_a_time(dag: dict) -> None:
    assert dag["id"] in DAGS
    assert (dag["timetable"], dag["catchup"], dag["active"]) == ("CronPartitionTimetable", False, 1)
    assert dag["doc"]
    assert dag["params"] == ["from", "to"]


def test_a_run_that_takes_longer_than_its_deadline_is_told_of_by_the_triggerer(dag: dict) -> None:
    reference, seconds, is_coroutine = dag["deadline"]
    assert (reference, seconds, is_coroutine) == ("DagRunQueuedAtDeadline", 1800.0, True)


def test_every_task_tells_of_each_failed_attempt_once(dag: dict) -> None:
    for name, task in dag["tasks"].items():
        assert task["told"] == [["alert_retry"], ["alert_failure"]], name


def test_the_lake_is_given_free_however_a_run_ends(dag: dict) -> None:
    assert dag["tasks"]["release_lake"]["teardown"]


def test_reading_a_dag_file_imports_nothing_heavy(dag: dict) -> None:
    assert dag["heavy"] == []


def test_openaq_follows_the_way_of_the_data(openaq: dict) -> None:
    road = ["refine", "catalog", "validate", "dbt_staging", "dbt_intermediate", "dbt_marts", "serve", "write_report"]
    for step, following in zip(["extract_raw_data.measurements", *road], [*road, "notify"], strict=True):
        assert following in openaq["tasks"][step]["downstream"]


def test_openaq_retries_twice_from_five_minutes_up_to_thirty(openaq: dict) -> None:
    for name, task in openaq["tasks"].items():
        if name == "notify":
            assert task["retries"] == 0
            continue
        assert (task["retries"], task["delay"], task["most"], task["exponential"]) == (2, 300.0, 1800.0, True), name
        assert task["policy"] == "ExceptionRetryPolicy"


def test_openaq_tasks_that_open_the_warehouse_share_one_pool(openaq: dict) -> None:
    writers = ("catalog", "validate", "dbt_staging", "dbt_intermediate", "dbt_marts", "serve")
    assert {openaq["tasks"][name]["pool"] for name in writers} == {"tandem_warehouse"}


def test_the_shop_runs_daily_at_six(shop: dict) -> None:
    assert (shop["cron"], shop["tags"]) == ("0 6 * * *", ["daily", "ecommerce", "production"])


def test_the_shop_is_as_drawn(shop: dict) -> None:
    tasks = shop["tasks"]
    assert set(tasks) == {
        *EXTRACTIONS, "all_extractions_complete", *DRAWN, "serve", "write_report", "notify_success", "release_lake"
    }  # fmt: skip
    for name in EXTRACTIONS:
        assert tasks[name]["downstream"] == ["all_extractions_complete"], name
    road = ("all_extractions_complete", *DRAWN, "serve", "write_report", "notify_success")
    for step, following in pairwise(road):
        assert tasks[step]["downstream"] == [following]


def test_one_failed_extraction_keeps_dbt_from_starting(shop: dict) -> None:
    for name, task in shop["tasks"].items():
        assert task["rule"] == ("all_done_setup_success" if name == "release_lake" else "all_success"), name


@pytest.mark.parametrize(
    ("names", "retries", "delay"),
    [
        pytest.param(EXTRACTIONS, 2, 300.0, id="extractions"),
        pytest.param(DRAWN[:3], 2, 300.0, id="dbt run"),
        pytest.param(DRAWN[3:], 1, 180.0, id="dbt test"),
        pytest.param(("notify_success",), 0, 300.0, id="notification"),
    ],
)
def test_the_shop_retries_by_its_table(shop: dict, names: tuple[str, ...], retries: int, delay: float) -> None:
    for name in names:
        task = shop["tasks"][name]
        assert (task["retries"], task["delay"], task["exponential"]) == (retries, delay, False), name
        assert (task["timeout"], task["policy"]) == (1800.0, "ExceptionRetryPolicy"), name


def test_extractions_run_side_by_side_and_dbt_alone(shop: dict) -> None:
    assert {shop["tasks"][name]["pool"] for name in EXTRACTIONS} == {"default_pool"}
    assert {shop["tasks"][name]["pool"] for name in (*DRAWN, "serve")} == {"tandem_warehouse"}


def test_every_entity_of_the_shop_is_extracted_by_one_task(shop: dict) -> None:
    extracted = [name for names in shop["extractions"].values() for name in names]
    assert sorted(extracted) == sorted(entity.name for entity in entities("ecommerce"))


def test_delays_shrink_with_the_setting(tmp_path: Path) -> None:
    tasks = read("ecommerce_master_dag", AIRFLOW_HOME=str(tmp_path), TANDEM_RETRY_DELAY_SECONDS="10")["tasks"]
    assert (tasks["dbt_run_marts"]["delay"], tasks["dbt_test_all"]["delay"]) == (10.0, 6.0)

"""What every DAG promises: its name, schedule, retries, and that reading its file costs little."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

PROJECT = Path(__file__).resolve().parents[2]
FOLDER = PROJECT / "orchestration" / "dags"
HEAVY = ("polars", "duckdb", "dbt", "obstore", "boto3", "starlette.applications", "tandem.lake.store")

READ = """
import json, sys
sys.path.insert(0, {folder!r})
before = set(sys.modules)
import airflow.sdk
from airflow.sdk import DAG
import {dag}
heavy = sorted(name for name in {heavy!r} if name in set(sys.modules) - before)
dag = next(value for value in vars({dag}).values() if isinstance(value, DAG)) if any(
    isinstance(value, DAG) for value in vars({dag}).values()) else {dag}.{dag}()
tasks = {{task.task_id: {{
    "retries": task.retries, "delay": task.retry_delay.total_seconds(), "most": task.max_retry_delay.total_seconds(),
    "exponential": bool(task.retry_exponential_backoff), "pool": task.pool, "policy": type(task.retry_policy).__name__,
    "downstream": sorted(task.downstream_task_ids)}} for task in dag.tasks}}
print(json.dumps({{"id": dag.dag_id, "catchup": dag.catchup, "active": dag.max_active_runs, "doc": bool(dag.doc_md),
    "timetable": type(dag.timetable).__name__, "tags": sorted(dag.tags), "heavy": heavy, "tasks": tasks}}))
"""


def read(dag: str, **settings: str) -> dict:
    code = READ.format(folder=str(FOLDER), dag=dag, heavy=HEAVY)
    path = os.pathsep.join([str(PROJECT / "orchestration"), os.environ.get("PYTHONPATH", "")])
    environment = {**os.environ, "PYTHONPATH": path, "TANDEM_ENV_FILE": os.devnull, **settings}
    answer = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=False)
    assert answer.returncode == 0, answer.stderr[-2000:]
    return json.loads(answer.stdout.splitlines()[-1])


@pytest.fixture(scope="module")
def openaq(tmp_path_factory: pytest.TempPathFactory) -> dict:
    home = str(tmp_path_factory.mktemp("airflow"))
    return read("openaq_pipeline", AIRFLOW_HOME=home, TANDEM_ENV="prod", TANDEM_TARGET="athena")


def test_every_dag_file_is_known_here() -> None:
    assert sorted(file.stem for file in FOLDER.glob("*.py")) == ["openaq_pipeline"], "add the new DAG to this file"


def test_openaq_is_scheduled_by_partition_one_run_at_a_time(openaq: dict) -> None:
    assert openaq["id"] == "openaq_pipeline"
    assert (openaq["timetable"], openaq["catchup"], openaq["active"]) == ("CronPartitionTimetable", False, 1)
    assert openaq["doc"]


def test_openaq_follows_the_way_of_the_data(openaq: dict) -> None:
    road = ["refine", "catalog", "validate", "dbt_staging", "dbt_intermediate", "dbt_marts", "serve", "write_report"]
    for step, following in zip(["extract_raw_data.measurements", *road], [*road, "notify"], strict=True):
        assert following in openaq["tasks"][step]["downstream"]


def test_production_retries_twice_from_five_minutes_up_to_thirty(openaq: dict) -> None:
    for name, task in openaq["tasks"].items():
        if name == "notify":
            assert task["retries"] == 0
            continue
        assert (task["retries"], task["delay"], task["most"], task["exponential"]) == (2, 300.0, 1800.0, True), name
        assert task["policy"] == "ExceptionRetryPolicy"


def test_tasks_that_open_the_warehouse_share_one_pool(openaq: dict) -> None:
    writers = ("catalog", "validate", "dbt_staging", "dbt_intermediate", "dbt_marts", "serve")
    assert {openaq["tasks"][name]["pool"] for name in writers} == {"tandem_warehouse"}


def test_reading_a_dag_file_imports_nothing_heavy(openaq: dict) -> None:
    assert openaq["heavy"] == []

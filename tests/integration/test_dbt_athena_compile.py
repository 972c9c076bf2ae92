"""The dbt project compiled by dbt-athena's own adapter, without an account: names, size and meaning of its SQL."""

import json
import os
import subprocess
import sys
from collections.abc import Iterable
from datetime import date, timedelta
from pathlib import Path

import duckdb
import pytest
import sqlglot

PROJECT = Path(__file__).resolve().parents[2] / "dbt"
RUN_DBT = "import sys; from dbt.cli.main import dbtRunner; sys.exit(not dbtRunner().invoke(sys.argv[1:]).success)"
LONGEST_STATEMENT = 262_144

# Two years without a gap, then two of which every second day is owed.
FIRST = date(2020, 3, 5)
LAST = FIRST + timedelta(days=730)
OWED = {FIRST + timedelta(days=n) for n in range(731)} | {date(2023, 1, 1) + timedelta(days=2 * n) for n in range(365)}
PREDICATES = {
    "plain": "owed_partitions('measurements')",
    "widened": "owed_partitions('measurements', widen=1)",
    "pruned": "owed_partitions('measurements', prune=true)",
    "of_another_entity": "owed_partitions('sensors')",
    "of_no_day": "owed_partitions('nothing')",
}


def isoformat(days: Iterable[date]) -> list[str]:
    return [day.isoformat() for day in sorted(days, reverse=True)]


@pytest.fixture(scope="module")
def compiled(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """SQL of every model and data test for Athena, by name, and of a model for each of the predicates."""
    folder = tmp_path_factory.mktemp("athena")
    project = folder / "dbt"
    subprocess.run(["cp", "-r", PROJECT, project], check=True)
    for name, call in PREDICATES.items():
        (project / "models" / f"predicate_{name}.sql").write_text(f"select {{{{ {call} }}}} as is_owed")
    environment = os.environ | {
        "TANDEM_NAMESPACE": "ann",
        "TANDEM_ATHENA_SCHEMA": "ann_tandem",
        "TANDEM_ATHENA_REGION": "eu-west-1",
        "TANDEM_ATHENA_WORK_GROUP": "primary",
        "TANDEM_ATHENA_OUTPUT": "s3://nowhere/results/",
        "TANDEM_ATHENA_DATA": "s3://nowhere/tables/",
    }
    folders = {"project-dir": project, "profiles-dir": project, "target-path": folder / "target", "log-path": folder}
    variables = {"owed": {"measurements": isoformat(OWED), "nothing": []}, "logical_date": "2025-11-20"}
    command = ["compile", "--quiet", "--no-introspect", "--no-populate-cache", "--target", "athena"]
    command += [*(f"--{name}={path}" for name, path in folders.items()), "--vars", json.dumps(variables)]
    ended = subprocess.run(
        [sys.executable, "-c", RUN_DBT, *command], cwd=folder, env=environment, capture_output=True, text=True
    )
    assert ended.returncode == 0, ended.stdout + ended.stderr
    files = (folder / "target" / "compiled").rglob("*.sql")
    return {path.stem: path.read_text(encoding="utf-8") for path in files}


def answers(predicate: str, days: Iterable[date]) -> set[date]:
    """The days for which a compiled predicate holds."""
    keys = "strftime(d, '%Y') as year, strftime(d, '%m') as month, strftime(d, '%d') as day"
    listed = ", ".join(f"(date '{day}')" for day in days)
    rows = duckdb.sql(
        f"with t as (select d as partition_date, {keys} from (values {listed}) as v (d))"
        f" select partition_date from ({predicate.replace('select', 'select partition_date,', 1)} from t) where is_owed"
    )
    return {day for (day,) in rows.fetchall()}


def around(days: Iterable[date]) -> set[date]:
    return {day + timedelta(days=offset) for day in days for offset in range(-3, 4)}


def test_a_statement_stays_far_below_the_longest_that_athena_takes(compiled):
    longest = max(compiled, key=lambda name: len(compiled[name].encode()))
    assert len(compiled[longest].encode()) < LONGEST_STATEMENT / 8, longest


@pytest.mark.parametrize(("name", "owed"), [
    ("plain", OWED),
    ("widened", {day + timedelta(days=offset) for day in OWED for offset in (-1, 0, 1)}),
    ("pruned", OWED),
    ("of_another_entity", around(OWED)),
    ("of_no_day", set()),
])  # fmt: skip
def test_a_predicate_holds_for_the_owed_days_and_no_other(compiled, name, owed):
    assert answers(compiled[f"predicate_{name}"], around(OWED)) == owed


def test_the_keys_alone_prune_to_the_owed_days(compiled):
    keys = compiled["predicate_pruned"].split(" and (", 1)[1].rpartition(")")[0]
    assert answers(f"select ({keys}) as is_owed", around(OWED)) == OWED


def test_days_in_a_row_are_one_range(compiled):
    assert f"partition_date between date '{FIRST}' and date '{LAST}'" in compiled["predicate_plain"]


def test_every_schema_has_the_namespace_before_it(compiled):
    assert '"awsdatacatalog"."ann_openaq_processed"."measurements"' in compiled["stg_openaq__measurements"]
    assert '"awsdatacatalog"."ann_openaq_marts"."fct_measurements"' in compiled["fct_daily_averages"]
    assert not [name for name, sql in compiled.items() if '."openaq_' in sql]


def test_everything_that_would_be_sent_is_sql_of_trino(compiled):
    assert len(compiled) > 90
    for name, sql in compiled.items():
        assert sqlglot.parse_one(sql, dialect="trino"), name

"""The lint by the engine: the project passes, and what Athena refuses is named with its model and line."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tandem.blame import Finding
from tandem.dbt import run_dbt
from tandem.errors import DbtError
from tandem.parity.lint import NAMESPACE, lint
from tandem.schemas import entities
from tandem.settings import PROJECT, REHEARSAL_BUCKET, settings
from tandem.standins import environment
from tandem.standins.cloud import kept_cloud
from tandem.steps import open_lake
from tandem.targets import open_target
from tandem.targets.athena.clients import Clients

STAGING = "models/staging/openaq"
SOURCE = "{{ source('openaq', 'sensors') }}"
INCREMENTAL = "{{ config(materialized='incremental', partitioned_by=['partition_date'], meta={'owed': 'sensors'}) }}\n"

BROKEN = {
    "stg_a": ("select\n    sensor_id,\n    strftime(partition_date, '%m') as m\nfrom " + SOURCE, 3, "strftime"),
    "stg_b": ("select *\nfrom read_parquet('lake/x.parquet')", 2, "mismatched input"),
    "stg_c": ("{# two\n   lines #}\nselect\n    sensor_id,\n    missing\nfrom " + SOURCE, 5, "missing"),
    "stg_d": (
        "{{ config(materialized='table', table_type='iceberg') }}\n"
        "select\n    location_id,\n    cast(partition_date as timestamp(3)) as seen_at\nfrom " + SOURCE,
        4,
        "Timestamp precision (3)",
    ),
    "stg_e": (
        INCREMENTAL + "select\n    sensor_id,\n    partition_date\nfrom " + SOURCE + "\n"
        "where\n    {{ owed_partitions('sensors') }}\n"
        "    and {% if owed_days('sensors') is none %}1 = 1{% else %}late = 1{% endif %}",
        8,
        "late",
    ),
}
FINE = {
    "stg_merged": "{{ config(materialized='incremental', incremental_strategy='merge', unique_key='location_id',"
    " table_type='iceberg') }}\nselect\n    location_id,\n    {{ as_timestamp('max(partition_date)') }} as seen_at\n"
    "from " + SOURCE + "\ngroup by location_id",
    "stg_reader": "select seen_at from {{ ref('stg_merged') }}",
}


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The project and some models more, of which some are wrong."""
    folder = tmp_path_factory.mktemp("lint") / "dbt"
    shutil.copytree(PROJECT / "dbt", folder)
    for name, sql in {**{name: sql for name, (sql, *_) in BROKEN.items()}, **FINE}.items():
        (folder / STAGING / f"{name}.sql").write_text(sql)
    (folder / STAGING / "wrong_test.yml").write_text(
        "models:\n  - name: stg_reader\n    data_tests:\n"
        "      - holds: {name: a_wrong_test, arguments: {expression: nowhere = 1}}\n"
        "  - name: stg_c\n    columns: [{name: sensor_id, data_tests: [not_null]}]\n"
    )
    return folder


@pytest.fixture(scope="module")
def findings(kept, project: Path) -> Iterator[list[Finding]]:
    with environment({"TANDEM_HOME": str(kept.path), **kept.switch}), kept_cloud(settings()):
        yield lint(settings(), project=project)


@pytest.mark.parametrize("name", BROKEN)
def test_what_athena_refuses_is_named_with_model_and_line(findings, name):
    _, line, word = BROKEN[name]
    (finding,) = [one for one in findings if one.model == name]
    assert (finding.path, finding.line) == (f"dbt/{STAGING}/{name}.sql", line)
    assert word in finding.message


def test_a_data_test_that_is_refused_is_named(findings):
    (finding,) = [one for one in findings if one.path.endswith(".yml")]
    assert finding.model == "a_wrong_test"
    assert "nowhere" in finding.message


def test_nothing_else_is_refused(findings):
    assert {one.model for one in findings} == {*BROKEN, "a_wrong_test"}


def test_a_run_names_model_and_line_too(kept, project: Path) -> None:
    own = {"tandem_namespace": "broken", "tandem_lake": f"s3://{REHEARSAL_BUCKET}/broken"}
    with environment({"TANDEM_HOME": str(kept.path), **kept.switch}), kept_cloud(settings()):
        chosen = settings().model_copy(update={**own, "tandem_home": kept.path / "broken"})
        engine = open_target(chosen)
        engine.publish(open_lake(chosen), entities("openaq"))
        names = ["stg_a", "stg_b", "stg_c", "stg_d"]
        with pytest.raises(DbtError) as failure:
            run_dbt(chosen, "run", select=names, project=project, target=engine)
    for name in names:
        _, line, word = BROKEN[name]
        assert f"dbt/{STAGING}/{name}.sql:{line}" in str(failure.value)
        assert word in str(failure.value)


def test_nothing_of_the_lint_stays_in_the_catalogue(findings):
    databases = Clients().glue.get_databases()["DatabaseList"]
    assert not [database["Name"] for database in databases if database["Name"].startswith(NAMESPACE)]


def test_the_command_says_that_the_project_has_no_findings(kept):
    answer = kept.tandem("lint", "--target", "athena")
    assert answer.code == 0, answer.said
    assert "no findings" in answer.said

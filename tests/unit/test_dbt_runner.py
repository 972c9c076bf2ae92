"""dbt runs in this process on a tiny project, says what it did, and gives the warehouse back."""

import os
import subprocess
import sys
from pathlib import Path

import duckdb
import pytest

from tandem import dbt as runner
from tandem.dbt import run_dbt
from tandem.errors import DbtError, WarehouseError
from tandem.settings import Settings
from tandem.targets.duckdb import DuckDBTarget

FILES = {
    "dbt_project.yml": "{name: tiny, profile: tandem, models: {tiny: {parts: {+materialized: ephemeral}}}}",
    "profiles.yml": """
tandem:
  target: duckdb
  outputs:
    duckdb: {type: duckdb, path: "{{ env_var('TANDEM_DUCKDB_PATH') }}", threads: 2}
""",
    "models/parts/part.sql": "select {{ var('number', 0) }} as value",
    "models/whole.sql": "{{ config(materialized='table') }} select value from {{ ref('part') }}",
    "models/whole.yml": """
models:
  - name: whole
    columns:
      - name: value
        data_tests:
          - not_null
          - accepted_values: {arguments: {values: [1, 2, 3]}, config: {severity: warn}}
exposures:
  - {name: page, type: dashboard, owner: {name: tiny}, depends_on: [ref('whole')]}
""",
}


def write(folder: Path, files: dict[str, str]) -> None:
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)


@pytest.fixture
def project(tmp_path: Path) -> Path:
    write(tmp_path / "project", FILES)
    return tmp_path / "project"


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(tandem_env="dev", tandem_home=tmp_path / "home", _env_file=None)


def values(settings: Settings) -> list[tuple[int]]:
    with duckdb.connect(str(settings.state / "warehouse.build.duckdb")) as connection:
        return connection.execute("select value from whole").fetchall()


def test_models_and_tests_are_reported_and_nothing_is_printed(settings, project, capfd):
    result = run_dbt(settings, "build", vars={"number": 1}, project=project)
    assert [(model.name, model.kind, model.status) for model in result.models] == [("whole", "model", "success")]
    assert (result.passed, result.warned) == (2, [])
    assert capfd.readouterr() == ("", "")
    assert "not_null_whole_value" in (settings.state / "logs" / "dbt.log").read_text()
    assert (settings.state / "dbt" / "target" / "run_results.json").exists()
    assert not (project / "target").exists()


def test_a_second_run_takes_new_variables_without_parsing_again(settings, project, monkeypatch):
    run_dbt(settings, "run", vars={"number": 1}, project=project)
    commands = []
    invoke = runner._invoke
    monkeypatch.setattr(runner, "_invoke", lambda args, manifest: commands.append(args[0]) or invoke(args, manifest))
    run_dbt(settings, "run", vars={"number": 2}, project=project)
    assert commands == ["run"]
    assert values(settings) == [(2,)]


def test_a_changed_project_is_parsed_again(settings, project):
    run_dbt(settings, "run", project=project)
    write(project, {"models/parts/part.sql": "select 41 + 1 as value"})
    run_dbt(settings, "run", project=project)
    assert values(settings) == [(42,)]


def test_a_warning_is_no_failure(settings, project):
    result = run_dbt(settings, "build", vars={"number": 9}, project=project)
    assert (result.passed, [test.status for test in result.warned]) == (1, ["warn"])


def test_only_what_is_selected_runs(settings, project):
    assert run_dbt(settings, "build", select=["whole"], exclude=["test_type:generic"], project=project).tests == []


def test_a_failed_node_is_named_with_its_message_and_its_compiled_file(settings, project):
    write(
        project,
        {"models/broken.sql": "select * from no_such_table", "models/after.sql": "select * from {{ ref('broken') }}"},
    )
    with pytest.raises(DbtError, match=r"1 of .* 1 skipped") as raised:
        run_dbt(settings, "run", project=project)
    message = str(raised.value)
    assert "model.tiny.broken" in message
    assert "no_such_table" in message
    compiled = next(line for line in message.splitlines() if "compiled:" in line).split(": ")[1]
    assert Path(compiled).read_text() == "select * from no_such_table"


def test_a_failed_test_is_an_error(settings, project):
    write(project, {"models/parts/part.sql": "select cast(null as integer) as value"})
    with pytest.raises(DbtError, match=r"not_null_whole_value.*: Got 1 result"):
        run_dbt(settings, "build", project=project)


def test_a_project_that_cannot_be_read_is_an_error_that_says_why(settings, project):
    write(project, {"models/broken.sql": "select * from {{ ref('nothing_of_that_name') }}"})
    with pytest.raises(DbtError, match="nothing_of_that_name"):
        run_dbt(settings, "run", project=project)


@pytest.mark.parametrize("sql", ["select 1 as value", "select * from no_such_table"])
def test_after_success_and_after_failure_another_process_may_write_to_the_warehouse(settings, project, sql):
    write(project, {"models/parts/part.sql": sql})
    try:
        run_dbt(settings, "run", project=project)
    except DbtError:
        assert "no_such_table" in sql
    build = str(settings.state / "warehouse.build.duckdb")
    code = "import duckdb, sys; duckdb.connect(sys.argv[1]).execute('create table mine as select 1')"
    subprocess.run([sys.executable, "-c", code, build], check=True, timeout=30)
    assert not Path(f"{build}.wal").exists()
    assert "TANDEM_DUCKDB_PATH" not in os.environ


def test_one_dbt_at_a_time(settings, project, tmp_path):
    code = f"""
import sys
from pathlib import Path
from tandem.targets.duckdb.gate import Gate
with Gate(Path({str(settings.state / "warehouse.lock")!r}), 1).held("dbt build marts"):
    print("in", flush=True)
    sys.stdin.readline()
"""
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2] / "orchestration")}
    with subprocess.Popen(
        [sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment
    ) as other:
        assert other.stdout.readline() == "in\n"
        with pytest.raises(WarehouseError, match="in use: dbt build marts"):
            run_dbt(settings, "run", project=project, target=DuckDBTarget(settings.state, project, wait_seconds=0.1))
        other.kill()


def test_what_ends_a_process_is_not_swallowed(settings, project, monkeypatch):
    def interrupted(*_args, **_kwargs):
        raise KeyboardInterrupt

    monkeypatch.setattr("dbt.task.run.RunTask.run", interrupted)
    with pytest.raises(KeyboardInterrupt):
        run_dbt(settings, "run", project=project)

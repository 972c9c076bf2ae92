"""entrypoint.sh: the matrix of environment and target, what is exported, and that it reads .env as Python does."""

from __future__ import annotations

import os
import shutil
import subprocess
from itertools import product
from pathlib import Path

import pytest

from tandem.errors import SettingsError
from tandem.settings import PROJECT, Settings
from tandem.targets.athena import AthenaTarget

ENVIRONMENTS = ("", "dev", "rehearsal", "prod", "staging")
TARGETS = ("", "duckdb", "athena", "snowflake", "bigquery")
GOOD = {
    ("", ""): "dev-duckdb",
    ("", "duckdb"): "dev-duckdb",
    ("dev", ""): "dev-duckdb",
    ("dev", "duckdb"): "dev-duckdb",
    ("rehearsal", "athena"): "rehearsal-athena",
    ("rehearsal", "snowflake"): "rehearsal-snowflake",
    ("prod", "athena"): "prod-athena",
    ("prod", "snowflake"): "prod-snowflake",
}


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A copy of the entrypoint in a folder of its own, so that no .env and no .venv is near."""
    shutil.copy(PROJECT / "entrypoint.sh", tmp_path)
    return tmp_path.resolve()


def run(project: Path, *command: str, **variables: str) -> subprocess.CompletedProcess[str]:
    environment = {"PATH": os.environ["PATH"], "HOME": str(project / "user"), **variables}
    return subprocess.run([project / "entrypoint.sh", *command], env=environment, capture_output=True, text=True)


def exported(project: Path, **variables: str) -> dict[str, str]:
    answer = run(project, "env", **variables)
    assert answer.returncode == 0, answer.stderr
    return dict(line.split("=", 1) for line in answer.stdout.splitlines() if "=" in line)


@pytest.mark.parametrize(("environment", "target"), list(product(ENVIRONMENTS, TARGETS)))
def test_every_combination_is_accepted_or_refused_as_settings_do(
    environment: str, target: str, project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    switch = {"TANDEM_ENV": environment, "TANDEM_TARGET": target}
    for name, value in switch.items():
        monkeypatch.setenv(name, value)
    if (environment, target) in GOOD:
        found = exported(project, **switch)
        assert f"{found['TANDEM_ENV']}-{found['TANDEM_TARGET']}" == GOOD[environment, target]
        assert Settings().state.name == GOOD[environment, target]
        return
    answer = run(project, "env", **switch)
    with pytest.raises(SettingsError) as raised:
        Settings(_env_file=None)
    first_message = str(raised.value).splitlines()[0].replace("null", ".env")
    assert (answer.returncode, answer.stdout) == (2, "")
    assert answer.stderr == f"tandem: {first_message}\n"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param("TANDEM_ENV=prod", "prod", id="plain"),
        pytest.param("export TANDEM_ENV=prod", "prod", id="export"),
        pytest.param('TANDEM_ENV="prod"', "prod", id="double-quotes"),
        pytest.param("TANDEM_ENV='prod' # theirs", "prod", id="single-quotes-and-comment"),
        pytest.param("  TANDEM_ENV = prod  # theirs", "prod", id="spaces-and-comment"),
        pytest.param("TANDEM_ENV=dev\nTANDEM_ENV=prod", "prod", id="last-one-wins"),
        pytest.param("TANDEM_ENV=prod\r", "prod", id="windows-line-end"),
        pytest.param("#TANDEM_ENV=prod", "dev", id="commented-out"),
        pytest.param("TANDEM_ENV=", "dev", id="empty"),
        pytest.param("TANDEM_ENV= # nothing", "dev", id="only-a-comment"),
        pytest.param("MY_TANDEM_ENV=prod", "dev", id="another-name"),
    ],
)
def test_env_file_is_read_as_settings_read_it(text: str, expected: str, project: Path) -> None:
    file = project / ".env"
    file.write_text(f"{text}\nTANDEM_TARGET={'athena' if expected == 'prod' else ''}\n", newline="")
    assert exported(project)["TANDEM_ENV"] == expected
    assert Settings(_env_file=file).tandem_env == expected


def test_environment_wins_over_the_file(project: Path) -> None:
    (project / ".env").write_text("TANDEM_ENV=prod\nTANDEM_TARGET=athena\n")
    assert exported(project, TANDEM_ENV="rehearsal")["TANDEM_ENV"] == "rehearsal"


def test_wrong_value_in_the_file_is_said_to_be_there(project: Path) -> None:
    (project / ".env").write_text("TANDEM_ENV=prd\n")
    answer = run(project, "env")
    assert answer.stderr.startswith('tandem: TANDEM_ENV is "prd" (in .env). Allowed: dev, rehearsal, prod.')


def test_all_that_is_written_lies_in_the_folder_of_the_combination(project: Path) -> None:
    found = exported(project)
    state = project / ".tandem" / "dev-duckdb"
    assert found["TANDEM_DUCKDB_PATH"] == str(state / "warehouse.build.duckdb")
    assert found["AIRFLOW_HOME"] == str(state / "airflow")
    assert found["AIRFLOW__DATABASE__SQL_ALCHEMY_CONN"] == f"sqlite:///{state}/airflow/airflow.db"
    assert found["DBT_TARGET_PATH"].startswith(str(state))
    assert found["DBT_LOG_PATH"].startswith(str(state))
    assert not (project / ".tandem").exists()


ATHENA = (
    {"TANDEM_ENV": "rehearsal"},
    {"TANDEM_ENV": "rehearsal", "TANDEM_NAMESPACE": "ana"},
    {"TANDEM_ENV": "prod", "TANDEM_LAKE": "s3://bucket/prefix/", "AWS_REGION": "eu-south-2"},
    {"TANDEM_ENV": "prod", "TANDEM_LAKE": "s3://bucket", "ATHENA_WORK_GROUP": "dbt"},
    {"TANDEM_ENV": "prod", "TANDEM_LAKE": "s3://bucket", "TANDEM_NAMESPACE": "ana", "ATHENA_OUTPUT": "s3://results/x"},
)


@pytest.mark.parametrize("variables", ATHENA)
def test_dbt_by_hand_finds_athena_where_a_run_does(
    variables: dict[str, str], project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    switch = {"TANDEM_TARGET": "athena", "AWS_REGION": "eu-west-1", **variables}
    for name, value in switch.items():
        monkeypatch.setenv(name, value)
    found = exported(project, **switch)
    with AthenaTarget(Settings()).dbt_session("") as told:
        assert {name: found[name] for name in told} == told


@pytest.mark.parametrize(
    ("home", "expected"),
    [
        pytest.param("elsewhere", "{project}/elsewhere", id="relative-to-the-project"),
        pytest.param("/data/tandem", "/data/tandem", id="absolute"),
        pytest.param("~/tandem", "{project}/user/tandem", id="of-the-user"),
    ],
)
def test_home_is_made_absolute(home: str, expected: str, project: Path) -> None:
    assert exported(project, TANDEM_HOME=home)["TANDEM_HOME"] == expected.format(project=project)


def test_another_airflow_of_the_user_does_not_leak_into_dev(project: Path) -> None:
    theirs = {"AIRFLOW_HOME": "/theirs", "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": "sqlite:////theirs/airflow.db"}
    assert "theirs" not in "".join(value for name, value in exported(project, **theirs).items() if "AIRFLOW" in name)


def test_a_deployment_names_its_own_database_and_executor(project: Path) -> None:
    own = {
        "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": "postgresql://db/airflow",
        "AIRFLOW__CORE__EXECUTOR": "CeleryExecutor",
    }
    found = exported(project, TANDEM_ENV="prod", TANDEM_TARGET="athena", **own)
    assert own.items() <= found.items()


def test_exit_status_and_arguments_pass_through_unchanged(project: Path) -> None:
    answer = run(project, "bash", "-c", 'printf "%s|" "$@"; exit 7', "_", "a b", "$HOME", "")
    assert (answer.returncode, answer.stdout) == (7, "a b|$HOME||")


def test_unknown_command_says_how_to_make_the_environment(project: Path) -> None:
    answer = run(project, "no-such-command")
    assert (answer.returncode, answer.stderr.count("\n")) == (127, 1)
    assert "make setup" in answer.stderr


def test_commands_of_the_environment_come_first_on_the_path(project: Path) -> None:
    python = project / ".venv" / "bin" / "python"
    python.parent.mkdir(parents=True)
    python.symlink_to("/bin/echo")
    assert exported(project)["PATH"].startswith(f"{python.parent}:")


def test_without_arguments_it_explains_itself(project: Path) -> None:
    answer = run(project)
    assert answer.returncode == 0
    assert answer.stdout.startswith("usage: ./entrypoint.sh")

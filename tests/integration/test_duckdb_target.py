"""Publish, dbt, ledger and serving together, on a tiny project; and what is left when the process is killed."""

import os
import signal
import subprocess
import sys
from datetime import date
from pathlib import Path

import polars as pl
import pytest

from tandem.dbt import run_dbt
from tandem.lake.partition import Partition
from tandem.lake.processed import polars_schema, write_commit
from tandem.lake.store import Store, open_store
from tandem.schemas import Column, Entity, Type
from tandem.settings import Settings
from tandem.targets.duckdb import DuckDBTarget

MONDAY, TUESDAY = date(2025, 9, 29), date(2025, 9, 30)
DAY = Column("partition_date", Type.DATE, "", nullable=False)
READINGS = Entity("openaq", "readings", "", "", ("id",), (Column("id", Type.BIGINT, "", nullable=False), DAY))

PROJECT = {
    "dbt_project.yml": "{name: tiny, profile: tandem}",
    "profiles.yml": """
tandem:
  target: duckdb
  outputs:
    duckdb: {type: duckdb, path: "{{ env_var('TANDEM_DUCKDB_PATH') }}", threads: 2}
""",
    "models/staging/openaq/stg.sql": "select id, partition_date from openaq_processed.readings",
    "models/marts/openaq/fct.sql": """
{{ config(materialized='incremental', incremental_strategy='delete+insert', unique_key='partition_date') }}
select id, partition_date from {{ ref('stg') }}
{% if 'owed' in var_names() %}
where partition_date in ('1970-01-01'{% for day in var('owed').readings %}, '{{ day }}'{% endfor %})
{% endif %}
""",
    "macros/var_names.sql": "{% macro var_names() %}{{ return(['owed'] if var('owed', none) else []) }}{% endmacro %}",
}

# Runs until it says that it is in the middle of what it was asked for, and then stays there.
INTERRUPTED = """
import sys, threading
from pathlib import Path
import tandem.dbt, tandem.targets.duckdb.files as files
from tandem.settings import Settings
from tandem.targets.duckdb import DuckDBTarget

state, project, home, moment = (Path(argument) for argument in sys.argv[1:])
settings = Settings(tandem_env="dev", tandem_home=home, _env_file=None)
target = DuckDBTarget(state, project)

def stay(*_):
    print("in the middle", flush=True)
    threading.Event().wait()

def copy_half(source, destination):
    Path(destination).write_bytes(Path(source).read_bytes()[:100_000])
    stay()

if str(moment) == "copying":
    files.shutil.copyfile = copy_half
else:
    from dbt.adapters.duckdb.connections import DuckDBConnectionManager as Connections
    if str(moment) == "committing":
        Connections.commit = stay
    else:
        tandem.targets.duckdb.ledger.record_built = stay
owed = target.owed("openaq")
tandem.dbt.run_dbt(settings, "build", vars=owed.dbt_vars, full_refresh=owed.full, project=project, target=target)
target.record_built(owed)
target.snapshot()
"""


class House:
    """A lake, a warehouse and a project in one folder, and a run over them."""

    def __init__(self, folder: Path) -> None:
        self.project = folder / "project"
        for name, text in PROJECT.items():
            (self.project / name).parent.mkdir(parents=True, exist_ok=True)
            (self.project / name).write_text(text)
        self.home = folder / "home"
        self.settings = Settings(tandem_env="dev", tandem_home=self.home, _env_file=None)
        self.store: Store = open_store((folder / "lake").as_uri())
        self.target = DuckDBTarget(self.settings.state, self.project, wait_seconds=5)

    def capture(self, day: date, ids: list[int]) -> None:
        frame = pl.DataFrame({"id": ids, "partition_date": [day] * len(ids)}, schema=polars_schema(READINGS))
        partition = Partition("openaq", "readings", day)
        write_commit(self.store, partition, READINGS, [frame], inputs={}, counts={}, reasons={})
        self.target.publish(self.store, [READINGS])

    def run(self) -> dict[str, list[date]]:
        owed = self.target.owed("openaq")
        if owed:
            run_dbt(
                self.settings,
                "build",
                vars=owed.dbt_vars,
                full_refresh=owed.full,
                project=self.project,
                target=self.target,
            )
            self.target.record_built(owed)
        self.target.snapshot()
        return owed.days

    def kill(self, moment: str) -> None:
        command = [sys.executable, "-c", INTERRUPTED, self.settings.state, self.project, self.home, moment]
        source = str(Path(__file__).parents[2] / "orchestration")
        environment = {**os.environ, "PYTHONPATH": source}
        with subprocess.Popen(
            [str(part) for part in command], stdout=subprocess.PIPE, text=True, env=environment
        ) as run:
            assert run.stdout.readline() == "in the middle\n"
            run.send_signal(signal.SIGKILL)

    def served(self) -> list[tuple[int, date]]:
        return self.target.query("select id, partition_date from fct order by all")[1]


@pytest.fixture
def house(tmp_path: Path) -> House:
    house = House(tmp_path)
    house.capture(MONDAY, [1, 2])
    house.run()
    return house


def test_only_owed_days_are_built_and_readers_see_models_and_sources(house):
    house.capture(TUESDAY, [3])
    assert house.run() == {"readings": [TUESDAY]}
    assert house.served() == [(1, MONDAY), (2, MONDAY), (3, TUESDAY)]
    assert house.target.rows_per_partition("main.fct") == {MONDAY: 2, TUESDAY: 1}
    assert house.target.query("select count(*) from stg")[1] == [(3,)]
    assert house.run() == {"readings": []}


def test_other_processes_may_read_what_is_served_while_a_run_writes(house):
    code = "import duckdb, sys; print(duckdb.connect(sys.argv[1], read_only=True).sql('from fct').fetchall()[0][0])"
    with house.target.dbt_session("dbt build"), house.target._opened("publishing"):
        command = [sys.executable, "-c", code, str(house.target.served)]
        assert subprocess.run(command, check=True, capture_output=True, text=True, timeout=30).stdout == "1\n"


@pytest.mark.parametrize("moment", ["committing", "recording", "copying"])
def test_a_run_killed_at_any_step_leaves_the_old_state_and_the_next_run_catches_up(house, moment):
    house.capture(MONDAY, [1, 9])
    house.capture(TUESDAY, [3])
    house.kill(moment)
    assert house.served() == [(1, MONDAY), (2, MONDAY)]
    assert house.run() == {"readings": [] if moment == "copying" else [MONDAY, TUESDAY]}
    assert house.served() == [(1, MONDAY), (3, TUESDAY), (9, MONDAY)]
    assert not house.target.served.with_name("warehouse.duckdb.new").exists()

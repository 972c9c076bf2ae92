"""A retry of dbt does what the attempt before left undone, and only when it was at the same work."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import duckdb
import pytest

from tandem import warehouse
from tandem.attempts import Attempt
from tandem.dbt import run_dbt
from tandem.errors import DbtError
from tandem.settings import Settings
from tandem.targets import Owed

DAY = date(2025, 11, 3)
OWED = Owed("shop", "text of the project", True, {"orders": {DAY: "c0ffee"}})
FILES = {
    "dbt_project.yml": """
name: tiny
profile: tandem
flags: {indirect_selection: buildable}
models: {+materialized: table}
""",
    "profiles.yml": """
tandem:
  target: duckdb
  outputs:
    duckdb: {type: duckdb, path: "{{ env_var('TANDEM_DUCKDB_PATH') }}", threads: 1}
""",
    "models/marts/shop/first.sql": "select 1 as n",
    "models/marts/shop/second.sql": "select n from {{ ref('first') }}",
    "models/marts/shop/third.sql": "select n from {{ ref('second') }}",
    "models/marts/shop/marts.yml": """
models:
  - {name: first, columns: [{name: n, data_tests: [not_null]}]}
  - {name: second, columns: [{name: n, data_tests: [not_null]}]}
  - {name: third, columns: [{name: n, data_tests: [not_null, {accepted_values: {arguments: {values: [1]}}}]}]}
""",
}


class Engine:
    """A warehouse that owes one day, and a record of the nodes that dbt ran in it."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.settings = Settings(tandem_home=folder / "home")
        self.project = folder / "project"
        self.owed_now = OWED
        self.ran: list[list[str]] = []
        for name, text in FILES.items():
            (self.project / name).parent.mkdir(parents=True, exist_ok=True)
            (self.project / name).write_text(text)
        monkeypatch.setattr(warehouse, "open_target", lambda _settings: self)
        monkeypatch.setattr(warehouse, "run_dbt", self.run)

    def owed(self, _system: str) -> Owed:
        return self.owed_now

    def run(self, settings: Settings, command: str, **options: Any) -> Any:
        try:
            return run_dbt(settings, command, project=self.project, **options)
        finally:
            self.ran.append(sorted(self._nodes()))

    def _nodes(self) -> Iterator[str]:
        results = json.loads((self.settings.state / "dbt" / "target" / "run_results.json").read_text())["results"]
        return (result["unique_id"].split(".")[2] for result in results if result["status"] != "skipped")

    def execute(self, sql: str) -> None:
        with duckdb.connect(str(self.settings.state / "warehouse.build.duckdb")) as connection:
            connection.execute(sql)

    def write(self, name: str, text: str) -> None:
        (self.project / name).write_text(text)


@pytest.fixture
def engine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Engine:
    return Engine(tmp_path, monkeypatch)


def failed(engine: Engine, before: dict[str, Any] | None = None, **options: Any) -> dict[str, Any]:
    """The facts of an attempt at the marts that must fail."""
    with pytest.raises(DbtError) as raised:
        warehouse.build_layer(engine.settings, "shop", "marts", DAY, before=before, **options)
    return raised.value.facts


def broken(engine: Engine) -> None:
    engine.write("models/marts/shop/second.sql", "select n from no_such_table -- {{ ref('first') }}")


def mended(engine: Engine) -> None:
    engine.write("models/marts/shop/second.sql", "select n from {{ ref('first') }}")


@pytest.mark.parametrize("tests", [True, False], ids=["with tests", "models alone"])
def test_the_second_attempt_runs_what_failed_or_was_skipped_and_nothing_else(engine: Engine, tests: bool) -> None:
    broken(engine)
    facts = failed(engine, tests=tests)
    mended(engine)
    done = warehouse.build_layer(engine.settings, "shop", "marts", DAY, tests=tests, before=facts)
    first, second = engine.ran
    assert [name for name in first if "_" not in name] == ["first", "second"]
    assert [name for name in second if "_" not in name] == ["second", "third"]
    assert any("first" in name for name in first if "_" in name) is tests
    assert not any("first" in name for name in second)
    assert [(name, status) for name, status, _ in done["models"]] == [
        ("first", "success"),
        ("second", "success"),
        ("third", "success"),
    ]
    assert tuple(done["tests"]) == ((4, 0, 0) if tests else (0, 0, 0))


def test_a_third_attempt_knows_what_the_first_did(engine: Engine) -> None:
    broken(engine)
    facts = failed(engine, failed(engine))
    mended(engine)
    done = warehouse.build_layer(engine.settings, "shop", "marts", DAY, before=facts)
    assert [model[0] for model in done["models"]] == ["first", "second", "third"]
    assert [len(ran) for ran in engine.ran] == [3, 1, 5]


def test_other_work_is_done_from_the_start(engine: Engine) -> None:
    broken(engine)
    facts = failed(engine)
    mended(engine)
    engine.owed_now = replace(OWED, partitions={"orders": {DAY: "decaf"}})
    warehouse.build_layer(engine.settings, "shop", "marts", DAY, before=facts)
    assert {"first", "second", "third"} <= set(engine.ran[-1])


def test_a_failed_test_and_what_it_held_back_are_run_again(engine: Engine) -> None:
    engine.write("models/marts/shop/second.sql", "select cast(null as int) as n from {{ ref('first') }}")
    facts = failed(engine)
    assert facts["undone"][0].endswith("not_null_second_n")
    assert tuple(facts["tests"]) == (1, 0, 1)
    failed(engine, facts)
    assert engine.ran[-1] == ["not_null_second_n"]


def test_tests_alone_take_all_layers_and_again_only_what_failed(engine: Engine) -> None:
    warehouse.build_layer(engine.settings, "shop", "marts", DAY, tests=False)
    engine.execute("update third set n = 2")
    with pytest.raises(DbtError) as raised:
        warehouse.run_tests(engine.settings, "shop", DAY)
    engine.execute("update third set n = 1")
    done = warehouse.run_tests(engine.settings, "shop", DAY, raised.value.facts)
    assert [len(ran) for ran in engine.ran] == [3, 4, 1]
    assert done["tests"] == (4, 0, 0)


def test_nothing_owed_starts_no_dbt(engine: Engine) -> None:
    engine.owed_now = Owed("shop", "text", False, {})
    assert warehouse.run_tests(engine.settings, "shop", DAY) == {"owed": 0}
    assert engine.ran == []


def test_facts_without_nodes_mean_everything(engine: Engine) -> None:
    work = Attempt.at(OWED, {}).work
    assert Attempt.at(OWED, {"work": work, "undone": []}).undone == ()
    assert Attempt.at(OWED, {"work": work, "undone": ["fqn:a"], "models": [], "tests": [1, 0, 0]}).undone == ["fqn:a"]
    assert Attempt.at(OWED, {"work": "other", "undone": ["fqn:a"], "models": [], "tests": [1, 0, 0]}).undone == ()

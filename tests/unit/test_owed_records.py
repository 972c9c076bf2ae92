"""Work owed is the same on every target: one function, and two ledgers that must never disagree."""

import random
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path

import duckdb
import pytest

from tandem.lake.store import open_store
from tandem.targets.athena import ledger as in_the_lake
from tandem.targets.base import Owed
from tandem.targets.duckdb import ledger as in_duckdb
from tandem.targets.records import Built, owed, recorded

MONDAY, TUESDAY = date(2025, 9, 29), date(2025, 9, 30)
MODELS = ["dim", "fct"]


def built(**commits):
    return {model: Built("text", {"readings": days}) for model, days in commits.items()}


@pytest.mark.parametrize(
    ("published", "records", "expected"),
    [
        pytest.param({"readings": {}}, {}, (True, {"readings": {}}), id="nothing-built-yet"),
        pytest.param({"readings": {MONDAY: "a"}}, {}, (True, {"readings": {MONDAY: "a"}}), id="first-day"),
        pytest.param(
            {"readings": {MONDAY: "a"}},
            built(dim={MONDAY: "a"}, fct={MONDAY: "a"}),
            (False, {"readings": {}}),
            id="up-to-date",
        ),
        pytest.param(
            {"readings": {MONDAY: "b"}},
            built(dim={MONDAY: "b"}, fct={MONDAY: "a"}),
            (False, {"readings": {MONDAY: "b"}}),
            id="one-model-behind",
        ),
        pytest.param(
            {}, built(dim={MONDAY: "a"}, fct={}), (False, {"readings": {MONDAY: None}}), id="left-the-warehouse"
        ),
        pytest.param(
            {"readings": {TUESDAY: "b"}},
            built(dim={MONDAY: "a", TUESDAY: "b"}),
            (True, {"readings": {MONDAY: None, TUESDAY: "b"}}),
            id="a-model-never-built-makes-all-owed",
        ),
    ],
)
def test_owed_is_what_differs_for_any_model(published, records, expected):
    found = owed("openaq", "text", MODELS, published, records)
    assert (found.full, found.partitions) == expected


def test_no_models_owe_nothing():
    assert not owed("openaq", "text", [], {"readings": {MONDAY: "a"}}, {})


def test_another_text_of_the_project_makes_all_owed():
    found = owed("openaq", "new", MODELS, {"readings": {MONDAY: "a"}}, built(dim={MONDAY: "a"}, fct={MONDAY: "a"}))
    assert (found.full, found.partitions) == (True, {"readings": {MONDAY: "a"}})


def test_a_full_build_forgets_what_was_there_before_and_other_models_stay():
    done = Owed("openaq", "new", True, {"readings": {TUESDAY: "b", MONDAY: None}})
    after = recorded(built(dim={MONDAY: "a"}, fct={MONDAY: "a"}), done, ["fct"])
    assert after == {**built(dim={MONDAY: "a"}), "fct": Built("new", {"readings": {TUESDAY: "b"}})}


class Both:
    """The ledger in DuckDB and the one in the lake, told the same."""

    def __init__(self, folder: Path, connection: duckdb.DuckDBPyConnection) -> None:
        self.store = open_store((folder / "lake").as_uri())
        self.connection = connection
        connection.execute(in_duckdb.TABLES)
        self.published: dict[str, dict[date, str]] = {}

    def publish(self, published: dict[str, dict[date, str]]) -> None:
        self.published = published
        self.connection.execute("delete from tandem.published; delete from tandem.views")
        for entity, days in published.items():
            self.connection.execute("insert into tandem.views values ('openaq', ?, '')", [entity])
            for day, commit in days.items():
                self.connection.execute(
                    "insert into tandem.published values ('openaq', ?, ?, ?, 0, '')", [entity, day, commit]
                )

    def owed(self, models: list[str], project: str) -> Owed:
        mine = in_duckdb.owed(self.connection, "openaq", models, project)
        records = in_the_lake.read_records(self.store, "openaq")
        assert owed("openaq", project, models, self.published, records) == mine
        return mine

    def record(self, done: Owed, models: list[str]) -> None:
        in_duckdb.record_built(self.connection, done, models)
        in_the_lake.record_built(self.store, done, models)


@pytest.fixture
def both(tmp_path: Path) -> Iterator[Both]:
    with duckdb.connect() as connection:
        yield Both(tmp_path, connection)


@pytest.mark.parametrize("seed", range(5))
def test_both_ledgers_agree_whatever_happens(both, seed):
    chance = random.Random(seed)
    models, project, pending = ["dim", "fct"], "text 0", None
    days = [MONDAY + timedelta(days=number) for number in range(4)]
    for step in range(40):
        event = chance.choice(["publish", "publish", "build", "begin", "end", "some", "edit", "add"])
        if event == "publish":
            chosen = {day: f"commit {chance.randrange(3)}" for day in days if chance.random() < 0.7}
            both.publish({"readings": chosen, "sensors": {days[0]: "commit"} if chance.random() < 0.5 else {}})
        elif event == "edit":
            project = f"text {step}"
        elif event == "add":
            models = [*models, f"model {step}"]
        elif event == "begin":
            pending = both.owed(models, project)
        elif event == "end" and pending is not None:
            both.record(pending, models)
        else:
            done = both.owed(models, project)
            both.record(done, models if event == "build" else chance.sample(models, 1))
            assert event != "build" or not both.owed(models, project)
        both.owed(models, project)

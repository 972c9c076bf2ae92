"""`tandem parity duckdb duckdb`: what days built one after another give, held against the same commits built anew."""

import json
import shutil

import duckdb
import psutil
from homes import Home, kill, wait_for

PARITY = ("parity", "duckdb", "duckdb")
TAMPER = "update openaq_marts.fct_measurements set value = value + 1 where partition_date = '2025-11-03'"


def test_what_differs_is_shown_and_decides_the_exit_status(home: Home) -> None:
    answer = home.tandem(*PARITY)
    assert answer.code == 0, answer.said
    assert "duckdb and duckdb (dev) are equal, 6 marts" in answer.said
    with duckdb.connect(home.state / "warehouse.duckdb") as connection:
        changed = connection.execute(TAMPER).fetchall()[0][0]
    answer = home.tandem(*PARITY, "--json", "--rows", "1")
    assert answer.code == 1
    assert "building" not in answer.said
    marts = {mart["mart"]: mart for mart in json.loads(answer.said[answer.said.index("{") :])["systems"][0]["marts"]}
    assert [name for name, mart in marts.items() if not mart["equal"]] == ["fct_measurements"]
    assert marts["fct_measurements"]["changed_columns"] == {"value": changed}
    assert len(marts["fct_measurements"]["examples"]) == 1


def test_sides_built_from_different_commits_are_not_compared(home: Home) -> None:
    shutil.rmtree(home.state / "lake" / "processed" / "openaq" / "measurements" / "year=2025" / "month=11" / "day=03")
    answer = home.tandem(*PARITY)
    assert answer.code == 2
    assert "shows other commits than the lake of openaq/measurements/2025-11-03" in answer.said


def test_nothing_to_compare_is_exit_2_with_a_way_out(empty_home: Home) -> None:
    answer = empty_home.tandem(*PARITY)
    assert answer.code == 2
    assert "holds no processed partition. Run a pipeline first." in answer.said
    answer = empty_home.tandem(*PARITY, "openaq")
    assert answer.code == 2
    assert "no processed partition of openaq. Run the pipeline first." in answer.said


def test_killed_while_building_leaves_nothing_running_and_the_next_one_is_equal(home: Home) -> None:
    process = home.start(*PARITY)
    builders: list[psutil.Process] = []

    def is_building() -> bool:
        builders[:] = [p for p in psutil.Process(process.pid).children(recursive=True) if _builds(p)]
        return bool(builders)

    wait_for(is_building, process)
    kill(process)
    assert psutil.wait_procs(builders, timeout=10)[1] == []
    answer = home.tandem(*PARITY)
    assert answer.code == 0, answer.said


def _builds(process: psutil.Process) -> bool:
    try:
        return "tandem.parity.sides" in process.cmdline()
    except psutil.Error:
        return False
